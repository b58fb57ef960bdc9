//! F10: its wire, its failures, and whether prices and multiples follow from the bars.

use super::caller::{Raw, Sandbox, no_limits};
use super::{MARKET, Row, key, named, settings, table, text, units};
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

fn whole(row: &Row, column: &str) -> i64 {
    text(row, column).parse().unwrap()
}

/// `SH.600001` as Tushare writes it, and a day of the row.
fn tushare(row: &Row, day: &str) -> (String, String) {
    let (exchange, digits) = text(row, "symbol").split_once('.').unwrap();
    (format!("{digits}.{exchange}"), text(row, day).replace('-', ""))
}

#[test]
fn paths_follow_from_the_bars() {
    let bars: BTreeMap<_, Row> = table(&MARKET, "daily").into_iter().map(|row| (key(&row), row)).collect();
    let mut kinds = BTreeSet::new();
    let (mut lengths, mut pathless, mut missing) = (BTreeMap::new(), 0, 0);
    for row in &table(&MARKET, "f10/earnings_price_history") {
        kinds.insert((text(row, "financial_type").to_owned(), text(row, "pub_type").to_owned()));
        if row["schedule_delta"] == Cell::Null {
            pathless += 1;
            assert_eq!((&row["schedule_close_price"], row["volume"].text()), (&Cell::Null, Some("0")));
            continue;
        }
        *lengths.entry((text(row, "symbol").to_owned(), text(row, "period_text").to_owned())).or_insert(0) += 1;
        let delta = whole(row, "schedule_delta");
        assert!((-15..=14).contains(&delta));
        missing += usize::from(units(row, "schedule_close_price", 2) == Some(0));
        if delta == 0 {
            let close = bars.get(&tushare(row, "pub_trading_day_str")).and_then(|bar| units(bar, "close", 2));
            assert_eq!(units(row, "schedule_close_price", 2), Some(close.unwrap_or(0)));
        }
        if let (Some(bar), true) = (bars.get(&tushare(row, "trading_day_str")), whole(row, "volume") > 0) {
            assert_eq!(units(row, "close_price", 2), units(bar, "close", 2));
            // Shares here, lots there.
            assert_eq!(units(row, "volume", 0), units(bar, "vol", 2));
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
    let now = moment("2023-04-18T20:00:00+08:00");
    sandbox.server.set_epoch(now);
    let rows = named(sandbox.market.rows_at("f10/earnings_price_history", Some(now)).unwrap());
    let coming: Vec<&Row> = rows.iter().filter(|row| text(row, "pub_time") == "0").collect();
    assert!(!coming.is_empty());
    for row in &coming {
        assert!(text(row, "pub_trading_day_str") >= "2023-04-18" && whole(row, "schedule_delta") <= 0);
        assert_eq!((text(row, "is_current"), text(row, "trading_day"), text(row, "pub_type")), ("true", "0", "0"));
    }
    // The newest report first, under both generations of paths.
    let symbol = text(coming[0], "symbol");
    let data = sandbox.f10_data(&earnings(symbol));
    assert_eq!(data, sandbox.f10_data(&format!("api/v1.0/quote/{symbol}/financials/earnings-price-history")));
    let record = &data["records"][0];
    assert_eq!((&record["is_current"], &record["pub_time"]), (&json!(true), &json!(0)));
    let period = |row: &Value| (row["fiscal_year"].as_i64(), row["financial_type"].as_i64());
    assert!(data["records"].as_array().unwrap().is_sorted_by(|a, b| period(a) >= period(b)));
    assert_eq!(sandbox.server.calls()["f10/earnings_price_history"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_have_the_gateways_codes() {
    let sandbox = Sandbox::start(no_limits()).await;
    let failed = |path: &str| sandbox.f10_failure(path);
    for symbol in ["600001", "SH.", "sh.600001", "SH.6000010000000000000000000000000000"] {
        for path in [earnings(symbol), detail(symbol, 1, 3)] {
            assert_eq!(failed(&path), (400, -3, "invalid_parameter".to_owned()), "{path}");
        }
    }
    for (kind, interval) in [(0, 3), (4, 3), (1, 0), (1, 11)] {
        assert_eq!(failed(&detail("SH.600001", kind, interval)).1, -3);
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

    let limited = Sandbox::start(settings()).await;
    assert!(limited.f10(&earnings("SH.600001")).head.contains("x-ratelimit-remaining: 9"));
    // Some second will see more than ten.
    let refused = (0..5000).map(|_| limited.f10(&earnings("HK.1"))).find(|raw| raw.status() == 429).unwrap();
    assert!(refused.head.contains("retry-after: 1"), "{}", refused.head);
    let body: Value = serde_json::from_slice(&refused.body).unwrap();
    assert_eq!((&body["code"], body.get("ret_code")), (&json!(429_001), None));

    let faulty = Sandbox::start(Settings { faults: 1, ..no_limits() }).await;
    let seen: Vec<Raw> = (1..=7)
        .map(|interval| {
            let path = detail("SH.600001", 1, interval);
            let raw = faulty.f10(&path);
            faulty.f10_data(&path);
            raw
        })
        .collect();
    assert_eq!(seen.iter().map(Raw::status).collect::<Vec<_>>(), [503, 502, 200, 200, 429, 0, 200]);
    let internal: Value = serde_json::from_slice(&seen[2].body).unwrap();
    assert_eq!((&internal["ret_code"], &internal["error"]["code"]), (&json!(-6), &json!("internal_error")));
}

#[test]
fn multiples_are_those_of_daily_basic() {
    let basics: BTreeMap<_, Row> = table(&MARKET, "daily_basic").into_iter().map(|row| (key(&row), row)).collect();
    let mut compared = 0;
    for row in &table(&MARKET, "f10/valuation_detail/trend.historical_items") {
        let Some(basic) = basics.get(&tushare(row, "trend.historical_items.time_str")) else {
            continue; // suspended
        };
        let column = ["pe_ttm", "pb", "ps_ttm"][usize::try_from(whole(row, "valuation_type") - 1).unwrap()];
        match units(basic, column, 4) {
            Some(theirs) => {
                let ours = units(row, "trend.historical_items.value", 3).unwrap();
                assert!((ours * 10 - theirs).abs() <= 10, "{ours} {theirs}");
                compared += 1;
            }
            None => assert!(text(row, "trend.historical_items.value").starts_with('-')),
        }
    }
    assert!(compared > 1000);
    let mut grown = 0;
    for row in &table(&MARKET, "f10/valuation_detail") {
        let [low, middle, high] = ["avg_minus_1_stddev", "average_value", "avg_plus_1_stddev"]
            .map(|name| units(row, &format!("trend.{name}"), 3).unwrap());
        assert_eq!(middle - low, high - middle);
        // Multiples of assets have neither a forecast nor growth.
        let growth = row["profit_growth_rate.year_count"] != Cell::Null;
        assert!(text(row, "valuation_type") != "2" || row["trend.forward_value"] == Cell::Null && !growth);
        grown += usize::from(growth);
    }
    assert!(grown > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn some_securities_have_less_or_nothing() {
    let sandbox = Sandbox::start(no_limits()).await;
    let index = sandbox.f10_data(&detail("SH.000300", 1, 3));
    assert!(!index["trend"]["historical_items"].as_array().unwrap().is_empty());
    assert!(index["market_distribution"]["total"].as_i64().unwrap() > 40);
    assert!(index["market_distribution"].get("ranking").is_none() && index.get("plate_distribution").is_none());
    // Listed, known, and not covered: no failure, only zeros.
    let codes = sandbox.codes("stock_basic", &json!({"list_status": "L"}));
    let answers = codes.iter().map(|code| {
        let (digits, exchange) = code.split_once('.').unwrap();
        sandbox.f10_data(&detail(&format!("{exchange}.{digits}"), 1, 3))
    });
    let uncovered: Vec<Value> = answers.filter(|data| data["last_update_time"] == 0).collect();
    assert!(!uncovered.is_empty());
    assert!(uncovered.iter().all(|data| data["trend"]["historical_items"] == json!([])));
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
