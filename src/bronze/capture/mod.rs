//! Converts files that users already have to bronze lines, with digits unchanged: CSV, JSON lines, arrays of objects,
//! raw Tushare replies, pandas' columns, Parquet, Feather; gzipped or not.
//!
//! `csv`, `json` and `columnar` read the formats, `claims` and `pages` limit the sizes a file may claim, and `columns`
//! decides between two columns of one field. This module holds what they share. What a value means is decided in
//! `normalise`: a value that will be rejected there is kept as written.

mod claims;
mod columnar;
mod columns;
mod csv;
mod format;
mod json;
mod pages;

use std::borrow::Cow;
use std::collections::BTreeSet;

use bytes::Bytes;
use chrono::NaiveDate;
use indexmap::{IndexMap, IndexSet};
use serde_json::value::RawValue;

use super::inflate::inflate;
use crate::spec::{Contract, FieldType, nearest};
use format::{Format, Unsupported};
use pitlake_contract::spelling::{day_in, null};

/// What to do about a damaged file.
const AGAIN: &str = "copy or download it again";

/// Bound for the size of the rows relative to the file, however alike they are.
const MOST_RATIO: usize = 1024;

/// Any file may have this much text.
const SMALL: usize = 64 << 20;

/// Why a file was not imported. None of its rows are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{file}`{}: {problem}; {way_out}", .row.map_or_else(String::new, |row| format!(", row {row}")))]
pub struct CaptureError {
    /// The file, as the user named it.
    pub file: String,
    /// The row with the problem, from 1 and without the heading, if it is in a row.
    pub row: Option<usize>,
    /// What is wrong, including field and value.
    pub problem: String,
    /// What to do.
    pub way_out: String,
}

/// How to read a capture.
#[derive(Debug, Clone, Copy)]
pub struct CaptureRules<'a> {
    /// The interface that the rows came from.
    pub contract: &'a Contract,
    /// Fields of the vendor that must be present.
    pub key: &'a [&'a str],
    /// The vendor's field with the event day.
    pub event: Option<&'a str>,
    /// Column names, each with the vendor's name for it.
    pub map: &'a [(String, String)],
    /// Fields of the contract, each with the value for rows that lack it.
    pub set: &'a [(String, String)],
}

/// The rows of a capture as bronze lines.
#[derive(Debug)]
pub struct Capture {
    /// All fields found, as named by the file or the user, in the file's order.
    pub fields: Vec<String>,
    /// One JSON object per line, each terminated by a line break.
    pub lines: Vec<u8>,
    /// Number of lines.
    pub rows: usize,
    /// Event days found. A row whose day cannot be parsed is kept but adds none.
    pub days: BTreeSet<NaiveDate>,
}

impl Capture {
    /// Reads a whole file.
    ///
    /// # Errors
    /// When the format is unknown, or the file is damaged, has no rows, or lacks a key field.
    pub fn read(name: &str, body: Bytes, rules: CaptureRules<'_>) -> Result<Self, CaptureError> {
        let CaptureRules { contract, event, set, .. } = rules;
        let fill = set.iter().filter_map(|(field, value)| Some((contract.field(field)?, value)));
        let fill = fill.map(|(field, value)| {
            let field_of = &contract.fields[field];
            let label = json_string(&field_of.name) + ":";
            FilledField { field, label, value: json_cell(value, is_number(field_of.kind)).into_owned() }
        });
        let mut reader = CaptureReader {
            name,
            rules,
            event: event.and_then(|event| contract.field(event)),
            fields: IndexMap::new(),
            is_ambiguous: false,
            fill: fill.collect(),
            lines: Vec::new(),
            rows: 0,
            days: BTreeSet::new(),
            most: 0,
        };
        let body = if body.starts_with(&[0x1f, 0x8b]) {
            let mut inflated = Vec::new();
            inflate(&body, &mut inflated).map_err(|e| reader.error(None, e.to_string(), AGAIN))?;
            Bytes::from(inflated)
        } else {
            body
        };
        reader.most = SMALL.max(body.len().saturating_mul(MOST_RATIO));
        match format::of(&body) {
            Ok(Format::Text) => reader.text(&body)?,
            Ok(format) => reader.columnar(body, format)?,
            Err(Unsupported { name, way_out }) => {
                return Err(reader.error(None, format!("unsupported format: {name}"), way_out));
            }
        }
        reader.finish()
    }
}

