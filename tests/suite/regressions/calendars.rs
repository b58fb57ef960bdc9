//! Calendars with gaps: open days only, a missing exchange, lost days.

use std::fs;

use crate::support::{NOW, Place, Vendor, day, settings, silver};

/// January 2024 as people's tools write it: `exchange,cal_date,is_open`.
fn calendar(exchange: &str, keep: impl Fn(u32, bool) -> bool) -> String {
    let is_open = |d: u32| ![1, 6, 7, 13, 14, 20, 21, 27, 28].contains(&d);
    let rows = (1..=31).filter(|d| keep(*d, is_open(*d)));
    let rows = rows.map(|d| format!("{exchange},202401{d:02},{}\n", u8::from(is_open(d))));
    format!("exchange,cal_date,is_open\n{}", rows.collect::<String>())
}

/// Two statements, announced on a Thursday and on a Friday.
const INCOME: &str = "ts_code,ann_date,f_ann_date,end_date,report_type,n_income,update_flag
600001.SH,20240104,20240104,20231231,1,100.0,0
000002.SZ,20240105,20240105,20231231,1,200.0,0
";

/// A lake of imports: a calendar and two statements.
fn lake(calendar: &str) -> Place {
    let place = Place::at("http://127.0.0.1:9");
    fs::write(place.path("cal.csv"), calendar).unwrap();
    fs::write(place.path("income.csv"), INCOME).unwrap();
    place.expect(0, &["import", "--interface", "tushare/trade_cal", "cal.csv", "--now", NOW]);
    place.expect(0, &["import", "--interface", "tushare/income", "income.csv", "--now", NOW]);
    place
}

/// The sessions after the two announcements, according to silver.
fn tradable(place: &Place) -> Vec<String> {
    let mut rows = silver(place, "income_cn");
    rows.sort_by_key(|row| row["ann_date"].clone());
    rows.iter().map(|row| row["tradable_on"].clone()).collect()
}

/// Builds, and expects some words in the output of `normalize`, `status` and `doctor`. Returns the last column of the
/// statements.
fn named(place: &Place, words: &[&str]) -> Vec<String> {
    let normalized = place.expect(0, &["normalize", "income_cn", "--now", NOW]);
    let status = place.expect(0, &["status", "--now", NOW]).replace("\n  ", " ");
    let doctor = place.run(&["doctor", "adj_factor", "--now", NOW]);
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    for printed in [&normalized, &status, &doctor] {
        for word in words {
            assert!(printed.contains(word), "no `{word}` in {printed}");
        }
    }
    tradable(place)
}

/// Was: `tradable_on` null for Fridays only, without a message. Expected: the days in between are closed, and that is
/// reported.
#[test]
fn open_days_only_are_understood_as_closed_between() {
    let place = lake(&calendar("SSE", |_, open| open));
    let words = ["open days only (2024-01-02 to 2024-01-31)", "`pitlake fetch trade_cal`"];
    assert_eq!(named(&place, &words), ["2024-01-05", "2024-01-08"]);
    // There is no message about a complete calendar.
    let place = lake(&calendar("SSE", |_, _| true));
    assert_eq!(named(&place, &[]), ["2024-01-05", "2024-01-08"]);
    assert!(!place.expect(0, &["status", "--now", NOW]).contains("! "));
}

/// Was: all rows rejected, exit 0. Expected: read, however a program writes a flag.
#[test]
fn open_is_written_in_many_ways() {
    for (open, closed) in [("True", "False"), ("true", "false"), ("1.0", "0.0"), ("Y", "N"), ("1", "0")] {
        let written = calendar("SSE", |_, _| true).replace(",1\n", &format!(",{open}\n"));
        let place = lake(&written.replace(",0\n", &format!(",{closed}\n")));
        assert_eq!(named(&place, &[]), ["2024-01-05", "2024-01-08"], "{open}");
    }
}

/// Cases 05 and 10: an empty exchange, or none. Was: all rows rejected, exit 0. Expected: refused with what to do, and
/// read with the exchange given there.
#[test]
fn the_exchange_that_a_calendar_lacks_can_be_given() {
    let empty = calendar("", |_, _| true);
    let none = empty.replace("exchange,", "").replace("\n,", "\n");
    assert!(none.starts_with("cal_date,is_open\n20240101,0\n"), "{none}");
    for text in [empty, none] {
        let place = Place::at("http://127.0.0.1:9");
        fs::write(place.path("cal.csv"), &text).unwrap();
        fs::write(place.path("income.csv"), INCOME).unwrap();
        let import = ["import", "--interface", "tushare/trade_cal", "cal.csv", "--now", NOW];
        let refused = place.run(&import);
        let printed = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{printed}");
        assert!(printed.contains("`exchange`") && printed.contains("--set exchange=VALUE"), "{printed}");
        assert!(place.files("bronze").is_empty());
        place.expect(0, &[&import[..], &["--set", "exchange=SSE"]].concat());
        place.expect(0, &["import", "--interface", "tushare/income", "income.csv", "--now", NOW]);
        assert_eq!(named(&place, &[]), ["2024-01-05", "2024-01-08"]);
        assert!(!place.expect(0, &["status", "--now", NOW]).contains("! "));
    }
}

/// Was: no message. Expected: the first gaps are listed, with the consequences.
#[test]
fn days_that_were_lost_are_named() {
    let place = lake(&calendar("SSE", |d, _| ![6, 17, 18].contains(&d)));
    let words = ["gaps: 2024-01-06, 2024-01-17 to 2024-01-18;", "`pitlake fetch trade_cal`"];
    assert_eq!(named(&place, &words), ["2024-01-05", "null"]);
}

/// Was: no message. Expected: the missing exchange is named, with what to do.
#[test]
fn a_missing_exchange_is_named() {
    let place = lake(&calendar("SZSE", |_, _| true));
    let words = ["no days of the exchange SSE (it has days of SZSE)", "`pitlake fetch trade_cal`"];
    assert_eq!(named(&place, &words), ["null", "null"]);
}

/// A run that fetches the calendar fills the gaps, and then there is no message.
#[test]
fn a_fetched_calendar_mends_the_gaps() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    fs::write(place.path("cal.csv"), "exchange,cal_date,is_open\nSSE,20230103,1\nSSE,20230109,1\n").unwrap();
    place.expect(0, &["import", "--interface", "tushare/trade_cal", "cal.csv", "--now", "2026-01-04T12:00:00Z"]);
    let status = place.expect(0, &["status", "--now", NOW]);
    assert!(status.lines().all(|line| line.chars().count() <= 80), "{status}");
    assert!(status.replace("\n  ", " ").contains("gaps: 2023-01-04 to 2023-01-08;"), "{status}");
    let printed = place.backfill(0, &["adj_factor"], &settings());
    assert!(!printed.contains("gaps") && !place.expect(0, &["status", "--now", NOW]).contains("gaps"), "{printed}");
    assert!(silver(&place, "adj_factor").iter().any(|row| day(&row["trade_date"]) == day("2023-01-05")));
}
