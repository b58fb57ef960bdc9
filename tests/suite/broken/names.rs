//! Names and links: invalid paths, loops, dangling links, and junk left by people and systems.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use super::{Case, Lake, all, printed, rows};

fn bronze(lake: &Lake, name: &OsStr) -> PathBuf {
    lake.path.join("bronze/tushare/stock_daily_cn").join(name)
}

/// Replaces a file with a link.
fn linked(file: PathBuf, to: &str) -> PathBuf {
    fs::remove_file(&file).unwrap();
    symlink(to, &file).unwrap();
    file
}

/// Reported by commands that list the folder of the bars.
const LISTED: [i32; 6] = [3, 0, 0, 3, 3, 3];
/// Reported by commands that list the silver folder.
const SILVER: [i32; 6] = [3, 0, 3, 3, 3, 3];

#[test]
// The cases, with the exit code of each command.
#[allow(clippy::too_many_lines)]
fn names_that_no_path_has_and_links_that_lead_nowhere_are_passed_over() {
    let cases = [
        Case {
            what: "a folder that holds itself",
            breaks: |lake| {
                let path = bronze(lake, OsStr::new("loop"));
                symlink(".", &path).unwrap();
                path
            },
            exits: LISTED,
            says: "a link that leads back",
        },
        Case {
            what: "a folder that holds the lake",
            breaks: |lake| {
                let path = bronze(lake, OsStr::new("date=2023-01-05/again"));
                symlink(&lake.path, &path).unwrap();
                path
            },
            exits: LISTED,
            says: "a link that leads back",
        },
        Case {
            what: "a link to itself",
            breaks: |lake| {
                let path = bronze(lake, OsStr::new("date=2023-01-05/x.jsonl.gz"));
                symlink("x.jsonl.gz", &path).unwrap();
                path
            },
            exits: LISTED,
            says: "a link that leads back",
        },
        Case {
            what: "a link to nothing in bronze",
            breaks: |lake| linked(lake.bars(), "/nowhere/x"),
            exits: LISTED,
            says: "it is a broken link",
        },
        Case {
            what: "a link to nothing in silver",
            breaks: |lake| {
                let path = lake.path.join("silver/stock_daily_cn/old");
                symlink("/nowhere/x", &path).unwrap();
                path
            },
            exits: SILVER,
            says: "it is a broken link",
        },
        Case {
            what: "a name with a line break",
            breaks: |lake| {
                let path = bronze(lake, OsStr::new("date=2023-01-05/a\nb.jsonl.gz"));
                fs::write(&path, "x").unwrap();
                path
            },
            exits: LISTED,
            says: "rename or remove it",
        },
        Case {
            what: "a folder with a line break in its name",
            breaks: |lake| {
                let path = bronze(lake, OsStr::new("date=2023-01-05\n"));
                fs::create_dir(&path).unwrap();
                path
            },
            exits: LISTED,
            says: "rename or remove it",
        },
        Case {
            what: "a name that is no UTF-8",
            breaks: |lake| {
                let path = bronze(lake, OsStr::from_bytes(b"date=2023-01-05/\xc4\xe3.jsonl.gz"));
                fs::write(&path, "x").unwrap();
                path
            },
            exits: LISTED,
            says: "not valid UTF-8",
        },
        Case {
            what: "a folder of silver whose name is no UTF-8",
            breaks: |lake| {
                let path = lake.path.join("silver/stock_daily_cn").join(OsStr::from_bytes(b"year=\xff"));
                fs::create_dir(&path).unwrap();
                path
            },
            exits: SILVER,
            says: "not valid UTF-8",
        },
        Case {
            what: "a socket",
            breaks: |lake| {
                let path = bronze(lake, OsStr::new("date=2023-01-05/s"));
                // Socket paths must be short.
                let socket = std::env::temp_dir().join(format!("pitlake-{}", std::process::id()));
                drop(UnixListener::bind(&socket).unwrap());
                fs::rename(&socket, &path).unwrap();
                path
            },
            exits: LISTED,
            says: "neither a file nor a folder",
        },
        Case {
            what: "a device",
            breaks: |lake| linked(lake.bars(), "/dev/zero"),
            exits: LISTED,
            says: "neither a file nor a folder",
        },
        Case {
            what: "a link to a file of the system that seems empty",
            breaks: |lake| linked(lake.bars(), "/proc/self/mem"),
            exits: [3, 0, 0, 3, 3, 3],
            says: "empty",
        },
        Case {
            what: "a link out of the lake to something else",
            breaks: |lake| linked(lake.bars(), "/etc/hostname"),
            exits: [3, 0, 0, 3, 3, 3],
            says: "not a gzip file",
        },
    ];
    all(&cases);
}

