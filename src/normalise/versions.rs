//! Versions under a key: which there are, and from which day each could be known (`docs/point-in-time.md`). Later
//! files only append versions; they never change one.
//!
//! Never here: how a day is read from a line, or how a version becomes a column.

mod duplicates;
mod undated;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::agreement::by_content;
use super::key::keys;
use super::rows::{Origin, RowSet, Standing};
use super::scalars::{Scalar, ScalarColumn};
use super::shown::Shown;
use crate::clock::shanghai_day;
use crate::spec::Versions;
use duplicates::{Deduplicator, same_figures};
use pitlake_contract::spelling::day;
use undated::Undated;

/// What a vendor was asked when it gave a file: every row that could have come has one of the values in
/// each of the columns.
#[derive(Debug, Clone, Default)]
pub(super) struct Coverage {
    pub(super) columns: Vec<(usize, Vec<Scalar>)>,
}

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
    /// Among the rows of its key in one answer, from 1.
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

/// What files show of one key, vendor and occurrence.
struct SightingGroup<'s> {
    occurrence: i32,
    sightings: &'s [Sighting],
}

impl VersionHistory<'_, '_> {
    /// All versions, sorted by key, the vendor's place in the table's order, occurrence and revision; revisions are
    /// numbered for each vendor. `lacking` collects the columns that stay empty because the first file of a version
    /// lacked them.
    pub(super) fn versions(&mut self, mut sightings: Vec<Sighting>, lacking: &mut BTreeSet<usize>) -> Vec<Version> {
        let keys = keys(self.rows, &self.rows.table.key);
        let vendors = self.rows.ranks();
        let files: Vec<u32> = self.rows.origins.iter().map(|origin| origin.file).collect();
        let vendor = |row: u32| vendors[files[row as usize] as usize];
        let place = |row: u32| (keys[row as usize], vendor(row));
        // By key and vendor, file by file, line by line.
        sightings.sort_unstable_by_key(|one| (place(one.row), one.origin, one.row));
        let mut occurrences: Vec<i32> = vec![1; sightings.len()];
        if self.rows.table.occurrence {
            let is_equal = |a: &Sighting, b: &Sighting| place(a.row) == place(b.row) && a.origin.file == b.origin.file;
            let mut numbered = numbered(self.rows, sightings, is_equal);
            numbered.sort_unstable_by_key(|(occurrence, one)| (place(one.row), *occurrence, one.origin, one.row));
            (occurrences, sightings) = numbered.into_iter().unzip();
        }
        let index = CoverageIndex::new(self.observations, &vendors);
        let mut versions = Vec::new();
        let mut first = 0;
        while let Some(&Sighting { row, .. }) = sightings.get(first) {
            let of_group =
                |at: &usize| place(sightings[*at].row) == place(row) && occurrences[*at] == occurrences[first];
            let end = (first..sightings.len()).find(|at| !of_group(at)).unwrap_or(sightings.len());
            let group = SightingGroup { occurrence: occurrences[first], sightings: &sightings[first..end] };
            // Where the key does not hold what was asked for (a day of announcement), its rows have observations of
            // their own.
            let rows: BTreeSet<u32> = group.sightings.iter().map(|one| one.row).collect();
            let covering = rows.into_iter().flat_map(|row| index.files(vendor(row), self, row));
            // An answer that is not whole is a look at what it shows only.
            let shows = |file: u32| group.sightings.iter().any(|one| one.origin.file == file);
            let covering = covering.filter(|file| self.standing(*file) == Standing::Whole || shows(*file)).collect();
            versions.extend(self.of_group(&group, &covering, lacking));
            first = end;
        }
        versions
    }

