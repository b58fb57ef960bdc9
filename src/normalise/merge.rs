//! Rows of the same key become one row. Within a file a repeat counts once, and a null beside a value is filled.
//! Between files of a vendor the newest row wins, except that a coarser rounding of the same number does not replace
//! the finer text, and a column that a file lacks keeps its former value (`docs/lake-format.md`). Between vendors the
//! first in the table's order wins, with whole rows.

use std::cmp::Ordering;

use super::key::keys;
use super::rows::{Origin, RowSet};
use super::scalars::{Scalar, ScalarColumn};
use super::vendors::keep_preferred;

/// A row to keep.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    pub(super) row: u32,
    /// Its number among the rows of its key and vendor, from 1.
    pub(super) occurrence: i32,
    /// Its key, as a number.
    pub(super) key: u64,
    /// The place of its vendor in the table's order.
    pub(super) rank: u32,
}

/// The rows to keep, sorted by key, of the files that `counts` selects. `reject` gets the rows that contradict each
/// other.
pub(super) fn merge(
    rows: &mut RowSet<'_>,
    counts: impl Fn(u32) -> bool,
    reject: impl FnMut(Origin, String),
) -> Vec<Kept> {
    let mut kept = merge_each_vendor(rows, counts, reject);
    if kept.iter().any(|one| one.rank != kept[0].rank) {
        // The choice between vendors is made by the part of the key that all of them have.
        let parts = keys(rows, &rows.table.common_key());
        keep_preferred(&mut kept, |one| one.rank, |one| parts[one.row as usize]);
    }
    kept
}

/// As [`merge`], with the rows of every vendor: sorted by key and the vendor's place.
pub(super) fn merge_each_vendor(
    rows: &mut RowSet<'_>,
    counts: impl Fn(u32) -> bool,
    mut reject: impl FnMut(Origin, String),
) -> Vec<Kept> {
    let table = rows.table;
    let keys = keys(rows, &table.key);
    let ranks = rows.ranks();
    // Rows came file by file, oldest first, so the row number breaks ties by age.
    let place = |(row, key): (u32, &u64)| (*key, ranks[rows.file(row)], row);
    let counting = (0u32..).zip(&keys).filter(|(row, _)| counts(rows.origins[*row as usize].file));
    let mut order: Vec<(u64, u32, u32)> = counting.map(place).collect();
    order.sort_unstable();
    let mut kept = Vec::with_capacity(order.len());
    for group in order.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let (key, rank, row) = group[0];
        if group.len() == 1 {
            kept.push(Kept { row, occurrence: 1, key, rank });
            continue;
        }
        // One row for the key, or one for each of its occurrences.
        let mut newest: Vec<usize> = Vec::new();
        let files = group.chunk_by(|a, b| rows.file(a.2) == rows.file(b.2));
        let files: Vec<Vec<usize>> = files.map(|file| file.iter().map(|(.., row)| *row as usize).collect()).collect();
        for mut of_file in files {
            if table.occurrence {
                // The order of rows in an answer means nothing: their content orders them.
                of_file.sort_by(|a, b| by_content(rows, *a, *b));
                if table.distinct {
                    of_file.dedup_by(|a, b| by_content(rows, *a, *b).is_eq());
                }
            } else if let Some(column) = conflict(rows, &of_file) {
                for &row in &of_file {
                    let reason = format!("two rows of one file have the same key and differ in `{column}`");
                    reject(rows.origins[row], reason);
                }
                continue;
            } else {
                of_file = vec![fold(&mut rows.columns, &of_file)];
            }
            for (place, row) in of_file.into_iter().enumerate() {
                match newest.get_mut(place) {
                    Some(before) => {
                        replace(&mut rows.columns, *before, row);
                        *before = row;
                    }
                    None => newest.push(row),
                }
            }
        }
        for (occurrence, row) in (1..).zip(newest) {
            kept.push(Kept { row: u32::try_from(row).unwrap_or(u32::MAX), occurrence, key, rank });
        }
    }
    kept
}

/// Orders rows by their content, column by column; empty cells come first.
pub(super) fn by_content(rows: &RowSet<'_>, a: usize, b: usize) -> Ordering {
    let texts = &rows.texts;
    let compare = |cells: &ScalarColumn| match (cells.get(a), cells.get(b)) {
        (Scalar::Text(a), Scalar::Text(b)) => texts.get(a).cmp(texts.get(b)),
        (a @ (Scalar::Number(_) | Scalar::Wide(_)), b @ (Scalar::Number(_) | Scalar::Wide(_))) => {
            a.compare_number(b, texts)
        }
        (Scalar::Date(a), Scalar::Date(b)) => a.cmp(&b),
        (Scalar::Flag(a), Scalar::Flag(b)) => a.cmp(&b),
        (a, b) => (!a.is_empty()).cmp(&!b.is_empty()),
    };
    rows.columns.iter().map(compare).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// The first column in which rows of one file hold different values; an empty cell differs from none.
fn conflict<'a>(rows: &RowSet<'a>, of_file: &[usize]) -> Option<&'a str> {
    let differ = |a: Scalar, b: Scalar| match (a, b) {
        (Scalar::Number(_) | Scalar::Wide(_), Scalar::Number(_) | Scalar::Wide(_)) => {
            a.compare_number(b, &rows.texts).is_ne()
        }
        _ => !a.is_empty() && !b.is_empty() && a != b,
    };
    let names = rows.table.columns.iter().map(|column| column.name.as_str());
    names.zip(&rows.columns).find_map(|(name, cells)| {
        let mut value = Scalar::Null;
        for &row in of_file {
            let cell = cells.get(row);
            if differ(value, cell) {
                return Some(name);
            }
            if !cell.is_empty() {
                value = cell;
            }
        }
        None
    })
}

/// Folds rows of one file that do not conflict into the last of them.
fn fold(columns: &mut [ScalarColumn], rows: &[usize]) -> usize {
    let last = rows[rows.len() - 1];
    for cells in columns.iter_mut() {
        if cells.get(last).is_empty()
            && let Some(value) = rows.iter().rev().map(|row| cells.get(*row)).find(|cell| !cell.is_empty())
        {
            cells.set(last, value);
        }
    }
    last
}

/// Lets the row `newer` replace `older`: it takes over what it lacks, and finer roundings of its numbers.
fn replace(columns: &mut [ScalarColumn], older: usize, newer: usize) {
    for cells in columns.iter_mut() {
        match (cells.get(older), cells.get(newer)) {
            (old, Scalar::Absent) => cells.set(newer, old),
            (Scalar::Number(old), Scalar::Number(new)) if new.is_rounding_of(old) => {
                cells.set(newer, Scalar::Number(old));
            }
            _ => {}
        }
    }
}
