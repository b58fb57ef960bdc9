//! The seven interfaces that were there first, byte for byte: rows and replies are pinned by digest.
//!
//! Whoever changes a market on purpose changes the digests here, and every expectation built on it.

use super::caller::{Sandbox, no_limits};
use super::{MARKET, TABLES};
use crate::Rows;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::fmt::Write;

const ROWS: [&str; 7] = [
    "080da772f6ea09d5",
    "bb96447b51041c53",
    "f285ba27386a6c5b",
    "7822eb9b4a2517e0",
    "5d723126cec6559e",
    "28f90284769d9681",
    "d02423b54a17470c",
];
const REPLIES: [&str; 7] = [
    "07bfab40ee108d6e",
    "d0375822eca7101f",
    "407c8eebe8faa38b",
    "3915ba531a8462be",
    "ef9a4d0a201e034b",
    "c59ed2ca8a0ce31b",
    "2587bbe9ae44a70f",
];

/// The first bytes of a digest are plenty.
fn short(bytes: &[u8]) -> String {
    Sha256::digest(bytes)[..8].iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn written(rows: &Rows) -> String {
    let mut out = rows.fields.join(",");
    for row in &rows.rows {
        out.push('\n');
        for cell in row {
            cell.write(&mut out);
            out.push(',');
        }
    }
    out
}

#[test]
fn rows_are_what_they_always_were() {
    let digests = TABLES.map(|interface| short(written(&MARKET.rows(interface).unwrap()).as_bytes()));
    assert_eq!(digests, ROWS);
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_are_what_they_always_were() {
    let sandbox = Sandbox::start(no_limits()).await;
    let params = json!({"trade_date": "20230301", "ts_code": "", "limit": 50, "offset": 3});
    let digests = TABLES.map(|interface| short(&sandbox.raw(interface, &params, &json!("")).body));
    assert_eq!(digests, REPLIES);
}
