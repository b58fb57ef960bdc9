//! Keys that may really repeat: which rows of an answer are one occurrence, and which occurrence of earlier answers
//! each one is. They are matched by content, because their order in an answer means nothing. From when a version is
//! known is decided elsewhere.

use std::collections::BTreeMap;

use super::duplicates::{FileVersion, announced, flag, same_figures};
use super::history::VersionHistory;
use super::version::Tracked;
use crate::normalise::agreement::by_content;
use crate::normalise::rows::RowSet;
use crate::spec::Versions;

/// Groups the rows of a key in an answer by the occurrence they are versions of: rows with different announcements, and
/// a row flagged as a correction with the row it corrects.
pub(super) fn occurrences(history: &VersionHistory<'_, '_>, present: &[u32]) -> Vec<Vec<u32>> {
    let (rows, rules): (&RowSet<'_>, &Versions) = (history.rows, history.rules);
    let mut sorted = present.to_vec();
    sorted.sort_by(|a, b| by_content(rows, *a as usize, *b as usize));
    if rows.table.distinct {
        sorted.dedup_by(|a, b| by_content(rows, *a as usize, *b as usize).is_eq());
    }
    let mut by_announcement: BTreeMap<Option<i32>, Vec<u32>> = BTreeMap::new();
    for row in sorted {
        by_announcement.entry(announced(rows, rules, row)).or_default().push(row);
    }
    let announcements = by_announcement.into_values().map(|of_one| corrected(rows, rules, of_one));
    if rules.occurrence_per_announcement {
        return announcements.flatten().collect();
    }
    let mut occurrences: Vec<Vec<u32>> = Vec::new();
    for of_one in announcements {
        for (place, more) in of_one.into_iter().enumerate() {
            match occurrences.get_mut(place) {
                Some(occurrence) => occurrence.extend(more),
                None => occurrences.push(more),
            }
        }
    }
    occurrences
}

/// Groups rows of one announcement: each correction with a row that it corrects, preferably an equal one.
fn corrected(rows: &RowSet<'_>, rules: &Versions, of_one: Vec<u32>) -> Vec<Vec<u32>> {
    let (corrections, originals): (Vec<u32>, Vec<u32>) =
        of_one.into_iter().partition(|row| flag(rows, rules, *row) == 2);
    let mut occurrences: Vec<Vec<u32>> = originals.into_iter().map(|row| vec![row]).collect();
    let mut unpaired = Vec::new();
    for row in corrections {
        let is_equal = |one: &&mut Vec<u32>| one.len() == 1 && same_figures(rows, rules, one[0], row);
        match occurrences.iter_mut().find(is_equal) {
            Some(one) => one.push(row),
            None => unpaired.push(row),
        }
    }
    for row in unpaired {
        match occurrences.iter_mut().find(|one| one.len() == 1 && flag(rows, rules, one[0]) == 0) {
            Some(one) => one.push(row),
            None => occurrences.push(vec![row]),
        }
    }
    occurrences
}

/// For each occurrence in an answer, its number in earlier answers. Occurrences with equal content are matched first.
pub(super) fn numbers(
    history: &VersionHistory<'_, '_>,
    occurrences: &[Vec<FileVersion>],
    tracked: &[Tracked],
) -> Vec<Option<i32>> {
    let (rows, rules) = (&*history.rows, history.rules);
    let mut numbers: Vec<Option<i32>> = vec![None; occurrences.len()];
    let equal = |a: u32, b: u32| a == b || by_content(rows, a as usize, b as usize).is_eq();
    let near = |a: u32, b: u32| same_figures(rows, rules, a, b);
    for is_same in [&equal as &dyn Fn(u32, u32) -> bool, &near] {
        for (place, occurrence) in occurrences.iter().enumerate() {
            if numbers[place].is_some() {
                continue;
            }
            let is_shown = |before: &&Tracked| {
                let version = &before.version;
                let is_version =
                    |shown: &FileVersion| shown.announced == version.announced && is_same(shown.row, version.row);
                before.stands() && occurrence.iter().any(is_version)
            };
            let taken = |before: &&Tracked| !numbers.contains(&Some(before.version.occurrence));
            let found = tracked.iter().filter(taken).filter(is_shown).map(|before| before.version.occurrence).min();
            numbers[place] = found;
        }
    }
    numbers
}
