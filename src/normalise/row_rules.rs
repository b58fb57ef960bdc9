//! The rules a row must satisfy to belong to the partition. How its cells were read is decided elsewhere.

use super::output;
use super::scalars::Scalar;
use super::texts::Texts;
use super::value::RowError;
use super::{Input, Partition};
use crate::spec::{Column, ColumnType, Table};
use chrono::NaiveDate;
use pitlake_contract::decimal::Decimal;
use pitlake_contract::spelling::day;

/// The rules for the rows of a file.
#[derive(Debug)]
pub(super) struct RowRules<'t> {
    table: &'t Table,
    /// Columns without which a row is dropped, because it is about something else.
    needs: &'t [usize],
    /// Columns that must have a value. They may include columns that the source does not fill.
    required: Vec<usize>,
    /// Columns whose numbers must fit, with the power of ten to the column's unit.
    numbers: Vec<(usize, &'t Column, i8)>,
    /// The first and last day of the partition, counted from 1970.
    days: (i32, i32),
    /// Whether rows of other partitions are ignored because those partitions read the file as well.
    span: bool,
    /// In a part, an empty cell says nothing.
    is_part: bool,
    /// One per column.
    gates: Vec<Gate>,
}

/// What a cell must be to need no further check.
#[derive(Debug, Clone, Copy, Default)]
struct Gate {
    /// An empty cell is filled or decides about the row.
    is_decisive: bool,
    /// The power of ten, for an integer column.
    whole: Option<i8>,
    /// It determines the day of the row.
    is_event: bool,
}

impl<'t> RowRules<'t> {
    /// The rules for a table; the call fills empty cells in the `filled` columns.
    pub(super) fn new(
        (table, partition): (&'t Table, Option<Partition>),
        input: Input<'t, '_>,
        filled: &[usize],
    ) -> Self {
        let source = input.source;
        let is_required = |column: &usize| table.columns[*column].required && source.fills(*column);
        let is_number = |column: &Column| matches!(column.kind, ColumnType::Int64 | ColumnType::Float64);
        let numbers = source.fields.iter().map(|plan| (plan.column, &table.columns[plan.column], plan.shift));
        let days = partition.and_then(Partition::days).map_or((NaiveDate::MIN, NaiveDate::MAX), |r| (r.first, r.last));
        let mut rules = Self {
            table,
            needs: &source.needs,
            required: (0..table.columns.len()).filter(is_required).collect(),
            numbers: numbers.filter(|(_, column, _)| is_number(column)).collect(),
            days: (day::days(days.0), day::days(days.1)),
            span: input.span,
            is_part: input.calls.is_empty(),
            gates: vec![Gate::default(); table.columns.len()],
        };
        for column in rules.required.iter().chain(rules.needs).chain(filled).chain(&table.event) {
            rules.gates[*column].is_decisive = true;
        }
        for (place, column, shift) in &rules.numbers {
            rules.gates[*place].whole = (column.kind == ColumnType::Int64).then_some(*shift);
        }
        if let Some(event) = table.event {
            rules.gates[event].is_event = true;
        }
        rules
    }

    /// Whether a number satisfies all rules for its column.
    #[inline]
    pub(super) fn admits_number(&self, column: usize, number: Decimal) -> bool {
        let gate = self.gates[column];
        !gate.is_event && gate.whole.is_none_or(|shift| number.to_i64(shift).is_some())
    }

    /// Whether a cell satisfies all rules for its column. If not, its row may still be valid.
    #[inline]
    pub(super) fn admits(&self, column: usize, cell: Scalar) -> bool {
        let gate = self.gates[column];
        match cell {
            Scalar::Absent | Scalar::Null => !gate.is_decisive,
            Scalar::Number(number) => self.admits_number(column, number),
            Scalar::Date(day) => !gate.is_event || (self.days.0..=self.days.1).contains(&day),
            Scalar::Wide(_) => false,
            Scalar::Text(_) | Scalar::Flag(_) => true,
        }
    }

    /// The cell to store.
    #[inline]
    pub(super) fn kept(&self, cell: Scalar) -> Scalar {
        if self.is_part && cell.is_empty() { Scalar::Absent } else { cell }
    }

    pub(super) fn is_dropped(&self, row: &[Scalar]) -> bool {
        self.needs.iter().any(|column| row[*column].is_empty())
    }

    /// Whether a row belongs to this partition, or why it does not belong anywhere.
    pub(super) fn holds(&self, row: &[Scalar], texts: &Texts) -> Result<bool, RowError> {
        let columns = &self.table.columns;
        if let Some(empty) = self.required.iter().find(|column| row[**column].is_empty()) {
            return Err(RowError(format!("`{}` is empty", columns[*empty].name)));
        }
        if let Some(event) = self.table.event {
            let name = &columns[event].name;
            let days = row[event].day().ok_or_else(|| RowError(format!("`{name}` is empty")))?;
            if !(self.days.0..=self.days.1).contains(&days) {
                let day = day::day(days).ok_or_else(|| RowError(format!("`{name}`: date out of range")))?;
                if self.span {
                    return Ok(false);
                }
                return Err(RowError(format!(
                    "the row is dated {day}, outside the partition of its folder: add the file with `pitlake import`"
                )));
            }
        }
        for (place, column, shift) in &self.numbers {
            output::check(row[*place], column, *shift, texts)
                .map_err(|reason| RowError(format!("`{}`: {reason}", column.name)))?;
        }
        Ok(true)
    }
}
