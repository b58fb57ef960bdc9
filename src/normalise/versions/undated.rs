//! Imports with unknown day of capture: the order in which they were added is not the order in which the vendor showed
//! their rows (`docs/point-in-time.md`). Which files these are is decided elsewhere.

use super::duplicates::{FileVersion, flag, same_figures};
use crate::normalise::rows::RowSet;
use crate::spec::Versions;

/// What each of these imports shows for one key.
#[derive(Debug, Default)]
pub(super) struct Undated {
    files: Vec<(u32, Vec<FileVersion>)>,
}

impl Undated {
    pub(super) fn add(&mut self, file: u32, versions: Vec<FileVersion>) {
        self.files.push((file, versions));
    }

    /// Whether a version in one of them is contested: another import shows other figures for the same announcement
    /// instead, and no flag marks these as the correction.
    pub(super) fn is_contested(&self, rows: &RowSet<'_>, rules: &Versions, (file, one): (u32, &FileVersion)) -> bool {
        if !self.files.iter().any(|(own, _)| *own == file) {
            return false;
        }
        let is_corrected_by =
            |other: &FileVersion| flag(rows, rules, one.row) == 0 && flag(rows, rules, other.row) == 2;
        self.files.iter().filter(|(other, _)| *other != file).any(|(_, versions)| {
            let beside = || versions.iter().filter(|other| other.announced == one.announced);
            let shows = |other: &FileVersion| same_figures(rows, rules, other.row, one.row);
            !beside().any(shows) && beside().any(|other| !is_corrected_by(other))
        })
    }
}
