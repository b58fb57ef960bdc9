//! Sorts rows by key, and rows with equal keys by number. What a key is is decided in `key`.

/// The rows that `counts` selects, sorted by key.
///
/// The upper halves of keys are usually dense, such as the ranks of securities. So one pass counts the rows for each
/// half, and another puts each row behind those of its half. Files are added in the order of their days, so little
/// remains to be sorted.
pub(super) fn order(keys: &[u64], counts: impl Fn(u32) -> bool) -> Vec<u32> {
    let rows = || (0u32..).zip(keys).filter(|(row, _)| counts(*row)).map(|(row, key)| (row, *key));
    let Some((least, halves)) = halves(keys) else {
        let mut sorted: Vec<u32> = rows().map(|(row, _)| row).collect();
        sort(&mut sorted, keys, &mut Vec::new());
        return sorted;
    };
    let place = |key: u64| usize::try_from(first(key) - least).unwrap_or_default();
    let mut next = vec![0u32; halves + 1];
    for (_, key) in rows() {
        next[place(key) + 1] += 1;
    }
    for half in 1..next.len() {
        next[half] += next[half - 1];
    }
    let mut sorted = vec![0; next[halves] as usize];
    for (row, key) in rows() {
        let place = &mut next[place(key)];
        sorted[*place as usize] = row;
        *place += 1;
    }
    let (mut pairs, mut start) = (Vec::new(), 0);
    for end in &next[..halves] {
        sort(&mut sorted[start as usize..*end as usize], keys, &mut pairs);
        start = *end;
    }
    sorted
}

/// Like [`order`], if only a few rows count.
pub(super) fn order_of(rows: impl Iterator<Item = u32>, keys: &[u64]) -> Vec<u32> {
    let mut pairs: Vec<(u64, u32)> = rows.map(|row| (keys[row as usize], row)).collect();
    pairs.sort_unstable();
    pairs.into_iter().map(|(_, row)| row).collect()
}

fn first(key: u64) -> u64 {
    key >> 32
}

/// The smallest upper half of a key, and the number of values up to the greatest. `None` if most of these would not
/// occur, or there is only one.
fn halves(keys: &[u64]) -> Option<(u64, usize)> {
    let least = first(*keys.iter().min()?);
    let halves = usize::try_from(first(*keys.iter().max()?) - least + 1).ok()?;
    (2..=4 * keys.len() + 1024).contains(&halves).then_some((least, halves))
}

/// Sorts rows by key, and rows with the same key by number.
fn sort(rows: &mut [u32], keys: &[u64], pairs: &mut Vec<(u64, u32)>) {
    if rows.len() < 2 || rows.is_sorted_by_key(|row| keys[*row as usize]) {
        return;
    }
    pairs.clear();
    pairs.extend(rows.iter().map(|row| (keys[*row as usize], *row)));
    pairs.sort_unstable();
    for (row, (_, sorted)) in rows.iter_mut().zip(pairs) {
        *row = *sorted;
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
                let rows = (0u32..).take(keys.len()).filter(|row| counts(*row));
                prop_assert_eq!(order_of(rows, &keys), expected.clone());
                prop_assert_eq!(order(&keys, counts), expected);
            }
        }
    }
}
