//! A run's report counts what it changed in the past, and its summary says so.

use crate::support::{NOW, Place};
use crate::vendors::bronze;

#[test]
fn what_changed_of_the_past_is_counted_and_printed() {
    let place = Place::at("http://127.0.0.1:9");
    let factor = |value: &str| format!(r#"{{"ts_code":"600001.SH","trade_date":"20190603","adj_factor":{value}}}"#);
    let income = |value: &str, eps: &str| {
        format!(
            r#"{{"ts_code":"600001.SH","ann_date":"20240420","f_ann_date":"20240420","end_date":"20231231","report_type":"1","basic_eps":{eps},"n_income":{value}}}"#
        )
    };
    let normalize = || place.expect(0, &["normalize", "--now", NOW]);
    bronze(&place, "tushare/adj_factor/date=2019-06-03/adj_factor_20240501T100000000Z.jsonl.gz", &[&factor("1.5")]);
    bronze(&place, "tushare/income_cn/end_date=2023-12-31/a_20240501T100000000Z.jsonl.gz", &[&income("100", "1")]);
    let first = normalize();
    assert!(!first.contains("changed"), "nothing was there before: {first}");
    bronze(&place, "tushare/adj_factor/date=2019-06-03/adj_factor_20240601T100000000Z.jsonl.gz", &[&factor("1.75")]);
    bronze(&place, "tushare/income_cn/end_date=2023-12-31/a_20240601T100000000Z.jsonl.gz", &[&income("90", "2")]);
    let second = normalize();
    assert!(second.contains("! 1 figure of 1 old row changed (2019-06-03); `pitlake diff adj_factor`"), "{second}");
    assert!(second.contains("! 2 figures of 1 old row changed (2023-12-31); `pitlake diff income_cn`"), "{second}");
    let run = second.lines().find_map(|line| line.strip_prefix("report: ")).unwrap();
    let report = std::fs::read_to_string(place.path(run)).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let drift = &report["tables"]["income_cn"]["drift"];
    assert_eq!((&drift["rows"], &drift["figures"]), (&1.into(), &2.into()), "{report}");
    // Built again: nothing more has changed.
    let third = place.expect(0, &["normalize", "--full", "--now", NOW]);
    assert!(!third.contains("changed"), "{third}");
}

#[test]
fn the_same_figures_from_an_earlier_evening_changed_nothing() {
    let place = Place::at("http://127.0.0.1:9");
    let row = r#"{"exchange":"SSE","cal_date":"20230602","is_open":1,"pretrade_date":"20230601"}"#;
    for file in [
        "date=2025-11-27/trade_cal_20251127T132126259Z.jsonl.gz",
        "date=2023-12-04/trade_cal_20231204T123000000Z.jsonl.gz",
    ] {
        bronze(&place, &format!("tushare/trade_cal/{file}"), &[row]);
        let printed = place.expect(0, &["normalize", "trade_cal", "--now", NOW]);
        assert!(printed.contains("1 partition written (1 row)") && !printed.contains("changed"), "{printed}");
    }
}

#[test]
fn an_earlier_look_at_a_snapshot_moves_its_history_and_changes_nothing() {
    let place = Place::at("http://127.0.0.1:9");
    let row =
        r#"{"ts_code":"600001.SH","name":"甲","list_status":"D","list_date":"20100104","delist_date":"20220601"}"#;
    for file in [
        "date=2023-02-27/stock_basic_20230227T123000000Z.jsonl.gz",
        "date=2023-02-24/stock_basic_20230224T123000000Z.jsonl.gz",
    ] {
        bronze(&place, &format!("tushare/stock_basic_cn/{file}"), &[row]);
        let printed = place.expect(0, &["normalize", "stock_basic_cn", "--now", NOW]);
        assert!(printed.contains("1 partition written (1 row)") && !printed.contains("changed"), "{printed}");
    }
    let states = "select count(*) as n from stock_basic_history_cn where why = 'changed'";
    let states = place.expect(0, &["query", states, "--format", "json"]);
    assert!(!states.contains(":0"), "the history has states that ended: {states}");
}
