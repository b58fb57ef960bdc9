//! Reads the lines of one file into typed rows or rejects, independently of other files, so that files can be read in
//! parallel.

use std::collections::BTreeSet;
use std::ops::Range;

use super::call_columns::CallColumns;
use super::row_rules::RowRules;
use super::scalars::{Scalar, ScalarColumn};
use super::scan::{Layout, line_at};
use super::texts::Texts;
use super::value::{LineReading, Remark, RowError, Target};
use super::{Input, Partition, Reject, Remarks, Stop, Tells, check, nested};
use crate::spec::Table;

/// The rows of a file in line order.
#[derive(Debug)]
pub(super) struct FileRows {
    pub(super) columns: Vec<ScalarColumn>,
    /// The line of each row, counted from 1.
    pub(super) lines: Vec<u32>,
    pub(super) rejects: Vec<Reject>,
    /// Fields that no contract lists.
    pub(super) unknown: BTreeSet<String>,
    pub(super) remarks: Remarks,
    /// Why the file as a whole cannot be trusted.
    pub(super) stop: Option<Stop>,
    /// Lines with field names that no earlier line has.
    pub(super) naming: Vec<u32>,
}

/// Knows which lines were read before.
pub(super) trait ReadBefore {
    /// If the rows of the line at `at` are already known, the position after it. `call` holds the cells from the call
    /// that returned it; lines are numbered from 1.
    fn skip(&mut self, text: &str, at: usize, number: u32, call: &[Result<Scalar, RowError>]) -> Option<usize>;

    /// Records the rows of the line last asked about. `is_named` tells whether something in it is reported to the user.
    fn learn(&mut self, rows: Range<usize>, number: u32, is_named: bool);
}

/// Knows none, so every line is read.
pub(super) struct Nothing;

impl ReadBefore for Nothing {
    fn skip(&mut self, _: &str, _: usize, _: u32, _: &[Result<Scalar, RowError>]) -> Option<usize> {
        None
    }

    fn learn(&mut self, _: Range<usize>, _: u32, _: bool) {}
}

/// Reads those lines of a file that belong to a partition (`None` for all rows) into empty columns.
pub(super) fn read(
    (table, partition, columns): (&Table, Option<Partition>, Vec<ScalarColumn>),
    input: Input<'_, '_>,
    text: &str,
    texts: &mut Texts,
    before: &mut impl ReadBefore,
) -> FileRows {
    let source = input.source;
    let mut remarks: Vec<Remark> = Vec::new();
    let call = CallColumns::of(input, &mut LineReading { texts, remarks: &mut remarks });
    let width = table.columns.len();
    let mut seen: Vec<bool> = (0..width).map(|column| call.columns().contains(&column)).collect();
    let (mut unknown, mut has_names, mut naming) = (BTreeSet::new(), false, Vec::new());
    let mut rows = Taken::new((table, partition), columns, (input, call.columns()));
    if !input.span {
        // Lines have about the same length. If there are more of them, the columns grow.
        let (_, line) = line_at(text, 0);
        rows.reserve(text.len() / line.max(1) * 17 / 16);
    }
    let mut named = Remarks::default();
    let mut layout = Layout::default();
    let mut row = vec![Scalar::Absent; width];
    let is_nested = nested::is_nested(source);
    let mut others = input.placed.zip(partition).map(|(placed, partition)| placed.beside(partition));
    // Counts lines that are not blank.
    let (mut at, mut number, mut place, mut read_rows) = (0, 0u32, 0, 0usize);
    while at < text.len() {
        if let Some((next, lines)) = others.as_mut().and_then(|others| others.skip(at)) {
            (at, number, place) = (next, number + lines, place + lines as usize);
            continue;
        }
        number += 1;
        if let Some(next) = before.skip(text, at, number, call.of_line(place)) {
            (at, place) = (next, place + 1);
            continue;
        }
        let first = rows.lines.len();
        remarks.clear();
        if !is_nested {
            let mut reading = LineReading { texts, remarks: &mut remarks };
            let sink = (&mut rows.columns[..], &rows.rules);
            let next = layout.append((text.as_bytes(), at), sink, |column| call.cell(column, place), &mut reading);
            if next.is_some() && remarks.is_empty() {
                rows.lines.push(number);
                (at, place, read_rows) = (next.unwrap_or(at), place + 1, read_rows + 1);
                before.learn(first..first + 1, number, !unknown.is_empty());
                continue;
            }
            rows.columns.iter_mut().for_each(|cells| cells.truncate(first));
        }
        let mut is_naming = false;
        let mut resolve = |name: &str| {
            is_naming |= !std::mem::replace(&mut has_names, true);
            let field = source.contract.field(name);
            if field.is_none() {
                is_naming |= unknown.insert(name.to_owned());
            }
            let plan = source.fields.iter().find(|plan| Some(plan.field) == field)?;
            is_naming |= !std::mem::replace(&mut seen[plan.column], true);
            Some(Target::of(source, plan, input.dialect()))
        };
        remarks.clear();
        let mut reading = LineReading { texts, remarks: &mut remarks };
        if is_nested {
            let (line, next) = line_at(text, at);
            at = next;
            if line.trim().is_empty() {
                continue;
            }
            for element in nested::read(line, source, width, &mut reading, &mut resolve) {
                let read = element.row.and_then(|mut row| call.fill(&mut row, place).map(|()| row));
                read_rows += usize::from(rows.take(number, read.as_deref(), element.text, reading.texts));
            }
        } else {
            let line = layout.read((text, at), &mut row, &mut reading, &mut resolve);
            at = line.next;
            let Some(read) = line.read else { continue };
            let read = read.and_then(|()| call.fill(&mut row, place)).map(|()| &row[..]);
            read_rows += usize::from(rows.take(number, read.as_ref().copied(), line.text, reading.texts));
        }
        naming.extend(is_naming.then_some(number));
        place += 1;
        let of_line = first..rows.lines.len();
        if !of_line.is_empty() && input.tells == Tells::Rows {
            note(&mut named, &remarks, table);
        }
        before.learn(of_line, number, !(remarks.is_empty() && unknown.is_empty()));
    }
    // If a key column is missing, every row was rejected: report one error for the file, not one per row. A column
    // counts as present if its name occurs, whatever its values.
    let is_lost = |column: usize| !seen[column] && table.columns[column].required && source.fills(column);
    let lost = table.key.iter().find(|column| read_rows > 0 && has_names && is_lost(**column));
    let stop = match lost {
        Some(&column) => {
            let (table, column) = (table.name.clone(), table.columns[column].name.clone());
            Some(Stop::NoKey { table, file: input.path.to_owned(), column })
        }
        None => check::unit_ratios(table, (&rows.columns, texts), source, input.path).err(),
    };
    if input.tells != Tells::Rows {
        unknown.clear();
    }
    let Taken { columns, lines, rejects, .. } = rows;
    FileRows { columns, lines, rejects, unknown, remarks: named, stop, naming }
}

