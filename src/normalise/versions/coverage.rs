//! What an answer covers: every row that it could have contained (`docs/point-in-time.md`). Whether an answer is
//! believed is decided elsewhere.

use std::collections::HashSet;

use crate::normalise::rows::RowSet;
use crate::normalise::scalars::Scalar;

/// What a vendor was asked for: every row that could have been returned has one of the values in each of the columns.
/// Without columns, that is any row.
#[derive(Debug, Clone, Default)]
pub(in crate::normalise) struct Coverage {
    /// The slice comes first.
    columns: Vec<Asked>,
}

/// The values requested in one column.
#[derive(Debug, Clone)]
struct Asked {
    column: usize,
    values: Vec<Scalar>,
    lookup: HashSet<Scalar>,
}

impl Coverage {
    /// Restricts it to rows with one of some values in a column.
    pub(in crate::normalise) fn narrow(&mut self, column: usize, values: Vec<Scalar>) {
        let lookup = values.iter().copied().collect();
        self.columns.push(Asked { column, values, lookup });
    }

    /// Whether a row could have been returned.
    pub(super) fn holds(&self, rows: &RowSet<'_>, row: u32) -> bool {
        self.columns.iter().all(|asked| asked.lookup.contains(&rows.cell(asked.column, row)))
    }

    /// The slice column, and the requested slices.
    pub(super) fn slices(&self) -> Option<(usize, &[Scalar])> {
        self.columns.first().map(|asked| (asked.column, asked.values.as_slice()))
    }

    /// What was asked, for comparing answers to the same question.
    pub(super) fn question(&self) -> Vec<(usize, &[Scalar])> {
        self.columns.iter().map(|asked| (asked.column, asked.values.as_slice())).collect()
    }
}
