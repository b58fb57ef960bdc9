//! Checks that stop a partition. Arithmetic on single rows never does: some rows of old history break any rule, and
//! would block a year for ever.

use super::Stop;
use super::rows::RowSet;
use super::scalars::{Scalar, ScalarColumn};
use crate::spec::{TableSource, UnitRatio};

/// The median of amount / (volume x price) over the rows of a file, from `first_row` on, must lie
/// within half a power of ten of one.
pub(super) fn unit_ratio(rows: &RowSet<'_>, source: &TableSource, first_row: usize, file: &str) -> Result<(), Stop> {
    let Some(UnitRatio { amount, volume, price }) = rows.table.unit_ratio else { return Ok(()) };
    if !matches!(rows.columns[price], ScalarColumn::Number { .. }) {
        return Ok(());
    }
    let canonical = |column: usize, row: usize| match rows.columns[column].get(row) {
        Scalar::Number(decimal) => {
            let shift = source.fields.iter().find(|plan| plan.column == column)?.shift;
            Some(decimal.to_f64(shift))
        }
        _ => None,
    };
    let mut ratios: Vec<f64> = (first_row..rows.len())
        .filter_map(|row| Some(canonical(amount, row)? / (canonical(volume, row)? * canonical(price, row)?)))
        .filter(|ratio| ratio.is_finite() && *ratio > 0.0)
        .collect();
    if ratios.is_empty() {
        return Ok(());
    }
    let middle = ratios.len() / 2;
    let (_, &mut ratio, _) = ratios.select_nth_unstable_by(middle, f64::total_cmp);
    if ratio.log10().abs() <= 0.5 {
        return Ok(());
    }
    let [amount, volume, price] = [amount, volume, price].map(|column| rows.table.columns[column].name.clone());
    Err(Stop::UnitRatio { file: file.to_owned(), amount, volume, price, ratio })
}
