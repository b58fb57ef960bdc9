//! A table as the program knows it: columns, sources, and the rules for its rows.
//!
//! It is proof: every name resolves, every unit converts, the key is there and the event is a day. Code that gets
//! one never checks again. How it is proven is in [`super::bind`].

use std::sync::Arc;

use super::pipeline::{ColumnType, Example, Known, PartitionBy};
use pitlake_contract::Unit;
use pitlake_contract::{Axis, Contract, InterfaceId, Wire};

/// A silver column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name, Tushare's where Tushare has one.
    pub name: String,
    /// Its type.
    pub kind: ColumnType,
    /// What it counts.
    pub unit: Option<Unit>,
    /// A row without it is rejected.
    pub required: bool,
    /// Meaning and trap.
    pub description: String,
}

/// How one column is filled from one field.
#[derive(Debug, Clone)]
pub struct FieldPlan {
    /// Index of the column in [`Table::columns`].
    pub column: usize,
    /// Index of the field in the contract.
    pub field: usize,
    /// How the vendor writes it.
    pub wire: Wire,
    /// Places the decimal point moves right: derived from the two units, never written by hand.
    pub shift: i8,
}

/// One interface that feeds the table.
#[derive(Debug, Clone)]
pub struct TableSource {
    /// What the vendor says.
    pub contract: Arc<Contract>,
    /// One plan a column that it fills.
    pub fields: Vec<FieldPlan>,
    /// Of a nested reply, the list whose elements are the rows.
    pub rows: Option<String>,
    /// Columns without which a row is none, and dropped.
    pub needs: Vec<usize>,
}

/// Columns whose ratio shows the unit.
#[derive(Debug, Clone, Copy)]
pub struct UnitRatio {
    /// Money.
    pub amount: usize,
    /// Shares.
    pub volume: usize,
    /// Money for a share.
    pub price: usize,
}

/// How versions under a key are told apart (`design.md` 5); all are indices of columns.
#[derive(Debug, Clone)]
pub struct Versions {
    /// The dates of an announcement: it was made on the latest of them.
    pub announced: Vec<usize>,
    /// Where it hangs on a column which dates those are.
    pub announced_by: Option<AnnouncedBy>,
    /// The period's end: an earlier date announces nothing.
    pub not_before: Option<usize>,
    /// The vendor's mark of a correction: `1` beside a `0`.
    pub flag: Option<usize>,
    /// What makes two versions differ: neither key nor date, flag or label. The dates of `announced_by` are among
    /// it: each is a figure of the rows that it does not announce.
    pub figures: Vec<usize>,
}

/// Which dates announce a row, by what one of its columns holds.
#[derive(Debug, Clone)]
pub struct AnnouncedBy {
    /// The column.
    pub column: usize,
    /// Its values, with the dates that announce then. Other values are unannounced.
    pub dates: Vec<(String, Vec<usize>)>,
}

/// A table, proven.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name, and its folder in silver.
    pub name: String,
    /// One line.
    pub title: String,
    /// Meaning and traps.
    pub description: String,
    /// Indices of the key columns; rows are sorted by them.
    pub key: Vec<usize>,
    /// How rows are spread over files.
    pub partition: PartitionBy,
    /// Index of the event day.
    pub event: Option<usize>,
    /// Repeats of a key within an answer are real, and numbered.
    pub occurrence: bool,
    /// Of those that are numbered, the ones that say the same in every column count once.
    pub distinct: bool,
    /// Columns that are filled in later than their row: nothing before the date they hold.
    pub filled_later: Vec<usize>,
    /// From when a row may be used.
    pub known: Known,
    /// Columns filled from vendors; the program adds `vendor` at the end.
    pub columns: Vec<Column>,
    /// Sources, first choice first.
    pub sources: Vec<TableSource>,
    /// Sources of vendors that `jobs.toml` leaves out: nothing in the table is theirs.
    pub left_out: Vec<TableSource>,
    /// The order of vendors that `jobs.toml` wants, where it is another than the pipeline's.
    pub preferred: Option<Vec<String>>,
    /// How versions are told apart, where every one is kept; else the newest row of a key is.
    pub versions: Option<Versions>,
    /// The check on units, where the table allows one.
    pub unit_ratio: Option<UnitRatio>,
    /// Rows and what they must become.
    pub examples: Vec<Example>,
    /// Digest of the pipeline and its contracts as written.
    pub digest: String,
}

impl TableSource {
    /// Whether it has a field for that column.
    #[must_use]
    pub fn fills(&self, column: usize) -> bool {
        self.fields.iter().any(|plan| plan.column == column)
    }
}

impl Table {
    /// The source of that interface, one that is left out included.
    #[must_use]
    pub fn source(&self, id: &InterfaceId) -> Option<&TableSource> {
        self.sources.iter().chain(&self.left_out).find(|source| source.contract.id == *id)
    }

    /// The vendors that feed it, first choice first.
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

    /// The part of the key that every source fills: what vendors can be compared by.
    #[must_use]
    pub fn common_key(&self) -> Vec<usize> {
        let common = |column: &usize| self.sources.iter().all(|source| source.fills(*column));
        self.key.iter().copied().filter(common).collect()
    }

    /// The table as these vendors alone would feed it, in that order; `None` where one of them does not.
    #[must_use]
    pub fn fed_by(&self, vendors: &[&str]) -> Option<Self> {
        let mut table = self.clone();
        table.sources.append(&mut table.left_out);
        let all = table.vendors();
        let is_fed = vendors.iter().all(|vendor| all.contains(vendor));
        table.prefer(&vendors.iter().map(|vendor| (*vendor).to_owned()).collect::<Vec<_>>());
        is_fed.then_some(table)
    }

    /// Takes another order of vendors; one that is not named does not feed the table.
    pub(super) fn prefer(&mut self, order: &[String]) {
        let usual: Vec<String> = self.vendors().into_iter().map(str::to_owned).collect();
        let place = |source: &TableSource| order.iter().position(|vendor| *vendor == source.contract.id.vendor);
        let sources = std::mem::take(&mut self.sources).into_iter();
        (self.sources, self.left_out) = sources.partition(|source| place(source).is_some());
        self.sources.sort_by_key(place);
        let now: Vec<String> = self.vendors().into_iter().map(str::to_owned).collect();
        self.preferred = (now != usual).then_some(now);
    }

    /// The sources whose bronze lies in the folder of one of them, that one included, first choice first:
    /// interfaces that say the same.
    pub fn sharing(&self, source: usize) -> impl Iterator<Item = usize> + '_ {
        let folder = move |index: usize| {
            let contract = &self.sources[index].contract;
            (&contract.id.vendor, &contract.kind)
        };
        (0..self.sources.len()).filter(move |other| folder(*other) == folder(source))
    }

    /// Whether the newest answer of a source replaces the ones before (no day axis).
    #[must_use]
    pub fn is_snapshot(&self) -> bool {
        self.sources.iter().all(|source| source.contract.ask.axis == Axis::Snapshot)
    }
}
