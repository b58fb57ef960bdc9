//! What answers cover. Answers by security overlap, so each row counts only if no newer whole answer covers its
//! security, month and the values requested one by one. For answers along other axes, whole files are chosen
//! (`counting`).
//!
//! How the remaining rows are merged is in `merge`.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::rows::{RowSet, Standing};
use super::scalars::Scalar;
use super::texts::Texts;
use super::value::{LineReading, Target, quoted};
use crate::spec::{Axis, TableSource, Values};
use pitlake_contract::spelling::{Dialect, day};

/// The parameters of a call.
type CallParams = Vec<(String, String)>;

/// The days that an answer covers of the rows it was asked for. Days count from 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Days {
    /// One event day.
    Day(i32),
    /// A month, by its first day.
    Month(i32),
    /// All of them.
    All,
}

/// What an answer covers.
#[derive(Debug, Clone)]
pub(super) struct Covered<'a> {
    pub(super) file: u32,
    /// Vendor and type.
    pub(super) of: (&'a str, &'a str),
    pub(super) days: Days,
    /// The security column of an answer by security, and the columns of values requested one by one.
    pub(super) columns: Vec<usize>,
    /// The cells that those columns may have.
    pub(super) cells: HashSet<Vec<Scalar>>,
    /// Whether it goes by security: then a newer answer replaces rows of its own securities only.
    pub(super) is_by_security: bool,
}

/// The part of a table that an answer covers: vendor and type, days, and the cells of its columns.
type Slice<'a> = (&'a str, &'a str, Days, Vec<Scalar>);

/// What the answers cover, oldest first.
#[derive(Debug, Default)]
pub(super) struct Newest<'a> {
    pub(super) answers: Vec<Covered<'a>>,
}

/// The answers by security to each of their slices, and the slice of each row.
#[derive(Debug, Default)]
pub(super) struct SecuritySlices {
    /// For each row, its slice, if it came from an answer by security.
    of_row: Vec<Option<u32>>,
    /// The answers to each slice, oldest first.
    answers: Vec<Vec<u32>>,
}

impl<'a> Newest<'a> {
    /// Records what a file covers, if it is an answer: its calls, and the requested days.
    pub(super) fn note(
        &mut self,
        file: u32,
        source: &'a TableSource,
        (calls, days): (&[CallParams], (Option<NaiveDate>, Option<NaiveDate>)),
        texts: &mut Texts,
    ) {
        let days = match (source.contract.ask.axis, days) {
            // Snapshots of a table with an event day accumulate, so they cover nothing.
            (Axis::Snapshot, _) => return,
            (_, (Some(of_day), _)) => Days::Day(day::days(of_day)),
            (_, (_, Some(month))) => Days::Month(day::days(month)),
            (axis, _) if axis.by_security() => Days::All,
            _ => return,
        };
        let is_by_security = source.contract.ask.axis.by_security();
        self.answers.extend(covered(source, calls, texts).map(|(columns, cells)| {
            let of = (source.contract.id.vendor.as_str(), source.contract.kind.as_str());
            Covered { file, of, days, columns, cells, is_by_security }
        }));
    }

    /// Records that a file repeats another one.
    pub(super) fn note_again(&mut self, file: u32, repeated: u32) {
        let covered = self.answers.iter().find(|answer| answer.file == repeated).cloned();
        self.answers.extend(covered.map(|covered| Covered { file, ..covered }));
    }

    /// Forgets the last file.
    pub(super) fn forget(&mut self, file: u32) {
        self.answers.retain(|answer| answer.file != file);
    }

    /// For each row, whether a newer answer among the files that `counts` selects replaces it. Empty if there are no
    /// such rows.
    pub(super) fn superseded(&self, rows: &RowSet<'a>, counts: impl Fn(u32) -> bool) -> Vec<bool> {
        let slices = self.slices(rows, &counts);
        let is_superseded = |row: u32| slices.is_superseded(rows, row, &counts);
        if slices.of_row.is_empty() { Vec::new() } else { (0u32..).take(rows.len()).map(is_superseded).collect() }
    }

