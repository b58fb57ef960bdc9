//! Two readings of a partition, row by row and in the table's units: what later files changed, and where two vendors
//! disagree. Never which files are read, or how a difference is told.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde_json::Value;

use super::Builder;
use super::cells::Cell;
use super::key::keys;
use super::merge::{by_content, each_vendor, merge};
use super::output::VENDOR;
use super::vendors::{ranks, shifts};
use super::versions::Version;
use crate::spec::{ColumnType, TableSource};
use pitlake_contract::decimal::{Decimal, wide_to_f64, wide_to_i64};
use pitlake_contract::spelling::day;

/// A row that two readings see differently.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The key: column and value.
    pub key: Vec<(String, Value)>,
    /// Whose row it is, in the second reading where that has it.
    pub vendor: String,
    /// Which of the readings alone has the row; `None` where both have it and differ.
    pub only: Option<usize>,
    /// Columns that differ, with what each reading says.
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
    /// When we saw it.
    pub observed_at: Option<DateTime<Utc>>,
}

/// Two readings of a partition.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// What differs, by key.
    pub differences: Vec<Difference>,
    /// Rows that both readings have, and that say the same.
    pub same: usize,
    /// Rows that one reading has of days (of securities, where a table is asked by them) of which the other has
    /// nothing: counted, and no differences.
    pub apart: [usize; 2],
}

/// Event days to look at.
pub type Range = Option<(NaiveDate, NaiveDate)>;

/// A row of a reading, and the part of the key by which it is compared.
type Placed = (u64, u32);

impl Builder<'_> {
    /// What the two vendors of the table say of the same keys. Values agree where one is a coarser rounding of the other.
    #[must_use]
    pub fn between(mut self, range: Range) -> Comparison {
        let sources = self.sources();
        let ranks = ranks(self.table, &sources);
        let rank = |origin: &[(u32, u32)], row: u32| ranks[origin[row as usize].0 as usize];
        let rows: Vec<(u32, u32)> = if self.table.versions.is_some() {
            let versions = self.history(&mut BTreeSet::new());
            let ranked = versions.iter().map(|version| (rank(&self.origin, version.row), version));
            let ranked: Vec<(u32, &Version)> = ranked.collect();
            // Revisions count up within a key, vendor and occurrence: the newest word of each.
            let of_one = ranked.chunk_by(|a, b| a.0 == b.0 && a.1.revision < b.1.revision);
            let newest = of_one.filter_map(|versions| {
                versions.iter().max_by_key(|(_, version)| (version.announced.or(version.known), version.revision))
            });
            newest.map(|(rank, version)| (version.row, *rank)).collect()
        } else {
            let all = |_| true;
            let kept = each_vendor(self.table, &mut self.columns, &self.texts, &self.origin, &sources, all, |_, _| {});
            kept.into_iter().map(|kept| (kept.row, kept.rank)).collect()
        };
        let common = self.table.common_key();
        let parts = keys(&common, &self.columns, &self.texts, &self.origin, &sources);
        let [first, second] = [0, 1].map(|wanted| -> Vec<Placed> {
            let rows = rows.iter().filter(|(_, rank)| *rank == wanted);
            rows.map(|(row, _)| (parts[*row as usize], *row)).collect()
        });
        let vendors = self.table.vendors();
        let has = |vendor: &&str, column: usize| {
            let of_vendor = |source: &&TableSource| source.contract.id.vendor == *vendor;
            self.table.sources.iter().filter(of_vendor).any(|source| source.fills(column))
        };
        let both = |column: &usize| !common.contains(column) && vendors.iter().all(|vendor| has(vendor, *column));
        let compared = (0..self.columns.len()).filter(both).collect();
        Reader::new(&self, compared, true).compare([first, second], range)
    }

    /// What the table said by some of the files, and what it says by others: `speaks` tells of each file by which.
    #[must_use]
    pub fn changed(mut self, speaks: &[[bool; 2]], range: Range) -> Comparison {
        let sources = self.sources();
        // The older reading first: what a row takes over from older ones is the same in both.
        let readings = [0, 1].map(|side| -> Vec<Placed> {
            let counts = |file: u32| speaks[file as usize][side];
            let kept = merge(self.table, &mut self.columns, &self.texts, &self.origin, &sources, counts, |_, _| {});
            kept.into_iter().map(|kept| (kept.key, kept.row)).collect()
        });
        Reader::new(&self, self.beside_key(), false).compare(readings, range)
    }

    /// The versions that were first seen at `since` or later, each beside the one before it.
    #[must_use]
    pub fn revised(mut self, since: DateTime<Utc>, range: Range) -> Comparison {
        let versions = self.history(&mut BTreeSet::new());
        let reader = Reader::new(&self, self.beside_key(), false);
        let is_later = |version: &Version| version.observed.is_some_and(|at| at >= since);
        let older = versions.iter().filter(|version| !is_later(version));
        let known: HashSet<Option<Cell>> = older.map(|version| reader.scope(version.row)).collect();
        let mut comparison = Comparison::default();
        let mut last: Option<Version> = None;
        for version in versions {
            let before = last.replace(version).filter(|_| version.revision > 1);
            if !reader.is_in(version.row, range) {
                continue;
            }
            let mut difference = match before {
                _ if !is_later(&version) => {
                    comparison.same += 1;
                    continue;
                }
                None if !known.contains(&reader.scope(version.row)) => {
                    comparison.apart[1] += 1;
                    continue;
                }
                None => reader.only(1, version.row),
                Some(before) => reader.difference([before.row, version.row]),
            };
            let known_on = version.known.and_then(day::day);
            difference.revision = Some(Revision { number: version.revision, known_on, observed_at: version.observed });
            comparison.differences.push(difference);
        }
        comparison
    }

    fn beside_key(&self) -> Vec<usize> {
        (0..self.columns.len()).filter(|column| !self.table.key.contains(column)).collect()
    }
}

