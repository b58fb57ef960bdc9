//! A table as used by the program: columns, sources, and the rules for its rows.
//!
//! A [`Table`] is proof that every name resolves, every unit converts, the key exists and the event is a date. Code
//! that has one does not check again. [`super::bind`] creates them.

use std::sync::Arc;

use super::units::UnitRatio;
use pitlake_contract::{Axis, Contract, FieldType, InterfaceId, Unit};

/// The type of a silver column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// Text.
    Utf8,
    /// A date.
    Date,
    /// A whole number.
    Int64,
    /// A price, a ratio or an amount of money.
    Float64,
    /// True or false.
    Boolean,
    /// An instant in UTC, to the microsecond.
    Timestamp,
}

pub(super) const COLUMN_TYPES: &[(&str, ColumnType)] = &[
    ("utf8", ColumnType::Utf8),
    ("date", ColumnType::Date),
    ("int64", ColumnType::Int64),
    ("float64", ColumnType::Float64),
    ("boolean", ColumnType::Boolean),
    ("timestamp", ColumnType::Timestamp),
];

impl ColumnType {
    /// The name in TOML and in `pitlake tables`.
    #[must_use]
    pub fn name(self) -> &'static str {
        COLUMN_TYPES.iter().find(|row| row.1 == self).map_or("", |row| row.0)
    }
}

/// How rows are split into files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartitionBy {
    /// One file for the table.
    None,
    /// One file per year: up to about 20,000 rows per day.
    Year,
    /// One file per month: up to about a million rows per day.
    Month,
    /// One file per day.
    Day,
}

pub(super) const PARTITIONS: &[(&str, PartitionBy)] = &[
    ("none", PartitionBy::None),
    ("year", PartitionBy::Year),
    ("month", PartitionBy::Month),
    ("day", PartitionBy::Day),
];

impl PartitionBy {
    /// The name in TOML and in `pitlake tables`.
    #[must_use]
    pub fn name(self) -> &'static str {
        PARTITIONS.iter().find(|row| row.1 == self).map_or("", |row| row.0)
    }
}

/// From when a row is known (`docs/point-in-time.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// From the end of the day it is about.
    Event,
    /// From the session after: the vendor publishes the next morning.
    NextSession,
    /// From when it was fetched, as snapshots are.
    Observed,
    /// From the vendor's announcement date, version by version.
    Announced,
}

pub(super) const KNOWN: &[(&str, Known)] = &[
    ("event", Known::Event),
    ("next_session", Known::NextSession),
    ("observed", Known::Observed),
    ("announced", Known::Announced),
];

impl Known {
    /// The name in TOML and in `pitlake tables`.
    #[must_use]
    pub fn name(self) -> &'static str {
        KNOWN.iter().find(|row| row.1 == self).map_or("", |row| row.0)
    }
}

/// A silver column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name: Tushare's if Tushare has the column.
    pub name: String,
    /// Its type.
    pub kind: ColumnType,
    /// Its unit.
    pub unit: Option<Unit>,
    /// Whether a row without it is rejected.
    pub required: bool,
    /// What it means, including pitfalls.
    pub description: String,
}

/// How one column is filled from one field.
#[derive(Debug, Clone)]
pub struct FieldPlan {
    /// Index of the column in [`Table::columns`].
    pub column: usize,
    /// Index of the field in the contract.
    pub field: usize,
    /// How the vendor writes its values.
    pub kind: FieldType,
    /// The number of places to move the decimal point right, derived from the two units.
    pub shift: i8,
}

/// One interface that feeds the table.
#[derive(Debug, Clone)]
pub struct TableSource {
    /// One plan per column it fills.
    pub contract: Arc<Contract>,
    /// One plan per column that it fills.
    pub fields: Vec<FieldPlan>,
    /// The list whose elements are the rows, in a nested reply.
    pub rows: Option<String>,
    /// Columns without which a row is dropped.
    pub needs: Vec<usize>,
}

