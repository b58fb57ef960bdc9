//! Integers as packed deltas (`DELTA_BINARY_PACKED`). Which columns use it is decided in `value`.
//! <https://parquet.apache.org/docs/file-format/data-pages/encodings/>

use super::hybrid::{pack, varint, zigzag};

const BLOCK: usize = 128;
const MINIBLOCKS: usize = 4;
const MINIBLOCK: usize = BLOCK / MINIBLOCKS;

/// Appends integers. Deltas wrap around at the column's width, `bits`.
pub(super) fn put(values: &[i64], bits: u32, out: &mut Vec<u8>) {
    for number in [BLOCK, MINIBLOCKS, values.len()] {
        varint(number as u64, out);
    }
    varint(zigzag(values.first().copied().unwrap_or_default()), out);
    let wrap = |difference: i64| if bits == 32 { i64::from(low(difference)) } else { difference };
    let mut differences = [0i64; BLOCK];
    for (block, last) in values.get(1..).unwrap_or_default().chunks(BLOCK).zip(values.iter().step_by(BLOCK)) {
        let mut before = *last;
        for (difference, value) in differences.iter_mut().zip(block) {
            *difference = wrap(value.wrapping_sub(before));
            before = *value;
        }
        let differences = &differences[..block.len()];
        let least = differences.iter().copied().min().unwrap_or_default();
        varint(zigzag(least), out);
        let above = |difference: &i64| {
            let above = difference.wrapping_sub(least).cast_unsigned();
            if bits == 32 { above & u64::from(u32::MAX) } else { above }
        };
        let width = |part: &[i64]| u64::BITS - part.iter().map(above).fold(0, |all, value| all | value).leading_zeros();
        let widths: Vec<u32> = differences.chunks(MINIBLOCK).map(width).collect();
        let bytes = widths.iter().map(|width| width.to_le_bytes()[0]);
        out.extend(bytes.chain(std::iter::repeat(0)).take(MINIBLOCKS));
        for (part, width) in differences.chunks(MINIBLOCK).zip(widths) {
            let end = out.len() + MINIBLOCK * width as usize / 8;
            pack(part.iter().map(above), width, out);
            out.resize(end, 0);
        }
    }
}

/// The low 32 bits as a signed integer.
fn low(value: i64) -> i32 {
    let [a, b, c, d, ..] = value.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}
