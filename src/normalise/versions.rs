//! Versions under a key: which there are, and from which day each could be known (`design.md` 5). Rows
//! are never changed by what comes later; later files only append.
//!
//! Never here: how a day is read from a line, or how a version becomes a column.

mod twins;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::cells::{Cell, Cells, Texts};
use super::key::keys;
use super::merge::by_content;
use super::vendors::ranks;
use crate::clock::shanghai_day;
use crate::spec::{Table, TableSource, Versions};
use pitlake_contract::spelling::day;
use twins::{Twins, same_figures};

/// What a vendor was asked when it gave a file: every row that could have come has one of the values in
/// each of the columns.
#[derive(Debug, Clone, Default)]
pub(super) struct Covers {
    pub(super) columns: Vec<(usize, Vec<Cell>)>,
}

/// A file of the partition, as versions see it.
#[derive(Debug)]
pub(super) struct Look<'a> {
    pub(super) source: &'a TableSource,
    /// When it came over our wire; not every file of other programs says so.
    pub(super) observed: Option<DateTime<Utc>>,
    /// For answers of our own. What an answer covers and does not hold, the vendor did not have; a file
    /// of other programs and an import only show what they hold.
    pub(super) covers: Option<Covers>,
    /// It says what the answer before it said.
    pub(super) is_repeat: bool,
}

impl Look<'_> {
    /// The day at whose end a reader could have it.
    fn day(&self) -> Option<i32> {
        self.observed.map(|at| day::days(shanghai_day(at)))
    }
}

/// A row in a file: (row, file, line).
pub(super) type Seen = (u32, u32, u32);

/// Which date a version is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Basis {
    Announced,
    Observed,
}

/// One state of the figures under a key. Days are since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version {
    pub(super) row: u32,
    pub(super) announced: Option<i32>,
    pub(super) known: Option<i32>,
    pub(super) basis: Basis,
    pub(super) observed: Option<DateTime<Utc>>,
    pub(super) revision: i32,
    /// Among the rows of its key in one answer, from 1.
    pub(super) occurrence: i32,
}

/// The rows read so far, and who showed them.
pub(super) struct Rows<'a, 'b> {
    pub(super) table: &'a Table,
    pub(super) rules: &'a Versions,
    /// A twin that was filled from its other becomes a row of its own here.
    pub(super) columns: &'b mut Vec<Cells>,
    pub(super) texts: &'b Texts,
    /// File and line of each row.
    pub(super) origin: &'b mut Vec<(u32, u32)>,
    pub(super) looks: &'b [Look<'a>],
}

/// All versions, sorted by key, the vendor's place in the table's order, occurrence and revision: vendors are numbered
/// apart.
/// `lacking` hears of columns that stay empty because the first file of a version lacked them.
pub(super) fn history(rows: &mut Rows<'_, '_>, mut seen: Vec<Seen>, lacking: &mut BTreeSet<usize>) -> Vec<Version> {
    let sources: Vec<&TableSource> = rows.looks.iter().map(|look| look.source).collect();
    let keys = keys(&rows.table.key, rows.columns, rows.texts, rows.origin, &sources);
    let vendors = ranks(rows.table, &sources);
    let place = |row: u32| (keys[row as usize], vendors[rows.origin[row as usize].0 as usize]);
    // Of a key and vendor, file by file, line by line.
    seen.sort_unstable_by_key(|&(row, file, line)| (place(row), file, line, row));
    let mut occurrences: Vec<i32> = vec![1; seen.len()];
    if rows.table.occurrence {
        let mut numbered = numbered(rows, seen, |a, b| place(a.0) == place(b.0) && a.1 == b.1);
        numbered.sort_unstable_by_key(|&(occurrence, (row, file, line))| (place(row), occurrence, file, line, row));
        (occurrences, seen) = numbered.into_iter().unzip();
    }
    let index = Index::new(rows.looks, &vendors);
    let mut versions = Vec::new();
    let mut groups: Vec<(i32, std::ops::Range<usize>)> = Vec::new();
    let mut first = 0;
    while let Some(&(row, ..)) = seen.get(first) {
        let of_group = |at: &usize| place(seen[*at].0) == place(row) && occurrences[*at] == occurrences[first];
        let end = (first..seen.len()).find(|at| !of_group(at)).unwrap_or(seen.len());
        groups.push((occurrences[first], first..end));
        first = end;
    }
    for (occurrence, group) in groups {
        // Where the key does not hold what was asked for (a day of announcement), its rows have looks of their own.
        let vendor = |row: u32| vendors[rows.origin[row as usize].0 as usize];
        let all: BTreeSet<u32> = seen[group.clone()].iter().map(|seen| seen.0).collect();
        let looks: BTreeSet<u32> = all.into_iter().flat_map(|row| index.of(vendor(row), rows, row)).collect();
        versions.extend(one_key(rows, (occurrence, &seen[group]), &looks, lacking));
    }
    versions
}

/// Rows of equal key in one answer are numbered by what they say; their order there means nothing.
fn numbered(rows: &Rows<'_, '_>, mut seen: Vec<Seen>, is_alike: impl Fn(&Seen, &Seen) -> bool) -> Vec<(i32, Seen)> {
    let mut numbered = Vec::with_capacity(seen.len());
    for alike in seen.chunk_by_mut(is_alike) {
        alike.sort_by(|a, b| by_content(rows.columns, rows.texts, a.0 as usize, b.0 as usize));
        numbered.extend((1..).zip(alike.iter().copied()));
    }
    numbered
}

