//! AShareHub: two versions, refusals, current quotes, and rows that wait for the clock.

use super::caller::Sandbox;
use super::{MARKET, by_key, moment, stamp, table};
use serde_json::{Value, json};

impl Sandbox {
    fn list(&self, path: &str) -> Vec<Value> {
        let raw = self.get(&format!("/asharehub/{path}"));
        assert_eq!(raw.status(), 200, "{path} {}", String::from_utf8_lossy(&raw.body));
        serde_json::from_slice(&raw.body).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn surfaces_differ_in_names_numbers_and_days() {
    let sandbox = Sandbox::open().await;
    let old = &sandbox.list("v1/market/daily?ts_code=600001.SH&start_date=2023-03-01&end_date=2023-03-01")[0];
    let new = &sandbox.list("v2/market/daily?symbol=600001.SH&start_date=20230301&end_date=20230301")[0];
    assert_eq!((&old["ts_code"], &old["trade_date"]), (&json!("600001.SH"), &json!("2023-03-01")));
    assert_eq!((&new["symbol"], &new["trade_date"]), (&json!("600001.SH"), &json!("20230301")));
    let digits = old["close"].as_str().unwrap();
    assert_eq!(digits.split_once('.').unwrap().1.len(), 4);
    assert_eq!(new["close"].as_f64(), digits.parse().ok());
    // Without a suffix in one version, with one in the other.
    assert_eq!(sandbox.list("v1/reference/stocks?ts_code=600001.SH")[0]["symbol"], "600001");
    let new = sandbox.list("v2/reference/stocks?symbol=600001.SH");
    assert_eq!((&new[0]["symbol"], new[0].get("ts_code")), (&json!("600001.SH"), None));
    // Whole directories on /v2, a hundred rows on /v1.
    assert_eq!(sandbox.list("v1/market/daily").len(), 100);
    assert!(sandbox.list("v2/market/daily").len() > 4000);
    assert_eq!(sandbox.list("v2/reference/stocks").len(), table(&MARKET, "asharehub/reference_stocks").len());
    let important = sandbox.list("v2/news/flash?source=cls&importance=1");
    assert!(!important.is_empty() && important.iter().all(|row| row["importance"] == 1));
    assert!(important[0]["publish_time"].as_str().unwrap().contains(' '), "no T between day and time");
}

#[tokio::test(flavor = "multi_thread")]
async fn v1_ignores_what_it_does_not_know() {
    let sandbox = Sandbox::open().await;
    let newest = sandbox.list("v1/market/daily?limit=5");
    assert!(newest.iter().all(|row| row["trade_date"] == "2023-06-30"));
    assert_eq!(sandbox.list("v1/market/daily?limit=5&trade_date=2023-03-01&nonsense=1"), newest);
    let first = sandbox.list("v1/financials/indicators?ts_code=600001.SH&limit=2");
    assert_eq!(sandbox.list("v1/financials/indicators?ts_code=600001.SH&limit=2&offset=2"), first);
    let income = sandbox.list("v1/financials/income?ts_code=600001.SH&limit=200&report_type=1");
    assert!(income.iter().any(|row| row["report_type"] != "1"));
    // The newer version does not.
    let day = sandbox.list("v2/market/daily?trade_date=20230301");
    assert!(!day.is_empty() && day.iter().all(|row| row["trade_date"] == "20230301"));
    assert!(!sandbox.list("v2/financials/indicators?symbol=600001.SH&limit=2&offset=2").is_empty());
    let one = sandbox.list("v2/financials/income?symbol=600001.SH&report_type=1&period=20221231");
    assert!(!one.is_empty() && one.iter().all(|row| row["report_type"] == "1" && row["end_date"] == "20221231"));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_fastapis() {
    let sandbox = Sandbox::open().await;
    for path in [
        "v1/market/daily?limit=5001",
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
        let raw = sandbox.get(&format!("/asharehub/{path}"));
        assert_eq!(raw.status(), 422, "{path}");
        assert_eq!(raw.json()["detail"][0]["loc"][0], "query");
    }
    let too_many = sandbox.get("/asharehub/v1/market/daily?limit=5001").json();
    assert_eq!(too_many["detail"][0]["type"], "less_than_equal");
    for path in [
        "v1/market/daily?ts_code=600001",
        "v1/market/daily?ts_code=600001.SH,600002.SH",
        "v1/market/daily?start_date=2023-03-04&end_date=2023-03-05",
        "v1/news/flash?source=other",
    ] {
        assert!(sandbox.list(path).is_empty(), "{path}");
    }
    assert!(!sandbox.list("v2/financials/indicators").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_wait_for_the_clock() {
    let sandbox = Sandbox::open().await;
    let margin = "v1/market/margin?start_date=2023-03-01&end_date=2023-03-01";
    for (time, is_there) in [("2023-03-01T21:00:00+08:00", false), ("2023-03-02T10:00:00+08:00", true)] {
        sandbox.server.set_epoch(moment(time));
        assert_eq!(!sandbox.list(margin).is_empty(), is_there, "{time}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn quotes_follow_the_session() {
    let sandbox = Sandbox::open().await;
    let number = |row: &Value, name: &str| row[name].as_str().unwrap().parse::<f64>().unwrap();
    let mut volume = 0.0;
    for (time, expected) in [
        ("2023-03-01T09:00:00", "2023-02-28T15:00:00"),
        ("2023-03-01T10:15:30", "2023-03-01T10:15:30"),
        ("2023-03-01T12:20:00", "2023-03-01T11:30:00"),
        ("2023-03-01T14:00:00", "2023-03-01T14:00:00"),
        ("2023-03-01T19:00:00", "2023-03-01T15:00:00"),
        ("2023-03-04T12:00:00", "2023-03-03T15:00:00"),
    ] {
        sandbox.server.set_epoch(moment(&format!("{time}+08:00")));
        let rows = sandbox.list("v1/market/realtime?ts_code=600001.SH,000001.SZ,399006.SZ");
        assert_eq!(rows.len(), 3, "two stocks and an index");
        let row = rows.iter().find(|row| row["ts_code"] == "600001.SH").unwrap();
        assert_eq!(row["trade_time"], expected);
        let [low, price, high, now] = ["low", "price", "high", "volume"].map(|name| number(row, name));
        assert!(low <= price && price <= high);
        if time[..10] == expected[..10] {
            assert!(volume <= now, "{time}");
            volume = now;
        }
        if expected.ends_with("15:00:00") {
            let day = stamp(expected[..10].parse().unwrap());
            let bar = &by_key(&MARKET, "daily")[&("600001.SH".to_owned(), day)];
            // Shares and CNY here, lots and thousands there.
            for (name, column, factor) in
                [("price", "close", 1.0), ("volume", "vol", 100.0), ("amount", "amount", 1000.0)]
            {
                let there = bar[column].parse::<f64>().unwrap();
                assert!((number(row, name) - there * factor).abs() < 1e-3, "{time} {name}");
            }
        }
    }
}
