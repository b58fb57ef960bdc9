//! Keys whose repeats are real: which rows of one answer are one lot, and which lot of earlier answers each is. Lots are
//! matched by their content; their order in an answer means nothing. Never when a version is known.

use super::VersionHistory;
use super::duplicates::{FileVersion, flag, same_figures};
use super::timeline::Tracked;
use crate::normalise::agreement::by_content;
use crate::normalise::rows::RowSet;
use crate::spec::Versions;

/// The rows of one key in one answer, lot by lot: a row flagged as a correction belongs to the row that it corrects.
pub(super) fn lots(history: &VersionHistory<'_, '_>, present: &[u32]) -> Vec<Vec<u32>> {
    let (rows, rules): (&RowSet<'_>, &Versions) = (history.rows, history.rules);
    let mut sorted = present.to_vec();
    sorted.sort_by(|a, b| by_content(rows, *a as usize, *b as usize));
    let (corrections, originals): (Vec<u32>, Vec<u32>) =
        sorted.into_iter().partition(|row| flag(rows, rules, *row) == 2);
    let mut lots: Vec<Vec<u32>> = originals.into_iter().map(|row| vec![row]).collect();
    let mut unpaired = Vec::new();
    for row in corrections {
        let is_equal = |lot: &&mut Vec<u32>| lot.len() == 1 && same_figures(rows, rules, lot[0], row);
        match lots.iter_mut().find(is_equal) {
            Some(lot) => lot.push(row),
            None => unpaired.push(row),
        }
    }
    for row in unpaired {
        match lots.iter_mut().find(|lot| lot.len() == 1 && flag(rows, rules, lot[0]) == 0) {
            Some(lot) => lot.push(row),
            None => lots.push(vec![row]),
        }
    }
    lots
}

/// For each lot of an answer the number under which earlier ones showed it, those of equal content first.
pub(super) fn numbers(
    history: &VersionHistory<'_, '_>,
    lots: &[Vec<FileVersion>],
    tracked: &[Tracked],
) -> Vec<Option<i32>> {
    let (rows, rules) = (&*history.rows, history.rules);
    let mut numbers: Vec<Option<i32>> = vec![None; lots.len()];
    let equal = |a: u32, b: u32| a == b || by_content(rows, a as usize, b as usize).is_eq();
    let near = |a: u32, b: u32| same_figures(rows, rules, a, b);
    for is_same in [&equal as &dyn Fn(u32, u32) -> bool, &near] {
        for (place, lot) in lots.iter().enumerate() {
            if numbers[place].is_some() {
                continue;
            }
            let is_shown = |before: &&Tracked| {
                let version = &before.version;
                let is_version =
                    |shown: &FileVersion| shown.announced == version.announced && is_same(shown.row, version.row);
                before.stands() && lot.iter().any(is_version)
            };
            let taken = |before: &&Tracked| !numbers.contains(&Some(before.version.occurrence));
            let found = tracked.iter().filter(taken).filter(is_shown).map(|before| before.version.occurrence).min();
            numbers[place] = found;
        }
    }
    numbers
}
