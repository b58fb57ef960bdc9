//! A bronze file as an input of a task: all that its rows need to be read elsewhere. Never the rows.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::normalise::{Shown, Wholeness};

/// A bronze file as an input of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskFile {
    /// Path in the lake.
    pub path: String,
    /// The interface whose rows it holds, as `vendor/interface`.
    pub interface: String,
    /// Its rows may belong to other partitions.
    pub span: bool,
    /// When it came over the wire, where that is known.
    pub observed: Option<DateTime<Utc>>,
    /// When the vendor showed its rows.
    pub shown: Shown,
    /// Whether it takes rows away.
    pub wholeness: Wholeness,
    /// The number of its slice, where a newer answer to that replaces it as a whole.
    pub slice: Option<u32>,
    /// It no longer counts, and tells former states only.
    pub is_former: bool,
    /// For an answer that repeats an earlier one and has no body: its calls.
    pub repeats: Option<AnsweredCalls>,
}

/// The calls that an answer covers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredCalls {
    /// Parameters of each call.
    pub params: Vec<Vec<(String, String)>>,
    /// Rows of each call, where there were several.
    pub rows_of: Vec<usize>,
    /// The first day of the month, for an answer to one, of all or of some securities.
    pub month: Option<NaiveDate>,
    /// The day, for an answer to one.
    pub day: Option<NaiveDate>,
}