/// How to tell the versions of a key apart (`docs/point-in-time.md`). All fields are column indices.
#[derive(Debug, Clone)]
pub struct Versions {
    /// The announcement dates. The announcement was made on the latest of them.
    pub announced: Vec<usize>,
    /// The column that decides which dates those are, if any does.
    pub announced_by: Option<AnnouncedBy>,
    /// The end of the period: an earlier date is not an announcement.
    pub not_before: Option<usize>,
    /// A date before which no announcement can have been made: an earlier one counts as made on it.
    pub earliest: Option<usize>,
    /// Whether rows of one answer with different announcements are separate occurrences instead of versions of one.
    pub occurrence_per_announcement: bool,
    /// The vendor's correction flag: `1` for the correction of a `0`.
    pub flag: Option<usize>,
    /// The columns in which versions differ: all except key, dates, flag and labels. The dates of `announced_by` are
    /// included, because each is a figure for rows that it does not announce.
    pub figures: Vec<usize>,
}

/// A column that is filled in later than its row: it is null as of any day before its date. If the date is null, a
/// column other than the date itself is null as of days before the row was observed. Both fields are column indices.
#[derive(Debug, Clone, Copy)]
pub struct FilledLater {
    /// The column.
    pub column: usize,
    /// Its date, or the column itself if that is a date.
    pub by: usize,
}

/// The announcement dates of a row, chosen by the value of one of its columns.
#[derive(Debug, Clone)]
pub struct AnnouncedBy {
    /// The column.
    pub column: usize,
    /// Its values, each with its announcement dates. Rows with another value are unannounced.
    pub dates: Vec<(String, Vec<usize>)>,
}

/// What a snapshot's dated columns tell about the days before the first look (`docs/point-in-time.md`). All fields are
/// column indices.
#[derive(Debug, Clone)]
pub struct History {
    /// The day a row began.
    pub from: usize,
    /// The day a row ended, which is null before it.
    pub until: Option<usize>,
    /// The columns that never change, besides the key and `from`. All others only describe the day of the fetch, and
    /// are null for earlier days.
    pub constant: Vec<usize>,
    /// Columns with their value before the row ended.
    pub before: Vec<(usize, String)>,
    /// Columns with their value since then.
    pub after: Vec<(usize, String)>,
}

/// A vendor's row, and what it must become.
#[derive(Debug, Clone)]
pub struct Example {
    /// The interface that sends it.
    pub source: InterfaceId,
    /// The bronze line.
    pub given: String,
    /// Parameters of the call, for values that the line lacks.
    pub call: Vec<(String, String)>,
    /// Columns and their expected values as text, with `null` for nulls.
    pub expect: Vec<(String, String)>,
    /// A part of the expected reason, if the row must be rejected.
    pub rejected: Option<String>,
}

/// A table.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name, and its folder in silver.
    pub name: String,
    /// A title.
    pub title: String,
    /// What it means, including pitfalls.
    pub description: String,
    /// Indices of the key columns; rows are sorted by them.
    pub key: Vec<usize>,
    /// How rows are split into files.
    pub partition: PartitionBy,
    /// The index of the event day.
    pub event: Option<usize>,
    /// Whether rows with the same key in one reply are all kept and numbered.
    pub occurrence: bool,
    /// Whether numbered rows that are equal in every column count as one.
    pub distinct: bool,
    /// Columns that are filled in later than their row.
    pub filled_later: Vec<FilledLater>,
    /// Columns that the vendor recomputes from later events. They are unknown as of any day.
    pub recomputed: Vec<usize>,
    /// From when a row is known.
    pub known: Known,
    /// The columns filled by vendors. The program adds `vendor` after them.
    pub columns: Vec<Column>,
    /// The sources, first choice first.
    pub sources: Vec<TableSource>,
    /// Sources of vendors that `jobs.toml` leaves out: the table contains none of their rows.
    pub left_out: Vec<TableSource>,
    /// The order of vendors in `jobs.toml`, if it differs from the pipeline's.
    pub preferred: Option<Vec<String>>,
    /// How to tell versions apart, if all are kept; otherwise only the newest row of a key is.
    pub versions: Option<Versions>,
    /// What dated columns tell about the days before the first look, if anything.
    pub history: Option<History>,
    /// The unit checks that the table's columns allow.
    pub unit_ratios: Vec<UnitRatio>,
    /// Rows, and what they must become.
    pub examples: Vec<Example>,
    /// Digest of the pipeline and its contracts, as text.
    pub digest: String,
}

impl TableSource {
    /// Whether it fills a column.
    #[must_use]
    pub fn fills(&self, column: usize) -> bool {
        self.fields.iter().any(|plan| plan.column == column)
    }

