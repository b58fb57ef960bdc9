//! `run` evening by evening, with a vendor that publishes late, corrects its newest days, restates reports and is down
//! once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc};
use pitlake_sandbox::Settings;

use crate::documented;
use crate::reader::{INCOME, INDICATORS, Reader};
use crate::support::{DAILY, Place, Vendor, assert_same, day, settings as usual, silver};

const JOBS: &str = r#"
[jobs.market]
tables = ["stock_daily_cn", "stock_daily_basic_cn", "adj_factor", "moneyflow_cn", "suspend_d_cn", "limit_list_cn"]
lookback = 5

[jobs.reports]
tables = ["income_cn", "fina_indicator_cn"]
"#;

fn settings() -> Settings {
    let epoch = Some(evening(day("2024-03-18")));
    Settings { start: day("2024-02-01"), end: day("2024-05-31"), epoch, ..usual() }
}

fn evening(day: NaiveDate) -> DateTime<Utc> {
    // 20:00 in Shanghai.
    day.and_hms_opt(12, 0, 0).unwrap().and_utc()
}

fn place_with(vendor: &Vendor, points: u32) -> Place {
    Place::of(vendor, &[vendor.account("tushare", &format!("points = {points}\n{JOBS}"))])
}

/// The eight newest quarter ends before a day.
fn newest_periods(today: NaiveDate) -> Vec<NaiveDate> {
    let mut ends: Vec<NaiveDate> = Vec::new();
    for year in (2020..=today.year()).rev() {
        for (month, day) in [(12, 31), (9, 30), (6, 30), (3, 31)] {
            ends.push(NaiveDate::from_ymd_opt(year, month, day).unwrap());
        }
    }
    ends.into_iter().filter(|end| *end < today).take(8).collect()
}

/// A figure of each table as of a day, by table, security and period.
fn answer(place: &Place, figures: &[(&str, &str)], as_of: NaiveDate) -> BTreeMap<String, String> {
    let select = |(table, figure): &(&str, &str)| {
        format!("select '{table}' as from_table, ts_code, end_date, {figure} as figure from {table}")
    };
    let sql = figures.iter().map(select).collect::<Vec<_>>().join(" union all ");
    let printed = place.expect(0, &["query", &sql, "--as-of", &as_of.to_string(), "--format", "json"]);
    let printed: Vec<serde_json::Value> = serde_json::from_str(&printed).unwrap();
    let figure = |row: &serde_json::Value| match &row["figure"] {
        serde_json::Value::Null => "null".to_owned(),
        value => format!("{:?}", value.as_f64().unwrap()),
    };
    let key = |row: &serde_json::Value| {
        ["from_table", "ts_code", "end_date"].map(|name| row[name].as_str().unwrap().to_owned()).join(" ")
    };
    printed.iter().map(|row| (key(row), figure(row))).collect()
}

