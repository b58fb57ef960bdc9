//! The `rest` wire: a GET answered with a bare array of flat objects, paged by limit and offset, with a daily quota.
//! AShareHub uses it.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::exchange::{Call, Page, Received, Refusal, Request, Window, Wire};
use super::{objects, status, url};
use crate::spec::Paging;

/// The longest wait in seconds that a 429 may ask for without being about the daily quota.
const LONGEST_WAIT: u64 = 120;

/// The `rest` wire format.
#[derive(Debug)]
pub(super) struct Rest;

/// An error as FastAPI writes it: a text, or a list of invalid parameters.
#[derive(Deserialize)]
struct RestError<'a> {
    #[serde(borrow)]
    detail: &'a RawValue,
}

#[derive(Deserialize)]
struct InvalidParameter {
    #[serde(default)]
    loc: Vec<serde_json::Value>,
    msg: String,
}

impl Wire for Rest {
    fn request(&self, base_url: &str, call: &Call, window: Window) -> Request {
        let both = [("limit", window.limit), ("offset", window.offset)];
        let paging = match call.paging {
            Paging::Offset => &both[..],
            Paging::Limit => &both[..1],
            Paging::Whole => &[],
        };
        Request { url: url::url(base_url, call, paging), ..Request::default() }
    }

    fn read<'a>(&self, received: Received<'a>) -> Result<Page<'a>, Refusal> {
        let Received { status: http, retry_after, body } = received;
        if !received.is_success() {
            return Err(match (http, retry_after) {
                (429, Some(seconds)) if seconds <= LONGEST_WAIT => status::refused(http, &detail(body)),
                (429, _) => Refusal::AccountSpent(format!("http {http}: {}", detail(body))),
                (400 | 422, _) if invalid_parameters(body).is_some() => {
                    Refusal::BadCall(format!("http {http}: {}", detail(body)))
                }
                _ => status::refused(http, &detail(body)),
            });
        }
        let reply = objects::json(body)?;
        let page = objects::rows(reply)?;
        // An empty object has no rows. Any other is an envelope, which this wire does not have, or a refusal.
        if objects::is_object(reply) && !page.rows.is_empty() {
            let text = error(body).and_then(|RestError { detail }| objects::text(detail));
            return Err(text.map_or_else(|| objects::unexpected(body), |text| objects::refused(&text)));
        }
        Ok(page)
    }
}

fn error(body: &[u8]) -> Option<RestError<'_>> {
    serde_json::from_slice(body).ok()
}

/// The parameters that an error reports as invalid.
fn invalid_parameters(body: &[u8]) -> Option<String> {
    let problems: Vec<InvalidParameter> = serde_json::from_str(error(body)?.detail.get()).ok()?;
    (!problems.is_empty()).then(|| problems.iter().map(InvalidParameter::text).collect::<Vec<_>>().join("; "))
}

/// The message of an error in any of its forms.
fn detail(body: &[u8]) -> String {
    let text = invalid_parameters(body).or_else(|| objects::text(error(body)?.detail));
    text.map_or_else(|| objects::excerpt(body), |text| objects::excerpt(text.as_bytes()))
}

