//! The distinct values of a column chunk, and whether they are few enough for a dictionary to pay. How they are written
//! is up to `column`.

use super::rank::{self, Ranks};
use super::value::{Number, Value};

/// Values sampled before building a dictionary.
const SAMPLE: usize = 4096;

/// Slots for the hashes of a sample, and the marker of an empty one.
const SLOTS: usize = 2 * SAMPLE;
const NO_HASH: u16 = u16::MAX;

/// Distinct values in order, and the index of each value among them.
pub(super) struct Dictionary<T> {
    pub(super) distinct: Vec<T>,
    pub(super) places: Vec<u32>,
}

/// Marks an empty slot.
const EMPTY: u32 = u32::MAX;

impl<T: Number> Dictionary<T> {
    /// The dictionary of some numbers times a power of ten, as [`Dictionary::of`] gives it for their values.
    pub(super) fn of_numbers(numbers: &[i32], times: T::Times, ranks: &mut Ranks) -> Option<Self> {
        let most = numbers.len() / 4;
        let value = |number: &i32| T::of(*number, times);
        if !repeat_often(numbers.len(), |place| value(&numbers[place]).hash()) {
            return None;
        }
        let ends = |(least, most): (i32, i32), number: &i32| (least.min(*number), most.max(*number));
        let (least, largest) = numbers.iter().fold((i32::MAX, i32::MIN), ends);
        let width = largest.abs_diff(least);
        if width >= rank::span(numbers.len()) {
            return Self::hashed(&numbers.iter().map(value).collect::<Vec<T>>(), most);
        }
        let (distinct, places) = ranks.of(numbers.iter().map(|number| number.abs_diff(least)), width, most)?;
        let distinct = distinct.into_iter().map(|above| T::of(least.wrapping_add_unsigned(above), times)).collect();
        Some(Self { distinct, places })
    }
}

impl<T: Value> Dictionary<T> {
    /// The dictionary of some values. `None` if they repeat too seldom.
    pub(super) fn of(values: &[T], ranks: &mut Ranks) -> Option<Self> {
        let most = values.len() / 4;
        if T::TYPE == parquet::basic::Type::BOOLEAN || !repeat_often(values.len(), |place| values[place].hash()) {
            return None;
        }
        match T::numbers(values, rank::span(values.len())) {
            Some(numbers) => {
                let (distinct, places) = ranked(values, &numbers, most, ranks)?;
                Some(Self { distinct, places })
            }
            None => Self::hashed(values, most),
        }
    }

    /// The dictionary of values that are not small numbers; `None` if more than `most` are distinct.
    fn hashed(values: &[T], most: usize) -> Option<Self> {
        let mut table = Table::new(most);
        let (mut distinct, mut places) = (Vec::new(), Vec::with_capacity(values.len()));
        let mut last: Option<(T, u32)> = None;
        for &value in values {
            if let Some((_, place)) = last.filter(|(last, _)| last.is_equal(value)) {
                places.push(place);
                continue;
            }
            let place = match table.find(value, &distinct) {
                Ok(place) => place,
                Err(_) if distinct.len() == most => return None,
                Err(slot) => {
                    let place = u32::try_from(distinct.len()).ok()?;
                    table.slots[slot] = place;
                    distinct.push(value);
                    place
                }
            };
            places.push(place);
            last = Some((value, place));
        }
        Some(Self { distinct, places }.sorted(|value, before| table.find(value, before).ok()))
    }

    /// The same dictionary over the values that stand for these.
    pub(super) fn of_others<O: Value>(self, others: &impl Fn(&[T]) -> Vec<O>) -> Dictionary<O> {
        let others = others(&self.distinct);
        let mut table = Table::new(others.len());
        for (place, other) in (0u32..).zip(&others) {
            if let Err(slot) = table.find(*other, &others) {
                table.slots[slot] = place;
            }
        }
        Dictionary { distinct: others, places: self.places }.sorted(|other, before| table.find(other, before).ok())
    }

    /// Sorts the values: neighbours then share most of their bytes, which compresses well. `place` finds a value among
    /// the former ones.
    fn sorted(mut self, place: impl Fn(T, &[T]) -> Option<u32>) -> Self {
        if self.distinct.is_sorted_by(|a, b| a.compare(*b).is_lt()) {
            return self;
        }
        let before = self.distinct.clone();
        self.distinct.sort_unstable_by(|a, b| a.compare(*b));
        let mut places = vec![0; before.len()];
        for (now, value) in (0u32..).zip(&self.distinct) {
            if let Some(place) = place(*value, &before) {
                places[place as usize] = now;
            }
        }
        for place in &mut self.places {
            *place = places[*place as usize];
        }
        self
    }
}

/// Distinct values in the order of their numbers, and the rank of each value among them. `None` if there are more than
/// `most` distinct ones.
fn ranked<T: Value>(values: &[T], numbers: &[u32], most: usize, ranks: &mut Ranks) -> Option<(Vec<T>, Vec<u32>)> {
    let width = *numbers.iter().max()?;
    let (of_distinct, places) = ranks.of(numbers.iter().copied(), width, most)?;
    let mut distinct = vec![T::default(); of_distinct.len()];
    for (value, place) in values.iter().zip(&places) {
        distinct[*place as usize] = *value;
    }
    Some((distinct, places))
}