    /// The slices of the answers by security among some files. Empty if no two of them answer the same slice.
    pub(super) fn slices(&self, rows: &RowSet<'a>, counts: impl Fn(u32) -> bool) -> SecuritySlices {
        let answers = || self.answers.iter().filter(|answer| answer.is_by_security && counts(answer.file));
        if answers().nth(1).is_none() {
            return SecuritySlices::default();
        }
        let mut numbers: HashMap<Slice<'a>, u32> = HashMap::new();
        let mut slices = SecuritySlices::default();
        for answer in answers() {
            for cells in &answer.cells {
                let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                let slice = (answer.of.0, answer.of.1, answer.days, cells.clone());
                let number = *numbers.entry(slice).or_insert(next) as usize;
                if number == slices.answers.len() {
                    slices.answers.push(Vec::new());
                }
                slices.answers[number].push(answer.file);
            }
        }
        if slices.answers.iter().all(|answers| answers.len() < 2) {
            return SecuritySlices::default();
        }
        let of_file: HashMap<u32, &Covered<'a>> = answers().map(|answer| (answer.file, answer)).collect();
        let mut slice: Slice<'a> = ("", "", Days::All, Vec::new());
        let number = |row: u32| {
            let answer = of_file.get(&rows.origins[row as usize].file)?;
            (slice.0, slice.1, slice.2) = (answer.of.0, answer.of.1, answer.days);
            slice.3.clear();
            slice.3.extend(answer.columns.iter().map(|column| rows.cell(*column, row)));
            numbers.get(&slice).copied()
        };
        slices.of_row = (0u32..).take(rows.len()).map(number).collect();
        slices
    }
}

impl SecuritySlices {
    /// Whether a newer whole answer among the files that `counts` selects replaces a row.
    pub(super) fn is_superseded(&self, rows: &RowSet<'_>, row: u32, counts: impl Fn(u32) -> bool) -> bool {
        let Some(slice) = self.of_row.get(row as usize).copied().flatten() else { return false };
        let file = rows.origins[row as usize].file;
        let newer = self.answers[slice as usize].iter().rev().take_while(|newer| **newer > file);
        newer.copied().any(|newer| rows.standings[newer as usize] == Standing::Whole && counts(newer))
    }
}

/// The columns to which the calls of an answer are restricted, and the cells these may have.
fn covered(
    source: &TableSource,
    calls: &[CallParams],
    texts: &mut Texts,
) -> Option<(Vec<usize>, HashSet<Vec<Scalar>>)> {
    let contract = &source.contract;
    if calls.is_empty() {
        return None;
    }
    let plan_of = |param: &str, name: Option<&str>| {
        let by_call = contract.fields.iter().position(|field| field.param.as_deref() == Some(param));
        let field = by_call.or_else(|| contract.field(name?))?;
        source.fields.iter().find(|plan| plan.field == field)
    };
    let is_by_security = contract.ask.axis.by_security();
    let codes = contract.ask.send.iter().find(|(_, template)| is_by_security && template.has_codes());
    let security = match &codes {
        Some((param, _)) => Some(plan_of(param, contract.ask.field.as_deref())?),
        None if is_by_security => return None,
        None => None,
    };
    // Other answers request all values, unless a job or the rows of another table choose them.
    let is_chosen = |values: &Values| !matches!(values, Values::Fixed(_));
    let each = contract.ask.each.iter().filter(|(_, values)| is_by_security || is_chosen(values));
    let each: Vec<_> = each.filter_map(|(param, _)| Some((param, plan_of(param, Some(param))?))).collect();
    let mut covered = HashSet::new();
    for call in calls {
        let value = |of: &str| call.iter().find(|(name, _)| name == of).map_or("", |(_, value)| value.as_str());
        let mut cell = |plan, text: &str| {
            let mut reading = LineReading { texts: &mut *texts, remarks: &mut Vec::new() };
            quoted(text, &Target::of(source, plan, Dialect::Answer), &mut reading).unwrap_or(Scalar::Null)
        };
        let rest: Vec<Scalar> = each.iter().map(|(param, plan)| cell(plan, value(param))).collect();
        match (&codes, security) {
            (Some((param, template)), Some(security)) => {
                for code in template.read_codes(value(param)) {
                    covered.insert([&[cell(security, &code)], rest.as_slice()].concat());
                }
            }
            _ => {
                covered.insert(rest);
            }
        }
    }
    let columns = security.into_iter().chain(each.iter().map(|(_, plan)| *plan)).map(|plan| plan.column);
    Some((columns.collect(), covered))
}
