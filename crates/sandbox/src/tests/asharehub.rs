//! AShareHub: its wire against the market, its refusals, its quota, and how far it agrees with Tushare.

use super::caller::{Raw, Sandbox, no_limits};
use super::{MARKET, SMALL, text};
use crate::{Cell, Settings, TOKEN};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Endpoints whose Tushare interface may not be there yet.
const COMING: [&str; 16] = [
    "market_shareholders",
    "market_holder_trade",
    "market_concept_members",
    "flows_moneyflow_hsgt",
    "financials_balance_sheet",
    "financials_cash_flow",
    "financials_forecast",
    "financials_express",
    "financials_audit",
    "financials_main_business",
    "financials_disclosure_date",
    "financials_analyst_reports",
    "shareholders_dividend",
    "indices_daily",
    "indices_index_weight",
    "reference_industries",
];

const PATHS: [&str; 38] = [
    "market/realtime",
    "news/flash",
    "market/daily",
    "market/fundamentals",
    "market/adj-factor",
    "market/technical-factors",
    "market/technical-factors-pro",
    "market/margin",
    "market/block-trade",
    "market/top-list",
    "market/top-inst",
    "market/shareholders",
    "market/holder-trade",
    "market/concepts",
    "market/concept-members",
    "market/limit-list",
    "flows/moneyflow-hsgt",
    "flows/moneyflow",
    "flows/northbound-holdings",
    "flows/southbound-holdings",
    "financials/indicators",
    "financials/income",
    "financials/balance-sheet",
    "financials/cash-flow",
    "financials/forecast",
    "financials/express",
    "financials/audit",
    "financials/main-business",
    "financials/disclosure-date",
    "financials/analyst-reports",
    "shareholders/dividend",
    "indices/daily",
    "indices/index-weight",
    "chips/distribution",
    "fx/daily",
    "reference/stocks",
    "reference/industries",
    "reference/trade-calendar",
];

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

fn cell(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Text(text) => json!(text),
        Cell::Number(digits) => serde_json::from_str(digits).unwrap(),
    }
}

/// A row without its order of keys.
fn objects(fields: &[String], rows: &[Vec<Cell>]) -> Vec<Value> {
    let object = |row: &Vec<Cell>| fields.iter().zip(row).map(|(name, value)| (name.clone(), cell(value))).collect();
    rows.iter().map(object).map(Value::Object).collect()
}

fn sorted(rows: &[Value]) -> Vec<String> {
    let mut rows: Vec<String> = rows.iter().map(Value::to_string).collect();
    rows.sort();
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_every_endpoint_make_up_the_market() {
    let sandbox = Sandbox::start(no_limits()).await;
    for path in PATHS {
        let name = path.replace(['/', '-'], "_");
        let truth = sandbox.market.rows(&format!("asharehub/{name}")).unwrap();
        assert!(!truth.rows.is_empty() || COMING.contains(&name.as_str()), "{path}");
        let one_day = truth.fields.iter().any(|name| name == "trade_date") && path != "market/realtime";
        let (window, narrow) = if one_day { ("start_date=2023-03-01&end_date=2023-03-02", true) } else { ("", false) };
        let expected: Vec<Vec<Cell>> = truth
            .rows
            .iter()
            .filter(|row| {
                let place = |name: &str| truth.fields.iter().position(|field| *field == name);
                let cell = |name| place(name).and_then(|place| row[place].text());
                let inside = matches!(cell("trade_date"), Some("2023-03-01" | "2023-03-02"));
                (!narrow || inside)
                    && (path != "news/flash" || cell("source") == Some("cls"))
                    && (path != "fx/daily" || cell("ts_code") == Some("USDCNH.FXCM"))
                    && (path != "indices/daily" || cell("ts_code") == Some("000001.SH"))
                    && (path != "financials/indicators" || cell("ts_code") == Some("600001.SH"))
            })
            .cloned()
            .collect();
        let more = match path {
            "news/flash" => "&source=cls",
            "financials/indicators" => "&ts_code=600001.SH&limit=1000",
            _ => "&limit=97",
        };
        let mut rows = Vec::new();
        loop {
            let page = sandbox.list(&format!("v1/{path}?{window}{more}&offset={}", rows.len()));
            let length = page.len();
            rows.extend(page);
            if length < 97 || path == "financials/indicators" {
                break;
            }
        }
        assert_eq!(sorted(&rows), sorted(&objects(&truth.fields, &expected)), "{path}");
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
fn by_key(interface: &str) -> BTreeMap<(String, String), BTreeMap<String, String>> {
    let rows = MARKET.rows(interface).unwrap();
    let named = |row: Vec<Cell>| -> BTreeMap<String, String> {
        rows.fields.iter().cloned().zip(row.iter().map(|cell| cell.text().unwrap_or("").to_owned())).collect()
    };
    rows.rows
        .into_iter()
        .map(named)
        .map(|row| ((row["ts_code"].clone(), row["trade_date"].replace('-', "")), row))
        .collect()
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
                .iter()
                .filter(|(name, value)| !matches!(name.as_str(), "ts_code" | "trade_date") && !value.is_empty());
            let differ = figures
                .filter(|(name, value)| {
                    let (here, there): (f64, f64) = (value.parse().unwrap(), theirs[key][*name].parse().unwrap());
                    (here - there).abs() > 2e-6
                })
                .count();
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
    let close = |name: &str| bar[name].parse::<f64>().unwrap();
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
