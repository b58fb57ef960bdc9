//! The states that a key went through: what the table held of it after each of the files that show or cover it, as the
//! table would have been built from the files until then. Which row wins is up to [`super::merge`].
//!
//! Never here: from which day a state is known.

mod coverage;
mod replay;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::counting::Answering;
use super::key::keys;
use super::newest::{Newest, SecuritySlices};
use super::rows::{RowSet, Standing};
use crate::clock::shanghai_day;
use coverage::Coverage;
use pitlake_contract::spelling::day;

/// A file of the partition as a look at what the vendor had.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) at: DateTime<Utc>,
    pub(super) answering: Answering,
}

impl Look {
    /// The day at whose end a reader could have it, since 1970.
    pub(super) fn day(&self) -> i32 {
        day::days(shanghai_day(self.at))
    }
}

/// What the table held of a key from one file on.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    /// The number of the file.
    pub(super) file: u32,
    /// The row among [`States::rows`]; `None` where there was none.
    pub(super) row: Option<u32>,
}

/// The states of a key, in the order in which they were seen.
#[derive(Debug)]
pub(super) struct Sequence {
    /// Sorts like the key.
    pub(super) key: u64,
    /// Its number among the rows of its key, from 1.
    pub(super) occurrence: i32,
    pub(super) states: Vec<State>,
}

/// The states of keys.
#[derive(Debug)]
pub(super) struct States<'a> {
    /// The rows of the states, under the files that gave them.
    pub(super) rows: RowSet<'a>,
    /// By key and occurrence.
    pub(super) sequences: Vec<Sequence>,
}

/// The rows of a partition, and what its files are about.
struct Reader<'r, 'a> {
    rows: &'r RowSet<'a>,
    looks: &'r [Look],
    /// Of each file: its place in the order in which they were seen.
    order: Vec<u32>,
    coverage: Coverage<'r>,
    /// The whole answers to each slice.
    answers: BTreeMap<u32, Vec<u32>>,
    /// Of each row: its key, and the part of it by which vendors are chosen; as numbers.
    keys: Vec<u64>,
    parts: Vec<u64>,
    slices: SecuritySlices,
}

/// The states of all keys that went through several; with `all` of the others too.
pub(super) fn states<'a>(rows: &RowSet<'a>, looks: &[Look], newest: &Newest<'a>, all: bool) -> States<'a> {
    let mut states = States { rows: RowSet::new(rows.table), sequences: Vec::new() };
    states.rows.sources.clone_from(&rows.sources);
    states.rows.standings.clone_from(&rows.standings);
    let coverage = Coverage::new(rows, newest);
    if !all && coverage.is_disjoint() {
        return states;
    }
    let mut seen: Vec<u32> = (0u32..).take(looks.len()).collect();
    seen.sort_by_key(|file| looks[*file as usize].at);
    let mut order = vec![0; looks.len()];
    for (place, file) in (0u32..).zip(seen) {
        order[file as usize] = place;
    }
    let mut answers: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (file, look) in (0u32..).zip(looks).filter(|(_, look)| look.answering.is_whole) {
        if let Some(slice) = look.answering.slice {
            answers.entry(slice).or_default().push(file);
        }
    }
    let table = rows.table;
    let (keys_of, common) = (keys(rows, &table.key), table.common_key());
    let parts = if common == table.key { keys_of.clone() } else { keys(rows, &common) };
    let slices = newest.slices(rows, |_| true);
    let reader = Reader { rows, looks, order, coverage, answers, keys: keys_of, parts, slices };
    reader.read(all, &mut states);
    states.sequences.sort_by_key(|sequence| (sequence.key, sequence.occurrence));
    states
}