/// Rows of a builder, read for comparison.
struct Reader<'b, 'a> {
    from: &'b Builder<'a>,
    sources: Vec<&'a TableSource>,
    /// By column and file.
    shifts: Vec<Vec<i8>>,
    /// The columns to compare.
    compared: Vec<usize>,
    /// A coarser rounding of a number agrees with it.
    is_loose: bool,
}

impl<'b, 'a> Reader<'b, 'a> {
    fn new(from: &'b Builder<'a>, compared: Vec<usize>, is_loose: bool) -> Self {
        let sources = from.sources();
        let shifts = (0..from.columns.len()).map(|column| shifts(&sources, column)).collect();
        Self { from, sources, shifts, compared, is_loose }
    }

    fn compare(&self, readings: [Vec<Placed>; 2], range: Range) -> Comparison {
        let [first, second] = readings.map(|mut rows| {
            rows.retain(|(_, row)| self.is_in(*row, range));
            rows.sort_unstable();
            rows
        });
        let scopes = [&first, &second].map(|rows| rows.iter().map(|(_, row)| self.scope(*row)).collect::<HashSet<_>>());
        let mut comparison = Comparison::default();
        let (mut ours, mut theirs) = (first.as_slice(), second.as_slice());
        while let Some(part) = ours.first().into_iter().chain(theirs.first()).map(|(part, _)| *part).min() {
            let [mut left, mut right] = [&mut ours, &mut theirs].map(|rows| {
                let (alike, rest) = rows.split_at(rows.partition_point(|(other, _)| *other <= part));
                *rows = rest;
                alike.iter().map(|(_, row)| *row).collect::<Vec<u32>>()
            });
            // Of several rows those that agree go together, the others in the order of what they say.
            left.retain(|row| match right.iter().position(|other| self.agree([*row, *other])) {
                Some(at) => {
                    right.remove(at);
                    comparison.same += 1;
                    false
                }
                None => true,
            });
            for rows in [&mut left, &mut right] {
                rows.sort_by(|a, b| by_content(&self.from.columns, &self.from.texts, *a as usize, *b as usize));
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

    /// What an answer is about: the day, or the security where the table is asked by them.
    fn scope(&self, row: u32) -> Option<Cell> {
        let table = self.from.table;
        if table.sources.iter().all(|source| source.contract.ask.axis.by_security()) {
            let text = table.key.iter().find(|column| table.columns[**column].kind == ColumnType::Utf8)?;
            return Some(self.cell(*text, row));
        }
        Some(Cell::Date(day::days(self.day(row)?)))
    }

    fn day(&self, row: u32) -> Option<NaiveDate> {
        day::day(self.cell(self.from.table.event?, row).day()?)
    }

    fn is_in(&self, row: u32, range: Range) -> bool {
        range.is_none_or(|(start, end)| self.day(row).is_some_and(|day| start <= day && day <= end))
    }

    fn cell(&self, column: usize, row: u32) -> Cell {
        self.from.columns[column].get(row as usize)
    }

    fn source(&self, row: u32) -> &'a TableSource {
        self.sources[self.from.origin[row as usize].0 as usize]
    }

    fn shift(&self, column: usize, row: u32) -> i8 {
        self.shifts[column][self.from.origin[row as usize].0 as usize]
    }

    fn agree(&self, rows: [u32; 2]) -> bool {
        self.compared.iter().all(|column| self.is_same(*column, rows))
            && (self.is_loose || self.source(rows[0]).contract.id.vendor == self.source(rows[1]).contract.id.vendor)
    }

    fn is_same(&self, column: usize, rows: [u32; 2]) -> bool {
        let [a, b] = rows.map(|row| self.cell(column, row));
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
        match self.cell(column, row) {
            Cell::Number(decimal) => {
                let exponent = decimal.exponent.saturating_add(shift);
                Some(Number::Short(Decimal { mantissa: decimal.mantissa, exponent }))
            }
            Cell::Wide(id) => wide_to_f64(self.from.texts.get(id), shift).map(Number::Long),
            _ => None,
        }
    }

    fn value(&self, column: usize, row: u32) -> Value {
        let kind = self.from.table.columns[column].kind;
        match (self.cell(column, row), self.number(column, row)) {
            (Cell::Text(id), _) => self.from.texts.get(id).into(),
            (Cell::Date(days), _) => day::day(days).map(|day| day.to_string()).into(),
            (Cell::Flag(flag), _) => flag.into(),
            (cell, Some(number)) => {
                let whole = match cell {
                    Cell::Number(decimal) => decimal.to_i64(self.shift(column, row)),
                    Cell::Wide(id) => wide_to_i64(self.from.texts.get(id), self.shift(column, row)),
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
            let said = rows.iter().map(|row| self.value(column, *row)).find(|value| !value.is_null());
            (self.from.table.columns[column].name.clone(), said.unwrap_or_default())
        };
        self.from.table.key.iter().map(|column| value(*column)).collect()
    }

    fn only(&self, side: usize, row: u32) -> Difference {
        let vendor = self.source(row).contract.id.vendor.clone();
        Difference { key: self.key(&[row]), vendor, only: Some(side), columns: Vec::new(), revision: None }
    }

    fn difference(&self, rows: [u32; 2]) -> Difference {
        let differ = self.compared.iter().filter(|column| !self.is_same(**column, rows));
        let told =
            |column: &usize| (self.from.table.columns[*column].name.clone(), rows.map(|row| self.value(*column, row)));
        let mut columns: Vec<(String, [Value; 2])> = differ.map(told).collect();
        let vendors = rows.map(|row| self.source(row).contract.id.vendor.as_str());
        if !self.is_loose && vendors[0] != vendors[1] {
            columns.push((VENDOR.name.to_owned(), vendors.map(Value::from)));
        }
        Difference { key: self.key(&rows), vendor: vendors[1].to_owned(), only: None, columns, revision: None }
    }
}

/// A number in the column's unit.
enum Number {
    Short(Decimal),
    /// Of more digits than a decimal holds: none of them is a coarser rounding of another number.
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
