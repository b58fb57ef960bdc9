//! F10: its wire against the market, its failures, and whether prices and multiples follow from the bars.

use super::caller::{Raw, Sandbox, no_limits};
use super::{MARKET, Row, key, settings, table, text, units};
use crate::{Cell, Settings, TOKEN};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn earnings(symbol: &str) -> String {
    format!("v1/quote/{symbol}/f10/earnings-price-history")
}

fn detail(symbol: &str, kind: u8, interval: u8) -> String {
    format!("v1/quote/{symbol}/f10/valuation-detail?valuation_type={kind}&interval_type={interval}")
}

impl Sandbox {
    fn f10(&self, path: &str) -> Raw {
        self.ask(&format!("/f10/{path}"), &[])
    }

    fn f10_data(&self, path: &str) -> Value {
        let raw = self.f10(path);
        let mut body: Value = serde_json::from_slice(&raw.body).unwrap();
        assert_eq!((raw.status(), &body["ret_code"], &body["ret_msg"]), (200, &json!(0), &json!("success")), "{path}");
        body["data"].take()
    }

    fn f10_failure(&self, path: &str) -> (u16, i64, String) {
        let raw = self.f10(path);
        let body: Value = serde_json::from_slice(&raw.body).unwrap();
        assert!(body.get("data").is_none() && body["ret_msg"].is_string());
        let name = body["error"]["code"].as_str().unwrap().to_owned();
        (raw.status(), body["ret_code"].as_i64().unwrap(), name)
    }
}

/// A row as the object that the wire should hold.
fn object(row: &Row) -> Value {
    let pathless = |name: &str, cell: &Cell| name.starts_with("schedule_") && *cell == Cell::Null;
    let fields = row.iter().filter(|(name, cell)| **name != "symbol" && !pathless(name, cell));
    fields.map(|(name, cell)| ((*name).to_owned(), cell.json())).collect()
}

