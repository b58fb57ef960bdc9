//! Rows of one file with the same key and announcement: the same version said twice, or a correction
//! beside what it corrects (`design.md` 5, rule 3).

use super::Rows;
use crate::normalise::cells::{Cell, Texts};
use pitlake_contract::decimal::wide_to_f64;

/// One version that a file shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    pub(super) row: u32,
    pub(super) announced: Option<i32>,
    /// It stands beside another one with the same announcement: of unknown date.
    pub(super) is_correction: bool,
}

/// Remembers what rows say together: files repeat each other.
#[derive(Debug, Default)]
pub(super) struct Twins {
    told: Vec<(Vec<u32>, Vec<Told>)>,
}

impl Twins {
    /// The versions that `present` rows of a file are, in the order in which they are numbered.
    pub(super) fn told_apart(&mut self, rows: &mut Rows<'_, '_>, present: &[u32]) -> Vec<Told> {
        if let Some((_, told)) = self.told.iter().find(|(known, _)| known == present) {
            return told.clone();
        }
        let told = tell_apart(rows, present);
        self.told.push((present.to_vec(), told.clone()));
        told
    }
}

fn tell_apart(rows: &mut Rows<'_, '_>, present: &[u32]) -> Vec<Told> {
    // Originals before corrections, as they stand in the file otherwise.
    let mut sorted: Vec<u32> = present.to_vec();
    sorted.sort_by_key(|row| flag(rows, *row));
    let mut told: Vec<Told> = Vec::new();
    for row in sorted {
        let announced = announced(rows, row);
        let twin = |told: &&mut Told| told.announced == announced && agree(rows, told.row, row);
        match told.iter_mut().find(twin) {
            Some(twin) => twin.row = joined(rows, twin.row, row),
            None => {
                let is_correction = told.iter().any(|told| told.announced == announced);
                told.push(Told { row, announced, is_correction });
            }
        }
    }
    // Stable: the order by flag and file stays within an announcement. Unannounced ones come last, for
    // they count as announced on the day we saw them.
    told.sort_by_key(|told| (told.announced.is_none(), told.announced));
    told
}

/// 0 for an original, 1 where nothing is said, 2 for a correction.
fn flag(rows: &Rows<'_, '_>, row: u32) -> u8 {
    let cell = rows.rules.flag.map(|column| rows.columns[column].get(row as usize));
    match cell {
        Some(Cell::Text(id)) => match rows.texts.get(id) {
            "0" => 0,
            _ => 2,
        },
        _ => 1,
    }
}

/// The columns whose dates announce a row: always the same, or as one of its values says.
fn announcing<'r>(rows: &Rows<'r, '_>, row: u32) -> &'r [usize] {
    let Some(by) = &rows.rules.announced_by else { return &rows.rules.announced };
    let Cell::Text(id) = rows.columns[by.column].get(row as usize) else { return &[] };
    let value = rows.texts.get(id);
    by.dates.iter().find(|(known, _)| known == value).map_or(&[], |(_, dates)| dates)
}

/// The day a row was announced: the latest of its dates that are no earlier than the period's end.
fn announced(rows: &Rows<'_, '_>, row: u32) -> Option<i32> {
    let day = |column: usize| rows.columns[column].get(row as usize).day();
    let first = rows.rules.not_before.and_then(day);
    let dates = announcing(rows, row).iter().filter_map(|column| day(*column));
    dates.filter(|day| first.is_none_or(|first| *day >= first)).max()
}

/// What two rows differ by. The dates that announce are not among it: they make another announcement. Where it
/// hangs on a value which dates announce, the others are figures: the stage that is carried out tells the
/// day its plan was announced on, and another such day is another version of what it tells.
fn figures<'r>(rows: &Rows<'r, '_>, row: u32) -> impl Iterator<Item = usize> + use<'r> {
    let announcing = if rows.rules.announced_by.is_some() { announcing(rows, row) } else { &[] };
    rows.rules.figures.iter().copied().filter(|column| !announcing.contains(column))
}

/// Whether two rows are one version: nothing beside a value, or a rounding of it, is no difference.
fn agree(rows: &Rows<'_, '_>, a: u32, b: u32) -> bool {
    figures(rows, a).all(|column| {
        let (a, b) = (rows.columns[column].get(a as usize), rows.columns[column].get(b as usize));
        a.is_empty() || b.is_empty() || same_value(rows.texts, a, b)
    })
}

/// Whether a later file shows the same version again. Nothing beside a value is a change; a column
/// that one of the files lacks is not compared.
pub(super) fn same_figures(rows: &Rows<'_, '_>, a: u32, b: u32) -> bool {
    if a == b {
        return true;
    }
    figures(rows, a).all(|column| {
        let (a, b) = (rows.columns[column].get(a as usize), rows.columns[column].get(b as usize));
        a == b || a == Cell::Absent || b == Cell::Absent || same_value(rows.texts, a, b)
    })
}

fn same_value(texts: &Texts, a: Cell, b: Cell) -> bool {
    match (a, b) {
        (Cell::Number(a), Cell::Number(b)) => a.agrees(b),
        (Cell::Number(a), Cell::Wide(b)) | (Cell::Wide(b), Cell::Number(a)) => {
            wide_to_f64(texts.get(b), 0).is_some_and(|b| b.to_bits() == a.to_f64(0).to_bits())
        }
        (Cell::Wide(a), Cell::Wide(b)) => wide_to_f64(texts.get(a), 0) == wide_to_f64(texts.get(b), 0),
        _ => a == b,
    }
}

/// The row that says what both say: `first`, with nothing filled and roundings made finer. A row of its
/// own where that is more than `first` says, for other files may show that one alone.
fn joined(rows: &mut Rows<'_, '_>, first: u32, second: u32) -> u32 {
    let mut changes: Vec<(usize, Cell)> = Vec::new();
    for column in figures(rows, first) {
        let (a, b) = (rows.columns[column].get(first as usize), rows.columns[column].get(second as usize));
        match (a, b) {
            (a, b) if a.is_empty() && !b.is_empty() => changes.push((column, b)),
            (Cell::Number(a), Cell::Number(b)) if a.is_rounding_of(b) && !a.equals(b) => {
                changes.push((column, Cell::Number(b)));
            }
            _ => {}
        }
    }
    if changes.is_empty() {
        return first;
    }
    let row = rows.origin.len();
    for cells in rows.columns.iter_mut() {
        let cell = cells.get(first as usize);
        cells.push(cell);
    }
    for (column, cell) in changes {
        rows.columns[column].set(row, cell);
    }
    rows.origin.push(rows.origin[first as usize]);
    u32::try_from(row).unwrap_or(u32::MAX)
}
