//! Rows of the same key: one speaks. Within a file a repeat counts once and a null beside a value is
//! filled; between files the newest row wins, except that a coarser rounding of the same number does
//! not displace the finer text, and a column that a file lacks takes nothing away (`design.md` 4).

use std::cmp::Ordering;

use super::cells::{Cell, Cells, Texts};
use super::key::keys;
use crate::spec::Table;

/// A row to keep; `occurrence` counts those of its key from 1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    pub(super) row: u32,
    pub(super) occurrence: i32,
}

/// The rows to keep, sorted by key; `reject` hears of the others that broke a promise.
pub(super) fn merge(
    table: &Table,
    columns: &mut [Cells],
    texts: &Texts,
    origin: &[(u32, u32)],
    mut reject: impl FnMut(usize, String),
) -> Vec<Kept> {
    let keys = keys(table, columns, texts, origin.len());
    // Rows came file by file, oldest first, so the row number breaks ties by age.
    let mut order: Vec<(u64, u32)> = (0u32..).zip(&keys).map(|(row, key)| (*key, row)).collect();
    order.sort_unstable();
    let mut kept = Vec::with_capacity(order.len());
    for group in order.chunk_by(|a, b| a.0 == b.0) {
        if let [(_, row)] = group {
            kept.push(Kept { row: *row, occurrence: 1 });
            continue;
        }
        // One row speaks for the key, or one for each of its occurrences.
        let mut spoken: Vec<usize> = Vec::new();
        for file in group.chunk_by(|a, b| origin[a.1 as usize].0 == origin[b.1 as usize].0) {
            let mut rows: Vec<usize> = file.iter().map(|(_, row)| *row as usize).collect();
            if table.occurrence {
                // The order of rows in an answer means nothing: what they say puts them in one.
                rows.sort_by(|a, b| by_content(columns, texts, *a, *b));
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
            kept.push(Kept { row: u32::try_from(row).unwrap_or(u32::MAX), occurrence });
        }
    }
    kept
}

/// Orders rows by what they say, column by column; nothing comes first.
fn by_content(columns: &[Cells], texts: &Texts, a: usize, b: usize) -> Ordering {
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