/// Counts the remarks about a line that gave rows.
fn note(named: &mut Remarks, remarks: &[Remark], table: &Table) {
    for Remark { column, value, is_null } in remarks {
        let named = if *is_null { &mut named.null_words } else { &mut named.unlisted };
        let column = table.columns[*column].name.clone();
        *named.entry(column).or_default().entry(value.clone()).or_default() += 1;
    }
}

/// What became of the lines so far.
struct Taken<'t, 'f> {
    input: Input<'t, 'f>,
    rules: RowRules<'t>,
    columns: Vec<ScalarColumn>,
    lines: Vec<u32>,
    rejects: Vec<Reject>,
}

impl<'t, 'f> Taken<'t, 'f> {
    fn new(
        of: (&'t Table, Option<Partition>),
        columns: Vec<ScalarColumn>,
        (input, filled): (Input<'t, 'f>, &[usize]),
    ) -> Self {
        Self { input, rules: RowRules::new(of, input, filled), columns, lines: Vec::new(), rejects: Vec::new() }
    }

    fn reserve(&mut self, rows: usize) {
        self.columns.iter_mut().for_each(|cells| cells.reserve(rows));
        self.lines.reserve(rows);
    }

    /// Keeps or rejects a row. Returns false for one that lacks what its source needs, which is dropped.
    fn take(&mut self, line: u32, read: Result<&[Scalar], &RowError>, text: &str, texts: &Texts) -> bool {
        let placed = match read {
            Ok(row) if self.rules.is_dropped(row) => return false,
            Ok(row) => self.rules.holds(row, texts).map(|is_here| is_here.then_some(row)),
            Err(error) => Err(error.clone()),
        };
        match placed {
            Ok(Some(row)) => {
                for (cells, cell) in self.columns.iter_mut().zip(row) {
                    cells.push(self.rules.kept(*cell));
                }
                self.lines.push(line);
            }
            Ok(None) => {}
            Err(_) if self.input.tells == Tells::FormerStates => {}
            Err(RowError(reason)) => self.rejects.push(Reject {
                file: self.input.path.to_owned(),
                line: line as usize,
                reason,
                row: text.to_owned(),
            }),
        }
        true
    }
}

#[cfg(test)]
mod tests;
