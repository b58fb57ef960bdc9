//! The F10 gateway's wire format: an envelope with `ret_code`, whose word counts more than the HTTP status.
//! `reference/f10.md` 1, 5, 6.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Call, Page, Received, Refusal, Request, Vendor, Window, rest};

/// The gateway's own code for too many calls, in a body without `ret_code`.
const TOO_MANY: i64 = 429_001;

/// The F10 gateway.
#[derive(Debug)]
pub(super) struct F10;

#[derive(Deserialize)]
struct Reply<'a> {
    #[serde(default, borrow)]
    ret_code: Option<&'a RawValue>,
    #[serde(default, borrow)]
    ret_msg: Option<&'a RawValue>,
    #[serde(default, borrow)]
    data: Option<&'a RawValue>,
    /// Only where the gateway itself answers.
    #[serde(default, borrow)]
    code: Option<&'a RawValue>,
    #[serde(default, borrow)]
    message: Option<&'a RawValue>,
}

impl Vendor for F10 {
    // The vendor's page names no host, and no default may leave the machine.
    fn home(&self) -> Option<&'static str> {
        None
    }

    fn needs_token(&self) -> bool {
        false
    }

    fn request(&self, base_url: &str, call: &Call, _: Window, token: &str) -> Request {
        let bearer = (!token.is_empty()).then(|| ("Authorization".to_owned(), format!("Bearer {token}")));
        Request { url: rest::url(base_url, call, &[]), headers: bearer.into_iter().collect(), body: None }
    }

    fn read<'a>(&self, received: Received<'a>) -> Result<Page<'a>, Refusal> {
        let Received { status, body, .. } = received;
        let is_fine = rest::is_fine(received);
        let reply: Reply<'a> = match rest::envelope(body) {
            Ok(reply) if !(300..400).contains(&status) => reply,
            Err(refusal) if is_fine => return Err(refusal),
            _ => return Err(by_status(status, &rest::excerpt(body))),
        };
        let said = [reply.ret_msg, reply.message].into_iter().flatten().find_map(rest::text).unwrap_or_default();
        let said = rest::excerpt(said.as_bytes());
        let Some(ret_code) = reply.ret_code else {
            return Err(match reply.code.and_then(rest::integer) {
                Some(TOO_MANY) => Refusal::SlowDown(said),
                _ if is_fine => rest::unexpected(body),
                _ => by_status(status, &said),
            });
        };
        let message = format!("{said} (ret_code {})", rest::excerpt(ret_code.get().as_bytes()));
        match rest::integer(ret_code) {
            Some(0) => rows(reply.data, body),
            // Not covered, or nothing there: known for good, and no rows.
            Some(-8 | -10) => Ok(Page::default()),
            Some(-7) => Err(Refusal::Unknown(message)),
            Some(-3) => Err(Refusal::BadCall(message)),
            Some(-9) => Err(Refusal::Forbidden(message)),
            // -2, -4, -5, -6: the gateway or what is behind it; others are not documented.
            _ => Err(Refusal::Transient(message)),
        }
    }
}

/// One row a record where the data is a list of them, else the data are one row.
fn rows<'a>(data: Option<&'a RawValue>, body: &[u8]) -> Result<Page<'a>, Refusal> {
    let Some(data) = data else { return Ok(Page::default()) };
    if !rest::is_object(data) {
        return Err(rest::unexpected(body));
    }
    let whole = rest::rows(data)?;
    let records = whole.fields.iter().position(|name| name == "records").and_then(|place| whole.rows[0][place]);
    records.map_or(Ok(whole), rest::rows)
}

