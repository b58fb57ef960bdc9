//! What bronze means: lines of JSON to rows of a table, typed, scaled and keyed. Pure: bytes in,
//! columns and rejects out.
//!
//! Never here: a store, a clock, or a conversion factor (it follows from two units, in [`crate::spec`]).

mod cells;
mod check;
mod date;
mod decimal;
mod merge;
mod output;
mod partition;
mod scan;

use std::collections::{BTreeMap, BTreeSet};

use arrow::record_batch::RecordBatch;

pub use output::{VENDOR, VENDOR_SAYS, schema};
pub use partition::Partition;

use crate::spec::{ColumnType, Field, Table, TableSource};
use cells::{Cell, Cells, Texts};
use scan::{Bad, Layout, Target};

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
    files: Vec<(String, &'a TableSource)>,
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
            ColumnType::Int64 | ColumnType::Float64 => Cells::Number { mantissa: Vec::new(), exponent: Vec::new() },
        });
        Self {
            table,
            partition,
            columns: columns.collect(),
            texts: Texts::default(),
            origin: Vec::new(),
            files: Vec::new(),
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
        self.files.push((input.path.to_owned(), input.source));
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
            lines += 1;
            let number = u32::try_from(number + 1).unwrap_or(u32::MAX);
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
            if lines > 0 && !seen[column] && self.table.columns[column].required {
                let (table, column) = (self.table.name.clone(), self.table.columns[column].name.clone());
                return Err(Stop::NoKey { table, file: input.path.to_owned(), column });
            }
        }
        check::unit_ratio(self.table, &self.columns, first_row, input.path)
    }

    /// Whether a row belongs to this partition, or why it belongs nowhere.
    fn placed(&self, row: &[Cell], input: Input<'_>) -> Result<bool, Bad> {
        for (column, cell) in self.table.columns.iter().zip(row) {
            if column.required && cell.is_empty() {
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

    /// Rows of a key become one; the rest is sorted and typed.
    ///
    /// # Errors
    /// When Arrow refuses the columns, which would be a bug of ours.
    pub fn finish(mut self) -> Result<Built, arrow::error::ArrowError> {
        let order = merge::merge(self.table, &mut self.columns, &self.texts, &self.origin, |row, reason| {
            let (file, line) = self.origin[row];
            self.rejects.push(Reject {
                file: self.files[file as usize].0.clone(),
                line: line as usize,
                reason,
                row: String::new(),
            });
        });
        let sources: Vec<&TableSource> = self.files.iter().map(|(_, source)| *source).collect();
        let batch = output::batch(self.table, &self.columns, &self.texts, &order, &self.origin, &sources)?;
        self.rejects.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        Ok(Built { batch, rejects: self.rejects, unknown: self.unknown })
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
pub fn day_of(text: &str) -> Option<chrono::NaiveDate> {
    date::day(date::parse(text)?)
}

/// The contract's field that fills the event column.
#[must_use]
pub fn event_field<'a>(table: &Table, source: &'a TableSource) -> Option<&'a Field> {
    let plan = source.fields.iter().find(|plan| Some(plan.column) == table.event)?;
    Some(&source.contract.fields[plan.field])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Catalog;
    use std::sync::Arc;

    fn table(name: &str) -> Arc<Table> {
        Arc::clone(Catalog::load(&[], None).unwrap().0.table(name).unwrap())
    }

    /// Files oldest first, each with whether it is a span.
    fn build(table: &Table, files: &[(&str, bool)]) -> Result<Built, Stop> {
        let mut builder = Builder::new(table, Partition::Year(2024));
        for (number, (text, span)) in files.iter().enumerate() {
            let path = format!("file {number}").leak();
            builder.add(Input { path, source: &table.sources[0], span: *span }, text.as_bytes())?;
        }
        Ok(builder.finish().unwrap())
    }

    #[test]
    fn a_row_outside_its_folder_is_rejected_and_one_of_a_span_waits_elsewhere() {
        let table = table("adj_factor");
        let row = r#"{"ts_code":"a","trade_date":"20150105","adj_factor":1}"#;
        let built = build(&table, &[(row, false)]).unwrap();
        assert!(built.rejects[0].reason.contains("2015-01-05"), "{:?}", built.rejects);
        let built = build(&table, &[(row, true)]).unwrap();
        assert_eq!((built.rejects.len(), built.batch.num_rows()), (0, 0));
    }

    #[test]
    fn nulls_in_a_key_are_equal_and_rows_are_sorted_by_key() {
        let table = table("suspend_d_cn");
        let row = |code: &str, timing: &str| {
            format!(r#"{{"ts_code":"{code}","trade_date":"20240102","suspend_timing":{timing},"suspend_type":"S"}}"#)
        };
        let lines = [row("b", "null"), row("a", "\"09:30-10:00\""), row("b", "\"\""), row("a", "null")].join("\n");
        let built = build(&table, &[(&lines, false)]).unwrap();
        assert_eq!((built.rejects.len(), built.batch.num_rows()), (0, 3));
        let codes = built.batch.column(0);
        let codes: Vec<&str> = arrow::array::AsArray::as_string::<i32>(codes).iter().flatten().collect();
        assert_eq!(codes, ["a", "a", "b"]);
    }

    #[test]
    fn a_newer_part_takes_nothing_away_by_a_column_it_lacks() {
        let table = table("stock_daily_cn");
        let old = r#"{"ts_code":"a","trade_date":"20240102","close":1.25,"vol":10,"amount":1.25}"#;
        let new = r#"{"TS_CODE":"a","TRADE_DATE":"2024-01-02","CLOSE":1.26,"VOL":null}"#;
        let built = build(&table, &[(old, true), (new, true)]).unwrap();
        let batch = &built.batch;
        assert_eq!(batch.num_rows(), 1);
        let number = |name: &str| {
            let column = batch.column_by_name(name).unwrap();
            arrow::array::AsArray::as_primitive::<arrow::datatypes::Float64Type>(column).value(0)
        };
        assert_eq!((number("close").to_bits(), number("amount").to_bits()), (1.26f64.to_bits(), 1250f64.to_bits()));
        assert!(arrow::array::Array::is_null(batch.column_by_name("vol").unwrap(), 0), "an explicit null is said");
    }

    #[test]
    fn a_file_without_a_key_column_stops_the_partition() {
        let table = table("adj_factor");
        let stop = build(&table, &[(r#"{"code":"a","trade_date":"20240102"}"#, false)]).unwrap_err();
        assert!(matches!(&stop, Stop::NoKey { column, .. } if column == "ts_code"), "{stop}");
        let stop = Builder::new(&table, Partition::Year(2024))
            .add(Input { path: "x", source: &table.sources[0], span: false }, b"{\"a\":\"\xff\"}")
            .unwrap_err();
        assert!(matches!(stop, Stop::NotText { at: 6, .. }));
    }

    #[test]
    fn unknown_fields_are_reported() {
        let table = table("adj_factor");
        let line = r#"{"ts_code":"a","trade_date":"20240102","adj_factor":1,"new":[1,{"x":2}]}"#;
        let built = build(&table, &[(line, false)]).unwrap();
        assert_eq!(built.batch.num_rows(), 1);
        assert!(built.unknown["tushare/adj_factor"].contains("new"));
    }
}
