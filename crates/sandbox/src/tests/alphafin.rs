//! AlphaFin: its wire, its refusals, and its figures against Tushare's income statements.

use super::caller::{Raw, Sandbox, no_limits};
use super::{MARKET, Row, named, settings, table, text, units};
use crate::{Cell, Settings, TOKEN};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The statements of the interface, one row each.
const STATEMENTS: &str = "alphafin/income_statement/income_statements";

impl Sandbox {
    fn alphafin(&self, query: &str) -> Raw {
        self.ask(&format!("/alphafin/v1/financials/income-statement?{query}"), &[("X-API-KEY", TOKEN)])
    }

    fn statements(&self, query: &str) -> Value {
        let raw = self.alphafin(query);
        let mut body: Value = serde_json::from_slice(&raw.body).unwrap();
        assert_eq!((raw.status(), &body["code"], &body["message"]), (200, &json!(200), &json!("success")), "{query}");
        body["data"].take()
    }

    /// Status and code, wherever it stands.
    fn denied(&self, query: &str) -> (u16, String) {
        let raw = self.alphafin(query);
        let body: Value = serde_json::from_slice(&raw.body).unwrap();
        assert!(body["data"].is_null());
        let code = body.pointer("/error/code").unwrap_or(&body["code"]);
        (raw.status(), code.as_str().map_or_else(|| code.to_string(), str::to_owned))
    }
}

/// A figure of a statement by its short name, in hundredths.
fn cents(row: &Row, name: &str) -> Option<i64> {
    units(row, &format!("income_statements.{name}"), 2)
}

fn day(row: &Row) -> &str {
    text(row, "income_statements.report_date")
}

