//! The states that a key went through: what the table would have held for it, had it been built after each file that
//! shows or covers it. Which row wins is decided in [`super::merge`].
//!
//! From which day a state is known is decided elsewhere.

mod coverage;
mod replay;
mod shown;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::counting::Answering;
use super::key::keys;
use super::newest::{Newest, SecuritySlices};
use super::order::{order, order_of};
use super::rows::{RowSet, Standing};
use crate::clock::shanghai_day;
use coverage::Coverage;
use pitlake_contract::spelling::day;

pub(super) use shown::Shown;

/// A file of the partition, seen as a look at the vendor's data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub(super) at: DateTime<Utc>,
    pub(super) answering: Answering,
}

impl Look {
    /// The day by whose end a reader could have it, counted from 1970.
    pub(super) fn day(&self) -> i32 {
        day::days(shanghai_day(self.at))
    }
}

/// What the table held for a key from some file on.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    /// The number of that file.
    pub(super) file: u32,
    /// The row in [`States::rows`]; `None` if there was none.
    pub(super) row: Option<u32>,
}

/// The states of a key, in observed order.
#[derive(Debug)]
pub(super) struct Sequence {
    /// Sorts like the key.
    pub(super) key: u64,
    /// Its number among the rows with its key, from 1.
    pub(super) occurrence: i32,
    pub(super) states: Vec<State>,
}

/// The states of several keys.
#[derive(Debug)]
pub(super) struct States<'a> {
    /// The rows of the states, with the files that gave them.
    pub(super) rows: RowSet<'a>,
    /// By key and occurrence.
    pub(super) sequences: Vec<Sequence>,
}

/// The rows of a partition, and what its files are about.
struct Reader<'r, 'a> {
    rows: &'r RowSet<'a>,
    shown: &'r Shown,
    looks: &'r [Look],
    /// For each file, the day of its look, and its place in observed order.
    days: Vec<i32>,
    order: Vec<u32>,
    coverage: Coverage<'r>,
    /// The whole answers to each slice.
    answers: BTreeMap<u32, Vec<u32>>,
    /// For each row, its key, and the part of the key by which vendors are chosen, as numbers.
    keys: &'r [u64],
    parts: &'r [u64],
    slices: SecuritySlices,
}

/// A row, in one of the files that show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct ShownRow {
    file: u32,
    row: u32,
}

/// The states of all keys that went through several, or of all keys if `all`. The keys of the rows may already be
/// known.
pub(super) fn states<'a>(
    rows: &RowSet<'a>,
    keys_of: Option<&[u64]>,
    looks: &[Look],
    newest: &Newest<'a>,
    (shown, all): (&Shown, bool),
) -> States<'a> {
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
    let keys_of = keys_of.map_or_else(|| Cow::Owned(keys(rows, &table.key)), Cow::Borrowed);
    let common = Some(table.common_key()).filter(|common| *common != table.key).map(|common| keys(rows, &common));
    let parts = common.as_deref().unwrap_or(&keys_of);
    let slices = newest.slices(rows, |_| true);
    let days = looks.iter().map(Look::day).collect();
    let reader = Reader { rows, shown, looks, days, order, coverage, answers, keys: &keys_of, parts, slices };
    reader.read(all, &mut states);
    states.sequences.sort_by_key(|sequence| (sequence.key, sequence.occurrence));
    states
}

