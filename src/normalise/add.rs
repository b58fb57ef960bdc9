//! The lines of a file to rows of the partition, or to rejects. Never how the rows of a key are merged.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::call_columns::CallColumns;
use super::rows::{Origin, Standing};
use super::scalars::Scalar;
use super::scan::Layout;
use super::states::Look;
use super::value::{LineReading, Remark, RowError, Target, quoted};
use super::versions::{Coverage, Observation};
use super::{Answering, Builder, Input, Reject, Stop, Tells, Wholeness, check, nested, output};
use crate::spec::Axis;
use pitlake_contract::Template;
use pitlake_contract::spelling::day;

impl<'a> Builder<'a> {
    /// Adds the rows of a file; files come oldest first.
    ///
    /// # Errors
    /// [`Stop`] when the file as a whole cannot be trusted.
    pub fn add(&mut self, input: Input<'a, '_>, text: &[u8]) -> Result<(), Stop> {
        let table = self.rows.table;
        let text = std::str::from_utf8(text)
            .map_err(|e| Stop::NotText { file: input.path.to_owned(), at: e.valid_up_to() })?;
        let file = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        let coverage = self.coverage(input);
        let Input { source, observed, shown, is_repeat, .. } = input;
        let rows = self.files.iter().position(|path| path == input.path).and_then(|file| u32::try_from(file).ok());
        let is_whole = input.wholeness == Wholeness::Whole;
        let answering = Answering { slice: input.slice, is_whole, rows: rows.unwrap_or(file) };
        self.looks.push(Look { at: observed.unwrap_or(DateTime::<Utc>::MIN_UTC), answering });
        self.files.push(input.path.to_owned());
        self.rows.sources.push(source);
        self.rows.standings.push(match input.wholeness {
            _ if input.calls.is_empty() => Standing::Part,
            Wholeness::Partial => Standing::Partial,
            Wholeness::Short => Standing::Short,
            Wholeness::Whole => Standing::Whole,
        });
        if table.versions.is_none() {
            self.newest.note(file, source, (input.calls, (input.day, input.month)), &mut self.rows.texts);
        }
        self.observations.push(Observation { at: observed, shown, coverage, is_repeat });
        let mut remarks: Vec<Remark> = Vec::new();
        let mut reading = LineReading { texts: &mut self.rows.texts, remarks: &mut remarks };
        let call = CallColumns::of(input, &mut reading);
        let is_nested = nested::is_nested(source);
        let is_part = input.calls.is_empty();
        let first_row = self.rows.len();
        let width = self.rows.columns.len();
        let mut row = vec![Scalar::Absent; width];
        let mut layout = Layout::default();
        let mut seen: Vec<bool> = (0..width).map(|column| call.columns().contains(&column)).collect();
        let mut names = BTreeSet::new();
        let (mut read_rows, mut has_names) = (0usize, false);
        let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        for (place, (number, line)) in lines.enumerate() {
            let origin = Origin { file, line: u32::try_from(number + 1).unwrap_or(u32::MAX) };
            let is_known = if self.is_compact {
                self.repeats.gave_rows(source, (is_part, call.of_line(place)), line, origin)
            } else {
                table.versions.is_some() && self.repeats.is_known(source, call.of_line(place), line, origin)
            };
            if is_known {
                continue;
            }
            let first = self.rows.len();
            let mut resolve = |name: &str| {
                has_names = true;
                let field = source.contract.field(name);
                if field.is_none() {
                    names.insert(name.to_owned());
                }
                let plan = source.fields.iter().find(|plan| Some(plan.field) == field)?;
                seen[plan.column] = true;
                Some(Target::of(source, plan, input.dialect()))
            };
            remarks.clear();
            let mut reading = LineReading { texts: &mut self.rows.texts, remarks: &mut remarks };
            if is_nested {
                for element in nested::read(line, source, width, &mut reading, &mut resolve) {
                    let read = element.row.and_then(|mut row| call.fill(&mut row, place).map(|()| row));
                    read_rows += usize::from(self.take(input, origin, read.as_deref(), element.text));
                }
            } else {
                let read = layout.read(line, &mut row, &mut reading, &mut resolve);
                let read = read.and_then(|()| call.fill(&mut row, place)).map(|()| &row[..]);
                read_rows += usize::from(self.take(input, origin, read.as_ref().copied(), line));
            }
            if self.rows.len() > first && input.tells == Tells::Rows {
                self.remark(&remarks);
            }
            let rows = first..self.rows.len();
            if self.is_compact && !(remarks.is_empty() && names.is_empty()) {
                self.repeats.note(rows, origin);
            } else if self.is_compact || table.versions.is_some() {
                self.repeats.learn(rows, origin);
            }
        }
        if !names.is_empty() && input.tells == Tells::Rows {
            self.unknown.entry(source.contract.id.to_string()).or_default().extend(names);
        }
        // Without a key column every row was rejected: one error of the file, not one of each row. A column is there when
        // its name is, whatever stands below it.
        for &column in &table.key {
            if read_rows > 0 && has_names && !seen[column] && table.columns[column].required && source.fills(column) {
                let (table, column) = (table.name.clone(), table.columns[column].name.clone());
                return Err(Stop::NoKey { table, file: input.path.to_owned(), column });
            }
        }
        check::unit_ratios(&self.rows, source, first_row, input.path)
    }