#[tokio::test(flavor = "multi_thread")]
async fn symbols_come_in_three_forms_and_batches() {
    let sandbox = Sandbox::start(no_limits()).await;
    let one = sandbox.statements("symbol=600001.SH");
    assert_eq!(one["income_statements"].as_array().unwrap().len(), 2, "of the years 2021 and 2022");
    for form in ["600001", "sh.600001", "600001.sh", "600001,600001.SH"] {
        let data = sandbox.statements(&format!("symbol={form}"));
        assert_eq!(if form.contains(',') { &data[0] } else { &data }, &one);
    }
    let two = sandbox.statements("symbol=600001.SH,%20000001");
    let codes: Vec<&str> = two.as_array().unwrap().iter().map(|item| item["symbol"].as_str().unwrap()).collect();
    assert_eq!(codes, ["600001", "000001"]);
    let quarters = |more: &str| -> Vec<String> {
        let data = sandbox.statements(&format!("symbol=600001&period=quarterly{more}"));
        let rows = data["income_statements"].as_array().unwrap();
        rows.iter().map(|row| row["report_date"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(quarters("").len(), 5);
    assert_eq!(quarters("&begin_date=2022-06-30&end_date=2022-12-31"), ["2022-12-31", "2022-09-30", "2022-06-30"]);
    assert_eq!(quarters("&limit=1&end_date=2022-07-01"), ["2022-06-30"]);
    let narrow = sandbox.statements("symbol=600001&fields=net_profit,revenue,nonsense&limit=1");
    let names: Vec<&String> = narrow["income_statements"][0].as_object().unwrap().keys().collect();
    assert_eq!(names, ["net_profit", "revenue"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_come_in_two_envelopes() {
    let sandbox = Sandbox::start(no_limits()).await;
    let bad = "symbol=600001.SH,999999.SH";
    let replies = BTreeSet::from([sandbox.denied(bad), sandbox.denied(bad)]);
    assert_eq!(replies, BTreeSet::from([(200, "invalid_symbol".to_owned()), (404, "invalid_symbol".to_owned())]));
    let eleven = format!("symbol={}", ["600001"; 11].join(","));
    for (query, code) in [
        (eleven.as_str(), "too_many_symbols"),
        ("symbol=600001&period=daily", "invalid_period"),
        ("symbol=600001&report_type=merged", "invalid_report_type"),
        ("symbol=600001&begin_date=2030-01-01&end_date=2031-01-01", "no_data"),
        ("period=annual", "invalid_symbol"),
        ("symbol=920001.BJ", "invalid_symbol"),
        ("symbol=600001&limit=21", "400"),
        ("symbol=600001&begin_date=20220101", "400"),
    ] {
        assert_eq!(sandbox.denied(query).1, code, "{query}");
    }
    let path = "/alphafin/v1/financials/income-statement?symbol=600001";
    let status = |path: &str, headers: &[(&str, &str)]| sandbox.ask(path, headers).status();
    assert_eq!([status(path, &[]), status(path, &[("X-API-KEY", "other")])], [401, 401]);
    assert_eq!(status(&format!("{path}&api_key={TOKEN}"), &[]), 200);
    assert_eq!(status("/alphafin/v1/market/daily", &[("X-API-KEY", TOKEN)]), 404);

    let limited = Sandbox::start(settings()).await;
    // Some minute will see more than a hundred.
    let refused = (0..2000).map(|_| limited.alphafin("symbol=1")).find(|raw| raw.status() == 429).unwrap();
    assert!(refused.head.contains("retry-after: "));
    let faulty = Sandbox::start(Settings { faults: 1, ..no_limits() }).await;
    let statuses: Vec<u16> = (1..=7)
        .map(|limit| {
            let status = faulty.alphafin(&format!("symbol=600001&limit={limit}")).status();
            faulty.statements(&format!("symbol=600001&limit={limit}"));
            status
        })
        .collect();
    assert_eq!(statuses, [503, 502, 200, 200, 429, 0, 200]);
}

#[test]
fn figures_add_up() {
    let mut compared = 0;
    for row in &table(&MARKET, STATEMENTS) {
        let cents = |name: &str| cents(row, name);
        let sum = |parts: [&str; 2], sign: i64| Some(cents(parts[0])? + sign * cents(parts[1])?);
        let near = |a: Option<i64>, b: Option<i64>| match (a, b) {
            // Sums of figures with fewer digits.
            (Some(a), Some(b)) => assert!((a - b).abs() <= a.abs() / 1000 + 100, "{a} {b} {row:?}"),
            _ => assert_eq!(a.is_none(), b.is_none(), "{row:?}"),
        };
        near(sum(["revenue", "operating_cost"], -1), cents("gross_profit"));
        near(sum(["profit_before_tax", "income_tax"], -1), cents("net_profit"));
        near(sum(["net_profit_parent", "net_profit_minority"], 1), cents("net_profit"));
        near(sum(["comprehensive_income_parent", "comprehensive_income_minority"], 1), cents("comprehensive_income"));
        if let (Some(margin), Some(profit), Some(revenue)) =
            (cents("net_margin"), cents("net_profit"), cents("revenue"))
        {
            assert!((margin - profit * 10_000 / revenue).abs() <= 1);
            compared += 1;
        }
        assert!(text(row, "period") != "quarterly" || cents("annual_growth_revenue").is_none());
    }
    assert!(compared > 500);
}

#[test]
fn twelve_months_are_made_of_reports() {
    let rows = table(&MARKET, STATEMENTS);
    let revenue = |period: &str| -> BTreeMap<String, i64> {
        let wanted = |row: &&Row| {
            text(row, "symbol") == "600001"
                && text(row, "period") == period
                && text(row, "report_type") == "consolidated"
        };
        rows.iter().filter(wanted).map(|row| (day(row).to_owned(), cents(row, "revenue").unwrap())).collect()
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
    let early = "2023-03-01T12:00:00Z".parse().unwrap();
    let early = named(MARKET.rows_at(STATEMENTS, Some(early)).unwrap());
    let late = table(&MARKET, STATEMENTS);
    let key = |row: &Row| ["symbol", "period", "report_type", "income_statements.report_date"].map(|n| row[n].clone());
    let late_keys: BTreeMap<_, &Row> = late.iter().map(|row| (key(row).map(|cell| format!("{cell:?}")), row)).collect();
    assert_eq!(late_keys.len(), late.len(), "one row a report");
    assert!(early.len() < late.len());
    let then = |row: &Row| late_keys[&key(row).map(|cell| format!("{cell:?}"))];
    assert!(early.iter().any(|row| cents(row, "net_profit") != cents(then(row), "net_profit")));
    // What Tushare calls the latest is what is here.
    let income = table(&MARKET, "income");
    let newest = |symbol: &str, day: &str| {
        let rows = income.iter().filter(|row| {
            text(row, "ts_code").starts_with(symbol)
                && text(row, "end_date") == day
                && ["1", "4"].contains(&text(row, "report_type"))
        });
        rows.max_by_key(|row| {
            let announced = if row["f_ann_date"] == Cell::Null { "ann_date" } else { "f_ann_date" };
            (text(row, announced).to_owned(), text(row, "update_flag").to_owned())
        })
    };
    for row in late.iter().filter(|row| text(row, "period") == "annual" && text(row, "report_type") == "consolidated") {
        let theirs = newest(text(row, "symbol"), &day(row).replace('-', "")).unwrap();
        assert_eq!(cents(row, "net_profit"), units(theirs, "n_income", 2));
    }
}
