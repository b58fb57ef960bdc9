//! What becomes of a partition's files: rows, rejects, what is named to the user, and why there may be no rows at all. Never
//! how that comes about.

use std::collections::{BTreeMap, BTreeSet};

use arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};

/// Values that were read and are named to the user: by column, each as written with how often it came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remarks {
    /// Words that were read as missing values.
    pub null_words: BTreeMap<String, BTreeMap<String, usize>>,
    /// Values that no contract lists.
    pub unlisted: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Remarks {
    /// Adds the counts of others.
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
    /// Whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Remarks { null_words, unlisted } = &self.remarks;
        let is_named = !(self.unknown.is_empty() && null_words.is_empty() && unlisted.is_empty());
        self.rejects.is_empty() && self.lacking.is_empty() && !is_named
    }
}

/// A row that could not be read or placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The bronze file.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// Why.
    pub reason: String,
    /// The line as written; of a nested one the element.
    pub row: String,
}

/// Why a partition is not published; the former one stays.
#[derive(Debug, Clone, thiserror::Error, PartialEq)]
pub enum Stop {
    /// The file lacks a key column, so none of its rows can be placed.
    #[error("`{file}` lacks the column `{column}`, part of the key of `{table}`: remove the file or import it again")]
    NoKey {
        /// The table.
        table: String,
        /// The bronze file.
        file: String,
        /// The missing column.
        column: String,
    },
    /// Amounts, volumes and prices do not fit: some column came in another unit.
    #[error(
        "`{file}`: the median of {formula} is {ratio:.3e}, a power of ten away from 1: a unit differs from the contract; \
         remove the file or correct the contract"
    )]
    UnitRatio {
        /// The bronze file.
        file: String,
        /// What was divided by what.
        formula: String,
        /// The median, which should be near one.
        ratio: f64,
    },
    /// The file is not text.
    #[error("`{file}` is not valid UTF-8 at byte {at}: remove the file or fetch it again")]
    NotText {
        /// The bronze file.
        file: String,
        /// The byte, from 0.
        at: usize,
    },
}

/// A partition, ready to be published.
#[derive(Debug)]
pub struct Built {
    /// Rows sorted by key, with the schema of the table.
    pub batch: RecordBatch,
    /// Rows that were rejected.
    pub rejects: Vec<Reject>,
    /// Fields that the contracts do not list, by interface.
    pub unknown: BTreeMap<String, BTreeSet<String>>,
    /// Values that are named to the user.
    pub remarks: Remarks,
    /// Columns that are empty in some version because the file that showed it first lacked them.
    pub lacking: BTreeSet<String>,
    /// The rows of the companion, where there are some.
    pub companion: Option<RecordBatch>,
}

/// What building a partition showed.
#[derive(Debug, Default)]
pub struct Details {
    /// Rows that were rejected.
    pub rejects: Vec<Reject>,
    /// Fields that the contracts do not list, by interface.
    pub unknown: BTreeMap<String, BTreeSet<String>>,
    /// Values that are named to the user.
    pub remarks: Remarks,
    /// Columns that are empty in some version because the file that showed it first lacked them.
    pub lacking: BTreeSet<String>,
}