    /// Adds a file that holds the rows of an earlier one, as its calls and lines are; `false` where that was not added.
    pub fn add_again(&mut self, input: Input<'a, '_>) -> bool {
        let Some(place) = self.files.iter().position(|path| path == input.path) else { return false };
        let number = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        let (file, repeated) = (number(self.files.len()), number(place));
        let rows = self.looks[place].answering.rows;
        let is_whole = input.wholeness == Wholeness::Whole;
        let answering = Answering { slice: input.slice, is_whole, rows };
        self.looks.push(Look { at: input.observed.unwrap_or(DateTime::<Utc>::MIN_UTC), answering });
        self.files.push(input.path.to_owned());
        self.rows.sources.push(input.source);
        self.rows.standings.push(match (self.rows.standings[place], is_whole) {
            (Standing::Part, _) => Standing::Part,
            (_, false) => Standing::Partial,
            (_, true) => Standing::Whole,
        });
        self.observations.push(Observation {
            at: input.observed,
            shown: input.shown,
            coverage: None,
            is_repeat: input.is_repeat,
        });
        self.newest.note_again(file, repeated);
        if self.is_compact {
            self.repeats.note_again(repeated, file);
            return true;
        }
        let first = self.rows.origins.partition_point(|origin| origin.file < repeated);
        let last = self.rows.origins.partition_point(|origin| origin.file <= repeated);
        for row in first..last {
            let copy = self.rows.copy(number(row));
            self.rows.origins[copy as usize].file = file;
        }
        true
    }

    /// Takes a file back that cannot be trusted, if it was the last to be added: it shows nothing.
    pub fn forget(&mut self, path: &str) {
        if self.files.pop_if(|last| last == path).is_none() {
            return;
        }
        let file = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        if self.is_compact {
            // Lines of later files may stand for its rows.
            self.repeats.forget(file);
        } else {
            self.rows.truncate(self.rows.origins.partition_point(|origin| origin.file < file));
        }
        self.rows.sources.pop();
        self.rows.standings.pop();
        self.newest.forget(file);
        self.looks.pop();
        self.observations.pop();
    }

    /// Counts what is to be named of a line that gave rows.
    fn remark(&mut self, remarks: &[Remark]) {
        for Remark { column, value, is_null } in remarks {
            let named = if *is_null { &mut self.remarks.null_words } else { &mut self.remarks.unlisted };
            let column = self.rows.table.columns[*column].name.clone();
            *named.entry(column).or_default().entry(value.clone()).or_default() += 1;
        }
    }

