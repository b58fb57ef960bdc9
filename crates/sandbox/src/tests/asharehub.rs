//! AShareHub: its wire against the market, its refusals, its quota, and how far it agrees with Tushare.

use super::caller::{Raw, Sandbox, no_limits};
use super::{MARKET, Row, SMALL, text};
use crate::asharehub::endpoints;
use crate::{Settings, TOKEN};
use chrono::{DateTime, Utc};
use pitlake_contract::Contracts;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

impl Sandbox {
    fn get(&self, path: &str) -> Raw {
        self.ask(&format!("/asharehub/{path}"), &[("X-API-Key", TOKEN)])
    }

    fn list(&self, path: &str) -> Vec<Value> {
        let raw = self.get(path);
        assert_eq!(raw.status(), 200, "{path} {}", String::from_utf8_lossy(&raw.body));
        serde_json::from_slice(&raw.body).unwrap()
    }

    fn refused(&self, path: &str) -> (u16, Value) {
        let raw = self.get(path);
        (raw.status(), serde_json::from_slice(&raw.body).unwrap())
    }
}

fn sorted(rows: &[Value]) -> Vec<String> {
    let mut rows: Vec<String> = rows.iter().map(Value::to_string).collect();
    rows.sort();
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_every_endpoint_make_up_the_market() {
    let sandbox = Sandbox::start(no_limits()).await;
    for endpoint in endpoints(&Contracts::load(&[]).0) {
        let (name, path) = (&endpoint.contract.id.name, endpoint.contract.path.as_deref().unwrap());
        // One of what must be named, and two days of what has many.
        let (more, chosen) = match name.as_str() {
            "news_flash" => ("source=cls", Some(("source", "cls"))),
            "fx_daily" => ("", Some(("ts_code", "USDCNH.FXCM"))),
            "indices_daily" => ("", Some(("ts_code", "000001.SH"))),
            "financials_indicators" => ("ts_code=600001.SH&limit=1000", Some(("ts_code", "600001.SH"))),
            _ => ("", None),
        };
        let daily = endpoint.contract.call.range.as_deref() == Some("trade_date");
        let window = if daily { "start_date=2023-02-28&end_date=2023-03-01" } else { "" };
        let wanted = |row: &Row| {
            chosen.is_none_or(|(field, value)| text(row, field) == value)
                && (!daily || ["2023-02-28", "2023-03-01"].contains(&text(row, "trade_date")))
        };
        let truth = super::table(&MARKET, &format!("asharehub/{name}"));
        let objects = truth
            .iter()
            .filter(|row| wanted(row))
            .map(|row| row.iter().map(|(name, cell)| (name.clone(), cell.json())).collect());
        let expected: Vec<Value> = objects.map(Value::Object).collect();
        assert!(!expected.is_empty(), "{name}");
        let limit = if more.contains("limit") { "" } else { "limit=97" };
        let mut rows = Vec::new();
        loop {
            let page = sandbox.list(&format!("{}?{window}&{more}&{limit}&offset={}", &path[1..], rows.len()));
            let is_last = page.len() < 97 || limit.is_empty();
            rows.extend(page);
            if is_last {
                break;
            }
        }
        assert_eq!(sorted(&rows), sorted(&expected), "{name}");
        assert!(sandbox.server.calls()[&format!("asharehub/{name}")] > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn surfaces_differ_in_names_numbers_and_days() {
    let sandbox = Sandbox::start(no_limits()).await;
    let old = sandbox.list("v1/market/daily?ts_code=600001.SH&start_date=2023-03-01&end_date=2023-03-01");
    let new = sandbox.list("v2/market/daily?symbol=600001.SH&start_date=20230301&end_date=20230301");
    assert_eq!((old.len(), new.len()), (1, 1));
    let (old, new) = (&old[0], &new[0]);
    assert_eq!((&old["ts_code"], &old["trade_date"]), (&json!("600001.SH"), &json!("2023-03-01")));
    assert_eq!((&new["symbol"], &new["trade_date"]), (&json!("600001.SH"), &json!("20230301")));
    let digits = old["close"].as_str().unwrap();
    assert_eq!(digits.split_once('.').unwrap().1.len(), 4);
    assert_eq!(new["close"].as_f64(), digits.parse().ok());
    // Bare on the one, suffixed on the other.
    assert_eq!(sandbox.list("v1/reference/stocks?ts_code=600001.SH")[0]["symbol"], "600001");
    let new = sandbox.list("v2/reference/stocks?symbol=600001.SH");
    assert_eq!((&new[0]["symbol"], new[0].get("ts_code")), (&json!("600001.SH"), None));
    // Whole directories on /v2, a hundred rows on /v1.
    assert_eq!(sandbox.list("v1/market/daily").len(), 100);
    assert!(sandbox.list("v2/market/daily").len() > 4000);
    let members = sandbox.list("v2/reference/stocks").len();
    assert_eq!(members, MARKET.rows("asharehub/reference_stocks").unwrap().rows.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn v1_ignores_what_it_does_not_know() {
    let sandbox = Sandbox::start(no_limits()).await;
    let newest = sandbox.list("v1/market/daily?limit=5");
    assert_eq!(sandbox.list("v1/market/daily?limit=5&trade_date=2023-03-01&nonsense=1"), newest);
    assert!(newest.iter().all(|row| row["trade_date"] == "2023-06-30"));
    let day = sandbox.list("v2/market/daily?trade_date=20230301");
    assert!(!day.is_empty() && day.iter().all(|row| row["trade_date"] == "20230301"));
    let first = sandbox.list("v1/financials/indicators?ts_code=600001.SH&limit=2");
    assert_eq!(sandbox.list("v1/financials/indicators?ts_code=600001.SH&limit=2&offset=2"), first);
    assert_ne!(sandbox.list("v2/financials/indicators?symbol=600001.SH&limit=2&offset=2").len(), 0);
    let kinds: BTreeSet<String> = sandbox
        .list("v1/financials/income?ts_code=600001.SH&limit=200&report_type=1")
        .iter()
        .map(|row| row["report_type"].to_string())
        .collect();
    assert!(kinds.len() > 1, "{kinds:?}");
    let one = sandbox.list("v2/financials/income?symbol=600001.SH&report_type=1&period=20221231");
    assert!(!one.is_empty() && one.iter().all(|row| row["report_type"] == "1" && row["end_date"] == "20221231"));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_fastapis() {
    let sandbox = Sandbox::start(no_limits()).await;
    let (status, body) = sandbox.refused("v1/market/daily?limit=5001");
    assert_eq!((status, &body["detail"][0]["loc"]), (422, &json!(["query", "limit"])));
    assert_eq!(body["detail"][0]["type"], "less_than_equal");
    for path in [
        "v1/financials/income?limit=201",
        "v1/flows/moneyflow-hsgt?limit=1001",
        "v1/market/daily?limit=0",
        "v1/market/daily?limit=many",
        "v1/market/daily?offset=-1",
        "v1/market/daily?start_date=20230301",
        "v2/market/daily?start_date=2023-03-01",
        "v2/market/daily?symbol=600001",
        "v1/news/flash",
        "v2/news/flash",
        "v1/financials/indicators",
    ] {
        assert_eq!(sandbox.refused(path).0, 422, "{path}");
    }
    assert!(sandbox.list("v1/market/daily?ts_code=600001").is_empty());
    assert!(sandbox.list("v1/market/daily?ts_code=600001.SH,600002.SH").is_empty());
    assert!(sandbox.list("v1/market/daily?start_date=2023-03-04&end_date=2023-03-05").is_empty());
    assert!(!sandbox.list("v2/financials/indicators").is_empty());
    assert_eq!(sandbox.refused("v1/market/weekly").0, 404);
    assert_eq!(sandbox.refused("v3/market/daily").0, 404);
    let key = |headers: &[(&str, &str)]| sandbox.ask("/asharehub/v1/market/daily", headers).status();
    assert_eq!([key(&[]), key(&[("X-API-Key", "other")]), key(&[("x-api-key", TOKEN)])], [401, 401, 200]);
    assert_eq!(sandbox.send("POST", "/asharehub/v1/market/daily", "").status(), 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quota_is_for_the_day_and_all_endpoints() {
    let sandbox = Sandbox::start(Settings { quota: 3, ..no_limits() }).await;
    // Six calls touch at most two days.
    let paths = ["v1/market/daily", "v1/fx/daily", "v1/market/daily?limit=9000"];
    let replies: Vec<Raw> = paths.iter().cycle().take(7).map(|path| sandbox.get(path)).collect();
    let refused = replies.iter().find(|raw| raw.status() == 429).unwrap();
    assert!(!refused.head.to_lowercase().contains("retry-after"));
    assert!(serde_json::from_slice::<Value>(&refused.body).unwrap()["detail"].is_string());
    assert_eq!(sandbox.call("daily", &json!({"trade_date": "20230301"}), "")["code"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_never_say_429() {
    let sandbox = Sandbox::start(Settings { faults: 1, ..no_limits() }).await;
    let mut statuses = Vec::new();
    for day in 1..=7 {
        let path = format!("v1/market/daily?start_date=2023-03-0{day}&end_date=2023-03-0{day}");
        statuses.push(sandbox.get(&path).status());
        assert_eq!(sandbox.get(&path).status(), 200);
    }
    assert_eq!(statuses, [503, 502, 200, 200, 503, 0, 200]);
    let first = sandbox.list_after_fault("v1/market/daily?limit=10");
    let second = sandbox.get("v1/market/daily?limit=10&offset=10");
    let second: Vec<Value> = serde_json::from_slice(&second.body).unwrap();
    assert_eq!(second[0], first[9]);
}

impl Sandbox {
    fn list_after_fault(&self, path: &str) -> Vec<Value> {
        self.get(path);
        self.list(path)
    }
}

/// Rows of Tushare's and AShareHub's by code and day.
fn by_key(interface: &str) -> BTreeMap<(String, String), Row> {
    let key = |row: &Row| (text(row, "ts_code").to_owned(), text(row, "trade_date").replace('-', ""));
    super::table(&MARKET, interface).into_iter().map(|row| (key(&row), row)).collect()
}

#[test]
fn a_few_rows_disagree_with_tushare() {
    for (tushare, name) in
        [("daily", "market_daily"), ("moneyflow", "flows_moneyflow"), ("adj_factor", "market_adj_factor")]
    {
        let (theirs, ours) = (by_key(tushare), by_key(&format!("asharehub/{name}")));
        let missing = theirs.keys().filter(|key| !ours.contains_key(*key)).count();
        assert!(ours.keys().all(|key| theirs.contains_key(key)));
        let mut wrong = 0;
        for (key, row) in &ours {
            let figures = row
                .keys()
                .filter(|name| !matches!(name.as_str(), "ts_code" | "trade_date") && !text(row, name).is_empty());
            let figure = |row: &Row, name: &str| text(row, name).parse::<f64>().unwrap();
            let differ = figures.filter(|name| (figure(row, name) - figure(&theirs[key], name)).abs() > 2e-6).count();
            assert!(differ < 2, "{name} {key:?}");
            wrong += differ;
        }
        for share in [missing, wrong] {
            assert!((theirs.len() / 250..theirs.len() / 90).contains(&share), "{name} {share} of {}", theirs.len());
        }
    }
    // Reports are reprinted whole.
    let rows = |interface| MARKET.rows(interface).unwrap().rows.len();
    assert_eq!(rows("income"), rows("asharehub/financials_income"));
    assert!(MARKET.rows("asharehub/market_weekly").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_wait_for_the_clock() {
    let sandbox = Sandbox::start(no_limits()).await;
    let day = "v1/market/margin?start_date=2023-03-01&end_date=2023-03-01";
    sandbox.server.set_epoch(moment("2023-03-01T21:00:00+08:00"));
    assert!(sandbox.list(day).is_empty());
    sandbox.server.set_epoch(moment("2023-03-02T10:00:00+08:00"));
    assert!(!sandbox.list(day).is_empty());
    let latest = sandbox.list("v1/news/flash?source=sina&limit=1")[0]["publish_time"].clone();
    assert!(latest.as_str().unwrap() <= "2023-03-02T10:00:00");
    let at = Some(moment("2023-03-02T10:00:00+08:00"));
    let news = sandbox.market.rows_at("asharehub/news_flash", at).unwrap();
    assert!(news.rows.len() < sandbox.market.rows("asharehub/news_flash").unwrap().rows.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_screen_follows_the_session() {
    let sandbox = Sandbox::start(no_limits()).await;
    let at = |text: &str| {
        sandbox.server.set_epoch(moment(text));
        let rows = sandbox.list("v1/market/realtime?ts_code=600001.SH,000001.SZ,399006.SZ");
        assert_eq!(rows.len(), 3, "two stocks and an index");
        rows.into_iter().find(|row| row["ts_code"] == "600001.SH").unwrap()
    };
    let number = |row: &Value, name: &str| row[name].as_str().unwrap().parse::<f64>().unwrap();
    let times = [
        ("2023-03-01T09:00:00+08:00", "2023-02-28T15:00:00"),
        ("2023-03-01T10:15:30+08:00", "2023-03-01T10:15:30"),
        ("2023-03-01T12:20:00+08:00", "2023-03-01T11:30:00"),
        ("2023-03-01T14:00:00+08:00", "2023-03-01T14:00:00"),
        ("2023-03-01T19:00:00+08:00", "2023-03-01T15:00:00"),
        ("2023-03-04T12:00:00+08:00", "2023-03-03T15:00:00"),
    ];
    let rows = times.map(|(epoch, _)| at(epoch));
    for (row, (_, expected)) in rows.iter().zip(times) {
        assert_eq!(row["trade_time"], expected);
        let [price, high, low] = ["price", "high", "low"].map(|name| number(row, name));
        assert!(low <= price && price <= high);
    }
    assert!(rows[1..5].is_sorted_by(|a, b| number(a, "volume") <= number(b, "volume")));
    let bars = by_key("daily");
    let bar = &bars[&("600001.SH".to_owned(), "20230301".to_owned())];
    let close = |name: &str| text(bar, name).parse::<f64>().unwrap();
    assert!((number(&rows[4], "price") - close("close")).abs() < 1e-9);
    // Shares and CNY here, lots and thousands there.
    assert!((number(&rows[4], "volume") - close("vol") * 100.0).abs() < 1e-3);
    assert!((number(&rows[4], "amount") - close("amount") * 1000.0).abs() < 1e-3);
}

#[tokio::test(flavor = "multi_thread")]
async fn feeds_are_told_apart_and_windows_close() {
    let sandbox = Sandbox::start(no_limits()).await;
    let rows = sandbox.list("v1/news/flash?source=cls&start_date=2023-03-01&end_date=2023-03-03&limit=5000");
    let times: Vec<&str> = rows.iter().map(|row| row["publish_time"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a >= b) && times[0].starts_with("2023-03-03"));
    assert!(times[times.len() - 1].starts_with("2023-03-01") && (15..=36).contains(&times.len()));
    assert!(rows.iter().all(|row| row["source"] == "cls"));
    let shared = MARKET.rows("asharehub/news_flash").unwrap();
    let stamps: BTreeSet<_> = shared.rows.iter().map(|row| (row[0].text(), row[1].text())).collect();
    assert!(stamps.len() < shared.rows.len(), "some share a second");
    let important = sandbox.list("v2/news/flash?source=cls&importance=1");
    assert!(!important.is_empty() && important.iter().all(|row| row["importance"] == 1));
    assert!(important[0]["publish_time"].as_str().unwrap().contains(' '));
    assert!(sandbox.list("v1/news/flash?source=other").is_empty());
}

#[test]
fn southbound_codes_stay_texts() {
    let rows = super::table(&SMALL, "asharehub/flows_southbound_holdings");
    assert!(rows.iter().any(|row| text(row, "ts_code") == "00700"));
    let channels: BTreeSet<&str> = rows.iter().map(|row| text(row, "exchange")).collect();
    assert_eq!(channels, BTreeSet::from(["SH", "SZ"]));
}