    /// The versions of one group; `covering` are the files that would hold its rows if the vendor had them.
    fn of_group(
        &mut self,
        group: &SightingGroup<'_>,
        covering: &BTreeSet<u32>,
        lacking: &mut BTreeSet<usize>,
    ) -> Vec<Version> {
        let mut versions: Vec<Version> = Vec::new();
        // Which of them the newest answers still hold.
        let mut current: Vec<usize> = Vec::new();
        // Versions that no whole answer has shown: parts and damaged answers may lack columns.
        let mut unconfirmed: BTreeSet<usize> = BTreeSet::new();
        let mut is_answered = false;
        let mut deduplicator = Deduplicator::default();
        let undated = self.undated(group, &mut deduplicator);
        let showing = group.sightings.iter().map(|one| one.origin.file);
        let files: BTreeSet<u32> = showing.chain(covering.iter().copied()).collect();
        let mut rest = group.sightings;
        for file in files {
            let until = rest.partition_point(|one| one.origin.file <= file);
            let (of_file, later) = rest.split_at(until);
            rest = later;
            let mut present: Vec<u32> = of_file.iter().map(|one| one.row).collect();
            present.dedup();
            if self.observations[file as usize].is_repeat {
                continue;
            }
            let standing = self.standing(file);
            // A key that our newest answer shows gets no version from an import, nor from a file of another program.
            if standing == Standing::Part && is_answered {
                continue;
            }
            if standing != Standing::Part {
                is_answered = !present.is_empty();
            }
            let is_first = versions.is_empty();
            let mut still: Vec<usize> = Vec::new();
            for shown in deduplicator.versions(self.rows, self.rules, &present) {
                let is_known = |at: &&usize| {
                    let version = &versions[**at];
                    version.announced == shown.announced && same_figures(self.rows, self.rules, version.row, shown.row)
                };
                if let Some(&at) = current.iter().find(is_known) {
                    let lacks = lacks(self.rows, versions[at].row, shown.row);
                    if unconfirmed.contains(&at) {
                        versions[at].row = completed(self.rows, versions[at].row, (shown.row, lacks));
                    } else {
                        lacking.extend(lacks);
                    }
                    if standing == Standing::Whole {
                        unconfirmed.remove(&at);
                    }
                    still.push(at);
                    continue;
                }
                let observation = &self.observations[file as usize];
                let mut before = covering.range(..file).filter(|file| self.covers(**file, shown.row)).peekable();
                let is_first_cover = before.peek().is_none() && self.covers(file, shown.row);
                let absent_on = before.filter_map(|file| self.observations[*file as usize].day()).max();
                let is_original = (is_first || is_first_cover)
                    && !shown.is_correction
                    && !undated.is_contested(self.rows, self.rules, (file, &shown));
                let (known, basis) = known_on(shown.announced, observation.day(), is_original, absent_on);
                let revision = i32::try_from(versions.len() + 1).unwrap_or(i32::MAX);
                let (row, announced, observed, occurrence) =
                    (shown.row, shown.announced, observation.at, group.occurrence);
                versions.push(Version { row, announced, known, basis, observed, revision, occurrence });
                still.push(versions.len() - 1);
                if standing != Standing::Whole {
                    unconfirmed.insert(versions.len() - 1);
                }
            }
            // A version that a whole answer covers and does not hold is gone; other files remove none.
            current.retain(|at| standing != Standing::Whole || !self.covers(file, versions[*at].row));
            current.extend(still);
            current.sort_unstable();
            current.dedup();
        }
        versions
    }

    /// What imports without a day of capture show of a group.
    fn undated(&mut self, group: &SightingGroup<'_>, deduplicator: &mut Deduplicator) -> Undated {
        let files = group.sightings.chunk_by(|a, b| a.origin.file == b.origin.file);
        let undated = files.filter(|one| self.observations[one[0].origin.file as usize].shown == Shown::Before);
        let undated: Vec<&[Sighting]> = undated.collect();
        if undated.len() < 2 {
            return Undated::default();
        }
        let versions = |sightings: &[Sighting]| {
            let mut present: Vec<u32> = sightings.iter().map(|one| one.row).collect();
            present.dedup();
            (sightings[0].origin.file, deduplicator.versions(self.rows, self.rules, &present))
        };
        Undated::new(undated.into_iter().map(versions).collect())
    }

    fn standing(&self, file: u32) -> Standing {
        self.rows.standings[file as usize]
    }

