//! A bronze file as an input of a task, with everything another machine needs to read its rows. Holds no rows.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::normalise::{Shown, Wholeness};

/// A bronze file as an input of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskFile {
    /// Path relative to the lake.
    pub path: String,
    /// The interface whose rows it holds: `vendor/interface`.
    pub interface: String,
    /// Whether its rows may belong to other partitions.
    pub span: bool,
    /// When it was received, if known.
    pub observed: Option<DateTime<Utc>>,
    /// When the vendor showed its rows.
    pub shown: Shown,
    /// Whether it removes rows that it lacks.
    pub wholeness: Wholeness,
    /// Number of its slice, if a newer answer to the slice replaces it as a whole.
    pub slice: Option<u32>,
    /// Whether it no longer counts and only tells of former states.
    pub is_former: bool,
    /// Its calls, if it repeats an earlier answer and has no body.
    pub repeats: Option<AnsweredCalls>,
}

/// The calls covered by an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredCalls {
    /// Parameters of each call.
    pub params: Vec<Vec<(String, String)>>,
    /// Rows per call, if there were several calls.
    pub rows_of: Vec<usize>,
    /// First day of the month, if the answer is for one month, of all or some securities.
    pub month: Option<NaiveDate>,
    /// The day, if the answer is for one day.
    pub day: Option<NaiveDate>,
}
