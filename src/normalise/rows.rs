//! The rows of a partition read so far: cells by column, and the line each row came from.
//!
//! Which rows count is decided elsewhere.

use std::hash::BuildHasher as _;

use hashbrown::DefaultHashBuilder;

use super::numbers::Numbers;
use super::order::order;
use super::scalars::{Scalar, ScalarColumn};
use super::texts::Texts;
use crate::spec::{Column, ColumnType, Table, TableSource};

/// A line of one of the partition's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin {
    /// Number of the file, oldest first.
    pub(super) file: u32,
    /// The line, counted from 1.
    pub(super) line: u32,
}

/// What a file says about rows that it does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// An import or another program's file: it only adds rows, and an empty cell says nothing.
    Part,
    /// An answer of our own that is not plainly whole: it removes no rows.
    Partial,
    /// An answer of our own that lacks some keys for good. If versions are kept, it removes rows of the keys that it
    /// does show.
    Short,
    /// A whole answer of our own.
    Whole,
}

/// Empty columns for a table.
pub(super) fn new_columns(table: &Table) -> Vec<ScalarColumn> {
    let new = |column: &Column| match column.kind {
        ColumnType::Utf8 => ScalarColumn::Text(Vec::new()),
        ColumnType::Date => ScalarColumn::Date(Vec::new()),
        ColumnType::Boolean => ScalarColumn::Flag(Vec::new()),
        ColumnType::Int64 | ColumnType::Float64 | ColumnType::Timestamp => ScalarColumn::Number(Numbers::new()),
    };
    table.columns.iter().map(new).collect()
}

/// Rows by column.
#[derive(Debug)]
pub(super) struct RowSet<'a> {
    pub(super) table: &'a Table,
    pub(super) columns: Vec<ScalarColumn>,
    pub(super) texts: Texts,
    /// One per row.
    pub(super) origins: Vec<Origin>,
    /// One per file.
    pub(super) sources: Vec<&'a TableSource>,
    /// One per file.
    pub(super) standings: Vec<Standing>,
    /// For each row at the time of [`RowSet::take_prints`]: a hash of some of its cells.
    prints: Vec<u64>,
}

impl<'a> RowSet<'a> {
    /// No rows of `table`.
    pub(super) fn new(table: &'a Table) -> Self {
        let columns = new_columns(table);
        let (texts, origins) = (Texts::default(), Vec::new());
        Self { table, columns, texts, origins, sources: Vec::new(), standings: Vec::new(), prints: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.origins.len()
    }

    /// Appends the rows of a file. If `ids` is given, it maps their text numbers to those of this set. Then the rows
    /// are ordered by the first text of their key, so that building the table in key order reads each file from front
    /// to back. Tables with versions keep the line order, by which their sightings number the rows.
    pub(super) fn extend(&mut self, file: u32, (columns, lines): (&[ScalarColumn], &[u32]), ids: Option<&[u32]>) {
        let Some(ids) = ids else {
            for (cells, more) in self.columns.iter_mut().zip(columns) {
                cells.append(more);
            }
            self.origins.extend(lines.iter().map(|line| Origin { file, line: *line }));
            return;
        };
        let is_sighted = self.table.versions.is_some();
        let text = self.table.key.iter().filter(|_| !is_sighted).find_map(|column| columns[*column].renumbered(ids));
        let order = order(&text.unwrap_or_else(|| vec![0; lines.len()]), |_| true);
        for (cells, more) in self.columns.iter_mut().zip(columns) {
            cells.append_ordered(more, &order, ids);
        }
        self.origins.extend(order.iter().map(|row| Origin { file, line: lines[*row as usize] }));
    }

    /// Makes rows comparable at a glance in some columns, whose cells must not change any more. The cells of a row are
    /// far apart in memory, and most rows that are compared are equal.
    pub(super) fn take_prints(&mut self, columns: &[usize]) {
        let hasher = DefaultHashBuilder::default();
        let mut prints = vec![0; self.len()];
        for column in columns {
            let mut place = prints.iter_mut();
            self.columns[*column].all(|cell| {
                if let Some(print) = place.next() {
                    *print = hasher.hash_one((*print, cell));
                }
            });
        }
        self.prints = prints;
    }

    /// Whether two rows have the same hash, and so the same cells in the hashed columns, except for one pair in 10^19.
    pub(super) fn is_same_print(&self, a: u32, b: u32) -> bool {
        let print = |row: u32| self.prints.get(row as usize);
        print(a).is_some_and(|of_a| print(b) == Some(of_a))
    }

    /// Appends a copy of a row, with the same origin, and returns its number.
    pub(super) fn copy(&mut self, row: u32) -> u32 {
        let copy = u32::try_from(self.len()).unwrap_or(u32::MAX);
        for cells in &mut self.columns {
            let cell = cells.get(row as usize);
            cells.push(cell);
        }
        self.origins.push(self.origins[row as usize]);
        copy
    }

    /// Appends a row from another set of the same table, with the given origin, and returns its number.
    pub(super) fn append(&mut self, from: &RowSet<'_>, row: u32, origin: Origin) -> u32 {
        let place = u32::try_from(self.len()).unwrap_or(u32::MAX);
        for (cells, others) in self.columns.iter_mut().zip(&from.columns) {
            cells.push(match others.get(row as usize) {
                Scalar::Text(id) => Scalar::Text(self.texts.intern(from.texts.get(id))),
                Scalar::Wide(id) => Scalar::Wide(self.texts.intern(from.texts.get(id))),
                cell => cell,
            });
        }
        self.origins.push(origin);
        place
    }

    /// Empties some cells of a row.
    pub(super) fn clear(&mut self, row: u32, which: impl Fn(usize) -> bool) {
        for (_, cells) in self.columns.iter_mut().enumerate().filter(|(column, _)| which(*column)) {
            cells.set(row as usize, Scalar::Null);
        }
    }

    /// Removes all rows from `len` on.
    pub(super) fn truncate(&mut self, len: usize) {
        self.origins.truncate(len);
        for cells in &mut self.columns {
            cells.truncate(len);
        }
    }

    pub(super) fn cell(&self, column: usize, row: u32) -> Scalar {
        self.columns[column].get(row as usize)
    }

    /// The number of the file a row came from.
    pub(super) fn file(&self, row: u32) -> usize {
        self.origins[row as usize].file as usize
    }

    /// What the file of a row says about other rows.
    pub(super) fn standing(&self, row: usize) -> Standing {
        self.standings[self.origins[row].file as usize]
    }

    pub(super) fn source(&self, row: u32) -> &'a TableSource {
        self.sources[self.file(row)]
    }

    /// For each file, the power of ten from its numbers in a column to the column's unit.
    pub(super) fn shifts(&self, column: usize) -> Vec<i8> {
        self.sources.iter().map(|source| source.shift(column)).collect()
    }

    /// That power of ten, if it is the same for all files.
    pub(super) fn shift(&self, column: usize) -> Option<i8> {
        let first = self.sources.first()?.shift(column);
        self.sources.iter().all(|source| source.shift(column) == first).then_some(first)
    }

    /// For each file, the rank of its vendor in the table's order.
    pub(super) fn ranks(&self) -> Vec<u32> {
        let vendors = self.table.vendors();
        let place = |source: &&TableSource| vendors.iter().position(|vendor| *vendor == source.contract.id.vendor);
        let rank = |source| place(source).and_then(|place| u32::try_from(place).ok()).unwrap_or(u32::MAX);
        self.sources.iter().map(rank).collect()
    }
}
