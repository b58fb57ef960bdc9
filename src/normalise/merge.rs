//! Merges rows with the same key into one (`docs/lake-format.md`). Within a file, duplicates count once, a null next to
//! a value is filled, and of a number and its rounding the finer is kept. Among a vendor's files, its newest answer
//! wins over older ones, and any answer over imports and other programs' files, of which the newest wins; columns that
//! a file lacks keep their earlier value. Among vendors, the first in the table's order wins, with whole rows.

use super::agreement::{agree, by_content, equal, finer};
use super::key::keys;
use super::order::order;
use super::rows::{Origin, RowSet, Standing};
use super::scalars::{Scalar, ScalarColumn};
use super::vendors::keep_preferred;
use crate::spec::Table;

/// A row to keep.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    pub(super) row: u32,
    /// Its number among the rows with its key and vendor, from 1.
    pub(super) occurrence: i32,
}

/// Rows in key order.
#[derive(Debug)]
pub(super) struct Ordered {
    /// The key of each row.
    pub(super) keys: Vec<u64>,
    pub(super) order: Vec<u32>,
}

impl Ordered {
    /// The rows that `counts` selects by row and file number.
    pub(super) fn of(rows: &RowSet<'_>, counts: impl Fn(usize, u32) -> bool) -> Self {
        let keys = keys(rows, &rows.table.key);
        Self { order: ordered(rows, &keys, counts), keys }
    }
}

/// The rows that `counts` selects by row and file number, in key order.
pub(super) fn ordered(rows: &RowSet<'_>, keys: &[u64], counts: impl Fn(usize, u32) -> bool) -> Vec<u32> {
    order(keys, |row| counts(row as usize, rows.origins[row as usize].file))
}

/// The rows to keep, sorted by key, among those that `counts` selects by row and file number. `reject` receives rows
/// that contradict each other.
pub(super) fn merge(
    rows: &mut RowSet<'_>,
    counts: impl Fn(usize, u32) -> bool,
    reject: impl FnMut(Origin, String),
) -> Vec<Kept> {
    let ordered = Ordered::of(rows, counts);
    merge_ordered(rows, ordered, reject)
}

/// Like [`merge`], for rows already in order.
pub(super) fn merge_ordered(rows: &mut RowSet<'_>, ordered: Ordered, reject: impl FnMut(Origin, String)) -> Vec<Kept> {
    let mut kept = merge_each_vendor(rows, ordered, reject);
    prefer(rows, &mut kept, |one| one.row);
    kept
}

/// Like [`merge_ordered`], but keeps the rows of every vendor, sorted by key and the vendor's position.
pub(super) fn merge_each_vendor(
    rows: &mut RowSet<'_>,
    Ordered { keys, mut order }: Ordered,
    reject: impl FnMut(Origin, String),
) -> Vec<Kept> {
    let mut occurrences = Vec::with_capacity(order.len());
    merge_in_place(rows, (&keys, &mut order), reject, |occurrence| occurrences.push(occurrence));
    order.into_iter().zip(occurrences).map(|(row, occurrence)| Kept { row, occurrence }).collect()
}

/// Like [`merge_ordered`], for a table that keeps one row of each key.
pub(super) fn latest(
    rows: &mut RowSet<'_>,
    Ordered { keys, mut order }: Ordered,
    reject: impl FnMut(Origin, String),
) -> Vec<u32> {
    merge_in_place(rows, (&keys, &mut order), reject, |_| {});
    drop(keys);
    prefer(rows, &mut order, |row| *row);
    order
}

/// If there are several vendors, keeps for each key the rows of the first that has any. The choice is made by the key
/// columns they all have.
fn prefer<T>(rows: &RowSet<'_>, kept: &mut Vec<T>, row: impl Fn(&T) -> u32) {
    let ranks = rows.ranks();
    if ranks.iter().any(|rank| *rank != ranks[0]) {
        let parts = keys(rows, &rows.table.common_key());
        keep_preferred(kept, |one| ranks[rows.file(row(one))], |one| parts[row(one) as usize]);
    }
}

