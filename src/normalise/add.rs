//! The lines of a file to rows of the partition, or to rejects. Never what rows of a key say together.

use std::collections::BTreeSet;

use super::cells::Cell;
use super::given::Given;
use super::scan::Layout;
use super::value::{Bad, Target, quoted};
use super::versions::{Covers, Look};
use super::{Builder, Input, Reject, Stop, check, nested, output};
use crate::spec::{Axis, FieldPlan, TableSource};
use pitlake_contract::spelling::day;

impl<'a> Builder<'a> {
    /// Adds the rows of a file that is newer than all before.
    ///
    /// # Errors
    /// [`Stop`] when the file as a whole cannot be trusted.
    pub fn add(&mut self, input: Input<'a, '_>, text: &[u8]) -> Result<(), Stop> {
        let text = std::str::from_utf8(text)
            .map_err(|e| Stop::NotText { file: input.path.to_owned(), at: e.valid_up_to() })?;
        let file = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.files.push(input.path.to_owned());
        let covers = self.covers(input);
        let Input { source, observed, is_repeat, .. } = input;
        self.looks.push(Look { source, observed, covers, is_repeat });
        let given = Given::of(input, &mut self.texts);
        let is_nested = nested::is_nested(source);
        let first_row = self.origin.len();
        let width = self.columns.len();
        let mut row = vec![Cell::Absent; width];
        let mut layout = Layout::default();
        let mut seen: Vec<bool> = (0..width).map(|column| given.columns().contains(&column)).collect();
        let mut names = BTreeSet::new();
        let mut rows = 0usize;
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        for (place, (number, line)) in lines.enumerate() {
            let origin = (file, u32::try_from(number + 1).unwrap_or(u32::MAX));
            if self.table.versions.is_some() && self.repeats.know(source, given.to(place), line, origin) {
                continue;
            }
            let first = self.origin.len();
            let mut resolve = |name: &str| {
                let field = source.contract.field(name);
                if field.is_none() {
                    names.insert(name.to_owned());
                }
                let plan = source.fields.iter().find(|plan| Some(plan.field) == field)?;
                seen[plan.column] = true;
                Some(target_of(source, plan))
            };
            if is_nested {
                for (read, part) in nested::read(line, source, width, &mut self.texts, &mut resolve) {
                    let read = read.and_then(|mut row| given.fill(&mut row, place).map(|()| row));
                    rows += usize::from(self.take(input, origin, read.as_deref(), part));
                }
            } else {
                let read = layout.read(line, &mut row, &mut self.texts, &mut resolve);
                let read = read.and_then(|()| given.fill(&mut row, place)).map(|()| &row[..]);
                rows += usize::from(self.take(input, origin, read.as_ref().copied(), line));
            }
            if self.table.versions.is_some() {
                self.repeats.learned(first..self.origin.len(), origin);
            }
        }
        if !names.is_empty() {
            self.unknown.entry(source.contract.id.to_string()).or_default().extend(names);
        }
        // Rows of a file without a key column were all rejected; that is one fault of the file.
        for &column in &self.table.key {
            if rows > 0 && !seen[column] && self.table.columns[column].required && source.fills(column) {
                let (table, column) = (self.table.name.clone(), self.table.columns[column].name.clone());
                return Err(Stop::NoKey { table, file: input.path.to_owned(), column });
            }
        }
        check::unit_ratio(self.table, source, &self.columns, first_row, input.path)
    }

    /// Keeps a row, or sets it aside; `false` for one that is none.
    fn take(&mut self, input: Input<'_, '_>, origin: (u32, u32), read: Result<&[Cell], &Bad>, text: &str) -> bool {
        let placed = match read {
            Ok(row) if input.source.needs.iter().any(|column| row[*column].is_empty()) => return false,
            Ok(row) => self.placed(row, input).map(|is_here| is_here.then_some(row)),
            Err(bad) => Err(bad.clone()),
        };
        match placed {
            Ok(Some(row)) => {
                for (cells, cell) in self.columns.iter_mut().zip(row) {
                    cells.push(*cell);
                }
                self.origin.push(origin);
            }
            Ok(None) => {}
            Err(Bad(reason)) => self.rejects.push(Reject {
                file: input.path.to_owned(),
                line: origin.1 as usize,
                reason,
                row: text.to_owned(),
            }),
        }
        true
    }

    /// Whether a row belongs to this partition, or why it belongs nowhere.
    fn placed(&self, row: &[Cell], input: Input<'_, '_>) -> Result<bool, Bad> {
        for (index, (column, cell)) in self.table.columns.iter().zip(row).enumerate() {
            // Another vendor may not have it at all.
            if column.required && cell.is_empty() && input.source.fills(index) {
                return Err(Bad(format!("`{}` is empty", column.name)));
            }
        }
        if let Some(event) = self.table.event {
            let days = row[event].day().ok_or_else(|| Bad(format!("`{}` is empty", self.table.columns[event].name)))?;
            let day = day::day(days).ok_or_else(|| Bad("the day is out of range".into()))?;
            if !self.partition.holds(day) {
                if input.span {
                    return Ok(false);
                }
                return Err(Bad(format!("the row is of {day}, its folder is not: `import` the file instead")));
            }
        }
        for plan in &input.source.fields {
            let column = &self.table.columns[plan.column];
            output::check(row[plan.column], column.kind, plan.shift, &self.texts)
                .map_err(|value| Bad(format!("`{}`: {value}", column.name)))?;
        }
        Ok(true)
    }

    /// What an answer of our own covers: the values it was asked for, in their columns.
    fn covers(&mut self, input: Input<'_, '_>) -> Option<Covers> {
        let (source, contract) = (input.source, &input.source.contract);
        if input.calls.is_empty() || self.table.versions.is_none() {
            return None;
        }
        // Of a month the parameters name its ends only: it shows what it holds, no more.
        if matches!(contract.ask.axis, Axis::Month | Axis::SecurityMonth) {
            return None;
        }
        let each = contract.ask.each.iter().map(|(name, _)| (name.as_str(), name.as_str()));
        let mut covers = Covers::default();
        for (param, name) in contract.ask.names().into_iter().chain(each) {
            let from_call = contract.fields.iter().position(|field| field.param.as_deref() == Some(param));
            let Some(field) = from_call.or_else(|| contract.field(name)) else { continue };
            let Some(plan) = source.fields.iter().find(|plan| plan.field == field) else { continue };
            let values = input.calls.iter().flatten().filter(|(name, _)| name == param).map(|(_, value)| value);
            // One call may name several securities.
            let apart = if contract.ask.together > 1 { "," } else { "\n" };
            let mut cells: Vec<Cell> = Vec::new();
            for value in values.flat_map(|value| value.split(apart)).collect::<BTreeSet<_>>() {
                cells.push(quoted(value, &target_of(source, plan), &mut self.texts).unwrap_or(Cell::Null));
            }
            covers.columns.push((plan.column, cells));
        }
        Some(covers)
    }
}

/// Where a field goes.
pub(super) fn target_of<'t>(source: &'t TableSource, plan: &FieldPlan) -> Target<'t> {
    let missing = source.contract.fields[plan.field].missing.as_deref();
    Target { column: plan.column, wire: plan.wire, missing }
}

#[cfg(test)]
mod tests;
