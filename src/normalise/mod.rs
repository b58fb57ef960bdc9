//! Bronze to silver rows: lines of JSON to rows of a table, typed, scaled and keyed. Pure: bytes in, columns and
//! rejects out.
//!
//! Never here: a store, a clock, or a conversion factor (it follows from two units, in [`crate::spec`]).

mod add;
mod adjusted;
mod agreement;
mod call_columns;
mod check;
mod comparison;
mod counting;
mod diff;
mod example;
mod former;
mod history;
mod judge;
mod key;
mod merge;
mod nested;
mod newest;
mod output;
mod partition;
mod reading;
mod repeats;
mod rows;
mod scalars;
mod scan;
mod shown;
mod states;
mod superseded;
mod value;
mod vendors;
mod versions;
mod wholeness;

use std::collections::{BTreeMap, BTreeSet};

use arrow::record_batch::RecordBatch;
use chrono::{DateTime, NaiveDate, Utc};

pub use adjusted::outside;
pub use comparison::{Comparison, Difference, Revision};
pub use counting::{Answering, counting};
pub use example::prove;
pub use judge::{AnswerText, Judged, judge};
pub use output::{Added, added, added_to_states, companion_schema, schema};
pub use partition::Partition;
pub use reading::{Reading, read};
pub use shown::Shown;

use crate::spec::{Field, Known, Table, TableSource};
use newest::Newest;
use pitlake_contract::spelling::{Dialect, day};
use repeats::Repeats;
use rows::{Origin, RowSet};
use states::Look;
use versions::{Observation, Version, VersionHistory};
pub use wholeness::Wholeness;

/// Raised whenever the same bronze becomes other rows; `CHANGELOG.md` says why. An input of every
/// partition, so a new version rebuilds the lake.
pub const RULES: u32 = 4;

/// A bronze file and what its rows depend on; `'t` is the lifetime of the table, `'f` of the file.
#[derive(Debug, Clone, Copy)]
pub struct Input<'t, 'f> {
    /// Path in the lake, for messages.
    pub path: &'f str,
    /// The interface that it came from.
    pub source: &'t TableSource,
    /// Its rows may belong to other partitions, which read the file too.
    pub span: bool,
    /// When we received it, where that is known.
    pub observed: Option<DateTime<Utc>>,
    /// When the vendor showed its rows.
    pub shown: Shown,
    /// The parameters of the calls that it answers; empty for files of other programs and imports, which only show
    /// what they hold.
    pub calls: &'f [Vec<(String, String)>],
    /// How many of its lines each of the calls brought, in order; empty where one brought all.
    pub rows_of: &'f [usize],
    /// It repeats the answer before it, and holds no rows for that reason.
    pub is_repeat: bool,
    /// Whether it takes rows away.
    pub wholeness: Wholeness,
    /// For an answer to a month, of all or of some securities: its first day.
    pub month: Option<NaiveDate>,
    /// For an answer to a day.
    pub day: Option<NaiveDate>,
    /// The number of its slice, where a newer answer to that replaces it as a whole.
    pub slice: Option<u32>,
    /// Whether its rows still count.
    pub tells: Tells,
}

/// What a file tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tells {
    /// The rows of the table.
    Rows,
    /// Former states alone, since it no longer counts: what is wrong with it is not reported.
    FormerStates,
}

impl<'t, 'f> Input<'t, 'f> {
    /// A file of another program in the folder of its day.
    #[must_use]
    pub fn new(path: &'f str, source: &'t TableSource) -> Self {
        let (calls, rows_of) = (&[], &[]);
        Self {
            path,
            source,
            span: false,
            observed: None,
            shown: Shown::Then,
            calls,
            rows_of,
            is_repeat: false,
            wholeness: Wholeness::Whole,
            month: None,
            day: None,
            slice: None,
            tells: Tells::Rows,
        }
    }
}

impl Input<'_, '_> {
    /// Who wrote its values.
    fn dialect(&self) -> Dialect {
        if self.calls.is_empty() { Dialect::Part } else { Dialect::Answer }
    }
}

/// Values that were read and are named to the user: by column, each as written with how often it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remarks {
    /// Words that were read as missing values.
    pub null_words: BTreeMap<String, BTreeMap<String, usize>>,
    /// Values that no contract lists.
    pub unlisted: BTreeMap<String, BTreeMap<String, usize>>,
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

/// Collects the files of one partition, oldest first.
#[derive(Debug)]
pub struct Builder<'a> {
    /// `None` for the rows of every partition.
    partition: Option<Partition>,
    rows: RowSet<'a>,
    /// Path of each file.
    files: Vec<String>,
    /// Of each file.
    observations: Vec<Observation>,
    /// For tables that keep versions, and snapshots: files repeat each other, and each line is parsed once.
    repeats: Repeats,
    /// Whether each distinct line of a snapshot is one row, whichever files hold it.
    is_compact: bool,
    /// For tables that keep the latest row.
    newest: Newest<'a>,
    /// Of each file.
    looks: Vec<Look>,
    rejects: Vec<Reject>,
    unknown: BTreeMap<String, BTreeSet<String>>,
    remarks: Remarks,
}

impl<'a> Builder<'a> {
    /// An empty partition of `table`.
    #[must_use]
    pub fn new(table: &'a Table, partition: Partition) -> Self {
        Self { partition: Some(partition), ..Self::of_all(table) }
    }

    /// An empty partition of `table`, for all files that tell its states too.
    #[must_use]
    pub fn with_states(table: &'a Table, partition: Partition) -> Self {
        Self { is_compact: table.known == Known::Observed, ..Self::new(table, partition) }
    }