/// Hash table from distinct values to their index.
struct Table {
    slots: Vec<u32>,
}

impl Table {
    /// An empty table with room for `most` values.
    fn new(most: usize) -> Self {
        Self { slots: vec![EMPTY; (2 * most.max(1)).next_power_of_two()] }
    }

    /// The index of a value, or the slot to put it in.
    #[inline]
    fn find<T: Value>(&self, value: T, distinct: &[T]) -> Result<u32, usize> {
        let most = self.slots.len() - 1;
        // Truncation is fine: the high bits are the better ones, and there are fewer than 2^32 slots.
        let mut slot = (value.hash() >> 32) as usize & most;
        loop {
            match self.slots[slot] {
                EMPTY => return Err(slot),
                place if distinct[place as usize].is_equal(value) => return Ok(place),
                _ => slot = (slot + 1) & most,
            }
        }
    }
}

/// Whether there seem to be fewer distinct values than a quarter of all, estimated from how many pairs in a sample are
/// equal (the birthday problem).
fn repeat_often(values: usize, hash: impl Fn(usize) -> u64) -> bool {
    let step = values.div_ceil(SAMPLE).max(1);
    let sample = values.div_ceil(step);
    // Each value is equal to all its predecessors with the same hash.
    let mut slots = [NO_HASH; SLOTS];
    let (mut hashes, mut equal) = (Vec::<(u64, usize)>::with_capacity(sample), 0);
    for hash in (0..values).step_by(step).map(hash) {
        let mut slot = (hash >> 32) as usize % SLOTS;
        while slots[slot] != NO_HASH && hashes[usize::from(slots[slot])].0 != hash {
            slot = (slot + 1) % SLOTS;
        }
        match hashes.get_mut(usize::from(slots[slot])) {
            Some((_, times)) => {
                equal += *times;
                *times += 1;
            }
            None => {
                slots[slot] = u16::try_from(hashes.len()).unwrap_or(NO_HASH);
                hashes.push((hash, 1));
            }
        }
    }
    // With n distinct values, one pair in n is equal.
    equal > 0 && sample * (sample - 1) / 2 / equal <= values / 4
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check<T: Value + std::fmt::Debug + PartialEq>(values: &[T], most: usize) {
        let Some(numbers) = T::numbers(values, rank::span(values.len())) else { return };
        let hashed = Dictionary::hashed(values, most);
        let hashed = hashed.map(|Dictionary { distinct, places }| (distinct, places));
        assert_eq!(ranked(values, &numbers, most, &mut Ranks::default()), hashed);
    }

    /// Compares the dictionaries of numbers and of their values.
    fn check_numbers<T: Number + std::fmt::Debug + PartialEq>(numbers: &[i32], power: i32, ranks: &mut Ranks) {
        let Some(times) = T::times(power) else { return };
        let values: Vec<T> = numbers.iter().map(|number| T::of(*number, times)).collect();
        let parts =
            |dictionary: Option<Dictionary<T>>| dictionary.map(|Dictionary { distinct, places }| (distinct, places));
        let of_numbers = parts(Dictionary::of_numbers(numbers, times, ranks));
        assert_eq!(of_numbers, parts(Dictionary::of(&values, ranks)));
    }

    proptest! {
        #[test]
        fn ranks_are_those_of_a_hash_table(
            numbers in prop::collection::vec(-3000..3000i32, 1..300),
            scale in prop::sample::select(vec![1.0, 10.0, 100.0, 1000.0, 10_000.0]),
            most in 1..300usize,
        ) {
            check(&numbers, most);
            check(&numbers.iter().map(|number| i64::from(*number) - (1 << 40)).collect::<Vec<_>>(), most);
            let decimals: Vec<f64> = numbers.iter().map(|number| f64::from(*number) / scale).collect();
            prop_assert!(f64::numbers(&decimals, u32::MAX).is_some());
            check(&decimals, most);
        }
    }

    proptest! {
        #[test]
        fn numbers_have_the_dictionary_of_their_values(
            distinct in prop::collection::vec(prop_oneof![3 => -3000..3000i32, 1 => any::<i32>()], 1..40),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 1..900),
            powers in prop::collection::vec(-25..25i32, 1..4),
        ) {
            let numbers: Vec<i32> = picks.iter().map(|pick| distinct[pick.index(distinct.len())]).collect();
            let mut ranks = Ranks::default();
            for power in powers {
                check_numbers::<f64>(&numbers, power, &mut ranks);
                check_numbers::<i64>(&numbers, power, &mut ranks);
            }
        }
    }

    #[test]
    fn what_is_no_decimal_has_no_number() {
        for odd in [-0.0, f64::NAN, f64::INFINITY, 0.1 + 0.2, 1e300, 0.000_01] {
            assert!(f64::numbers(&[1.25, odd], u32::MAX).is_none(), "{odd}");
            let mut many = vec![1.25; 1000];
            many[501] = odd;
            assert!(f64::numbers(&many, u32::MAX).is_none(), "{odd}");
        }
        assert!(f64::numbers(&[0.0, 1000.0], 1000).is_none() && f64::numbers(&[0.0, 999.0], 1000).is_some());
        assert!(i64::numbers(&[i64::MIN, i64::MAX], 1000).is_none() && i64::numbers(&[-7, 992], 1000).is_some());
    }
}
