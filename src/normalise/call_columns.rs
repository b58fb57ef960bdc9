//! What a row does not say itself: the parameters of the call that brought it. Never which rows count.

use super::Input;
use super::add::target_of;
use super::cells::{Cell, Texts};
use super::value::{Bad, quoted};
use crate::spec::Wire;

/// The cells that calls give to their lines.
#[derive(Debug, Default)]
pub(super) struct Given {
    columns: Vec<usize>,
    /// For each call one cell a column.
    cells: Vec<Vec<Result<Cell, Bad>>>,
    /// The line after the last of each call; empty where all calls give the same.
    ends: Vec<usize>,
}

impl Given {
    /// What the calls of a file give. Where it does not say which of several calls brought a line, only what
    /// all of them say counts.
    pub(super) fn of(input: Input<'_, '_>, texts: &mut Texts) -> Self {
        let contract = &input.source.contract;
        let named =
            input.source.fields.iter().filter_map(|plan| Some((plan, contract.fields[plan.field].param.as_ref()?)));
        let named: Vec<_> = named.collect();
        if named.is_empty() || input.calls.is_empty() {
            return Self::default();
        }
        let mut cells: Vec<Vec<Result<Cell, Bad>>> = Vec::with_capacity(input.calls.len());
        for call in input.calls {
            let mut of_call = Vec::with_capacity(named.len());
            for (plan, param) in &named {
                let value = call.iter().find(|(name, _)| name == *param).map_or("", |(_, value)| value);
                // Of several securities nobody knows which one a row is of.
                let value = if plan.wire == Wire::Symbol && value.contains(',') { "" } else { value };
                let bad = |Bad(reason)| Bad(format!("`{param}` of the call: {reason}"));
                of_call.push(quoted(value, &target_of(input.source, plan), texts).map_err(bad));
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
        let agreed = (0..columns.len()).map(|column| {
            let is_agreed = cells.iter().all(|call| call[column] == cells[0][column]);
            if is_agreed { cells[0][column].clone() } else { Ok(Cell::Null) }
        });
        Self { cells: vec![agreed.collect()], columns, ends: Vec::new() }
    }

    /// The columns that it fills.
    pub(super) fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// What the call that brought a line says, column by column; lines count from 0.
    pub(super) fn to(&self, line: usize) -> &[Result<Cell, Bad>] {
        self.cells.get(self.ends.partition_point(|end| *end <= line)).map_or(&[], Vec::as_slice)
    }

    /// Fills a row of a line, where it says nothing itself.
    pub(super) fn fill(&self, row: &mut [Cell], line: usize) -> Result<(), Bad> {
        for (column, cell) in self.columns.iter().zip(self.to(line)) {
            if row[*column].is_empty() {
                row[*column] = cell.clone()?;
            }
        }
        Ok(())
    }
}
