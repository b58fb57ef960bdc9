//! The types of values a column can hold, and what the format needs of each: bytes, bounds, statistics. How a column is
//! laid out is up to `column`.

use std::cmp::Ordering;

use parquet::basic::{Encoding, Type};
use parquet::data_type::ByteArray;
use parquet::file::statistics::Statistics;

use super::{delta, hybrid, rank};
use pitlake_contract::decimal::EXACT;

/// Longer texts get no statistics: they would be copied into the footer, and nobody searches them by range.
const LONGEST_BOUND: usize = 64;

/// A value of a column.
pub(super) trait Value: Copy + Default {
    /// Its physical type.
    const TYPE: Type;

    /// Equal for equal values. Different values may collide.
    fn hash(self) -> u64;

    fn is_equal(self, other: Self) -> bool;

    fn compare(self, other: Self) -> Ordering;

    /// Appends it in `PLAIN` encoding.
    fn put(self, out: &mut Vec<u8>);

    /// It as the bytes of a bound; `None` if too long.
    fn bound(self) -> Option<Vec<u8>>;

    /// The statistics of a column chunk.
    fn statistics(bounds: Option<(Self, Self)>, nulls: u64) -> Statistics;

    /// Values as numbers from 0 to `span`, in the same order and equal only where they are equal, if a quick look finds
    /// such numbers.
    fn numbers(_values: &[Self], _span: u32) -> Option<Vec<u32>> {
        None
    }

    /// Smallest and largest of some values.
    fn bounds(values: &[Self]) -> Option<(Self, Self)> {
        let first = *values.first()?;
        Some(values.iter().fold((first, first), |(least, most), &value| {
            let least = if value.compare(least).is_lt() { value } else { least };
            (least, if value.compare(most).is_gt() { value } else { most })
        }))
    }

    /// Appends values that repeat too seldom for a dictionary. Returns the encoding used.
    fn put_all(values: &[Self], out: &mut Vec<u8>) -> Encoding {
        for value in values {
            value.put(out);
        }
        Encoding::PLAIN
    }
}

/// For numbers: written as they are in memory.
macro_rules! fixed_width {
    ($statistics:ident) => {
        fn put(self, out: &mut Vec<u8>) {
            out.extend_from_slice(&self.to_le_bytes());
        }

        fn bound(self) -> Option<Vec<u8>> {
            Some(self.to_le_bytes().to_vec())
        }

        fn statistics(bounds: Option<(Self, Self)>, nulls: u64) -> Statistics {
            let (min, max) = bounds.unzip();
            Statistics::$statistics(min, max, None, Some(nulls), false)
        }
    };
}

/// The type of a column of numbers.
pub(super) trait Number: Value {
    /// What stands for a power of ten.
    type Times: Copy;

    /// A power of ten; `None` if not every number times that power is found in a single step.
    fn times(power: i32) -> Option<Self::Times>;

    /// A number times a power of ten.
    fn of(number: i32, times: Self::Times) -> Self;
}

impl Number for f64 {
    /// What to multiply by and then divide by. One of the two is 1.
    type Times = (Self, Self);

    fn times(power: i32) -> Option<(Self, Self)> {
        let scale = *EXACT.get(power.unsigned_abs() as usize)?;
        Some(if power < 0 { (1.0, scale) } else { (scale, 1.0) })
    }

    /// Number and power are exact, so that a single operation rounds once and gives the nearest double (Clinger 1990).
    #[inline]
    fn of(number: i32, (factor, divisor): (Self, Self)) -> Self {
        Self::from(number) * factor / divisor
    }
}

impl Number for i64 {
    /// What to multiply by.
    type Times = Self;

    fn times(power: i32) -> Option<Self> {
        // Up to here, no product of 32 bits overflows.
        (0..=9).contains(&power).then(|| (0..power).fold(1, |times, _| 10 * times))
    }

    #[inline]
    fn of(number: i32, times: Self) -> Self {
        Self::from(number) * times
    }
}

impl Value for f64 {
    const TYPE: Type = Type::DOUBLE;

    fn hash(self) -> u64 {
        spread(self.to_bits())
    }

    fn is_equal(self, other: Self) -> bool {
        self.to_bits() == other.to_bits()
    }

    fn compare(self, other: Self) -> Ordering {
        self.total_cmp(&other)
    }

    fn bounds(values: &[Self]) -> Option<(Self, Self)> {
        // Map to integers that sort like `total_cmp`, so that min and max are one step each.
        let flip = |bits: i64| bits ^ ((bits >> 63).cast_unsigned() >> 1).cast_signed();
        let whole = |value: &Self| flip(value.to_bits().cast_signed());
        let value = |whole: i64| Self::from_bits(flip(whole).cast_unsigned());
        let first = whole(values.first()?);
        let (least, most) = values.iter().map(whole).fold((first, first), |(a, b), v| (a.min(v), b.max(v)));
        Some((value(least), value(most)))
    }

