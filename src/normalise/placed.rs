//! Which partition each line of a file belongs to, determined once for all partitions that the file feeds, so that each
//! reads only its own lines. What a line says is decided elsewhere.

use std::ops::Range;

use chrono::NaiveDate;

use super::file_rows::{self, FileRows, Nothing};
use super::rows::new_columns;
use super::texts::Texts;
use super::{Input, Partition, nested};
use crate::spec::{DateRange, Table};
use pitlake_contract::spelling::day;

/// The lines of a file that are known to belong to one partition and to concern no other: they give it no row, no
/// reject, and no field name that was not in an earlier line.
#[derive(Debug, Default)]
pub struct PlacedLines {
    /// In file order. Lines in between must be read by every partition.
    runs: Vec<Run>,
}

/// Consecutive lines of one partition.
#[derive(Debug)]
struct Run {
    bytes: Range<usize>,
    lines: u32,
    partition: Partition,
}

impl PlacedLines {
    /// Determines the lines of a file that only their own partition in a group must read. Finds none if a line can have
    /// several rows, or the file is not text.
    #[must_use]
    pub fn of(table: &Table, input: Input<'_, '_>, text: &[u8]) -> Self {
        let (Some(event), false) = (table.event, nested::is_nested(input.source)) else { return Self::default() };
        let Ok(text) = std::str::from_utf8(text) else { return Self::default() };
        let of = (table, None, new_columns(table));
        let read = file_rows::read(of, Input { span: true, ..input }, text, &mut Texts::default(), &mut Nothing);
        let FileRows { columns, lines, naming, .. } = read;
        let mut days = lines.iter().enumerate().map(|(row, line)| (*line, columns[event].get(row).day())).peekable();
        let mut naming = naming.into_iter().peekable();
        let mut placed = Self::default();
        let mut last: Option<(Partition, DateRange)> = None;
        let (mut at, mut number) = (0, 0);
        while at < text.len() {
            number += 1;
            let next = memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |end| at + end + 1);
            let is_naming = naming.next_if_eq(&number).is_some();
            let day = days.next_if(|(line, _)| *line == number).and_then(|(_, day)| day::day(day?));
            if let Some(day) = day.filter(|_| !is_naming) {
                let of_last = last.filter(|(_, days)| days.first <= day && day <= days.last);
                let of_day = of_last.or_else(|| partition(table, day));
                if let Some((partition, _)) = of_day {
                    placed.add(at..next, partition);
                }
                last = of_day;
            }
            at = next;
        }
        placed
    }

    fn add(&mut self, bytes: Range<usize>, partition: Partition) {
        match self.runs.last_mut() {
            Some(last) if last.partition == partition && last.bytes.end == bytes.start => {
                last.bytes.end = bytes.end;
                last.lines += 1;
            }
            _ => self.runs.push(Run { bytes, lines: 1, partition }),
        }
    }

    /// The lines that belong to partitions other than this one.
    pub(super) fn beside(&self, partition: Partition) -> Beside<'_> {
        Beside { runs: &self.runs, partition }
    }
}

fn partition(table: &Table, day: NaiveDate) -> Option<(Partition, DateRange)> {
    let partition = Partition::of(table, day);
    Some((partition, partition.days()?))
}

/// Skips lines left to other partitions, from the start of a file to its end.
pub(super) struct Beside<'p> {
    runs: &'p [Run],
    partition: Partition,
}

impl Beside<'_> {
    /// The position after the lines at `at` that belong to another partition, and their number.
    #[inline]
    pub(super) fn skip(&mut self, at: usize) -> Option<(usize, u32)> {
        while let [run, rest @ ..] = self.runs {
            if at < run.bytes.end {
                let is_other = run.bytes.start == at && run.partition != self.partition;
                return is_other.then_some((run.bytes.end, run.lines));
            }
            self.runs = rest;
        }
        None
    }
}

#[cfg(test)]
mod tests;
