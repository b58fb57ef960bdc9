//! Days that tables of jobs should have by now: what `status` prints, its JSON, its exit code and its page.

use std::fs;

use pitlake_sandbox::Settings;
use serde_json::{Value, json};

use crate::support::{Place, Vendor, day, settings as usual};

const HELD: &str = "2023-01-10T22:00:00+08:00";
/// Before the job's time, when the vendor already has both days.
const EARLY: &str = "2023-01-11T21:15:00+08:00";
const LATE: &str = "2023-01-12T22:00:00+08:00";

/// A lake fetched on the evening of the 10th, with all tables of its jobs except `income_cn`.
fn place(vendor: &Vendor) -> Place {
    let jobs = "points = 5000\n\
        [jobs.market]\nschedule = \"30 21 * * 1-5\"\ntables = [\"adj_factor\", \"repurchase_cn\"]\n\
        [jobs.reports]\nschedule = \"30 22 * * *\"\ntables = [\"repurchase_cn\", \"income_cn\"]";
    let place = Place::of(vendor, &[vendor.account("tushare", jobs)]);
    let range = ["--start", "2023-01-03", "--end", "2023-01-10", "--now", HELD];
    place.expect(0, &[&["backfill", "adj_factor", "repurchase_cn"][..], &range].concat());
    place
}

fn settings() -> Settings {
    Settings { start: day("2022-12-01"), end: day("2023-01-20"), ..usual() }
}

#[test]
fn days_of_announcements_and_tables_never_fetched_are_late_as_trading_days_are() {
    let vendor = Vendor::start(settings());
    let place = place(&vendor);
    let output = place.run(&["status", "--fail-if-stale", "--now", LATE]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    for part in [
        "`adj_factor` lacks 2023-01-11 to 2023-01-12 (2 sessions), which should be there by now",
        "`repurchase_cn` lacks 2023-01-11 to 2023-01-12 (2 days), which should be there by now",
        "`income_cn` was never fetched",
        "to fetch what is late, run `pitlake run market reports`",
    ] {
        assert!(log.contains(part), "no `{part}` in {log}");
    }
    assert_eq!(log.matches("pitlake run").count(), 1, "{log}");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = |printed: &str| printed.lines().find(|line| line.starts_with("! late: 2023")).map(str::to_owned);
    let printed_line = line(&printed).unwrap_or_else(|| panic!("no line of late days in {printed}"));
    assert!(printed_line.contains("2023-01-11 to 2023-01-12"), "{printed}");
    let holes = place.expect(0, &["status", "--holes", "--now", LATE]);
    assert!(holes.contains(&printed_line), "{holes}");
    assert!(holes.contains("! late: never fetched: income_cn; run `pitlake run reports`"), "{holes}");

    let json: Value = serde_json::from_str(&place.expect(0, &["status", "--format", "json", "--now", LATE])).unwrap();
    let late = |name: &str| json.as_array().unwrap().iter().find(|one| one["table"] == name).unwrap()["late"].clone();
    for table in ["adj_factor", "repurchase_cn"] {
        assert_eq!(late(table), json!(["2023-01-11", "2023-01-12"]), "{table}");
    }
    assert_eq!(late("income_cn"), json!(["2022-12-31"]));

    let page = place.expect(0, &["status", "--html", "-", "--now", LATE]);
    let expected = r#""late":{"adj_factor":"2023-01-12","income_cn":null,"repurchase_cn":"2023-01-12"}"#;
    assert!(page.contains(expected), "{}", page.lines().find(|line| line.contains("\"late\"")).unwrap_or_default());
    assert!(page.contains("pitlake run market reports"));

    // The same in Chinese.
    let output = place.run(&["status", "--holes", "--fail-if-stale", "--lang", "zh", "--now", LATE]);
    let (printed, log) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(printed.contains("! 迟到：从未抓取 income_cn；请运行 `pitlake run reports`"), "{printed}");
    assert!(log.contains("`income_cn` 从未抓取过") && log.contains("请运行 `pitlake run market reports`"), "{log}");
}

#[test]
fn a_day_is_late_when_its_job_should_have_run_and_not_when_it_is_published() {
    let vendor = Vendor::start(settings());
    let place = place(&vendor);
    let output = place.run(&["status", "adj_factor", "repurchase_cn", "--fail-if-stale", "--now", EARLY]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stdout).contains("late"), "{output:?}");
    // The command in the line fixes it.
    place.expect(0, &["run", "market", "--now", LATE]);
    let output = place.run(&["status", "adj_factor", "repurchase_cn", "--fail-if-stale", "--now", LATE]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    // Without a schedule, a day is late from the hour of its publication.
    let jobs = fs::read_to_string(place.path("jobs.toml")).unwrap();
    place.jobs(&jobs.replace("schedule", "# schedule"));
    let output = place.run(&["status", "adj_factor", "--fail-if-stale", "--now", "2023-01-13T20:00:00+08:00"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
}
