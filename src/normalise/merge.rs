//! Rows of the same key: one speaks. Within a file a repeat counts once and a null beside a value is
//! filled; between files of a vendor the newest row wins, except that a coarser rounding of the same number does
//! not displace the finer text, and a column that a file lacks takes nothing away (`design.md` 4). Between vendors
//! the first in the table's order wins, with whole rows.

use std::cmp::Ordering;

use super::cells::{Cell, Cells, Texts};
use super::key::keys;
use super::vendors::{first_choice, ranks};
use crate::spec::{Table, TableSource};

/// A row to keep; `occurrence` counts those of its key and vendor from 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    pub(super) row: u32,
    pub(super) occurrence: i32,
    /// Its key, as a number.
    pub(super) key: u64,
    /// The place of its vendor in the table's order.
    pub(super) rank: u32,
}

/// The rows to keep of the files that count, sorted by key; `reject` hears of the others that broke a promise.
pub(super) fn merge(
    table: &Table,
    columns: &mut [Cells],
    texts: &Texts,
    origin: &[(u32, u32)],
    sources: &[&TableSource],
    counts: impl Fn(u32) -> bool,
    reject: impl FnMut(usize, String),
) -> Vec<Kept> {
    let mut kept = each_vendor(table, columns, texts, origin, sources, counts, reject);
    if kept.iter().any(|one| one.rank != kept[0].rank) {
        // Who wins is decided by what all of them say of a key.
        let parts = keys(&table.common_key(), columns, texts, origin, sources);
        first_choice(&mut kept, |one| one.rank, |one| parts[one.row as usize]);
    }
    kept
}

/// The rows of each vendor, sorted by key and the vendor's place.
pub(super) fn each_vendor(
    table: &Table,
    columns: &mut [Cells],
    texts: &Texts,
    origin: &[(u32, u32)],
    sources: &[&TableSource],
    counts: impl Fn(u32) -> bool,
    mut reject: impl FnMut(usize, String),
) -> Vec<Kept> {
    let keys = keys(&table.key, columns, texts, origin, sources);
    let ranks = ranks(table, sources);
    // Rows came file by file, oldest first, so the row number breaks ties by age.
    let place = |(row, key): (u32, &u64)| (*key, ranks[origin[row as usize].0 as usize], row);
    let counting = (0u32..).zip(&keys).filter(|(row, _)| counts(origin[*row as usize].0));
    let mut order: Vec<(u64, u32, u32)> = counting.map(place).collect();
    order.sort_unstable();
    let mut kept = Vec::with_capacity(order.len());
    for group in order.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let (key, rank, row) = group[0];
        if group.len() == 1 {
            kept.push(Kept { row, occurrence: 1, key, rank });
            continue;
        }
        // One row speaks for the key, or one for each of its occurrences.
        let mut spoken: Vec<usize> = Vec::new();
        for file in group.chunk_by(|a, b| origin[a.2 as usize].0 == origin[b.2 as usize].0) {
            let mut rows: Vec<usize> = file.iter().map(|(_, _, row)| *row as usize).collect();
            if table.occurrence {
                // The order of rows in an answer means nothing: what they say puts them in one.
                rows.sort_by(|a, b| by_content(columns, texts, *a, *b));
                if table.distinct {
                    rows.dedup_by(|a, b| by_content(columns, texts, *a, *b).is_eq());
                }
            } else if let Some(column) = conflict(table, columns, &rows) {
                for &row in &rows {
                    reject(row, format!("two rows of one file have the same key and differ in `{column}`"));
                }
                continue;
            } else {
                rows = vec![fold(columns, &rows)];
            }
            for (place, row) in rows.into_iter().enumerate() {
                match spoken.get_mut(place) {
                    Some(before) => {
                        displace(columns, *before, row);
                        *before = row;
                    }
                    None => spoken.push(row),
                }
            }
        }
        for (occurrence, row) in (1..).zip(spoken) {
            kept.push(Kept { row: u32::try_from(row).unwrap_or(u32::MAX), occurrence, key, rank });
        }
    }
    kept
}

/// Orders rows by what they say, column by column; nothing comes first.
pub(super) fn by_content(columns: &[Cells], texts: &Texts, a: usize, b: usize) -> Ordering {
    let compare = |cells: &Cells| match (cells.get(a), cells.get(b)) {
        (Cell::Text(a), Cell::Text(b)) | (Cell::Wide(a), Cell::Wide(b)) => texts.get(a).cmp(texts.get(b)),
        (Cell::Number(a), Cell::Number(b)) => a.to_f64(0).total_cmp(&b.to_f64(0)),
        (Cell::Date(a), Cell::Date(b)) => a.cmp(&b),
        (Cell::Flag(a), Cell::Flag(b)) => a.cmp(&b),
        (a, b) => (!a.is_empty()).cmp(&!b.is_empty()),
    };
    columns.iter().map(compare).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// The first column in which two rows of a file hold different things; nothing differs from no thing.
fn conflict<'t>(table: &'t Table, columns: &[Cells], rows: &[usize]) -> Option<&'t str> {
    let differ = |a: Cell, b: Cell| match (a, b) {
        (Cell::Number(a), Cell::Number(b)) => !a.equals(b),
        _ => !a.is_empty() && !b.is_empty() && a != b,
    };
    let names = table.columns.iter().map(|column| column.name.as_str());
    names.zip(columns).find_map(|(name, cells)| {
        let mut said = Cell::Null;
        for &row in rows {
            let cell = cells.get(row);
            if differ(said, cell) {
                return Some(name);
            }
            if !cell.is_empty() {
                said = cell;
            }
        }
        None
    })
}

/// Folds rows of one file that do not conflict into the last of them.
fn fold(columns: &mut [Cells], rows: &[usize]) -> usize {
    let last = rows[rows.len() - 1];
    for cells in columns.iter_mut() {
        if cells.get(last).is_empty()
            && let Some(said) = rows.iter().rev().map(|row| cells.get(*row)).find(|cell| !cell.is_empty())
        {
            cells.set(last, said);
        }
    }
    last
}

/// Lets the row `newer` win over `older`, except where the newer says less of the same.
fn displace(columns: &mut [Cells], older: usize, newer: usize) {
    for cells in columns.iter_mut() {
        match (cells.get(older), cells.get(newer)) {
            (old, Cell::Absent) => cells.set(newer, old),
            (Cell::Number(old), Cell::Number(new)) if new.is_rounding_of(old) => {
                cells.set(newer, Cell::Number(old));
            }
            _ => {}
        }
    }
}
