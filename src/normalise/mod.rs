//! Bronze to silver rows: turns lines of JSON into rows of a table, typed, scaled and keyed. Pure: bytes in, columns
//! and rejects out.
//!
//! There is no store and no clock here, and no conversion factors: those follow from two units, in [`crate::spec`].

mod add;
mod adjusted;
mod agreement;
mod built;
mod call_columns;
mod check;
mod comparison;
mod counting;
mod decimals;
mod diff;
mod example;
mod file_rows;
mod finished;
mod former;
mod history;
mod judge;
mod key;
mod merge;
mod nested;
mod newest;
mod numbers;
mod order;
mod output;
mod partition;
mod placed;
mod reader;
mod reading;
mod repeats;
mod row_rules;
mod rows;
mod same;
mod scalars;
mod scan;
mod shown;
mod states;
mod superseded;
mod texts;
mod value;
mod vendors;
mod versions;
mod wholeness;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::array::ArrayRef;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use chrono::{DateTime, NaiveDate, Utc};

pub use add::TextIds;
pub use adjusted::outside;
pub use built::{Built, Details, Reject, Remarks, Stop};
pub use comparison::{Comparison, Difference, Revision};
pub use counting::{Answering, counting};
pub use decimals::Decimals;
pub use example::prove;
pub use finished::Finished;
pub use judge::{AnswerText, Judged, judge};
pub use output::{Added, added, added_to_states, companion_schema, schema};
pub use partition::Partition;
pub use placed::PlacedLines;
pub use reader::{EmptyColumns, FileReader, ReadFile};
pub use reading::{Reading, read};
pub use shown::Shown;
pub use texts::NumberedTexts;

use crate::parallel::Threads;
use crate::spec::{Field, Known, Table, TableSource};
use key::keys;
use merge::Ordered;
use newest::Newest;
use pitlake_contract::spelling::{Dialect, day};
use repeats::Repeats;
use rows::{Origin, RowSet};
use states::Look;
use versions::{Observation, Version, VersionHistory};
pub use wholeness::Wholeness;

/// Raised whenever the same bronze gives other rows or other bytes, with the reason in `CHANGELOG.md`. It is an input
/// of every partition, so a new version rebuilds the lake.
pub const RULES: u32 = 5;

/// A bronze file and everything its rows depend on. `'t` is the lifetime of the table, `'f` that of the file.
#[derive(Debug, Clone, Copy)]
pub struct Input<'t, 'f> {
    /// Path in the lake, for messages.
    pub path: &'f str,
    /// The interface that it came from.
    pub source: &'t TableSource,
    /// Whether its rows may belong to other partitions that also read the file.
    pub span: bool,
    /// When it was received, if known.
    pub observed: Option<DateTime<Utc>>,
    /// When the vendor showed its rows.
    pub shown: Shown,
    /// The parameters of the calls it answers. Empty for imports and other programs' files, which only show what they
    /// hold.
    pub calls: &'f [Vec<(String, String)>],
    /// The number of lines that each call returned, in order. Empty if a single call returned all.
    pub rows_of: &'f [usize],
    /// Whether it repeats the previous answer and therefore holds no rows.
    pub is_repeat: bool,
    /// Whether it removes rows.
    pub wholeness: Wholeness,
    /// The first day of the month, for an answer to a month, of all securities or some.
    pub month: Option<NaiveDate>,
    /// The day, for an answer to a day.
    pub day: Option<NaiveDate>,
    /// The number of its slice, if a newer answer to that replaces it entirely.
    pub slice: Option<u32>,
    /// Whether its rows still count.
    pub tells: Tells,
    /// Which of its lines belong to other partitions, if determined.
    pub placed: Option<&'f PlacedLines>,
}

/// What a file contributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tells {
    /// The rows of the table.
    Rows,
    /// Only former states, because it no longer counts. Problems with it are not reported.
    FormerStates,
}

impl<'t, 'f> Input<'t, 'f> {
    /// Another program's file in the folder of its day.
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
            placed: None,
        }
    }
}

impl Input<'_, '_> {
    /// Who wrote its values.
    fn dialect(&self) -> Dialect {
        if self.calls.is_empty() { Dialect::Part } else { Dialect::Answer }
    }
}

