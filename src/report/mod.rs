//! What a run did, from which its summary and its exit code are derived. `journal` maintains the file. Holds no
//! secrets.

mod journal;
mod lately;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use pitlake_contract::DateRange;
use serde::{Deserialize, Serialize};

use crate::bronze::Mark;
use crate::interrupt::Signal;

pub use journal::{Journal, all, is_of, readable, spent};
pub use lately::{Lately, add, lately};

/// The exit status, for schedulers: see `docs/operations.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// An unexpected failure, or an unwritable lake.
    Failed = 1,
    /// Wrong command line or configuration; nothing was done.
    Misuse = 2,
    /// Some slices or partitions failed; the others are safe.
    Incomplete = 3,
    /// A data check failed; the bad partition was not published.
    BadData = 4,
    /// Token rejected, or a right is missing.
    NoRight = 5,
    /// Quota spent.
    QuotaSpent = 6,
    /// Another run holds the lease.
    Leased = 7,
    /// Not published yet.
    NotPublished = 8,
    /// Ended by SIGHUP.
    Hangup = 129,
    /// Ended by SIGINT.
    Interrupt = 130,
    /// Ended by SIGTERM.
    Terminate = 143,
}

impl Exit {
    /// Most severe first. A signal or an invalid configuration outranks everything else.
    const SEVERITY: [Self; 12] = [
        Self::Interrupt,
        Self::Terminate,
        Self::Hangup,
        Self::Misuse,
        Self::NoRight,
        Self::BadData,
        Self::Failed,
        Self::Incomplete,
        Self::QuotaSpent,
        Self::NotPublished,
        Self::Leased,
        Self::Done,
    ];

    /// The most severe of some exit codes.
    #[must_use]
    pub fn worst(codes: impl IntoIterator<Item = Self>) -> Self {
        let codes: BTreeSet<Self> = codes.into_iter().collect();
        Self::SEVERITY.into_iter().find(|exit| codes.contains(exit)).unwrap_or(Self::Done)
    }

    /// Whether a signal ended the run.
    #[must_use]
    pub fn is_signal(self) -> bool {
        matches!(self, Self::Hangup | Self::Interrupt | Self::Terminate)
    }

    /// Its meaning, for people. The table of exit codes in `docs/operations.md` says more.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "complete",
            Self::Failed => "unexpected failure",
            Self::Misuse => "invalid command line or configuration",
            Self::Incomplete => "incomplete",
            Self::BadData => "a data check failed",
            Self::NoRight => "token rejected, or the account may not call an interface",
            Self::QuotaSpent => "daily quota used up",
            Self::Leased => "another run is writing",
            Self::NotPublished => "some data is late",
            Self::Hangup => "ended by SIGHUP",
            Self::Interrupt => "ended by SIGINT",
            Self::Terminate => "ended by SIGTERM",
        }
    }
}

impl From<Signal> for Exit {
    fn from(signal: Signal) -> Self {
        match signal {
            Signal::Hangup => Self::Hangup,
            Signal::Interrupt => Self::Interrupt,
            Signal::Terminate => Self::Terminate,
        }
    }
}

impl From<Exit> for u8 {
    fn from(exit: Exit) -> Self {
        exit as Self
    }
}

impl TryFrom<u8> for Exit {
    type Error = String;

    fn try_from(code: u8) -> Result<Self, String> {
        let exit = Self::SEVERITY.into_iter().find(|exit| *exit as u8 == code);
        exit.ok_or_else(|| format!("unknown exit code {code}"))
    }
}

/// A slice that got no answer, or a partition that was not published.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Failed {
    /// The slices or partitions.
    pub what: Vec<String>,
    /// The reason.
    pub reason: String,
    /// The exit code it leads to.
    pub exit: Exit,
}

/// By column: values as the vendor wrote them, and how often each occurred.
pub type ValueCounts = BTreeMap<String, BTreeMap<String, usize>>;

/// A slice whose answer was kept although it is not plainly whole.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Marked {
    /// The slice.
    pub slice: String,
    /// The kind of doubt.
    pub mark: Mark,
    /// What is missing.
    pub lacking: String,
    /// Looks on enough days agree, so nothing better is expected.
    pub agreed: bool,
}

impl Marked {
    /// What is missing, in one line.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { slice, mark, lacking, agreed } = self;
        let lacking = match mark {
            Mark::Damaged if *agreed => format!("{lacking}, as on the days before"),
            _ => lacking.clone(),
        };
        format!("{}: {slice}: {lacking}", mark.name())
    }
}

/// A look at a slice whose answer was not kept because too much was missing.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Look {
    /// The slice.
    pub slice: String,
    /// The day of the look, in Shanghai.
    pub day: NaiveDate,
    /// The digest of the rows.
    pub digest: String,
}

/// How a run changed rows that readers have seen.
#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Drift {
    /// Rows whose figures changed: later versions, and superseded rows.
    pub rows: usize,
    /// How many figures changed in them.
    pub figures: usize,
    /// Rows that the vendor no longer shows.
    pub withdrawn: usize,
    /// Their event days.
    pub days: BTreeSet<NaiveDate>,
}