    fn numbers(values: &[Self], span: u32) -> Option<Vec<u32>> {
        rank::of_decimals(values, span)
    }

    fn put_all(values: &[Self], out: &mut Vec<u8>) -> Encoding {
        let start = out.len();
        out.resize(start + size_of_val(values), 0);
        let (places, _) = out[start..].as_chunks_mut();
        for (place, value) in places.iter_mut().zip(values) {
            *place = value.to_le_bytes();
        }
        Encoding::PLAIN
    }

    fixed_width!(double);
}

/// Both widths of integers.
macro_rules! whole_numbers {
    ($type:ty, $kind:expr, $statistics:ident) => {
        impl Value for $type {
            const TYPE: Type = $kind;

            fn hash(self) -> u64 {
                spread(i64::from(self).cast_unsigned())
            }

            fn is_equal(self, other: Self) -> bool {
                self == other
            }

            fn compare(self, other: Self) -> Ordering {
                self.cmp(&other)
            }

            fixed_width!($statistics);

            fn numbers(values: &[Self], span: u32) -> Option<Vec<u32>> {
                let (least, most) = Self::bounds(values)?;
                u32::try_from(most.checked_sub(least)?).ok().filter(|width| *width < span)?;
                #[allow(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "the width is below 2^32, so the lowest bits are the difference"
                )]
                Some(values.iter().map(|value| value.wrapping_sub(least) as u32).collect())
            }

            fn put_all(values: &[Self], out: &mut Vec<u8>) -> Encoding {
                let (least, most) =
                    values.iter().fold((<$type>::MAX, <$type>::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
                // Some readers multiply a delta by the number of values in a block when skipping, which must not
                // overflow.
                if most.checked_sub(least).is_none_or(|span| span >> (<$type>::BITS - 8) != 0) {
                    for value in values {
                        value.put(out);
                    }
                    return Encoding::PLAIN;
                }
                let values: Vec<i64> = values.iter().map(|value| i64::from(*value)).collect();
                delta::put(&values, <$type>::BITS, out);
                Encoding::DELTA_BINARY_PACKED
            }
        }
    };
}

whole_numbers!(i32, Type::INT32, int32);
whole_numbers!(i64, Type::INT64, int64);

impl Value for &str {
    const TYPE: Type = Type::BYTE_ARRAY;

    fn hash(self) -> u64 {
        let (chunks, rest) = self.as_bytes().as_chunks::<8>();
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        let of_chunk = |hash: u64, chunk: &[u8; 8]| spread(hash ^ u64::from_le_bytes(*chunk));
        chunks.iter().chain([&last]).fold(self.len() as u64, of_chunk)
    }

    fn is_equal(self, other: Self) -> bool {
        self == other
    }

    fn compare(self, other: Self) -> Ordering {
        self.cmp(other)
    }

    fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&u32::try_from(self.len()).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(self.as_bytes());
    }

    fn bound(self) -> Option<Vec<u8>> {
        (self.len() <= LONGEST_BOUND).then(|| self.as_bytes().to_vec())
    }

    fn statistics(bounds: Option<(Self, Self)>, nulls: u64) -> Statistics {
        let short = bounds.filter(|(min, max)| min.len().max(max.len()) <= LONGEST_BOUND);
        let (min, max) = short.map(|(min, max)| (ByteArray::from(min), ByteArray::from(max))).unzip();
        Statistics::byte_array(min, max, None, Some(nulls), false)
    }
}

impl Value for bool {
    const TYPE: Type = Type::BOOLEAN;

    fn hash(self) -> u64 {
        u64::from(self)
    }

    fn is_equal(self, other: Self) -> bool {
        self == other
    }

    fn compare(self, other: Self) -> Ordering {
        self.cmp(&other)
    }

    fn put(self, out: &mut Vec<u8>) {
        out.push(u8::from(self));
    }

    fn bound(self) -> Option<Vec<u8>> {
        Some(vec![u8::from(self)])
    }

    fn statistics(bounds: Option<(Self, Self)>, nulls: u64) -> Statistics {
        let (min, max) = bounds.unzip();
        Statistics::boolean(min, max, None, Some(nulls), false)
    }

    fn put_all(values: &[Self], out: &mut Vec<u8>) -> Encoding {
        hybrid::pack(values.iter().map(|value| u64::from(*value)), 1, out);
        Encoding::PLAIN
    }
}

/// Spreads small differences over all bits (the final step of `MurmurHash3`).
fn spread(bits: u64) -> u64 {
    let bits = (bits ^ (bits >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    (bits ^ (bits >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53)
}
