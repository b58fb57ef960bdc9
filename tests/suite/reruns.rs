//! Running again: nothing changes, what is missing is requested, and lost files are restored with the same bytes.

use std::fs;

use crate::support::{ALL, NOW, Place, Vendor, day, settings, silver};
use crate::vendors::bronze;

#[test]
fn a_second_run_calls_nothing_and_writes_only_its_report() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    place.backfill(0, &ALL, &settings());
    let (calls, before) = (vendor.calls(), place.files(""));
    place.backfill(0, &ALL, &settings());
    assert_eq!(vendor.calls(), calls, "the second run called");
    let after = place.files("");
    let new: Vec<&String> = after.keys().filter(|path| !before.contains_key(*path)).collect();
    assert!(matches!(new.as_slice(), [path] if path.starts_with("runs/")), "{new:?}");
    assert!(before.iter().all(|(path, body)| after.get(path) == Some(body)), "a file changed");
}

#[test]
fn a_deleted_silver_file_comes_back_with_the_same_bytes() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    place.backfill(0, &ALL, &settings());
    let before = place.files("silver");
    assert!(before.contains_key("silver/stock_daily_cn/year=2022/part-0.parquet"), "{:?}", before.keys());
    for path in before.keys() {
        fs::remove_file(place.path("data").join(path)).unwrap();
    }
    place.expect(0, &["normalize", "--now", NOW]);
    assert_eq!(place.files("silver"), before);
    place.expect(0, &["normalize", "--full", "--now", NOW]);
    assert_eq!(place.files("silver"), before);
}

#[test]
fn a_day_put_onto_published_ones_gives_the_bytes_of_a_fresh_lake() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    let tables = ["stock_daily_cn", "moneyflow_cn"];
    let backfill = |start: &str, end: &str, now: &str| {
        let args = [&["backfill"], &tables[..], &["--start", start, "--end", end, "--now", now, "-vv"]].concat();
        let output = place.run(&args);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let is_put = |log: &str, table: &str| log.contains(&format!("`{table}` year=2023: its new days were put among"));
    let log = backfill("2023-02-06", "2023-02-10", NOW);
    assert!(!tables.iter().any(|table| is_put(&log, table)), "{log}");
    let log = backfill("2023-02-20", "2023-02-20", "2026-01-06T12:00:00Z");
    assert!(tables.iter().all(|table| is_put(&log, table)), "{log}");
    let silver = place.files("silver");
    let fresh = Place::with(&vendor);
    for (path, body) in place.files("bronze") {
        let path = fresh.path("data").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, body).unwrap();
    }
    fresh.expect(0, &["normalize", "--now", NOW]);
    assert!(fresh.files("silver") == silver);
    // Nor does a build from all bronze append days to anything.
    let output = place.run(&[&["normalize"], &tables[..], &["--full", "--now", NOW, "-vv"]].concat());
    assert!(!String::from_utf8_lossy(&output.stderr).contains("were put among"), "{output:?}");
    assert!(place.files("silver") == silver);
}