/// Leaves only the rows to keep, and passes the number of each within its key and vendor to `number`.
fn merge_in_place(
    rows: &mut RowSet<'_>,
    (keys, order): (&[u64], &mut Vec<u32>),
    mut reject: impl FnMut(Origin, String),
    mut number: impl FnMut(i32),
) {
    let ranks = rows.ranks();
    let (mut start, mut kept) = (0, 0);
    while start < order.len() {
        let key = keys[order[start] as usize];
        let is_other = |row: &u32| keys[*row as usize] != key;
        let end = order[start + 1..].iter().position(is_other).map_or(order.len(), |more| start + 1 + more);
        let group = start..end;
        start = end;
        if group.len() == 1 {
            order[kept] = order[group.start];
            kept += 1;
            number(1);
            continue;
        }
        // Answers after parts, whatever their age. Rows were added file by file, oldest first, so the row number breaks
        // ties.
        let is_own = |row: u32| rows.standing(row as usize) != Standing::Part;
        order[group.clone()].sort_unstable_by_key(|row| (ranks[rows.file(*row)], is_own(*row), *row));
        let is_one_vendor = |a: &u32, b: &u32| ranks[rows.file(*a)] == ranks[rows.file(*b)];
        let of_vendors: Vec<Vec<u32>> = order[group].chunk_by(is_one_vendor).map(<[u32]>::to_vec).collect();
        for of_vendor in of_vendors {
            for (occurrence, row) in (1..).zip(merged(rows, &of_vendor, &mut reject)) {
                order[kept] = u32::try_from(row).unwrap_or(u32::MAX);
                kept += 1;
                number(occurrence);
            }
        }
    }
    order.truncate(kept);
}

/// The rows that remain of a key and a vendor, in the order of their numbers. `group` holds parts first, then answers,
/// oldest first.
fn merged(rows: &mut RowSet<'_>, group: &[u32], reject: &mut impl FnMut(Origin, String)) -> Vec<usize> {
    if let &[row] = group {
        return vec![row as usize];
    }
    let files = group.chunk_by(|a, b| rows.file(*a) == rows.file(*b));
    let files: Vec<Vec<usize>> = files.map(|file| file.iter().map(|row| *row as usize).collect()).collect();
    // An answer that has a row for the key wins, and takes from parts only what its file lacks.
    let is_part = |file: &Vec<usize>| rows.standing(file[0]) == Standing::Part;
    let answers = files.partition_point(is_part);
    let (parts, answers) = files.split_at(answers);
    if rows.table.occurrence {
        let [parts, answers] = [repeats(rows, parts), repeats(rows, answers)];
        return if answers.is_empty() { parts } else { match_rows(rows, parts, &answers).1 };
    }
    let [part, answer] = [parts, answers].map(|files| one(rows, files, reject));
    if let (Some(part), Some(answer)) = (part, answer) {
        replace(rows, part, answer);
    }
    answer.or(part).into_iter().collect()
}

/// Merges the rows of a key from files of one kind into one. `None` if every file contradicts itself.
fn one(rows: &mut RowSet<'_>, files: &[Vec<usize>], reject: &mut impl FnMut(Origin, String)) -> Option<usize> {
    let mut newest: Option<usize> = None;
    for of_file in files {
        if let Some(column) = conflict(rows, of_file) {
            // Older rows of the key stay.
            for row in of_file {
                let reason = format!("two rows of one file have the same key and differ in `{column}`");
                reject(rows.origins[*row], reason);
            }
            continue;
        }
        let row = fold(rows, of_file);
        if let Some(before) = newest {
            replace(rows, before, row);
        }
        newest = Some(row);
    }
    newest
}

/// The rows of a key that may really repeat, from files of one kind, in order of content. A whole answer has all of
/// them; any other file adds those that it has more often.
fn repeats(rows: &mut RowSet<'_>, files: &[Vec<usize>]) -> Vec<usize> {
    let mut newest: Vec<usize> = Vec::new();
    for of_file in files {
        // The order of rows in an answer means nothing, so order them by content.
        let mut of_file = of_file.clone();
        of_file.sort_by(|a, b| by_content(rows, *a, *b));
        if rows.table.distinct {
            of_file.dedup_by(|a, b| by_content(rows, *a, *b).is_eq());
        }
        let (others, mut of_file) = match_rows(rows, newest, &of_file);
        if rows.standing(of_file[0]) != Standing::Whole && !others.is_empty() {
            of_file.extend(others);
            of_file.sort_by(|a, b| by_content(rows, *a, *b));
        }
        newest = of_file;
    }
    newest
}

