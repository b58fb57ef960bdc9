//! Columns that the parameters of a call fill because its rows lack them. Never which rows count.

use super::Input;
use super::scalars::{Scalar, Texts};
use super::value::{RowError, Target, quoted};
use crate::spec::FieldType;

/// The cells that the calls of a file give to its lines.
#[derive(Debug, Default)]
pub(super) struct CallColumns {
    columns: Vec<usize>,
    /// For each call one cell a column.
    cells: Vec<Vec<Result<Scalar, RowError>>>,
    /// The line after the last of each call; empty where all calls give the same.
    ends: Vec<usize>,
}

impl CallColumns {
    /// What the calls of a file give. Where the file does not record which of several calls brought a line, only
    /// values common to all of them count.
    pub(super) fn of(input: Input<'_, '_>, texts: &mut Texts) -> Self {
        let contract = &input.source.contract;
        let named =
            input.source.fields.iter().filter_map(|plan| Some((plan, contract.fields[plan.field].param.as_ref()?)));
        let named: Vec<_> = named.collect();
        if named.is_empty() || input.calls.is_empty() {
            return Self::default();
        }
        let mut cells: Vec<Vec<Result<Scalar, RowError>>> = Vec::with_capacity(input.calls.len());
        for call in input.calls {
            let mut of_call = Vec::with_capacity(named.len());
            for (plan, param) in &named {
                let value = call.iter().find(|(name, _)| name == *param).map_or("", |(_, value)| value);
                // A call for several securities does not tell which of them a row belongs to.
                let value = if plan.kind == FieldType::Symbol && value.contains(',') { "" } else { value };
                let error = |RowError(reason)| RowError(format!("call parameter `{param}`: {reason}"));
                of_call.push(quoted(value, &Target::of(input.source, plan), texts).map_err(error));
            }
            cells.push(of_call);
        }
        let columns: Vec<usize> = named.iter().map(|(plan, _)| plan.column).collect();
        if input.rows_of.len() == input.calls.len() {
            let mut end = 0;
            let ends = input.rows_of.iter().map(|rows| {
                end += rows;
                end
            });
            return Self { columns, cells, ends: ends.collect() };
        }
        let common = (0..columns.len()).map(|column| {
            let is_common = cells.iter().all(|call| call[column] == cells[0][column]);
            if is_common { cells[0][column].clone() } else { Ok(Scalar::Null) }
        });
        Self { cells: vec![common.collect()], columns, ends: Vec::new() }
    }

    /// The columns that it fills.
    pub(super) fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The cells from the call that brought a line, column by column; lines count from 0.
    pub(super) fn of_line(&self, line: usize) -> &[Result<Scalar, RowError>] {
        self.cells.get(self.ends.partition_point(|end| *end <= line)).map_or(&[], Vec::as_slice)
    }

    /// Fills the empty cells of a row from the call that brought its line.
    pub(super) fn fill(&self, row: &mut [Scalar], line: usize) -> Result<(), RowError> {
        for (column, cell) in self.columns.iter().zip(self.of_line(line)) {
            if row[*column].is_empty() {
                row[*column] = cell.clone()?;
            }
        }
        Ok(())
    }
}