/// Bars, factors, flows and the list of securities as of a day, as text. The vendor corrects the newest days of the
/// first three, and lists and delists securities.
fn market_as_of(place: &Place, as_of: NaiveDate) -> String {
    let days = [("stock_daily_cn", "close"), ("adj_factor", "adj_factor"), ("moneyflow_cn", "buy_lg_amount")];
    let select = |(table, figure): (&str, &str)| {
        format!("select '{table}', ts_code, cast(trade_date as varchar), cast({figure} as varchar) from {table}")
    };
    let basics = "select 'stock_basic_cn', ts_code, list_status, name from stock_basic_cn";
    let sql = [&days.map(select)[..], &[basics.to_owned()]].concat().join(" union all ");
    let printed = place.expect(0, &["query", &sql, "--as-of", &as_of.to_string(), "--format", "csv"]);
    let mut lines: Vec<&str> = printed.lines().skip(1).collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// The table of such a line, and its day if it has one.
fn of_day(line: &str) -> String {
    let cells: Vec<&str> = line.split(',').collect();
    if cells[0] == "stock_basic_cn" { cells[0].to_owned() } else { format!("{} {}", cells[0], cells[2]) }
}

/// Checks that silver equals what the vendor shows on the last evening, from the first day the runs fetched.
fn assert_market(place: &Place, vendor: &Vendor, first: NaiveDate, last: NaiveDate) {
    let interfaces = ["daily", "daily_basic", "adj_factor", "moneyflow", "suspend_d", "limit_list_d"];
    let tables = [&DAILY[..], &["limit_list_cn"]].concat();
    for (table, interface) in tables.iter().zip(interfaces) {
        let mut shown = documented::tushare(&vendor.market, interface, Some(evening(last)));
        shown.retain(|row| day(&row["trade_date"]) >= first);
        let mut rows = silver(place, table);
        // Nothing is kept for a partially published day.
        let half: Vec<String> = missing(&rows, &shown);
        assert!(half.iter().all(|day| *day == last.to_string()), "{table}: {half:?} are missing");
        shown.retain(|row| !half.contains(&row["trade_date"]));
        rows.retain(|row| day(&row["trade_date"]) >= first);
        assert_same(table, rows, shown);
    }
}

/// Days that the vendor shows and silver lacks.
fn missing(rows: &[BTreeMap<String, String>], shown: &[BTreeMap<String, String>]) -> Vec<String> {
    let mut days: Vec<String> = shown.iter().map(|row| row["trade_date"].clone()).collect();
    days.sort();
    days.dedup();
    days.retain(|day| !rows.iter().any(|row| row["trade_date"] == *day));
    days
}

/// The daily interfaces that may be late.
const LATE: [&str; 4] = ["daily", "daily_basic", "adj_factor", "moneyflow"];

/// The exit code of `run` on an evening: 8 if something due is late.
fn code(vendor: &Vendor, interfaces: &[&str], today: NaiveDate) -> i32 {
    let late = |interface: &&str| {
        let rows = |at| {
            let rows = documented::tushare(&vendor.market, interface, Some(at));
            rows.iter().filter(|row| row["trade_date"] == today.to_string()).count()
        };
        rows(evening(today)) < rows(evening(today + Days::new(1)))
    };
    let is_late = interfaces.iter().any(late);
    if is_late { 8 } else { 0 }
}

#[test]
fn forty_evenings() {
    let vendor = Vendor::start(settings());
    let place = place_with(&vendor, 5000);
    let first = day("2024-03-18");
    let down = day("2024-04-11");
    let sessions = vendor.market.sessions().to_vec();
    let mut readers = [
        ("income_cn", "n_income", Reader::new(&INCOME, &vendor.market)),
        ("fina_indicator_cn", "eps", Reader::new(&INDICATORS, &vendor.market)),
    ];
    let mut answers = Vec::new();
    let mut least = 0;
    let mut estimated = 0;
    for today in first.iter_days().take(40) {
        let now = evening(today);
        vendor.server.set_epoch(now);
        let now_text = now.to_rfc3339();
        if today == down {
            // Nothing listens on port 9.
            let mut command = place.command(&["run", "market", "reports", "--now", &now_text]);
            let status = command.env("TUSHARE_BASE_URL", "http://127.0.0.1:9").output().unwrap().status;
            assert_eq!(status.code(), Some(3), "the vendor is down");
            continue;
        }
        let price: serde_json::Value =
            serde_json::from_str(&place.expect(0, &["plan", "--now", &now_text, "--format", "json"])).unwrap();
        estimated += price["calls"].as_u64().unwrap();
        place.expect(code(&vendor, &LATE, today), &["run", "market", "reports", "--now", &now_text]);
        // Two exchanges' calendars, the universe in four parts, eight periods of two tables.
        least += 2 + 4 + 16;
        if sessions.contains(&today) {
            // Six tables: today and the five sessions before, which have not settled yet.
            least += 6 * 6;
        }
        let mut known = BTreeMap::new();
        for (table, figure, reader) in &mut readers {
            reader.look(&vendor.market, now, &newest_periods(today));
            let figures = reader.as_of(&today.to_string(), figure).into_iter();
            known.extend(figures.map(|(key, figure)| (format!("{table} {key}"), figure)));
        }
        let figures = readers.each_ref().map(|(table, figure, _)| (*table, *figure));
        assert_eq!(answer(&place, &figures, today), known, "as of {today}, that evening");
        answers.push((figures, today, known, market_as_of(&place, today)));
    }
    println!("{} calls made, {estimated} estimated, {least} at least", vendor.calls());
    let off = estimated.abs_diff(vendor.calls());
    assert!(off * 20 <= vendor.calls(), "{estimated} estimated, {} made", vendor.calls());
    let calls = usize::try_from(vendor.calls()).unwrap();
    assert!(calls * 10 <= least * 11, "{calls} calls, {least} would do");
    // A query as of a day returns the same answer for ever.
    for (figures, today, known, market) in answers {
        assert_eq!(answer(&place, &figures, today), known, "as of {today}, later");
        let later = market_as_of(&place, today);
        let days: BTreeSet<String> = market.lines().map(of_day).collect();
        // A day first answered on a later evening counts from its event day. Nothing else moves.
        let later: Vec<&str> = later.lines().filter(|line| days.contains(&of_day(line))).collect();
        let then: Vec<&str> = market.lines().collect();
        let differ = later.iter().zip(&then).find(|(later, then)| later != then);
        assert!(later == then, "as of {today}, later and then: {differ:?}");
    }
    for (table, _, reader) in &readers {
        assert_same(table, silver(&place, table), reader.versions());
    }
    let end = first + Days::new(39);
    let looked = sessions[sessions.iter().position(|day| *day == first).unwrap() - 5];
    assert_market(&place, &vendor, looked, end);
}

#[test]
fn seven_evenings_of_the_cron_line_in_the_readme() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let line = readme.lines().find(|line| line.starts_with("30 20 * * ") && line.contains("pitlake run"));
    let command = line.expect("the README has a cron line").splitn(6, ' ').last().unwrap();
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    place.jobs(&written(&place, "tushare", 5000));
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_pitlake")).parent().unwrap();
    let first = day("2024-03-18");
    for today in first.iter_days().take(7) {
        vendor.server.set_epoch(evening(today));
        let command = command.replace("/srv/lake", &place.folder.path().display().to_string());
        let now = format!("pitlake run --now {}", evening(today).to_rfc3339());
        let mut shell = std::process::Command::new("sh");
        shell.arg("-c").arg(command.replace("pitlake run", &now)).env_clear();
        shell
            .env("PATH", format!("{}:/usr/bin:/bin", binary.display()))
            .env("TUSHARE_TOKEN", &place.token)
            .env("TUSHARE_BASE_URL", vendor.server.url());
        let output = shell.output().unwrap();
        let log = std::fs::read_to_string(place.path("run.log")).unwrap_or_default();
        assert!([Some(0), Some(code(&vendor, &LATE, today))].contains(&output.status.code()), "{today}: {log}");
        let is_late = log.rsplit("calls:").nth(1).is_some_and(|run| run.contains("! not published yet"));
        assert_eq!(output.status.code() == Some(8), is_late, "{today}: {log}");
    }
    let sessions = vendor.market.sessions();
    let looked = sessions[sessions.iter().position(|day| *day == first).unwrap() - 5];
    assert_market(&place, &vendor, looked, first + Days::new(6));
}

