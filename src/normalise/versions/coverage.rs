//! What an answer covers: every row that could have come (`docs/point-in-time.md`). Never whether an answer is believed.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{Observation, VersionHistory};
use crate::normalise::rows::RowSet;
use crate::normalise::scalars::Scalar;

/// What a vendor was asked when it gave a file: every row that could have come has one of the values in each of the
/// columns. Without columns it is every row.
#[derive(Debug, Clone, Default)]
pub(in crate::normalise) struct Coverage {
    /// The slice first.
    columns: Vec<Asked>,
}

/// The values that were asked for in one column.
#[derive(Debug, Clone)]
struct Asked {
    column: usize,
    values: Vec<Scalar>,
    lookup: HashSet<Scalar>,
}

impl Coverage {
    /// Narrows it to rows with one of some values in a column.
    pub(in crate::normalise) fn narrow(&mut self, column: usize, values: Vec<Scalar>) {
        let lookup = values.iter().copied().collect();
        self.columns.push(Asked { column, values, lookup });
    }

    /// Whether a row could have come.
    pub(super) fn holds(&self, rows: &RowSet<'_>, row: u32) -> bool {
        self.columns.iter().all(|asked| asked.lookup.contains(&rows.cell(asked.column, row)))
    }

    /// The column that names the slice, with the slices that were asked for.
    pub(super) fn slices(&self) -> Option<(usize, &[Scalar])> {
        self.columns.first().map(|asked| (asked.column, asked.values.as_slice()))
    }

    /// What was asked, to compare questions.
    pub(super) fn question(&self) -> Vec<(usize, &[Scalar])> {
        self.columns.iter().map(|asked| (asked.column, asked.values.as_slice())).collect()
    }
}

/// Which files cover which rows.
#[derive(Debug)]
pub(super) struct CoverageIndex {
    /// By vendor, and column and value of the slice.
    files: HashMap<(u32, usize, Scalar), Vec<u32>>,
    columns: BTreeSet<usize>,
    /// Files that cover every row, by vendor.
    everywhere: BTreeMap<u32, Vec<u32>>,
}

impl CoverageIndex {
    pub(super) fn new(observations: &[Observation], vendors: &[u32]) -> Self {
        let mut index = Self { files: HashMap::new(), columns: BTreeSet::new(), everywhere: BTreeMap::new() };
        for (file, (observation, vendor)) in (0u32..).zip(observations.iter().zip(vendors)) {
            let Some(coverage) = &observation.coverage else { continue };
            let Some((column, values)) = coverage.slices() else {
                index.everywhere.entry(*vendor).or_default().push(file);
                continue;
            };
            index.columns.insert(column);
            for value in values {
                index.files.entry((*vendor, column, *value)).or_default().push(file);
            }
        }
        index
    }

    /// The files that would hold `row` if the vendor had it, oldest first.
    pub(super) fn files(&self, vendor: u32, history: &VersionHistory<'_, '_>, row: u32) -> Vec<u32> {
        let key = |column: &usize| (vendor, *column, history.rows.cell(*column, row));
        let found = self.columns.iter().filter_map(|column| self.files.get(&key(column)));
        let found = found.flatten().chain(self.everywhere.get(&vendor).into_iter().flatten());
        let mut files: Vec<u32> = found.filter(|file| history.covers(**file, row)).copied().collect();
        files.sort_unstable();
        files.dedup();
        files
    }
}
