//! The `tushare` wire: a POST with the token in its body, answered with rows of values under a list of field names.

use std::borrow::Cow;

use serde::Deserialize;

use super::exchange::{Call, Page, Received, Refusal, Request, Window, Wire};
use super::row::{Names, Rows, Width};
use super::url::parts;
use super::{objects, status, wording};

/// The `tushare` wire format.
#[derive(Debug)]
pub(super) struct Tushare;

#[derive(Deserialize)]
struct TushareReply<'a> {
    code: i64,
    #[serde(default, borrow)]
    msg: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    message: Option<Cow<'a, str>>,
    #[serde(default, borrow)]
    data: Option<TushareData<'a>>,
}

#[derive(Deserialize)]
struct TushareData<'a> {
    fields: Names,
    #[serde(borrow)]
    items: Rows<'a>,
    // `has_more` and `count` are not read: the first was seen to be true on last pages and false on truncated ones, the
    // second is always -1.
}

impl Wire for Tushare {
    fn request(&self, base_url: &str, call: &Call, window: Window) -> Request {
        let mut params: serde_json::Map<String, serde_json::Value> =
            call.params.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        params.insert("limit".into(), window.limit.to_string().into());
        params.insert("offset".into(), window.offset.to_string().into());
        let mut body = serde_json::Map::new();
        body.insert("api_name".into(), call.api.as_str().into());
        body.insert("params".into(), params.into());
        body.insert("fields".into(), call.fields.as_str().into());
        Request { url: url(base_url, &call.api), headers: Vec::new(), body: Some(body) }
    }

    fn read<'a>(&self, received: Received<'a>) -> Result<Page<'a>, Refusal> {
        let Received { status: http, body, .. } = received;
        let is_success = received.is_success();
        let parsed: Result<TushareReply<'a>, _> = serde_json::from_slice(body);
        let reply = match parsed {
            Ok(reply) => reply,
            // Gateways reply in HTML, not always in UTF-8.
            Err(_) if !is_success => return Err(status::refused(http, &objects::excerpt(body))),
            Err(_) if body.is_empty() => {
                return Err(Refusal::Transient(format!("http {http}: empty body")));
            }
            Err(error) => return Err(Refusal::Transient(format!("http {http}: invalid reply ({error})"))),
        };
        if reply.code != 0 || !is_success {
            let text = [reply.msg, reply.message].into_iter().flatten().find(|text| !text.is_empty());
            return Err(refusal(http, reply.code, &text.unwrap_or_default()));
        }
        let data = reply.data.ok_or_else(|| Refusal::Transient("code 0 without `data`".into()))?;
        if data.items.are_too_many {
            return Err(objects::too_many(data.items.all.len()));
        }
        let names = data.fields.0.len();
        for row in &data.items.all {
            let Width(values) = serde_json::from_str(row.get())
                .map_err(|error| Refusal::Transient(format!("http {http}: invalid reply ({error})")))?;
            if values != names {
                return Err(Refusal::Transient(format!("a row has {values} values for {names} fields")));
            }
        }
        Ok(Page { fields: data.fields.0, rows: data.items.all })
    }
}

/// If the base has a path, the interface's name is appended to it, as in the vendor's newer client; with a bare host,
/// the name is only in the body. HTTPS unless the base names a scheme.
fn url(base: &str, api: &str) -> String {
    let (base, query) = parts(base);
    let host = base.split_once("://").map_or(base.as_str(), |(_, rest)| rest);
    let api = if host.contains('/') { api } else { "" };
    let (mark, query) = query.map_or(("", ""), |query| ("?", query));
    format!("{base}/{api}{mark}{query}")
}

/// Refusals are told apart by text, then by HTTP status, then by code: 40203 means a limit or a missing right, and
/// undocumented codes come with any trouble on the vendor's side.
fn refusal(http: u16, code: i64, text: &str) -> Refusal {
    let message = format!("{text} (code {code})");
    match (wording::named(text, &message), code) {
        (Some(spent @ Refusal::QuotaSpent(_)), _) => spent,
        _ if http == 429 => status::refused(http, &message),
        (Some(named), _) => named,
        _ if !(200..300).contains(&http) => status::refused(http, &message),
        (None, 40101) if !asks_to_retry(text) => Refusal::Rejected(message),
        (None, 2002 | 40203) if !asks_to_retry(text) => Refusal::Forbidden(message),
        (None, -2001) if !asks_to_retry(text) => Refusal::BadCall(message),
        (None, _) => Refusal::Transient(message),
    }
}