    /// Whether a file is an answer that would hold `row` if the vendor had it.
    fn covers(&self, file: u32, row: u32) -> bool {
        let coverage = self.observations[file as usize].coverage.as_ref();
        let has = |(column, values): &(usize, Vec<Scalar>)| values.contains(&self.rows.cell(*column, row));
        coverage.is_some_and(|coverage| coverage.columns.iter().all(has))
    }
}

/// Numbers rows of equal key in one answer by their content; their order there means nothing.
fn numbered(
    rows: &RowSet<'_>,
    mut sightings: Vec<Sighting>,
    is_equal: impl Fn(&Sighting, &Sighting) -> bool,
) -> Vec<(i32, Sighting)> {
    let mut numbered = Vec::with_capacity(sightings.len());
    for equal in sightings.chunk_by_mut(is_equal) {
        equal.sort_by(|a, b| by_content(rows, a.row as usize, b.row as usize));
        numbered.extend((1..).zip(equal.iter().copied()));
    }
    numbered
}

/// Which files cover which rows.
struct CoverageIndex {
    /// By vendor, and column and value of the narrowest parameter that was sent.
    files: HashMap<(u32, usize, Scalar), Vec<u32>>,
    columns: BTreeSet<usize>,
}

impl CoverageIndex {
    fn new(observations: &[Observation], vendors: &[u32]) -> Self {
        let mut index = Self { files: HashMap::new(), columns: BTreeSet::new() };
        for (file, (observation, vendor)) in (0u32..).zip(observations.iter().zip(vendors)) {
            let narrowest = observation.coverage.iter().flat_map(|coverage| &coverage.columns).next();
            let Some((column, values)) = narrowest else { continue };
            index.columns.insert(*column);
            for value in values {
                index.files.entry((*vendor, *column, *value)).or_default().push(file);
            }
        }
        index
    }

    /// The files that would hold `row` if the vendor had it, oldest first.
    fn files(&self, vendor: u32, history: &VersionHistory<'_, '_>, row: u32) -> Vec<u32> {
        let key = |column: &usize| (vendor, *column, history.rows.cell(*column, row));
        let found = self.columns.iter().filter_map(|column| self.files.get(&key(column)));
        let mut files: Vec<u32> = found.flatten().filter(|file| history.covers(**file, row)).copied().collect();
        files.sort_unstable();
        files.dedup();
        files
    }
}

/// From which day a version could be known. A version that the first observation shows (`is_original`) is known from
/// its announcement, unless an answer that covers it lacked it on that day or later (`absent_on`). Any other is known
/// from the day we observed it, and never before its announcement.
fn known_on(
    announced: Option<i32>,
    observed: Option<i32>,
    is_original: bool,
    absent_on: Option<i32>,
) -> (Option<i32>, Basis) {
    match (announced, observed) {
        (Some(day), _) if is_original && absent_on.is_none_or(|absent| absent < day) => (Some(day), Basis::Announced),
        (Some(day), Some(observed)) if day > observed => (Some(day), Basis::Announced),
        (_, observed) => (observed, Basis::Observed),
    }
}

/// A row with the columns that it lacks taken from another one: what no whole answer has shown is completed by the next
/// file that shows it, whose first look at those columns it is.
fn completed(rows: &mut RowSet<'_>, row: u32, (from, lacks): (u32, BTreeSet<usize>)) -> u32 {
    if lacks.is_empty() {
        return row;
    }
    let copy = rows.copy(row);
    for column in lacks {
        let cell = rows.cell(column, from);
        rows.columns[column].set(copy as usize, cell);
    }
    copy
}

/// Columns that the file of a version lacked and a later one has. After a whole answer they stay empty, since versions never
/// change, and the report names them.
fn lacks(rows: &RowSet<'_>, version: u32, shown: u32) -> BTreeSet<usize> {
    if version == shown {
        return BTreeSet::new();
    }
    let lacks =
        |cells: &ScalarColumn| cells.get(version as usize) == Scalar::Absent && !cells.get(shown as usize).is_empty();
    (0..rows.columns.len()).filter(|column| lacks(&rows.columns[*column])).collect()
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