    /// Rows of `table`, whatever their partition.
    fn of_all(table: &'a Table) -> Self {
        Self {
            partition: None,
            rows: RowSet::new(table),
            files: Vec::new(),
            observations: Vec::new(),
            repeats: Repeats::default(),
            is_compact: false,
            newest: Newest::default(),
            looks: Vec::new(),
            rejects: Vec::new(),
            unknown: BTreeMap::new(),
            remarks: Remarks::default(),
        }
    }

    /// Merges the rows of each key into one, or into its versions; sorts and types them. `tradable` gives the first
    /// session after a day, where the calendar reaches that far.
    ///
    /// # Errors
    /// When Arrow refuses the columns, which would be a bug of ours.
    pub fn finish(
        mut self,
        tradable: &dyn Fn(NaiveDate) -> Option<NaiveDate>,
    ) -> Result<Built, arrow::error::ArrowError> {
        let table = self.rows.table;
        let mut lacking = BTreeSet::new();
        let versions = self.versions(&mut lacking);
        let (rows, occurrences): (Vec<u32>, Vec<i32>) = if table.versions.is_some() {
            versions.iter().map(|version| (version.row, version.occurrence)).unzip()
        } else {
            let answering: Vec<Answering> = self.looks.iter().map(|look| look.answering).collect();
            let mut counts = vec![false; answering.len()];
            for file in counting(&answering) {
                counts[file] = true;
            }
            if self.is_compact {
                self.rows = self.counting_rows(&counts);
            }
            let reject = |Origin { file, line }, reason| {
                let file = self.files[file as usize].clone();
                self.rejects.push(Reject { file, line: line as usize, reason, row: String::new() });
            };
            let superseded = self.newest.superseded(&self.rows, |file| counts[file as usize]);
            let counts = |row: usize, file: u32| {
                counts[file as usize] && !superseded.get(row).is_some_and(|is_superseded| *is_superseded)
            };
            let kept = merge::merge(&mut self.rows, counts, reject);
            kept.into_iter().map(|kept| (kept.row, kept.occurrence)).unzip()
        };
        let selection = output::Selection { rows: &rows, occurrences: &occurrences, versions: &versions };
        let batch = output::batch(&self.rows, &selection, tradable)?;
        self.rejects.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        let lacking = lacking.into_iter().map(|column| table.columns[column].name.clone()).collect();
        let (rejects, unknown, remarks) = (self.rejects, self.unknown, self.remarks);
        Ok(Built { batch, rejects, unknown, remarks, lacking, companion: None })
    }

    /// As [`Builder::finish`], with the rows of the companion.
    ///
    /// # Errors
    /// When Arrow refuses the columns, which would be a bug of ours.
    pub fn finish_with_companion(
        self,
        tradable: &dyn Fn(NaiveDate) -> Option<NaiveDate>,
    ) -> Result<Built, arrow::error::ArrowError> {
        let companion = self.companion(tradable)?;
        Ok(Built { companion, ..self.finish(tradable)? })
    }

    /// The rows of the companion; `None` without any.
    fn companion(
        &self,
        tradable: &dyn Fn(NaiveDate) -> Option<NaiveDate>,
    ) -> Result<Option<RecordBatch>, arrow::error::ArrowError> {
        let table = self.rows.table;
        let next_session = |event: i32| Some(day::days(tradable(day::day(event)?)?));
        let shown = if self.is_compact {
            states::Shown::of(self.rows.len(), self.repeats.sightings())
        } else {
            states::Shown::Once
        };
        let states = |all: bool| states::states(&self.rows, &self.looks, &self.newest, (&shown, all));
        let (states, former) = match table.known {
            Known::Announced => return Ok(None),
            Known::Observed => {
                let mut states = states(true);
                let history = history::history(&mut states, &self.looks, table.history.as_ref());
                (states, history)
            }
            Known::Event | Known::NextSession => {
                let known_from: superseded::KnownFrom<'_> =
                    if table.known == Known::Event { &Some } else { &next_session };
                let mut states = states(false);
                let superseded = superseded::superseded(&mut states, &self.looks, known_from);
                (states, superseded)
            }
        };
        if former.is_empty() { Ok(None) } else { output::companion(&states.rows, &former).map(Some) }
    }

    /// The rows at the lines of some files, each as a row of its own.
    fn counting_rows(&self, counts: &[bool]) -> RowSet<'a> {
        let mut rows = RowSet::new(self.rows.table);
        rows.sources.clone_from(&self.rows.sources);
        rows.standings.clone_from(&self.rows.standings);
        for one in self.repeats.sightings().iter().filter(|one| counts[one.origin.file as usize]) {
            rows.append(&self.rows, one.row, one.origin);
        }
        rows
    }

    /// All versions, where the table keeps them.
    fn versions(&mut self, lacking: &mut BTreeSet<usize>) -> Vec<Version> {
        let Some(rules) = &self.rows.table.versions else { return Vec::new() };
        let sightings = self.repeats.take_sightings();
        let mut history = VersionHistory { rows: &mut self.rows, rules, observations: &self.observations };
        history.versions(sightings, lacking)
    }
}

/// The contract's field that fills the event column.
#[must_use]
pub fn event_field<'a>(table: &Table, source: &'a TableSource) -> Option<&'a Field> {
    let plan = source.fields.iter().find(|plan| Some(plan.column) == table.event)?;
    Some(&source.contract.fields[plan.field])
}

#[cfg(test)]
mod tests;
