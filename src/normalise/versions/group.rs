//! Follows one key through all looks at it, with all vendors together: what one vendor showed is a look for the others
//! too. How the versions of one vendor follow each other is in `timeline`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::doubt::Doubts;
use super::duplicates::{Deduplicator, FileVersion, same_in_both};
use super::history::{Sighting, VersionHistory};
use super::index::CoverageIndex;
use super::look::Look;
use super::undated::Undated;
use super::version::{Basis, Version};
use crate::normalise::rows::Standing;
use crate::normalise::shown::Shown;

/// What is known about all looks before any key is processed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Looks<'h> {
    pub(super) index: &'h CoverageIndex,
    pub(super) doubts: &'h Doubts,
    /// For each file, the rank of its vendor in the table's order.
    pub(super) vendors: &'h [u32],
    /// The key of each row.
    pub(super) keys: &'h [u64],
    /// For each repeat, the file whose rows it shows again.
    pub(super) repeats: &'h HashMap<u32, u32>,
}

/// The rows of one key, identified by the key columns that all vendors have.
pub(super) struct Group<'h, 'a, 'b> {
    history: &'h mut VersionHistory<'a, 'b>,
    looks: Looks<'h>,
    /// The rows that each file shows, by key. For a repeat, the rows of the repeated file.
    shown: BTreeMap<u32, BTreeMap<u64, Vec<u32>>>,
    /// For each row, the files that would hold it if its vendor had it.
    covering: BTreeMap<u32, Vec<u32>>,
    deduplicator: Deduplicator,
}

impl<'h, 'a, 'b> Group<'h, 'a, 'b> {
    /// Builds a group from its sightings, sorted by origin.
    pub(super) fn new(history: &'h mut VersionHistory<'a, 'b>, looks: Looks<'h>, sightings: &[Sighting]) -> Self {
        let mut shown: BTreeMap<u32, BTreeMap<u64, Vec<u32>>> = BTreeMap::new();
        let mut covering: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for one in sightings {
            let of_file = shown.entry(one.origin.file).or_default();
            of_file.entry(looks.keys[one.row as usize]).or_default().push(one.row);
            covering
                .entry(one.row)
                .or_insert_with(|| looks.index.files(looks.vendors[one.origin.file as usize], history, one.row));
        }
        let covered: BTreeSet<u32> = covering.values().flatten().copied().collect();
        for file in covered {
            let repeated = looks.repeats.get(&file).and_then(|repeated| shown.get(repeated)).cloned();
            shown.extend(repeated.map(|rows| (file, rows)));
        }
        Self { history, looks, shown, covering, deduplicator: Deduplicator::default() }
    }

    /// Whether no earlier file shows the key for the same vendor.
    pub(super) fn is_first_of_vendor(&self, file: u32) -> bool {
        let vendor = self.vendor(file);
        !self.shown.range(..file).any(|(other, _)| self.vendor(*other) == vendor)
    }

    /// The rank of a file's vendor in the table's order.
    pub(super) fn vendor(&self, file: u32) -> u32 {
        self.looks.vendors[file as usize]
    }

    /// The files that show or cover the key, oldest first.
    pub(super) fn files(&self) -> BTreeSet<u32> {
        self.shown.keys().chain(self.covering.values().flatten()).copied().collect()
    }

    /// The rows that a file shows, by key.
    pub(super) fn rows_of(&self, file: u32) -> BTreeMap<u64, Vec<u32>> {
        self.shown.get(&file).cloned().unwrap_or_default()
    }

    /// What imports without a day of capture show, by key and vendor.
    pub(super) fn undated(&mut self) -> BTreeMap<(u64, u32), Undated> {
        let mut undated: BTreeMap<(u64, u32), Undated> = BTreeMap::new();
        for (file, keys) in &self.shown {
            if self.history.observations[*file as usize].shown != Shown::Before {
                continue;
            }
            for (key, present) in keys {
                let versions = self.deduplicator.versions(self.history.rows, self.history.rules, present);
                undated.entry((*key, self.looks.vendors[*file as usize])).or_default().add(*file, versions);
            }
        }
        undated
    }

    pub(super) fn history(&self) -> &VersionHistory<'a, 'b> {
        self.history
    }

    pub(super) fn history_mut(&mut self) -> &mut VersionHistory<'a, 'b> {
        self.history
    }

    /// The versions formed by rows of one file.
    pub(super) fn file_versions(&mut self, rows: &[u32]) -> Vec<FileVersion> {
        self.deduplicator.versions(self.history.rows, self.history.rules, rows)
    }

    /// Whether an answer that covers a row but does not show it is doubted.
    pub(super) fn is_doubted(&self, file: u32, row: u32) -> bool {
        self.looks.doubts.holds(self.history, file, row)
    }

    /// Whether a version was looked at before: by a whole answer of its vendor that covers it, by one that is not whole
    /// but shows its key, or by any other file with its key.
    pub(super) fn is_looked_at_before(&self, look: &Look<'_>, row: u32) -> bool {
        let vendor = self.looks.vendors[look.file as usize];
        let shows = |file: &u32| self.shown.get(file).is_some_and(|keys| keys.contains_key(&look.key));
        let is_whole = |file: &u32| self.history.standing(*file) == Standing::Whole;
        let covering = self.looks.index.files(vendor, self.history, row);
        let mut covering = covering.iter().take_while(|file| **file < look.file);
        let is_other = |file: &u32| self.looks.vendors[*file as usize] != vendor;
        let is_part = |file: &u32| self.history.standing(*file) == Standing::Part;
        covering.any(|file| is_whole(file) || shows(file))
            || self.shown.range(..look.file).any(|(file, _)| is_other(file) || (is_part(file) && shows(file)))
    }

    /// From when a version was known, if another vendor also shows it.
    pub(super) fn known_elsewhere(&self, look: &Look<'_>, shown: &FileVersion) -> Option<(Option<i32>, Basis)> {
        let is_same = |version: &&Version| {
            version.announced == shown.announced
                && same_in_both(self.history.rows, self.history.rules, version.row, shown.row)
        };
        look.elsewhere.iter().find(is_same).map(|version| (version.known, version.basis))
    }
}
