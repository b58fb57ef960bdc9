//! What vendors share that answer a GET with JSON objects: the address with its query, rows out of objects, and what
//! an HTTP status means that nothing better explains.
//!
//! Never here: a vendor's envelope, its error codes, or how it wants to be told the key.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use indexmap::IndexSet;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Call, Page, Received, Refusal};

/// Characters of a reply that an error repeats.
const TOLD: usize = 200;

/// Most values of a page, absent ones included: objects that share no names would fill the memory.
const MOST_VALUES: usize = 1 << 24;

/// Where to get the answer to a call: the base with its own path, the call's path with each `{name}` filled from the
/// parameter of that name, the other parameters and `paging` as the query. HTTPS unless the base says otherwise.
pub(super) fn url(base: &str, call: &Call, paging: &[(&str, usize)]) -> String {
    let base = base.trim_end_matches('/');
    let scheme = if base.contains("://") { "" } else { "https://" };
    let mut path = call.path.clone().unwrap_or_else(|| call.api.clone());
    let mut query: Vec<String> = Vec::new();
    for (name, value) in &call.params {
        let place = format!("{{{name}}}");
        if path.contains(&place) {
            path = path.replace(&place, &encoded(value));
        } else {
            query.push(format!("{}={}", encoded(name), encoded(value)));
        }
    }
    query.extend(paging.iter().map(|(name, value)| format!("{name}={value}")));
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{scheme}{base}/{}{mark}{}", path.trim_start_matches('/'), query.join("&"))
}

/// Percent-encoded for a path as for a query: all but the characters that mean themselves everywhere.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// The body as one JSON value, checked to its end.
pub(super) fn json(body: &[u8]) -> Result<&RawValue, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        let what = if body.is_empty() { "an empty body".to_owned() } else { format!("garbled ({error})") };
        Refusal::Transient(format!("{what}: {}", excerpt(body)))
    })
}

/// The body as an object with these names. Names that the envelope does not know mean nothing.
pub(super) fn envelope<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refusal> {
    let reply = json(body)?;
    if !is_object(reply) {
        return Err(unexpected(body));
    }
    // A name that came twice: no telling which one counts.
    serde_json::from_str(reply.get()).map_err(|error| Refusal::Transient(format!("garbled ({error})")))
}

/// Objects to rows: an array has one an object, a lone object is one row. Null and `{}` have none.
pub(super) fn rows(value: &RawValue) -> Result<Page<'_>, Refusal> {
    let text = value.get();
    let read = if is_object(value) {
        serde_json::from_str(text).map(|object: Object<'_>| if object.0.is_empty() { Vec::new() } else { vec![object] })
    } else {
        serde_json::from_str(text).map(Option::unwrap_or_default)
    };
    page(read.map_err(|_| unexpected(text.as_bytes()))?)
}

/// The names of all objects in order of appearance, and a value under each, none where an object lacks it.
fn page(objects: Vec<Object<'_>>) -> Result<Page<'_>, Refusal> {
    let mut names: IndexSet<Cow<'_, str>> = IndexSet::new();
    let mut rows: Vec<Vec<Option<&RawValue>>> = Vec::with_capacity(objects.len());
    for object in objects {
        let mut row = vec![None; names.len()];
        for (name, value) in object.0 {
            let (place, _) = names.insert_full(name);
            row.resize(names.len(), None);
            if row[place].replace(value).is_some() {
                return Err(Refusal::Transient(format!("an object has `{}` twice", names[place])));
            }
        }
        rows.push(row);
        if names.len().saturating_mul(rows.len()) > MOST_VALUES {
            return Err(Refusal::BadCall(format!("more than {} rows with {} names in all", rows.len(), names.len())));
        }
    }
    for row in &mut rows {
        row.resize(names.len(), None);
    }
    Ok(Page { fields: names.into_iter().collect(), rows })
}

/// What a status says of itself. `text` is what the vendor says beside it.
pub(super) fn refused(status: u16, text: &str) -> Refusal {
    let message = format!("http {status}: {text}");
    match status {
        300..400 => Refusal::BadCall(format!("http {status}, redirect refused: the key goes nowhere else")),
        401 => Refusal::Rejected(message),
        403 => Refusal::Forbidden(message),
        404 => Refusal::NoPath(message),
        429 => Refusal::SlowDown(message),
        408 => Refusal::Transient(message),
        400..500 => Refusal::BadCall(message),
        _ => Refusal::Transient(message),
    }
}

/// A reply that is well-formed and not what was agreed: the same call gets it again.
pub(super) fn unexpected(body: &[u8]) -> Refusal {
    Refusal::BadCall(format!("an unexpected reply: {}", excerpt(body)))
}

/// The begin of a reply, in one line and whatever its encoding.
pub(super) fn excerpt(body: &[u8]) -> String {
    // Four bytes is the longest character.
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * TOLD)]);
    text.chars().take(TOLD).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Whether the reply is one of success.
