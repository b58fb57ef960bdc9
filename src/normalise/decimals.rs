//! Numbers of some rows as multiples of one power of ten. They take half the memory of the column's values, and become
//! such only once it is known how they are encoded. Cells of other kinds are in `output`.

use arrow::buffer::NullBuffer;

use super::output::nulls;
use super::rows::RowSet;
use crate::spec::ColumnType;

/// The numbers of some rows, in the unit of their column.
#[derive(Debug)]
pub struct Decimals {
    /// One per row; 0 if there is none.
    pub numbers: Vec<i32>,
    /// The power of ten that they are multiples of.
    pub power: i32,
    /// Which rows have a number; `None` if all have.
    pub nulls: Option<NullBuffer>,
}

/// The numbers of a column at some rows. `None` if it is not a column of numbers, if its files have different units, or if one of the
/// numbers is too long.
pub(super) fn decimals(rows: &RowSet<'_>, index: usize, selected: &[u32]) -> Option<Decimals> {
    if !matches!(rows.table.columns[index].kind, ColumnType::Float64 | ColumnType::Int64) {
        return None;
    }
    let shift = rows.shift(index)?;
    let aligned = rows.columns[index].aligned(selected)?;
    let nulls = nulls(aligned.numbers.len(), &aligned.missing);
    Some(Decimals { numbers: aligned.numbers, power: i32::from(aligned.exponent) + i32::from(shift), nulls })
}