/// Lets each row in `newer` replace an identical one in `older`, pairing equal content first. Returns the remaining
/// older rows, and the newer ones.
fn match_rows(rows: &mut RowSet<'_>, mut older: Vec<usize>, newer: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let mut unmatched = newer.to_vec();
    for is_match in [|rows: &RowSet<'_>, a, b| by_content(rows, a, b).is_eq(), is_same] {
        unmatched.retain(|&row| match older.iter().position(|before| is_match(rows, *before, row)) {
            Some(at) => {
                replace(rows, older.remove(at), row);
                false
            }
            None => true,
        });
    }
    (older, newer.to_vec())
}

/// Whether rows of two files are the same one. Columns that a file lacks are ignored, and between two answers or two
/// parts so are roundings.
fn is_same(rows: &RowSet<'_>, a: usize, b: usize) -> bool {
    let is_one_kind = is_one_kind(rows, a, b);
    rows.columns.iter().all(|cells| match (cells.get(a), cells.get(b)) {
        (Scalar::Absent, _) | (_, Scalar::Absent) => true,
        (a, b) if is_one_kind => agree(&rows.texts, a, b),
        (a, b) => equal(&rows.texts, a, b),
    })
}

/// Whether both rows are from answers, or both from parts.
fn is_one_kind(rows: &RowSet<'_>, a: usize, b: usize) -> bool {
    (rows.standing(a) == Standing::Part) == (rows.standing(b) == Standing::Part)
}

/// The first column in which rows of one file hold different values. An empty cell does not differ from anything, nor a
/// number from its rounding.
fn conflict<'t>(rows: &RowSet<'t>, of_file: &[usize]) -> Option<&'t str> {
    if of_file.len() == 1 {
        return None;
    }
    let table: &'t Table = rows.table;
    let names = table.columns.iter().map(|column| column.name.as_str());
    names.zip(&rows.columns).find_map(|(name, cells)| {
        let finest = finest(cells, of_file);
        let differs = |row: &usize| {
            let cell = cells.get(*row);
            !cell.is_empty() && !agree(&rows.texts, cell, finest)
        };
        of_file.iter().any(differs).then_some(name)
    })
}

/// The value with the most digits in a column, among rows of one file that do not conflict.
fn finest(cells: &ScalarColumn, of_file: &[usize]) -> Scalar {
    let values = of_file.iter().rev().map(|row| cells.get(*row)).filter(|cell| !cell.is_empty());
    values.reduce(finer).unwrap_or(Scalar::Null)
}

/// Folds rows of one file that do not conflict into the last of them.
fn fold(rows: &mut RowSet<'_>, of_file: &[usize]) -> usize {
    let last = of_file[of_file.len() - 1];
    if of_file.len() > 1 {
        for cells in &mut rows.columns {
            match finest(cells, of_file) {
                Scalar::Null => {}
                value => cells.set(last, value),
            }
        }
    }
    last
}

/// Lets row `newer` replace `older`. It takes over what its file lacks and, between files of the same kind, finer
/// versions of its numbers.
fn replace(rows: &mut RowSet<'_>, older: usize, newer: usize) {
    let is_one_kind = is_one_kind(rows, older, newer);
    let [of_older, of_newer] = [older, newer].map(|row| rows.sources[rows.origins[row].file as usize]);
    let is_one_source = std::ptr::eq(of_older, of_newer);
    let texts = &rows.texts;
    for (column, cells) in rows.columns.iter_mut().enumerate() {
        // Two interfaces may use different units for a column.
        if !is_one_source && of_older.shift(column) != of_newer.shift(column) {
            continue;
        }
        match (cells.get(older), cells.get(newer)) {
            (old, Scalar::Absent) => cells.set(newer, old),
            (old, new) if is_one_kind && finer(new, old) != new && agree(texts, new, old) => cells.set(newer, old),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
