//! The `alphafin` wire: a GET answered with an envelope that has a `code`, and one object per company with its
//! statements inside. AlphaFin does not document errors, so every plausible form is read.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::exchange::{Call, Page, Received, Refusal, Request, Window, Wire};
use super::{objects, status, url};

/// The `alphafin` wire format.
#[derive(Debug)]
pub(super) struct Alphafin;

#[derive(Deserialize)]
struct AlphafinReply<'a> {
    #[serde(default, borrow)]
    code: Option<&'a RawValue>,
    #[serde(default, borrow)]
    message: Option<&'a RawValue>,
    #[serde(default, borrow)]
    data: Option<&'a RawValue>,
    #[serde(default, borrow)]
    error_code: Option<&'a RawValue>,
    /// A code, or an object with one.
    #[serde(default, borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct AlphafinError<'a> {
    #[serde(default, borrow)]
    code: Option<&'a RawValue>,
    #[serde(default, borrow)]
    message: Option<&'a RawValue>,
}

impl Wire for Alphafin {
    // There are no pages: `limit` counts report periods and is an ordinary parameter.
    fn request(&self, base_url: &str, call: &Call, _: Window) -> Request {
        Request { url: url::url(base_url, call, &[]), ..Request::default() }
    }

    fn read<'a>(&self, received: Received<'a>) -> Result<Page<'a>, Refusal> {
        let Received { status: http, body, .. } = received;
        let is_success = received.is_success();
        let reply: AlphafinReply<'a> = match objects::envelope(body) {
            Ok(reply) => reply,
            Err(refusal) if is_success => return Err(refusal),
            Err(_) => return Err(by_status(http, &objects::excerpt(body))),
        };
        let number = reply.code.and_then(objects::integer);
        if is_success && number == Some(200) {
            let is_list_or_object = |data: &&RawValue| data.get().starts_with(['[', '{']);
            if let Some(data) = reply.data.filter(is_list_or_object) {
                return objects::rows(data);
            }
        }
        let (code, text) = reply.complaint();
        let message = format!("{code} {text} (http {http})");
        match code.as_str() {
            // Errors and redirects of a gateway say nothing about the companies, whatever the body contains.
            _ if !is_success && !(400..500).contains(&http) => Err(by_status(http, &message)),
            "no_data" => Ok(Page::default()),
            "invalid_symbol" => Err(Refusal::Unknown(message)),
            "too_many_symbols" | "invalid_period" | "invalid_report_type" => Err(Refusal::BadCall(message)),
            _ if !is_success => Err(by_status(http, &message)),
            _ => match number.and_then(|number| u16::try_from(number).ok()) {
                Some(inside @ 400..600) => Err(by_status(inside, &message)),
                // No data: a refusal with an undocumented code.
                _ if number != Some(200) && is_empty(reply.data) && !(code.is_empty() && text.is_empty()) => {
                    Err(objects::refused(&message))
                }
                _ => Err(objects::unexpected(body)),
            },
        }
    }
}

impl AlphafinReply<'_> {
    /// The error code, empty if it is only a number, and its message.
    fn complaint(&self) -> (String, String) {
        let inner: AlphafinError<'_> =
            self.error.and_then(|error| serde_json::from_str(error.get()).ok()).unwrap_or_default();
        let word = |value: &RawValue| objects::text(value).filter(|word| word.contains(|c: char| !c.is_ascii_digit()));
        let code = [self.error_code, inner.code, self.error, self.code].into_iter().flatten().find_map(word);
        let text = [self.message, inner.message].into_iter().flatten().find_map(objects::text);
        (code.unwrap_or_default().trim().to_ascii_lowercase(), objects::excerpt(text.unwrap_or_default().as_bytes()))
    }
}

fn is_empty(data: Option<&RawValue>) -> bool {
    data.is_none_or(|data| data.get() == "null")
}

