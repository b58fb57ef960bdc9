//! AlphaFin: symbols, refusals in two envelopes, and statements derived from Tushare's.

use super::caller::Sandbox;
use super::{MARKET, Row, grouped, moment, table, table_at};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The statements of the interface, one row each.
const STATEMENTS: &str = "alphafin/income_statement/income_statements";

impl Sandbox {
    fn alphafin(&self, query: &str) -> (u16, Value) {
        let raw = self.get(&format!("/alphafin/v1/financials/income-statement?{query}"));
        (raw.status(), raw.json())
    }

    fn statements(&self, query: &str) -> Value {
        let (status, mut body) = self.alphafin(query);
        assert_eq!((status, &body["code"], &body["message"]), (200, &json!(200), &json!("success")), "{query}");
        body["data"].take()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn symbols_come_in_three_forms_and_batches() {
    let sandbox = Sandbox::open().await;
    let one = sandbox.statements("symbol=600001.SH");
    assert_eq!(one["income_statements"].as_array().unwrap().len(), 2, "of the years 2021 and 2022");
    for form in ["600001", "sh.600001", "600001.sh"] {
        assert_eq!(sandbox.statements(&format!("symbol={form}")), one);
    }
    assert_eq!(sandbox.statements("symbol=600001,600001.SH")[0], one);
    let two = sandbox.statements("symbol=600001.SH,%20000001");
    assert_eq!((&two[0]["symbol"], &two[1]["symbol"]), (&json!("600001"), &json!("000001")));
    for (more, expected) in [
        ("begin_date=2022-06-30&end_date=2022-12-31", &["2022-12-31", "2022-09-30", "2022-06-30"][..]),
        ("limit=1&end_date=2022-07-01", &["2022-06-30"]),
    ] {
        let data = sandbox.statements(&format!("symbol=600001&period=quarterly&{more}"));
        let rows = data["income_statements"].as_array().unwrap();
        assert!(rows.iter().map(|row| row["report_date"].as_str().unwrap()).eq(expected.iter().copied()), "{more}");
    }
    let narrow = sandbox.statements("symbol=600001&fields=net_profit,revenue,nonsense&limit=1");
    assert!(narrow["income_statements"][0].as_object().unwrap().keys().eq(["net_profit", "revenue"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_come_in_two_envelopes() {
    let sandbox = Sandbox::open().await;
    let denied = |query: &str| {
        let (status, body) = sandbox.alphafin(query);
        assert!(body["data"].is_null());
        let code = body.pointer("/error/code").unwrap_or(&body["code"]);
        (status, code.as_str().map_or_else(|| code.to_string(), str::to_owned))
    };
    let [one, other] = [(); 2].map(|()| denied("symbol=600001.SH,999999.SH"));
    assert!(one.1 == "invalid_symbol" && one.1 == other.1);
    assert_eq!(BTreeSet::from([one.0, other.0]), BTreeSet::from([200, 404]));
    for (query, code) in [
        (&*format!("symbol={}", ["600001"; 11].join(",")), "too_many_symbols"),
        ("symbol=600001&period=daily", "invalid_period"),
        ("symbol=600001&report_type=merged", "invalid_report_type"),
        ("symbol=600001&begin_date=2030-01-01&end_date=2031-01-01", "no_data"),
        ("period=annual", "invalid_symbol"),
        ("symbol=920001.BJ", "invalid_symbol"),
        ("symbol=600001&limit=21", "400"),
        ("symbol=600001&begin_date=20220101", "400"),
    ] {
        assert_eq!(denied(query).1, code, "{query}");
    }
}

#[test]
fn twelve_months_are_made_of_reports() {
    let mut rows = table(&MARKET, STATEMENTS);
    assert!(rows.iter().all(|row| row["period"] != *"quarterly" || row.is_null("annual_growth_revenue")));
    for row in rows.iter().filter(|row| !row.is_null("net_margin net_profit revenue")) {
        let expected = row.units("net_profit", 2).zip(row.units("revenue", 2)).map(|(p, r)| p * 10_000 / r);
        let margin = row.units("net_margin", 2);
        assert!(margin.zip(expected).is_none_or(|(margin, expected)| (margin - expected).abs() <= 1), "{row:?}");
    }
    rows.retain(|row| row["symbol"] == *"600001" && row["report_type"] == *"consolidated");
    let revenue = |period: &str| -> BTreeMap<&str, i64> {
        let rows = rows.iter().filter(|row| row["period"] == *period);
        rows.map(|row| (&row["report_date"], row.cents("revenue"))).collect()
    };
    let (annual, quarterly, trailing) = (revenue("annual"), revenue("quarterly"), revenue("ttm"));
    assert!(annual.keys().all(|day| day.ends_with("12-31")) && annual.len() == 2);
    assert_eq!(trailing["2022-12-31"], annual["2022-12-31"]);
    let expected = quarterly["2022-09-30"] + quarterly["2021-12-31"] - quarterly["2021-09-30"];
    assert_eq!(trailing["2022-09-30"], expected);
    assert!(!trailing.contains_key("2021-03-31"), "nothing before it to make it of");
}

#[test]
fn reports_are_restated_in_place() {
    let key = "symbol period report_type report_date";
    let early = grouped(table_at(&MARKET, STATEMENTS, moment("2023-03-01T12:00:00Z")), key);
    let late = grouped(table(&MARKET, STATEMENTS), key);
    assert!(late.values().all(|rows| rows.len() == 1), "one row a report");
    assert!(early.len() < late.len());
    let profit = |rows: &[Row]| rows[0].units("net_profit", 2);
    assert!(early.iter().any(|(key, rows)| profit(rows) != profit(&late[key])));
    // The latest statement at Tushare is the one here.
    let mut income = table(&MARKET, "income");
    income.retain(|row| ["1", "4"].contains(&&row["report_type"]));
    let announced = |row: &Row| if row.is_null("f_ann_date") { "ann_date" } else { "f_ann_date" };
    income.sort_by_cached_key(|row| (row[announced(row)].to_owned(), row["update_flag"].to_owned()));
    for (key, rows) in late.iter().filter(|(key, _)| key[1] == "annual" && key[2] == "consolidated") {
        let is_same = |row: &&Row| row["ts_code"].starts_with(&key[0]) && row["end_date"] == *key[3].replace('-', "");
        assert_eq!(profit(rows), income.iter().rfind(is_same).unwrap().units("n_income", 2), "{key:?}");
    }
}
