//! Former states beside the current rows: what a second answer for a day changed and withdrew, and the history of a
//! snapshot, from bronze with our own headers.

use std::fs;

use pitlake::bronze::{self, NewFile};
use pitlake::spec::{Catalog, InterfaceId};
use pitlake::store::Store;
use serde_json::Value;

use crate::support::{NOW, Place, day, silver};

/// Writes an answer for a day, or a snapshot on it.
fn answer(place: &Place, interface: &str, (of, at): (&str, &str), lines: &[&str]) {
    let (catalog, _) = Catalog::load(&[], None).unwrap();
    let contract = catalog.contract(&InterfaceId::parse(interface).unwrap()).unwrap();
    let new = NewFile {
        slice: if interface.ends_with("basic") || interface.ends_with("cal") {
            "snapshot".to_owned()
        } else {
            of.to_owned()
        },
        day: day(of),
        params: vec![vec![("trade_date".to_owned(), of.replace('-', ""))]],
        rows_of: Vec::new(),
        pages: 1,
        lines: (lines.join("\n") + "\n").into_bytes(),
        event_days: None,
        span: None,
        found: None,
        mark: None,
        captured_on: None,
        ordinal: 0,
    };
    let store = Store::open(place.path("data").to_str().unwrap()).unwrap();
    let write = bronze::write(&store, contract, new, at.parse().unwrap(), None);
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(write).unwrap();
}

fn query(place: &Place, sql: &str, as_of: &[&str]) -> Value {
    let args = [&["query", sql, "--format", "json", "--now", NOW], as_of].concat();
    serde_json::from_str(&place.expect(0, &args)).unwrap()
}

const PARTITION: &str = "year=2024/part-0.parquet";

