//! Finds the files that cover a row by its slice. What an answer covers is in `coverage`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::history::{Observation, VersionHistory};
use crate::normalise::scalars::Scalar;

/// Which files cover which rows.
#[derive(Debug)]
pub(super) struct CoverageIndex {
    /// By vendor, slice column, and slice value.
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
