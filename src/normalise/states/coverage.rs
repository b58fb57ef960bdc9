//! Which answers cover a row, that is, would hold it if the vendor had it. Which of them counts is decided elsewhere.

use std::collections::HashSet;

use chrono::Datelike as _;
use hashbrown::HashMap;

use super::super::newest::{Days, Newest};
use super::super::rows::RowSet;
use super::super::scalars::Scalar;
use pitlake_contract::spelling::day;

/// What answers of the same kind restrict: vendor and type, a kind of days, and columns.
type Shape<'n> = ((&'n str, &'n str), Days, &'n [usize]);

/// The answers of a partition, indexed by what they cover.
pub(super) struct Coverage<'n> {
    shapes: Vec<Shape<'n>>,
    /// By index of their shape, days, and cells.
    files: HashMap<(usize, Days, &'n [Scalar]), Vec<u32>>,
    /// One per file.
    days: Vec<Option<Days>>,
    /// For each file, whether others may be about its rows.
    contested: Vec<bool>,
}

impl<'n> Coverage<'n> {
    pub(super) fn new(rows: &RowSet<'_>, newest: &'n Newest<'_>) -> Self {
        let mut days = vec![None; rows.standings.len()];
        let (mut shapes, mut files): (Vec<Shape<'n>>, HashMap<_, Vec<u32>>) = (Vec::new(), HashMap::new());
        for answer in &newest.answers {
            days[answer.file as usize] = Some(answer.days);
            // Different days of one kind share a shape, so use one value for all.
            let kind = match answer.days {
                Days::Day(_) => Days::Day(0),
                Days::Month(_) => Days::Month(0),
                Days::All => Days::All,
            };
            let shape = (answer.of, kind, answer.columns.as_slice());
            let place = shapes.iter().position(|known| *known == shape).unwrap_or_else(|| {
                shapes.push(shape);
                shapes.len() - 1
            });
            for cells in &answer.cells {
                files.entry((place, answer.days, cells.as_slice())).or_default().push(answer.file);
            }
        }
        let contested = contested(rows, &days);
        Self { shapes, files, days, contested }
    }

    /// Whether no two files can be about the same row.
    pub(super) fn is_disjoint(&self) -> bool {
        !self.contested.contains(&true)
    }

    /// Whether few of the files are about the same rows as others.
    pub(super) fn is_nearly_disjoint(&self) -> bool {
        8 * self.contested.iter().filter(|is_contested| **is_contested).count() <= self.contested.len()
    }

    /// Whether no file covers anything.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether other files may be about the rows of a file.
    pub(super) fn is_contested(&self, file: usize) -> bool {
        self.contested[file]
    }

    /// Whether a file answers a single day.
    pub(super) fn is_of_day(&self, file: u32) -> bool {
        matches!(self.days[file as usize], Some(Days::Day(_)))
    }

    /// Adds the answers that would hold a row if the vendor had it.
    pub(super) fn add_files(&self, rows: &RowSet<'_>, row: u32, files: &mut Vec<u32>) {
        let event = rows.table.event.and_then(|event| rows.cell(event, row).day());
        let mut cells: Vec<Scalar> = Vec::new();
        for (place, (_, kind, columns)) in self.shapes.iter().enumerate() {
            let days = match (kind, event) {
                (Days::All, _) => Days::All,
                (Days::Day(_), Some(event)) => Days::Day(event),
                (Days::Month(_), Some(event)) => Days::Month(first_of_month(event)),
                (_, None) => continue,
            };
            cells.clear();
            cells.extend(columns.iter().map(|column| rows.cell(*column, row)));
            files.extend(self.files.get(&(place, days, cells.as_slice())).into_iter().flatten());
        }
    }
}

/// For each file, whether others may be about its rows. Only answers to days, or to months, can be told apart by their
/// days.
fn contested(rows: &RowSet<'_>, days: &[Option<Days>]) -> Vec<bool> {
    let is_day = |days: &Option<Days>| matches!(days, Some(Days::Day(_)));
    let is_month = |days: &Option<Days>| matches!(days, Some(Days::Month(_)));
    let event = rows.table.event.filter(|_| days.iter().all(is_day) || days.iter().all(is_month));
    let is_inside = |event: usize| {
        let (mut origins, mut is_inside) = (rows.origins.iter(), true);
        rows.columns[event].all(|cell| {
            let of_file = origins.next().and_then(|origin| days[origin.file as usize]);
            is_inside &= match (of_file, cell.day()) {
                (Some(Days::Day(of_day)), Some(day)) => of_day == day,
                (Some(Days::Month(first)), Some(day)) => first == first_of_month(day),
                _ => false,
            };
        });
        is_inside
    };
    if !event.is_some_and(is_inside) {
        return vec![true; days.len()];
    }
    let (mut once, mut again) = (HashSet::new(), HashSet::new());
    for days in days {
        if !once.insert(days) {
            again.insert(days);
        }
    }
    days.iter().map(|days| again.contains(days)).collect()
}

fn first_of_month(days: i32) -> i32 {
    day::day(days).and_then(|day| day.with_day(1)).map_or(days, day::days)
}
