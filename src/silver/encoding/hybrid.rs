//! Small integers in Parquet's RLE/bit-packing hybrid: levels, and dictionary indices. Does not know what they mean.
//! <https://parquet.apache.org/docs/file-format/data-pages/encodings/>

/// Shorter runs are bit-packed like other values.
const SHORTEST_RUN: usize = 16;

/// Bits needed for numbers up to `most`.
pub(super) fn width(most: u32) -> u32 {
    u32::BITS - most.leading_zeros()
}

/// Appends numbers of `width` bits each.
pub(super) fn put(values: &[u32], width: u32, out: &mut Vec<u8>) {
    let (mut at, mut packed_from) = (0, 0);
    while at < values.len() {
        let value = values[at];
        let run = values[at..].iter().take_while(|other| **other == value).count();
        // Bit-packed values come in groups of eight: the run fills up the last group first.
        let filling = (8 - (at - packed_from) % 8) % 8;
        if run >= filling + SHORTEST_RUN {
            put_packed(&values[packed_from..at + filling], width, out);
            put_run(value, run - filling, width, out);
            packed_from = at + run;
        }
        at += run;
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
    let groups = values.len().div_ceil(8);
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