/// The jobs for each account.
const SHIPPED: [(&str, u32, &[&str]); 3] = [
    ("tushare", 2000, &["market", "announcements", "reports", "weekly"]),
    ("tushare", 5000, &["market", "market_5000", "announcements", "reports", "weekly"]),
    (
        "asharehub",
        0,
        &["asharehub", "asharehub_reports", "asharehub_dividends", "asharehub_indicators", "asharehub_holders"],
    ),
];

/// The configuration written by `config init` for an account.
fn written(place: &Place, vendor: &str, points: u32) -> String {
    let points = points.to_string();
    let of_account = if points == "0" { vec![] } else { vec!["--points", &points] };
    let init = ["config", "init", "--vendor", vendor, "--config", "written.toml"];
    place.expect(0, &[&init[..], &of_account].concat());
    std::fs::read_to_string(place.path("written.toml")).unwrap()
}

#[test]
fn the_shipped_jobs_work_with_each_account() {
    for (name, points, jobs) in SHIPPED {
        let vendor = Vendor::start(Settings { points: points.max(120), ..settings() });
        let place = Place::with(&vendor);
        place.jobs(&written(&place, name, points));
        let now = evening(day("2024-03-18")).to_rfc3339();
        for job in jobs {
            let mut command = place.command(&["run", job, "--now", &now]);
            command.env("ASHAREHUB_API_KEY", &place.token);
            let url = if name == "tushare" { vendor.server.url() } else { vendor.server.url_of(name).unwrap() };
            command.env(format!("{}_BASE_URL", name.to_uppercase()), url);
            let output = command.output().unwrap();
            let printed = String::from_utf8_lossy(&output.stdout);
            let code = if printed.contains("! not published yet") { 8 } else { 0 };
            assert_eq!(output.status.code(), Some(code), "{job} with {points} points of {name}: {printed}");
            assert!(!printed.contains("rejected"), "{job} with {points} points of {name}: {printed}");
        }
        for table in ["stock_daily_cn", "limit_list_cn", "income_cn", "fina_indicator_cn", "dividend_cn"] {
            assert!(!silver(&place, table).is_empty(), "{table} with {points} points of {name}");
        }
    }
}

