//! What goes wrong in transit: gateway errors, broken replies and shifted pages, in a fixed rotation.
//!
//! The next attempt at a failed call always succeeds, so one retry is enough.

use crate::tables::Params;
use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{StreamExt, stream};
use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Unavailable,
    /// HTTP 502 with an HTML page in GBK.
    BadGateway,
    EmptyBody,
    HalfJson,
    /// HTTP 429, asking to wait for a second.
    TooMany,
    /// Connection closed without a reply.
    HangUp,
    /// Connection closed in the middle of the reply.
    BrokenReply,
    /// A later page that begins with the last row of the previous page.
    RepeatedRow,
}

const ROTATION: [Fault; 7] = [
    Fault::Unavailable,
    Fault::BadGateway,
    Fault::EmptyBody,
    Fault::HalfJson,
    Fault::TooMany,
    Fault::HangUp,
    Fault::BrokenReply,
];

pub(crate) struct Faults {
    /// One fault per this many calls; 0 for none.
    every: u32,
    calls_since: u32,
    turns: usize,
    /// Whether the next faulty later page repeats a row, instead of the next fault in the rotation.
    repeat_next: bool,
    /// Attempts that failed and have not been repeated yet.
    spoiled: BTreeSet<String>,
}

impl Faults {
    pub(crate) fn new(every: u32) -> Self {
        Self { every, calls_since: 0, turns: 0, repeat_next: true, spoiled: BTreeSet::new() }
    }

    /// What happens to a call. `later_page` means that it has an offset.
    pub(crate) fn next(&mut self, attempt: &str, later_page: bool) -> Option<Fault> {
        if self.every == 0 {
            return None;
        }
        self.calls_since += 1;
        if self.spoiled.remove(attempt) || self.calls_since < self.every {
            return None;
        }
        self.calls_since = 0;
        self.spoiled.insert(attempt.to_owned());
        if later_page {
            self.repeat_next = !self.repeat_next;
            if !self.repeat_next {
                return Some(Fault::RepeatedRow);
            }
        }
        self.turns += 1;
        Some(ROTATION[(self.turns - 1) % ROTATION.len()])
    }
}

impl Fault {
    /// Makes a page begin one row early, if the fault is a repeated row.
    pub(crate) fn shift(self, params: &mut Params) {
        if let (Self::RepeatedRow, Some(offset)) = (self, params.get_mut("offset")) {
            *offset = offset.trim().parse().map_or(0, |rows: usize| rows.saturating_sub(1)).to_string();
        }
    }

    pub(crate) fn respond(self, reply: String) -> Response {
        // "Gateway error", in GBK.
        const HTML: &[u8] =
            b"<html><head><title>502</title></head><body><h1>\xcd\xf8\xb9\xd8\xb4\xed\xce\xf3</h1></body></html>";
        let json = [(header::CONTENT_TYPE, "application/json")];
        let middle = reply.len() / 2;
        match self {
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "upstream connect error").into_response(),
            Self::BadGateway => {
                (StatusCode::BAD_GATEWAY, [(header::CONTENT_TYPE, "text/html; charset=gbk")], HTML).into_response()
            }
            Self::EmptyBody => (json, "").into_response(),
            Self::HalfJson => (json, Bytes::from(reply).slice(..middle)).into_response(),
            // Without a wait, callers would pause for a minute.
            Self::TooMany => {
                (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")], "too many requests").into_response()
            }
            Self::HangUp => broken(Bytes::new(), reply.len()),
            Self::BrokenReply => broken(Bytes::from(reply).slice(..middle), middle * 2),
            Self::RepeatedRow => (json, reply).into_response(),
        }
    }
}

/// A reply that promises `length` bytes but ends after `start`. If `start` is empty, nothing is sent at all.
fn broken(start: Bytes, length: usize) -> Response {
    // Let the start be sent before the connection closes.
    let pause = Duration::from_millis(if start.is_empty() { 0 } else { 20 });
    let start = stream::iter((!start.is_empty()).then_some(Ok(start)));
    let end = stream::once(async move {
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        Err(io::Error::other("fault: connection closed"))
    });
    let headers = [(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_LENGTH, length.to_string())];
    (headers, Body::from_stream(start.chain(end))).into_response()
}
