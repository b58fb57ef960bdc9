//! Columns filled from the call, or from the vendor's default, if a row lacks them. Which rows count is decided
//! elsewhere.

use super::Input;
use super::scalars::Scalar;
use super::value::{LineReading, RowError, Target, quoted};
use crate::spec::FieldType;

/// The cells that a file's calls give to its lines.
#[derive(Debug, Default)]
pub(super) struct CallColumns {
    columns: Vec<usize>,
    /// For each column, whether empty cells are filled as well as absent ones.
    fills_empty: Vec<bool>,
    /// For each call, one cell per column.
    cells: Vec<Vec<Result<Scalar, RowError>>>,
    /// For each call, the line after its last one; empty if all calls give the same cells.
    ends: Vec<usize>,
}

impl CallColumns {
    /// The cells given by a file's calls. If the file does not record which of several calls returned a line, only
    /// values common to all of them are used.
    pub(super) fn of(input: Input<'_, '_>, reading: &mut LineReading<'_>) -> Self {
        let contract = &input.source.contract;
        let mut named = Vec::new();
        for plan in &input.source.fields {
            let field = &contract.fields[plan.field];
            match (&field.param, &field.default) {
                (Some(param), _) if !input.calls.is_empty() => named.push((plan, param, "")),
                // A call may have asked for a value other than the default.
                (None, Some(default)) => named.push((plan, &field.name, default.as_str())),
                _ => {}
            }
        }
        if named.is_empty() {
            return Self::default();
        }
        let none = [Vec::new()];
        let asked = if input.calls.is_empty() { &none } else { input.calls };
        let mut cells: Vec<Vec<Result<Scalar, RowError>>> = Vec::with_capacity(asked.len());
        for call in asked {
            let mut of_call = Vec::with_capacity(named.len());
            for (plan, param, default) in &named {
                let value = call.iter().find(|(name, _)| name == *param).map_or(*default, |(_, value)| value);
                // A call for several securities does not tell which one a row belongs to.
                let value = if plan.kind == FieldType::Symbol && value.contains(',') { "" } else { value };
                let error = |RowError(reason)| RowError(format!("call parameter `{param}`: {reason}"));
                let target = Target::of(input.source, plan, input.dialect());
                of_call.push(quoted(value, &target, reading).map_err(error));
            }
            cells.push(of_call);
        }
        let columns: Vec<usize> = named.iter().map(|(plan, ..)| plan.column).collect();
        // An empty default: in an answer, an empty cell already means that. Other programs may have left it empty for
        // any reason.
        let fills_empty = |default: &str| default.is_empty() || input.calls.is_empty();
        let fills_empty = named.iter().map(|(.., default)| fills_empty(default)).collect();
        if input.rows_of.len() == asked.len() {
            let mut end = 0;
            let ends = input.rows_of.iter().map(|rows| {
                end += rows;
                end
            });
            return Self { columns, fills_empty, cells, ends: ends.collect() };
        }
        let common = (0..columns.len()).map(|column| {
            let is_common = cells.iter().all(|call| call[column] == cells[0][column]);
            if is_common { cells[0][column].clone() } else { Ok(Scalar::Null) }
        });
        Self { cells: vec![common.collect()], columns, fills_empty, ends: Vec::new() }
    }

    /// The columns that it fills.
    pub(super) fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The cells from the call that returned a line, in column order. Lines count from 0.
    pub(super) fn of_line(&self, line: usize) -> &[Result<Scalar, RowError>] {
        self.cells.get(self.ends.partition_point(|end| *end <= line)).map_or(&[], Vec::as_slice)
    }

    /// The cell for a column that a line lacks. `None` if the call has no readable value for it.
    pub(super) fn cell(&self, column: usize, line: usize) -> Option<Scalar> {
        match self.columns.iter().position(|filled| *filled == column) {
            None => Some(Scalar::Absent),
            Some(place) => self.of_line(line).get(place).map_or(Some(Scalar::Absent), |cell| cell.clone().ok()),
        }
    }

    /// Fills the cells that a row lacks, from the call that returned its line.
    pub(super) fn fill(&self, row: &mut [Scalar], line: usize) -> Result<(), RowError> {
        for ((column, fills_empty), cell) in self.columns.iter().zip(&self.fills_empty).zip(self.of_line(line)) {
            let cell_of_row = row[*column];
            if cell_of_row == Scalar::Absent || (*fills_empty && cell_of_row.is_empty()) {
                row[*column] = cell.clone()?;
            }
        }
        Ok(())
    }
}
