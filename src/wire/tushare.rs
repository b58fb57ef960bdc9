//! The `tushare` wire: a POST with the token in its body, answered with rows of values under a list of field names.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::exchange::{Call, Page, Received, Refusal, Request, Window, Wire};

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
    #[serde(borrow)]
    fields: Vec<Cow<'a, str>>,
    #[serde(borrow)]
    items: Vec<Vec<&'a RawValue>>,
    // `has_more` and `count` are not read: the first was seen true on last pages and false on truncated ones, the
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
        let Received { status, body, .. } = received;
        let is_success = received.is_success();
        let parsed: Result<TushareReply<'a>, _> = serde_json::from_slice(body);
        let reply = match parsed {
            Ok(reply) => reply,
            // Gateways reply in HTML, and not always in UTF-8.
            Err(_) if !is_success => return Err(Refusal::Transient(format!("http {status}"))),
            Err(_) if body.is_empty() => {
                return Err(Refusal::Transient(format!("http {status}: empty body")));
            }
            Err(error) => return Err(Refusal::Transient(format!("http {status}: invalid reply ({error})"))),
        };
        if reply.code != 0 {
            let text = [reply.msg, reply.message].into_iter().flatten().find(|text| !text.is_empty());
            return Err(refusal(reply.code, &text.unwrap_or_default()));
        }
        if !is_success {
            return Err(Refusal::Transient(format!("http {status}")));
        }
        let data = reply.data.ok_or_else(|| Refusal::Transient("code 0 without `data`".into()))?;
        if let Some(row) = data.items.iter().find(|row| row.len() != data.fields.len()) {
            let (values, names) = (row.len(), data.fields.len());
            return Err(Refusal::Transient(format!("a row has {values} values for {names} fields")));
        }
        let rows = data.items.into_iter().map(|row| row.into_iter().map(Some).collect()).collect();
        Ok(Page { fields: data.fields, rows })
    }
}

/// A base with a path gets the interface's name in the path, as the vendor's newer client sends it; with a bare host
/// the name is in the body alone. HTTPS unless the base names a scheme.
fn url(base: &str, api: &str) -> String {
    let base = base.trim_end_matches('/');
    let base = if base.contains("://") { Cow::Borrowed(base) } else { Cow::Owned(format!("https://{base}")) };
    let host = base.split_once("://").map_or(base.as_ref(), |(_, rest)| rest);
    if host.contains('/') { format!("{base}/{api}") } else { format!("{base}/") }
}

/// Refusals differ by their text, then by their code. The order matters: a request to slow down mentions rights too,
/// and code 40203 means either.
fn refusal(code: i64, text: &str) -> Refusal {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let message = format!("{text} (code {code})");
    if has(&["最多访问", "频率超限"]) {
        return if has(&["每分钟", "次/分钟"]) {
            Refusal::SlowDown(message)
        } else if has(&["每小时", "次/小时", "每天", "次/天"]) {
            Refusal::QuotaSpent(message)
        } else {
            Refusal::SlowDown(message)
        };
    }
    if has(&["token不对", "IP数量超限"]) {
        return Refusal::Rejected(message);
    }
    if has(&["正确的接口名", "必填参数"]) {
        return Refusal::BadCall(message);
    }
    if has(&["访问权限", "的权限", "积分"]) {
        return Refusal::Forbidden(message);
    }
    match code {
        40101 => Refusal::Rejected(message),
        2002 | 40203 => Refusal::Forbidden(message),
        _ => Refusal::BadCall(message),
    }
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
    fn refusals_differ_by_their_text() {
        let link = "权限的具体详情访问：https://tushare.pro/document/1?doc_id=108。";
        let minute = format!("抱歉，您每分钟最多访问该接口200次，{link}");
        assert!(matches!(refusal(40203, &minute), Refusal::SlowDown(_)));
        assert!(matches!(refusal(40203, "频率超限(200次/分钟)"), Refusal::SlowDown(_)));
        assert!(matches!(refusal(40203, &format!("抱歉，您每小时最多访问该接口1次，{link}")), Refusal::QuotaSpent(_)));
        assert!(matches!(refusal(40203, "频率超限(10次/天)"), Refusal::QuotaSpent(_)));
        assert!(matches!(refusal(40203, &format!("抱歉，您没有接口访问权限，{link}")), Refusal::Forbidden(_)));
        assert!(matches!(refusal(40203, &format!("抱歉，您没有访问该接口的权限，{link}")), Refusal::Forbidden(_)));
        assert!(matches!(refusal(40203, "抱歉，您没有接口(daily)访问权限"), Refusal::Forbidden(_)));
        assert!(matches!(refusal(40101, "您的token不对，请确认。"), Refusal::Rejected(_)));
        assert!(matches!(refusal(40101, "请指定正确的接口名"), Refusal::BadCall(_)));
        assert!(matches!(refusal(-1, "您的IP数量超限，最大数量为2个！"), Refusal::Rejected(_)));
        assert!(matches!(refusal(-2001, "必填参数, ts_code"), Refusal::BadCall(_)));
        assert!(matches!(refusal(7, "?"), Refusal::BadCall(_)));
    }

    #[test]
    fn values_stay_as_sent() {
        let body =
            br#"{"code":0,"msg":null,"data":{"fields":["a","b"],"items":[[9.390,"x"],[null,1E3]],"has_more":true}}"#;
        let page = Tushare.read(received(200, body)).unwrap();
        let mut lines = Vec::new();
        for row in &page.rows {
            crate::wire::push_object(&mut lines, &page.fields, row);
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
    }
}