impl<'a> Reader<'_, 'a> {
    fn read(&self, all: bool, states: &mut States<'a>) {
        let is_contested = |row: &u32| all || self.coverage.is_contested(self.rows.file(*row));
        let ordered = (0u32..).take(self.rows.len()).filter(is_contested).map(|row| (self.parts[row as usize], row));
        let mut ordered: Vec<(u64, u32)> = ordered.collect();
        ordered.sort_unstable();
        // Rows of the parts that the same files show or cover.
        let mut groups: BTreeMap<Vec<u32>, Vec<u32>> = BTreeMap::new();
        for part in ordered.chunk_by(|a, b| a.0 == b.0) {
            let rows: Vec<u32> = part.iter().map(|(_, row)| *row).collect();
            let files = self.relevant(&rows);
            if files.len() == 1 && !all && rows.iter().all(|row| self.lacking(*row, files[0]).is_none()) {
                continue;
            }
            if !self.is_one_state(&rows, &files) {
                groups.entry(files).or_default().extend(rows);
                continue;
            }
            let file = files.iter().copied().min_by_key(|file| self.order(*file)).unwrap_or_default();
            // Of equal rows the last one stands.
            let last = rows[rows.len() - 1];
            let lacking = self.lacking(last, file);
            if all || lacking.is_some() {
                let row = states.rows.append(self.rows, last, self.file(last));
                let lacking = lacking.map(|file| State { file, row: None });
                let of_key = lacking.into_iter().chain([State { file, row: Some(row) }]).collect();
                states.sequences.push(Sequence { key: self.keys[last as usize], occurrence: 1, states: of_key });
            }
        }
        for (files, mut rows) in groups {
            rows.sort_unstable();
            self.replay(&files, &rows, states);
        }
    }

    fn file(&self, row: u32) -> u32 {
        self.rows.origins[row as usize].file
    }

    fn order(&self, file: u32) -> u32 {
        self.order[file as usize]
    }

    /// The files that may tell a state of some rows: those that show them, and later whole answers that cover them; oldest
    /// first.
    fn relevant(&self, rows: &[u32]) -> Vec<u32> {
        let mut files: BTreeSet<u32> = rows.iter().map(|row| self.file(*row)).collect();
        let shown = files.iter().map(|file| self.order(*file)).min().unwrap_or_default();
        let mut slices = BTreeSet::new();
        for row in rows {
            // The answers to one slice cover all of it.
            let slice = self.looks[self.file(*row) as usize].answering.slice;
            let is_new = slice.is_some_and(|slice| slices.insert(slice));
            let covering = if is_new { self.covering(*row) } else { self.coverage.files(self.rows, *row) };
            let is_later =
                |file: &u32| self.rows.standings[*file as usize] == Standing::Whole && self.order(*file) > shown;
            files.extend(covering.into_iter().filter(is_later));
        }
        files.into_iter().collect()
    }

    /// The whole answers that would hold a row if the vendor had it.
    fn covering(&self, row: u32) -> Vec<u32> {
        let mut covering = self.coverage.files(self.rows, row);
        let slice = self.looks[self.file(row) as usize].answering.slice;
        covering.extend(slice.and_then(|slice| self.answers.get(&slice)).into_iter().flatten());
        covering.retain(|file| self.rows.standings[*file as usize] == Standing::Whole);
        covering
    }

    /// The first answer before `file` that shows that there is no such row: a look counts from the event day on.
    fn lacking(&self, row: u32, file: u32) -> Option<u32> {
        let event = self.rows.cell(self.rows.table.event?, row).day()?;
        let is_lacking = |other: &u32| {
            let day = self.looks[*other as usize].day();
            let is_late = day > event || (day == event && self.coverage.is_of_day(*other));
            is_late && self.order(*other) < self.order(file)
        };
        self.covering(row).into_iter().filter(is_lacking).min_by_key(|file| self.order(*file))
    }

    /// Whether each of the files shows one row, and all rows are the same.
    fn is_one_state(&self, rows: &[u32], files: &[u32]) -> bool {
        let first = rows[0];
        let cell = |column: usize, row: u32| self.rows.cell(column, row);
        let is_equal = |row: &u32| {
            std::ptr::eq(self.rows.source(first), self.rows.source(*row))
                && (0..self.rows.columns.len()).all(|column| cell(column, first) == cell(column, *row))
        };
        rows.len() == files.len()
            && rows.windows(2).all(|pair| self.file(pair[0]) != self.file(pair[1]))
            && rows[1..].iter().all(is_equal)
    }
}

#[cfg(test)]
mod tests;
