//! Rows of the same key: one speaks. Within a file a repeat counts once and a null beside a value is
//! filled; between files the newest row wins, except that a coarser rounding of the same number does
//! not displace the finer text, and a column that a file lacks takes nothing away (`design.md` 4).

use super::cells::{Cell, Cells, Texts};
use super::key::keys;
use crate::spec::Table;

/// The rows to keep, sorted by key; `reject` hears of the others that broke a promise.
pub(super) fn merge(
    table: &Table,
    columns: &mut [Cells],
    texts: &Texts,
    origin: &[(u32, u32)],
    mut reject: impl FnMut(usize, String),
) -> Vec<u32> {
    let keys = keys(table, columns, texts, origin.len());
    // Rows came file by file, oldest first, so the row number breaks ties by age.
    let mut order: Vec<(u64, u32)> = (0u32..).zip(&keys).map(|(row, key)| (*key, row)).collect();
    order.sort_unstable();
    let mut kept = Vec::with_capacity(order.len());
    for group in order.chunk_by(|a, b| a.0 == b.0) {
        if let [(_, row)] = group {
            kept.push(*row);
            continue;
        }
        let mut spoken: Option<usize> = None;
        for file in group.chunk_by(|a, b| origin[a.1 as usize].0 == origin[b.1 as usize].0) {
            let rows: Vec<usize> = file.iter().map(|(_, row)| *row as usize).collect();
            match conflict(table, columns, &rows) {
                Some(column) => {
                    for &row in &rows {
                        reject(row, format!("two rows of one file have the same key and differ in `{column}`"));
                    }
                }
                None => {
                    let row = fold(columns, &rows);
                    if let Some(older) = spoken {
                        displace(columns, older, row);
                    }
                    spoken = Some(row);
                }
            }
        }
        kept.extend(spoken.and_then(|row| u32::try_from(row).ok()));
    }
    kept
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
