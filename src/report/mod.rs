//! What a run did: the source of its closing summary and of its exit code. Its file is kept by `journal`. Never holds a
//! secret.

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

/// What the exit status tells a scheduler: `docs/operations.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// An unexpected failure, or an unwritable lake.
    Failed = 1,
    /// Wrong command line or configuration; nothing was done.
    Misuse = 2,
    /// Some slices or partitions failed, the others are safe.
    Incomplete = 3,
    /// A data check failed; the bad partition was not published.
    BadData = 4,
    /// Token rejected, or no right.
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
    /// Most severe first; a signal or a wrong configuration before all.
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

    /// The most severe of some.
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

    /// What it means, for people; the table of exit codes in `docs/operations.md` has more.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "complete",
            Self::Failed => "unexpected failure",
            Self::Misuse => "invalid command line or configuration",
            Self::Incomplete => "incomplete",
            Self::BadData => "a data check failed",
            Self::NoRight => "token rejected, or not enough points",
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

/// A slice that has no answer, or a partition that was not published.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Failed {
    /// What: the slice or the partition.
    pub what: Vec<String>,
    /// Why.
    pub reason: String,
    /// The exit code it stands for.
    pub exit: Exit,
}

/// By column: values as they were written, and how often they came.
pub type ValueCounts = BTreeMap<String, BTreeMap<String, usize>>;

/// A slice whose answer was kept and is not plainly whole.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Marked {
    /// The slice.
    pub slice: String,
    /// In which way.
    pub mark: Mark,
    /// What is lacking.
    pub lacking: String,
    /// Looks on enough days agree: nothing better is to come.
    pub agreed: bool,
}

impl Marked {
    /// What is lacking, in one line.
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

/// A look at a slice whose answer was not kept, because too much was lacking.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct Look {
    /// The slice.
    pub slice: String,
    /// The day of the look, in Shanghai.
    pub day: NaiveDate,
    /// Digest of the rows.
    pub digest: String,
}

/// What a run changed of rows that readers saw before.
#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Drift {
    /// Rows that show other figures than before: later versions, and rows that were superseded.
    pub rows: usize,
    /// How many figures of them changed.
    pub figures: usize,
    /// Rows that the vendor does not show any more.
    pub withdrawn: usize,
    /// Their event days.
    pub days: BTreeSet<NaiveDate>,
}

/// What was done for one table.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TableReport {
    /// Slices that bronze held already.
    pub held: usize,
    /// Slices fetched.
    pub fetched: usize,
    /// Of those, how many were the same as before.
    pub unchanged: usize,
    /// Rows fetched.
    pub rows_fetched: usize,
    /// What changed of the past.
    pub drift: Drift,
    /// Days not published yet: before their hour, or an empty answer on an open day.
    pub not_published: BTreeSet<NaiveDate>,
    /// Days that were not named and are not published yet: the next run asks again.
    pub passed_over: BTreeSet<NaiveDate>,
    /// Days the calendar does not reach.
    pub beyond_calendar: BTreeSet<NaiveDate>,
    /// Slices whose answers were kept and are not plainly whole.
    pub marked: Vec<Marked>,
    /// Looks at answers that were not kept.
    pub looks: BTreeSet<Look>,
    /// Slices and partitions that failed, by reason.
    pub failed: Vec<Failed>,
    /// Partitions written.
    pub built: Vec<String>,
    /// Partitions that were current.
    pub current: usize,
    /// Rows in the partitions written.
    pub rows_built: usize,
    /// Rows set aside in the partitions written.
    pub rejected: usize,
    /// Of those, the ones that were not before.
    pub newly_rejected: usize,
    /// Why the first of these was.
    pub rejected_for: Option<String>,
    /// Fields that came and are in no contract.
    pub unknown_fields: BTreeSet<String>,
    /// Fields that the vendor did not send.
    pub absent_fields: BTreeSet<String>,
    /// Columns that stay empty in some versions, because the file that showed them first lacked them.
    pub lacking_columns: BTreeSet<String>,
    /// Words that were read as missing values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub null_words: ValueCounts,
    /// Values that no contract lists.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unlisted_values: ValueCounts,
    /// What a user should know.
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

    /// Turns all that went wrong into notes: the table was only asked to judge others by.
    pub fn excuse_all(&mut self) {
        self.excuse(|_| true);
        self.passed_over.append(&mut self.not_published);
        self.marked.clear();
    }

    /// Turns failures into notes, those that `excused` picks: the lake holds what they were needed for.
    pub fn excuse(&mut self, excused: impl Fn(&Failed) -> bool) {
        let (notes, failed): (Vec<Failed>, _) = std::mem::take(&mut self.failed).into_iter().partition(excused);
        self.failed = failed;
        self.notes.extend(notes.into_iter().map(|failed| Self::not_refreshed(&failed.reason)));
    }

    /// The note that stands for an excused failure.
    #[must_use]
    pub fn not_refreshed(reason: &str) -> String {
        format!("not refreshed: {reason}")
    }
}

/// One run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Its id, and the name of its file.
    pub run: String,
    /// Name and version of the program.
    pub program: String,
    /// The command.
    pub command: String,
    /// The jobs it ran, of `run`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jobs: Vec<String>,
    /// When it began, by its clock.
    pub started: DateTime<Utc>,
    /// Null while it goes on, or when it was killed.
    pub exit: Option<Exit>,
    /// Calls sent, by interface.
    pub calls: BTreeMap<String, u64>,
    /// Of those the ones of the last minute, for the run that comes next.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lately: Lately,
    /// Vendors that took no more calls of this run, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stopped: BTreeMap<String, String>,
    /// The first and the last day of the calendar in the lake, where the run looked at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<DateRange>,
    /// How far this machine's clock is from a vendor's, where that is much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<String>,
    /// Paths of the lake that could not be read as what they should be, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub passed_over: BTreeMap<String, String>,
    /// What was done, by table.
    pub tables: BTreeMap<String, TableReport>,
    /// An error that ended the run.
    pub error: Option<String>,
}

impl Report {
    /// The most severe thing that happened.
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