/// A lake may be spread over several disks.
#[test]
fn links_out_of_the_lake_to_what_belongs_into_it_are_followed() {
    let lake = Lake::new();
    let elsewhere = lake.place.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let (bars, silver) = (lake.bars(), lake.silver());
    let folder = bars.parent().unwrap();
    fs::rename(folder, elsewhere.join("day")).unwrap();
    symlink(elsewhere.join("day"), folder).unwrap();
    fs::rename(&silver, elsewhere.join("year.parquet")).unwrap();
    symlink(elsewhere.join("year.parquet"), &silver).unwrap();
    let before = rows(&lake.place, "stock_daily_cn");
    for args in [&["status"][..], &["check"], &["verify"], &["normalize", "--full"]] {
        let output = lake.run(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {}", printed(&output));
    }
    assert_eq!(rows(&lake.place, "stock_daily_cn"), before);
}

/// What systems leave behind is ignored, and what people put there stays. Neither is read as rows.
#[test]
fn stray_files_stop_no_command_and_stay() {
    let lake = Lake::new();
    let before = rows(&lake.place, "stock_daily_cn");
    let folders = [
        "",
        "bronze",
        "bronze/tushare",
        "bronze/tushare/stock_daily_cn",
        "bronze/tushare/stock_daily_cn/date=2023-01-05",
        "silver",
        "silver/stock_daily_cn",
        "silver/stock_daily_cn/year=2023",
        "rejects",
        "rejects/stock_daily_cn",
        "runs",
        "leases",
    ];
    let systems = ["Icon\r", ".DS_Store", "._x.jsonl.gz", "._daily_20230105T120000000Z.jsonl.gz", "Thumbs.db"];
    let own = ["._part-0.parquet", "mine.parquet", "notes.txt", "part-0.parquet.bak"];
    let mut strays = Vec::new();
    for folder in folders {
        fs::create_dir_all(lake.path.join(folder)).unwrap();
        for name in systems.iter().chain(&own) {
            let path = lake.path.join(folder).join(name);
            fs::write(&path, "not what its name says").unwrap();
            strays.push(path);
        }
    }
    let copy = lake.path.join("silver/stock_daily_cn/backup/part-0.parquet");
    fs::create_dir_all(copy.parent().unwrap()).unwrap();
    fs::copy(lake.silver(), &copy).unwrap();
    strays.push(copy);
    for args in super::COMMANDS.iter().chain(&[&["plan", "adj_factor"][..], &["rejects"], &["diff", "stock_daily_cn"]])
    {
        let output = lake.run(args);
        let text = printed(&output);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {text}");
        if ["status", "verify", "normalize"].contains(&args[0]) {
            for named in ["silver/stock_daily_cn/mine.parquet", "silver/stock_daily_cn/backup/part-0.parquet"] {
                let is_listed = text.contains(named) || text.contains("more of stock_daily_cn");
                assert!(is_listed, "{args:?} does not name {named}: {text}");
            }
        }
    }
    assert!(strays.iter().all(|path| path.exists()));
    let output = lake.run(&["query", "SELECT count(*) AS bars FROM stock_daily_cn", "--format", "csv"]);
    assert_eq!(printed(&output), format!("bars\n{}\n", before.len()));
    for path in strays {
        fs::remove_file(path).unwrap();
    }
    assert_eq!(rows(&lake.place, "stock_daily_cn"), before);
}
