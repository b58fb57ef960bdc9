//! Answers by security overlap: each row counts only if no newer whole answer covers its security, month and the
//! values that were asked one by one. Answers along other axes are told apart by their files, before rows are read.
//!
//! Never here: how the rows that count are merged.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;

use super::rows::{RowSet, Standing};
use super::scalars::{Scalar, Texts};
use super::value::{LineReading, Target, quoted};
use crate::spec::TableSource;
use pitlake_contract::spelling::Dialect;

/// The parameters of a call.
type CallParams = Vec<(String, String)>;

/// The part of a table that one answer covers: vendor and type, month, and the cells of its columns.
type Slice<'a> = (&'a str, &'a str, Option<NaiveDate>, Vec<Scalar>);

/// What the answers by security cover, oldest first.
#[derive(Debug, Default)]
pub(super) struct Newest<'a> {
    answers: Vec<Covered<'a>>,
}

/// What one answer covers.
#[derive(Debug)]
struct Covered<'a> {
    file: u32,
    of: (&'a str, &'a str),
    month: Option<NaiveDate>,
    /// The security, and the values that were asked one by one.
    columns: Vec<usize>,
    /// The cells that those columns may have.
    cells: HashSet<Vec<Scalar>>,
}

impl<'a> Newest<'a> {
    /// Notes what a file covers, if it is an answer by security: its calls, and the first day of its month.
    pub(super) fn note(
        &mut self,
        file: u32,
        source: &'a TableSource,
        (calls, month): (&[CallParams], Option<NaiveDate>),
        texts: &mut Texts,
    ) {
        let covered = covered(source, calls, texts);
        self.answers.extend(covered.map(|(columns, cells)| {
            let of = (source.contract.id.vendor.as_str(), source.contract.kind.as_str());
            Covered { file, of, month, columns, cells }
        }));
    }

    /// For each row whether a newer answer among the files that `counts` selects speaks for it instead; empty where none
    /// does.
    pub(super) fn superseded(&self, rows: &RowSet<'a>, counts: impl Fn(u32) -> bool) -> Vec<bool> {
        let answers = || self.answers.iter().filter(|answer| counts(answer.file));
        if answers().nth(1).is_none() {
            return Vec::new();
        }
        let mut seen = HashSet::new();
        let mut whole: HashMap<Slice<'a>, u32> = HashMap::new();
        let mut is_contested = false;
        for answer in answers() {
            let is_whole = rows.standings[answer.file as usize] == Standing::Whole;
            for cells in &answer.cells {
                is_contested |= !seen.insert((answer.of, answer.month, cells));
                if is_whole {
                    whole.insert((answer.of.0, answer.of.1, answer.month, cells.clone()), answer.file);
                }
            }
        }
        if !is_contested {
            return Vec::new();
        }
        let of_file: HashMap<u32, &Covered<'a>> = answers().map(|answer| (answer.file, answer)).collect();
        let mut slice: Slice<'a> = ("", "", None, Vec::new());
        let mut is_superseded = |row: u32| {
            let file = rows.origins[row as usize].file;
            let Some(answer) = of_file.get(&file) else { return false };
            (slice.0, slice.1, slice.2) = (answer.of.0, answer.of.1, answer.month);
            slice.3.clear();
            slice.3.extend(answer.columns.iter().map(|column| rows.cell(*column, row)));
            whole.get(&slice).is_some_and(|newest| *newest > file)
        };
        (0u32..).take(rows.len()).map(&mut is_superseded).collect()
    }
}

/// The columns that the calls of an answer by security narrow, and the cells that those may have.
fn covered(
    source: &TableSource,
    calls: &[CallParams],
    texts: &mut Texts,
) -> Option<(Vec<usize>, HashSet<Vec<Scalar>>)> {
    let contract = &source.contract;
    if calls.is_empty() || !contract.ask.axis.by_security() {
        return None;
    }
    let plan_of = |param: &str, name: Option<&str>| {
        let by_call = contract.fields.iter().position(|field| field.param.as_deref() == Some(param));
        let field = by_call.or_else(|| contract.field(name?))?;
        source.fields.iter().find(|plan| plan.field == field)
    };
    let (param, codes) = contract.ask.send.iter().find(|(_, template)| template.has_codes())?;
    let security = plan_of(param, contract.ask.field.as_deref())?;
    let each = contract.ask.each.iter().filter_map(|(param, _)| Some((param, plan_of(param, Some(param))?)));
    let each: Vec<_> = each.collect();
    let mut covered = HashSet::new();
    for call in calls {
        let value = |of: &str| call.iter().find(|(name, _)| name == of).map_or("", |(_, value)| value.as_str());
        let mut cell = |plan, text: &str| {
            let mut reading = LineReading { texts: &mut *texts, remarks: &mut Vec::new() };
            quoted(text, &Target::of(source, plan, Dialect::Answer), &mut reading).unwrap_or(Scalar::Null)
        };
        let rest: Vec<Scalar> = each.iter().map(|(param, plan)| cell(plan, value(param))).collect();
        for code in codes.read_codes(value(param)) {
            covered.insert([&[cell(security, &code)], rest.as_slice()].concat());
        }
    }
    Some((std::iter::once(security.column).chain(each.iter().map(|(_, plan)| plan.column)).collect(), covered))
}
