//! Tushare's wire: columns, caps, pages, refusals with HTTP 200, and a gateway with the same wire.

use super::caller::{Sandbox, items, no_limits};
use super::settings;
use crate::{Settings, TOKEN};
use pitlake_contract::SpecFile;
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn columns_come_as_named_and_hidden_ones_only_then() {
    let sandbox = Sandbox::open().await;
    let day = json!({"trade_date": 20_230_301});
    for (interface, fields, expected) in [
        ("stock_basic", json!(""), "ts_code symbol name area industry cnspell market list_date act_name act_ent_type"),
        ("daily", json!(""), "ts_code trade_date open high low close pre_close change pct_chg vol amount"),
        ("daily", json!("ah_vol, nonsense,close,ts_code"), "ah_vol close ts_code"),
        ("moneyflow", json!(["ts_code", "trade_count"]), "ts_code trade_count"),
    ] {
        let body = json!({"api_name": interface, "token": TOKEN, "params": day, "fields": fields});
        let reply = sandbox.send("POST", &format!("/dataapi/{interface}"), "", &body.to_string()).json();
        assert_eq!(reply["data"]["fields"], json!(expected.split(' ').collect::<Vec<_>>()));
        assert_eq!((reply["code"].as_i64(), reply["data"]["count"].as_i64()), (Some(0), Some(-1)));
        assert_eq!(reply["request_id"].as_str().unwrap().len(), 36);
    }
    let rows = sandbox.call("daily", &day, "ts_code,close,ah_vol,trade_date");
    let is_typed = |row: &Value| row[0].is_string() && row[1].is_number() && row[2].is_null() && row[3] == "20230301";
    assert!(items(&rows).iter().all(is_typed) && !items(&rows).is_sorted_by_key(|row| row[0].as_str()));
    assert_eq!(sandbox.send("GET", "/", "", "").status(), 405);
    assert_eq!(sandbox.send("POST", "/", "", "{\"api_name\":").status(), 400);
    assert_eq!(sandbox.server.calls()["daily"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_stop_at_the_cap_and_pages_fit_together() {
    let sandbox = Sandbox::start(Settings { cap: Some(50), ..no_limits() }).await;
    let call = |more: Value| {
        let mut params = json!({"trade_date": "20230301"});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let reply = sandbox.call("daily", &params, "");
        (items(&reply).clone(), reply["data"]["has_more"] == true)
    };
    assert_eq!((call(json!({})).0.len(), call(json!({})).1), (50, false), "silently");
    assert!(call(json!({"limit": 1000})).1);
    let pages =
        [json!(0), json!("20"), json!(40), json!(60)].map(|offset| call(json!({"limit": "20", "offset": offset})).0);
    assert_eq!((pages[0].len(), pages[1].len(), pages[3].len()), (20, 20, 0));
    let all = pages.concat();
    assert_eq!(all.iter().map(Value::to_string).collect::<BTreeSet<_>>().len(), all.len());
    let large = Sandbox::open().await;
    assert_eq!(large.codes("daily", &json!({})).len(), 6000);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_the_vendors() {
    let poor = Sandbox::start(Settings { points: 120, ..settings() }).await;
    let rich = Sandbox::start(Settings { rpm: 3, ..settings() }).await;
    let usual = Sandbox::start(settings()).await;
    let page = "权限的具体详情访问：https://tushare.pro/document/1?doc_id=108。";
    let stranger = poor.send("POST", "/", "", r#"{"api_name":"daily","token":"other"}"#).json();
    // More calls than fit into the at most two minutes they span.
    let refused = |sandbox: &Sandbox, calls: usize, interface: &str| {
        let params = json!({"trade_date": "20230301", "list_status": "P"});
        let mut replies = (0..calls).map(|_| sandbox.call(interface, &params, ""));
        replies.find(|reply| reply["code"] != 0).unwrap()
    };
    let often = |calls: u32| format!("抱歉，您每分钟最多访问该接口{calls}次，{page}");
    for (reply, code, text) in [
        (stranger, 40101, "您的token不对，请确认。"),
        (poor.call("dayly", &json!({}), ""), 40101, "请指定正确的接口名"),
        (poor.call("moneyflow", &json!({}), ""), 40203, &*format!("抱歉，您没有接口访问权限，{page}")),
        (rich.call("daily_basic", &json!({"start_date": "20230101"}), ""), -2001, "必填参数"),
        (rich.call("moneyflow", &json!({"end_date": "20230301"}), ""), -2001, "必填参数"),
        (refused(&rich, 7, "suspend_d"), 40203, &often(3)),
        // Few points, and an interface with its own limit.
        (refused(&poor, 101, "daily"), 40203, &often(50)),
        (refused(&usual, 101, "stock_basic"), 40203, &often(50)),
    ] {
        assert!(reply["data"].is_null() && reply["msg"] == reply["message"]);
        assert!(reply["code"] == code && reply["msg"].as_str().unwrap().contains(text), "{reply}");
    }
    assert_eq!(poor.server.calls()["dayly"], 1, "refused calls count");
}

/// A vendor with the same wire, defined by its own files.
const VENDOR: &str = r#"version = 1
vendor = "gateway"
wire = "tushare"
token_in = "header"
token_header = "X-Key"
"#;

const DAILY: &str = r#"version = 1
interface = "gateway/daily"
type = "stock_daily_cn"
fields_of = "tushare/daily"
title = "Bars"
checked = "2026-11-21"
[ask]
by = "session"
param = "trade_date"
page_rows = 100
[publication]
hour = "17:00"
empty = "answer"
history_from = "2010-01-01"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_with_tushares_wire_has_tushares_rows() {
    let file = |name: &str, text: &str| SpecFile { name: name.to_owned(), text: text.to_owned() };
    let own = vec![file("schemas/gateway.toml", VENDOR), file("schemas/gateway/daily.toml", DAILY)];
    let sandbox = Sandbox::start(Settings { own, ..no_limits() }).await;
    assert_eq!(sandbox.server.url_of("gateway"), Some(format!("{}/gateway", sandbox.server.url())));
    assert_eq!(sandbox.server.url_of("nobody"), None);
    let body = json!({"api_name": "daily", "params": {"trade_date": "20230301"}, "fields": "ts_code,close"});
    let call =
        |key: &str| -> Value { sandbox.send("POST", "/gateway", &format!("X-Key: {key}"), &body.to_string()).json() };
    assert_eq!(call("other")["code"], 40101);
    let theirs = sandbox.call("daily", &json!({"trade_date": "20230301"}), "ts_code,close");
    assert_eq!(call(TOKEN)["data"]["items"], theirs["data"]["items"]);
    assert_eq!(sandbox.server.calls()["gateway/daily"], 2);
}
