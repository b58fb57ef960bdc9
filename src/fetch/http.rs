//! The one HTTP client: time-outs, a cap on replies, and no secret in any error.

use std::time::Duration;

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};

use crate::vendor::Request;

/// Larger than any reply seen by a hundred times; what is larger is not what we asked for.
const MOST_BYTES: usize = 512 << 20;

/// Why no reply came.
#[derive(Debug)]
pub(super) enum NoReply {
    /// Nobody listens there.
    Unreachable(String),
    /// The line broke, or took too long.
    Broken(String),
}

pub(super) fn client() -> Result<reqwest::Client> {
    // An error here only says that somebody installed the same provider before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(concat!("pitlake/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_mins(1))
        // A redirect would carry the token to a place nobody configured.
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .context("cannot set up HTTP")
}

/// What came back, whole.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// Seconds after which to come again, where the other side says so.
    pub(super) retry_after: Option<u64>,
    /// When the other side says it is.
    pub(super) date: Option<DateTime<Utc>>,
}

/// Sends a request.
pub(super) async fn send(client: &reqwest::Client, request: Request) -> Result<Reply, NoReply> {
    let mut asked = match request.body {
        Some(body) => client.post(&request.url).header("content-type", "application/json").body(body),
        None => client.get(&request.url),
    };
    for (name, value) in request.headers {
        asked = asked.header(name, value);
    }
    let mut response = asked.send().await.map_err(|error| {
        let nobody = error.is_connect();
        let message = chain(&error.without_url());
        if nobody { NoReply::Unreachable(message) } else { NoReply::Broken(message) }
    })?;
    let status = response.status().as_u16();
    let date = response.headers().get("date").and_then(|text| text.to_str().ok());
    let date = date.and_then(|text| DateTime::parse_from_rfc2822(text).ok()).map(|date| date.to_utc());
    let retry_after = response.headers().get("retry-after").and_then(|text| text.to_str().ok()?.trim().parse().ok());
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Ok(Reply { status, body, retry_after, date }),
            Err(error) => return Err(NoReply::Broken(chain(&error.without_url()))),
        }
        if body.len() > MOST_BYTES {
            return Err(NoReply::Broken(format!("a reply of more than {MOST_BYTES} bytes")));
        }
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}
