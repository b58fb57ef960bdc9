//! Small integers in Parquet's RLE/bit-packing hybrid: levels, and dictionary indices. Does not know what they mean.
//! <https://parquet.apache.org/docs/file-format/data-pages/encodings/>

/// Shorter runs are bit-packed like other values.
const SHORTEST_RUN: usize = 16;

/// Bits needed for numbers up to `most`.
pub(super) fn width(most: u32) -> u32 {
    u32::BITS - most.leading_zeros()
}

/// Bit-packed numbers come in groups of so many.
const GROUP: usize = 8;

/// Appends numbers of `width` bits each.
pub(super) fn put(values: &[u32], width: u32, out: &mut Vec<u8>) {
    let (mut at, mut packed_from) = (0, 0);
    // A run begins where a packed group would: its part before that belongs to the last packed group.
    while let Some(&last) = values.get(at + SHORTEST_RUN - 1) {
        let value = values[at];
        let run = if last == value { values[at..].iter().take_while(|other| **other == value).count() } else { 0 };
        if run < SHORTEST_RUN {
            at += GROUP;
            continue;
        }
        put_packed(&values[packed_from..at], width, out);
        put_run(value, run, width, out);
        at += run;
        packed_from = at;
    }
    put_packed(&values[packed_from..], width, out);
}

/// Appends an RLE run: the count, then the value in whole bytes.
pub(super) fn put_run(value: u32, count: usize, width: u32, out: &mut Vec<u8>) {
    varint((count as u64) << 1, out);
    out.extend_from_slice(&value.to_le_bytes()[..width.div_ceil(8) as usize]);
}

fn put_packed(values: &[u32], width: u32, out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let groups = values.len().div_ceil(GROUP);
    varint((groups as u64) << 1 | 1, out);
    let end = out.len() + groups * width as usize;
    pack(values.iter().map(|value| u64::from(*value)), width, out);
    out.resize(end, 0);
}

/// Appends the low `width` bits of each value, least significant bit first.
pub(super) fn pack(values: impl Iterator<Item = u64>, width: u32, out: &mut Vec<u8>) {
    let (mut bits, mut filled) = (0u64, 0);
    for value in values {
        bits |= value << filled;
        filled += width;
        if filled >= u64::BITS {
            out.extend_from_slice(&bits.to_le_bytes());
            filled -= u64::BITS;
            bits = value.checked_shr(width - filled).unwrap_or(0);
        }
    }
    out.extend_from_slice(&bits.to_le_bytes()[..filled.div_ceil(8) as usize]);
}

/// Appends a varint.
pub(super) fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Zigzag encoding: the sign becomes the lowest bit.
pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Looks at each run of equal numbers.
    fn put_run_by_run(values: &[u32], width: u32, out: &mut Vec<u8>) {
        let (mut at, mut packed_from) = (0, 0);
        for run in values.chunk_by(|a, b| a == b) {
            let filling = (GROUP - (at - packed_from) % GROUP) % GROUP;
            if run.len() >= filling + SHORTEST_RUN {
                put_packed(&values[packed_from..at + filling], width, out);
                put_run(run[0], run.len() - filling, width, out);
                packed_from = at + run.len();
            }
            at += run.len();
        }
        put_packed(&values[packed_from..], width, out);
    }

    proptest! {
        #[test]
        fn every_long_run_is_found(runs in prop::collection::vec((0u32..4, 1usize..60), 0..30)) {
            let values: Vec<u32> = runs.iter().flat_map(|(value, count)| std::iter::repeat_n(*value, *count)).collect();
            let (mut found, mut expected) = (Vec::new(), Vec::new());
            put(&values, 2, &mut found);
            put_run_by_run(&values, 2, &mut expected);
            prop_assert_eq!(found, expected);
        }
    }
}
