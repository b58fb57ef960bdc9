//! Two readings of a partition, row by row and in the table's units: what later files changed, and where two vendors
//! disagree. Never which files are read, or how a difference is printed.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde_json::Value;

use super::Builder;
use super::key::keys;
use super::merge::{by_content, merge, merge_each_vendor};
use super::output::VENDOR;
use super::rows::RowSet;
use super::scalars::Scalar;
use super::versions::Version;
use crate::spec::{ColumnType, DateRange, Table, TableSource};
use pitlake_contract::decimal::{Decimal, wide_to_f64, wide_to_i64};
use pitlake_contract::spelling::day;

/// A row that differs between two readings.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The key: column and value.
    pub key: Vec<(String, Value)>,
    /// The vendor of the row, in the second reading where that has it.
    pub vendor: String,
    /// The one reading that has the row; `None` where both have it and differ.
    pub only: Option<usize>,
    /// Columns that differ, with the value of each reading.
    pub columns: Vec<(String, [Value; 2])>,
    /// Where versions are kept: the later version.
    pub revision: Option<Revision>,
}

/// A version that came later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision {
    /// Its number.
    pub number: i32,
    /// First day on which it may be used.
    pub known_on: Option<NaiveDate>,
    /// When we received it.
    pub observed_at: Option<DateTime<Utc>>,
}

/// Two readings of a partition.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// The rows that differ, by key.
    pub differences: Vec<Difference>,
    /// Rows that are equal in both readings.
    pub same: usize,
    /// Rows of days (or of securities, where a table is fetched by security) of which the other reading has no row at
    /// all: counted, not listed.
    pub apart: [usize; 2],
}

/// A row of a reading, and the part of the key by which it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct KeyedRow {
    part: u64,
    row: u32,
}

impl Builder<'_> {
    /// The rows of the table's two vendors under the same keys; `range` limits the event days. Values agree where one
    /// is a coarser rounding of the other.
    #[must_use]
    pub fn between(mut self, range: Option<DateRange>) -> Comparison {
        let ranks = self.rows.ranks();
        let ranked: Vec<(u32, u32)> = if self.rows.table.versions.is_some() {
            let versions = self.versions(&mut BTreeSet::new());
            let ranked: Vec<(u32, &Version)> =
                versions.iter().map(|version| (ranks[self.rows.file(version.row)], version)).collect();
            // Revisions count up within a key, vendor and occurrence: the newest version of each.
            let of_one = ranked.chunk_by(|a, b| a.0 == b.0 && a.1.revision < b.1.revision);
            let newest = of_one.filter_map(|versions| {
                versions.iter().max_by_key(|(_, version)| (version.announced.or(version.known), version.revision))
            });
            newest.map(|(rank, version)| (*rank, version.row)).collect()
        } else {
            let kept = merge_each_vendor(&mut self.rows, |_| true, |_, _| {});
            kept.into_iter().map(|kept| (kept.rank, kept.row)).collect()
        };
        let table = self.rows.table;
        let common = table.common_key();
        let parts = keys(&self.rows, &common);
        let readings = [0, 1].map(|wanted| -> Vec<KeyedRow> {
            let rows = ranked.iter().filter(|(rank, _)| *rank == wanted);
            rows.map(|&(_, row)| KeyedRow { part: parts[row as usize], row }).collect()
        });
        let vendors = table.vendors();
        let fills = |vendor: &&str, column: usize| {
            let of_vendor = |source: &&TableSource| source.contract.id.vendor == *vendor;
            table.sources.iter().filter(of_vendor).any(|source| source.fills(column))
        };
        let both = |column: &usize| !common.contains(column) && vendors.iter().all(|vendor| fills(vendor, *column));
        let compared = (0..table.columns.len()).filter(both).collect();
        Comparer::new(&self.rows, compared, true).compare(readings, range)
    }

    /// The table built from some of its files, and from others: `included` tells, for each file, in which of the two
    /// readings it counts.
    #[must_use]
    pub fn changed(mut self, included: &[[bool; 2]], range: Option<DateRange>) -> Comparison {
        // The older reading first: what a row takes over from older ones is the same in both.
        let readings = [0, 1].map(|side| -> Vec<KeyedRow> {
            let kept = merge(&mut self.rows, |file| included[file as usize][side], |_, _| {});
            kept.into_iter().map(|kept| KeyedRow { part: kept.key, row: kept.row }).collect()
        });
        Comparer::new(&self.rows, beside_key(self.rows.table), false).compare(readings, range)
    }

    /// The versions that were first observed at `since` or later, each beside the one before it.
    #[must_use]
    pub fn revised(mut self, since: DateTime<Utc>, range: Option<DateRange>) -> Comparison {
        let versions = self.versions(&mut BTreeSet::new());
        let comparer = Comparer::new(&self.rows, beside_key(self.rows.table), false);
        let is_later = |version: &Version| version.observed.is_some_and(|at| at >= since);
        let older = versions.iter().filter(|version| !is_later(version));
        let known: HashSet<Option<Scalar>> = older.map(|version| comparer.scope(version.row)).collect();
        let mut comparison = Comparison::default();
        let mut last: Option<Version> = None;
        for version in versions {
            let before = last.replace(version).filter(|_| version.revision > 1);
            if !comparer.is_in(version.row, range) {
                continue;
            }
            let mut difference = match before {
                _ if !is_later(&version) => {
                    comparison.same += 1;
                    continue;
                }
                None if !known.contains(&comparer.scope(version.row)) => {
                    comparison.apart[1] += 1;
                    continue;
                }
                None => comparer.only(1, version.row),
                Some(before) => comparer.difference([before.row, version.row]),
            };
            let known_on = version.known.and_then(day::day);
            difference.revision = Some(Revision { number: version.revision, known_on, observed_at: version.observed });
            comparison.differences.push(difference);
        }
        comparison
    }
}

