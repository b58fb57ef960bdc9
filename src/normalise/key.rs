//! The key of a row as one sortable number. Never how the rows of a key are merged.

use super::rows::RowSet;
use super::scalars::{Scalar, ScalarColumn, Texts};

/// One number for each row that sorts like the columns `key` and is equal where they are equal. Nulls are equal and
/// sort first.
pub(super) fn keys(rows: &RowSet<'_>, key: &[usize]) -> Vec<u64> {
    let mut keys: Vec<u64> = vec![0; rows.len()];
    for (place, &column) in key.iter().enumerate() {
        if place >= 2 {
            // Two parts fill the number: replacing it by its rank makes room for the next part.
            rank(&mut keys);
        }
        let shifts = rows.shifts(column);
        let part = parts(&rows.columns[column], &rows.texts, &|row| shifts[rows.origins[row].file as usize]);
        for (key, part) in keys.iter_mut().zip(part) {
            *key = (*key << 32) | u64::from(part);
        }
    }
    keys
}

/// Replaces each number by its rank among the distinct ones.
fn rank(keys: &mut [u64]) {
    let mut distinct = keys.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    for key in keys {
        *key = distinct.binary_search(key).map_or(0, |place| place as u64);
    }
}

/// One sortable part of the key for each row; 0 where the cell is empty. `shift` is the power of ten from a row's
/// number to the column's unit, since vendors may use different units.
fn parts(cells: &ScalarColumn, texts: &Texts, shift: &dyn Fn(usize) -> i8) -> Vec<u32> {
    match cells {
        ScalarColumn::Text(ids) => {
            let mut sorted: Vec<u32> = (0..u32::try_from(texts.len()).unwrap_or(u32::MAX)).collect();
            sorted.sort_unstable_by(|a, b| texts.get(*a).cmp(texts.get(*b)));
            let mut places = vec![0u32; texts.len()];
            for (place, id) in (1u32..).zip(&sorted) {
                places[*id as usize] = place;
            }
            ids.iter().map(|id| places.get(*id as usize).copied().unwrap_or(0)).collect()
        }
        ScalarColumn::Date(days) => {
            // Flipping the sign bit makes days sort as unsigned; the markers of empty cells come out lowest.
            days.iter().map(|day| (day.cast_unsigned() ^ 0x8000_0000).saturating_sub(1)).collect()
        }
        ScalarColumn::Flag(flags) => {
            flags.iter().map(|flag| u32::try_from(i32::from(*flag) + 1).unwrap_or(0)).collect()
        }
        ScalarColumn::Number { mantissa, .. } => {
            let value = |row: usize| match cells.get(row) {
                Scalar::Number(decimal) => decimal.to_f64(shift(row)),
                _ => f64::NEG_INFINITY,
            };
            let mut sorted: Vec<f64> = (0..mantissa.len()).map(value).collect();
            sorted.sort_unstable_by(f64::total_cmp);
            sorted.dedup();
            let place = |row| sorted.binary_search_by(|v| v.total_cmp(&value(row))).unwrap_or(0);
            (0..mantissa.len()).map(|row| u32::try_from(place(row)).unwrap_or(u32::MAX)).collect()
        }
    }
}