/// Collects the files of a partition, oldest first.
#[derive(Debug)]
pub struct Builder<'a> {
    /// `None` for the rows of all partitions.
    partition: Option<Partition>,
    rows: RowSet<'a>,
    /// The path of each file.
    files: Vec<String>,
    /// The first file with each path.
    places: HashMap<String, u32>,
    /// One per file.
    observations: Vec<Observation>,
    /// For tables that keep versions, and for snapshots: their files repeat each other, and each distinct line is
    /// parsed once.
    repeats: Repeats,
    /// Whether each distinct line of a snapshot becomes a single row, however many files hold it.
    is_compact: bool,
    /// For tables that keep the latest row.
    newest: Newest<'a>,
    /// One per file.
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

    /// An empty partition of `table` that also tracks states, so all files must be added.
    #[must_use]
    pub fn with_states(table: &'a Table, partition: Partition) -> Self {
        Self { is_compact: table.known == Known::Observed, ..Self::new(table, partition) }
    }

    /// Rows of `table` for all partitions.
    fn of_all(table: &'a Table) -> Self {
        Self {
            partition: None,
            rows: RowSet::new(table),
            files: Vec::new(),
            places: HashMap::new(),
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

    /// Merges the rows of each key into one, or into its versions, then sorts and types them. `tradable` gives the
    /// first session after a day, as far as the calendar reaches.
    ///
    /// # Errors
    /// When Arrow rejects the columns, which would be a bug.
    pub fn finish(self, tradable: &dyn Fn(NaiveDate) -> Option<NaiveDate>) -> Result<Built, ArrowError> {
        self.finished(tradable, None).built()
    }

    fn finished(mut self, tradable: &dyn Fn(NaiveDate) -> Option<NaiveDate>, ordered: Option<Ordered>) -> Finished<'a> {
        let table = self.rows.table;
        let mut lacking = BTreeSet::new();
        let (selected, added) = if table.versions.is_some() {
            let versions = self.versions(&mut lacking);
            let rows = versions.iter().map(|version| version.row).collect();
            (rows, output::version_columns(table, &versions, tradable))
        } else {
            self.kept(ordered)
        };
        self.rejects.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        let lacking = lacking.into_iter().map(|column| table.columns[column].name.clone()).collect();
        let (rejects, unknown, remarks) = (self.rejects, self.unknown, self.remarks);
        let details = Details { rejects, unknown, remarks, lacking };
        Finished { rows: self.rows, selected, added, companion: None, details }
    }

    /// The rows to keep if the table keeps the latest of each key, and their numbers if the table has them. They may
    /// already be in order.
    fn kept(&mut self, ordered: Option<Ordered>) -> (Vec<u32>, Vec<ArrayRef>) {
        if self.is_compact {
            self.rows = self.counting_rows(&self.counting());
        }
        let ordered = ordered.unwrap_or_else(|| {
            let keys = keys(&self.rows, &self.rows.table.key);
            Ordered { order: self.order(&keys), keys }
        });
        let reject = |Origin { file, line }, reason| {
            let file = self.files[file as usize].clone();
            self.rejects.push(Reject { file, line: line as usize, reason, row: String::new() });
        };
        if !self.rows.table.occurrence {
            return (merge::latest(&mut self.rows, ordered, reject), Vec::new());
        }
        let kept = merge::merge_ordered(&mut self.rows, ordered, reject);
        let occurrences = output::numbers(kept.iter().map(|kept| kept.occurrence));
        (kept.iter().map(|kept| kept.row).collect(), vec![occurrences])
    }

    /// Which files count.
    fn counting(&self) -> Vec<bool> {
        let answering: Vec<Answering> = self.looks.iter().map(|look| look.answering).collect();
        let mut counts = vec![false; answering.len()];
        for file in counting(&answering) {
            counts[file] = true;
        }
        counts
    }

    /// The rows that count, in key order.
    fn order(&self, keys: &[u64]) -> Vec<u32> {
        let counts = self.counting();
        let superseded = self.newest.superseded(&self.rows, |file| counts[file as usize]);
        let counts = |row: usize, file: u32| {
            counts[file as usize] && !superseded.get(row).is_some_and(|is_superseded| *is_superseded)
        };
        merge::ordered(&self.rows, keys, counts)
    }

    /// Like [`Builder::finish`], including the companion's rows, and with values produced on demand.
    ///
    /// # Errors
    /// When Arrow rejects the columns, which would be a bug.
    pub fn finish_with_companion(
        self,
        tradable: &(dyn Fn(NaiveDate) -> Option<NaiveDate> + Sync),
        threads: Threads,
    ) -> Result<Finished<'a>, ArrowError> {
        let keeps_latest = self.rows.table.versions.is_none() && !self.is_compact;
        let keys = keeps_latest.then(|| keys(&self.rows, &self.rows.table.key));
        let order = || keys.as_deref().map(|keys| self.order(keys));
        let (companion, order) = threads.both(|| self.companion(keys.as_deref(), tradable), order);
        let ordered = keys.zip(order).map(|(keys, order)| Ordered { keys, order });
        Ok(Finished { companion: companion?, ..self.finished(tradable, ordered) })
    }

    /// The companion's rows, or `None` if there are none. The keys of the rows may already be known.
    fn companion(
        &self,
        keys: Option<&[u64]>,
        tradable: &dyn Fn(NaiveDate) -> Option<NaiveDate>,
    ) -> Result<Option<RecordBatch>, ArrowError> {
        let table = self.rows.table;
        let next_session = |event: i32| Some(day::days(tradable(day::day(event)?)?));
        let shown = if self.is_compact {
            states::Shown::of(self.rows.len(), self.repeats.sightings())
        } else {
            states::Shown::Once
        };
        let states = |all: bool| states::states(&self.rows, keys, &self.looks, &self.newest, (&shown, all));
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
        if former.is_empty() { Ok(None) } else { finished::companion(states.rows, &former).map(Some) }
    }

    /// The rows at the lines of some files, each as a separate row.
    fn counting_rows(&self, counts: &[bool]) -> RowSet<'a> {
        let mut rows = RowSet::new(self.rows.table);
        rows.sources.clone_from(&self.rows.sources);
        rows.standings.clone_from(&self.rows.standings);
        for one in self.repeats.sightings().iter().filter(|one| counts[one.origin.file as usize]) {
            rows.append(&self.rows, one.row, one.origin);
        }
        rows
    }

    /// All versions, if the table keeps them.
    fn versions(&mut self, lacking: &mut BTreeSet<usize>) -> Vec<Version> {
        let Some(rules) = &self.rows.table.versions else { return Vec::new() };
        let sightings = self.repeats.take_sightings();
        self.rows.take_prints(&rules.figures);
        let mut history = VersionHistory { rows: &mut self.rows, rules, observations: &self.observations };
        history.versions(sightings, lacking)
    }
}

/// The contract field that fills the event column.
#[must_use]
pub fn event_field<'a>(table: &Table, source: &'a TableSource) -> Option<&'a Field> {
    let plan = source.fields.iter().find(|plan| Some(plan.column) == table.event)?;
    Some(&source.contract.fields[plan.field])
}

#[cfg(test)]
mod tests;
