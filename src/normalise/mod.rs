//! What bronze means: lines of JSON to rows of a table, typed, scaled and keyed. Pure: bytes in,
//! columns and rejects out.
//!
//! Never here: a store, a clock, or a conversion factor (it follows from two units, in [`crate::spec`]).

mod add;
mod cells;
mod check;
mod diff;
mod example;
mod given;
mod key;
mod merge;
mod nested;
mod output;
mod partition;
mod repeats;
mod scan;
mod value;
mod vendors;
mod versions;

use std::collections::{BTreeMap, BTreeSet};

use arrow::record_batch::RecordBatch;
use chrono::{DateTime, NaiveDate, Utc};

pub use diff::{Comparison, Difference, Range, Revision};
pub use example::prove;
pub use output::{Added, added, schema};
pub use partition::Partition;

use crate::spec::{ColumnType, Field, Table, TableSource};
use cells::{Cells, Texts};
use repeats::Repeats;
use versions::{Look, Rows, Version};

/// Raised whenever the same bronze becomes other rows; `CHANGELOG.md` says why. An input of every
/// partition, so a new version rebuilds the lake.
pub const RULES: u32 = 2;

/// A bronze file, as far as its rows need to know; `'t` is the table's life, `'f` the file's.
#[derive(Debug, Clone, Copy)]
pub struct Input<'t, 'f> {
    /// Path in the lake, for reasons.
    pub path: &'f str,
    /// Who says it.
    pub source: &'t TableSource,
    /// Its rows may belong to other partitions, which will find them there.
    pub span: bool,
    /// When it came over our wire, where that is known.
    pub observed: Option<DateTime<Utc>>,
    /// The parameters of the calls that it answers; none for files of other programs and imports, which
    /// only show what they hold.
    pub calls: &'f [Vec<(String, String)>],
    /// How many of its lines each of the calls brought, in order; empty where one brought all.
    pub rows_of: &'f [usize],
    /// It says what the answer before it said, and holds no rows for that reason.
    pub is_repeat: bool,
}

/// A row that broke a promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The bronze file.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
    /// The line as it stands; of a nested one the part that was to be a row.
    pub row: String,
}

/// Why a partition is not published: the old one stays.
#[derive(Debug, Clone, thiserror::Error, PartialEq)]
pub enum Stop {
    /// Without its key columns no row of the file can be placed.
    #[error("`{file}` has no column `{column}`, a part of the key of `{table}`; remove the file or import it anew")]
    NoKey {
        /// The table.
        table: String,
        /// The bronze file.
        file: String,
        /// The column that is not there.
        column: String,
    },
    /// Amounts and volumes do not fit the prices: some column came in another unit.
    #[error(
        "`{file}`: the median of {amount} / ({volume} x {price}) is {ratio:.3e}, a power of ten off: a unit is not \
         what the contract says; remove the file or mend the contract"
    )]
    UnitRatio {
        /// The bronze file.
        file: String,
        /// Money.
        amount: String,
        /// Shares.
        volume: String,
        /// Money for a share.
        price: String,
        /// What should be near one.
        ratio: f64,
    },
    /// The file is not text.
    #[error("`{file}` is not UTF-8 at byte {at}; remove the file or fetch it anew")]
    NotText {
        /// The bronze file.
        file: String,
        /// Where.
        at: usize,
    },
}

/// A partition, ready to be published.
#[derive(Debug)]
pub struct Built {
    /// Rows sorted by key, with the schema of the table.
    pub batch: RecordBatch,
    /// Rows set aside.
    pub rejects: Vec<Reject>,
    /// Names on the wire that the contracts do not know, by interface.
    pub unknown: BTreeMap<String, BTreeSet<String>>,
    /// Columns that are empty in some version because the file that showed it first lacked them.
    pub lacking: BTreeSet<String>,
}

