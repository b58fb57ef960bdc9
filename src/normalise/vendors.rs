//! Several vendors in one table: for each key, the first vendor in the table's order that has rows provides all of
//! them. Cells of two vendors are never mixed. Rows of a single vendor are merged in `merge`.

use std::collections::HashMap;

/// For each part of the table, keeps the rows of the vendor with the lowest rank that has any.
pub(super) fn keep_preferred<T>(rows: &mut Vec<T>, rank: impl Fn(&T) -> u32, part: impl Fn(&T) -> u64) {
    let mut preferred: HashMap<u64, u32> = HashMap::new();
    for row in rows.iter() {
        let best = preferred.entry(part(row)).or_insert(u32::MAX);
        *best = rank(row).min(*best);
    }
    rows.retain(|row| preferred.get(&part(row)) == Some(&rank(row)));
}

#[cfg(test)]
mod tests;
