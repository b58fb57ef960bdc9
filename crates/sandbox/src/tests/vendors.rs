//! A vendor of its own files with Tushare's wire and Tushare's rows. Other vendors of their own files are tried with a
//! lake, in the suite of the root package.

use super::caller::{Sandbox, no_limits};
use crate::{Settings, TOKEN};
use pitlake_contract::SpecFile;
use serde_json::{Value, json};

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
