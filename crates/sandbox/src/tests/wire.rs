//! Good calls: columns, endpoint forms, filters, caps and pages.

use super::caller::{Raw, Sandbox, fields, items, no_limits};
use super::{table, text};
use crate::{Settings, TOKEN};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn columns_come_as_asked() {
    let sandbox = Sandbox::start(no_limits()).await;
    let reply = sandbox.call("stock_basic", &json!({"ts_type_name": "x", "name": null}), "");
    assert_eq!(
        fields(&reply).join(","),
        "ts_code,symbol,name,area,industry,cnspell,market,list_date,act_name,act_ent_type"
    );
    assert_eq!((reply["code"].as_i64(), reply["data"]["count"].as_i64()), (Some(0), Some(-1)));
    assert_eq!(reply["request_id"].as_str().unwrap().len(), 36);

    let day = json!({"trade_date": "20230301"});
    assert!(!fields(&sandbox.call("daily", &day, "")).contains(&"ah_vol"));
    let reply = sandbox.call("daily", &day, "ah_vol, nonsense,close,ts_code");
    assert_eq!(fields(&reply), ["ah_vol", "close", "ts_code"]);
    assert!(items(&reply).iter().all(|row| row[0].is_null() && row[1].is_number() && row[2].is_string()));
    let raw = sandbox.raw("moneyflow", &day, &json!(["ts_code", "trade_count"]));
    assert_eq!(fields(&serde_json::from_slice(&raw.body).unwrap()), ["ts_code", "trade_count"]);
    let basic = sandbox.call("daily_basic", &day, "ts_code,limit_status");
    assert!(items(&basic).iter().all(|row| row[1].is_i64()));
}

#[tokio::test(flavor = "multi_thread")]
async fn both_endpoint_forms_give_the_markets_rows() {
    let sandbox = Sandbox::start(no_limits()).await;
    let body = json!({"api_name": "daily", "token": TOKEN, "params": {"trade_date": 20_230_301}}).to_string();
    let without_ids = |raw: Raw| serde_json::from_slice::<Value>(&raw.body).unwrap()["data"].clone();
    let root = without_ids(sandbox.send("POST", "/", &body));
    assert_eq!(root, without_ids(sandbox.send("POST", "/dataapi/daily", &body)));
    let rows = table(&sandbox.market, "daily");
    let expected: BTreeSet<_> =
        rows.iter().filter(|row| text(row, "trade_date") == "20230301").map(|row| text(row, "ts_code")).collect();
    let sent: Vec<_> = root["items"].as_array().unwrap().iter().map(|row| row[0].as_str().unwrap()).collect();
    assert!(!sent.is_sorted() && sent.len() == expected.len() && sent.iter().all(|code| expected.contains(code)));

    assert_eq!(sandbox.send("GET", "/", "").status(), 405);
    assert_eq!(sandbox.send("POST", "/", "{\"api_name\":").status(), 400);
    assert_eq!(sandbox.server.calls().get("daily"), Some(&2));
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_narrow() {
    let sandbox = Sandbox::start(no_limits()).await;
    let statuses = |status: &str| sandbox.codes("stock_basic", &json!({"list_status": status})).len();
    assert_eq!(sandbox.codes("stock_basic", &json!({})).len(), statuses("L"));
    assert_eq!((statuses("P"), statuses("G"), statuses("L,D,P,G")), (1, 1, 63));
    assert_eq!(statuses("P,D"), 1 + statuses("D"));

    let year = json!({"start_date": "20230101", "end_date": "20231231", "is_open": 1});
    let calendar = sandbox.call("trade_cal", &year, "");
    assert!(items(&calendar).len() > 230 && items(&calendar).iter().all(|row| row[0] == "SSE" && row[2] == 1));
    assert!(items(&calendar).is_sorted_by(|a, b| a[1].as_str() > b[1].as_str()));
    assert_eq!(sandbox.codes("trade_cal", &json!({"exchange": "BSE"})).len(), 0);

    let history =
        sandbox.call("daily", &json!({"ts_code": "600001.SH,000001.SZ,999999.SH", "start_date": "20230601"}), "");
    let codes: BTreeSet<_> = items(&history).iter().map(|row| row[0].as_str().unwrap()).collect();
    assert_eq!(codes.len(), 2);
    assert!(items(&history).is_sorted_by(|a, b| a[1].as_str() >= b[1].as_str()));
    let resumed = sandbox.call("suspend_d", &json!({"suspend_type": "R"}), "");
    assert!(!items(&resumed).is_empty() && items(&resumed).iter().all(|row| row[3] == "R"));
    assert!(sandbox.codes("moneyflow", &json!({"trade_date": "20230301"})).iter().all(|code| !code.ends_with("BJ")));
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_stop_at_the_cap_and_pages_fit_together() {
    let sandbox = Sandbox::start(Settings { cap: Some(50), ..no_limits() }).await;
    let whole = sandbox.call("daily", &json!({"trade_date": "20230301"}), "");
    assert_eq!((items(&whole).len(), &whole["data"]["has_more"]), (50, &json!(false)));
    assert_eq!(sandbox.codes("daily", &json!({})).len(), 50);
    let page =
        |offset: Value| sandbox.codes("daily", &json!({"trade_date": "20230301", "limit": "20", "offset": offset}));
    let pages = [page(json!(0)), page(json!("20")), page(json!(40)), page(json!(60))];
    let sizes = pages.each_ref().map(Vec::len);
    assert_eq!((sizes[0], sizes[1], sizes[3]), (20, 20, 0));
    assert_eq!(pages.concat().iter().collect::<BTreeSet<_>>().len(), sizes.iter().sum::<usize>());
    assert_eq!(
        sandbox.call("daily", &json!({"trade_date": "20230301", "limit": 1000}), "")["data"]["has_more"],
        json!(true)
    );

    let large = Sandbox::start(no_limits()).await;
    assert_eq!(large.codes("daily", &json!({})).len(), 6000);
}
