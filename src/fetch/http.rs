//! The only HTTP client: timeouts, a limit on the size of replies, and no secrets in errors. Does not interpret
//! responses.

use std::time::Duration;

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};

use super::room::Share;
use crate::clock::Clock;
use crate::real;
use crate::wire::Request;

/// Limit for a whole call, excluding time in which its reply waits for memory.
const LONGEST: Duration = Duration::from_mins(2);

/// Why there is no response.
#[derive(Debug)]
pub(crate) enum NoResponse {
    /// No connection could be made.
    Unreachable(String),
    /// The connection broke or timed out.
    Broken(String),
    /// The response is larger than any should be. The rest was not read.
    TooLarge,
    /// It took longer than any call should.
    TooLong,
}

/// An HTTP client that follows no redirects and times out after a minute, unless a request has a timeout of its own.
///
/// # Errors
/// If the system's certificates cannot be loaded.
pub fn client() -> Result<reqwest::Client> {
    // It fails only if a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .user_agent(concat!("pitlake/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(10))
        .timeout(Duration::from_mins(1))
        // A redirect would send the token to an address that is not configured.
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .context("cannot set up the HTTP client")
}

/// Parses an address to send calls to. HTTPS if it has no scheme.
pub(super) fn address(text: &str) -> Option<reqwest::Url> {
    let scheme = if text.contains("://") { "" } else { "https://" };
    reqwest::Url::parse(&format!("{scheme}{text}")).ok().filter(reqwest::Url::has_host)
}

/// A complete response.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// Seconds to wait before the next call, if given.
    pub(super) retry_after: Option<u64>,
    /// The server's time, if given.
    pub(super) date: Option<DateTime<Utc>>,
}

/// Sends a request and reads the whole response, as `share` gets memory for it. `waits` is called when it has to wait
/// for memory.
pub(super) async fn send(
    client: &reqwest::Client,
    request: Request,
    share: &mut Share,
    mut waits: impl FnMut(),
) -> Result<Response, NoResponse> {
    let mut end = real::instant() + LONGEST;
    let response = real::by(end, respond(client, request)).await;
    let mut response = response.unwrap_or(Err(NoResponse::TooLong))?;
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).and_then(|text| text.to_str().ok());
    let date = header("date").and_then(instant);
    let retry_after = header("retry-after").and_then(|text| seconds(text, date));
    let mut body = Vec::new();
    loop {
        match real::by(end, response.chunk()).await.ok_or(NoResponse::TooLong)? {
            Ok(Some(chunk)) => {
                if body.len() + chunk.len() > share.of_a_reply() {
                    return Err(NoResponse::TooLarge);
                }
                let began = real::instant();
                share.take(chunk.len(), &mut waits).await;
                end += real::instant() - began;
                body.extend_from_slice(&chunk);
            }
            Ok(None) => return Ok(Response { status, body, retry_after, date }),
            Err(error) => return Err(NoResponse::Broken(chain(&error.without_url()))),
        }
    }
}

/// Sends a request, without reading the body of the response.
async fn respond(client: &reqwest::Client, request: Request) -> Result<reqwest::Response, NoResponse> {
    #[cfg(test)]
    if let Some(vendor) = super::in_process::vendor() {
        return vendor.respond(request).await;
    }
    let mut builder = match request.body {
        Some(body) => {
            let body = serde_json::Value::from(body).to_string();
            client.post(&request.url).header("content-type", "application/json").body(body)
        }
        None => client.get(&request.url),
    };
    for (name, value) in request.headers {
        builder = builder.header(name, value);
    }
    // `send` limits the whole call itself.
    builder.timeout(LONGEST * 30).send().await.map_err(|error| {
        let is_unreachable = error.is_connect();
        let message = chain(&error.without_url());
        if is_unreachable { NoResponse::Unreachable(message) } else { NoResponse::Broken(message) }
    })
}

fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc2822(text.trim()).ok().map(|date| date.to_utc())
}

/// The wait given by `Retry-After`, in seconds or as a time on the server's clock.
fn seconds(text: &str, date: Option<DateTime<Utc>>) -> Option<u64> {
    text.trim().parse().ok().or_else(|| {
        let wait = instant(text)? - date.unwrap_or_else(Clock::machine);
        Some(u64::try_from(wait.num_seconds()).unwrap_or(0))
    })
}

/// An error and its causes on one line, without those that only say that a call failed.
fn chain(error: &dyn std::error::Error) -> String {
    let mut parts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(inner) = cause {
        parts.push(inner.to_string());
        cause = inner.source();
    }
    let last = parts.pop().unwrap_or_default();
    parts.retain(|part| !["error sending request", "client error (Connect)"].contains(&part.as_str()));
    parts.push(last);
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_a_port_that_can_be() {
        for text in ["api.tushare.pro", "http://127.0.0.1:8000/", "https://a:b@host/path?key=1", "http://[::1]:1"] {
            assert!(address(text).is_some(), "{text}");
        }
        for text in ["https://a b", "http://host:99999", "http://[::1", "https://", ""] {
            assert!(address(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_wait_is_seconds_or_an_instant() {
        let date = instant("Thu, 26 Nov 2026 12:00:00 GMT");
        assert!(date.is_some());
        for (text, expected) in [
            ("30", Some(30)),
            (" 0 ", Some(0)),
            ("Thu, 26 Nov 2026 12:00:45 GMT", Some(45)),
            ("Thu, 26 Nov 2026 11:00:00 GMT", Some(0)),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(seconds(text, date), expected, "{text}");
        }
    }
}
