//! F10: failures, prices around reports, and multiples that follow from the bars.

use super::caller::Sandbox;
use super::{MARKET, Row, by_key, grouped, moment, table, table_at};
use serde_json::{Value, json};

fn earnings(symbol: &str) -> String {
    format!("v1/quote/{symbol}/f10/earnings-price-history")
}

fn detail(symbol: &str, kind: u8, interval: u8) -> String {
    format!("v1/quote/{symbol}/f10/valuation-detail?valuation_type={kind}&interval_type={interval}")
}

impl Sandbox {
    fn f10(&self, path: &str) -> Value {
        let raw = self.send("GET", &format!("/f10/{path}"), "", "");
        let mut body = raw.json();
        assert_eq!((raw.status(), &body["ret_code"], &body["ret_msg"]), (200, &json!(0), &json!("success")), "{path}");
        body["data"].take()
    }
}

fn whole(row: &Row, column: &str) -> i64 {
    row[column].parse().unwrap()
}

/// `SH.600001` as Tushare writes it, and a date in the row.
fn key(row: &Row, day: &str) -> (String, String) {
    let (exchange, digits) = row["symbol"].split_once('.').unwrap();
    (format!("{digits}.{exchange}"), row[day].replace('-', ""))
}

#[test]
fn prices_around_a_report_follow_from_the_bars() {
    let bars = by_key(&MARKET, "daily");
    let (without, with): (Vec<Row>, Vec<Row>) =
        table(&MARKET, "f10/earnings_price_history").into_iter().partition(|row| row.is_null("schedule_delta"));
    assert!(!without.is_empty());
    assert!(without.iter().all(|row| row.is_null("schedule_close_price") && row["volume"] == *"0"));
    assert!(with.iter().any(|row| row.units("schedule_close_price", 2) == Some(0)), "suspended");
    for row in &with {
        let delta = whole(row, "schedule_delta");
        assert!((-15..=14).contains(&delta));
        if delta == 0 {
            let close = bars.get(&key(row, "pub_trading_day_str")).map_or(0, |bar| bar.cents("close"));
            assert_eq!(row.cents("schedule_close_price"), close);
        }
        if let (Some(bar), true) = (bars.get(&key(row, "trading_day_str")), whole(row, "volume") > 0) {
            // Shares here, lots there.
            assert_eq!((row.cents("close_price"), whole(row, "volume")), (bar.cents("close"), bar.cents("vol")));
        }
        // The day is in milliseconds, the moment in seconds, both in Shanghai time.
        let midnight = moment(&format!("{}T00:00:00+08:00", &row["pub_trading_day_str"]));
        assert_eq!(whole(row, "pub_trading_day"), midnight.timestamp_millis());
        let published = moment(&format!("{}+08:00", row["pub_time_str"].replace(' ', "T")));
        assert_eq!(whole(row, "pub_time"), published.timestamp());
        assert_eq!(row["pub_trading_day_str"] == row["trading_day_str"], row["pub_type"] == *"1");
    }
    assert_eq!(grouped(with.clone(), "financial_type pub_type").len(), 8);
    let lengths: Vec<usize> = grouped(with, "symbol period_text").values().map(Vec::len).collect();
    assert!(lengths.contains(&30) && lengths.iter().any(|length| *length < 30));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_report_has_no_prices_after_now() {
    let sandbox = Sandbox::open().await;
    let now = moment("2023-04-18T20:00:00+08:00");
    sandbox.server.set_epoch(now);
    let mut coming = table_at(&MARKET, "f10/earnings_price_history", now);
    coming.retain(|row| row["pub_time"] == *"0");
    for row in &coming {
        assert!(row["pub_trading_day_str"] >= *"2023-04-18" && whole(row, "schedule_delta") <= 0);
        assert_eq!(row.texts("is_current trading_day pub_type"), ["true", "0", "0"]);
    }
    // The newest report first, under both generations of paths.
    let symbol = &coming[0]["symbol"];
    let data = sandbox.f10(&earnings(symbol));
    assert_eq!(data, sandbox.f10(&format!("api/v1.0/quote/{symbol}/financials/earnings-price-history")));
    let records = data["records"].as_array().unwrap();
    assert_eq!((&records[0]["is_current"], &records[0]["pub_time"]), (&json!(true), &json!(0)));
    let period = |row: &Value| (row["fiscal_year"].as_i64(), row["financial_type"].as_i64());
    assert!(records.is_sorted_by(|a, b| period(a) >= period(b)));
    assert_eq!(sandbox.server.calls()["f10/earnings_price_history"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_have_the_gateways_codes() {
    let sandbox = Sandbox::open().await;
    let bad = ["600001", "SH.", "sh.600001", "SH.6000010000000000000000000000000000"];
    let bad = bad.into_iter().flat_map(|symbol| [earnings(symbol), detail(symbol, 1, 3)]);
    let ranges = [(0, 3), (4, 3), (1, 0), (1, 11)].map(|(kind, interval)| detail("SH.600001", kind, interval));
    let invalid = bad.chain(ranges).map(|path| (path, 400, -3, "invalid_parameter"));
    for (path, status, code, name) in invalid.chain([
        (earnings("HK.00700"), 404, -7, "invalid_symbol"),
        (detail("HK.00700", 1, 3), 404, -7, "invalid_symbol"),
        (earnings("BJ.920001"), 200, -8, "unsupported"),
        (earnings("SH.000300"), 200, -10, "no_data"),
    ]) {
        let raw = sandbox.send("GET", &format!("/f10/{path}"), "", "");
        let body = raw.json();
        assert!(body.get("data").is_none() && body["ret_msg"].is_string());
        assert_eq!(
            (raw.status(), &body["ret_code"], &body["error"]["code"]),
            (status, &json!(code), &json!(name)),
            "{path}"
        );
    }
    sandbox.f10(&detail("BJ.920001", 1, 3));
}

#[test]
fn multiples_are_those_of_daily_basic() {
    let basics = by_key(&MARKET, "daily_basic");
    let mut compared = 0;
    for row in &table(&MARKET, "f10/valuation_detail/trend.historical_items") {
        let Some(basic) = basics.get(&key(row, "time_str")) else { continue }; // suspended
        let column = ["pe_ttm", "pb", "ps_ttm"][usize::try_from(whole(row, "valuation_type") - 1).unwrap()];
        match basic.units(column, 4) {
            Some(theirs) => assert!((row.units("value", 3).unwrap() * 10 - theirs).abs() <= 10, "{row:?}"),
            None => assert!(row["value"].starts_with('-')),
        }
        compared += 1;
    }
    assert!(compared > 1000);
    let (of_assets, others): (Vec<Row>, Vec<Row>) =
        table(&MARKET, "f10/valuation_detail").into_iter().partition(|row| row["valuation_type"] == *"2");
    let years = "profit_growth_rate.year_count";
    assert!(of_assets.iter().all(|row| row.is_null("forward_value") && row.is_null(years)), "no forecast, no growth");
    assert!(others.iter().any(|row| !row.is_null(years)));
}

#[tokio::test(flavor = "multi_thread")]
async fn some_securities_have_less_or_nothing() {
    let sandbox = Sandbox::open().await;
    let index = sandbox.f10(&detail("SH.000300", 1, 3));
    assert!(!index["trend"]["historical_items"].as_array().unwrap().is_empty());
    assert!(index["market_distribution"]["total"].as_i64().unwrap() > 40);
    assert!(index["market_distribution"].get("ranking").is_none() && index.get("plate_distribution").is_none());
    // Listed and known but not covered: not a failure, only zeros.
    let codes = sandbox.codes("stock_basic", &json!({"list_status": "L"}));
    let answers = codes.iter().map(|code| {
        let (digits, exchange) = code.split_once('.').unwrap();
        sandbox.f10(&detail(&format!("{exchange}.{digits}"), 1, 3))
    });
    let uncovered: Vec<Value> = answers.filter(|data| data["last_update_time"] == 0).collect();
    assert!(!uncovered.is_empty());
    assert!(uncovered.iter().all(|data| data["trend"]["historical_items"] == json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn intervals_have_defaults_and_end_at_the_clock() {
    let sandbox = Sandbox::open().await;
    let items = |interval| {
        let data = sandbox.f10(&detail("SH.600001", 1, interval));
        data["trend"]["historical_items"].as_array().unwrap().len()
    };
    assert!(items(3) > 2 * items(4) && items(1) < items(3), "a year of days, three years of months");
    let plain = sandbox.f10("v1/quote/SH.600001/f10/valuation-detail");
    assert_eq!(plain, sandbox.f10(&detail("SH.600001", 1, 3)));
    assert_eq!(plain, sandbox.f10("api/v1.0/quote/SH.600001/valuation/detail?valuation_type=1"));
    sandbox.server.set_epoch(moment("2023-03-01T12:00:00+08:00"));
    assert_eq!(sandbox.f10(&detail("SH.600001", 1, 3))["last_update_time_str"], "2023-02-28 16:18:06");
}
