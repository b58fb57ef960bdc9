//! Files that users already have -> bronze lines, digits untouched: CSV, JSON lines, arrays of
//! objects, raw Tushare replies, pandas' columns; gzip or not.
//!
//! `csv` and `json` read the formats; this module holds what they share. Never here: what a value means. A value that
//! normalise will reject is kept as written.

mod csv;
mod json;

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::NaiveDate;
use indexmap::IndexMap;

use super::file::inflate;
use crate::spec::{Contract, FieldType};
use pitlake_contract::spelling::day_in;

/// Why a file is not imported; no row of it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{file}`{}: {problem}; {way_out}", .row.map_or_else(String::new, |row| format!(", row {row}")))]
pub struct CaptureError {
    /// The file, as the user named it.
    pub file: String,
    /// The row, from 1 and without the header, if the problem is in one.
    pub row: Option<usize>,
    /// What is wrong, with field and value.
    pub problem: String,
    /// What to do.
    pub way_out: String,
}

/// Rows of a capture as bronze lines.
#[derive(Debug)]
pub struct Capture {
    /// Every field found, as the file names it, in the file's order.
    pub fields: Vec<String>,
    /// One JSON object a line; every line ends in a line break.
    pub lines: Vec<u8>,
    /// Number of lines.
    pub rows: usize,
    /// Event days found; a row whose day cannot be read is kept and adds none.
    pub days: BTreeSet<NaiveDate>,
}

impl Capture {
    /// Reads a whole file. `key` names the vendor's fields that must be present, `event` the one that
    /// holds the event day.
    ///
    /// # Errors
    /// When the format is unknown, or the file is damaged, holds no rows, or lacks a key field.
    pub fn read(
        name: &str,
        body: &[u8],
        contract: &Contract,
        key: &[&str],
        event: Option<&str>,
    ) -> Result<Self, CaptureError> {
        let mut reader = CaptureReader {
            name,
            contract,
            event: event.and_then(|event| contract.field(event)),
            fields: IndexMap::new(),
            lines: Vec::new(),
            rows: 0,
            days: BTreeSet::new(),
        };
        let mut inflated = Vec::new();
        let body = if body.starts_with(&[0x1f, 0x8b]) {
            inflate(body, &mut inflated).map_err(|e| reader.error(None, e.to_string(), "copy or download it again"))?;
            inflated.as_slice()
        } else {
            body
        };
        if body.starts_with(b"PAR1") || body.starts_with(b"PK\x03\x04") {
            let what = if body.starts_with(b"PAR1") { "a Parquet file" } else { "a zip archive or an Excel sheet" };
            return Err(reader.error(None, format!("unsupported format: {what}"), "save it as CSV or as JSON lines"));
        }
        let text = std::str::from_utf8(body).map_err(|e| {
            let problem = format!("invalid UTF-8 at byte {}", e.valid_up_to());
            reader.error(None, problem, "save it as UTF-8 (Chinese Excel often saves GBK)")
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let json = text.trim_start().starts_with(['{', '[']);
        let read = if json { reader.json(text) } else { reader.csv(text) };
        read?;
        reader.finish(key)
    }
}

/// A field of the file.
struct CapturedField {
    /// The name as JSON, colon and all.
    label: String,
    /// A CSV cell of it becomes a number if it looks like one.
    number: bool,
    /// It holds the event day.
    event: bool,
}

/// A capture while it is read.
struct CaptureReader<'a> {
    name: &'a str,
    contract: &'a Contract,
    event: Option<usize>,
    fields: IndexMap<String, CapturedField>,
    lines: Vec<u8>,
    rows: usize,
    days: BTreeSet<NaiveDate>,
}

impl CaptureReader<'_> {
    fn error(&self, row: Option<usize>, problem: String, way_out: &str) -> CaptureError {
        CaptureError { file: self.name.to_owned(), row, problem, way_out: way_out.to_owned() }
    }

    /// The index of a field, new or known.
    fn field(&mut self, name: &str) -> usize {
        if let Some(index) = self.fields.get_index_of(name) {
            return index;
        }
        let known = self.contract.field(name);
        let kind = known.map(|index| self.contract.fields[index].kind);
        let number = matches!(kind, None | Some(FieldType::Number | FieldType::Integer | FieldType::Flag));
        let event = known.is_some() && known == self.event;
        let label = json_string(name) + ":";
        self.fields.insert_full(name.to_owned(), CapturedField { label, number, event }).0
    }

    /// The fields of a format that names them once.
    fn header<'n>(&mut self, names: impl Iterator<Item = &'n str>) -> Result<Vec<usize>, CaptureError> {
        let mut indices = Vec::new();
        for name in names {
            let index = self.field(name);
            if indices.contains(&index) {
                let problem = format!("duplicate field `{name}`");
                return Err(self.error(None, problem, "drop or rename one of them"));
            }
            indices.push(index);
        }
        Ok(indices)
    }

    /// Writes a row: a field's index and its value as JSON.
    fn row<'v>(&mut self, cells: impl IntoIterator<Item = (usize, Cow<'v, str>)>) {
        self.lines.push(b'{');
        for (at, (index, value)) in cells.into_iter().enumerate() {
            let field = &self.fields[index];
            if at > 0 {
                self.lines.push(b',');
            }
            self.lines.extend_from_slice(field.label.as_bytes());
            // Line breaks occur only between the tokens of a nested value: JSON strings hold none.
            self.lines.extend(value.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
            if field.event {
                self.days.extend(day_in(value.trim_matches('"')));
            }
        }
        self.lines.extend_from_slice(b"}\n");
        self.rows += 1;
    }

    fn finish(self, key: &[&str]) -> Result<Capture, CaptureError> {
        let found: Vec<String> = self.fields.keys().cloned().collect();
        let has = |key: &str| match self.contract.field(key) {
            Some(field) => found.iter().any(|name| self.contract.field(name) == Some(field)),
            None => found.iter().any(|name| name == key),
        };
        let missing: Vec<&str> = key.iter().copied().filter(|key| !has(key)).collect();
        if (self.rows > 0 || !found.is_empty()) && !missing.is_empty() {
            let (missing, found) =
                (missing.join("`, `"), if found.is_empty() { "none".to_owned() } else { found.join(", ") });
            let problem = format!("{} requires the fields `{missing}`; found {found}", self.contract.id);
            return Err(self.error(
                None,
                problem,
                "give the columns the vendor's names, or choose the interface that the file came from",
            ));
        }
        if self.rows == 0 {
            return Err(self.error(None, "no rows".into(), "leave the file out"));
        }
        Ok(Capture { fields: found, lines: self.lines, rows: self.rows, days: self.days })
    }
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests;
