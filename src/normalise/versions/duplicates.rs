//! Rows of one file with the same key and announcement: duplicates of a version, or a correction next to its original
//! (`docs/point-in-time.md`).

use crate::normalise::agreement::agree;
use crate::normalise::rows::RowSet;
use crate::normalise::scalars::Scalar;
use crate::spec::Versions;
use pitlake_contract::decimal::Decimal;

/// A version shown by a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct FileVersion {
    pub(super) row: u32,
    pub(super) announced: Option<i32>,
    /// Whether it has another version with the same announcement next to it, so that its own date is unknown.
    pub(super) is_correction: bool,
}

/// Remembers which versions the rows of a key form, because files repeat each other.
#[derive(Debug, Default)]
pub(super) struct Deduplicator {
    known: Vec<(Vec<u32>, Vec<FileVersion>)>,
}

impl Deduplicator {
    /// The versions formed by the rows `present` in a file, in numbering order.
    pub(super) fn versions(&mut self, rows: &mut RowSet<'_>, rules: &Versions, present: &[u32]) -> Vec<FileVersion> {
        if let Some((_, versions)) = self.known.iter().find(|(rows, _)| rows == present) {
            return versions.clone();
        }
        let versions = distinct(rows, rules, present);
        self.known.push((present.to_vec(), versions.clone()));
        versions
    }
}

fn distinct(rows: &mut RowSet<'_>, rules: &Versions, present: &[u32]) -> Vec<FileVersion> {
    // Originals before corrections, otherwise in file order.
    let mut sorted: Vec<u32> = present.to_vec();
    sorted.sort_by_key(|row| flag(rows, rules, *row));
    let mut versions: Vec<FileVersion> = Vec::new();
    for row in sorted {
        let announced = announced(rows, rules, row);
        let is_duplicate = |version: &&mut FileVersion| {
            version.announced == announced && is_duplicate_of(rows, rules, version.row, row)
        };
        match versions.iter_mut().find(is_duplicate) {
            Some(version) => version.row = join(rows, rules, version.row, row),
            None => {
                let is_correction = versions.iter().any(|version| version.announced == announced);
                versions.push(FileVersion { row, announced, is_correction });
            }
        }
    }
    // Stable: within an announcement, keep the order by flag and file. Unannounced versions come last, because they
    // count as announced on the day they were observed.
    versions.sort_by_key(|version| (version.announced.is_none(), version.announced));
    versions
}

/// 0 for an original, 1 without a flag, 2 for a correction.
pub(super) fn flag(rows: &RowSet<'_>, rules: &Versions, row: u32) -> u8 {
    let cell = rules.flag.map(|column| rows.cell(column, row));
    match cell {
        Some(Scalar::Text(id)) => match rows.texts.get(id) {
            "0" => 0,
            _ => 2,
        },
        _ => 1,
    }
}

/// The columns whose dates announce a row: always the same ones, or chosen by one of its values.
fn announcing<'a>(rows: &RowSet<'_>, rules: &'a Versions, row: u32) -> &'a [usize] {
    let Some(by) = &rules.announced_by else { return &rules.announced };
    let Scalar::Text(id) = rows.cell(by.column, row) else { return &[] };
    let value = rows.texts.get(id);
    by.dates.iter().find(|(known, _)| known == value).map_or(&[], |(_, dates)| dates)
}

/// The day a row was announced: the latest of its announcement dates, ignoring those before the end of the period, but
/// not before the day in `earliest`.
pub(super) fn announced(rows: &RowSet<'_>, rules: &Versions, row: u32) -> Option<i32> {
    let day = |column: usize| rows.cell(column, row).day();
    let first = rules.not_before.and_then(day);
    let dates = announcing(rows, rules, row).iter().filter_map(|column| day(*column));
    let announced = dates.filter(|day| first.is_none_or(|first| *day >= first)).max()?;
    Some(rules.earliest.and_then(day).map_or(announced, |earliest| announced.max(earliest)))
}

/// The columns in which two rows must differ to be different versions. Announcement dates of the row are not among
/// them: they make another announcement. If a value chooses the announcement dates, the remaining dates are included:
/// the implementation of a plan also carries the plan's announcement date, and if that differs, it is another version
/// of the implementation.
fn figures<'a>(rows: &RowSet<'_>, rules: &'a Versions, row: u32) -> impl Iterator<Item = usize> + use<'a> {
    let announcing = if rules.announced_by.is_some() { announcing(rows, rules, row) } else { &[] };
    rules.figures.iter().copied().filter(|column| !announcing.contains(column))
}

/// Whether two rows of a file are one version. An empty cell next to a value is no difference, nor is a rounding.
fn is_duplicate_of(rows: &RowSet<'_>, rules: &Versions, a: u32, b: u32) -> bool {
    rows.is_same_print(a, b)
        || figures(rows, rules, a).all(|column| {
            let (a, b) = (rows.cell(column, a), rows.cell(column, b));
            a.is_empty() || b.is_empty() || agree(&rows.texts, a, b)
        })
}

/// Whether a later file shows the same version again. A null where there was a value is a change; columns that one of
/// the files lacks are not compared.
pub(super) fn same_figures(rows: &RowSet<'_>, rules: &Versions, a: u32, b: u32) -> bool {
    if a == b || rows.is_same_print(a, b) {
        return true;
    }
    figures(rows, rules, a).all(|column| {
        let (a, b) = (rows.cell(column, a), rows.cell(column, b));
        a == b || a == Scalar::Absent || b == Scalar::Absent || agree(&rows.texts, a, b)
    })
}

/// Whether rows of two vendors show the same version, compared in the table's units and in the columns that both have.
pub(super) fn same_in_both(rows: &RowSet<'_>, rules: &Versions, a: u32, b: u32) -> bool {
    let scaled = |column: usize, row: u32| match rows.cell(column, row) {
        Scalar::Number(Decimal { mantissa, exponent }) => {
            let exponent = exponent.saturating_add(rows.source(row).shift(column));
            Scalar::Number(Decimal { mantissa, exponent })
        }
        cell => cell,
    };
    figures(rows, rules, a).all(|column| {
        let (a, b) = (scaled(column, a), scaled(column, b));
        a == b || a == Scalar::Absent || b == Scalar::Absent || agree(&rows.texts, a, b)
    })
}

/// Combines two rows: `first`, with its empty cells filled and its roundings refined. Makes a new row if that changes
/// anything, because other files may show `first` alone.
fn join(rows: &mut RowSet<'_>, rules: &Versions, first: u32, second: u32) -> u32 {
    if rows.is_same_print(first, second) {
        return first;
    }
    let mut changes: Vec<(usize, Scalar)> = Vec::new();
    for column in figures(rows, rules, first) {
        match (rows.cell(column, first), rows.cell(column, second)) {
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
    let row = rows.copy(first);
    for (column, cell) in changes {
        rows.columns[column].set(row as usize, cell);
    }
    row
}
