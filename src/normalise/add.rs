//! Adds files to a partition one after another: what each file is, what it covers, and its rows, appended to those
//! before. How a line is read and how the rows of a key are merged is decided elsewhere.

use std::collections::BTreeSet;
use std::ops::Range;

use chrono::{DateTime, Utc};

use super::call_columns::CallColumns;
use super::file_rows::{self, FileRows, Nothing, ReadBefore};
use super::reader::{EmptyColumns, FileReader, ReadFile, valid};
use super::repeats::{ReadLine, Repeats};
use super::rows::{Origin, Standing, new_columns};
use super::scalars::Scalar;
use super::scan::line_at;
use super::states::Look;
use super::texts::Texts;
use super::value::{LineReading, RowError, Target, quoted};
use super::versions::{Coverage, Observation};
use super::{Answering, Builder, Input, Stop, Wholeness};
use crate::spec::Axis;
use pitlake_contract::Template;

/// For each of a reader's texts, its number in the builder.
#[derive(Debug, Default)]
pub struct TextIds(Vec<u32>);

impl TextIds {
    /// Numbers a reader's new texts. Texts new to the builder are numbered in sorted order, because the rows of each
    /// file are put in the order of these numbers, which is then nearly the table's order.
    fn learn(&mut self, new: &[Box<str>], texts: &mut Texts) {
        let mut sorted: Vec<usize> = (0..new.len()).collect();
        sorted.sort_unstable_by(|a, b| new[*a].cmp(&new[*b]));
        let known = self.0.len();
        self.0.resize(known + new.len(), 0);
        for place in sorted {
            self.0[known + place] = texts.intern(&new[place]);
        }
    }
}

/// Finds lines that occurred before, in this file or an earlier one.
struct Repeated<'b, 't, 'f> {
    repeats: &'b mut Repeats,
    input: Input<'t, 'f>,
    file: u32,
    /// The number of the file's first row.
    first: usize,
    /// Whether lines without rows are read again.
    is_compact: bool,
}

impl ReadBefore for Repeated<'_, '_, '_> {
    fn skip(&mut self, text: &str, at: usize, number: u32, call: &[Result<Scalar, RowError>]) -> Option<usize> {
        let (line, next) = line_at(text, at);
        if line.trim().is_empty() {
            return None;
        }
        let (source, origin) = (self.input.source, Origin { file: self.file, line: number });
        let is_known = if self.is_compact {
            self.repeats.gave_rows(source, (self.input.calls.is_empty(), call), line, origin)
        } else {
            self.repeats.is_known(source, call, line, origin)
        };
        is_known.then_some(next)
    }

    fn learn(&mut self, rows: Range<usize>, number: u32, is_named: bool) {
        let rows = self.first + rows.start..self.first + rows.end;
        let origin = Origin { file: self.file, line: number };
        if self.is_compact && is_named {
            self.repeats.note(rows, origin);
        } else {
            self.repeats.learn(rows, origin);
        }
    }
}

impl<'a> Builder<'a> {
    /// Adds the rows of a file. Files must be added oldest first.
    ///
    /// # Errors
    /// [`Stop`] when the file as a whole cannot be trusted.
    pub fn add(&mut self, input: Input<'a, '_>, text: &[u8]) -> Result<(), Stop> {
        let text = valid(input.path, text)?;
        let file = self.note(input);
        let of = (self.rows.table, self.partition, new_columns(self.rows.table));
        let rows = if self.reads_alone() {
            file_rows::read(of, input, text, &mut self.rows.texts, &mut Nothing)
        } else {
            let (first, is_compact) = (self.rows.len(), self.is_compact);
            let mut before = Repeated { repeats: &mut self.repeats, input, file, first, is_compact };
            file_rows::read(of, input, text, &mut self.rows.texts, &mut before)
        };
        self.take(file, rows, None).1
    }

    /// Whether lines mean the same whatever earlier files hold, so that files can be read separately.
    fn reads_alone(&self) -> bool {
        !self.is_compact && self.rows.table.versions.is_none()
    }

