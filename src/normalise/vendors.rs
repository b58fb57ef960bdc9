//! Several vendors in one table: whose word counts, and which unit it is in. Rows are taken whole, never mixed cell by
//! cell. Never what one vendor's rows of a key say together.

use std::collections::HashMap;

use crate::spec::{Table, TableSource};

/// Of the file of each source: how far its numbers in a column are from the column's unit.
pub(super) fn shifts(sources: &[&TableSource], column: usize) -> Vec<i8> {
    let of =
        |source: &&TableSource| source.fields.iter().find(|plan| plan.column == column).map_or(0, |plan| plan.shift);
    sources.iter().map(of).collect()
}

/// Of the file of each source: the place of its vendor in the table's order.
pub(super) fn ranks(table: &Table, sources: &[&TableSource]) -> Vec<u32> {
    let vendors = table.vendors();
    let of = |source: &&TableSource| vendors.iter().position(|vendor| *vendor == source.contract.id.vendor);
    sources.iter().map(|source| of(source).and_then(|place| u32::try_from(place).ok()).unwrap_or(u32::MAX)).collect()
}

/// Keeps of each part of the table the rows of the first vendor that has any there.
pub(super) fn first_choice<T>(rows: &mut Vec<T>, rank: impl Fn(&T) -> u32, part: impl Fn(&T) -> u64) {
    let mut first: HashMap<u64, u32> = HashMap::new();
    for row in rows.iter() {
        let best = first.entry(part(row)).or_insert(u32::MAX);
        *best = rank(row).min(*best);
    }
    rows.retain(|row| first.get(&part(row)) == Some(&rank(row)));
}

#[cfg(test)]
mod tests;
