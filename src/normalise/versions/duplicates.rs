//! Rows of one file with the same key and announcement: duplicates of one version, or a correction beside what it
//! corrects (`docs/point-in-time.md`).

use super::VersionHistory;
use crate::normalise::scalars::{Scalar, Texts};
use pitlake_contract::decimal::wide_to_f64;

/// One version that a file shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileVersion {
    pub(super) row: u32,
    pub(super) announced: Option<i32>,
    /// It stands beside another one with the same announcement: its own date is unknown.
    pub(super) is_correction: bool,
}

/// Remembers the versions that rows of a key form: files repeat each other.
#[derive(Debug, Default)]
pub(super) struct Deduplicator {
    known: Vec<(Vec<u32>, Vec<FileVersion>)>,
}

impl Deduplicator {
    /// The versions that the rows `present` in a file form, in the order in which they are numbered.
    pub(super) fn versions(&mut self, history: &mut VersionHistory<'_, '_>, present: &[u32]) -> Vec<FileVersion> {
        if let Some((_, versions)) = self.known.iter().find(|(rows, _)| rows == present) {
            return versions.clone();
        }
        let versions = distinct(history, present);
        self.known.push((present.to_vec(), versions.clone()));
        versions
    }
}

fn distinct(history: &mut VersionHistory<'_, '_>, present: &[u32]) -> Vec<FileVersion> {
    // Originals before corrections, otherwise in the order of the file.
    let mut sorted: Vec<u32> = present.to_vec();
    sorted.sort_by_key(|row| flag(history, *row));
    let mut versions: Vec<FileVersion> = Vec::new();
    for row in sorted {
        let announced = announced(history, row);
        let is_duplicate =
            |version: &&mut FileVersion| version.announced == announced && agree(history, version.row, row);
        match versions.iter_mut().find(is_duplicate) {
            Some(version) => version.row = join(history, version.row, row),
            None => {
                let is_correction = versions.iter().any(|version| version.announced == announced);
                versions.push(FileVersion { row, announced, is_correction });
            }
        }
    }
    // Stable: the order by flag and file stays within an announcement. Unannounced ones come last, since they count
    // as announced on the day they were observed.
    versions.sort_by_key(|version| (version.announced.is_none(), version.announced));
    versions
}

/// 0 for an original, 1 without a flag, 2 for a correction.
fn flag(history: &VersionHistory<'_, '_>, row: u32) -> u8 {
    let cell = history.rules.flag.map(|column| history.rows.cell(column, row));
    match cell {
        Some(Scalar::Text(id)) => match history.rows.texts.get(id) {
            "0" => 0,
            _ => 2,
        },
        _ => 1,
    }
}

/// The columns whose dates announce a row: always the same ones, or chosen by one of its values.
fn announcing<'a>(history: &VersionHistory<'a, '_>, row: u32) -> &'a [usize] {
    let Some(by) = &history.rules.announced_by else { return &history.rules.announced };
    let Scalar::Text(id) = history.rows.cell(by.column, row) else { return &[] };
    let value = history.rows.texts.get(id);
    by.dates.iter().find(|(known, _)| known == value).map_or(&[], |(_, dates)| dates)
}

/// The day a row was announced: the latest of its dates that are no earlier than the period's end.
fn announced(history: &VersionHistory<'_, '_>, row: u32) -> Option<i32> {
    let day = |column: usize| history.rows.cell(column, row).day();
    let first = history.rules.not_before.and_then(day);
    let dates = announcing(history, row).iter().filter_map(|column| day(*column));
    dates.filter(|day| first.is_none_or(|first| *day >= first)).max()
}

/// The columns by which two rows are different versions. The dates that announce a row are not among them: they make
/// another announcement. Where a value chooses which dates announce, the other dates are: the implementation of a plan
/// carries the plan's announcement date, and another such date is another version of the implementation.
fn figures<'a>(history: &VersionHistory<'a, '_>, row: u32) -> impl Iterator<Item = usize> + use<'a> {
    let announcing = if history.rules.announced_by.is_some() { announcing(history, row) } else { &[] };
    history.rules.figures.iter().copied().filter(|column| !announcing.contains(column))
}

/// Whether two rows of a file are one version: an empty cell beside a value is no difference, nor is a rounding.
fn agree(history: &VersionHistory<'_, '_>, a: u32, b: u32) -> bool {
    figures(history, a).all(|column| {
        let (a, b) = (history.rows.cell(column, a), history.rows.cell(column, b));
        a.is_empty() || b.is_empty() || same_value(&history.rows.texts, a, b)
    })
}

/// Whether a later file shows the same version again. A null beside a value is a change; a column that one of the
/// files lacks is not compared.
pub(super) fn same_figures(history: &VersionHistory<'_, '_>, a: u32, b: u32) -> bool {
    if a == b {
        return true;
    }
    figures(history, a).all(|column| {
        let (a, b) = (history.rows.cell(column, a), history.rows.cell(column, b));
        a == b || a == Scalar::Absent || b == Scalar::Absent || same_value(&history.rows.texts, a, b)
    })
}

fn same_value(texts: &Texts, a: Scalar, b: Scalar) -> bool {
    match (a, b) {
        (Scalar::Number(a), Scalar::Number(b)) => a.agrees(b),
        (Scalar::Number(a), Scalar::Wide(b)) | (Scalar::Wide(b), Scalar::Number(a)) => {
            wide_to_f64(texts.get(b), 0).is_some_and(|b| b.to_bits() == a.to_f64(0).to_bits())
        }
        (Scalar::Wide(a), Scalar::Wide(b)) => wide_to_f64(texts.get(a), 0) == wide_to_f64(texts.get(b), 0),
        _ => a == b,
    }
}

/// The row with the content of both: `first`, its empty cells filled and its roundings made finer. A new row where
/// that is more than `first` holds, since other files may show `first` alone.
fn join(history: &mut VersionHistory<'_, '_>, first: u32, second: u32) -> u32 {
    let mut changes: Vec<(usize, Scalar)> = Vec::new();
    for column in figures(history, first) {
        match (history.rows.cell(column, first), history.rows.cell(column, second)) {
            (a, b) if a.is_empty() && !b.is_empty() => changes.push((column, b)),
            (Scalar::Number(a), Scalar::Number(b)) if a.is_rounding_of(b) && !a.equals(b) => {
                changes.push((column, Scalar::Number(b)));
            }
            _ => {}
        }
    }
    if changes.is_empty() {
        return first;
    }
    let row = history.rows.copy(first);
    for (column, cell) in changes {
        history.rows.columns[column].set(row as usize, cell);
    }
    row
}