impl Rows<'_, '_> {
    /// Whether a file is an answer that would hold `row` if the vendor had it.
    fn covers(&self, file: u32, row: u32) -> bool {
        let cell = |column: usize| self.columns[column].get(row as usize);
        let covers = self.looks[file as usize].covers.as_ref();
        covers.is_some_and(|covers| covers.columns.iter().all(|(column, all)| all.contains(&cell(*column))))
    }
}

/// Which files cover which rows.
struct Index {
    /// By vendor, and column and value of the narrowest thing that was asked.
    files: HashMap<(u32, usize, Cell), Vec<u32>>,
    columns: BTreeSet<usize>,
}

impl Index {
    fn new(looks: &[Look<'_>], vendors: &[u32]) -> Self {
        let mut index = Self { files: HashMap::new(), columns: BTreeSet::new() };
        for (file, (look, vendor)) in (0u32..).zip(looks.iter().zip(vendors)) {
            let Some((column, values)) = look.covers.iter().flat_map(|covers| &covers.columns).next() else { continue };
            index.columns.insert(*column);
            for value in values {
                index.files.entry((*vendor, *column, *value)).or_default().push(file);
            }
        }
        index
    }

    /// The files that would hold `row` if the vendor had it, oldest first.
    fn of(&self, vendor: u32, rows: &Rows<'_, '_>, row: u32) -> Vec<u32> {
        let cell = |column: usize| rows.columns[column].get(row as usize);
        let found = self.columns.iter().filter_map(|column| self.files.get(&(vendor, *column, cell(*column))));
        let mut files: Vec<u32> = found.flatten().filter(|file| rows.covers(**file, row)).copied().collect();
        files.sort_unstable();
        files.dedup();
        files
    }
}

/// The versions of one key, vendor and occurrence: `group` is what files show of it, `looks` the files that would.
fn one_key(
    rows: &mut Rows<'_, '_>,
    (occurrence, group): (i32, &[Seen]),
    looks: &BTreeSet<u32>,
    lacking: &mut BTreeSet<usize>,
) -> Vec<Version> {
    let mut versions: Vec<Version> = Vec::new();
    // Which of them the newest answers still hold.
    let mut current: Vec<usize> = Vec::new();
    let mut twins = Twins::default();
    let shown: BTreeSet<u32> = group.iter().map(|seen| seen.1).chain(looks.iter().copied()).collect();
    let mut rest = group;
    for file in shown {
        let until = rest.partition_point(|seen| seen.1 <= file);
        let (of_file, later) = rest.split_at(until);
        rest = later;
        let mut present: Vec<u32> = of_file.iter().map(|seen| seen.0).collect();
        present.dedup();
        if rows.looks[file as usize].is_repeat {
            continue;
        }
        let is_first = versions.is_empty();
        let mut still: Vec<usize> = Vec::new();
        for told in twins.told_apart(rows, &present) {
            let known = |at: &&usize| {
                let version = &versions[**at];
                version.announced == told.announced && same_figures(rows, version.row, told.row)
            };
            if let Some(&at) = current.iter().find(known) {
                lacking.extend(lacks(rows, versions[at].row, told.row));
                still.push(at);
                continue;
            }
            let look = &rows.looks[file as usize];
            let mut before = looks.range(..file).filter(|look| rows.covers(**look, told.row)).peekable();
            let is_first_look = before.peek().is_none() && rows.covers(file, told.row);
            let witness = before.filter_map(|look| rows.looks[*look as usize].day()).max();
            let unseen_before = (is_first || is_first_look) && !told.is_correction;
            let (known, basis) = known_on(told.announced, look.day(), unseen_before, witness);
            let revision = i32::try_from(versions.len() + 1).unwrap_or(i32::MAX);
            let (row, announced, observed) = (told.row, told.announced, look.observed);
            versions.push(Version { row, announced, known, basis, observed, revision, occurrence });
            still.push(versions.len() - 1);
        }
        // What the answer would hold and does not is gone; a file of other programs takes nothing away.
        current.retain(|at| !rows.covers(file, versions[*at].row));
        current.extend(still);
        current.sort_unstable();
        current.dedup();
    }
    versions
}

/// Rules 2 to 4. What was there at the first look is known from its announcement; what comes later from
/// the day we saw it, and never before its announcement. A first look that lacked it on the day of its
/// announcement or after (`witness`) was a look too.
fn known_on(
    announced: Option<i32>,
    observed: Option<i32>,
    unseen_before: bool,
    witness: Option<i32>,
) -> (Option<i32>, Basis) {
    match (announced, observed) {
        (Some(day), _) if unseen_before && witness.is_none_or(|looked| looked < day) => (Some(day), Basis::Announced),
        (Some(day), Some(seen)) if day > seen => (Some(day), Basis::Announced),
        (_, seen) => (seen, Basis::Observed),
    }
}

/// Columns that the file of a version lacked and a later one has: rows are never changed, so they stay
/// empty, and somebody should know.
fn lacks(rows: &Rows<'_, '_>, version: u32, told: u32) -> BTreeSet<usize> {
    if version == told {
        return BTreeSet::new();
    }
    let lacks = |cells: &Cells| cells.get(version as usize) == Cell::Absent && !cells.get(told as usize).is_empty();
    (0..rows.columns.len()).filter(|column| lacks(&rows.columns[*column])).collect()
}

#[cfg(test)]
mod slices;
#[cfg(test)]
mod stages;
#[cfg(test)]
mod tests;
