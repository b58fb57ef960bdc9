//! Calls that fail: refusals, faults, and the end of the server.

use super::caller::{Raw, Sandbox, no_limits};
use super::{MARKET, settings};
use crate::{Settings, serve};
use serde_json::{Value, json};
use std::net::TcpStream;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_the_vendors() {
    const NO_ACCESS: &str = "抱歉，您没有接口访问权限，权限的具体详情访问：https://tushare.pro/document/1?doc_id=108。";
    let sandbox = Sandbox::start(Settings { points: 120, ..settings() }).await;
    let expect = |reply: &Value, code: i64, text: &str| {
        assert_eq!(reply["code"], code);
        assert!(reply["data"].is_null() && reply["msg"] == reply["message"]);
        assert!(reply["msg"].as_str().unwrap().contains(text), "{reply}");
    };
    let stranger = sandbox.send("POST", "/", r#"{"api_name":"daily","token":"other"}"#);
    expect(&serde_json::from_slice(&stranger.body).unwrap(), 40101, "您的token不对，请确认。");
    expect(&sandbox.call("dayly", &json!({}), ""), 40101, "请指定正确的接口名");
    expect(&sandbox.call("moneyflow", &json!({}), ""), 40203, NO_ACCESS);
    assert_eq!(sandbox.server.calls()["dayly"], 1);

    let rich = Sandbox::start(Settings { rpm: 3, ..settings() }).await;
    expect(&rich.call("daily_basic", &json!({"start_date": "20230101"}), ""), -2001, "必填参数");
    expect(&rich.call("moneyflow", &json!({"end_date": "20230301"}), ""), -2001, "必填参数");
    // Seven calls touch at most two minutes, so one minute gets four.
    let replies: Vec<Value> = (0..7).map(|_| rich.call("suspend_d", &json!({}), "")).collect();
    let refused = replies.iter().find(|reply| reply["code"] != 0).unwrap();
    expect(
        refused,
        40203,
        "抱歉，您每分钟最多访问该接口3次，权限的具体详情访问：https://tushare.pro/document/1?doc_id=108。",
    );
    assert_eq!(rich.server.calls()["suspend_d"], 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_come_in_turn_and_a_retry_helps() {
    let sandbox = Sandbox::start(Settings { faults: 1, ..no_limits() }).await;
    let mut seen = Vec::new();
    for day in 1..=7 {
        let params = json!({"trade_date": format!("2023030{day}")});
        seen.push(sandbox.raw("daily", &params, &json!("")));
        assert_eq!(sandbox.call("daily", &params, "")["code"], 0);
    }
    let statuses: Vec<_> = seen.iter().map(Raw::status).collect();
    assert_eq!(statuses, [503, 502, 200, 200, 429, 0, 200]);
    assert!(String::from_utf8(seen[1].body.clone()).is_err(), "GBK");
    assert!(seen[2].body.is_empty());
    assert!(seen[3].is_whole() && serde_json::from_slice::<Value>(&seen[3].body).is_err());
    assert!(seen[5].head.is_empty() && seen[5].body.is_empty());
    assert!(!seen[6].is_whole() && !seen[6].body.is_empty());

    let first = json!({"trade_date": "20230301", "limit": 10});
    sandbox.raw("daily", &first, &json!(""));
    let second = json!({"trade_date": "20230301", "limit": 10, "offset": 10});
    let (first, shifted, second) =
        (sandbox.codes("daily", &first), sandbox.codes("daily", &second), sandbox.codes("daily", &second));
    assert_eq!(shifted[0], first[9]);
    assert_eq!(shifted[1..], second[..9]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropping_the_handle_stops_the_server() {
    let server = serve(Arc::clone(&MARKET), settings(), 0).await.unwrap();
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
