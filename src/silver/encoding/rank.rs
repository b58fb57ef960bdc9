//! Ranks of values that are small whole numbers, or become such when multiplied by a power of ten: prices, days, counts. A
//! byte for each number gives them without hashing or sorting. Whether a dictionary pays off is decided in `dictionary`, not here.

/// The most numbers that get a byte. The prices of a market in cents fit in: no share costs more than 5,000 yuan.
const SPAN: u32 = 1 << 19;

/// Bytes that are looked at together.
const WORD: usize = 8;

/// Powers of ten that make decimals whole.
const SCALES: [f64; 5] = [1.0, 10.0, 100.0, 1000.0, 10_000.0];

/// Number of values that are looked at to choose a scale.
const SAMPLE: usize = 64;

/// 2^52. Doubles from here on are whole numbers, and have them in their lowest bits.
const WHOLE: f64 = 4_503_599_627_370_496.0;

/// Rounds a double below 2^51 to a whole number, if it is added and subtracted again.
const ROUNDING: f64 = 1.5 * WHOLE;

/// Ranks of numbers, in memory that is used again.
#[derive(Default)]
pub(super) struct Ranks {
    /// For each number, whether it occurs. Bits would have to be read before they are set, which takes longer where the
    /// same number follows itself.
    occurs: Vec<u8>,
    /// By number. Only the ranks of numbers that occur mean anything.
    ranks: Vec<u32>,
}

impl Ranks {
    /// Distinct numbers in order, and the rank of each number among them. No number is above `largest`. `None` if there
    /// are more than `most` distinct ones.
    pub(super) fn of(
        &mut self,
        numbers: impl Iterator<Item = u32> + Clone,
        largest: u32,
        most: usize,
    ) -> Option<(Vec<u32>, Vec<u32>)> {
        let Self { occurs, ranks } = self;
        let span = (largest as usize + 1).next_multiple_of(WORD);
        occurs.clear();
        occurs.resize(span, 0);
        for number in numbers.clone() {
            occurs[number as usize] = 1;
        }
        let (words, _) = occurs.as_chunks();
        let count: usize = words.iter().map(|word| u64::from_le_bytes(*word).count_ones() as usize).sum();
        if count > most {
            return None;
        }
        if ranks.len() < span {
            ranks.resize(span, 0);
        }
        let mut distinct = Vec::with_capacity(count);
        for (first, word) in (0u32..).step_by(WORD).zip(words) {
            let mut left = u64::from_le_bytes(*word);
            while left != 0 {
                let number = first + left.trailing_zeros() / 8;
                ranks[number as usize] = u32::try_from(distinct.len()).unwrap_or(u32::MAX);
                distinct.push(number);
                left &= left - 1;
            }
        }
        let places = numbers.map(|number| ranks[number as usize]).collect();
        Some((distinct, places))
    }
}

/// The largest span that pays for so many values: 64 numbers for each.
pub(super) fn span(values: usize) -> u32 {
    u32::try_from(values.saturating_mul(64)).unwrap_or(u32::MAX).min(SPAN)
}

/// Decimals as numbers from 0 to `span`, in the same order, if there is a scale that makes all of them whole.
pub(super) fn of_decimals(values: &[f64], span: u32) -> Option<Vec<u32>> {
    let step = values.len().div_ceil(SAMPLE).max(1);
    let is_scale = |scale: &f64| values.iter().step_by(step).all(|value| is_exact(*value, *scale));
    let exact = |scale| Some((scale, bounds(values, scale)?));
    // A larger scale would only widen the span.
    let (scale, (least, most)) = SCALES.into_iter().filter(is_scale).find_map(exact)?;
    #[expect(clippy::cast_possible_truncation, reason = "the lowest bits are the number")]
    let number = |value: &f64| (whole(*value, scale) - least + WHOLE).to_bits() as u32;
    (most - least < f64::from(span)).then(|| values.iter().map(number).collect())
}

/// The least and the greatest number that a scale makes of decimals. `None` if it does not make all of them whole.
fn bounds(values: &[f64], scale: f64) -> Option<(f64, f64)> {
    let (mut all_exact, mut least, mut most) = (true, f64::INFINITY, f64::NEG_INFINITY);
    for value in values {
        all_exact &= is_exact(*value, scale);
        let number = whole(*value, scale);
        least = if number < least { number } else { least };
        most = if number > most { number } else { most };
    }
    all_exact.then_some((least, most))
}

fn whole(value: f64, scale: f64) -> f64 {
    (value * scale + ROUNDING) - ROUNDING
}

/// Whether a value is the double nearest to a whole number divided by the scale. Neither NaN nor -0 is.
#[expect(clippy::float_cmp, reason = "only an equal double proves that the decimal is exact")]
fn is_exact(value: f64, scale: f64) -> bool {
    let nearest = whole(value, scale) / scale;
    (nearest == value) & (nearest.to_bits() == value.to_bits())
}
