//! Rows in the order of their keys, with equal keys in the order of the rows. Never what a key is.

use std::ops::RangeInclusive;

/// The rows that `counts` selects, sorted by their keys.
///
/// Keys of two parts that are both dense, such as a security and a day, are addresses: one pass counts the rows of each,
/// and another one puts every row in its place. Other keys are compared.
pub(super) fn order(keys: &[u64], counts: impl Fn(u32) -> bool) -> Vec<u32> {
    let rows = || (0u32..).zip(keys).filter(|(row, _)| counts(*row)).map(|(row, key)| (row, *key));
    let Some(addresses) = Addresses::of(rows().map(|(_, key)| key)) else {
        let mut sorted: Vec<(u64, u32)> = rows().map(|(row, key)| (key, row)).collect();
        sorted.sort_unstable();
        return sorted.into_iter().map(|(_, row)| row).collect();
    };
    let mut next = vec![0u32; addresses.count + 1];
    for (_, key) in rows() {
        next[addresses.of_key(key) + 1] += 1;
    }
    for place in 1..next.len() {
        next[place] += next[place - 1];
    }
    let mut sorted = vec![0; next[addresses.count] as usize];
    for (row, key) in rows() {
        let place = &mut next[addresses.of_key(key)];
        sorted[*place as usize] = row;
        *place += 1;
    }
    sorted
}

/// Keys as places in a table of the values that their halves may have.
struct Addresses {
    halves: [RangeInclusive<u64>; 2],
    width: usize,
    count: usize,
}

fn halves(key: u64) -> [u64; 2] {
    [key >> 32, key & u64::from(u32::MAX)]
}

impl Addresses {
    /// `None` where most places would be empty, or there are none.
    fn of(keys: impl Iterator<Item = u64>) -> Option<Self> {
        let mut halves: Option<[RangeInclusive<u64>; 2]> = None;
        let mut rows = 0u64;
        for key in keys {
            rows += 1;
            let parts = self::halves(key);
            let ranges = halves.get_or_insert_with(|| parts.map(|part| part..=part));
            for (range, part) in ranges.iter_mut().zip(parts) {
                if !range.contains(&part) {
                    *range = part.min(*range.start())..=part.max(*range.end());
                }
            }
        }
        let halves = halves?;
        let [first, width] = halves.each_ref().map(|range| range.end() - range.start() + 1);
        let count = first.checked_mul(width).filter(|count| *count <= 4 * rows + 1024)?;
        Some(Self { halves, width: usize::try_from(width).ok()?, count: usize::try_from(count).ok()? })
    }

    #[inline]
    fn of_key(&self, key: u64) -> usize {
        let [first, second] = halves(key);
        // Both are within the ranges, and the product within the count, which is a size.
        let place = |part: u64, range: &RangeInclusive<u64>| usize::try_from(part - range.start()).unwrap_or_default();
        place(first, &self.halves[0]) * self.width + place(second, &self.halves[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn dense_and_sparse_keys_are_sorted_alike(
            keys in prop::collection::vec((0u64..40, prop_oneof![0u64..20, 0u64..u64::from(u32::MAX)]), 0..400),
            skipped in 1u32..5,
        ) {
            for is_dense in [true, false] {
                let second = |part: u64| if is_dense { part % 20 } else { part };
                let keys: Vec<u64> = keys.iter().map(|(a, b)| a << 32 | second(*b)).collect();
                let counts = |row: u32| !row.is_multiple_of(skipped + 1);
                let mut expected: Vec<u32> = (0u32..).take(keys.len()).filter(|row| counts(*row)).collect();
                expected.sort_by_key(|row| keys[*row as usize]);
                prop_assert_eq!(order(&keys, counts), expected);
            }
        }
    }
}
