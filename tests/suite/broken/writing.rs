//! What cannot be written: full stdout and stderr, a full disk. Every command says so in a line, and none hangs or
//! panics.

use std::fs::File;
use std::process::{Command, Stdio};

use super::{Lake, calm, ends, printed, rows};
use crate::support::{NOW, Place};

const COMMANDS: [&[&str]; 21] = [
    &["status"],
    &["status", "--format", "json"],
    &["status", "--holes", "--draw=always"],
    &["status", "--html", "-"],
    &["query", "SELECT * FROM adj_factor"],
    &["query", "SELECT * FROM adj_factor", "--format", "csv"],
    &["check"],
    &["verify"],
    &["plan", "adj_factor"],
    &["rejects"],
    &["diff", "adj_factor"],
    &["tables"],
    &["tables", "adj_factor", "--format", "json"],
    &["doctor"],
    &["config", "check"],
    &["schedule", "--print", "cron"],
    &["completions", "bash"],
    &["import", "--list"],
    &["normalize", "--full"],
    &["backfill", "adj_factor", "--start", "2022-12-29", "--end", "2023-01-06", "--refetch"],
    &["--help"],
];

fn full() -> File {
    File::options().write(true).open("/dev/full").unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_stdout_is_a_failure_of_every_command_and_a_full_stderr_of_none() {
    let lake = Lake::new();
    let jobs = std::fs::read_to_string(lake.place.path("jobs.toml")).unwrap();
    lake.place.jobs(&format!("{jobs}[jobs.market]\ntables = [\"adj_factor\"]\nschedule = \"30 18 * * 1-5\"\n"));
    let mut wrong = Vec::new();
    for args in COMMANDS {
        let args = [args, &["--now", NOW]].concat();
        let usual = ends(lake.place.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
        let output = ends(lake.place.command(&args).stdout(full()).stderr(Stdio::piped()).spawn().unwrap());
        let stderr = String::from_utf8_lossy(&output.stderr);
        let lines = stderr.lines().filter(|line| line.contains("No space left on device")).count();
        if output.status.code() != Some(1) || lines != 1 || stderr.contains("panicked") {
            wrong.push(format!("{args:?} > /dev/full: {:?}: {stderr}", output.status));
        }
        let output = ends(lake.place.command(&args).stdout(Stdio::piped()).stderr(full()).spawn().unwrap());
        if output.status.code() != usual.status.code() || output.stdout.is_empty() != usual.stdout.is_empty() {
            wrong.push(format!("{args:?} 2> /dev/full: {:?}, not {:?}", output.status, usual.status));
        }
        let mut both = lake.place.command(&args);
        let output = ends(both.stdout(full()).stderr(full()).spawn().unwrap());
        if output.status.code() != Some(1) {
            wrong.push(format!("{args:?} > /dev/full 2>&1: {:?}", output.status));
        }
        let mut closed = lake.place.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(closed.stdout.take());
        drop(closed.stderr.take());
        let output = ends(closed);
        if !matches!(output.status.code(), Some(0 | 2 | 3)) {
            wrong.push(format!("{args:?} | true: {:?}", output.status));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), COMMANDS.len() * 4, wrong.join("\n"));
}

/// A limit on the size of files simulates a disk that is full at some point.
#[test]
#[cfg(unix)]
fn a_lake_whose_files_cannot_be_written_is_a_failure_and_is_brought_back_by_the_next_run() {
    let backfill = ["backfill", "stock_daily_cn", "adj_factor", "--start", "2022-12-29", "--end", "2023-01-06"];
    let args = [&backfill[..], &["--now", NOW]].concat();
    let mut failed = 0;
    // In blocks of 512 bytes.
    for size in ["0", "1", "2", "3", "4", "6", "8", "12", "16", "24"] {
        let calm = calm();
        let place = Place::with(&calm.vendor);
        let mut limited = Command::new("sh");
        limited
            .args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"", size, env!("CARGO_BIN_EXE_pitlake")])
            .args(&args);
        limited.current_dir(place.folder.path()).env("TUSHARE_TOKEN", &place.token);
        let output = ends(limited.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap());
        let text = printed(&output);
        match output.status.code() {
            Some(0) => {}
            Some(1) => {
                failed += 1;
                let lines: Vec<&str> = text.lines().filter(|line| line.contains("error: ")).collect();
                assert!(lines.len() == 1 && lines[0].contains("cannot write `"), "{size}: {text}");
            }
            _ => panic!("{size}: {:?}: {text}", output.status),
        }
        assert!(!text.contains("panicked"), "{size}: {text}");
        place.expect(0, &args);
        for (table, calm) in ["stock_daily_cn", "adj_factor"].iter().zip(&calm.rows) {
            assert_eq!(&rows(&place, table), calm, "{size}: {table}");
        }
    }
    assert!(failed >= 3, "{failed} of the sizes are too small for a file");
}

/// Devices and pipes are written to directly; they used to be replaced by a file.
#[test]
#[cfg(unix)]
fn an_output_that_is_a_pipe_stays_one() {
    use std::os::unix::fs::FileTypeExt as _;
    let lake = Lake::new();
    let pipe = lake.place.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = Command::new("cat").arg(&pipe).stdout(Stdio::piped()).spawn().unwrap();
    let output = lake.run(&["status", "--html", "pipe"]);
    let is_pipe = std::fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo();
    assert!(output.status.success() && is_pipe, "{}", printed(&output));
    let read = ends(reader);
    assert!(String::from_utf8_lossy(&read.stdout).contains("</html>"));
}