/// A day that was requested twice: one figure changed, and one row was withdrawn.
fn bars() -> Place {
    let place = Place::at("http://127.0.0.1:9");
    let row = |code: &str, close: &str| {
        format!(r#"{{"ts_code":"{code}","trade_date":"20240102","close":{close},"vol":null,"amount":null}}"#)
    };
    let first = [row("600001.SH", "9.39"), row("600002.SH", "5"), row("600003.SH", "7")];
    let second = [row("600001.SH", "9.40"), row("600002.SH", "5.00")];
    for (at, rows) in [("2024-01-02T10:00:00Z", &first[..]), ("2024-01-05T10:00:00Z", &second)] {
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        answer(&place, "tushare/daily", ("2024-01-02", at), &rows);
    }
    place.expect(0, &["normalize", "stock_daily_cn", "--now", NOW]);
    place
}

#[test]
fn what_a_second_answer_changed_and_withdrew_is_kept_beside_the_table() {
    let place = bars();
    // Plain readers of the table still see one row per key.
    let main = silver(&place, "stock_daily_cn");
    let codes: Vec<&str> = main.iter().map(|row| row["ts_code"].as_str()).collect();
    assert_eq!(codes, ["600001.SH", "600002.SH"]);
    let former = silver(&place, "stock_daily_cn_superseded");
    let texts = |name: &str| former.iter().map(|row| row[name].as_str()).collect::<Vec<_>>();
    assert_eq!(texts("ts_code"), ["600001.SH", "600003.SH"]);
    assert_eq!(texts("why"), ["changed", "withdrawn"]);
    assert_eq!(texts("known_on"), ["2024-01-02", "2024-01-02"]);
    assert_eq!(texts("superseded_on"), ["2024-01-05", "2024-01-05"]);
    let sql = "SELECT ts_code, close FROM stock_daily_cn ORDER BY ts_code";
    let closes = |as_of: &[&str]| {
        let rows = query(&place, sql, as_of);
        rows.as_array().unwrap().iter().map(|row| row["close"].as_f64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(closes(&["--as-of", "2024-01-04"]), [9.39, 5.0, 7.0]);
    assert_eq!(closes(&["--as-of", "2024-01-05"]), [9.4, 5.0]);
    assert_eq!(closes(&[]), [9.4, 5.0]);
}

#[test]
fn a_run_that_was_killed_before_the_partition_was_put_is_made_up_for() {
    let place = bars();
    let whole = place.files("silver");
    assert_eq!(whole.len(), 2);
    // The companion is written first, so a killed run leaves a companion beside an old partition, or without one.
    fs::remove_file(place.path("data/silver/stock_daily_cn").join(PARTITION)).unwrap();
    place.expect(0, &["normalize", "stock_daily_cn", "--now", NOW]);
    assert_eq!(place.files("silver"), whole);
    // Rows that bronze no longer has are removed from both.
    fs::remove_dir_all(place.path("data/bronze/tushare/stock_daily_cn")).unwrap();
    place.expect(0, &["normalize", "stock_daily_cn", "--full", "--now", NOW]);
    assert!(place.files("silver").is_empty(), "{:?}", place.files("silver").keys());
}

/// What is known in the next session is built with the same calendar, whichever tables a run is about.
#[test]
fn rows_known_on_the_next_session_are_built_once() {
    let place = Place::at("http://127.0.0.1:9");
    let days = ["20240102", "20240103", "20240104"];
    let days = days.map(|day| format!(r#"{{"exchange":"SSE","cal_date":"{day}","is_open":1,"pretrade_date":null}}"#));
    let days: Vec<&str> = days.iter().map(String::as_str).collect();
    answer(&place, "tushare/trade_cal", ("2024-01-02", "2024-01-02T01:00:00Z"), &days);
    for (at, balance) in [("2024-01-03T02:00:00Z", "1.0"), ("2024-01-04T02:00:00Z", "2.0")] {
        let line = format!(r#"{{"trade_date":"20240102","exchange_id":"SSE","rzye":{balance}}}"#);
        answer(&place, "tushare/margin", ("2024-01-02", at), &[&line]);
    }
    place.expect(0, &["normalize", "margin_cn", "--now", NOW]);
    let former = silver(&place, "margin_cn_superseded");
    assert_eq!((former.len(), former[0]["known_on"].as_str()), (1, "2024-01-03"));
    assert_eq!(former[0]["superseded_on"], "2024-01-04");
    let built = place.files("silver/margin_cn");
    place.expect(0, &["normalize", "margin_cn", "trade_cal", "--now", NOW]);
    let printed = place.expect(0, &["normalize", "margin_cn", "--now", NOW]);
    assert!(!printed.contains("margin_cn: built"), "{printed}");
    assert_eq!(place.files("silver/margin_cn"), built);
}

#[test]
fn a_damaged_companion_is_found_and_built_again() {
    let place = bars();
    let whole = place.files("silver");
    place.expect(0, &["verify", "stock_daily_cn", "--rebuild", "100%", "--now", NOW]);
    let path = place.path("data/silver/stock_daily_cn_superseded").join(PARTITION);
    let states = || {
        let status = place.expect(0, &["status", "stock_daily_cn", "--format", "json", "--now", NOW]);
        let status: serde_json::Value = serde_json::from_str(&status).unwrap();
        (status[0]["former_states"].as_u64(), status[0]["stale"].as_u64())
    };
    assert_eq!(states(), (Some(2), Some(0)));
    fs::remove_file(&path).unwrap();
    let printed = place.expect(3, &["verify", "stock_daily_cn", "--rebuild", "100%", "--now", NOW]);
    assert!(printed.contains("former states"), "{printed}");
    // Its partition tells that it is missing.
    assert_eq!(states(), (Some(0), Some(1)));
    place.expect(0, &["normalize", "stock_daily_cn", "--now", NOW]);
    assert_eq!(place.files("silver"), whole);
    fs::write(&path, "no rows").unwrap();
    let printed = place.expect(3, &["verify", "stock_daily_cn", "--now", NOW]);
    assert!(printed.contains("stock_daily_cn_superseded"), "{printed}");
    place.expect(0, &["normalize", "stock_daily_cn", "--full", "--now", NOW]);
    assert_eq!(place.files("silver"), whole);
}

#[test]
fn a_snapshot_keeps_its_history_and_dates_tell_of_the_days_before() {
    let place = Place::at("http://127.0.0.1:9");
    let row = |code: &str, name: &str, delisted: &str| {
        let status = if delisted == "null" { "L" } else { "D" };
        format!(
            r#"{{"ts_code":"{code}","symbol":"{}","name":"{name}","exchange":"SSE","list_status":"{status}","list_date":"20200102","delist_date":{delisted}}}"#,
            &code[..6]
        )
    };
    let gone = row("600002.SH", "gone", "\"20230601\"");
    let first = [row("600001.SH", "old", "null"), gone.clone()];
    let second = [row("600001.SH", "new", "null"), gone];
    for (of, rows) in [("2024-01-02", &first), ("2024-02-01", &second)] {
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        answer(&place, "tushare/stock_basic", (of, &format!("{of}T10:00:00Z")), &rows);
    }
    place.expect(0, &["normalize", "stock_basic_cn", "--now", NOW]);
    assert_eq!(silver(&place, "stock_basic_cn").len(), 2);
    let history = silver(&place, "stock_basic_history_cn");
    let rows: Vec<String> = history
        .iter()
        .map(|row| {
            let names = ["ts_code", "name", "list_status", "delist_date", "known_on", "superseded_on", "known_basis"];
            names.map(|name| row[name].as_str()).join(" ")
        })
        .collect();
    assert_eq!(
        rows,
        [
            "600001.SH null L null 2020-01-02 2024-01-02 derived",
            "600001.SH old L null 2024-01-02 2024-02-01 observed",
            "600001.SH new L null 2024-02-01 null observed",
            "600002.SH null L null 2020-01-02 2023-06-01 derived",
            "600002.SH null D 2023-06-01 2023-06-01 2024-01-02 derived",
            "600002.SH gone D 2023-06-01 2024-01-02 null observed",
        ]
    );
    let sql = "SELECT ts_code, name FROM stock_basic_cn WHERE list_status = 'L' ORDER BY ts_code";
    let listed = |as_of: &str| query(&place, sql, &["--as-of", as_of]).as_array().unwrap().len();
    assert_eq!(["2019-12-31", "2022-01-04", "2023-06-01", "2024-03-01"].map(listed), [0, 2, 1, 1]);
    let text = place.expect(0, &["tables", "stock_basic_history_cn"]);
    assert!(text.starts_with("stock_basic_history_cn: ") && text.contains("superseded_on  date"), "{text}");
    let text = place.expect(0, &["tables", "stock_basic_cn"]);
    assert!(text.contains("companion  stock_basic_history_cn"), "{text}");
}
