//! What the rows of a reply must show to be believed, and whether a page does. Which slice is expected is decided in
//! `expect`, not here.

use pitlake_contract::DateRange;
use pitlake_contract::spelling::{code, day_in, null};
use serde_json::value::RawValue;

use super::Failure;
use crate::spec::{Contract, FieldType};
use crate::wire::Refusal;

/// What every row of a slice must show.
#[derive(Debug, Clone, Default)]
pub struct Expect {
    /// The key fields, by the vendor's names.
    pub key: Vec<String>,
    /// Key fields that a reply may lack.
    pub optional: Vec<String>,
    /// A field and its allowed values, as JSON.
    pub fixed: Option<(String, Vec<String>)>,
    /// A field and its allowed days. Checked for dates and times.
    pub within: Option<(String, DateRange)>,
    /// The field of the event day, if the rows' days are wanted.
    pub event: Option<String>,
    /// Whether several rows may have the same key. Only whole rows may not repeat then, and twins may even do that.
    pub repeats: bool,
    /// Whether it is known who must have a row, so that rows lost by paging show when the answer is judged.
    pub judged: bool,
    /// The number of rows, as far as it is known.
    pub rows: RowCounts,
}

/// What is known about the number of rows before a reply comes.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowCounts {
    /// The most the market can have: a reply with that many is complete.
    pub most: Option<usize>,
    /// The number of rows in the slice's newest reply: another with as many is just as complete.
    pub before: Option<usize>,
}

impl Expect {
    /// The values of [`Expect::fixed`] for a security: its code in every spelling, as JSON.
    #[must_use]
    pub fn codes(code: &str) -> [String; 3] {
        code::spellings(code).map(|code| format!("\"{code}\""))
    }
}

/// The checks of [`Expect`] on the rows of a page, with the index of each field.
pub(super) struct Checks<'a> {
    key: Vec<usize>,
    fixed: Option<(usize, &'a (String, Vec<String>))>,
    within: Option<(usize, &'a (String, DateRange))>,
    event: Option<usize>,
}

impl<'a> Checks<'a> {
    /// Checks for a page with these fields, each by its name in the contract.
    ///
    /// # Errors
    /// If the page lacks a key field.
    pub(super) fn new(expect: &'a Expect, contract: &Contract, fields: &[Option<&str>]) -> Result<Self, Failure> {
        let place = |field: &String| fields.iter().position(|name| *name == Some(field.as_str()));
        let mut key = Vec::new();
        for field in &expect.key {
            match place(field) {
                Some(index) => key.push(index),
                None if expect.optional.contains(field) => {}
                None => {
                    let known: Vec<&str> = fields.iter().copied().flatten().collect();
                    let message = format!("the reply lacks the key field `{field}`; it has {}", known.join(", "));
                    return Err(Refusal::BadCall(message).into());
                }
            }
        }
        let kind = |field: &str| contract.field(field).map(|index| contract.fields[index].kind);
        let is_local = |field: &str| matches!(kind(field), Some(FieldType::Date | FieldType::Time));
        let within = expect.within.as_ref().filter(|(field, _)| is_local(field));
        Ok(Self {
            key,
            fixed: expect.fixed.as_ref().and_then(|fixed| Some((place(&fixed.0)?, fixed))),
            within: within.and_then(|within| Some((place(&within.0)?, within))),
            event: expect.event.as_ref().and_then(place),
        })
    }

    /// Checks a row.
    ///
    /// # Errors
    /// If the row is of another day or security.
    pub(super) fn row(&self, row: &[Option<&RawValue>]) -> Result<(), Failure> {
        if let Some((index, (field, range))) = self.within {
            let value = json(row, index);
            let text = value.trim_matches('"');
            // A day that cannot be parsed is a fault of the row, which the build rejects.
            let is_within = match day_in(text) {
                Some(day) => range.contains(day),
                None => range.first != range.last || !null::is_null(text, FieldType::Date),
            };
            if !is_within {
                return Err(Failure::Untrusted(format!("requested {range}, got a row whose `{field}` is {value}")));
            }
        }
        if let Some((index, (field, all))) = self.fixed {
            let value = json(row, index);
            let is_code =
                |known: &String| code::suffixed(value.trim_matches('"')).as_deref() == Some(known.trim_matches('"'));
            if !all.iter().any(|known| known == value || is_code(known)) {
                let message = format!("requested {}, got a row whose `{field}` is {value}", all[0]);
                return Err(Failure::Untrusted(message));
            }
        }
        Ok(())
    }

    /// The key of a row.
    pub(super) fn key(&self, row: &[Option<&RawValue>]) -> String {
        self.key.iter().map(|index| json(row, *index)).collect::<Vec<_>>().join(",")
    }

    /// The event day of a row as the vendor writes it, if wanted.
    pub(super) fn event(&self, row: &[Option<&RawValue>]) -> Option<String> {
        self.event.map(|index| json(row, index).trim_matches('"').to_owned())
    }
}

/// A value as it was sent.
fn json<'a>(row: &[Option<&'a RawValue>], index: usize) -> &'a str {
    row[index].map_or("null", RawValue::get)
}