impl InvalidParameter {
    fn text(&self) -> String {
        let name = self.loc.last().map(|name| name.as_str().map_or_else(|| name.to_string(), str::to_owned));
        name.map_or_else(|| self.msg.clone(), |name| format!("{name}: {}", self.msg))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> Result<usize, Refusal> {
        Rest.read(Received { status, retry_after: None, body: body.as_bytes() }).map(|page| page.rows.len())
    }

    fn request(base: &str, paging: Paging) -> Request {
        let params = vec![("start_date".into(), "2024-01-02".into()), ("end_date".into(), "2024-01-02".into())];
        let path = Some("/v1/market/daily".into());
        let call = Call { api: "market_daily".into(), path, params, fields: "ts_code,close".into(), paging };
        Rest.request(base, &call, Window { limit: 5000, offset: 10000 })
    }

    #[test]
    fn pages_are_in_the_query() {
        let asked = "https://asharehub.com/v1/market/daily?start_date=2024-01-02&end_date=2024-01-02";
        for (paging, more) in
            [(Paging::Offset, "&limit=5000&offset=10000"), (Paging::Limit, "&limit=5000"), (Paging::Whole, "")]
        {
            let request = request("https://asharehub.com", paging);
            assert_eq!(request.url, format!("{asked}{more}"));
            assert!(request.headers.is_empty() && request.body.is_none());
        }
        assert!(request("127.0.0.1:9/prefix/", Paging::Whole).url.starts_with("https://127.0.0.1:9/prefix/v1/market/"));
    }

    #[test]
    fn a_success_is_a_bare_array() {
        assert_eq!(read(200, r#"[{"ts_code":"600519.SH","close":"9.2100"},{"ts_code":"000001.SZ"}]"#), Ok(2));
        for empty in ["[]", "null", "{}"] {
            assert_eq!(read(200, empty), Ok(0));
        }
        assert!(matches!(read(200, r#"{"detail":"please retry"}"#), Err(Refusal::Transient(_))));
        assert!(matches!(read(200, r#"{"detail":"bad parameter"}"#), Err(Refusal::BadCall(_))));
        for other in [r#"{"data":[{"a":1}]}"#, r#"{"detail":7}"#, "[[1]]", "[1]", r#""[]""#] {
            assert!(matches!(read(200, other), Err(Refusal::BadCall(text)) if text.contains(other)), "{other}");
        }
        for broken in ["<html>busy</html>", "", r#"[{"a":1},"#, r#"[{"a":1,"a":2}]"#] {
            assert!(matches!(read(200, broken), Err(Refusal::Transient(_))), "{broken}");
        }
    }

    #[test]
    fn each_status_has_its_consequence() {
        let missing = r#"{"detail":"Invalid API key"}"#;
        assert!(matches!(read(401, missing), Err(Refusal::Rejected(text)) if text.ends_with(": Invalid API key")));
        assert!(matches!(read(403, "<html>"), Err(Refusal::Forbidden(text)) if text.contains("<html>")));
        assert!(matches!(read(404, r#"{"detail":"Not Found"}"#), Err(Refusal::NoPath(_))));
        let wrong = r#"{"detail":[{"type":"x","loc":["query","limit"],"msg":"too large","input":"9"},{"msg":"b"}]}"#;
        for status in [400, 422] {
            assert!(matches!(read(status, wrong), Err(Refusal::BadCall(t)) if t.ends_with(": limit: too large; b")));
        }
        for status in [400, 409, 410, 422] {
            assert!(
                matches!(read(status, r#"{"detail":{"a":1}}"#), Err(Refusal::Transient(t)) if t.contains(r#"{"a":1}"#))
            );
            assert!(matches!(read(status, r#"{"detail":"bad parameter `end`"}"#), Err(Refusal::BadCall(_))));
        }
        assert!(matches!(read(302, "[]"), Err(Refusal::BadCall(text)) if text.contains("redirects are not followed")));
        for status in [408, 500, 502, 503, 504] {
            assert!(matches!(read(status, "[]"), Err(Refusal::Transient(_))));
        }
    }

    #[test]
    fn a_429_is_the_daily_quota_unless_the_wait_is_short() {
        let after = |retry_after| Rest.read(Received { status: 429, retry_after, body: b"{\"detail\":\"Limit\"}" });
        assert!(matches!(after(None), Err(Refusal::AccountSpent(text)) if text.contains("Limit")));
        assert!(matches!(after(Some(0)), Err(Refusal::SlowDown(_))));
        assert!(matches!(after(Some(120)), Err(Refusal::SlowDown(_))));
        assert!(matches!(after(Some(121)), Err(Refusal::AccountSpent(_))));
    }
}