/// A column of the file.
struct CapturedField {
    /// Its own name, or the vendor's if the user mapped it.
    name: String,
    /// The name as JSON, including the colon.
    label: String,
    /// Whether the user chose it for its field.
    is_chosen: bool,
    /// The contract's field, if it is one.
    known: Option<usize>,
    /// Whether a CSV cell that looks like a number becomes one.
    number: bool,
}

/// A field with a value set by the user.
struct FilledField {
    /// Index of the contract's field.
    field: usize,
    /// The name as JSON, including the colon.
    label: String,
    /// The value as JSON.
    value: String,
}

/// A value of a row as JSON, with the index of its column.
type Cell<'v> = (usize, Cow<'v, str>);

/// Reads a capture.
struct CaptureReader<'a> {
    name: &'a str,
    rules: CaptureRules<'a>,
    event: Option<usize>,
    /// By their name in the file.
    fields: IndexMap<String, CapturedField>,
    /// Whether two columns are the same field of the contract.
    is_ambiguous: bool,
    fill: Vec<FilledField>,
    lines: Vec<u8>,
    rows: usize,
    days: BTreeSet<NaiveDate>,
    /// Limit for the size of the rows, in bytes.
    most: usize,
}

impl CaptureReader<'_> {
    fn error(&self, row: Option<usize>, problem: String, way_out: &str) -> CaptureError {
        CaptureError { file: self.name.to_owned(), row, problem, way_out: way_out.to_owned() }
    }

    fn text(&mut self, body: &[u8]) -> Result<(), CaptureError> {
        let text = std::str::from_utf8(body).map_err(|e| {
            let problem = format!("invalid UTF-8 at byte {}", e.valid_up_to());
            self.error(None, problem, "save it as UTF-8 (Chinese Excel often saves GBK)")
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim_start().starts_with(['{', '[']) { self.json(text) } else { self.csv(text) }
    }

    /// Whether a column is a field of the interface, by its own name or the one the user gave.
    fn is_known(&self, column: &str) -> bool {
        self.rules.map.iter().any(|(from, _)| from == column) || self.rules.contract.field(column).is_some()
    }

    /// The index of a column, which may be new.
    fn field(&mut self, column: &str) -> usize {
        if let Some(index) = self.fields.get_index_of(column) {
            return index;
        }
        let chosen = self.rules.map.iter().find(|(name, _)| name == column).map(|(_, field)| field.as_str());
        let (name, is_chosen) = (chosen.unwrap_or(column).to_owned(), chosen.is_some());
        let known = self.rules.contract.field(&name);
        self.is_ambiguous |= known.is_some() && self.fields.values().any(|field| field.known == known);
        let number = known.is_none_or(|field| is_number(self.rules.contract.fields[field].kind));
        let label = json_string(&name) + ":";
        self.fields.insert_full(column.to_owned(), CapturedField { name, label, is_chosen, known, number }).0
    }

    /// The columns of a format that names them once.
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

    /// Writes a row, given as column index and JSON value.
    fn row<'v>(&mut self, cells: impl IntoIterator<Item = Cell<'v>>) -> Result<(), CaptureError> {
        if self.is_ambiguous || !self.fill.is_empty() {
            let cells = self.distinct(cells.into_iter().collect())?;
            self.write(cells);
        } else {
            self.write(cells);
        }
        if self.lines.len() > self.most {
            let problem =
                format!("its rows take more than {} MiB as text, too much for a file of this size", self.most >> 20);
            return Err(self.error(None, problem, AGAIN));
        }
        Ok(())
    }

    fn write<'v>(&mut self, cells: impl IntoIterator<Item = Cell<'v>>) {
        let start = self.lines.len();
        self.lines.push(b'{');
        let mut given = Vec::new();
        for (index, value) in cells {
            let field = &self.fields[index];
            if self.lines.len() > start + 1 {
                self.lines.push(b',');
            }
            self.lines.extend_from_slice(field.label.as_bytes());
            // Line breaks can only be between the tokens of a nested value: JSON strings contain none.
            self.lines.extend(value.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
            if field.known.is_some() && field.known == self.event {
                self.days.extend(day_in(bare(&value)));
            }
            if !self.fill.is_empty() {
                given.extend(field.known);
            }
        }
        for fill in self.fill.iter().filter(|fill| !given.contains(&fill.field)) {
            if self.lines.len() > start + 1 {
                self.lines.push(b',');
            }
            self.lines.extend_from_slice(fill.label.as_bytes());
            self.lines.extend_from_slice(fill.value.as_bytes());
            if self.event == Some(fill.field) {
                self.days.extend(day_in(bare(&fill.value)));
            }
        }
        self.lines.extend_from_slice(b"}\n");
        self.rows += 1;
    }

    fn finish(self) -> Result<Capture, CaptureError> {
        let CaptureRules { contract, key, .. } = self.rules;
        let found: IndexSet<String> = self.fields.values().map(|field| field.name.clone()).collect();
        let has = |key: &str| match contract.field(key) {
            Some(field) => {
                self.fields.values().any(|one| one.known == Some(field))
                    || self.fill.iter().any(|fill| fill.field == field)
            }
            None => found.iter().any(|name| name == key),
        };
        let missing: Vec<&str> = key.iter().copied().filter(|key| !has(key)).collect();
        if (self.rows > 0 || !found.is_empty()) && !missing.is_empty() {
            let (missing, found, one) = (
                missing.join("`, `"),
                if found.is_empty() { "none".to_owned() } else { found.into_iter().collect::<Vec<_>>().join(", ") },
                missing.first().copied().unwrap_or_default(),
            );
            let problem = format!("{} requires the fields `{missing}`; found {found}", contract.id);
            let way_out = format!(
                "give the columns the vendor's names (`--map COLUMN={one}`), set a value for all rows (`--set \
                 {one}=VALUE`), or choose the interface that the file came from"
            );
            return Err(self.error(None, problem, &way_out));
        }
        // A mistyped heading would silently leave its field out of every row.
        let is_lost = |(column, field): &&(String, String)| !self.fields.contains_key(column) && !has(field);
        if let Some((column, _)) = self.rules.map.iter().find(is_lost).filter(|_| self.rows > 0) {
            let columns: Vec<&str> = self.fields.keys().map(String::as_str).collect();
            let hint = nearest(column, columns.iter().copied());
            let hint = hint.unwrap_or_else(|| format!("its columns are {}", columns.join(", ")));
            return Err(self.error(None, format!("no column `{column}`, which --map names"), &hint));
        }
        if self.rows == 0 {
            return Err(self.error(None, "no rows".into(), "leave the file out"));
        }
        Ok(Capture { fields: found.into_iter().collect(), lines: self.lines, rows: self.rows, days: self.days })
    }
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A text as JSON. Only a number in JSON's own syntax is left unquoted.
fn json_cell(cell: &str, number: bool) -> Cow<'_, str> {
    let bare = |raw: &RawValue| raw.get() == cell;
    if cell.is_empty() {
        Cow::Borrowed("null")
    } else if number
        && cell.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && serde_json::from_str::<&RawValue>(cell).is_ok_and(bare)
    {
        Cow::Borrowed(cell)
    } else {
        Cow::Owned(json_string(cell))
    }
}

fn is_number(kind: FieldType) -> bool {
    matches!(kind, FieldType::Number | FieldType::Integer | FieldType::Flag)
}

/// A JSON value without its quotes.
fn bare(value: &str) -> &str {
    value.trim_matches('"')
}

fn is_empty(value: &str) -> bool {
    null::is_null(bare(value), FieldType::Text)
}

#[cfg(test)]
mod tests;
