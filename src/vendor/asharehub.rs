//! AShareHub's wire format: bare arrays of flat objects, no envelope, a quota by the day. `reference/asharehub.md` 1-4.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Call, Page, Received, Refusal, Request, Vendor, Window, rest};
use crate::spec::Paging;

/// A 429 that asks to wait longer than so many seconds is about the day's quota.
const LONGEST_WAIT: u64 = 120;

/// AShareHub.
#[derive(Debug)]
pub(super) struct AShareHub;

/// An error as the vendor's framework writes it: a text, or a list of what is wrong with which parameter.
#[derive(Deserialize)]
struct Complaint<'a> {
    #[serde(borrow)]
    detail: &'a RawValue,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    loc: Vec<serde_json::Value>,
    msg: String,
}

impl Vendor for AShareHub {
    fn home(&self) -> Option<&'static str> {
        Some("https://asharehub.com")
    }

    fn request(&self, base_url: &str, call: &Call, window: Window, token: &str) -> Request {
        let both = [("limit", window.limit), ("offset", window.offset)];
        let paging = match call.paging {
            Paging::Offset => &both[..],
            Paging::Limit => &both[..1],
            Paging::Whole => &[],
        };
        let headers = vec![("X-API-Key".to_owned(), token.to_owned())];
        Request { url: rest::url(base_url, call, paging), headers, body: None }
    }

    fn read<'a>(&self, received: Received<'a>) -> Result<Page<'a>, Refusal> {
        let Received { status, retry_after, body } = received;
        if !rest::is_fine(received) {
            return Err(match (status, retry_after) {
                (429, Some(seconds)) if seconds <= LONGEST_WAIT => rest::refused(status, &detail(body)),
                (429, _) => Refusal::AccountSpent(format!("http {status}: {}", detail(body))),
                _ => rest::refused(status, &detail(body)),
            });
        }
        let reply = rest::json(body)?;
        let page = rest::rows(reply)?;
        // An empty object is nothing; one with something in it is an envelope that nobody agreed on.
        if rest::is_object(reply) && !page.rows.is_empty() {
            return Err(rest::unexpected(body));
        }
        Ok(page)
    }
}

/// What an error says, however it is written.
fn detail(body: &[u8]) -> String {
    let complaint: Option<Complaint<'_>> = serde_json::from_slice(body).ok();
    let said = complaint.and_then(|Complaint { detail }| {
        let problems: Option<Vec<Problem>> = serde_json::from_str(detail.get()).ok();
        problems.map(|all| all.iter().map(Problem::said).collect::<Vec<_>>().join("; ")).or_else(|| rest::text(detail))
    });
    said.map_or_else(|| rest::excerpt(body), |text| rest::excerpt(text.as_bytes()))
}

impl Problem {
    fn said(&self) -> String {
        let name = self.loc.last().map(|name| name.as_str().map_or_else(|| name.to_string(), str::to_owned));
        name.map_or_else(|| self.msg.clone(), |name| format!("{name}: {}", self.msg))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> Result<usize, Refusal> {
        AShareHub.read(Received { status, retry_after: None, body: body.as_bytes() }).map(|page| page.rows.len())
    }

    fn request(base: &str, paging: Paging) -> Request {
        let params = vec![("start_date".into(), "2024-01-02".into()), ("end_date".into(), "2024-01-02".into())];
        let path = Some("/v1/market/daily".into());
        let call = Call { api: "market_daily".into(), path, params, fields: "ts_code,close".into(), paging };
        AShareHub.request(base, &call, Window { limit: 5000, offset: 10000 }, "ash_secret")
    }

    #[test]
    fn the_key_goes_into_a_header_and_pages_into_the_query() {
        let asked = "https://asharehub.com/v1/market/daily?start_date=2024-01-02&end_date=2024-01-02";
        for (paging, more) in
            [(Paging::Offset, "&limit=5000&offset=10000"), (Paging::Limit, "&limit=5000"), (Paging::Whole, "")]
        {
            let request = request("https://asharehub.com", paging);
            assert_eq!(request.url, format!("{asked}{more}"));
            assert_eq!(request.headers, [("X-API-Key".to_owned(), "ash_secret".to_owned())]);
            assert_eq!(request.body, None);
        }
        assert!(request("127.0.0.1:9/prefix/", Paging::Whole).url.starts_with("https://127.0.0.1:9/prefix/v1/market/"));
    }

    #[test]
    fn success_is_a_bare_array() {
        assert_eq!(read(200, r#"[{"ts_code":"600519.SH","close":"9.2100"},{"ts_code":"000001.SZ"}]"#), Ok(2));
        for empty in ["[]", "null", "{}"] {
            assert_eq!(read(200, empty), Ok(0));
        }
        for other in [r#"{"data":[{"a":1}]}"#, r#"{"detail":"x"}"#, "[[1]]", "[1]", r#""[]""#] {
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
        assert!(matches!(read(422, r#"{"detail":{"a":1}}"#), Err(Refusal::BadCall(t)) if t.contains(r#"{"a":1}"#)));
        assert!(matches!(read(302, "[]"), Err(Refusal::BadCall(text)) if text.contains("redirect refused")));
        for status in [408, 500, 502, 503, 504] {
            assert!(matches!(read(status, "[]"), Err(Refusal::Transient(_))));
        }
    }

    #[test]
    fn too_many_is_the_day_unless_it_says_how_soon() {
        let after =
            |retry_after| AShareHub.read(Received { status: 429, retry_after, body: b"{\"detail\":\"Limit\"}" });
        assert!(matches!(after(None), Err(Refusal::AccountSpent(text)) if text.contains("Limit")));
        assert!(matches!(after(Some(0)), Err(Refusal::SlowDown(_))));
        assert!(matches!(after(Some(120)), Err(Refusal::SlowDown(_))));
        assert!(matches!(after(Some(121)), Err(Refusal::AccountSpent(_))));
    }
}