#[test]
fn a_memory_limit_below_every_partition_gives_the_same_bytes() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    place.backfill(0, &ALL, &settings());
    let before = place.files("silver");
    let report = place.expect(0, &["normalize", "--full", "--memory-limit", "1KiB", "--format", "json", "--now", NOW]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["tables"]["stock_daily_cn"]["built"], serde_json::json!(["year=2023", "year=2022"]));
    assert_eq!(place.files("silver"), before);
    let output = place.run(&["normalize", "--memory-limit", "2Gi"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let expected = "invalid size `2Gi`: expected a number and a unit, such as 512MiB or 2GiB";
    assert!(String::from_utf8_lossy(&output.stderr).contains(expected), "{output:?}");
}

#[test]
fn holes_are_stretches_of_sessions_with_the_command_that_fetches_them() {
    let vendor = Vendor::start(settings());
    let job = "[jobs.factors]\ntables = [\"adj_factor\"]";
    let place = Place::of(&vendor, &[vendor.account("tushare", &format!("points = 5000\n{job}"))]);
    let (last, evening) = ("2023-02-28", "2023-02-28T20:30:00+08:00");
    place.expect(0, &["backfill", "adj_factor", "--start", "2022-12-01", "--end", last, "--now", evening]);
    let status = |args: &[&str]| place.run(&[&["status", "adj_factor", "--now", evening], args].concat());
    // The newest days are due, and there are no holes.
    let output = status(&["--holes", "--fail-if-stale"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.contains(" due") && printed.matches("adj_factor").count() == 1, "{printed}");
    let sessions: Vec<_> = vendor.market.sessions().iter().filter(|on| **on >= day("2022-12-01")).collect();
    for lost in sessions[10..34].iter().chain(&sessions[40..41]) {
        fs::remove_dir_all(place.path(&format!("data/bronze/tushare/adj_factor/date={lost}"))).unwrap();
    }
    let output = status(&["--holes", "--fail-if-stale"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let (printed, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let stretch = format!("{} to {} (24 sessions)", sessions[10], sessions[33]);
    assert!(
        printed.contains(&format!("\nadj_factor {stretch} missing\nadj_factor {} missing\n", sessions[40])),
        "{printed}"
    );
    let (first, last) = (sessions[10], sessions[40]);
    let lacks =
        format!("`adj_factor` lacks {stretch}, {last}: run `pitlake backfill adj_factor --start {first} --end {last}`");
    assert!(log.contains(&lacks), "{log}");
}

#[test]
fn a_deleted_day_is_a_hole_and_only_that_day_is_fetched() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    place.backfill(0, &["adj_factor"], &settings());
    let sessions = vendor.market.sessions();
    let before = place.files("silver");
    for lost in [sessions[0], sessions[sessions.len() / 2], sessions[sessions.len() - 1]] {
        fs::remove_dir_all(place.path(&format!("data/bronze/tushare/adj_factor/date={lost}"))).unwrap();
        let holes = place.expect(0, &["status", "adj_factor", "--holes", "--now", NOW]);
        assert!(holes.contains(&format!("adj_factor {lost}")), "{holes}");
        let json = place.expect(0, &["status", "adj_factor", "--format", "json", "--now", NOW]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json[0]["holes"], serde_json::json!([lost.to_string()]));
        let report = place.backfill(0, &["adj_factor", "--format", "json"], &settings());
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["tables"]["adj_factor"]["fetched"], 1);
        // One page of rows, and at most one empty page to prove the end.
        let calls = report["calls"]["tushare/adj_factor"].as_u64().unwrap();
        assert!((1..=2).contains(&calls), "{calls} calls");
        assert_eq!(place.files("silver"), before);
    }
}

#[test]
fn a_refetch_without_changes_writes_a_header_and_changes_no_row() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    place.backfill(0, &["suspend_d_cn"], &settings());
    let rows = silver(&place, "suspend_d_cn");
    let report = place.backfill(0, &["suspend_d_cn", "--refetch", "--format", "json"], &settings());
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let table = &report["tables"]["suspend_d_cn"];
    assert_eq!(table["fetched"], table["unchanged"]);
    assert_eq!(table["fetched"], vendor.market.sessions().len());
    assert_eq!(silver(&place, "suspend_d_cn"), rows);
    // The rows of a day are lost although two headers refer to them: the build reports it, and a refetch fixes it.
    place.backfill(0, &["suspend_d_cn", "--refetch"], &settings());
    let day = rows[0]["trade_date"].clone();
    let folder = format!("bronze/tushare/suspend_d_cn/date={day}");
    let files = place.files(&folder);
    let original = files.keys().find(|path| path.ends_with("Z.jsonl.gz")).unwrap();
    fs::remove_file(place.path("data").join(original)).unwrap();
    let report = place.expect(3, &["normalize", "suspend_d_cn", "--now", NOW]);
    // The suggested command is run exactly as printed.
    let command = report.split("which no longer exists: run `pitlake ").nth(1).and_then(|rest| rest.split('`').next());
    let words: Vec<&str> = command.expect(&report).split(' ').collect();
    let day = day.as_str();
    assert_eq!(words, ["backfill", "suspend_d_cn", "--start", day, "--end", day, "--refetch"]);
    place.expect(0, &[&words[..], &["--now", NOW]].concat());
    assert_eq!(silver(&place, "suspend_d_cn"), rows);
}

#[test]
fn an_answer_that_says_the_same_rebuilds_nothing() {
    // By day, month, period and security; the latest row and every version.
    let tables = ["adj_factor", "suspend_d_cn", "index_weight_cn", "income_cn", "dividend_cn"];
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    place.backfill(0, &tables, &settings());
    let before = place.files("silver");
    for _ in 0..2 {
        let report = place.backfill(0, &[&tables[..], &["--refetch", "--format", "json"]].concat(), &settings());
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        for table in tables {
            let table = &report["tables"][table];
            assert_eq!((&table["fetched"], &table["built"]), (&table["unchanged"], &serde_json::json!([])), "{table}");
        }
        assert!(place.files("silver") == before, "a partition was built again");
    }
    // A full rebuild gives the same result, byte for byte.
    place.expect(0, &["normalize", "--full", "--now", NOW]);
    assert!(place.files("silver") == before, "the repeated answers changed a partition");
}

/// Was: no message, while a corrected figure stayed wrong for eight years.
#[test]
fn answers_of_a_clock_years_ahead_are_named() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    let args =
        |now: &'static str| ["backfill", "adj_factor", "--start", "2023-01-03", "--end", "2023-01-05", "--now", now];
    place.expect(0, &args("2134-01-05T12:00:00Z"));
    let printed = place.expect(0, &args(NOW));
    let text = "with timestamps in the future, up to 2134-01-05 20:00: a run with a wrong clock wrote them";
    assert!(printed.contains(text) && printed.contains("bronze/tushare/adj_factor/"), "{printed}");
    let output = place.run(&["status", "adj_factor", "--now", NOW]);
    assert!(String::from_utf8_lossy(&output.stderr).contains(text), "{output:?}");
}

#[test]
fn days_of_other_programs_are_named_with_the_command_that_fetches_them_into_the_lake_at_hand() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    bronze(
        &place,
        "tushare/adj_factor/date=2023-01-04/theirs.jsonl.gz",
        &[r#"{"ts_code":"600001.SH","trade_date":"20230104","adj_factor":1.5}"#],
    );
    fs::rename(place.path("data"), place.path("my lake")).unwrap();
    let printed = place.expect(0, &["status", "--lake", "my lake", "--now", NOW]);
    let command = "pitlake backfill adj_factor --start 2023-01-04 --end 2023-01-04 --refetch";
    assert!(printed.contains(&format!("`{command} --lake 'my lake'`")), "{printed}");
    let words: Vec<&str> = command.split(' ').skip(1).chain(["--lake", "my lake", "--now", NOW]).collect();
    place.expect(0, &words);
    assert!(!place.expect(0, &["status", "--lake", "my lake", "--now", NOW]).contains("unproven"));
}
