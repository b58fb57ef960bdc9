//! Rows out of JSON objects, for the wires over GET. Never the envelope or the error codes of one wire.

use std::borrow::Cow;
use std::fmt;

use indexmap::IndexSet;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::exchange::{Page, Refusal};
use super::wording;

/// The most characters of a reply that an error quotes.
const EXCERPT: usize = 200;

/// The most values of a page, absent ones included: objects that share no names would fill the memory.
const MOST_VALUES: usize = 1 << 24;

/// The body as one JSON value, checked to its end.
pub(super) fn json(body: &[u8]) -> Result<&RawValue, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        let what = if body.is_empty() { "empty body".to_owned() } else { format!("invalid JSON ({error})") };
        Refusal::Transient(format!("{what}: {}", excerpt(body)))
    })
}

/// The body as an object with the fields of `T`; other fields are ignored.
pub(super) fn envelope<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refusal> {
    let reply = json(body)?;
    if !is_object(reply) {
        return Err(unexpected(body));
    }
    // A field of `T` that occurs twice ends here too: it is unknown which one counts.
    serde_json::from_str(reply.get()).map_err(|error| Refusal::Transient(format!("invalid reply ({error})")))
}

/// Rows: one per object of an array, one of a single object, none of null and `{}`.
pub(super) fn rows(value: &RawValue) -> Result<Page<'_>, Refusal> {
    let text = value.get();
    let read = if is_object(value) {
        serde_json::from_str(text)
            .map(|object: OrderedObject<'_>| if object.0.is_empty() { Vec::new() } else { vec![object] })
    } else {
        serde_json::from_str(text).map(Option::unwrap_or_default)
    };
    page(read.map_err(|_| unexpected(text.as_bytes()))?)
}

/// The names of all objects in order of appearance, and the values of each object under them.
fn page(objects: Vec<OrderedObject<'_>>) -> Result<Page<'_>, Refusal> {
    let mut names: IndexSet<Cow<'_, str>> = IndexSet::new();
    let mut rows: Vec<Vec<Option<&RawValue>>> = Vec::with_capacity(objects.len());
    for object in objects {
        let mut row = vec![None; names.len()];
        for (name, value) in object.0 {
            let (place, _) = names.insert_full(name);
            row.resize(names.len(), None);
            if row[place].replace(value).is_some() {
                return Err(Refusal::Transient(format!("an object has the field `{}` twice", names[place])));
            }
        }
        rows.push(row);
        if names.len().saturating_mul(rows.len()) > MOST_VALUES {
            return Err(Refusal::BadCall(format!(
                "too large: more than {} rows with {} fields",
                rows.len(),
                names.len()
            )));
        }
    }
    for row in &mut rows {
        row.resize(names.len(), None);
    }
    Ok(Page { fields: names.into_iter().collect(), rows })
}

/// The refusal of a well-formed reply in an unexpected shape: the same call would get it again.
pub(super) fn unexpected(body: &[u8]) -> Refusal {
    Refusal::BadCall(format!("unexpected reply: {}", excerpt(body)))
}

/// The refusal of a reply that holds a text instead of rows.
pub(super) fn refused(text: &str) -> Refusal {
    let message = excerpt(text.as_bytes());
    wording::named(text, &message).unwrap_or(Refusal::Transient(message))
}

/// The beginning of a reply as one line, whatever its encoding.
pub(super) fn excerpt(body: &[u8]) -> String {
    // A character has at most four bytes.
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * EXCERPT)]);
    text.chars().take(EXCERPT).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

pub(super) fn is_object(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

/// The value as text, if it is a string.
pub(super) fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// The value as a whole number, sent as a number or as a string.
pub(super) fn integer(value: &RawValue) -> Option<i64> {
    value.get().trim_matches('"').trim().parse().ok()
}

/// An object whose names keep their order.
struct OrderedObject<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for OrderedObject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((ObjectName(name), value)) = map.next_entry()? {
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
struct ObjectName<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::push_object;

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
    fn rows_have_the_fields_of_all_objects_and_values_as_sent() {
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
    fn other_than_objects_is_unexpected() {
        for body in ["[1]", "[[1]]", "[null]", r#"[{"a":1},2]"#, "7", r#""text""#, "true", r#"[{"a":1},[]]"#] {
            assert!(matches!(lines(body), Err(Refusal::BadCall(text)) if text.contains(body)), "{body}");
        }
        let long = format!("[{}]", "1,".repeat(500) + "1");
        assert!(matches!(lines(&long), Err(Refusal::BadCall(text)) if text.len() < 250));
    }

    #[test]
    fn truncated_and_invalid_json_may_be_retried() {
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
    fn deep_values_stay_text_and_memory_is_bounded() {
        let deep = format!(r#"[{{"a":{}{}}}]"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(lines(&deep).unwrap().len(), deep.len() - 1);
        let strange: Vec<String> = (0..20_000).map(|i| format!(r#"{{"{i}":0}}"#)).collect();
        assert!(matches!(lines(&format!("[{}]", strange.join(","))), Err(Refusal::BadCall(_))));
    }

    #[test]
    fn an_excerpt_is_one_short_line() {
        assert_eq!(excerpt(b"<html>\r\n\x1b[31m\xcd"), "<html>   [31m\u{fffd}");
        assert_eq!(excerpt("网".repeat(5000).as_bytes()), "网".repeat(200));
    }
}
