//! Pairs of readings of a partition to compare: by two vendors, before and after later files, version by version. How
//! two rows are compared is in `comparison`.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};

use super::Builder;
use super::comparison::{Comparer, Comparison, KeyedRow, Revision, Tolerance};
use super::key::keys;
use super::merge::{Kept, Ordered, merge, merge_each_vendor};
use super::rows::{RowSet, Standing};
use super::scalars::Scalar;
use super::versions::Version;
use crate::spec::{DateRange, Table, TableSource};
use pitlake_contract::spelling::day;

impl Builder<'_> {
    /// The rows of the table's two vendors, by key; `range` limits the event days. A value agrees with a coarser
    /// rounding of it.
    #[must_use]
    pub fn between(mut self, range: Option<DateRange>) -> Comparison {
        let ranks = self.rows.ranks();
        let ranked: Vec<(u32, u32)> = if self.rows.table.versions.is_some() {
            let versions = self.versions(&mut BTreeSet::new());
            let stands = |version: &&Version| version.withdrawn.is_none();
            let ranked: Vec<(u32, &Version)> =
                versions.iter().filter(stands).map(|version| (ranks[self.rows.file(version.row)], version)).collect();
            // Revisions count up within a key, vendor and occurrence; take the newest version of each.
            let of_one = ranked.chunk_by(|a, b| a.0 == b.0 && a.1.revision < b.1.revision);
            let newest = of_one.filter_map(|versions| {
                versions.iter().max_by_key(|(_, version)| {
                    (version.announced.is_some(), version.announced.or(version.known), version.revision)
                })
            });
            newest.map(|(rank, version)| (*rank, version.row)).collect()
        } else {
            let kept = {
                let superseded = self.newest.superseded(&self.rows, |_| true);
                let counts = |row, _| !superseded.get(row).is_some_and(|gone| *gone);
                let ordered = Ordered::of(&self.rows, counts);
                merge_each_vendor(&mut self.rows, ordered, |_, _| {})
            };
            kept.into_iter().map(|kept| (ranks[self.rows.file(kept.row)], kept.row)).collect()
        };
        let table = self.rows.table;
        let common = table.common_key();
        let parts = keys(&self.rows, &common);
        let readings = [0, 1].map(|wanted| -> Vec<KeyedRow> {
            let rows = ranked.iter().filter(|(rank, _)| *rank == wanted);
            rows.map(|&(_, row)| KeyedRow { part: parts[row as usize], row }).collect()
        });
        let vendors = table.vendors();
        let fills = |vendor: &&str, column: usize| {
            let of_vendor = |source: &&TableSource| source.contract.id.vendor == *vendor;
            table.sources.iter().filter(of_vendor).any(|source| source.fills(column))
        };
        let both = |column: &usize| !common.contains(column) && vendors.iter().all(|vendor| fills(vendor, *column));
        let compared = (0..table.columns.len()).filter(both).collect();
        Comparer::new(&self.rows, compared, Tolerance::Rounding).compare(readings, range)
    }

    /// The rows of parts and those of answers, by key, each from the newest file of its kind; `range` limits the event
    /// days. Missing columns and coarser roundings do not count as differences.
    #[must_use]
    pub fn parts_and_answers(mut self, range: Option<DateRange>) -> Comparison {
        let is_part = |rows: &RowSet<'_>, file: u32| rows.standings[file as usize] == Standing::Part;
        let readings = [true, false].map(|wanted| -> Vec<KeyedRow> {
            if self.rows.table.versions.is_some() {
                return self.newest_sightings(|rows, file| is_part(rows, file) == wanted);
            }
            let standings: Vec<bool> = (0u32..).take(self.files.len()).map(|file| is_part(&self.rows, file)).collect();
            let counts = |file: u32| standings[file as usize] == wanted;
            let superseded = self.newest.superseded(&self.rows, counts);
            let counts = |row: usize, file: u32| {
                counts(file) && !superseded.get(row).is_some_and(|is_superseded| *is_superseded)
            };
            let kept = merge(&mut self.rows, counts, |_, _| {});
            self.keyed(&kept)
        });
        Comparer::new(&self.rows, beside_key(self.rows.table), Tolerance::Near).compare(readings, range)
    }

    /// Rows with their keys.
    fn keyed(&self, kept: &[Kept]) -> Vec<KeyedRow> {
        let keys = keys(&self.rows, &self.rows.table.key);
        kept.iter().map(|kept| KeyedRow { part: keys[kept.row as usize], row: kept.row }).collect()
    }

    /// If versions are kept: the rows of each key in the newest of the selected files that shows it.
    fn newest_sightings(&self, counts: impl Fn(&RowSet<'_>, u32) -> bool) -> Vec<KeyedRow> {
        let keys = keys(&self.rows, &self.rows.table.key);
        let mut newest: BTreeMap<u64, (u32, BTreeSet<u32>)> = BTreeMap::new();
        for one in self.repeats.sightings().iter().filter(|one| counts(&self.rows, one.origin.file)) {
            let (file, rows) = newest.entry(keys[one.row as usize]).or_default();
            if one.origin.file > *file {
                (*file, *rows) = (one.origin.file, BTreeSet::new());
            }
            rows.insert(one.row);
        }
        let keyed = |(part, (_, rows)): (u64, (u32, BTreeSet<u32>))| {
            rows.into_iter().map(move |row| KeyedRow { part, row }).collect::<Vec<_>>()
        };
        newest.into_iter().flat_map(keyed).collect()
    }

    /// The table built from two sets of its files: `included` tells for each file in which of the two readings it
    /// counts.
    #[must_use]
    pub fn changed(mut self, included: &[[bool; 2]], range: Option<DateRange>) -> Comparison {
        // The older reading first, so that what rows take over from older ones is the same in both.
        let readings = [0, 1].map(|side| -> Vec<KeyedRow> {
            let superseded = self.newest.superseded(&self.rows, |file| included[file as usize][side]);
            let counts =
                |row: usize, file: u32| included[file as usize][side] && !superseded.get(row).is_some_and(|gone| *gone);
            let kept = merge(&mut self.rows, counts, |_, _| {});
            self.keyed(&kept)
        });
        Comparer::new(&self.rows, beside_key(self.rows.table), Tolerance::Nothing).compare(readings, range)
    }

    /// The versions first observed at `since` or later, each with the version before it.
    #[must_use]
    pub fn revised(mut self, since: DateTime<Utc>, range: Option<DateRange>) -> Comparison {
        let versions = self.versions(&mut BTreeSet::new());
        let comparer = Comparer::new(&self.rows, beside_key(self.rows.table), Tolerance::Nothing);
        let is_later = |version: &Version| version.observed.is_some_and(|at| at >= since);
        let older = versions.iter().filter(|version| !is_later(version));
        let known: HashSet<Option<Scalar>> = older.map(|version| comparer.scope(version.row)).collect();
        let mut comparison = Comparison::default();
        let mut last: Option<Version> = None;
        for version in versions {
            let before = last.replace(version).filter(|_| version.revision > 1);
            if !comparer.is_in(version.row, range) {
                continue;
            }
            let mut difference = match before {
                _ if !is_later(&version) => {
                    comparison.same += 1;
                    continue;
                }
                None if !known.contains(&comparer.scope(version.row)) => {
                    comparison.apart[1] += 1;
                    continue;
                }
                None => comparer.only(1, version.row),
                Some(before) => comparer.difference([before.row, version.row]),
            };
            let known_on = version.known.and_then(day::day);
            difference.revision = Some(Revision { number: version.revision, known_on, observed_at: version.observed });
            comparison.differences.push(difference);
        }
        comparison
    }
}

/// The columns that are not part of the key.
pub(super) fn beside_key(table: &Table) -> Vec<usize> {
    (0..table.columns.len()).filter(|column| !table.key.contains(column)).collect()
}