    /// Keeps a row or rejects it; `false` for one that lacks what its source needs, which is dropped.
    fn take(&mut self, input: Input<'_, '_>, origin: Origin, read: Result<&[Scalar], &RowError>, text: &str) -> bool {
        let placed = match read {
            Ok(row) if input.source.needs.iter().any(|column| row[*column].is_empty()) => return false,
            Ok(row) => self.placed(row, input).map(|is_here| is_here.then_some(row)),
            Err(error) => Err(error.clone()),
        };
        match placed {
            Ok(Some(row)) => self.rows.push(row, origin),
            Ok(None) => {}
            Err(_) if input.tells == Tells::FormerStates => {}
            Err(RowError(reason)) => self.rejects.push(Reject {
                file: input.path.to_owned(),
                line: origin.line as usize,
                reason,
                row: text.to_owned(),
            }),
        }
        true
    }

    /// Whether a row belongs to this partition, or why it belongs nowhere.
    fn placed(&self, row: &[Scalar], input: Input<'_, '_>) -> Result<bool, RowError> {
        let table = self.rows.table;
        for (index, (column, cell)) in table.columns.iter().zip(row).enumerate() {
            // The column may be one that this source does not fill.
            if column.required && cell.is_empty() && input.source.fills(index) {
                return Err(RowError(format!("`{}` is empty", column.name)));
            }
        }
        if let Some(event) = table.event {
            let name = &table.columns[event].name;
            let days = row[event].day().ok_or_else(|| RowError(format!("`{name}` is empty")))?;
            let day = day::day(days).ok_or_else(|| RowError(format!("`{name}`: date out of range")))?;
            if self.partition.is_some_and(|partition| !partition.holds(day)) {
                if input.span {
                    return Ok(false);
                }
                return Err(RowError(format!(
                    "the row is dated {day}, outside the partition of its folder: add the file with `pitlake import`"
                )));
            }
        }
        for plan in &input.source.fields {
            let column = &table.columns[plan.column];
            output::check(row[plan.column], column, plan.shift, &self.rows.texts)
                .map_err(|reason| RowError(format!("`{}`: {reason}", column.name)))?;
        }
        Ok(true)
    }

    /// What an answer to our own calls covers: the values that were asked for, in their columns.
    fn coverage(&mut self, input: Input<'_, '_>) -> Option<Coverage> {
        let (source, contract) = (input.source, &input.source.contract);
        if input.calls.is_empty() || self.rows.table.versions.is_none() {
            return None;
        }
        // The parameters name only the ends of a month, not what lies between: such an answer covers nothing.
        if matches!(contract.ask.axis, Axis::Month | Axis::SecurityMonth) {
            return None;
        }
        let mut coverage = Coverage::default();
        let mut narrow = |param: &str, name: Option<&str>, codes: Option<&Template>| {
            let from_call = contract.fields.iter().position(|field| field.param.as_deref() == Some(param));
            let field = from_call.or_else(|| contract.field(name?))?;
            let plan = source.fields.iter().find(|plan| plan.field == field)?;
            let values = input.calls.iter().flatten().filter(|(name, _)| name == param).map(|(_, value)| value);
            let values: BTreeSet<String> = match codes {
                Some(codes) => values.flat_map(|value| codes.read_codes(value)).collect(),
                None => values.cloned().collect(),
            };
            // What is not sent is the vendor's default, or everything.
            let values =
                if values.is_empty() { contract.fields[field].default.iter().cloned().collect() } else { values };
            if values.is_empty() {
                return Some(());
            }
            let mut cells: Vec<Scalar> = Vec::with_capacity(values.len());
            for value in values {
                let target = Target::of(source, plan, input.dialect());
                let mut reading = LineReading { texts: &mut self.rows.texts, remarks: &mut Vec::new() };
                cells.push(quoted(&value, &target, &mut reading).unwrap_or(Scalar::Null));
            }
            coverage.narrow(plan.column, cells);
            Some(())
        };
        match contract.ask.send.iter().find(|(_, template)| template.has_codes()) {
            // Where no column names the security, nothing tells what was covered.
            Some((param, codes)) => narrow(param, contract.ask.field.as_deref(), Some(codes))?,
            None => {
                let slice = contract.ask.names().map(|(param, name)| narrow(param, Some(name), None));
                slice.unwrap_or_default();
            }
        }
        for (param, _) in &contract.ask.each {
            narrow(param, Some(param), None);
        }
        Some(coverage)
    }
}

#[cfg(test)]
mod tests;
