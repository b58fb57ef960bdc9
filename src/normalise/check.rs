//! Checks that stop a partition. Arithmetic on single rows never does: some rows of old history break any rule, and
//! would block their year for ever.

use super::Stop;
use super::scalars::{Scalar, ScalarColumn};
use super::texts::Texts;
use crate::spec::{Table, TableSource, UnitRatio};
use pitlake_contract::decimal::wide_to_f64;
use pitlake_contract::scale::Scale;

/// Checks that the median of each ratio over a file's rows is near one.
pub(super) fn unit_ratios(
    table: &Table,
    (columns, texts): (&[ScalarColumn], &Texts),
    source: &TableSource,
    file: &str,
) -> Result<(), Stop> {
    let rows = columns.first().map_or(0, ScalarColumn::len);
    // Several checks may use the same column.
    let mut numbers: Vec<Vec<f64>> = vec![Vec::new(); columns.len()];
    for check in &table.unit_ratios {
        for column in check.columns() {
            if numbers[column].len() < rows {
                let shift = source.fields.iter().find(|plan| plan.column == column).map(|plan| plan.shift);
                numbers[column] = doubles(&columns[column], shift, texts);
            }
        }
        // NaN for a missing number makes the ratio NaN too, which is left out.
        let ratio = |row: usize| check.ratio(|column| Some(numbers[column][row]));
        let ratios = || (0..rows).filter_map(ratio);
        if has_holding_median(check, ratios()) {
            continue;
        }
        let mut ratios: Vec<f64> = ratios().collect();
        let middle = ratios.len() / 2;
        let (_, &mut ratio, _) = ratios.select_nth_unstable_by(middle, f64::total_cmp);
        if !check.holds(ratio) {
            let formula = check.formula(|column| &table.columns[column].name);
            return Err(Stop::UnitRatio { file: file.to_owned(), formula, ratio });
        }
    }
    Ok(())
}

/// Whether the median certainly holds, or there is none. Counting how many ratios are too small or too large takes a
/// third of the time of finding their median.
fn has_holding_median(check: &UnitRatio, ratios: impl Iterator<Item = f64>) -> bool {
    let near = check.near();
    let (mut all, mut small, mut large) = (0usize, 0usize, 0usize);
    for ratio in ratios {
        all += 1;
        small += usize::from(ratio < *near.start());
        large += usize::from(ratio > *near.end());
    }
    let middle = all / 2;
    all == 0 || (small <= middle && middle < all - large)
}

/// The numbers of a column in its unit, NaN where there is none.
fn doubles(cells: &ScalarColumn, shift: Option<i8>, texts: &Texts) -> Vec<f64> {
    let Some(shift) = shift else { return vec![f64::NAN; cells.len()] };
    let mut doubles = cells.all_doubles(&Scale::new(shift));
    for (row, double) in doubles.iter_mut().enumerate().filter(|(_, double)| double.is_nan()) {
        *double = match cells.get(row) {
            Scalar::Number(decimal) => decimal.to_f64(shift),
            Scalar::Wide(id) => wide_to_f64(texts.get(id), shift).unwrap_or(f64::NAN),
            _ => f64::NAN,
        };
    }
    doubles
}
