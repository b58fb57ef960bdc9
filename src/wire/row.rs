//! Reads the rows of a page one at a time, so that a page takes hardly more memory than its text. Knows nothing of
//! envelopes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The most rows on a page. The largest seen had about ten thousand.
const MOST_ROWS: usize = 1 << 20;

/// The most fields in a row. The widest have several hundred.
const MOST_FIELDS: usize = 1 << 14;

/// Reads the values of rows.
#[derive(Debug)]
pub struct RowReader<'f> {
    places: HashMap<&'f str, usize>,
    width: usize,
}

impl<'f> RowReader<'f> {
    /// A reader for rows with these fields.
    #[must_use]
    pub fn new(fields: &'f [String]) -> Self {
        let places = fields.iter().enumerate().map(|(place, name)| (name.as_str(), place)).collect();
        Self { places, width: fields.len() }
    }

    /// The values of a row, one per field; `None` where it lacks the field.
    ///
    /// # Errors
    /// When it is not a row with these fields.
    pub fn read<'t>(&self, row: &'t str) -> serde_json::Result<Vec<Option<&'t RawValue>>> {
        if row.starts_with('[') {
            let values: Vec<&RawValue> = serde_json::from_str(row)?;
            return Ok(values.into_iter().map(Some).collect());
        }
        let mut values = vec![None; self.width];
        for (name, value) in serde_json::from_str::<OrderedObject<'t>>(row)?.0 {
            if let Some(place) = self.places.get(name.as_ref()) {
                values[*place] = Some(value);
            }
        }
        Ok(values)
    }
}

/// The rows as sent.
#[derive(Debug, Default)]
pub(super) struct Rows<'a> {
    pub(super) all: Vec<&'a RawValue>,
    /// There are more than any page has, and the rest was not read.
    pub(super) are_too_many: bool,
}

impl<'de: 'a, 'a> Deserialize<'de> for Rows<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;

        impl<'de> Visitor<'de> for Elements {
            type Value = Rows<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a list of rows")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut rows = Rows::default();
                while rows.all.len() < MOST_ROWS {
                    let Some(row) = list.next_element()? else { return Ok(rows) };
                    rows.all.push(row);
                }
                while list.next_element::<IgnoredAny>()?.is_some() {
                    rows.are_too_many = true;
                }
                Ok(rows)
            }
        }

        deserializer.deserialize_seq(Elements)
    }
}

/// Field names.
pub(super) struct Names(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Vec<String>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a list of names")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = list.next_element()? {
                    if names.len() == MOST_FIELDS {
                        return Err(too_many_fields());
                    }
                    names.push(name);
                }
                Ok(names)
            }
        }

        deserializer.deserialize_seq(All).map(Self)
    }
}

fn too_many_fields<E: Error>() -> E {
    E::custom(format!("more than {MOST_FIELDS} fields"))
}

/// The number of values in a list.
pub(super) struct Width(pub(super) usize);

impl<'de> Deserialize<'de> for Width {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Values;

        impl<'de> Visitor<'de> for Values {
            type Value = usize;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a list of values")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut width = 0;
                while list.next_element::<IgnoredAny>()?.is_some() {
                    width += 1;
                }
                Ok(width)
            }
        }

        deserializer.deserialize_seq(Values).map(Self)
    }
}

/// An object whose names stay in order.
pub(super) struct OrderedObject<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

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
                    if entries.len() == MOST_FIELDS {
                        return Err(too_many_fields());
                    }
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

    #[test]
    fn values_are_found_in_lists_and_in_objects() {
        let fields = ["a", "b", "c"].map(str::to_owned);
        let read = |row| {
            let values = RowReader::new(&fields).read(row).unwrap();
            values.into_iter().map(|value| value.map(RawValue::get)).collect::<Vec<_>>()
        };
        assert_eq!(read(r#"[1, "x",null]"#), [Some("1"), Some("\"x\""), Some("null")]);
        assert_eq!(read(r#"{"c":1.50,"\u0061":[ 2 ]}"#), [Some("[ 2 ]"), None, Some("1.50")]);
    }

    #[test]
    fn rows_beyond_all_that_a_page_has_are_not_kept() {
        let list = |rows: usize| format!("[{}0]", "0,".repeat(rows - 1));
        let most = list(MOST_ROWS);
        let rows: Rows<'_> = serde_json::from_str(&most).unwrap();
        assert_eq!((rows.all.len(), rows.are_too_many), (MOST_ROWS, false));
        let more = list(MOST_ROWS + 1);
        assert!(serde_json::from_str::<Rows<'_>>(&more).unwrap().are_too_many);
    }
}
