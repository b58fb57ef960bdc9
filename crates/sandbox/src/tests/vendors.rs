//! Contracts and vendors of a person's own: served by the wire that their files name, with no other code.

use super::caller::{Sandbox, items, no_limits};
use super::table;
use crate::{Settings, TOKEN};
use pitlake_contract::SpecFile;
use serde_json::{Value, json};

fn file(name: &str, text: &str) -> SpecFile {
    SpecFile { name: name.to_owned(), text: text.to_owned() }
}

/// A contract below `[ask]` and `[fields]`.
fn contract(id: &str, head: &str, ask: &str, fields: &str) -> SpecFile {
    let text = format!(
        "version = 1\ninterface = \"{id}\"\n{head}\ntitle = \"X\"\nchecked = \"2026-11-21\"\n[ask]\n{ask}\n\
         page_rows = 100\n[publication]\nhour = \"17:00\"\nempty = \"answer\"\nhistory_from = \"2010-01-01\"\n{fields}"
    );
    file(&format!("schemas/{id}.toml"), &text)
}

const FIELDS: &str = "[fields]\nts_code = { type = \"text\", description = \"security\" }\n\
    trade_date = { type = \"date\", description = \"day\" }\nscore = { type = \"number\", unit = \"percent\", nullable = false, \
    description = \"score\" }\nnote = { type = \"text\", hidden = true, description = \"note\" }\n";

fn settings() -> Settings {
    let gateway =
        "version = 1\nvendor = \"gateway\"\nwire = \"tushare\"\ntoken_in = \"header\"\ntoken_header = \"X-Key\"\n";
    let other = "version = 1\nvendor = \"other\"\nwire = \"rest\"\ntoken_in = \"bearer\"\n";
    let (day, window) = (
        "by = \"session\"\nparam = \"trade_date\"",
        "by = \"session\"\nfield = \"trade_date\"\n\
          send = { start_date = \"{first:iso}\", end_date = \"{first:iso}\" }",
    );
    let own = vec![
        file("schemas/gateway.toml", gateway),
        contract("gateway/daily", "type = \"stock_daily_cn\"\nfields_of = \"tushare/daily\"", day, ""),
        file("schemas/other.toml", other),
        contract("other/scores", "type = \"scores\"\npath = \"/api/scores\"", window, FIELDS),
        contract("tushare/scores", "type = \"scores\"\npoints = 300", day, FIELDS),
    ];
    Settings { own, ..no_limits() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_with_tushares_wire_has_tushares_rows() {
    let sandbox = Sandbox::start(settings()).await;
    assert_eq!(sandbox.server.url_of("gateway"), Some(format!("{}/gateway", sandbox.server.url())));
    assert_eq!(sandbox.server.url_of("nobody"), None);
    let body = json!({"api_name": "daily", "params": {"trade_date": "20230301"}, "fields": "ts_code,close"});
    let call = |key: &str| -> Value {
        let raw = sandbox.send("POST", "/gateway", &format!("X-Key: {key}"), &body.to_string());
        raw.json()
    };
    assert_eq!(call("other")["code"], 40101);
    let theirs = sandbox.call("daily", &json!({"trade_date": "20230301"}), "ts_code,close");
    assert_eq!(call(TOKEN)["data"]["items"], theirs["data"]["items"]);
    assert_eq!(sandbox.server.calls()["gateway/daily"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interface_that_only_its_contract_knows_has_rows() {
    let sandbox = Sandbox::start(settings()).await;
    let reply = sandbox.call("scores", &json!({"trade_date": "20230301"}), "");
    assert_eq!(reply["data"]["fields"], json!(["ts_code", "trade_date", "score"]), "what is hidden stays away");
    assert!(items(&reply).len() > 10, "{reply}");
    assert!(items(&reply).iter().all(|row| row[1] == "20230301" && row[2].is_number()), "{reply}");
    let whole = table(&sandbox.market, "scores");
    let rows = whole.iter().filter(|row| row["trade_date"] == *"20230301");
    assert_eq!(rows.count(), items(&reply).len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_with_limit_and_offset_is_served_below_its_name() {
    let sandbox = Sandbox::start(settings()).await;
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let path = "/other/api/scores?start_date=2023-03-01&end_date=2023-03-01";
    assert_eq!(sandbox.send("GET", path, "", "").status(), 401);
    let page = |offset: usize| -> Vec<Value> {
        let raw = sandbox.send("GET", &format!("{path}&limit=20&offset={offset}"), &bearer, "");
        serde_json::from_slice(&raw.body).unwrap()
    };
    let rows: Vec<Value> = [0, 20, 40, 60].into_iter().flat_map(page).collect();
    let whole = table(&sandbox.market, "other/scores");
    let expected = whole.iter().filter(|row| row["trade_date"] == *"2023-03-01").count();
    assert!(expected > 10 && rows.len() == expected, "{} of {expected}", rows.len());
    assert!(rows.iter().all(|row| row["trade_date"] == "2023-03-01" && row["score"].is_string()));
}