/// What was done for one table.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TableReport {
    /// Slices that bronze already held.
    pub held: usize,
    /// Slices fetched.
    pub fetched: usize,
    /// Of those, slices whose rows were the same as before.
    pub unchanged: usize,
    /// Rows fetched.
    pub rows_fetched: usize,
    /// How the past changed.
    pub drift: Drift,
    /// Days not published yet: before their hour, or empty answers for open days.
    pub not_published: BTreeSet<NaiveDate>,
    /// Days that were not asked for by name and are not published yet. The next run asks again.
    pub passed_over: BTreeSet<NaiveDate>,
    /// Days that the calendar does not cover.
    pub beyond_calendar: BTreeSet<NaiveDate>,
    /// Slices whose answers were kept although they are not plainly whole.
    pub marked: Vec<Marked>,
    /// Looks at answers that were not kept.
    pub looks: BTreeSet<Look>,
    /// Slices and partitions that failed, by reason.
    pub failed: Vec<Failed>,
    /// Partitions written.
    pub built: Vec<String>,
    /// Partitions that were up to date.
    pub current: usize,
    /// Rows in the partitions written.
    pub rows_built: usize,
    /// Rows rejected from the partitions written.
    pub rejected: usize,
    /// Of those, rows that were not rejected before.
    pub newly_rejected: usize,
    /// Why the first of these was rejected.
    pub rejected_for: Option<String>,
    /// Fields that the vendor sent and no contract lists.
    pub unknown_fields: BTreeSet<String>,
    /// Fields that the vendor did not send.
    pub absent_fields: BTreeSet<String>,
    /// Columns that stay empty in some versions, because the file that first showed those lacked the columns.
    pub lacking_columns: BTreeSet<String>,
    /// Words that were read as nulls.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub null_words: ValueCounts,
    /// Values that no contract lists.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unlisted_values: ValueCounts,
    /// Things the user should know.
    pub notes: BTreeSet<String>,
}

impl TableReport {
    /// Adds a slice or partition that failed.
    pub fn fail(&mut self, what: String, reason: String, exit: Exit) {
        match self.failed.iter_mut().find(|failed| failed.reason == reason && failed.exit == exit) {
            Some(failed) => failed.what.push(what),
            None => self.failed.push(Failed { what: vec![what], reason, exit }),
        }
    }

    /// Turns all failures into notes, because the table is only used to judge others.
    pub fn excuse_all(&mut self) {
        self.excuse(|_| true);
        self.passed_over.append(&mut self.not_published);
        self.marked.clear();
    }

    /// Turns the failures that `excused` selects into notes, because the lake already has what they were needed for.
    pub fn excuse(&mut self, excused: impl Fn(&Failed) -> bool) {
        let (notes, failed): (Vec<Failed>, _) = std::mem::take(&mut self.failed).into_iter().partition(excused);
        self.failed = failed;
        self.notes.extend(notes.into_iter().map(|failed| Self::not_refreshed(&failed.reason)));
    }

    /// The note that replaces an excused failure.
    #[must_use]
    pub fn not_refreshed(reason: &str) -> String {
        format!("not refreshed: {reason}")
    }
}

/// One run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Its id, which is also the name of its file.
    pub run: String,
    /// Name and version of the program.
    pub program: String,
    /// The command.
    pub command: String,
    /// The jobs it ran, for `run`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<String>,
    /// When it started, by its clock.
    pub started: DateTime<Utc>,
    /// Null while it is running, or if it was killed.
    pub exit: Option<Exit>,
    /// Calls sent, by interface.
    pub calls: BTreeMap<String, u64>,
    /// Of those, the calls of the last minute, for the next run.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lately: Lately,
    /// Vendors that accepted no more calls from this run, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stopped: BTreeMap<String, String>,
    /// The first and last day of the lake's calendar, if the run used it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<DateRange>,
    /// How far this machine's clock is from a vendor's, if that is a lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// Paths of the lake that could not be read as what they should be, with the reasons.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub passed_over: BTreeMap<String, String>,
    /// What was done, by table.
    pub tables: BTreeMap<String, TableReport>,
    /// The error that ended the run.
    pub error: Option<String>,
}

impl Report {
    /// The exit code of the most severe thing that happened.
    #[must_use]
    pub fn exit_code(&self) -> Exit {
        let mut met = BTreeSet::new();
        if !self.passed_over.is_empty() {
            met.insert(Exit::Incomplete);
        }
        for table in self.tables.values() {
            met.extend(table.failed.iter().map(|failed| failed.exit));
            if table.newly_rejected > 0 {
                met.insert(Exit::Incomplete);
            }
            if table.marked.iter().any(|marked| marked.mark == Mark::Damaged && !marked.agreed) {
                met.insert(Exit::Incomplete);
            }
            if !table.not_published.is_empty() || !table.beyond_calendar.is_empty() {
                met.insert(Exit::NotPublished);
            }
        }
        Exit::worst(met)
    }
}
