//! The `f10` wire: a GET answered with an envelope whose `ret_code` overrides the HTTP status.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::exchange::{Call, Page, Received, Refusal, Request, Window, Wire};
use super::row::RowReader;
use super::{objects, status, url};

/// The gateway's own code for too many calls, in a body without `ret_code`.
const TOO_MANY: i64 = 429_001;

/// The `f10` wire format.
#[derive(Debug)]
pub(super) struct F10;

#[derive(Deserialize)]
struct F10Reply<'a> {
    #[serde(default, borrow)]
    ret_code: Option<&'a RawValue>,
    #[serde(default, borrow)]
    ret_msg: Option<&'a RawValue>,
    #[serde(default, borrow)]
    data: Option<&'a RawValue>,
    /// Only in the gateway's own replies.
    #[serde(default, borrow)]
    code: Option<&'a RawValue>,
    #[serde(default, borrow)]
    message: Option<&'a RawValue>,
}

impl Wire for F10 {
    fn request(&self, base_url: &str, call: &Call, _: Window) -> Request {
        Request { url: url::url(base_url, call, &[]), ..Request::default() }
    }

    fn read<'a>(&self, received: Received<'a>) -> Result<Page<'a>, Refusal> {
        let Received { status: http, body, .. } = received;
        let is_success = received.is_success();
        let reply: F10Reply<'a> = match objects::envelope(body) {
            Ok(reply) if !(300..400).contains(&http) => reply,
            Err(refusal) if is_success => return Err(refusal),
            _ => return Err(by_status(http, &objects::excerpt(body))),
        };
        let text = [reply.ret_msg, reply.message].into_iter().flatten().find_map(objects::text).unwrap_or_default();
        let text = objects::excerpt(text.as_bytes());
        let Some(ret_code) = reply.ret_code else {
            return Err(match reply.code.and_then(objects::integer) {
                Some(TOO_MANY) => Refusal::SlowDown(text),
                _ if is_success && reply.data.is_none() && !text.is_empty() => objects::refused(&text),
                _ if is_success => objects::unexpected(body),
                _ => by_status(http, &text),
            });
        };
        let message = format!("{text} (ret_code {})", objects::excerpt(ret_code.get().as_bytes()));
        match objects::integer(ret_code) {
            Some(0) => rows(reply.data, body),
            // Not covered, or no data: a final answer without rows.
            Some(-8 | -10) => Ok(Page::default()),
            Some(-7) => Err(Refusal::Unknown(message)),
            Some(-3) => Err(Refusal::BadCall(message)),
            Some(-9) => Err(Refusal::Forbidden(message)),
            // -2, -4, -5, -6: the gateway or its backend failed. Other codes are undocumented.
            _ => Err(Refusal::Transient(message)),
        }
    }
}

/// One row per record if `data` has a list of `records`; otherwise `data` is one row.
fn rows<'a>(data: Option<&'a RawValue>, body: &[u8]) -> Result<Page<'a>, Refusal> {
    let Some(data) = data else { return Ok(Page::default()) };
    if !objects::is_object(data) {
        return Err(objects::unexpected(body));
    }
    let whole = objects::rows(data)?;
    let Some(place) = whole.fields.iter().position(|name| name == "records") else { return Ok(whole) };
    let row = RowReader::new(&whole.fields).read(data.get()).map_err(|_| objects::unexpected(body))?;
    row[place].map_or(Ok(whole), objects::rows)
}

fn by_status(http: u16, text: &str) -> Refusal {
    match status::refused(http, text) {
        Refusal::NoPath(message) => Refusal::NoPath(format!(
            "{message}; gateways of this kind use /v1/quote/{{symbol}}/f10/... or /api/v1.0/quote/{{symbol}}/...; the \
             contracts use the first form"
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
    fn the_symbol_is_in_the_path() {
        let params = vec![("symbol".into(), "SH.600519".into()), ("interval_type".into(), "3".into())];
        let path = Some("/v1/quote/{symbol}/f10/valuation-detail".to_owned());
        let call = Call { api: "valuation_detail".into(), path, params, fields: String::new(), paging: Paging::Whole };
        let window = Window { limit: 1, offset: 0 };
        let request = F10.request("http://127.0.0.1:9/f10", &call, window);
        assert_eq!(request.url, "http://127.0.0.1:9/f10/v1/quote/SH.600519/f10/valuation-detail?interval_type=3");
        assert!(request.headers.is_empty() && request.body.is_none());
    }

    #[test]
    fn records_are_rows_and_other_data_are_one_row() {
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
        let row = RowReader::new(&page.fields).read(page.rows[0].get()).unwrap();
        assert_eq!(row[1].unwrap().get(), r#"{"items":[ 1.50 ]}"#);
    }

    #[test]
    fn ret_code_overrides_the_http_status() {
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
        assert!(
            matches!(read(302, &coded(0)), Err(Refusal::BadCall(text)) if text.contains("redirects are not followed"))
        );
    }

    #[test]
    fn without_ret_code_the_http_status_decides() {
        let too_many = r#"{"code":429001,"message":"too many requests"}"#;
        for (status, body) in [(429, too_many), (200, too_many), (429, "busy"), (429, r#"{"ret_code":null}"#)] {
            assert!(matches!(read(status, body), Err(Refusal::SlowDown(_))), "{status} {body}");
        }
        for body in [r#"{"code":401001,"message":"invalid token"}"#, "", "<html>"] {
            assert!(matches!(read(401, body), Err(Refusal::Rejected(_))));
            assert!(matches!(read(403, body), Err(Refusal::Forbidden(_))));
            let Err(Refusal::NoPath(text)) = read(404, body) else { panic!("{body}") };
            assert!(["/v1/quote/{symbol}", "/api/v1.0/quote/{symbol}"].iter().all(|part| text.contains(part)));
            for status in [400, 408, 410, 418, 422, 500, 502, 503, 504] {
                // The text decides, unless the gateway is down.
                let is_named = body.contains("token") && status < 500;
                let refusal = read(status, body).unwrap_err();
                assert_eq!(matches!(refusal, Refusal::Transient(_)), !is_named, "{status} {body}: {refusal}");
            }
        }
    }

    #[test]
    fn unexpected_and_invalid_replies() {
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
