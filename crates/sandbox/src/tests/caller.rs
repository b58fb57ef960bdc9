//! A client on plain sockets, to see broken replies as they are.

use super::{MARKET, settings};
use crate::{Market, Server, Settings, TOKEN, serve};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

/// A running server.
pub(super) struct Sandbox {
    pub(super) server: Server,
}

/// Status line, headers and body as received; all empty if the connection closed without a reply.
pub(super) struct Raw {
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Raw {
    pub(super) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }

    /// Whether the whole body arrived.
    pub(super) fn is_whole(&self) -> bool {
        let length = self.head.lines().find_map(|line| line.strip_prefix("content-length: "));
        length.is_some_and(|length| length.parse() == Ok(self.body.len()))
    }
}

impl Sandbox {
    pub(super) async fn start(settings: Settings) -> Self {
        let market = if settings.own.is_empty() { Arc::clone(&MARKET) } else { Arc::new(Market::new(&settings)) };
        Self { server: serve(market, settings, 0).await.unwrap() }
    }

    /// A sandbox without limits.
    pub(super) async fn open() -> Self {
        Self::start(no_limits()).await
    }

    /// A request with one header or none.
    pub(super) fn send(&self, method: &str, path: &str, header: &str, body: &str) -> Raw {
        tokio::task::block_in_place(|| {
            let host = self.server.url().replace("http://", "");
            let mut stream = TcpStream::connect(&host).unwrap();
            let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
            let head = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{header}");
            stream.write_all(format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
            let mut reply = Vec::new();
            let _ = stream.read_to_end(&mut reply); // a reset ends a broken reply
            let split = reply.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(reply.len());
            let body = reply.get(split + 4..).unwrap_or_default().to_vec();
            Raw { head: String::from_utf8(reply[..split].to_vec()).unwrap(), body }
        })
    }

    /// A GET with the token of each vendor, below a prefix.
    pub(super) fn get(&self, path: &str) -> Raw {
        self.send("GET", path, &format!("X-API-Key: {TOKEN}"), "")
    }

    /// A Tushare call.
    pub(super) fn post(&self, interface: &str, params: &Value, fields: &str) -> Raw {
        let body = json!({"api_name": interface, "token": TOKEN, "params": params, "fields": fields});
        self.send("POST", "/", "", &body.to_string())
    }

    pub(super) fn call(&self, interface: &str, params: &Value, fields: &str) -> Value {
        let raw = self.post(interface, params, fields);
        assert_eq!(raw.status(), 200, "{}", raw.head);
        raw.json()
    }

    /// The first column of the rows.
    pub(super) fn codes(&self, interface: &str, params: &Value) -> Vec<String> {
        items(&self.call(interface, params, "")).iter().map(|row| row[0].as_str().unwrap().to_owned()).collect()
    }
}

pub(super) fn items(reply: &Value) -> &Vec<Value> {
    reply["data"]["items"].as_array().unwrap()
}

pub(super) fn no_limits() -> Settings {
    Settings { rpm: 0, ..settings() }
}
