//! The key of a row as a single sortable number. How the rows of a key are merged is in `merge`.

use std::cmp::Ordering;

use super::rows::RowSet;
use super::scalars::{Scalar, ScalarColumn};
use super::texts::Texts;

/// A number for each row that sorts like the columns in `key`, and is equal for equal keys. Nulls are equal and sort
/// first.
pub(super) fn keys(rows: &RowSet<'_>, key: &[usize]) -> Vec<u64> {
    let mut keys: Vec<u64> = Vec::new();
    for (place, &column) in key.iter().enumerate() {
        if place >= 2 {
            // Two parts fill the number; replacing it with its rank makes room for the next part.
            rank(&mut keys);
        }
        let shifts = rows.shifts(column);
        append(&mut keys, (&rows.columns[column], &rows.texts), &|row| shifts[rows.origins[row].file as usize]);
    }
    keys.resize(rows.len(), 0);
    keys
}

/// Replaces each number with its rank among the distinct ones.
fn rank(keys: &mut [u64]) {
    let mut distinct = keys.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    for key in keys {
        *key = distinct.binary_search(key).map_or(0, |place| place as u64);
    }
}

/// Appends a sortable part to the key of each row, 0 if the cell is empty. `shift` is the power of ten from a row's
/// number to the column's unit, because vendors may use different units.
fn append(keys: &mut Vec<u64>, (cells, texts): (&ScalarColumn, &Texts), shift: &dyn Fn(usize) -> i8) {
    match cells {
        ScalarColumn::Text(ids) => {
            let mut sorted: Vec<u32> = (0..u32::try_from(texts.len()).unwrap_or(u32::MAX)).collect();
            sorted.sort_unstable_by(|a, b| texts.get(*a).cmp(texts.get(*b)));
            let mut places = vec![0u32; texts.len()];
            for (place, id) in (1u32..).zip(&sorted) {
                places[*id as usize] = place;
            }
            put(keys, ids.iter().map(|id| places.get(*id as usize).copied().unwrap_or(0)));
        }
        ScalarColumn::Date(days) => {
            // Flipping the sign bit makes days sort as unsigned numbers; the markers of empty cells become the lowest.
            put(keys, days.iter().map(|day| (day.cast_unsigned() ^ 0x8000_0000).saturating_sub(1)));
        }
        ScalarColumn::Flag(flags) => {
            put(keys, flags.iter().map(|flag| u32::try_from(i32::from(*flag) + 1).unwrap_or(0)));
        }
        ScalarColumn::Number(numbers) => {
            let all = 0..numbers.len();
            let places = if all.clone().all(|row| is_short(cells.get(row))) {
                places(all.map(|row| match cells.get(row) {
                    Scalar::Number(decimal) => Double(decimal.to_f64(shift(row))),
                    _ => Double(f64::NEG_INFINITY),
                }))
            } else {
                places(all.map(|row| cells.get(row).exact(shift(row), texts)))
            };
            put(keys, places.into_iter());
        }
    }
}

/// Makes room in each key and adds a part. Without keys, the parts are the keys.
fn put(keys: &mut Vec<u64>, parts: impl Iterator<Item = u32>) {
    if keys.is_empty() {
        keys.extend(parts.map(u64::from));
        return;
    }
    for (key, part) in keys.iter_mut().zip(parts) {
        *key = (*key << 32) | u64::from(part);
    }
}

/// Whether a double identifies a number among all that are as short.
fn is_short(cell: Scalar) -> bool {
    match cell {
        Scalar::Number(decimal) => decimal.mantissa.unsigned_abs() < 1_000_000_000_000_000,
        Scalar::Wide(_) => false,
        _ => true,
    }
}

/// The rank of each value among the distinct ones.
fn places<T: Ord + Clone>(values: impl Iterator<Item = T>) -> Vec<u32> {
    let values: Vec<T> = values.collect();
    let mut sorted = values.clone();
    sorted.sort_unstable();
    sorted.dedup();
    let place = |value: &T| sorted.binary_search(value).unwrap_or(0);
    values.iter().map(|value| u32::try_from(place(value)).unwrap_or(u32::MAX)).collect()
}

/// A double with a total order.
#[derive(Clone, Copy)]
struct Double(f64);

impl Ord for Double {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Double {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Double {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Double {}
