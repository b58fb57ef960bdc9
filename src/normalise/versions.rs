//! Versions under a key: which there are, from which day each could be known, and until when the vendor showed it
//! (`docs/point-in-time.md`). Later files append versions and fill in `withdrawn_on`; they change nothing else.
//!
//! Never here: how a day is read from a line, or how a version becomes a column.

mod coverage;
mod doubt;
mod duplicates;
mod group;
mod occurrences;
mod timeline;
mod undated;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::key::keys;
use super::rows::{Origin, RowSet, Standing};
use super::shown::Shown;
use crate::clock::shanghai_day;
use crate::spec::Versions;
pub(super) use coverage::Coverage;
use coverage::CoverageIndex;
use doubt::Doubts;
use group::Group;
use pitlake_contract::spelling::day;

/// A file of the partition as an observation of the vendor.
#[derive(Debug)]
pub(super) struct Observation {
    /// When we received it; not every file of another program tells.
    pub(super) at: Option<DateTime<Utc>>,
    pub(super) shown: Shown,
    /// For answers to our own calls. A row that an answer covers and does not hold was not there; a file of another
    /// program or an import only shows what it holds.
    pub(super) coverage: Option<Coverage>,
    /// It repeats the answer before it.
    pub(super) is_repeat: bool,
}

impl Observation {
    /// The day at whose end a reader could have it.
    fn day(&self) -> Option<i32> {
        self.at.map(|at| day::days(shanghai_day(at)))
    }
}

/// A row at one of the lines that hold it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sighting {
    pub(super) row: u32,
    pub(super) origin: Origin,
}

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
    /// The first day on which an answer that covers it did not show it any more.
    pub(super) withdrawn: Option<i32>,
    /// Among the rows of its key, from 1.
    pub(super) occurrence: i32,
}

/// The rows read so far, and the observations that showed them.
pub(super) struct VersionHistory<'a, 'b> {
    /// A row that was joined with its duplicate becomes a new row here.
    pub(super) rows: &'b mut RowSet<'a>,
    pub(super) rules: &'a Versions,
    /// Of each file.
    pub(super) observations: &'b [Observation],
}

impl VersionHistory<'_, '_> {
    /// All versions, sorted by key, the vendor's place in the table's order, occurrence and revision; revisions are
    /// numbered for each vendor. `lacking` collects the columns that stay empty because the first file of a version
    /// lacked them.
    pub(super) fn versions(&mut self, sightings: Vec<Sighting>, lacking: &mut BTreeSet<usize>) -> Vec<Version> {
        let vendors = self.rows.ranks();
        let index = CoverageIndex::new(self.observations, &vendors);
        let all = keys(self.rows, &self.rows.table.key);
        let doubts = Doubts::new(self, &sightings, (&vendors, &all));
        // Vendors are looked at together, by the part of the key that all of them have.
        let parts = if vendors.iter().any(|vendor| *vendor != vendors[0]) {
            keys(self.rows, &self.rows.table.common_key())
        } else {
            all.clone()
        };
        let mut groups: BTreeMap<u64, Vec<Sighting>> = BTreeMap::new();
        for one in sightings {
            groups.entry(parts[one.row as usize]).or_default().push(one);
        }
        let repeats = self.repeats(&vendors);
        let looks = Looks { index: &index, doubts: &doubts, vendors: &vendors, keys: &all, repeats: &repeats };
        let mut versions: Vec<((u64, u32), Version)> = Vec::new();
        for (_, mut sightings) in groups {
            sightings.sort_unstable_by_key(|one| (one.origin, one.row));
            Group::new(self, looks, &sightings).versions(lacking, &mut versions);
        }
        versions.sort_by_key(|(place, version)| (*place, version.occurrence, version.revision));
        versions.into_iter().map(|(_, version)| version).collect()
    }

    /// For each answer that repeats one: the file whose rows it shows again, the newest before it to the same question.
    fn repeats(&self, vendors: &[u32]) -> HashMap<u32, u32> {
        let mut newest = HashMap::new();
        let mut repeats = HashMap::new();
        for (file, observation) in (0u32..).zip(self.observations) {
            let Some(coverage) = &observation.coverage else { continue };
            let question = (vendors[file as usize], coverage.question());
            if !observation.is_repeat {
                newest.insert(question, file);
            } else if let Some(repeated) = newest.get(&question) {
                repeats.insert(file, *repeated);
            }
        }
        repeats
    }

    fn standing(&self, file: u32) -> Standing {
        self.rows.standings[file as usize]
    }

    /// Whether a file is an answer that would hold `row` if the vendor had it.
    fn covers(&self, file: u32, row: u32) -> bool {
        let coverage = self.observations[file as usize].coverage.as_ref();
        coverage.is_some_and(|coverage| coverage.holds(self.rows, row))
    }
}

/// What is known of all looks before any key is followed through them.
#[derive(Debug, Clone, Copy)]
struct Looks<'h> {
    index: &'h CoverageIndex,
    doubts: &'h Doubts,
    /// The place of each file's vendor in the table's order.
    vendors: &'h [u32],
    /// The key of each row.
    keys: &'h [u64],
    /// The files whose rows repeats show again.
    repeats: &'h HashMap<u32, u32>,
}

#[cfg(test)]
mod captures;
#[cfg(test)]
mod model;
#[cfg(test)]
mod slices;
#[cfg(test)]
mod stages;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vendors;
#[cfg(test)]
mod withdrawals;
