//! What the wires have in common: keys, the rotation of faults, limits, and the end of the server.

use super::caller::{Raw, Sandbox, no_limits};
use super::settings;
use crate::{Settings, TOKEN};
use serde_json::{Value, json};
use std::net::TcpStream;

/// A valid call for each vendor, which gets faults one by one as its last digit changes.
const CALLS: [&str; 3] = [
    "/asharehub/v1/market/daily?limit=",
    "/alphafin/v1/financials/income-statement?symbol=600001&limit=",
    "/f10/v1/quote/SH.600001/f10/valuation-detail?valuation_type=1&interval_type=",
];

#[tokio::test(flavor = "multi_thread")]
async fn keys_go_where_each_vendor_looks_for_them() {
    let sandbox = Sandbox::open().await;
    let [asharehub, alphafin, f10] = CALLS.map(|call| format!("{call}3"));
    let in_query = format!("{alphafin}&api_key={TOKEN}");
    for (path, header, status) in [
        (&asharehub, String::new(), 401),
        (&asharehub, "X-API-Key: other".to_owned(), 401),
        (&asharehub, format!("x-api-key: {TOKEN}"), 200),
        (&alphafin, String::new(), 401),
        (&alphafin, "X-API-KEY: other".to_owned(), 401),
        (&alphafin, format!("X-API-KEY: {TOKEN}"), 200),
        (&in_query, String::new(), 200),
        (&f10, String::new(), 200),
        (&f10, "Authorization: Bearer other".to_owned(), 401),
        (&f10, format!("Authorization: Bearer {TOKEN}"), 200),
    ] {
        assert_eq!(sandbox.send("GET", path, &header, "").status(), status, "{path} {header}");
    }
    for path in
        ["/asharehub/v1/market/weekly", "/asharehub/v3/market/daily", "/alphafin/v1/market/daily", "/f10/v2/quote"]
    {
        assert_eq!(sandbox.get(path).status(), 404, "{path}");
    }
    assert_eq!(sandbox.send("POST", &asharehub, "", "").status(), 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_come_in_turn_and_a_retry_helps() {
    let sandbox = Sandbox::start(Settings { faults: 1, ..no_limits() }).await;
    let tushare = |day: usize| sandbox.post("daily", &json!({"trade_date": format!("2023030{day}")}), "");
    let mut seen = Vec::new();
    for call in 1..=7 {
        seen.push(tushare(call));
        assert_eq!(tushare(call).json()["code"], 0);
    }
    let statuses = |seen: &[Raw]| seen.iter().map(Raw::status).collect::<Vec<_>>();
    assert_eq!(statuses(&seen), [503, 502, 200, 200, 429, 0, 200]);
    assert!(String::from_utf8(seen[1].body.clone()).is_err(), "GBK");
    assert!(seen[2].body.is_empty());
    assert!(seen[3].is_whole() && serde_json::from_slice::<Value>(&seen[3].body).is_err());
    assert!(seen[5].head.is_empty() && seen[5].body.is_empty());
    assert!(!seen[6].is_whole() && !seen[6].body.is_empty());
    for (path, of_limits) in CALLS.into_iter().zip([503, 429, 429]) {
        let sandbox = Sandbox::start(Settings { faults: 1, ..no_limits() }).await;
        let get = |call| sandbox.get(&format!("{path}{call}"));
        let seen: Vec<Raw> = (1..=7).map(|call| (get(call), get(call)).0).collect();
        assert_eq!(statuses(&seen), [503, 502, 200, 200, of_limits, 0, 200], "{path}");
        if path.starts_with("/f10") {
            let internal = seen[2].json();
            assert_eq!((&internal["ret_code"], &internal["error"]["code"]), (&json!(-6), &json!("internal_error")));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_may_repeat_the_last_row_of_the_page_before() {
    let sandbox = Sandbox::start(Settings { faults: 1, ..no_limits() }).await;
    let page = |offset: usize| json!({"trade_date": "20230301", "limit": 10, "offset": offset});
    sandbox.post("daily", &page(0), "");
    let [first, shifted, second] = [page(0), page(10), page(10)].map(|page| sandbox.codes("daily", &page));
    assert_eq!((&shifted[0], &shifted[1..]), (&first[9], &second[..9]));
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_refused_as_each_vendor_does() {
    let quota = Sandbox::start(Settings { quota: 3, ..no_limits() }).await;
    let limited = Sandbox::start(settings()).await;
    // More calls than fit into the day, minutes or seconds they span.
    let refused = |sandbox: &Sandbox, calls: usize, path: &str| {
        (0..calls).map(|_| sandbox.get(path)).find(|raw| raw.status() == 429).unwrap()
    };
    let daily = refused(&quota, 7, &format!("{}9000", CALLS[0]));
    assert!(!daily.head.to_lowercase().contains("retry-after") && daily.json()["detail"].is_string());
    assert_eq!(quota.call("daily", &json!({"trade_date": "20230301"}), "")["code"], 0, "another vendor's");
    assert!(refused(&limited, 2000, "/alphafin/v1/financials/income-statement").head.contains("retry-after: "));
    let f10 = "/f10/v1/quote/HK.1/f10/earnings-price-history";
    assert!(limited.get(f10).head.contains("x-ratelimit-remaining: 9"));
    let refused = refused(&limited, 5000, f10);
    assert!(refused.head.contains("retry-after: 1"), "{}", refused.head);
    assert_eq!((&refused.json()["code"], refused.json().get("ret_code")), (&json!(429_001), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_server_stops_it() {
    let Sandbox { server } = Sandbox::open().await;
    let host = server.url().replace("http://", "");
    assert!(TcpStream::connect(&host).is_ok());
    drop(server);
    for _ in 0..100 {
        if TcpStream::connect(&host).is_err() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("still listening");
}