    /// A reader for this builder's files, or `None` if they must be read one after another.
    #[must_use]
    pub fn reader(&self) -> Option<FileReader<'a>> {
        let partition = self.partition.filter(|_| !self.is_compact)?;
        let digests = (!self.reads_alone()).then(|| self.repeats.digests());
        Some(FileReader::new(self.rows.table, partition, digests))
    }

    /// Like [`Builder::add`], for a file that a reader has read. `ids` maps the reader's texts. Returns `None`, and
    /// adds nothing, if some of the lines were read before.
    ///
    /// # Errors
    /// [`Stop`] when the file as a whole cannot be trusted.
    pub fn add_read(
        &mut self,
        input: Input<'a, '_>,
        read: ReadFile,
        ids: &mut TextIds,
    ) -> (EmptyColumns, Option<Result<(), Stop>>) {
        ids.learn(&read.texts, &mut self.rows.texts);
        if let Some(lines) = read.lines
            && !self.learn_all(input, lines)
        {
            return (EmptyColumns(read.rows.columns), None);
        }
        let file = self.note(input);
        let (emptied, added) = self.take(file, read.rows, Some(&ids.0));
        (emptied, Some(added))
    }

    /// Records the lines of a file about to be added. Returns false if one of them was read before.
    fn learn_all(&mut self, input: Input<'a, '_>, lines: Vec<ReadLine>) -> bool {
        let file = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        let first = self.rows.len();
        let mut reading = LineReading { texts: &mut self.rows.texts, remarks: &mut Vec::new() };
        let call = CallColumns::of(input, &mut reading);
        let lines = lines.into_iter().enumerate().map(|(place, line)| (call.of_line(place), line));
        self.repeats.learn_all(input.source, lines, (file, first))
    }

    /// Records what a file is and covers, and numbers it.
    fn note(&mut self, input: Input<'a, '_>) -> u32 {
        let file = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        let coverage = self.coverage(input);
        let Input { source, observed, shown, is_repeat, .. } = input;
        let rows = *self.places.entry(input.path.to_owned()).or_insert(file);
        let is_whole = input.wholeness == Wholeness::Whole;
        let answering = Answering { slice: input.slice, is_whole, rows };
        self.looks.push(Look { at: observed.unwrap_or(DateTime::<Utc>::MIN_UTC), answering });
        self.files.push(input.path.to_owned());
        self.rows.sources.push(source);
        self.rows.standings.push(match input.wholeness {
            _ if input.calls.is_empty() => Standing::Part,
            Wholeness::Partial => Standing::Partial,
            Wholeness::Short => Standing::Short,
            Wholeness::Whole => Standing::Whole,
        });
        if self.rows.table.versions.is_none() {
            self.newest.note(file, source, (input.calls, (input.day, input.month)), &mut self.rows.texts);
        }
        self.observations.push(Observation { at: observed, shown, coverage, is_repeat });
        file
    }

    /// Adds the rows and remarks of a file.
    fn take(&mut self, file: u32, read: FileRows, ids: Option<&[u32]>) -> (EmptyColumns, Result<(), Stop>) {
        let FileRows { columns, lines, rejects, unknown, remarks, stop, .. } = read;
        self.rows.extend(file, (&columns, &lines), ids);
        self.rejects.extend(rejects);
        if !unknown.is_empty() {
            let interface = self.rows.sources[file as usize].contract.id.to_string();
            self.unknown.entry(interface).or_default().extend(unknown);
        }
        self.remarks.add(remarks);
        (EmptyColumns(columns), stop.map_or(Ok(()), Err))
    }

    /// Adds a file that repeats the rows of an earlier one, with the same calls and lines. Returns false if the earlier
    /// one was not added.
    pub fn add_again(&mut self, input: Input<'a, '_>) -> bool {
        let Some(&repeated) = self.places.get(input.path) else { return false };
        let number = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        let (file, place) = (number(self.files.len()), repeated as usize);
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

    /// Removes a file that cannot be trusted, if it was the last one added, as if it had never existed.
    pub fn forget(&mut self, path: &str) {
        if self.files.pop_if(|last| last == path).is_none() {
            return;
        }
        let file = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.places.retain(|_, place| *place != file);
        if self.is_compact {
            // Lines of later files may refer to its rows.
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

    /// What an answer to our own calls covers: the requested values, in their columns.
    fn coverage(&mut self, input: Input<'_, '_>) -> Option<Coverage> {
        let (source, contract) = (input.source, &input.source.contract);
        if input.calls.is_empty() || self.rows.table.versions.is_none() {
            return None;
        }
        // The parameters name only the ends of a month and not the days in between, so such an answer covers nothing.
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
            // A parameter that is not sent stands for the vendor's default, or for everything.
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
            // If no column names the security, the coverage is unknown.
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