/// A plan without the endpoint has no other either, so the account is rejected.
fn by_status(http: u16, text: &str) -> Refusal {
    match status::refused(http, text) {
        Refusal::Forbidden(message) => Refusal::Rejected(message),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Paging;

    fn read(status: u16, body: &str) -> Result<usize, Refusal> {
        Alphafin.read(Received { status, retry_after: None, body: body.as_bytes() }).map(|page| page.rows.len())
    }

    #[test]
    fn parameters_are_the_query_and_there_are_no_pages() {
        let params = [("symbol", "600519.SH,000001.SZ"), ("limit", "20"), ("begin_date", "2020-01-01")];
        let params = params.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let path = Some("/v1/financials/income-statement".to_owned());
        let call = Call { api: "income_statement".into(), path, params, fields: String::new(), paging: Paging::Offset };
        let request = Alphafin.request("https://api.alphafin.x-pai.com", &call, Window { limit: 7, offset: 7 });
        assert_eq!(
            request.url,
            "https://api.alphafin.x-pai.com/v1/financials/income-statement\
             ?symbol=600519.SH%2C000001.SZ&limit=20&begin_date=2020-01-01"
        );
        assert!(request.headers.is_empty() && request.body.is_none());
    }

    #[test]
    fn data_are_an_object_or_a_list_of_them() {
        let moutai = r#"{"symbol":"600519","name":"贵州茅台","income_statements":[{"revenue":1.50},{"revenue":null}]}"#;
        for (code, data, expected) in [
            ("200", moutai.to_owned(), 1),
            (r#""200""#, format!("[{moutai},{moutai}]"), 2),
            ("200", format!("[{moutai}]"), 1),
            ("200", "[]".to_owned(), 0),
            ("200", "{}".to_owned(), 0),
        ] {
            assert_eq!(read(200, &format!(r#"{{"code":{code},"message":"success","data":{data}}}"#)), Ok(expected));
        }
        let body = format!(r#"{{"code":200,"data":{moutai}}}"#);
        let page = Alphafin.read(Received { status: 200, retry_after: None, body: body.as_bytes() }).unwrap();
        assert_eq!(page.fields, ["symbol", "name", "income_statements"]);
        let row = crate::wire::RowReader::new(&page.fields).read(page.rows[0].get()).unwrap();
        assert_eq!(row[2].unwrap().get(), r#"[{"revenue":1.50},{"revenue":null}]"#);
    }

    #[test]
    fn an_error_code_is_found_in_every_place() {
        let written = |code: &str| {
            [
                format!(r#"{{"code":"{code}","message":"m","data":null}}"#),
                format!(r#"{{"code":200,"error_code":"{code}","message":"m"}}"#),
                format!(r#"{{"code":400,"error":"{code}","data":null}}"#),
                format!(r#"{{"code":"400","error":{{"code":"{code}","message":"m"}}}}"#),
                format!(r#"{{"error_code":0,"error":{{"code":"{}"}}}}"#, code.to_uppercase()),
            ]
        };
        for status in [200, 400, 404, 422] {
            for body in written("invalid_symbol") {
                assert!(matches!(read(status, &body), Err(Refusal::Unknown(_))), "{status} {body}");
            }
            for body in written("no_data") {
                assert_eq!(read(status, &body), Ok(0), "{status} {body}");
            }
            for code in ["too_many_symbols", "invalid_period", "invalid_report_type"] {
                for body in written(code) {
                    assert!(matches!(read(status, &body), Err(Refusal::BadCall(t)) if t.contains(code)), "{body}");
                }
            }
        }
        assert!(matches!(read(500, &written("no_data")[0]), Err(Refusal::Transient(_))));
        assert!(
            matches!(read(302, &written("no_data")[0]), Err(Refusal::BadCall(t)) if t.contains("redirects are not followed"))
        );
    }

    #[test]
    fn without_a_code_the_http_status_or_the_code_in_the_body_decides() {
        let of = |status: u16| format!(r#"{{"code":{status},"message":"said so","data":null}}"#);
        for (outside, body) in [(401, of(401)), (403, of(403)), (200, of(401)), (200, of(403)), (401, "<html>".into())]
        {
            assert!(matches!(read(outside, &body), Err(Refusal::Rejected(_))), "{outside} {body}");
        }
        for (outside, body) in [(429, of(429)), (200, of(429)), (429, "too many".into()), (429, of(200))] {
            assert!(matches!(read(outside, &body), Err(Refusal::SlowDown(_))), "{outside} {body}");
        }
        let hiccup = r#"{"code":1000,"message":"系统内部错误","data":null}"#;
        for (outside, body) in [
            (400, of(400)),
            (422, of(422)),
            (200, of(400)),
            (400, String::new()),
            (200, hiccup.into()),
            (200, r#"{"error":"internal_error"}"#.into()),
        ] {
            assert!(matches!(read(outside, &body), Err(Refusal::Transient(_))), "{outside} {body}");
        }
        let parameter = r#"{"code":1001,"message":"参数错误","data":null}"#;
        assert!(matches!(read(200, parameter), Err(Refusal::BadCall(_))));
        assert!(matches!(read(404, &of(404)), Err(Refusal::NoPath(_))));
        for (outside, body) in [(408, of(408)), (500, of(200)), (502, "<html>".into()), (503, of(503)), (200, of(503))]
        {
            assert!(matches!(read(outside, &body), Err(Refusal::Transient(_))), "{outside} {body}");
        }
        assert!(matches!(read(400, &of(400)), Err(Refusal::Transient(text)) if text.contains("said so")));
    }

    #[test]
    fn unexpected_and_invalid_replies() {
        for body in [
            r#"{"code":200,"message":"success","data":null}"#,
            r#"{"code":200,"message":"success"}"#,
            r#"{"code":200,"data":"x"}"#,
            r#"{"code":200,"data":[1]}"#,
            r#"{"code":0,"data":{"symbol":"600519"}}"#,
            r#"{"code":201,"data":{"symbol":"600519"}}"#,
            r#"{"code":{"code":[]},"error":[[]],"data":7}"#,
            r#"{"code":99999999999999999999,"data":{}}"#,
            r#"{"symbol":"600519"}"#,
            r#"[200,"success",{}]"#,
            "{}",
            "null",
        ] {
            assert!(matches!(read(200, body), Err(Refusal::BadCall(_))), "{body}");
        }
        for body in [
            r#"{"code":200,"data":{"symbol":"6005"#,
            r#"{"code":200,"code":"no_data"}"#,
            r#"{"code":200,"data":[{"a":1,"a":1}]}"#,
            "",
            "<html></html>",
        ] {
            assert!(matches!(read(200, body), Err(Refusal::Transient(_))), "{body}");
        }
    }
}