fn whole(row: &Row, column: &str) -> i64 {
    text(row, column).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_generations_of_paths_give_the_markets_records() {
    let sandbox = Sandbox::start(no_limits()).await;
    let rows = table(&MARKET, "f10/earnings_price_history");
    for symbol in ["SH.600001", "SZ.000001"] {
        let mut records = sandbox.f10_data(&earnings(symbol))["records"].as_array().unwrap().clone();
        let newer = sandbox.f10_data(&format!("api/v1.0/quote/{symbol}/financials/earnings-price-history"));
        assert_eq!(newer["records"], json!(records));
        assert_eq!(records[0]["is_current"], true);
        let periods = |records: &[Value]| -> Vec<(i64, i64)> {
            records
                .iter()
                .map(|row| (row["fiscal_year"].as_i64().unwrap(), row["financial_type"].as_i64().unwrap()))
                .collect()
        };
        assert!(periods(&records).is_sorted_by(|a, b| a >= b), "newest first");
        let expected: Vec<Value> = rows.iter().filter(|row| text(row, "symbol") == symbol).map(object).collect();
        let order = |row: &Value| row.to_string();
        records.sort_by_key(order);
        let mut expected = expected;
        expected.sort_by_key(order);
        assert_eq!(records, expected);
    }
    assert_eq!(sandbox.server.calls()["f10/earnings_price_history"], 4);
}

#[test]
fn paths_follow_from_the_bars() {
    let bars: BTreeMap<_, Row> = table(&MARKET, "daily").into_iter().map(|row| (key(&row), row)).collect();
    let rows = table(&MARKET, "f10/earnings_price_history");
    let bar = |row: &Row, day: &str| {
        let (exchange, digits) = text(row, "symbol").split_once('.').unwrap();
        bars.get(&(format!("{digits}.{exchange}"), text(row, day).replace('-', "")))
    };
    let mut kinds = BTreeSet::new();
    let (mut lengths, mut pathless, mut missing) = (BTreeMap::new(), 0, 0);
    for row in &rows {
        kinds.insert((text(row, "financial_type").to_owned(), text(row, "pub_type").to_owned()));
        let event = (text(row, "symbol"), text(row, "period_text"));
        if row["schedule_delta"] == Cell::Null {
            pathless += 1;
            assert_eq!((&row["schedule_close_price"], row["volume"].text()), (&Cell::Null, Some("0")));
            continue;
        }
        *lengths.entry(event).or_insert(0) += 1;
        let delta = whole(row, "schedule_delta");
        assert!((-15..=14).contains(&delta));
        missing += usize::from(units(row, "schedule_close_price", 2) == Some(0));
        if delta == 0 {
            let close = bar(row, "pub_trading_day_str").and_then(|bar| units(bar, "close", 2));
            assert_eq!(units(row, "schedule_close_price", 2), Some(close.unwrap_or(0)));
        }
        if let (Some(day), true) = (bar(row, "trading_day_str"), whole(row, "volume") > 0) {
            assert_eq!(units(row, "close_price", 2), units(day, "close", 2));
            // Shares here, lots there.
            assert_eq!(units(row, "volume", 0), units(day, "vol", 2));
        }
        // The day is in thousandths of a second, the moment in seconds, both of Shanghai.
        let midnight = moment(&format!("{}T00:00:00+08:00", text(row, "pub_trading_day_str")));
        assert_eq!(whole(row, "pub_trading_day"), midnight.timestamp_millis());
        let published = moment(&format!("{}+08:00", text(row, "pub_time_str").replace(' ', "T")));
        assert_eq!(whole(row, "pub_time"), published.timestamp());
        let same_day = text(row, "pub_trading_day_str") == text(row, "trading_day_str");
        assert_eq!(same_day, text(row, "pub_type") == "1");
    }
    assert_eq!(kinds.len(), 8, "{kinds:?}");
    assert!(lengths.values().any(|length| *length == 30) && lengths.values().any(|length| *length < 30));
    assert!(pathless > 0 && missing > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_report_has_no_prices_after_now() {
    let sandbox = Sandbox::start(no_limits()).await;
    sandbox.server.set_epoch(moment("2023-04-18T20:00:00+08:00"));
    let at = Some(moment("2023-04-18T20:00:00+08:00"));
    let rows = super::named(sandbox.market.rows_at("f10/earnings_price_history", at).unwrap());
    let coming: Vec<&Row> = rows.iter().filter(|row| text(row, "pub_time") == "0").collect();
    assert!(!coming.is_empty());
    for row in &coming {
        assert!(text(row, "pub_trading_day_str") >= "2023-04-18" && whole(row, "schedule_delta") <= 0);
        assert_eq!((text(row, "is_current"), text(row, "trading_day"), text(row, "pub_type")), ("true", "0", "0"));
    }
    let symbol = text(coming[0], "symbol");
    let record = &sandbox.f10_data(&earnings(symbol))["records"][0];
    assert_eq!((&record["is_current"], &record["pub_time"]), (&json!(true), &json!(0)));
    let current: BTreeSet<(&str, &str)> = rows
        .iter()
        .filter(|row| text(row, "is_current") == "true")
        .map(|row| (text(row, "symbol"), text(row, "period_text")))
        .collect();
    let symbols: BTreeSet<&str> = rows.iter().map(|row| text(row, "symbol")).collect();
    assert_eq!(current.len(), symbols.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_have_the_gateways_codes() {
    let sandbox = Sandbox::start(no_limits()).await;
    let failed = |path: &str| sandbox.f10_failure(path);
    let code = |code: i64, name: &str| (code, name.to_owned());
    let without_status = |(_, code, name): (u16, i64, String)| (code, name);
    for symbol in ["600001", "SH.", "sh.600001", "SH.6000010000000000000000000000000000"] {
        assert_eq!(without_status(failed(&earnings(symbol))), code(-3, "invalid_parameter"), "{symbol}");
        assert_eq!(without_status(failed(&detail(symbol, 1, 3))), code(-3, "invalid_parameter"), "{symbol}");
    }
    for (kind, interval) in [(0, 3), (4, 3), (1, 0), (1, 11)] {
        assert_eq!(without_status(failed(&detail("SH.600001", kind, interval))), code(-3, "invalid_parameter"));
    }
    assert_eq!(failed(&earnings("HK.00700")), (404, -7, "invalid_symbol".to_owned()));
    assert_eq!(failed(&detail("HK.00700", 1, 3)), (404, -7, "invalid_symbol".to_owned()));
    assert_eq!(failed(&earnings("BJ.920001")), (200, -8, "unsupported".to_owned()));
    assert_eq!(failed(&earnings("SH.000300")), (200, -10, "no_data".to_owned()));
    sandbox.f10_data(&detail("BJ.920001", 1, 3));
    assert_eq!(sandbox.f10("v2/quote/SH.600001").status(), 404);

    let bearer = |token: &str| {
        let header = format!("Bearer {token}");
        sandbox.ask(&format!("/f10/{}", earnings("SH.600001")), &[("Authorization", &header)])
    };
    assert_eq!((bearer(TOKEN).status(), bearer("other").status()), (200, 401));
    let body: Value = serde_json::from_slice(&bearer("other").body).unwrap();
    assert!(body.get("ret_code").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_calls_a_second() {
    let sandbox = Sandbox::start(settings()).await;
    let first = sandbox.f10(&earnings("SH.600001"));
    assert!(first.head.contains("x-ratelimit-remaining: 9"));
    // Some second will see more than ten.
    let refused = (0..5000).map(|_| sandbox.f10(&earnings("HK.1"))).find(|raw| raw.status() == 429).unwrap();
    assert!(refused.head.contains("retry-after: 1"), "{}", refused.head);
    let body: Value = serde_json::from_slice(&refused.body).unwrap();
    assert_eq!((&body["code"], body.get("ret_code")), (&json!(429_001), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_the_gateways() {
    let sandbox = Sandbox::start(Settings { faults: 1, ..no_limits() }).await;
    let mut seen = Vec::new();
    for interval in 1..=7 {
        let path = detail("SH.600001", 1, interval);
        seen.push(sandbox.f10(&path));
        sandbox.f10_data(&path);
    }
    assert_eq!(seen.iter().map(Raw::status).collect::<Vec<_>>(), [503, 502, 200, 200, 429, 0, 200]);
    let internal: Value = serde_json::from_slice(&seen[2].body).unwrap();
    assert_eq!((&internal["ret_code"], &internal["error"]["code"]), (&json!(-6), &json!("internal_error")));
    assert!(seen[4].head.contains("retry-after"));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_the_markets_five_tables() {
    let sandbox = Sandbox::start(no_limits()).await;
    let part = |name: &str| table(&MARKET, &format!("f10/valuation_detail/{name}"));
    let snapshots = part("snapshot");
    let [history, sections, peers, growth] = ["history", "market_section", "plate_stock", "profit_growth"].map(part);
    let about = |rows: &[Row], snapshot: &Row| -> Vec<Row> {
        let same = |row: &&Row| ["symbol", "valuation_type"].iter().all(|name| row[*name] == snapshot[*name]);
        rows.iter().filter(same).cloned().collect()
    };
    let (mut losses, mut grown) = (0, 0);
    for snapshot in snapshots.iter().step_by(7) {
        let kind = whole(snapshot, "valuation_type");
        let data = sandbox.f10_data(&detail(text(snapshot, "symbol"), u8::try_from(kind).unwrap(), 3));
        assert_eq!(data["valuation_type"], kind);
        for (path, column) in [
            ("/last_update_time", "last_update_time"),
            ("/last_update_time_str", "last_update_time_str"),
            ("/trend/current_value", "current_value"),
            ("/trend/average_value", "average_value"),
            ("/trend/avg_minus_1_stddev", "avg_minus_1_stddev"),
            ("/trend/avg_plus_1_stddev", "avg_plus_1_stddev"),
            ("/trend/valuation_percentile", "valuation_percentile"),
            ("/trend/forward_value", "forward_value"),
            ("/market_distribution/total", "md_total"),
            ("/market_distribution/ranking", "md_ranking"),
            ("/market_distribution/average_value", "md_average"),
            ("/market_distribution/median_value", "md_median"),
            ("/plate_distribution/plate", "plate"),
            ("/plate_distribution/plate_name", "plate_name"),
            ("/plate_distribution/plate_average_value", "plate_average_value"),
            ("/plate_distribution/plate_ranking", "plate_ranking"),
            ("/plate_distribution/plate_stock_item_count", "plate_stock_item_count"),
            ("/profit_growth_rate/financial_ttm_multiple", "financial_ttm_multiple"),
            ("/profit_growth_rate/market_cap_multiple", "market_cap_multiple"),
            ("/profit_growth_rate/year_count", "year_count"),
            ("/profit_growth_rate/conclusion_detailed", "conclusion_detailed"),
        ] {
            assert_eq!(data.pointer(path).cloned().unwrap_or_default(), snapshot[column].json(), "{path}");
        }
        let lists = [
            ("/trend/historical_items", &history, "time", "time"),
            ("/market_distribution/sections", &sections, "number", "number"),
            ("/plate_distribution/stock_items", &peers, "market_cap", "market_cap"),
            ("/profit_growth_rate/profit_data", &growth, "finance_data_multiple", "finance_data_multiple"),
        ];
        for (path, rows, there, here) in lists {
            let sent = data.pointer(path).and_then(Value::as_array).cloned().unwrap_or_default();
            let mut sent: Vec<String> = sent.iter().map(|item| item[there].to_string()).collect();
            let mut expected: Vec<String> =
                about(rows, snapshot).iter().map(|row| row[here].json().to_string()).collect();
            sent.sort();
            expected.sort();
            assert_eq!(sent, expected, "{path}");
        }
        // Multiples of assets have neither a forecast nor growth.
        assert!(kind != 2 || snapshot["forward_value"] == Cell::Null && data.get("profit_growth_rate").is_none());
        let [low, middle, high] =
            ["avg_minus_1_stddev", "average_value", "avg_plus_1_stddev"].map(|name| units(snapshot, name, 3).unwrap());
        assert_eq!(middle - low, high - middle);
        assert!((0..=10_000).contains(&units(snapshot, "valuation_percentile", 2).unwrap()));
        losses += about(&peers, snapshot).iter().filter(|row| text(row, "value").starts_with('-')).count();
        grown += usize::from(data.get("profit_growth_rate").is_some());
    }
    assert!(losses > 0 && grown > 0);
    assert!(sections.iter().any(|row| text(row, "section_end") == "0" && text(row, "section_start") != "0"));
}

#[test]
fn multiples_are_those_of_daily_basic() {
    let basics: BTreeMap<_, Row> = table(&MARKET, "daily_basic").into_iter().map(|row| (key(&row), row)).collect();
    let mut compared = 0;
    for row in &table(&MARKET, "f10/valuation_detail/history") {
        let (exchange, digits) = text(row, "symbol").split_once('.').unwrap();
        let Some(basic) = basics.get(&(format!("{digits}.{exchange}"), text(row, "date").replace('-', ""))) else {
            continue; // suspended
        };
        let column = ["pe_ttm", "pb", "ps_ttm"][usize::try_from(whole(row, "valuation_type") - 1).unwrap()];
        match units(basic, column, 4) {
            Some(theirs) => {
                let ours = units(row, "value", 3).unwrap();
                assert!((ours * 10 - theirs).abs() <= 10, "{ours} {theirs}");
                compared += 1;
            }
            None => assert!(text(row, "value").starts_with('-')),
        }
    }
    assert!(compared > 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn some_securities_have_less_or_nothing() {
    let sandbox = Sandbox::start(no_limits()).await;
    let index = sandbox.f10_data(&detail("SH.000300", 1, 3));
    assert!(!index["trend"]["historical_items"].as_array().unwrap().is_empty());
    assert!(index["market_distribution"]["total"].as_i64().unwrap() > 40);
    assert!(index["market_distribution"].get("ranking").is_none() && index.get("plate_distribution").is_none());
    // Listed, known, and not covered: no failure, only zeros.
    let covered: BTreeSet<String> =
        table(&MARKET, "f10/valuation_detail/snapshot").iter().map(|row| text(row, "symbol").to_owned()).collect();
    let listed = table(&MARKET, "stock_basic");
    let symbols = listed.iter().filter(|row| text(row, "list_status") == "L").map(|row| {
        let (digits, exchange) = text(row, "ts_code").split_once('.').unwrap();
        format!("{exchange}.{digits}")
    });
    let uncovered = symbols.into_iter().find(|symbol| !covered.contains(symbol)).unwrap();
    let data = sandbox.f10_data(&detail(&uncovered, 1, 3));
    assert_eq!((&data["last_update_time"], &data["last_update_time_str"]), (&json!(0), &json!("")));
    assert_eq!(data["trend"]["historical_items"], json!([]));
    // A year of weeks, three years of months, and the defaults of those who do not say.
    let items = |path: &str| sandbox.f10_data(path)["trend"]["historical_items"].as_array().unwrap().len();
    assert!(items(&detail("SH.600001", 1, 3)) > 2 * items(&detail("SH.600001", 1, 4)));
    assert!(items(&detail("SH.600001", 1, 1)) < items(&detail("SH.600001", 1, 3)));
    let plain = sandbox.f10_data("v1/quote/SH.600001/f10/valuation-detail");
    assert_eq!(plain, sandbox.f10_data(&detail("SH.600001", 1, 3)));
    assert_eq!(plain, sandbox.f10_data("api/v1.0/quote/SH.600001/valuation/detail?valuation_type=1"));
    // The clock is the market's.
    sandbox.server.set_epoch(moment("2023-03-01T12:00:00+08:00"));
    let data = sandbox.f10_data(&detail("SH.600001", 1, 3));
    assert_eq!(data["last_update_time_str"], "2023-02-28 16:18:06");
}
