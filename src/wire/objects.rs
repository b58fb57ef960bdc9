//! Reads rows from JSON objects, for the wires over GET. Envelopes and error codes are left to each wire.

use indexmap::IndexSet;
use serde::de::Deserialize;
use serde_json::value::RawValue;

use super::exchange::{Page, Refusal};
use super::row::{OrderedObject, Rows};
use super::wording;

/// The most characters of a reply to quote in an error.
const EXCERPT: usize = 200;

/// The most values on a page, absent ones included: objects with no names in common would fill the memory.
const MOST_VALUES: usize = 1 << 24;

/// The body as one JSON value, validated to its end.
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
    // This also fails if a field of `T` occurs twice, because it is unknown which one counts.
    serde_json::from_str(reply.get()).map_err(|error| Refusal::Transient(format!("invalid reply ({error})")))
}

/// Rows: one per object of an array, one for a single object, none for null and `{}`.
pub(super) fn rows(value: &RawValue) -> Result<Page<'_>, Refusal> {
    let text = value.get();
    let rows = if is_object(value) {
        let object: OrderedObject<'_> = serde_json::from_str(text).map_err(|_| unexpected(text.as_bytes()))?;
        Rows { all: if object.0.is_empty() { Vec::new() } else { vec![value] }, are_too_many: false }
    } else {
        let rows: Option<Rows<'_>> = serde_json::from_str(text).map_err(|_| unexpected(text.as_bytes()))?;
        rows.unwrap_or_default()
    };
    if rows.are_too_many {
        return Err(too_many(rows.all.len()));
    }
    // The names in all objects, in order of appearance.
    let mut names: IndexSet<String> = IndexSet::new();
    for (count, row) in (1..).zip(&rows.all) {
        let object: OrderedObject<'_> = serde_json::from_str(row.get()).map_err(|_| unexpected(text.as_bytes()))?;
        let mut places = Vec::with_capacity(object.0.len());
        for (name, _) in object.0 {
            let place = names.get_index_of(name.as_ref()).unwrap_or_else(|| names.insert_full(name.into_owned()).0);
            places.push(place);
        }
        places.sort_unstable();
        if let Some(twice) = places.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Refusal::Transient(format!("an object has the field `{}` twice", names[twice[0]])));
        }
        if names.len().saturating_mul(count) > MOST_VALUES {
            return Err(Refusal::BadCall(format!("too large: more than {count} rows with {} fields", names.len())));
        }
    }
    Ok(Page { fields: names.into_iter().collect(), rows: rows.all })
}

/// The refusal of a reply with more rows than any page has.
pub(super) fn too_many(rows: usize) -> Refusal {
    Refusal::BadCall(format!("too large: more than {rows} rows"))
}

/// The refusal of a well-formed reply of unexpected shape: the same call would get the same reply.
pub(super) fn unexpected(body: &[u8]) -> Refusal {
    Refusal::BadCall(format!("unexpected reply: {}", excerpt(body)))
}

/// The refusal of a reply that holds text instead of rows.
pub(super) fn refused(text: &str) -> Refusal {
    let message = excerpt(text.as_bytes());
    wording::named(text, &message).unwrap_or(Refusal::Transient(message))
}

/// The beginning of a reply on one line, whatever its encoding.
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

/// The value as an integer, sent as a number or as a string.
pub(super) fn integer(value: &RawValue) -> Option<i64> {
    value.get().trim_matches('"').trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{RowReader, push_object};

    fn lines(body: &str) -> Result<String, Refusal> {
        let page = rows(json(body.as_bytes())?)?;
        let mut out = Vec::new();
        let reader = RowReader::new(&page.fields);
        for row in &page.rows {
            let row = reader.read(row.get()).unwrap();
            assert_eq!(row.len(), page.fields.len());
            push_object(&mut out, &page.fields, &row);
        }
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn rows_have_the_fields_of_all_objects_and_values_as_sent() {
        let body = r#" [{"b":"9.2100","a":1E3}, {"c":[{"x": null}],"\u0061":-0.10}, {}, {"b":null}] "#;
        let page = rows(json(body.as_bytes()).unwrap()).unwrap();
        assert_eq!(page.fields, ["b", "a", "c"]);
        let cells = |row: usize| RowReader::new(&page.fields).read(page.rows[row].get()).unwrap();
        assert!(cells(3)[0].is_some_and(|value| value.get() == "null") && cells(0)[2].is_none());
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
        let wide: Vec<String> = (0..20_000).map(|i| format!(r#""{i}":0"#)).collect();
        assert!(matches!(lines(&format!("[{{{}}}]", wide.join(","))), Err(Refusal::BadCall(_))));
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