/// Whether a text is about trouble on the vendor's side, whatever its code.
fn asks_to_retry(text: &str) -> bool {
    ["稍后", "系统", "内部错误", "繁忙", "超时"].iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(status: u16, body: &[u8]) -> Received<'_> {
        Received { status, retry_after: None, body }
    }

    fn read(body: &str) -> Result<usize, Refusal> {
        Tushare.read(received(200, body.as_bytes())).map(|page| page.rows.len())
    }

    #[test]
    fn the_text_decides_before_the_code() {
        let refusal = |code, text| super::refusal(200, code, text);
        assert!(matches!(refusal(40203, "抱歉，您每分钟最多访问该接口200次，权限的具体详情"), Refusal::SlowDown(_)));
        assert!(matches!(refusal(40203, "频率超限(10次/天)"), Refusal::QuotaSpent(_)));
        assert!(matches!(refusal(40203, "抱歉，您没有接口(daily)访问权限"), Refusal::Forbidden(_)));
        assert!(matches!(refusal(40203, ""), Refusal::Forbidden(_)));
        assert!(matches!(refusal(40101, "您的token不对，请确认。"), Refusal::Rejected(_)));
        assert!(matches!(refusal(40101, "请指定正确的接口名"), Refusal::BadCall(_)));
        assert!(matches!(refusal(-2001, "必填参数, ts_code"), Refusal::BadCall(_)));
        assert!(matches!(refusal(-2001, ""), Refusal::BadCall(_)));
        assert!(matches!(refusal(7, "参数错误"), Refusal::BadCall(_)));
    }

    #[test]
    fn a_refusal_that_names_nothing_is_a_hiccup_whatever_its_code() {
        for code in [-1000, -1, 1, 7, 500, 2002, 40101, 40203, 50101, -2001] {
            for text in ["系统内部错误", "查询数据失败，请稍后再试", "服务繁忙"] {
                assert!(matches!(refusal(200, code, text), Refusal::Transient(_)), "{code} {text}");
            }
        }
        for code in [-1000, -1, 7, 50101] {
            assert!(matches!(refusal(200, code, ""), Refusal::Transient(_)), "{code}");
        }
    }

    #[test]
    fn the_http_status_decides_where_the_text_names_nothing() {
        let read = |status, body: &str| Tushare.read(received(status, body.as_bytes())).map(|page| page.rows.len());
        let bodies = [
            "",
            "<html>busy</html>",
            "{}",
            r#"{"code":-1000,"msg":"系统内部错误"}"#,
            r#"{"code":0,"data":{"fields":["a"],"items":[]}}"#,
        ];
        for body in bodies {
            for status in [400, 405, 408, 413, 418, 422, 499, 500, 502, 503] {
                assert!(matches!(read(status, body), Err(Refusal::Transient(_))), "{status} {body}");
            }
            assert!(matches!(read(429, body), Err(Refusal::SlowDown(_))), "{body}");
            assert!(matches!(read(401, body), Err(Refusal::Rejected(_))), "{body}");
            assert!(matches!(read(403, body), Err(Refusal::Forbidden(_))), "{body}");
            assert!(matches!(read(404, body), Err(Refusal::NoPath(_))), "{body}");
            assert!(matches!(read(302, body), Err(Refusal::BadCall(text)) if text.contains("not followed")), "{body}");
        }
        let token = r#"{"code":40101,"msg":"您的token不对"}"#;
        assert!(matches!(read(400, token), Err(Refusal::Rejected(_))));
        assert!(matches!(read(429, token), Err(Refusal::SlowDown(_))));
        assert!(matches!(read(429, r#"{"code":40203,"msg":"频率超限(10次/天)"}"#), Err(Refusal::QuotaSpent(_))));
    }

    #[test]
    fn values_stay_as_sent() {
        let body =
            br#"{"code":0,"msg":null,"data":{"fields":["a","b"],"items":[[9.390,"x"],[null,1E3]],"has_more":true}}"#;
        let page = Tushare.read(received(200, body)).unwrap();
        let mut lines = Vec::new();
        let reader = crate::wire::RowReader::new(&page.fields);
        for row in &page.rows {
            crate::wire::push_object(&mut lines, &page.fields, &reader.read(row.get()).unwrap());
        }
        assert_eq!(lines, b"{\"a\":9.390,\"b\":\"x\"}\n{\"a\":null,\"b\":1E3}\n");
    }

    #[test]
    fn truncated_and_ragged_replies_may_be_retried() {
        assert!(matches!(read("{\"code\":0,\"data\":{\"fields\":[\"a\"],"), Err(Refusal::Transient(_))));
        assert!(matches!(read(r#"{"code":0,"data":{"fields":["a"],"items":[[1,2]]}}"#), Err(Refusal::Transient(_))));
        assert!(matches!(read(r#"{"code":0,"data":null}"#), Err(Refusal::Transient(_))));
        assert!(matches!(read(""), Err(Refusal::Transient(_))));
        assert!(matches!(Tushare.read(received(502, b"<html>\xd6\xd0")), Err(Refusal::Transient(_))));
        assert_eq!(read(r#"{"code":0,"msg":"","data":{"fields":["a"],"items":[]}}"#), Ok(0));
    }

    #[test]
    fn both_forms_of_the_url() {
        assert_eq!(url("http://127.0.0.1:8000", "daily"), "http://127.0.0.1:8000/");
        assert_eq!(url("http://127.0.0.1:8000/dataapi/", "daily"), "http://127.0.0.1:8000/dataapi/daily");
        assert_eq!(url("api.tushare.pro", "daily"), "https://api.tushare.pro/");
        assert_eq!(url("http://a.b/?key=c/d", "daily"), "http://a.b/?key=c/d");
        assert_eq!(url("http://a.b/e?key=c", "daily"), "http://a.b/e/daily?key=c");
    }
}