/// Collects the files of one partition, oldest first.
#[derive(Debug)]
pub struct Builder<'a> {
    table: &'a Table,
    partition: Partition,
    columns: Vec<Cells>,
    texts: Texts,
    /// File and line of each row.
    origin: Vec<(u32, u32)>,
    files: Vec<String>,
    looks: Vec<Look<'a>>,
    /// For tables that keep versions: files repeat each other, and a line is read once.
    repeats: Repeats,
    rejects: Vec<Reject>,
    unknown: BTreeMap<String, BTreeSet<String>>,
}

impl<'a> Builder<'a> {
    /// An empty partition of `table`.
    #[must_use]
    pub fn new(table: &'a Table, partition: Partition) -> Self {
        let columns = table.columns.iter().map(|column| match column.kind {
            ColumnType::Utf8 => Cells::Text(Vec::new()),
            ColumnType::Date => Cells::Date(Vec::new()),
            ColumnType::Boolean => Cells::Flag(Vec::new()),
            ColumnType::Int64 | ColumnType::Float64 | ColumnType::Timestamp => {
                Cells::Number { mantissa: Vec::new(), exponent: Vec::new() }
            }
        });
        Self {
            table,
            partition,
            columns: columns.collect(),
            texts: Texts::default(),
            origin: Vec::new(),
            files: Vec::new(),
            looks: Vec::new(),
            repeats: Repeats::default(),
            rejects: Vec::new(),
            unknown: BTreeMap::new(),
        }
    }

    /// Rows of a key become one, or its versions; the rest is sorted and typed. `tradable` gives the first
    /// session after a day, where the calendar knows it.
    ///
    /// # Errors
    /// When Arrow refuses the columns, which would be a bug of ours.
    pub fn finish(
        mut self,
        tradable: &dyn Fn(NaiveDate) -> Option<NaiveDate>,
    ) -> Result<Built, arrow::error::ArrowError> {
        let mut lacking = BTreeSet::new();
        let sources = self.sources();
        let (order, versions, occurrences): (Vec<u32>, _, Vec<i32>) = match &self.table.versions {
            Some(_) => {
                let versions = self.history(&mut lacking);
                let (order, occurrences) = versions.iter().map(|version| (version.row, version.occurrence)).unzip();
                (order, versions, occurrences)
            }
            None => {
                let reject = |row: usize, reason| {
                    let (file, line) = self.origin[row];
                    let file = self.files[file as usize].clone();
                    self.rejects.push(Reject { file, line: line as usize, reason, row: String::new() });
                };
                let kept =
                    merge::merge(self.table, &mut self.columns, &self.texts, &self.origin, &sources, |_| true, reject);
                let (order, occurrences) = kept.into_iter().map(|kept| (kept.row, kept.occurrence)).unzip();
                (order, Vec::new(), occurrences)
            }
        };
        let (columns, texts, origin) = (&self.columns[..], &self.texts, &self.origin[..]);
        let cells = output::Rows { columns, texts, origin, order: &order, occurrences: &occurrences };
        let batch = output::batch(self.table, &cells, &sources, &versions, tradable)?;
        self.rejects.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        let lacking = lacking.into_iter().map(|column| self.table.columns[column].name.clone()).collect();
        Ok(Built { batch, rejects: self.rejects, unknown: self.unknown, lacking })
    }
}

impl<'a> Builder<'a> {
    /// Of each file.
    fn sources(&self) -> Vec<&'a TableSource> {
        self.looks.iter().map(|look| look.source).collect()
    }

    /// All versions, where the table keeps them.
    fn history(&mut self, lacking: &mut BTreeSet<usize>) -> Vec<Version> {
        let Some(rules) = &self.table.versions else { return Vec::new() };
        let mut rows = Rows {
            table: self.table,
            rules,
            columns: &mut self.columns,
            texts: &self.texts,
            origin: &mut self.origin,
            looks: &self.looks,
        };
        versions::history(&mut rows, self.repeats.seen(), lacking)
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
