//! Silver files, reports, leases and lists of rejected rows, with arbitrary contents or replaced by folders.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::{Case, Lake, all, ends, printed};

/// Replaces a file with these bytes.
fn replaced(path: PathBuf, body: &[u8]) -> PathBuf {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, body).unwrap();
    path
}

/// Replaces a file with a folder.
fn folder(path: PathBuf) -> PathBuf {
    drop(fs::remove_file(&path));
    fs::create_dir_all(path.join("inner")).unwrap();
    path
}

fn report(lake: &Lake) -> PathBuf {
    lake.path.join("runs/20240101T000000000Z.json")
}

/// Reported by commands that read silver, and replaced by a build.
const SILVER: [i32; 6] = [3, 0, 4, 3, 0, 0];
/// Reported by commands that read the reports of runs.
const REPORT: [i32; 6] = [3, 0, 0, 0, 0, 0];

#[test]
fn silver_of_any_bytes_is_named_and_built_again() {
    let cases = [
        Case { what: "nothing", breaks: |lake| replaced(lake.silver(), b""), exits: SILVER, says: "pitlake" },
        Case { what: "text", breaks: |lake| replaced(lake.silver(), b"not Parquet"), exits: SILVER, says: "pitlake" },
        Case {
            what: "half of its bytes",
            breaks: |lake| {
                let body = fs::read(lake.silver()).unwrap();
                replaced(lake.silver(), &body[..body.len() / 2])
            },
            exits: SILVER,
            says: "pitlake",
        },
        Case {
            what: "the rows of another table",
            breaks: |lake| {
                let other = fs::read(lake.path.join("silver/adj_factor/year=2023/part-0.parquet")).unwrap();
                replaced(lake.silver(), &other)
            },
            exits: SILVER,
            says: "rows of `adj_factor`",
        },
        Case {
            what: "a folder",
            breaks: |lake| folder(lake.silver()),
            exits: [0, 0, 0, 0, 3, 3],
            says: "move what is there out of the way",
        },
        Case {
            what: "a file where the folder of a year should be",
            breaks: |lake| {
                let year = lake.silver().parent().unwrap().to_owned();
                fs::remove_dir_all(&year).unwrap();
                replaced(year, b"x")
            },
            exits: [0, 0, 0, 0, 3, 3],
            says: "move what is there out of the way",
        },
        Case {
            what: "a link to a file of the system that seems empty",
            breaks: |lake| {
                let path = lake.silver();
                fs::remove_file(&path).unwrap();
                symlink("/proc/self/mem", &path).unwrap();
                path
            },
            exits: SILVER,
            says: "",
        },
    ];
    all(&cases);
}

#[test]
fn reports_leases_and_rejects_of_any_content_are_named_and_stop_nothing() {
    let cases = [
        Case {
            what: "an empty report",
            breaks: |lake| replaced(report(lake), b""),
            exits: REPORT,
            says: "report of a run",
        },
        Case {
            what: "a report that is a list",
            breaks: |lake| replaced(report(lake), b"[1]"),
            exits: REPORT,
            says: "report of a run",
        },
        Case {
            what: "a report that is not text",
            breaks: |lake| replaced(report(lake), &[0xff; 4096]),
            exits: REPORT,
            says: "report of a run",
        },
        Case {
            what: "a report of a later version",
            breaks: |lake| {
                let body = r#"{"run":"r","program":"pitlake 9","command":"run","started":"2024-01-01T00:00:00Z","exit":99,"calls":{},"tables":{},"error":null}"#;
                replaced(report(lake), body.as_bytes())
            },
            exits: REPORT,
            says: "report of a run",
        },
        Case { what: "a report that is a folder", breaks: |lake| folder(report(lake)), exits: [0; 6], says: "" },
        Case {
            what: "rejected rows that are no gzip",
            breaks: |lake| replaced(lake.path.join("rejects/stock_daily_cn/year=2023.jsonl.gz"), b"x"),
            exits: [3, 0, 0, 3, 0, 0],
            says: "pitlake normalize",
        },
        Case {
            what: "a lease that is a folder",
            breaks: |lake| folder(lake.path.join("leases/build-stock_daily_cn.json")),
            exits: [0, 0, 0, 0, 3, 0],
            says: "cannot take the lease",
        },
        Case {
            what: "a lease that leads nowhere",
            breaks: |lake| {
                let path = lake.path.join("leases/build-stock_daily_cn.json");
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                symlink("/nowhere/x", &path).unwrap();
                path
            },
            exits: [0, 0, 0, 0, 3, 0],
            says: "cannot take the lease",
        },
    ];
    all(&cases);
}

/// Was: names were tried for ever if a file was in place of their folder.
#[test]
fn a_file_in_place_of_a_folder_ends_what_needs_the_folder() {
    let lake = Lake::new();
    let day = lake.bars().parent().unwrap().to_owned();
    fs::remove_dir_all(&day).unwrap();
    fs::write(&day, "x").unwrap();
    let run = |args: &[&str]| {
        let mut command = lake.place.command(&[args, &["--now", crate::support::NOW]].concat());
        let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
        ends(child)
    };
    let output = run(&["backfill", "stock_daily_cn", "adj_factor", "--start", "2022-12-29", "--end", "2023-01-06"]);
    let text = printed(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("date=2023-01-05") && text.contains("move what is there out of the way"), "{text}");
    fs::remove_dir_all(lake.path.join("runs")).unwrap();
    fs::write(lake.path.join("runs"), "x").unwrap();
    for args in
        [&["normalize"][..], &["status"], &["backfill", "adj_factor", "--start", "2022-12-29", "--end", "2023-01-06"]]
    {
        let output = run(args);
        let text = printed(&output);
        assert!([Some(1), Some(3)].contains(&output.status.code()), "{args:?}: {text}");
        assert!(text.contains("`runs") || text.contains("runs/"), "{args:?}: {text}");
    }
    assert!(Path::new(&lake.path.join("runs")).is_file());
}
