//! Several vendors in one table: the first in the table's order that has a row of a key gives whole rows of it; cells
//! of two vendors never mix. Never how the rows of one vendor are merged.

use std::collections::HashMap;

/// Keeps, for each part of the table, the rows of the vendor of the lowest rank that has any there.
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
