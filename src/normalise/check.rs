//! Checks that stop a partition. Arithmetic on single rows never does: some rows of old history break any rule, and
//! would block a year for ever.

use super::Stop;
use super::rows::RowSet;
use super::scalars::Scalar;
use crate::spec::TableSource;
use pitlake_contract::decimal::wide_to_f64;

/// The median of each ratio over the rows of a file, from `first_row` on, must be near one.
pub(super) fn unit_ratios(rows: &RowSet<'_>, source: &TableSource, first_row: usize, file: &str) -> Result<(), Stop> {
    for check in &rows.table.unit_ratios {
        let canonical = |column: usize, row: usize| {
            let shift = source.fields.iter().find(|plan| plan.column == column)?.shift;
            match rows.columns[column].get(row) {
                Scalar::Number(decimal) => Some(decimal.to_f64(shift)),
                Scalar::Wide(id) => wide_to_f64(rows.texts.get(id), shift),
                _ => None,
            }
        };
        let ratio = |row: usize| check.ratio(|column| canonical(column, row));
        let mut ratios: Vec<f64> = (first_row..rows.len()).filter_map(ratio).collect();
        if ratios.is_empty() {
            continue;
        }
        let middle = ratios.len() / 2;
        let (_, &mut ratio, _) = ratios.select_nth_unstable_by(middle, f64::total_cmp);
        if !check.holds(ratio) {
            let formula = check.formula(|column| &rows.table.columns[column].name);
            return Err(Stop::UnitRatio { file: file.to_owned(), formula, ratio });
        }
    }
    Ok(())
}
