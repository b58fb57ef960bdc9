//! What prevents all tables from getting data is reported once and first, with what to do, and nothing is reported that
//! only follows from it.

use std::fs;

use crate::support::{NOW, Place, Vendor, settings};

const BACKFILL: [&str; 8] =
    ["backfill", "stock_daily_cn", "adj_factor", "income_cn", "--start", "2022-12-30", "--end", "2023-02-28"];

/// What a command prints, without lines that only follow from the cause, and its exit code.
fn once(place: &Place, code: i32, cause: &str, args: &[&str]) -> String {
    let printed = place.expect(code, args);
    let first = printed.lines().next().unwrap();
    assert!(first.contains(cause), "{printed}");
    assert_eq!(printed.matches(cause).count(), 1, "{printed}");
    for follows in ["calendar", "nothing to do", "nothing new"] {
        assert!(!printed.contains(follows), "{follows}: {printed}");
    }
    assert!(printed.contains("not fetched because of this: "), "{printed}");
    printed
}

#[test]
fn a_rejected_token_is_the_one_cause_and_says_where_it_was_found() {
    let vendor = Vendor::start(settings());
    let place = Place { token: "not-the-token".into(), ..Place::with(&vendor) };
    let printed = once(&place, 5, "the account was rejected", &BACKFILL);
    assert!(
        printed.contains("came from TUSHARE_TOKEN: ") && printed.contains("https://tushare.pro/user/token"),
        "{printed}"
    );
    fs::write(place.path("token"), "not-the-token\n").unwrap();
    let mut command = place.command(&BACKFILL);
    let output = command.env_remove("TUSHARE_TOKEN").env("TUSHARE_TOKEN_FILE", "token").output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.contains("came from the file `token` of TUSHARE_TOKEN_FILE"), "{printed}");
    assert!(!printed.contains("not-the-token"), "{printed}");
}

#[test]
fn an_address_that_does_not_answer_is_the_one_cause() {
    // A port on which nothing listens: bound once, then released.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let place = Place::at(&format!("http://127.0.0.1:{port}"));
    let printed = once(&place, 3, "cannot reach", &BACKFILL);
    assert!(printed.contains(&format!("127.0.0.1:{port}: tcp connect error: Connection refused")), "{printed}");
    assert!(printed.contains("TUSHARE_BASE_URL"), "{printed}");
}

#[test]
fn a_token_that_is_rejected_later_needs_no_line_a_table() {
    let vendor = Vendor::start(settings());
    let mut place = Place::with(&vendor);
    place.expect(0, &["backfill", "adj_factor", "--start", "2023-01-03", "--end", "2023-01-31", "--now", NOW]);
    place.token = "not-the-token".into();
    let printed = once(&place, 5, "the account was rejected", &[&BACKFILL[..], &["--now", NOW]].concat());
    // The lake's calendar and securities are good enough for now.
    assert!(printed.contains("\n! not fetched because of this: 4 tables\n"), "{printed}");
    assert!(!printed.contains("\nadj_factor"), "what it held before is no news: {printed}");
}

#[test]
fn a_calendar_that_ends_is_one_warning_for_all_tables() {
    let vendor = Vendor::start(settings());
    let place = Place::of(
        &vendor,
        &[vendor.account(
            "tushare",
            "points = 5000\n[jobs.market]\ntables = [\"adj_factor\", \
         \"stock_daily_cn\", \"moneyflow_cn\", \"stk_limit_cn\"]",
        )],
    );
    let printed = place.expect(8, &["run", "market", "--now", NOW]);
    let ends = printed.lines().next().unwrap();
    assert!(ends.starts_with("! the calendar in the lake ends 2024-02-28, so days up to 2026-01-05 wait"), "{printed}");
    // The four, and the suspensions used to judge them.
    assert!(ends.contains(": 5 tables; run `pitlake fetch trade_cal --refetch`"), "{printed}");
    assert_eq!(printed.matches("the calendar").count(), 1, "{printed}");
    // A price says so once as well.
    let priced = ["plan", "market", "--start", "2023-01-03", "--end", "2025-12-31", "--now", NOW];
    let priced = place.expect(0, &priced);
    assert_eq!(priced.matches("calendar").count(), 1, "{priced}");
}

#[test]
fn a_day_that_several_tables_skip_is_one_line() {
    let vendor = Vendor::start(settings());
    let tables =
        "points = 5000\n[jobs.market]\ntables = [\"stock_daily_cn\", \"moneyflow_cn\", \"stock_daily_basic_cn\"]";
    let place = Place::of(&vendor, &[vendor.account("tushare", tables)]);
    let noon = "2023-02-28T04:00:00Z";
    let printed = place.expect(0, &["run", "market", "--now", noon]);
    let skipped = "\nskipped, not due yet: 2023-02-28 (4 tables)\n";
    assert!(printed.contains(skipped) && printed.matches("skipped").count() == 1, "{printed}");
}

#[test]
fn tables_with_nothing_to_do_share_a_line() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    let days = ["--start", "2023-01-03", "--end", "2023-01-04", "--now", NOW];
    place.expect(0, &[&["backfill", "adj_factor"], &days[..]].concat());
    let printed = place.expect(0, &["normalize", "--now", NOW]);
    let tables: Vec<&str> = printed.lines().filter(|line| line.contains("up to date")).collect();
    assert_eq!(tables.len() + 3, printed.lines().count(), "{printed}");
    assert!(
        printed.contains("\nnothing to do: ") && printed.contains(" tables (--format json lists them)\n"),
        "{printed}"
    );
    let one = place.expect(0, &["normalize", "income_cn", "--now", NOW]);
    assert!(one.starts_with("nothing to do: income_cn\n"), "{one}");
}

#[test]
fn a_repeated_run_is_a_few_lines_and_a_late_one_says_what_to_do() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    let tables = ["adj_factor", "stock_daily_cn", "moneyflow_cn", "stock_daily_basic_cn"];
    let days = ["--start", "2023-01-03", "--end", "2023-01-04", "--now", NOW];
    let first = place.expect(0, &[&["backfill"], &tables[..], &days].concat());
    assert!(tables.iter().all(|table| first.lines().any(|line| line.starts_with(table))), "{first}");
    let again = place.expect(0, &[&["backfill"], &tables[..], &days].concat());
    let line = again.lines().find(|line| line.starts_with("nothing new: ")).unwrap_or_else(|| panic!("{again}"));
    assert!(line.contains(" tables (") && line.contains("slices already in the lake"), "{again}");
    assert!(again.lines().count() <= 4, "{again}");
    let noon = "2023-02-28T12:00:00+08:00";
    let late = ["backfill", "stock_daily_cn", "--start", "2023-02-28", "--end", "2023-02-28", "--now", noon];
    let printed = place.expect(8, &late);
    assert!(printed.contains("\nexit 8, some data is late: run again later, "), "{printed}");
    assert!(printed.contains("! not published yet: 2023-02-28\n"), "{printed}");
    let printed = place.expect(8, &[&late[..], &["--lang", "zh"]].concat());
    assert!(printed.contains("\n退出码 8，部分数据迟到：请稍后再运行"), "{printed}");
}
