//! The versions of a key at one vendor, look by look (`docs/point-in-time.md`): what appears is appended, what
//! disappears is withdrawn, and nothing else changes. Which files are looks is decided elsewhere.

use std::collections::BTreeSet;

use super::duplicates::{FileVersion, flag, same_figures};
use super::group::Group;
use super::look::Look;
use super::occurrences::{numbers, occurrences};
use super::version::{Basis, Tracked, Version};
use crate::normalise::rows::{RowSet, Standing};
use crate::normalise::scalars::{Scalar, ScalarColumn};

/// The versions of a key at one vendor, in order of appearance.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    pub(super) tracked: Vec<Tracked>,
    /// Whether our newest answer shows the key.
    is_answered: bool,
}

impl Timeline {
    /// Processes a look. `lacking` collects columns that stay empty because the first file of a version lacked them.
    pub(super) fn look(&mut self, group: &mut Group<'_, '_, '_>, look: &Look<'_>, lacking: &mut BTreeSet<usize>) {
        let standing = group.history().standing(look.file);
        // A file that is not a whole answer is a look only at what it shows. If our newest answer shows a key, imports
        // and other programs' files add no versions to it.
        if standing != Standing::Whole && look.present.is_empty() || standing == Standing::Part && self.is_answered {
            return;
        }
        if look.present.is_empty() && !self.is_covered(group, look.file) {
            return;
        }
        if standing != Standing::Part {
            self.is_answered = !look.present.is_empty();
        }
        let is_numbered = group.history().rows.table.occurrence;
        let shown = if is_numbered { occurrences(group.history(), &look.present) } else { distinct(&look.present) };
        let shown: Vec<Vec<FileVersion>> = shown.iter().map(|rows| group.file_versions(rows)).collect();
        let numbers =
            if is_numbered { numbers(group.history(), &shown, &self.tracked) } else { vec![Some(1); shown.len()] };
        let mut still = BTreeSet::new();
        let mut appeared: Vec<(usize, FileVersion)> = Vec::new();
        for (place, (versions, number)) in shown.iter().zip(&numbers).enumerate() {
            for version in versions {
                match number.and_then(|number| self.find(group, number, version)) {
                    Some(at) => {
                        still.insert(at);
                        self.confirm(group, (at, version), standing, lacking);
                    }
                    None => appeared.push((place, *version)),
                }
            }
        }
        self.withdraw(group, look, &still);
        let mut numbers = numbers;
        for (place, version) in appeared {
            let number = *numbers[place].get_or_insert_with(|| self.free_number());
            self.append(group, look, (number, &version));
        }
        if matches!(standing, Standing::Whole | Standing::Short) {
            for (versions, number) in shown.iter().zip(numbers.into_iter().flatten()) {
                self.append_corrections(group, look, (number, versions));
            }
        }
    }

    fn is_covered(&self, group: &Group<'_, '_, '_>, file: u32) -> bool {
        self.tracked.iter().any(|tracked| group.history().covers(file, tracked.version.row))
    }

    /// The standing version that a file shows again.
    fn find(&self, group: &Group<'_, '_, '_>, number: i32, shown: &FileVersion) -> Option<usize> {
        let history = group.history();
        self.tracked.iter().position(|tracked| {
            let version = &tracked.version;
            tracked.stands()
                && version.occurrence == number
                && version.announced == shown.announced
                && same_figures(history.rows, history.rules, version.row, shown.row)
        })
    }

    /// Records that a version was shown again.
    fn confirm(
        &mut self,
        group: &mut Group<'_, '_, '_>,
        (at, shown): (usize, &FileVersion),
        standing: Standing,
        lacking: &mut BTreeSet<usize>,
    ) {
        let tracked = &mut self.tracked[at];
        let rows = &mut *group.history_mut().rows;
        let lacks = lacks(rows, tracked.version.row, shown.row);
        if tracked.is_confirmed {
            lacking.extend(lacks);
        } else {
            tracked.version.row = completed(rows, tracked.version.row, (shown.row, lacks));
        }
        tracked.is_confirmed |= standing == Standing::Whole;
        tracked.missing_since = None;
    }

    /// Withdraws what an answer covers but does not show.
    fn withdraw(&mut self, group: &Group<'_, '_, '_>, look: &Look<'_>, still: &BTreeSet<usize>) {
        let history = group.history();
        let Some(day) = history.observations[look.file as usize].day() else { return };
        let is_whole = match history.standing(look.file) {
            Standing::Whole => true,
            // It shows the key.
            Standing::Short => false,
            Standing::Partial | Standing::Part => return,
        };
        for (at, tracked) in self.tracked.iter_mut().enumerate() {
            if still.contains(&at) || !tracked.stands() || !history.covers(look.file, tracked.version.row) {
                continue;
            }
            let is_doubted = is_whole && group.is_doubted(look.file, tracked.version.row);
            if is_doubted && tracked.missing_since.is_none_or(|since| since == day) {
                tracked.missing_since.get_or_insert(day);
            } else {
                tracked.version.withdrawn = Some(day);
            }
        }
    }