    /// The power of ten from its numbers in a column to the column's unit. 0 if it does not fill the column.
    #[must_use]
    pub fn shift(&self, column: usize) -> i8 {
        self.fields.iter().find(|plan| plan.column == column).map_or(0, |plan| plan.shift)
    }
}

impl Table {
    /// The source of an interface, even one that is left out.
    #[must_use]
    pub fn source(&self, id: &InterfaceId) -> Option<&TableSource> {
        self.sources.iter().chain(&self.left_out).find(|source| source.contract.id == *id)
    }

    /// The amount and volume of a bar whose price is in yuan per share: amount / volume lies between the bar's low and
    /// high.
    #[must_use]
    pub fn traded(&self) -> Option<[usize; 2]> {
        self.unit_ratios.iter().find_map(|check| match check {
            UnitRatio::Price { amount, volume, price: Some(price) } => {
                let is_price = self.columns[*price].unit == Some(Unit::CnyPerShare);
                (is_price && self.columns[*amount].name == "amount").then_some([*amount, *volume])
            }
            _ => None,
        })
    }

    /// The vendors of its sources, first choice first.
    #[must_use]
    pub fn vendors(&self) -> Vec<&str> {
        let mut vendors: Vec<&str> = Vec::new();
        for source in &self.sources {
            let vendor = source.contract.id.vendor.as_str();
            if !vendors.contains(&vendor) {
                vendors.push(vendor);
            }
        }
        vendors
    }

    /// The key columns that every source fills, by which vendors are compared.
    #[must_use]
    pub fn common_key(&self) -> Vec<usize> {
        let common = |column: &usize| self.sources.iter().all(|source| source.fills(*column));
        self.key.iter().copied().filter(common).collect()
    }

    /// The table with the sources of only these vendors, in this order. `None` if one of them has none.
    #[must_use]
    pub fn fed_by(&self, vendors: &[&str]) -> Option<Self> {
        let mut table = self.clone();
        table.sources.append(&mut table.left_out);
        let all = table.vendors();
        let is_fed = vendors.iter().all(|vendor| all.contains(vendor));
        table.prefer(&vendors.iter().map(|vendor| (*vendor).to_owned()).collect::<Vec<_>>());
        is_fed.then_some(table)
    }

    /// Sets the order of vendors, and leaves out the sources of all others.
    pub(super) fn prefer(&mut self, order: &[String]) {
        let usual: Vec<String> = self.vendors().into_iter().map(str::to_owned).collect();
        let place = |source: &TableSource| order.iter().position(|vendor| *vendor == source.contract.id.vendor);
        let sources = std::mem::take(&mut self.sources).into_iter();
        (self.sources, self.left_out) = sources.partition(|source| place(source).is_some());
        self.sources.sort_by_key(place);
        let now: Vec<String> = self.vendors().into_iter().map(str::to_owned).collect();
        self.preferred = (now != usual).then_some(now);
    }

    /// The sources that share a source's bronze folder, including itself, first choice first: interfaces with the same
    /// rows.
    pub fn sharing(&self, source: usize) -> impl Iterator<Item = usize> + '_ {
        let folder = move |index: usize| {
            let contract = &self.sources[index].contract;
            (&contract.id.vendor, &contract.kind)
        };
        (0..self.sources.len()).filter(move |other| folder(*other) == folder(source))
    }

    /// The name of the companion table with former states (`docs/point-in-time.md`): superseded and withdrawn states of
    /// market tables, and the history of snapshots. `None` for tables that keep versions themselves.
    #[must_use]
    pub fn companion(&self) -> Option<String> {
        match self.known {
            Known::Announced => None,
            Known::Observed => Some(match self.name.strip_suffix("_cn") {
                Some(name) => format!("{name}_history_cn"),
                None => format!("{}_history", self.name),
            }),
            Known::Event | Known::NextSession => self.event.map(|_| format!("{}_superseded", self.name)),
        }
    }

    /// Whether its rows, or those of its companion, depend on the trading calendar.
    #[must_use]
    pub fn uses_sessions(&self) -> bool {
        matches!(self.known, Known::Announced | Known::NextSession)
    }

    /// Whether the newest reply of a source replaces earlier ones.
    #[must_use]
    pub fn is_snapshot(&self) -> bool {
        self.sources.iter().all(|source| source.contract.ask.axis == Axis::Snapshot)
    }
}