pub(super) fn is_fine(received: Received<'_>) -> bool {
    (200..300).contains(&received.status)
}

pub(super) fn is_object(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

/// A text, where the value is one.
pub(super) fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// A whole number, sent as a number or as a text.
pub(super) fn integer(value: &RawValue) -> Option<i64> {
    value.get().trim_matches('"').trim().parse().ok()
}

/// An object, its names in order.
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    entries.push((name, value));
                }
                Ok(entries)
            }
        }

        deserializer.deserialize_map(Entries).map(Self)
    }
}

/// A name, borrowed unless it has escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Paging;
    use crate::vendor::push_object;

    fn call(path: &str, params: &[(&str, &str)]) -> Call {
        Call {
            api: "x".into(),
            path: Some(path.into()),
            params: params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            fields: String::new(),
            paging: Paging::Whole,
        }
    }

    fn lines(body: &str) -> Result<String, Refusal> {
        let page = rows(json(body.as_bytes())?)?;
        let mut out = Vec::new();
        for row in &page.rows {
            assert_eq!(row.len(), page.fields.len());
            push_object(&mut out, &page.fields, row);
        }
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn what_is_asked_comes_out_of_the_address_as_it_went_in() {
        let params =
            [("start_date", "2024-01-02 09:30:00"), ("name", "贵州茅台"), ("odd", "a+b&c=d%20#?/"), ("codes", "a,b")];
        let url = url("http://127.0.0.1:9/prefix/", &call("/v1/x", &params), &[("limit", 5000), ("offset", 0)]);
        assert_eq!(
            url,
            "http://127.0.0.1:9/prefix/v1/x?start_date=2024-01-02%2009%3A30%3A00&name=%E8%B4%B5%E5%B7%9E%E8%8C%85%E5%8F%B0\
             &odd=a%2Bb%26c%3Dd%2520%23%3F%2F&codes=a%2Cb&limit=5000&offset=0"
        );
        let parsed = reqwest::Url::parse(&url).unwrap();
        let read: Vec<(String, String)> = parsed.query_pairs().into_owned().collect();
        let sent = params.into_iter().chain([("limit", "5000"), ("offset", "0")]);
        assert!(sent.eq(read.iter().map(|(name, value)| (name.as_str(), value.as_str()))));
    }

    #[test]
    fn a_place_in_the_path_takes_its_parameter_out_of_the_query() {
        let path = "/v1/quote/{symbol}/f10/valuation-detail";
        let params = [("valuation_type", "1"), ("symbol", "SH.600519")];
        let expected = "https://a.b/v1/quote/SH.600519/f10/valuation-detail";
        assert_eq!(url("a.b", &call(path, &params), &[]), format!("{expected}?valuation_type=1"));
        assert_eq!(url("https://a.b/", &call(path, &params[1..]), &[]), expected);
        let hostile = url("a.b", &call(path, &[("symbol", "A/../?b#茅")]), &[]);
        assert_eq!(hostile, "https://a.b/v1/quote/A%2F..%2F%3Fb%23%E8%8C%85/f10/valuation-detail");
        assert_eq!(url("a.b", &call("v1/{b}/{b}", &[("b", "c")]), &[]), "https://a.b/v1/c/c");
    }

    #[test]
    fn rows_have_the_names_of_all_objects_and_values_as_sent() {
        let body = r#" [{"b":"9.2100","a":1E3}, {"c":[{"x": null}],"\u0061":-0.10}, {}, {"b":null}] "#;
        let page = rows(json(body.as_bytes()).unwrap()).unwrap();
        assert_eq!(page.fields, ["b", "a", "c"]);
        assert!(page.rows[3][0].is_some_and(|value| value.get() == "null") && page.rows[0][2].is_none());
        let expected = "{\"b\":\"9.2100\",\"a\":1E3}\n{\"a\":-0.10,\"c\":[{\"x\": null}]}\n{}\n{\"b\":null}\n";
        assert_eq!(lines(body).unwrap(), expected);
        assert_eq!(lines(r#"{"a":{"b":1}}"#).unwrap(), "{\"a\":{\"b\":1}}\n");
        for empty in ["[]", "null", "{}", " { } "] {
            assert_eq!(lines(empty).unwrap(), "");
        }
    }

    #[test]
    fn what_is_no_list_of_objects_is_not_asked_again() {
        for body in ["[1]", "[[1]]", "[null]", r#"[{"a":1},2]"#, "7", r#""text""#, "true", r#"[{"a":1},[]]"#] {
            assert!(matches!(lines(body), Err(Refusal::BadCall(text)) if text.contains(body)), "{body}");
        }
        let long = format!("[{}]", "1,".repeat(500) + "1");
        assert!(matches!(lines(&long), Err(Refusal::BadCall(text)) if text.len() < 250));
    }

    #[test]
    fn what_is_cut_or_garbled_is() {
        let deep = "[".repeat(100_000);
        let cut = [r#"[{"a":1},{"a""#, r#"{"a":1}}"#, "", "<html>\n<body>502", r#"[{"a":NaN}]"#, r#"{"a":1"#, &deep];
        for body in cut {
            assert!(matches!(lines(body), Err(Refusal::Transient(_))), "{body}");
        }
        assert!(matches!(json(b"{\"a\":\"\xcd\xf8\"}"), Err(Refusal::Transient(_))));
        assert!(
            matches!(lines(r#"[{"a":1,"b":2,"\u0061":3}]"#), Err(Refusal::Transient(text)) if text.contains("`a`"))
        );
    }

    #[test]
    fn deep_values_stay_text_and_strange_objects_do_not_fill_the_memory() {
        let deep = format!(r#"[{{"a":{}{}}}]"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(lines(&deep).unwrap().len(), deep.len() - 1);
        let strange: Vec<String> = (0..20_000).map(|i| format!(r#"{{"{i}":0}}"#)).collect();
        assert!(matches!(lines(&format!("[{}]", strange.join(","))), Err(Refusal::BadCall(_))));
    }

    #[test]
    fn a_status_alone() {
        for status in [300, 302, 307, 308] {
            assert!(matches!(refused(status, ""), Refusal::BadCall(text) if text.contains("redirect refused")));
        }
        for status in [400, 405, 410, 422] {
            assert!(matches!(refused(status, "limit"), Refusal::BadCall(text) if text.contains("limit")));
        }
        assert!(matches!(refused(401, ""), Refusal::Rejected(_)));
        assert!(matches!(refused(403, ""), Refusal::Forbidden(_)));
        assert!(matches!(refused(404, ""), Refusal::NoPath(_)));
        assert!(matches!(refused(429, ""), Refusal::SlowDown(_)));
        for status in [408, 500, 502, 503, 504, 599] {
            assert!(matches!(refused(status, ""), Refusal::Transient(_)));
        }
    }

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(excerpt(b"<html>\r\n\x1b[31m\xcd"), "<html>   [31m\u{fffd}");
        assert_eq!(excerpt("网".repeat(5000).as_bytes()), "网".repeat(200));
    }
}
