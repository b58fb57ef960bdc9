//! What an answer covers: every row that could have come (`docs/point-in-time.md`). Never whether an answer is believed.

use std::collections::HashSet;

use crate::normalise::rows::RowSet;
use crate::normalise::scalars::Scalar;

/// What a vendor was asked when it gave a file: every row that could have come has one of the values in each of the
/// columns. Without columns it is every row.
#[derive(Debug, Clone, Default)]
pub(in crate::normalise) struct Coverage {
    /// The slice first.
    columns: Vec<Asked>,
}

/// The values that were asked for in one column.
#[derive(Debug, Clone)]
struct Asked {
    column: usize,
    values: Vec<Scalar>,
    lookup: HashSet<Scalar>,
}

impl Coverage {
    /// Narrows it to rows with one of some values in a column.
    pub(in crate::normalise) fn narrow(&mut self, column: usize, values: Vec<Scalar>) {
        let lookup = values.iter().copied().collect();
        self.columns.push(Asked { column, values, lookup });
    }

    /// Whether a row could have come.
    pub(super) fn holds(&self, rows: &RowSet<'_>, row: u32) -> bool {
        self.columns.iter().all(|asked| asked.lookup.contains(&rows.cell(asked.column, row)))
    }

    /// The column that names the slice, with the slices that were asked for.
    pub(super) fn slices(&self) -> Option<(usize, &[Scalar])> {
        self.columns.first().map(|asked| (asked.column, asked.values.as_slice()))
    }

    /// What was asked, to compare questions.
    pub(super) fn question(&self) -> Vec<(usize, &[Scalar])> {
        self.columns.iter().map(|asked| (asked.column, asked.values.as_slice())).collect()
    }
}
