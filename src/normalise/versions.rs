//! Versions of a key: which there are, from which day each could be known, and until when the vendor showed it
//! (`docs/point-in-time.md`). Later files append versions and fill in `withdrawn_on`, and change nothing else.
//!
//! How a date is read from a line, and how a version becomes a column, is decided elsewhere.

mod coverage;
mod doubt;
mod duplicates;
mod group;
mod history;
mod index;
mod look;
mod occurrences;
mod timeline;
mod undated;
mod version;

use std::collections::{BTreeMap, BTreeSet};

use super::key::keys;
pub(super) use coverage::Coverage;
use doubt::Doubts;
use group::{Group, Looks};
pub(super) use history::{Observation, Sighting, VersionHistory};
use index::CoverageIndex;
use look::Look;
use timeline::Timeline;
pub(super) use version::{Basis, Version};

impl VersionHistory<'_, '_> {
    /// All versions, sorted by key, the vendor's rank in the table's order, occurrence and revision. Revisions are
    /// numbered per vendor. `lacking` collects columns that stay empty because the first file of a version lacked them.
    pub(super) fn versions(&mut self, sightings: Vec<Sighting>, lacking: &mut BTreeSet<usize>) -> Vec<Version> {
        let vendors = self.rows.ranks();
        let index = CoverageIndex::new(self.observations, &vendors);
        let all = keys(self.rows, &self.rows.table.key);
        let doubts = Doubts::new(self, &sightings, (&vendors, &all));
        // Vendors are processed together, by the key columns that all of them have.
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
            follow(&mut Group::new(self, looks, &sightings), lacking, &mut versions);
        }
        versions.sort_by_key(|(place, version)| (*place, version.occurrence, version.revision));
        versions.into_iter().map(|(_, version)| version).collect()
    }
}

/// Follows a key through all looks at it and adds its versions, each with the key and the rank of its vendor.
fn follow(group: &mut Group<'_, '_, '_>, lacking: &mut BTreeSet<usize>, into: &mut Vec<((u64, u32), Version)>) {
    let mut timelines: BTreeMap<(u64, u32), Timeline> = BTreeMap::new();
    let undated = group.undated();
    for file in group.files() {
        let vendor = group.vendor(file);
        let of_file = group.rows_of(file);
        let mut keys: BTreeSet<u64> = timelines.keys().filter(|one| one.1 == vendor).map(|one| one.0).collect();
        keys.extend(of_file.keys());
        // What other vendors show at this vendor's first look.
        let mut elsewhere: Vec<Version> = Vec::new();
        if group.is_first_of_vendor(file) {
            let others = timelines.iter().filter(|(place, _)| place.1 != vendor);
            let standing = others.flat_map(|(_, timeline)| timeline.tracked.iter().filter(|one| one.stands()));
            elsewhere.extend(standing.map(|one| one.version));
        }
        for key in keys {
            let present = of_file.get(&key).cloned().unwrap_or_default();
            let look = Look { file, key, present, elsewhere: &elsewhere, undated: undated.get(&(key, vendor)) };
            timelines.entry((key, vendor)).or_default().look(group, &look, lacking);
        }
    }
    into.extend(
        timelines
            .into_iter()
            .flat_map(|(place, timeline)| timeline.tracked.into_iter().map(move |tracked| (place, tracked.version))),
    );
}

#[cfg(test)]
mod captures;
#[cfg(test)]
mod distributions;
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
