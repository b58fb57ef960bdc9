//! The data of the page, in the form of its JSON. Where it comes from is up to the other modules.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::ops::status::{Size, Slices};
use crate::report::Exit;

/// The page.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    /// Name and version of the program.
    pub(super) program: &'static str,
    /// The lake, as named by the user.
    pub(super) lake: String,
    /// When the page was written.
    pub(super) now: DateTime<Utc>,
    /// The same as a day in Shanghai.
    pub(super) today: NaiveDate,
    /// Open (`o`) and closed (`c`) days.
    pub(super) calendar: Option<Runs>,
    pub(super) answers: Answers,
    pub(super) tables: Vec<TableView>,
    pub(super) weeks: Vec<Week>,
    pub(super) runs: Vec<RunView>,
    pub(super) rejects: Vec<RejectView>,
    pub(super) jobs: Vec<JobView>,
    /// Size of all tables.
    pub(super) size: Size,
    /// What is wrong with the calendar.
    pub(super) remarks: Vec<String>,
    /// Chinese translations of the texts, by the English.
    pub(super) chinese: BTreeMap<String, String>,
}

impl Page {
    /// The texts to translate: titles, reasons, remarks. Not what vendors sent.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let titles = self.tables.iter().map(|table| &table.title);
        let failed = self.runs.iter().flat_map(|run| run.failed.iter().map(|(_, reason)| reason).chain(&run.error));
        let rejects = self.rejects.iter().map(|reject| &reject.reason);
        titles.chain(failed).chain(rejects).chain(&self.remarks).map(String::as_str)
    }
}

/// The first screen.
#[derive(Debug, Default, Serialize)]
pub(super) struct Answers {
    /// Number of days that should be held but are not, by table.
    pub(super) missing: BTreeMap<String, usize>,
    /// Number of securities never fetched, by table.
    pub(super) securities: BTreeMap<String, usize>,
    /// Number of tables in jobs that have the newest day they should have.
    pub(super) fresh: usize,
    /// Those that do not, with that day; `None` if nothing of them is held.
    pub(super) late: BTreeMap<String, Option<NaiveDate>>,
    /// The newest day that any table should have.
    pub(super) night: Option<NaiveDate>,
    /// What the runs of the last seven days changed, by table.
    pub(super) changed: BTreeMap<String, Changed>,
    /// What to do, most urgent first.
    pub(super) actions: Vec<Action>,
}

/// What runs changed in a table.
#[derive(Debug, Default, Serialize)]
pub(super) struct Changed {
    pub(super) slices: usize,
    pub(super) rows_fetched: usize,
    /// Number of rows with other figures than before.
    pub(super) rows: usize,
    pub(super) figures: usize,
    pub(super) withdrawn: usize,
    /// First and last event day of those.
    pub(super) days: Option<(NaiveDate, NaiveDate)>,
}

/// Something to do.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Action {
    /// Why.
    pub(super) why: Reason,
    /// For which tables.
    pub(super) tables: Vec<String>,
    /// The command to paste.
    pub(super) command: String,
}

/// Why it should be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reason {
    Empty,
    Refused,
    Late,
    Missing,
    Stale,
    SetAside,
}

/// A letter for each day, run-length encoded.
#[derive(Debug, Serialize)]
pub(super) struct Runs {
    pub(super) first: NaiveDate,
    pub(super) runs: String,
}

/// A table.
#[derive(Debug, Serialize)]
pub(super) struct TableView {
    pub(super) table: String,
    pub(super) title: String,
    pub(super) jobs: Vec<String>,
    pub(super) first: Option<NaiveDate>,
    pub(super) last: Option<NaiveDate>,
    pub(super) lag: Option<usize>,
    pub(super) rows: u64,
    pub(super) revisions: u64,
    pub(super) former_states: u64,
    pub(super) slices: Slices,
    pub(super) rejected: usize,
    pub(super) stale: usize,
    pub(super) size: Size,
    pub(super) answered: Option<DateTime<Utc>>,
    pub(super) fresh: Option<Fresh>,
    pub(super) coverage: Vec<CoverageView>,
}

/// What a table should have by now, and what it should have next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Fresh {
    /// The newest day it should have.
    pub(super) day: NaiveDate,
    /// By when.
    pub(super) by: DateTime<Utc>,
    /// Whether it has it.
    pub(super) is_in: bool,
    /// The next day, and by when.
    pub(super) next: Option<(NaiveDate, DateTime<Utc>)>,
}

/// What an interface covers.
#[derive(Debug, Serialize)]
pub(super) struct CoverageView {
    pub(super) interface: String,
    /// `session`, `day`, `month`, `period`, `security` or `snapshot`.
    pub(super) axis: &'static str,
    pub(super) days: Option<Runs>,
    /// Number of securities by the letter of their state.
    pub(super) securities: BTreeMap<char, usize>,
}

/// What the runs of a week changed of the past, by table: rows, figures, withdrawn rows.
#[derive(Debug, Serialize)]
pub(super) struct Week {
    /// Its Monday.
    pub(super) week: NaiveDate,
    pub(super) tables: BTreeMap<String, [usize; 3]>,
}

/// A run.
#[derive(Debug, Serialize)]
pub(super) struct RunView {
    pub(super) run: String,
    pub(super) command: String,
    pub(super) jobs: Vec<String>,
    pub(super) started: DateTime<Utc>,
    pub(super) exit: Option<Exit>,
    pub(super) calls: BTreeMap<String, u64>,
    pub(super) tables: usize,
    pub(super) slices: usize,
    pub(super) rows: usize,
    /// Tables with what failed, and why.
    pub(super) failed: Vec<(String, String)>,
    pub(super) error: Option<String>,
}

/// Rows of a table rejected for the same reason.
#[derive(Debug, Serialize)]
pub(super) struct RejectView {
    pub(super) table: String,
    pub(super) reason: String,
    pub(super) rows: usize,
    pub(super) example: String,
}

/// A job with a schedule.
#[derive(Debug, Serialize)]
pub(super) struct JobView {
    pub(super) job: String,
    pub(super) schedule: String,
    pub(super) tables: usize,
    pub(super) last: Option<DateTime<Utc>>,
    pub(super) exit: Option<Exit>,
    /// When it runs next. In the past if it is due.
    pub(super) next: Option<DateTime<Utc>>,
}