fn by_status(status: u16, text: &str) -> Refusal {
    match rest::refused(status, text) {
        Refusal::NoPath(message) => Refusal::NoPath(format!(
            "{message}. The vendor has two generations of paths, /v1/quote/{{symbol}}/f10/... and \
             /api/v1.0/quote/{{symbol}}/...; the contracts have the first"
        )),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Paging;

    fn read(status: u16, body: &str) -> Result<usize, Refusal> {
        F10.read(Received { status, retry_after: None, body: body.as_bytes() }).map(|page| page.rows.len())
    }

    fn coded(code: i64) -> String {
        format!(r#"{{"ret_code":{code},"ret_msg":"said so","error":{{"code":"x","message":"y"}}}}"#)
    }

    #[test]
    fn the_symbol_is_in_the_path_and_a_token_in_a_header_if_there_is_one() {
        let params = vec![("symbol".into(), "SH.600519".into()), ("interval_type".into(), "3".into())];
        let path = Some("/v1/quote/{symbol}/f10/valuation-detail".to_owned());
        let call = Call { api: "valuation_detail".into(), path, params, fields: String::new(), paging: Paging::Whole };
        let window = Window { limit: 1, offset: 0 };
        let request = F10.request("http://127.0.0.1:9/f10", &call, window, "");
        assert_eq!(request.url, "http://127.0.0.1:9/f10/v1/quote/SH.600519/f10/valuation-detail?interval_type=3");
        assert!(request.headers.is_empty() && request.body.is_none());
        let request = F10.request("http://127.0.0.1:9", &call, window, "secret");
        assert_eq!(request.headers, [("Authorization".to_owned(), "Bearer secret".to_owned())]);
        assert!(!request.url.contains("secret"));
        assert_eq!((F10.home(), F10.needs_token()), (None, false));
    }

    #[test]
    fn records_are_rows_and_other_data_are_one() {
        for (data, expected) in [
            (r#"{"records":[{"fiscal_year":2025,"schedule_delta":-15},{"fiscal_year":2025}]}"#, 2),
            (r#"{"records":[],"note":"x"}"#, 0),
            (r#"{"records":null}"#, 0),
            (r#"{"valuation_type":1,"trend":{"historical_items":[{"value":1}]}}"#, 1),
            ("{}", 0),
            ("null", 0),
        ] {
            assert_eq!(read(200, &format!(r#"{{"ret_code":0,"ret_msg":"success","data":{data}}}"#)), Ok(expected));
        }
        assert_eq!(read(200, r#"{"ret_code":"0","data":{"a":1}}"#), Ok(1));
        assert_eq!(read(200, r#"{"ret_code":0}"#), Ok(0));
        let body = r#"{"ret_code":0,"data":{"valuation_type":1,"trend":{"items":[ 1.50 ]}}}"#;
        let page = F10.read(Received { status: 200, retry_after: None, body: body.as_bytes() }).unwrap();
        assert_eq!(page.fields, ["valuation_type", "trend"]);
        assert_eq!(page.rows[0][1].unwrap().get(), r#"{"items":[ 1.50 ]}"#);
    }

    #[test]
    fn the_code_of_the_body_counts_whatever_the_status() {
        for status in [200, 400, 404, 429, 500] {
            assert!(matches!(read(status, &coded(-3)), Err(Refusal::BadCall(t)) if t == "said so (ret_code -3)"));
            assert!(matches!(read(status, &coded(-7)), Err(Refusal::Unknown(_))));
            assert_eq!(read(status, &coded(-8)), Ok(0));
            assert_eq!(read(status, &coded(-10)), Ok(0));
            assert!(matches!(read(status, &coded(-9)), Err(Refusal::Forbidden(_))));
            for code in [-2, -4, -5, -6, -12006, -99, 1] {
                assert!(matches!(read(status, &coded(code)), Err(Refusal::Transient(_))), "{status} {code}");
            }
        }
        assert!(matches!(read(302, &coded(0)), Err(Refusal::BadCall(text)) if text.contains("redirect refused")));
    }

    #[test]
    fn without_it_the_status_does() {
        let too_many = r#"{"code":429001,"message":"too many requests"}"#;
        for (status, body) in [(429, too_many), (200, too_many), (429, "busy"), (429, r#"{"ret_code":null}"#)] {
            assert!(matches!(read(status, body), Err(Refusal::SlowDown(_))), "{status} {body}");
        }
        for body in [r#"{"code":401001,"message":"invalid token"}"#, "", "<html>"] {
            assert!(matches!(read(401, body), Err(Refusal::Rejected(_))));
            assert!(matches!(read(403, body), Err(Refusal::Forbidden(_))));
            assert!(matches!(read(400, body), Err(Refusal::BadCall(_))));
            let Err(Refusal::NoPath(text)) = read(404, body) else { panic!("{body}") };
            assert!(["/v1/quote/{symbol}", "/api/v1.0/quote/{symbol}"].iter().all(|part| text.contains(part)));
            for status in [408, 500, 502, 503, 504] {
                assert!(matches!(read(status, body), Err(Refusal::Transient(_))));
            }
        }
    }

    #[test]
    fn strange_replies() {
        for body in [
            r#"{"ret_code":0,"data":[{"records":[{"a":1}]}]}"#,
            r#"{"ret_code":0,"data":"x"}"#,
            r#"{"ret_code":0,"data":{"records":[1]}}"#,
            r#"{"ret_code":0,"data":{"records":"x"}}"#,
            r#"{"data":{"records":[]}}"#,
            r#"[0,"success",{}]"#,
            "{}",
        ] {
            assert!(matches!(read(200, body), Err(Refusal::BadCall(_))), "{body}");
        }
        for body in [
            r#"{"ret_code":0,"data":{"records":[{"a":1},"#,
            r#"{"ret_code":0,"ret_code":-10}"#,
            r#"{"ret_code":0,"data":{"records":[],"records":[{"a":1}]}}"#,
            r#"{"ret_code":0,"data":{"records":[{"a":1,"a":2}]}}"#,
            r#"{"ret_code":"x"}"#,
            r#"{"ret_code":0.5,"data":{}}"#,
            r#"{"ret_code":{"ret_code":0},"data":{}}"#,
            "",
            "<html></html>",
        ] {
            assert!(matches!(read(200, body), Err(Refusal::Transient(_))), "{body}");
        }
    }
}
