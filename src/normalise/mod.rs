//! What bronze means: lines of JSON to rows of a table, typed, scaled and keyed. Pure: bytes in,
//! columns and rejects out.
//!
//! Never here: a store, a clock, or a conversion factor (it follows from two units, in [`crate::spec`]).

mod cells;
mod check;
mod date;
mod decimal;
mod key;
mod merge;
mod output;
mod partition;
mod repeats;
mod scan;
mod vendors;
mod versions;

use std::collections::{BTreeMap, BTreeSet};

use arrow::record_batch::RecordBatch;
use chrono::{DateTime, NaiveDate, Utc};

pub use output::{Added, added, schema};
pub use partition::Partition;

use crate::spec::{Axis, ColumnType, Field, Table, TableSource, Wire};
use cells::{Cell, Cells, Texts};
use repeats::Repeats;
use scan::{Bad, Layout, Target};
use versions::{Covers, Look, Rows};

/// Raised whenever the same bronze becomes other rows; `CHANGELOG.md` says why. An input of every
/// partition, so a new version rebuilds the lake.
pub const RULES: u32 = 1;

/// A bronze file, as far as its rows need to know.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Path in the lake, for reasons.
    pub path: &'a str,
    /// Who says it.
    pub source: &'a TableSource,
    /// Its rows may belong to other partitions, which will find them there.
    pub span: bool,
    /// When it came over our wire, where that is known.
    pub observed: Option<DateTime<Utc>>,
    /// The parameters of the calls that it answers; none for files of other programs and imports, which
    /// only show what they hold.
    pub calls: &'a [Vec<(String, String)>],
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
    /// The line as it stands.
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

    /// Adds the rows of a file that is newer than all before.
    ///
    /// # Errors
    /// [`Stop`] when the file as a whole cannot be trusted.
    pub fn add(&mut self, input: Input<'a>, text: &[u8]) -> Result<(), Stop> {
        let text = std::str::from_utf8(text)
            .map_err(|e| Stop::NotText { file: input.path.to_owned(), at: e.valid_up_to() })?;
        let file = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.files.push(input.path.to_owned());
        let covers = self.covers(input);
        let Input { source, observed, is_repeat, .. } = input;
        self.looks.push(Look { source, observed, covers, is_repeat });
        let first_row = self.origin.len();
        let mut row = vec![Cell::Absent; self.columns.len()];
        let mut layout = Layout::default();
        let mut seen = vec![false; self.columns.len()];
        let mut names = BTreeSet::new();
        let mut lines = 0u32;
        for (number, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let number = u32::try_from(number + 1).unwrap_or(u32::MAX);
            if self.table.versions.is_some() && self.repeats.know(input.source, line, file, number) {
                continue;
            }
            lines += 1;
            let mut resolve = |name: &str| {
                let target = target(input.source, name);
                match target {
                    Some(target) => seen[target.column] = true,
                    None => {
                        names.insert(name.to_owned());
                    }
                }
                target
            };
            let read = layout.read(line, &mut row, &mut self.texts, &mut resolve);
            match read.and_then(|()| self.placed(&row, input)) {
                Ok(true) => {
                    for (cells, cell) in self.columns.iter_mut().zip(&row) {
                        cells.push(*cell);
                    }
                    if self.table.versions.is_some() {
                        self.repeats.learned(u32::try_from(self.origin.len()).unwrap_or(u32::MAX), file, number);
                    }
                    self.origin.push((file, number));
                }
                Ok(false) => {}
                Err(Bad(reason)) => self.rejects.push(Reject {
                    file: input.path.to_owned(),
                    line: number as usize,
                    reason,
                    row: line.to_owned(),
                }),
            }
        }
        if !names.is_empty() {
            self.unknown.entry(input.source.contract.id.to_string()).or_default().extend(names);
        }
        // Rows of a file without a key column were all rejected; that is one fault of the file.
        for &column in &self.table.key {
            if lines > 0 && !seen[column] && self.table.columns[column].required && input.source.fills(column) {
                let (table, column) = (self.table.name.clone(), self.table.columns[column].name.clone());
                return Err(Stop::NoKey { table, file: input.path.to_owned(), column });
            }
        }
        check::unit_ratio(self.table, input.source, &self.columns, first_row, input.path)
    }

    /// Whether a row belongs to this partition, or why it belongs nowhere.
    fn placed(&self, row: &[Cell], input: Input<'_>) -> Result<bool, Bad> {
        for (index, (column, cell)) in self.table.columns.iter().zip(row).enumerate() {
            // Another vendor may not have it at all.
            if column.required && cell.is_empty() && input.source.fills(index) {
                return Err(Bad(format!("`{}` is empty", column.name)));
            }
        }
        if let Some(event) = self.table.event {
            let Cell::Date(days) = row[event] else {
                return Err(Bad(format!("`{}` is empty", self.table.columns[event].name)));
            };
            let day = date::day(days).ok_or_else(|| Bad("the day is out of range".into()))?;
            if !self.partition.holds(day) {
                if input.span {
                    return Ok(false);
                }
                return Err(Bad(format!("the row is of {day}, its folder is not: `import` the file instead")));
            }
        }
        for plan in &input.source.fields {
            let column = &self.table.columns[plan.column];
            output::check(row[plan.column], column.kind, plan.shift, &self.texts)
                .map_err(|value| Bad(format!("`{}`: {value}", column.name)))?;
        }
        Ok(true)
    }

    /// What an answer of our own covers: the values it was asked for, in their columns.
    fn covers(&mut self, input: Input<'_>) -> Option<Covers> {
        if input.calls.is_empty() || self.table.versions.is_none() {
            return None;
        }
        let contract = &input.source.contract;
        // Of a month the parameters name its ends only.
        let axis = contract.ask.names().filter(|_| contract.ask.axis != Axis::Month);
        let each = contract.ask.each.iter().map(|(name, _)| (name.as_str(), name.as_str()));
        let mut covers = Covers::default();
        for (param, field) in axis.into_iter().chain(each) {
            let Some(Target { column, wire }) = target(input.source, field) else { continue };
            let values = input.calls.iter().flatten().filter(|(name, _)| name == param).map(|(_, value)| value);
            let mut cells: Vec<Cell> = Vec::new();
            for value in values.collect::<BTreeSet<_>>() {
                cells.push(match wire {
                    Wire::Date => date::parse(value).map_or(Cell::Null, Cell::Date),
                    _ => Cell::Text(self.texts.intern(value)),
                });
            }
            covers.columns.push((column, cells));
        }
        Some(covers)
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
        let sources: Vec<&TableSource> = self.looks.iter().map(|look| look.source).collect();
        let (order, versions, occurrences): (Vec<u32>, _, Vec<i32>) = match &self.table.versions {
            Some(rules) => {
                let mut rows = Rows {
                    table: self.table,
                    rules,
                    columns: &mut self.columns,
                    texts: &self.texts,
                    origin: &mut self.origin,
                    looks: &self.looks,
                };
                let versions = versions::history(&mut rows, self.repeats.seen(), &mut lacking);
                let (order, occurrences) = versions.iter().map(|version| (version.row, version.occurrence)).unzip();
                (order, versions, occurrences)
            }
            None => {
                let reject = |row: usize, reason| {
                    let (file, line) = self.origin[row];
                    let file = self.files[file as usize].clone();
                    self.rejects.push(Reject { file, line: line as usize, reason, row: String::new() });
                };
                let kept = merge::merge(self.table, &mut self.columns, &self.texts, &self.origin, &sources, reject);
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

fn target(source: &TableSource, name: &str) -> Option<Target> {
    let field = source.contract.field(name)?;
    let plan = source.fields.iter().find(|plan| plan.field == field)?;
    Some(Target { column: plan.column, wire: plan.wire })
}

/// The event day of a bronze line, by the contract's name of the field: for what must know the days
/// of rows without typing them.
#[must_use]
pub fn day_of(text: &str) -> Option<NaiveDate> {
    date::day(date::parse(text)?)
}

/// The contract's field that fills the event column.
#[must_use]
pub fn event_field<'a>(table: &Table, source: &'a TableSource) -> Option<&'a Field> {
    let plan = source.fields.iter().find(|plan| Some(plan.column) == table.event)?;
    Some(&source.contract.fields[plan.field])
}

#[cfg(test)]
mod tests;