    /// The lowest number that no standing version has.
    fn free_number(&self) -> i32 {
        let taken: BTreeSet<i32> =
            self.tracked.iter().filter(|one| one.stands()).map(|one| one.version.occurrence).collect();
        (1..i32::MAX).find(|number| !taken.contains(number)).unwrap_or(i32::MAX)
    }

    fn append(&mut self, group: &Group<'_, '_, '_>, look: &Look<'_>, (number, shown): (i32, &FileVersion)) {
        let history = group.history();
        let observation = &history.observations[look.file as usize];
        let (known, basis) = group.known_elsewhere(look, shown).unwrap_or_else(|| {
            let is_contested =
                || look.undated.is_some_and(|all| all.is_contested(history.rows, history.rules, (look.file, shown)));
            let is_original = !shown.is_correction && !group.is_looked_at_before(look, shown.row) && !is_contested();
            known_on(shown.announced, observation.day(), is_original)
        });
        let version = Version {
            row: shown.row,
            announced: shown.announced,
            known,
            basis,
            observed: observation.at,
            revision: self.revisions(number) + 1,
            withdrawn: None,
            occurrence: number,
        };
        let is_confirmed = history.standing(look.file) == Standing::Whole;
        self.tracked.push(Tracked { version, is_confirmed, missing_since: None });
    }

    /// If an answer shows an original and its correction under one announcement, the correction must be the last
    /// revision: an earlier one is withdrawn and appended again.
    fn append_corrections(
        &mut self,
        group: &Group<'_, '_, '_>,
        look: &Look<'_>,
        (number, versions): (i32, &[FileVersion]),
    ) {
        let (rows, rules) = (&*group.history().rows, group.history().rules);
        let Some(day) = group.history().observations[look.file as usize].day() else { return };
        let of = |wanted: u8| versions.iter().filter(move |one| flag(rows, rules, one.row) == wanted);
        for shown in of(2).filter(|one| of(0).any(|original| original.announced == one.announced)) {
            let Some(at) = self.find(group, number, shown) else { continue };
            let is_mate = |one: &Tracked| {
                one.version.occurrence == number && one.version.announced == shown.announced && one.stands()
            };
            if !self.tracked[at + 1..].iter().any(is_mate) {
                continue;
            }
            let former = &mut self.tracked[at];
            let mut again = *former;
            former.version.withdrawn = Some(day);
            (again.version.known, again.version.basis) = known_on(shown.announced, Some(day), false);
            again.version.observed = group.history().observations[look.file as usize].at;
            again.version.revision = self.revisions(number) + 1;
            self.tracked.push(again);
        }
    }

    fn revisions(&self, number: i32) -> i32 {
        let count = self.tracked.iter().filter(|one| one.version.occurrence == number).count();
        i32::try_from(count).unwrap_or(i32::MAX)
    }
}

/// The rows of an unnumbered key: one occurrence, each row once.
fn distinct(present: &[u32]) -> Vec<Vec<u32>> {
    let mut rows: Vec<u32> = Vec::with_capacity(present.len());
    for row in present {
        if !rows.contains(row) {
            rows.push(*row);
        }
    }
    if rows.is_empty() { Vec::new() } else { vec![rows] }
}

/// From which day a version could be known. If it was there at the first look (`is_original`), from its announcement;
/// otherwise from the day we observed it, but not before its announcement.
fn known_on(announced: Option<i32>, observed: Option<i32>, is_original: bool) -> (Option<i32>, Basis) {
    match (announced, observed) {
        (Some(day), _) if is_original => (Some(day), Basis::Announced),
        (Some(day), Some(observed)) if day > observed => (Some(day), Basis::Announced),
        (_, observed) => (observed, Basis::Observed),
    }
}

/// Completes a row with columns from another file. A version that no whole answer has shown yet takes missing columns
/// from the next file that shows it, which is the first look at those columns.
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

/// Columns that the first file of a version lacked and a later one has. After a whole answer they stay empty, because
/// versions never change, and the report lists them.
fn lacks(rows: &RowSet<'_>, version: u32, shown: u32) -> BTreeSet<usize> {
    if version == shown {
        return BTreeSet::new();
    }
    let lacks =
        |cells: &ScalarColumn| cells.get(version as usize) == Scalar::Absent && !cells.get(shown as usize).is_empty();
    (0..rows.columns.len()).filter(|column| lacks(&rows.columns[*column])).collect()
}