/// The columns that are not part of the key.
fn beside_key(table: &Table) -> Vec<usize> {
    (0..table.columns.len()).filter(|column| !table.key.contains(column)).collect()
}

/// Compares rows of one partition.
struct Comparer<'b, 'a> {
    rows: &'b RowSet<'a>,
    /// By column and file.
    shifts: Vec<Vec<i8>>,
    /// The columns to compare.
    compared: Vec<usize>,
    /// A coarser rounding of a number agrees with it.
    is_loose: bool,
}

impl<'b, 'a> Comparer<'b, 'a> {
    fn new(rows: &'b RowSet<'a>, compared: Vec<usize>, is_loose: bool) -> Self {
        let shifts = (0..rows.columns.len()).map(|column| rows.shifts(column)).collect();
        Self { rows, shifts, compared, is_loose }
    }

    fn compare(&self, readings: [Vec<KeyedRow>; 2], range: Option<DateRange>) -> Comparison {
        let [first, second] = readings.map(|mut rows| {
            rows.retain(|one| self.is_in(one.row, range));
            rows.sort_unstable();
            rows
        });
        let scopes = [&first, &second].map(|rows| rows.iter().map(|one| self.scope(one.row)).collect::<HashSet<_>>());
        let mut comparison = Comparison::default();
        let (mut ours, mut theirs) = (first.as_slice(), second.as_slice());
        while let Some(part) = ours.first().into_iter().chain(theirs.first()).map(|one| one.part).min() {
            let [mut left, mut right] = [&mut ours, &mut theirs].map(|rows| {
                let (equal, rest) = rows.split_at(rows.partition_point(|one| one.part <= part));
                *rows = rest;
                equal.iter().map(|one| one.row).collect::<Vec<u32>>()
            });
            // Of several rows those that agree are paired first, the others in the order of their content.
            left.retain(|row| match right.iter().position(|other| self.agree([*row, *other])) {
                Some(at) => {
                    right.remove(at);
                    comparison.same += 1;
                    false
                }
                None => true,
            });
            for rows in [&mut left, &mut right] {
                rows.sort_by(|a, b| by_content(self.rows, *a as usize, *b as usize));
            }
            let both = left.len().min(right.len());
            for (left, right) in left.iter().zip(&right) {
                comparison.differences.push(self.difference([*left, *right]));
            }
            for (side, rows) in [left, right].into_iter().enumerate() {
                for row in rows.into_iter().skip(both) {
                    if scopes[1 - side].contains(&self.scope(row)) {
                        comparison.differences.push(self.only(side, row));
                    } else {
                        comparison.apart[side] += 1;
                    }
                }
            }
        }
        comparison
    }

    /// What an answer is about: the day, or the security where the table is fetched by security.
    fn scope(&self, row: u32) -> Option<Scalar> {
        let table = self.rows.table;
        if table.sources.iter().all(|source| source.contract.ask.axis.by_security()) {
            let text = table.key.iter().find(|column| table.columns[**column].kind == ColumnType::Utf8)?;
            return Some(self.rows.cell(*text, row));
        }
        Some(Scalar::Date(day::days(self.day(row)?)))
    }

    fn day(&self, row: u32) -> Option<NaiveDate> {
        day::day(self.rows.cell(self.rows.table.event?, row).day()?)
    }

    fn is_in(&self, row: u32, range: Option<DateRange>) -> bool {
        range.is_none_or(|range| self.day(row).is_some_and(|day| range.contains(day)))
    }