#[test]
fn an_unpublished_day_is_8_when_named_and_skipped_otherwise() {
    let vendor = Vendor::start(settings());
    let place = place_with(&vendor, 5000);
    let noon = "2024-03-19T04:00:00Z";
    vendor.server.set_epoch(noon.parse().unwrap());
    place.expect(8, &["run", "market", "--date", "2024-03-19", "--now", noon]);
    let printed = place.expect(0, &["run", "market", "--now", noon]);
    assert!(printed.contains("skipped, not due yet: 2024-03-19"), "{printed}");
    place.expect(0, &["run", "market", "--date", "2024-03-17", "--now", noon]);
    place.expect(2, &["run", "market", "--date", "2024-03-20", "--now", noon]);
    let refused = place.run(&["run", "markte", "--now", noon]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("did you mean `market`?"));
}

#[test]
fn a_day_published_in_part_is_not_kept() {
    // A day that is partially published on its evening.
    let vendor = Vendor::start(settings());
    let place = place_with(&vendor, 5000);
    let half = vendor.market.sessions().iter().copied().find(|today| {
        let count = |at| {
            let rows = documented::tushare(&vendor.market, "adj_factor", Some(at));
            rows.iter().filter(|row| row["trade_date"] == today.to_string()).count()
        };
        let (evening, later) = (count(evening(*today)), count(evening(*today + Days::new(1))));
        evening > 0 && evening < later
    });
    let half = half.expect("a day published in part");
    let (start, now) = (half.to_string(), evening(half).to_rfc3339());
    vendor.server.set_epoch(evening(half));
    let args = ["backfill", "adj_factor", "--start", &start, "--end", &start, "--now", &now];
    let printed = place.expect(8, &args);
    assert!(printed.contains("not saved because too much is missing"), "{printed}");
    assert!(silver(&place, "adj_factor").is_empty());
    let tomorrow = evening(half + Days::new(1));
    vendor.server.set_epoch(tomorrow);
    place.expect(0, &["backfill", "adj_factor", "--start", &start, "--end", &start, "--now", &tomorrow.to_rfc3339()]);
    let shown = documented::tushare(&vendor.market, "adj_factor", Some(tomorrow));
    assert_same(
        "adj_factor",
        silver(&place, "adj_factor"),
        shown.into_iter().filter(|r| r["trade_date"] == start).collect(),
    );
}

#[test]
fn missed_evenings_are_caught_up_even_after_a_run_cut_short() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    let jobs = |quota: u32| {
        let job = "[jobs.market]\ntables = [\"adj_factor\"]";
        place.accounts(&[vendor.account("tushare", &format!("points = 5000\nrequests_per_day = {quota}\n{job}"))]);
    };
    let run = |code: i32, today: &str| {
        vendor.server.set_epoch(evening(day(today)));
        place.expect(code, &["run", "--now", &evening(day(today)).to_rfc3339()])
    };
    jobs(1000);
    let first = day("2024-03-18");
    run(code(&vendor, &["adj_factor"], first), "2024-03-18");
    // Five weeks without a run, after which the quota stops the run once the newest days are fetched.
    jobs(14);
    run(6, "2024-04-22");
    jobs(1000);
    run(code(&vendor, &["adj_factor"], day("2024-04-23")), "2024-04-23");
    let status = place.expect(0, &["status", "adj_factor", "--format", "json", "--now", "2024-04-23T12:00:00Z"]);
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    let holes = status[0]["holes"].as_array().unwrap();
    // The newest day may be late or partially published.
    assert!(holes.iter().all(|day| day == "2024-04-23"), "{status}");
    // Sessions that have not settled are requested again.
    assert!(status[0]["slices"]["due"].as_u64().unwrap() <= 5, "{status}");
}
