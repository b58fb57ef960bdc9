//! `diff`: what later fetches changed, and where two vendors disagree.

use std::fs;

use serde_json::{Value, json};

use crate::support::{NOW, Place};
use crate::vendors::{bars, bronze, place};

fn diff(place: &Place, args: &[&str]) -> Value {
    let args = [&["diff"], args, &["--format", "json", "--now", NOW]].concat();
    serde_json::from_str(&place.expect(0, &args)).unwrap()
}

#[test]
fn two_vendors_are_compared_in_one_unit() {
    let place = place();
    bars(&place);
    let printed = diff(&place, &["stock_daily_cn", "--between", "tushare,asharehub"]);
    // 94369.5 yuan rounds to 94370, and volumes in lots and in shares are equal.
    let expected = json!([
        {"key": {"ts_code": "000001.SZ", "trade_date": "2024-01-02"}, "what": "differs",
         "columns": {"close": {"tushare": 9.39, "asharehub": 9.41}}},
        {"key": {"ts_code": "000002.SZ", "trade_date": "2024-01-02"}, "what": "only", "vendor": "tushare"},
        {"key": {"ts_code": "000003.SZ", "trade_date": "2024-01-02"}, "what": "only", "vendor": "asharehub"},
    ]);
    assert_eq!(printed["differences"], expected);
    let counts = json!({"same": 0, "differ": 1, "only": {"tushare": 1, "asharehub": 1},
        "apart": {"tushare": 0, "asharehub": 0}, "columns": {"close": 1}});
    assert_eq!(printed["counts"], counts);
    let text = place.expect(0, &["diff", "stock_daily_cn", "--between", "asharehub,tushare", "--now", NOW]);
    for part in [
        "000001.SZ 2024-01-02: close asharehub 9.41, tushare 9.39",
        "000003.SZ 2024-01-02: only asharehub",
        "stock_daily_cn: 0 rows agree, 1 differ, 1 only from asharehub, 1 only from tushare",
    ] {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
    // Days that only one vendor has are counted but not listed.
    let line = r#"{"ts_code":"000001.SZ","trade_date":"20240103","close":9.39,"vol":1,"amount":1}"#;
    bronze(&place, "tushare/stock_daily_cn/date=2024-01-03/daily_20240103T120000000Z.jsonl.gz", &[line]);
    let printed = diff(&place, &["stock_daily_cn", "--between", "tushare,asharehub"]);
    assert_eq!((&printed["counts"]["apart"]["tushare"], &printed["differences"]), (&json!(1), &expected));
    let printed = diff(&place, &["stock_daily_cn", "--between", "tushare,asharehub", "--start", "2024-01-03"]);
    assert_eq!(printed["differences"], json!([]));
    // A vendor that no longer feeds the table can still be compared.
    let jobs = std::fs::read_to_string(place.path("jobs.toml")).unwrap();
    place.jobs(&format!("{jobs}[tables.stock_daily_cn]\nvendors = [\"asharehub\"]\n"));
    assert_eq!(
        diff(&place, &["stock_daily_cn", "--between", "tushare,asharehub", "--end", "20240102"])["differences"],
        expected
    );
}

#[test]
fn rows_are_compared_by_the_part_of_the_key_that_both_vendors_fill() {
    let place = place();
    let row = |reason: &str, amount: &str| {
        format!(
            r#"{{"ts_code":"000001.SZ","trade_date":"20240102","close":9.39,"amount":{amount},"reason":"{reason}"}}"#
        )
    };
    bronze(
        &place,
        "tushare/top_list_cn/date=2024-01-02/top_list_20240102T120000000Z.jsonl.gz",
        &[&row("up", "1000000"), &row("volume", "2004000")],
    );
    // Rounded to tens of thousands.
    let other =
        |amount: &str| format!(r#"{{"ts_code":"000001.SZ","trade_date":"20240102","close":9.39,"amount":{amount}}}"#);
    bronze(&place, "asharehub/top_list/date=2024-01-02/top_list_20240102T130000000Z.jsonl.gz", &[&other("200")]);
    let printed = diff(&place, &["top_list_cn", "--between", "tushare,asharehub"]);
    assert_eq!(printed["counts"]["same"], 1);
    let only = json!([{"key": {"trade_date": "2024-01-02", "ts_code": "000001.SZ", "reason": "up"}, "what": "only", "vendor": "tushare"}]);
    assert_eq!(printed["differences"], only);
}

#[test]
fn changes_by_later_fetches_are_listed_with_both_values() {
    let place = place();
    let name = |at: &str| format!("tushare/stock_daily_cn/date=2024-01-02/daily_202401{at}T120000000Z.jsonl.gz");
    let row = |code: &str, close: &str, vol: &str| {
        format!(r#"{{"ts_code":"{code}","trade_date":"20240102","close":{close},"vol":{vol},"amount":null}}"#)
    };
    bronze(&place, &name("02"), &[&row("000001.SZ", "9.39", "100"), &row("000002.SZ", "5", "1")]);
    bronze(
        &place,
        &name("05"),
        &[&row("000001.SZ", "9.40", "100"), &row("000002.SZ", "5.00", "1"), &row("000003.SZ", "7", "null")],
    );
    let new = r#"{"ts_code":"000001.SZ","trade_date":"20240105","close":9,"vol":1,"amount":null}"#;
    bronze(&place, "tushare/stock_daily_cn/date=2024-01-05/daily_20240105T120000000Z.jsonl.gz", &[new]);
    let expected = json!([
        {"key": {"ts_code": "000001.SZ", "trade_date": "2024-01-02"}, "what": "changed", "vendor": "tushare",
         "columns": {"close": {"before": 9.39, "now": 9.4}}},
        {"key": {"ts_code": "000003.SZ", "trade_date": "2024-01-02"}, "what": "added", "vendor": "tushare"},
    ]);
    // A day first fetched since then is new, not changed. Without a start, each day is compared with its first fetch.
    for (args, same, new) in [(&["stock_daily_cn", "--since", "2024-01-03"][..], 1, 1), (&["stock_daily_cn"], 2, 0)] {
        let printed = diff(&place, args);
        assert_eq!(printed["differences"], expected, "{args:?}");
        let counts = json!({"same": same, "differ": 1, "only": {"before": 0, "now": 1},
            "apart": {"before": 0, "now": new}, "columns": {"close": 1}});
        assert_eq!(printed["counts"], counts, "{args:?}");
    }
    assert_eq!(diff(&place, &["stock_daily_cn", "--since", "2024-01-06"])["differences"], json!([]));
    let text = place.expect(0, &["diff", "stock_daily_cn", "--since", "20240103", "--now", NOW]);
    for part in [
        "000001.SZ 2024-01-02: close 9.39 -> 9.4",
        "000003.SZ 2024-01-02: added (tushare)",
        "1 row unchanged, 1 changed",
    ] {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
    // `diff` writes nothing and needs no silver.
    assert!(place.files("").keys().all(|path| path.starts_with("bronze/")), "{:?}", place.files("").keys());
}

/// Without a second answer nothing can have changed. Listings and headers tell, so no row is read.
#[test]
fn bronze_is_read_only_where_a_slice_was_answered_again() {
    let place = place();
    let name = |day: &str, at: &str| format!("tushare/stock_daily_cn/date={day}/daily_{at}T120000000Z.jsonl.gz");
    let row = |day: &str, close: &str| {
        format!(r#"{{"ts_code":"600001.SH","trade_date":"{day}","close":{close},"vol":null,"amount":null}}"#)
    };
    bronze(&place, &name("2024-01-02", "20240102"), &[&row("20240102", "9.39")]);
    // Rows that cannot be read.
    fs::create_dir_all(place.path("data/bronze/tushare/adj_factor/date=2024-01-03")).unwrap();
    fs::write(
        place.path("data/bronze/tushare/adj_factor/date=2024-01-03/adj_factor_20240103T120000000Z.jsonl.gz"),
        "x",
    )
    .unwrap();
    for args in [&[][..], &["--since", "2024-01-01"]] {
        assert_eq!(diff(&place, args), json!([]), "{args:?}");
    }
    assert_eq!(place.expect(0, &["diff", "--now", NOW]), "no table changed\n");
    let one = diff(&place, &["stock_daily_cn"]);
    assert_eq!((&one["unread"], &one["counts"]["same"]), (&json!(1), &json!(0)));
    // Days first fetched since then and corrected later are shown; days fetched once are new.
    bronze(&place, &name("2024-01-03", "20240103"), &[&row("20240103", "9.4")]);
    bronze(&place, &name("2024-01-03", "20240104"), &[&row("20240103", "9.5")]);
    bronze(&place, &name("2024-01-04", "20240104"), &[&row("20240104", "9.6")]);
    let expected = json!([
        {"key": {"ts_code": "600001.SH", "trade_date": "2024-01-03"}, "what": "changed", "vendor": "tushare",
         "columns": {"close": {"before": 9.4, "now": 9.5}}},
    ]);
    let all = diff(&place, &["--since", "2024-01-03"]);
    assert_eq!((&all[0]["table"], &all[0]["differences"]), (&json!("stock_daily_cn"), &expected));
    assert_eq!((&all[0]["counts"]["same"], &all[0]["counts"]["apart"]["now"]), (&json!(1), &json!(1)));
    let several = diff(&place, &["stock_daily_cn", "income_cn", "--since", "2024-01-03"]);
    assert_eq!((several.as_array().unwrap().len(), &several[0]["differences"]), (2, &expected));
    assert_eq!(diff(&place, &["--since", "2024-01-05"]), json!([]));
}

#[test]
fn revisions_since_a_run_are_listed_with_the_version_before() {
    let place = place();
    let row = |code: &str, day: &str, income: &str| {
        format!(
            r#"{{"ts_code":"{code}","ann_date":"{day}","f_ann_date":"{day}","end_date":"20231231","report_type":"1","n_income":{income},"update_flag":"0"}}"#
        )
    };
    let import = |name: &str, rows: &[String], now: &str| {
        std::fs::write(place.path(name), rows.join("\n")).unwrap();
        place.expect(0, &["import", "--interface", "tushare/income_vip", name, "--now", now]);
        place.expect(0, &["normalize", "income_cn", "--now", now]);
    };
    import("a.jsonl", &[row("000001.SZ", "20240420", "100")], "2024-05-01T12:00:00Z");
    import("b.jsonl", &[row("000001.SZ", "20240420", "90"), row("000002.SZ", "20240430", "7")], "2024-06-01T12:00:00Z");
    let mut runs: Vec<String> = place.files("runs").into_keys().collect();
    runs.sort();
    let run = runs.last().unwrap().trim_start_matches("runs/").trim_end_matches(".json").to_owned();
    let expected = json!([
        {"key": {"ts_code": "000001.SZ", "end_date": "2023-12-31", "report_type": "1"}, "what": "changed", "vendor": "tushare",
         "columns": {"n_income": {"before": 100.0, "now": 90.0}}, "revision": 2, "known_on": "2024-06-01",
         "observed_at": "2024-06-01T12:00:00Z"},
        {"key": {"ts_code": "000002.SZ", "end_date": "2023-12-31", "report_type": "1"}, "what": "added", "vendor": "tushare",
         "revision": 1, "known_on": "2024-04-30", "observed_at": "2024-06-01T12:00:00Z"},
    ]);
    for since in [run.as_str(), "2024-06-01"] {
        assert_eq!(diff(&place, &["income_cn", "--since", since])["differences"], expected, "{since}");
    }
    assert_eq!(diff(&place, &["income_cn"])["differences"], json!([expected[0]]));
    assert_eq!(diff(&place, &["income_cn", "--since", "2024-06-02"])["differences"], json!([]));
}

#[test]
fn unknown_names_and_bad_ranges_are_2() {
    let place = place();
    bars(&place);
    for (args, part) in [
        (&["stock_dayly_cn"][..], "did you mean `stock_daily_cn`"),
        (&["stock_daily_cn", "--since", "20240102T103000000Z"], "unknown run `20240102T103000000Z`"),
        (&["stock_daily_cn", "--between", "tushare,asharehud"], "did you mean `asharehub`"),
        (&["stock_daily_cn", "--between", "tushare,f10"], "`f10` does not feed `stock_daily_cn`"),
        (&["stock_daily_cn", "--between", "tushare"], "two vendors"),
        (&["stock_daily_cn", "--between", "tushare,tushare"], "two vendors"),
        (&["stock_daily_cn", "--between", "tushare,asharehub", "--since", "2024-01-02"], "cannot be used with"),
        (&["stock_daily_cn", "--start", "2024-02-01", "--end", "2024-01-01"], "is before --start"),
        (&["stock_basic_cn", "--start", "2024-02-01"], "has no event day"),
        (&["stock_daily_cn", "--lake", "typo"], "no lake at"),
    ] {
        let output = place.run(&[&["diff"], args].concat());
        let printed = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {printed}");
        assert!(printed.contains(part), "{args:?}: {printed}");
    }
}