    fn vendor(&self, row: u32) -> &'a str {
        &self.rows.source(row).contract.id.vendor
    }

    fn shift(&self, column: usize, row: u32) -> i8 {
        self.shifts[column][self.rows.file(row)]
    }

    fn agree(&self, rows: [u32; 2]) -> bool {
        self.compared.iter().all(|column| self.is_same(*column, rows))
            && (self.is_loose || self.vendor(rows[0]) == self.vendor(rows[1]))
    }

    fn is_same(&self, column: usize, rows: [u32; 2]) -> bool {
        let [a, b] = rows.map(|row| self.rows.cell(column, row));
        match (self.number(column, rows[0]), self.number(column, rows[1])) {
            (Some(Number::Short(a)), Some(Number::Short(b))) => {
                a.equals(b) || (self.is_loose && (a.is_rounding_of(b) || b.is_rounding_of(a)))
            }
            (Some(a), Some(b)) => a.value().to_bits() == b.value().to_bits() || (self.is_loose && a.is_near(&b)),
            _ => a == b || (a.is_empty() && b.is_empty()),
        }
    }

    /// A number in the column's unit.
    fn number(&self, column: usize, row: u32) -> Option<Number> {
        let shift = self.shift(column, row);
        match self.rows.cell(column, row) {
            Scalar::Number(decimal) => {
                let exponent = decimal.exponent.saturating_add(shift);
                Some(Number::Short(Decimal { mantissa: decimal.mantissa, exponent }))
            }
            Scalar::Wide(id) => wide_to_f64(self.rows.texts.get(id), shift).map(Number::Long),
            _ => None,
        }
    }

    fn value(&self, column: usize, row: u32) -> Value {
        let kind = self.rows.table.columns[column].kind;
        match (self.rows.cell(column, row), self.number(column, row)) {
            (Scalar::Text(id), _) => self.rows.texts.get(id).into(),
            (Scalar::Date(days), _) => day::day(days).map(|day| day.to_string()).into(),
            (Scalar::Flag(flag), _) => flag.into(),
            (cell, Some(number)) => {
                let whole = match cell {
                    Scalar::Number(decimal) => decimal.to_i64(self.shift(column, row)),
                    Scalar::Wide(id) => wide_to_i64(self.rows.texts.get(id), self.shift(column, row)),
                    _ => None,
                };
                match kind {
                    ColumnType::Int64 => whole.into(),
                    ColumnType::Timestamp => {
                        let at = whole.and_then(DateTime::from_timestamp_micros);
                        at.map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true)).into()
                    }
                    _ => number.value().into(),
                }
            }
            _ => Value::Null,
        }
    }

    fn key(&self, rows: &[u32]) -> Vec<(String, Value)> {
        let value = |column: usize| {
            let value = rows.iter().map(|row| self.value(column, *row)).find(|value| !value.is_null());
            (self.rows.table.columns[column].name.clone(), value.unwrap_or_default())
        };
        self.rows.table.key.iter().map(|column| value(*column)).collect()
    }

    fn only(&self, side: usize, row: u32) -> Difference {
        let vendor = self.vendor(row).to_owned();
        Difference { key: self.key(&[row]), vendor, only: Some(side), columns: Vec::new(), revision: None }
    }

    fn difference(&self, rows: [u32; 2]) -> Difference {
        let differ = self.compared.iter().filter(|column| !self.is_same(**column, rows));
        let values =
            |column: &usize| (self.rows.table.columns[*column].name.clone(), rows.map(|row| self.value(*column, row)));
        let mut columns: Vec<(String, [Value; 2])> = differ.map(values).collect();
        let vendors = rows.map(|row| self.vendor(row));
        if !self.is_loose && vendors[0] != vendors[1] {
            columns.push((VENDOR.name.to_owned(), vendors.map(Value::from)));
        }
        Difference { key: self.key(&rows), vendor: vendors[1].to_owned(), only: None, columns, revision: None }
    }
}

/// A number in the column's unit.
enum Number {
    Short(Decimal),
    /// More digits than a decimal holds.
    Long(f64),
}

impl Number {
    fn value(&self) -> f64 {
        match self {
            Self::Short(decimal) => decimal.to_f64(0),
            Self::Long(value) => *value,
        }
    }

    /// Whether one is the other with fewer digits: within half a unit of the last of them.
    fn is_near(&self, other: &Self) -> bool {
        let ((Self::Short(decimal), long) | (long, Self::Short(decimal))) = (self, other) else { return false };
        let half = Decimal { mantissa: 5, exponent: decimal.exponent.saturating_sub(1) }.to_f64(0);
        (decimal.to_f64(0) - long.value()).abs() <= half
    }
}
