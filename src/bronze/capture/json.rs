//! Reads JSON: lines, arrays, raw replies, pandas' columns. What a value means is decided in `normalise`, not here.

use std::fmt;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{CaptureError, CaptureReader};

/// The members of an object, in order. A repeated name is an error.
struct Members<'a>(IndexMap<String, &'a RawValue>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MembersVisitor;
        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = IndexMap::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    if let (index, Some(_)) = members.insert_full(name, value) {
                        let name = members.get_index(index).map_or("", |member| member.0);
                        return Err(A::Error::custom(format!("duplicate field `{name}`")));
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(MembersVisitor)
    }
}

/// The `data` of a raw Tushare reply, or of `DataFrame.to_json(orient="split")`.
#[derive(Deserialize)]
struct ReplyData<'a> {
    #[serde(alias = "columns")]
    fields: Vec<String>,
    #[serde(borrow, alias = "data")]
    items: Option<Vec<Vec<&'a RawValue>>>,
}

impl CaptureReader<'_> {
    /// Reads any sequence of values: JSON lines, indented objects or a single reply.
    pub(super) fn json(&mut self, text: &str) -> Result<(), CaptureError> {
        for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
            let value = value.map_err(|e| self.json_error(text, &e))?;
            if value.get().starts_with('[') {
                let rows: Vec<&RawValue> = serde_json::from_str(value.get()).map_err(|e| self.json_error(text, &e))?;
                rows.into_iter().try_for_each(|row| self.object(row))?;
            } else {
                self.object(value)?;
            }
        }
        Ok(())
    }

    /// Reads an object: a reply, a table written by pandas, or a row.
    fn object(&mut self, value: &RawValue) -> Result<(), CaptureError> {
        let members = self.members(value)?;
        let member = |name: &str| members.get(name).map_or("", |raw| raw.get().trim_matches('"'));
        let message = [member("msg"), member("message")].concat();
        if !matches!(member("code"), "" | "0") && (members.contains_key("msg") || members.contains_key("message")) {
            let problem = format!("the file holds the vendor's error {}: {message}", member("code"));
            return Err(self.error(None, problem, "leave it out and fetch the data again"));
        }
        if let Some(data) = members.get("data").and_then(|data| serde_json::from_str::<ReplyData<'_>>(data.get()).ok())
        {
            return self.reply(data);
        }
        if let Ok(data) = serde_json::from_str::<ReplyData<'_>>(value.get()) {
            return self.reply(data);
        }
        if members.contains_key("schema")
            && let Some(rows) = members.get("data").filter(|rows| rows.get().starts_with('['))
        {
            return self.json(rows.get());
        }
        // Key fields are never nested, so an object that contains only objects is a table by columns.
        if !members.is_empty() && members.values().all(|raw| raw.get().starts_with('{')) {
            let inner = members.values().next().map(|row| self.members(row)).transpose()?.unwrap_or_default();
            if inner.keys().any(|name| self.is_known(name)) && !members.keys().any(|name| self.is_known(name)) {
                return members.values().try_for_each(|row| self.object(row));
            }
            return self.columns(&members);
        }
        let cells: Vec<_> = members.iter().map(|(name, raw)| (self.field(name), raw.get().into())).collect();
        self.row(cells)
    }

    fn members<'v>(&self, value: &'v RawValue) -> Result<IndexMap<String, &'v RawValue>, CaptureError> {
        let Members(members) = serde_json::from_str(value.get()).map_err(|e| {
            self.error(Some(self.rows + 1), without_place(&e), "a row is one JSON object that names each field once")
        })?;
        Ok(members)
    }

    fn reply(&mut self, data: ReplyData<'_>) -> Result<(), CaptureError> {
        let fields = self.header(data.fields.iter().map(String::as_str))?;
        for item in data.items.unwrap_or_default() {
            if item.len() != fields.len() {
                let problem = format!("{} values for {} fields", item.len(), fields.len());
                return Err(self.error(Some(self.rows + 1), problem, "the reply is damaged: fetch it again"));
            }
            self.row(fields.iter().copied().zip(item.iter().map(|raw| raw.get().into())))?;
        }
        Ok(())
    }

    /// Reads `DataFrame.to_json()`: columns, each an object by row label.
    fn columns(&mut self, table: &IndexMap<String, &RawValue>) -> Result<(), CaptureError> {
        let fields = self.header(table.keys().map(String::as_str))?;
        let columns = table.values().map(|raw| self.members(raw)).collect::<Result<Vec<_>, _>>()?;
        let first = &columns[0];
        for (name, column) in table.keys().zip(&columns) {
            if column.len() != first.len() || !first.keys().all(|label| column.contains_key(label)) {
                let problem = format!("the columns `{}` and `{name}` have different row labels", table.keys()[0]);
                let way_out = "write it as `df.to_json(orient=\"records\", lines=True)`";
                return Err(self.error(None, problem, way_out));
            }
        }
        for label in first.keys() {
            let values = columns.iter().map(|column| column[label].get().into());
            self.row(fields.iter().copied().zip(values))?;
        }
        Ok(())
    }

    fn json_error(&self, text: &str, error: &serde_json::Error) -> CaptureError {
        let start: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let mut at = (start + error.column().saturating_sub(1)).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let row = Some(row_at(text, at));
        let place = format!("line {}, column {}", error.line(), error.column());
        // After a minus sign the parser is one byte further.
        let rest = text[..at].strip_suffix('-').map_or(&text[at..], |before| &text[before.len()..]);
        if let Some(word) = ["NaN", "Infinity", "-Infinity"].into_iter().find(|word| rest.starts_with(word)) {
            let name = text[..at].trim_end_matches(['-', ' ']).strip_suffix("\":").and_then(|t| t.rsplit('"').next());
            let field = name.map_or_else(String::new, |name| format!("field `{name}`: "));
            let problem = format!("{field}{word} is not valid JSON ({place})");
            let way_out = "write null instead, as `df.to_json(orient=\"records\", lines=True)` does";
            return self.error(row, problem, way_out);
        }
        let problem = format!("invalid JSON: {} ({place})", without_place(error));
        self.error(row, problem, "correct it there, or save the file again")
    }
}

/// The error without the line number, which counts from where the parser began, not from the start of the file.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line").next().unwrap_or_default().to_owned()
}

/// The row of an error, from 1: an item of a reply, or an object at the top level or in the array.
fn row_at(text: &str, at: usize) -> usize {
    let top = usize::from(text.trim_start().starts_with('['));
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let (mut objects, mut items) = (0, 0);
    for byte in text.bytes().take(at) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => {
                objects += usize::from(depth == top && byte == b'{');
                items += usize::from(depth == top + 3 && byte == b'[');
                depth += 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    if objects <= 1 && items > 0 { items } else { objects.max(1) }
}
