//! Compares two readings of a partition row by row, in the table's units.
//!
//! Which rows a reading has, and how differences are displayed, is decided elsewhere.

use std::collections::HashSet;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde_json::Value;

use super::agreement::by_content;
use super::output::VENDOR;
use super::rows::RowSet;
use super::scalars::Scalar;
use crate::spec::{ColumnType, DateRange};
use pitlake_contract::decimal::{Decimal, wide_to_f64, wide_to_i64};
use pitlake_contract::spelling::day;

/// A row that differs between two readings.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The key: columns and values.
    pub key: Vec<(String, Value)>,
    /// The vendor of the row, from the second reading if it has the row.
    pub vendor: String,
    /// The reading that has the row, if only one does; `None` if both have it but differ.
    pub only: Option<usize>,
    /// Columns that differ, with the values in both readings.
    pub columns: Vec<(String, [Value; 2])>,
    /// The later version, if versions are kept.
    pub revision: Option<Revision>,
}

/// A later version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision {
    /// Its number.
    pub number: i32,
    /// The first day on which it may be used.
    pub known_on: Option<NaiveDate>,
    /// When it was received.
    pub observed_at: Option<DateTime<Utc>>,
}

/// Two readings of a partition.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// The rows that differ, by key.
    pub differences: Vec<Difference>,
    /// The number of rows that are equal in both readings.
    pub same: usize,
    /// The number of rows on days (or for securities, if the table is fetched by security) for which the other reading
    /// has no rows at all. These are only counted.
    pub apart: [usize; 2],
}

/// A row of a reading, and the part of its key to compare by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyedRow {
    pub(super) part: u64,
    pub(super) row: u32,
}

/// Compares the rows of one partition.
pub(super) struct Comparer<'b, 'a> {
    rows: &'b RowSet<'a>,
    /// By column and file.
    shifts: Vec<Vec<i8>>,
    /// The columns to compare.
    compared: Vec<usize>,
    tolerance: Tolerance,
}

/// Which differences between two rows to ignore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tolerance {
    /// None, not even in the vendor.
    Nothing,
    /// Coarser roundings that are near, and columns that one file lacks.
    Near,
    /// Any coarser rounding.
    Rounding,
}

impl<'b, 'a> Comparer<'b, 'a> {
    pub(super) fn new(rows: &'b RowSet<'a>, compared: Vec<usize>, tolerance: Tolerance) -> Self {
        let shifts = (0..rows.columns.len()).map(|column| rows.shifts(column)).collect();
        Self { rows, shifts, compared, tolerance }
    }

    pub(super) fn compare(&self, readings: [Vec<KeyedRow>; 2], range: Option<DateRange>) -> Comparison {
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
            // If a key has several rows, those that agree are paired first, then the rest in order of content.
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

    /// What an answer is about: a day, or a security if the table is fetched by security.
    pub(super) fn scope(&self, row: u32) -> Option<Scalar> {
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

    pub(super) fn is_in(&self, row: u32, range: Option<DateRange>) -> bool {
        range.is_none_or(|range| self.day(row).is_some_and(|day| range.contains(day)))
    }

    fn vendor(&self, row: u32) -> &'a str {
        &self.rows.source(row).contract.id.vendor
    }

    fn shift(&self, column: usize, row: u32) -> i8 {
        self.shifts[column][self.rows.file(row)]
    }

    /// Whether two rows agree in all compared columns.
    pub(super) fn agree(&self, rows: [u32; 2]) -> bool {
        self.compared.iter().all(|column| self.is_same(*column, rows))
            && (self.tolerance != Tolerance::Nothing || self.vendor(rows[0]) == self.vendor(rows[1]))
    }

    fn is_same(&self, column: usize, rows: [u32; 2]) -> bool {
        let [a, b] = rows.map(|row| self.rows.cell(column, row));
        if self.tolerance == Tolerance::Near && (a == Scalar::Absent || b == Scalar::Absent) {
            return true;
        }
        match (self.number(column, rows[0]), self.number(column, rows[1])) {
            (Some(Number::Short(a)), Some(Number::Short(b))) => match self.tolerance {
                Tolerance::Nothing => a.equals(b),
                Tolerance::Near => a.agrees(b),
                Tolerance::Rounding => a.equals(b) || a.is_rounding_of(b) || b.is_rounding_of(a),
            },
            (Some(a), Some(b)) => {
                a.value().to_bits() == b.value().to_bits() || (self.tolerance != Tolerance::Nothing && a.is_near(&b))
            }
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

    pub(super) fn only(&self, side: usize, row: u32) -> Difference {
        let vendor = self.vendor(row).to_owned();
        Difference { key: self.key(&[row]), vendor, only: Some(side), columns: Vec::new(), revision: None }
    }

    pub(super) fn difference(&self, rows: [u32; 2]) -> Difference {
        let differ = self.compared.iter().filter(|column| !self.is_same(**column, rows));
        let values =
            |column: &usize| (self.rows.table.columns[*column].name.clone(), rows.map(|row| self.value(*column, row)));
        let mut columns: Vec<(String, [Value; 2])> = differ.map(values).collect();
        let vendors = rows.map(|row| self.vendor(row));
        if self.tolerance == Tolerance::Nothing && vendors[0] != vendors[1] {
            columns.push((VENDOR.name.to_owned(), vendors.map(Value::from)));
        }
        Difference { key: self.key(&rows), vendor: vendors[1].to_owned(), only: None, columns, revision: None }
    }
}

/// A number in the column's unit.
enum Number {
    Short(Decimal),
    /// More digits than a decimal can hold.
    Long(f64),
}

impl Number {
    fn value(&self) -> f64 {
        match self {
            Self::Short(decimal) => decimal.to_f64(0),
            Self::Long(value) => *value,
        }
    }

    /// Whether one is the other rounded: within half a unit of its last digit.
    fn is_near(&self, other: &Self) -> bool {
        let ((Self::Short(decimal), long) | (long, Self::Short(decimal))) = (self, other) else { return false };
        let half = Decimal { mantissa: 5, exponent: decimal.exponent.saturating_sub(1) }.to_f64(0);
        (decimal.to_f64(0) - long.value()).abs() <= half
    }
}
