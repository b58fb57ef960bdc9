//! What goes to stderr: nothing, progress, a line for each slice and partition, or JSON.

use std::process::Output;

use serde_json::Value;

use crate::support::{NOW, Place, Vendor, settings};

const ARGS: [&str; 8] = ["backfill", "adj_factor", "--start", "2023-01-03", "--end", "2023-01-06", "--now", NOW];

fn logged(output: &Output) -> Vec<String> {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8_lossy(&output.stderr).lines().map(str::to_owned).collect()
}

#[test]
fn each_level_logs_what_it_says() {
    let vendor = Vendor::start(settings());
    let lines = |more: &[&str]| logged(&Place::with(&vendor).run(&[&ARGS[..], more].concat()));
    for quiet in [&[][..], &["-q"]] {
        assert!(lines(quiet).is_empty(), "{:?}", lines(quiet));
    }
    let verbose = lines(&["-v"]);
    let with = |lines: &[String], text: &str| lines.iter().filter(|line| line.contains(text)).count();
    assert_eq!(with(&verbose, "adj_factor: fetched 2023-01-0"), 3, "{verbose:#?}");
    assert_eq!(with(&verbose, "adj_factor: built year=2023"), 1, "{verbose:#?}");
    let all = lines(&["-vv"]);
    assert!(with(&all, "tushare/adj_factor: call with") >= 3, "{all:#?}");
}

#[test]
fn json_logs_are_one_object_a_line() {
    let vendor = Vendor::start(settings());
    let place = Place::of(&vendor, &[vendor.account("tushare", "points = 5000")]);
    place.expect(0, &["fetch", "trade_cal", "stock_basic_cn", "--now", NOW]);
    // Work that takes more than a minute is announced at once.
    place.jobs(&format!(
        "version = 1\n[vendors.tushare]\nbase_url = \"{}\"\npoints = 5000\nrequests_per_minute = 1\n",
        vendor.server.url()
    ));
    let mut child = place
        .command(&[&["backfill", "stock_daily_cn"], &ARGS[2..], &["-v", "--log-format", "json"]].concat())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut objects = Vec::new();
    for line in std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap())) {
        let object: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let is_progress = object["fields"]["steps"].is_number();
        objects.push(object);
        if is_progress {
            break;
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let progress = &objects.last().expect("progress is logged")["fields"];
    assert_eq!(progress["done"], 0, "{objects:#?}");
    assert!(progress["seconds_to_go"].as_u64().unwrap() > 60, "{objects:#?}");
    // Suspensions come first. The bars that are judged by them are counted as well.
    let message = progress["message"].as_str().unwrap();
    assert!(message.starts_with("suspend_d_cn: 0 of 3 slices, "), "{message}");
    assert!(message.contains("in the last minute of 1 allowed"), "{message}");
    assert!(
        message.contains("; fetching everything takes ") && message.ends_with(", then building follows"),
        "{message}"
    );
    assert!(progress["seconds_to_go"].as_u64().unwrap() > 3 * 60, "{objects:#?}");
}

/// Was: exit 101, because logging panicked.
#[test]
#[cfg(target_os = "linux")]
fn a_full_stderr_changes_nothing_and_a_full_stdout_is_a_failure() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let args = [&ARGS[..], &["-vv"]].concat();
    assert_eq!(place.command(&args).stderr(full()).status().unwrap().code(), Some(0));
    assert!(!place.files("silver/adj_factor").is_empty());
    let output = place.command(&["status"]).stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("cannot write to stdout: No space left on device"), "{stderr}");
    let unbuilt = place.command(&["query", "SELECT * FROM income_cn"]).stderr(full()).output().unwrap();
    assert_eq!(unbuilt.status.code(), Some(0));
}

/// All crates log at the most verbose level.
#[test]
fn no_level_of_the_log_shows_the_token() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    let output = place.command(&ARGS).env("RUST_LOG", "trace").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("TRACE"), "{stderr}");
    assert!(!stderr.contains(&place.token));
}