impl<'a> Reader<'_, 'a> {
    fn read(&self, all: bool, states: &mut States<'a>) {
        let is_contested = |row: &u32| all || self.coverage.is_contested(self.rows.file(*row));
        let ordered = if !all && self.coverage.is_nearly_disjoint() {
            order_of((0u32..).take(self.rows.len()).filter(is_contested), self.parts)
        } else {
            order(self.parts, |row| is_contested(&row))
        };
        // Group keys by the files that show or cover them.
        let mut groups: BTreeMap<Vec<u32>, Vec<u32>> = BTreeMap::new();
        for part in ordered.chunk_by(|a, b| self.parts[*a as usize] == self.parts[*b as usize]) {
            if !all && part.len() == 1 && self.is_alone(part[0]) {
                continue;
            }
            let rows: Vec<u32> = part.iter().copied().filter(|row| !self.files(*row).is_empty()).collect();
            let Some(&last) = rows.last() else { continue };
            let files = self.relevant(&rows);
            if files.len() == 1 && !all && rows.iter().all(|row| self.lacking(*row, files[0]).is_none()) {
                continue;
            }
            if !self.is_one_state(&rows, &files) {
                groups.entry(files).or_default().extend(rows);
                continue;
            }
            let file = files.iter().copied().min_by_key(|file| self.order(*file)).unwrap_or_default();
            let lacking = self.lacking(last, file);
            if all || lacking.is_some() {
                // Of equal rows, the last one is used.
                let row = states.rows.append(self.rows, last, self.rows.origins[last as usize]);
                let lacking = lacking.map(|file| State { file, row: None });
                let of_key = lacking.into_iter().chain([State { file, row: Some(row) }]).collect();
                states.sequences.push(Sequence { key: self.keys[last as usize], occurrence: 1, states: of_key });
            }
        }
        for (files, rows) in groups {
            let of_row = |row: u32| self.files(row).iter().map(move |file| ShownRow { file: *file, row });
            let mut shown: Vec<ShownRow> = rows.into_iter().flat_map(of_row).collect();
            shown.sort_unstable();
            self.replay(&files, &shown, states);
        }
    }

    /// The files that show a row, oldest first.
    fn files(&self, row: u32) -> &[u32] {
        match self.shown {
            Shown::Once => std::slice::from_ref(&self.rows.origins[row as usize].file),
            Shown::Often { files, starts } => &files[starts[row as usize]..starts[row as usize + 1]],
        }
    }

    /// Whether the only file that shows a row is certainly the only one that says anything about it.
    fn is_alone(&self, row: u32) -> bool {
        let &[file] = self.files(row) else { return false };
        let slice = self.looks[file as usize].answering.slice;
        self.coverage.is_empty()
            && slice.is_none_or(|slice| self.answers.get(&slice).is_none_or(|files| files == &[file]))
    }

    fn order(&self, file: u32) -> u32 {
        self.order[file as usize]
    }

    fn is_whole(&self, file: u32) -> bool {
        self.rows.standings[file as usize] == Standing::Whole
    }

    /// The files that may change the state of some rows, oldest first: those that show them, and later whole answers
    /// that cover them.
    fn relevant(&self, rows: &[u32]) -> Vec<u32> {
        let mut files: Vec<u32> = rows.iter().flat_map(|row| self.files(*row)).copied().collect();
        let shown = files.iter().map(|file| self.order(*file)).min().unwrap_or_default();
        let of_rows = files.len();
        self.add_answers(&mut files);
        for row in rows {
            self.coverage.add_files(self.rows, *row, &mut files);
        }
        let mut place = 0;
        files.retain(|file| {
            place += 1;
            place <= of_rows || (self.is_whole(*file) && self.order(*file) > shown)
        });
        files.sort_unstable();
        files.dedup();
        files
    }

    /// Adds the whole answers to the slices of some files: each covers all of its slice.
    fn add_answers(&self, files: &mut Vec<u32>) {
        let slices: BTreeSet<u32> =
            files.iter().filter_map(|file| self.looks[*file as usize].answering.slice).collect();
        files.extend(slices.iter().filter_map(|slice| self.answers.get(slice)).flatten());
    }

    /// The first answer before `file` from which the row is missing, not counting looks before the event day.
    fn lacking(&self, row: u32, file: u32) -> Option<u32> {
        let event = self.rows.cell(self.rows.table.event?, row).day()?;
        let is_lacking = |other: &u32| {
            let day = self.days[*other as usize];
            let is_late = day > event || (day == event && self.coverage.is_of_day(*other));
            is_late && self.is_whole(*other) && self.order(*other) < self.order(file)
        };
        let slices = self.files(row).iter().filter_map(|file| self.looks[*file as usize].answering.slice);
        let mut covering: Vec<u32> = slices.filter_map(|slice| self.answers.get(&slice)).flatten().copied().collect();
        self.coverage.add_files(self.rows, row, &mut covering);
        covering.into_iter().filter(is_lacking).min_by_key(|file| self.order(*file))
    }

    /// Whether each file shows one row, and all of these are equal.
    fn is_one_state(&self, rows: &[u32], files: &[u32]) -> bool {
        let first = rows[0];
        let cell = |column: usize, row: u32| self.rows.cell(column, row);
        let is_equal = |row: &u32| {
            std::ptr::eq(self.rows.source(first), self.rows.source(*row))
                && (0..self.rows.columns.len()).all(|column| cell(column, first) == cell(column, *row))
        };
        let shown: usize = rows.iter().map(|row| self.files(*row).len()).sum();
        let is_once = |row: &u32| self.files(*row).windows(2).all(|pair| pair[0] < pair[1]);
        let mut seen = BTreeSet::new();
        shown == files.len()
            && rows.iter().all(is_once)
            && (rows.len() == 1 || rows.iter().flat_map(|row| self.files(*row)).all(|file| seen.insert(*file)))
            && rows[1..].iter().all(is_equal)
    }
}

#[cfg(test)]
mod tests;
