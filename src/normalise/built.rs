//! The result of a partition's files: rows, rejects, what to tell the user, or why there are no rows at all. How it is
//! produced is decided elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};

/// Values to report to the user: by column, as written, each with its number of occurrences.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remarks {
    /// Words that were read as nulls.
    pub null_words: BTreeMap<String, BTreeMap<String, usize>>,
    /// Values that no contract lists.
    pub unlisted: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Remarks {
    /// Adds other counts.
    pub(super) fn add(&mut self, more: Self) {
        for (all, more) in [(&mut self.null_words, more.null_words), (&mut self.unlisted, more.unlisted)] {
            for (column, values) in more {
                let of_column = all.entry(column).or_default();
                for (value, count) in values {
                    *of_column.entry(value).or_default() += count;
                }
            }
        }
    }
}

impl Details {
    /// Whether there is nothing to report.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Remarks { null_words, unlisted } = &self.remarks;
        let is_named = !(self.unknown.is_empty() && null_words.is_empty() && unlisted.is_empty());
        self.rejects.is_empty() && self.lacking.is_empty() && !is_named
    }
}

/// A row that could not be read or does not belong anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The bronze file.
    pub file: String,
    /// Its line, counted from 1.
    pub line: usize,
    /// The reason.
    pub reason: String,
    /// The line as written, or the element of a nested one.
    pub row: String,
}

/// Why a partition is not published. The previous one stays.
#[derive(Debug, Clone, thiserror::Error, PartialEq)]
pub enum Stop {
    /// The file lacks a key column, so none of its rows has a key.
    #[error("`{file}` lacks the column `{column}`, part of the key of `{table}`: remove the file or import it again")]
    NoKey {
        /// The table.
        table: String,
        /// The bronze file.
        file: String,
        /// The missing column.
        column: String,
    },
    /// Amounts, volumes and prices do not match, so some column is in another unit.
    #[error(
        "`{file}`: the median of {formula} is {ratio:.3e}, a power of ten away from 1: a unit differs from the contract; \
         remove the file or correct the contract"
    )]
    UnitRatio {
        /// The bronze file.
        file: String,
        /// What was divided by what, as text.
        formula: String,
        /// The median, which should be near one.
        ratio: f64,
    },
    /// The file is not text.
    #[error("`{file}` is not valid UTF-8 at byte {at}: remove the file or fetch it again")]
    NotText {
        /// The bronze file.
        file: String,
        /// The byte offset.
        at: usize,
    },
}

/// A partition ready to be published.
#[derive(Debug)]
pub struct Built {
    /// Rows sorted by key, with the schema of the table.
    pub batch: RecordBatch,
    /// Rows that were rejected.
    pub rejects: Vec<Reject>,
    /// Fields that the contracts do not list, by interface.
    pub unknown: BTreeMap<String, BTreeSet<String>>,
    /// Values to report to the user.
    pub remarks: Remarks,
    /// Columns left empty in some version because the file that first showed it lacked them.
    pub lacking: BTreeSet<String>,
    /// The rows of the companion, if there are any.
    pub companion: Option<RecordBatch>,
}

/// What was found while building a partition.
#[derive(Debug, Default)]
pub struct Details {
    /// Rows that were rejected.
    pub rejects: Vec<Reject>,
    /// Fields that the contracts do not list, by interface.
    pub unknown: BTreeMap<String, BTreeSet<String>>,
    /// Values to report to the user.
    pub remarks: Remarks,
    /// Columns left empty in some version because the file that first showed it lacked them.
    pub lacking: BTreeSet<String>,
}
