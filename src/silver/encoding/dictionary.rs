//! The distinct values of a column chunk, and whether they are few enough to be worth a dictionary. Never how they are
//! written.

use super::value::Value;

/// So many values are looked at before a dictionary is made.
const SAMPLE: usize = 4096;

/// Distinct values in their order, and the place of each value among them.
pub(super) struct Dictionary<T> {
    pub(super) distinct: Vec<T>,
    pub(super) places: Vec<u32>,
}

/// No value yet.
const EMPTY: u32 = u32::MAX;

impl<T: Value> Dictionary<T> {
    /// The dictionary of some values; `None` where they repeat too seldom for one.
    pub(super) fn of(values: &[T]) -> Option<Self> {
        let most = values.len() / 4;
        if T::TYPE == parquet::basic::Type::BOOLEAN || !repeat_often(values) {
            return None;
        }
        let slots = (2 * most.max(1)).next_power_of_two();
        let mut table = vec![EMPTY; slots];
        let (mut distinct, mut places) = (Vec::new(), Vec::with_capacity(values.len()));
        let mut last: Option<(T, u32)> = None;
        for &value in values {
            if let Some((_, place)) = last.filter(|(last, _)| last.is_equal(value)) {
                places.push(place);
                continue;
            }
            let mut slot = slot(value, slots);
            let place = loop {
                match table[slot] {
                    EMPTY if distinct.len() == most => return None,
                    EMPTY => {
                        let place = u32::try_from(distinct.len()).ok()?;
                        table[slot] = place;
                        distinct.push(value);
                        break place;
                    }
                    place if distinct[place as usize].is_equal(value) => break place,
                    _ => slot = (slot + 1) & (slots - 1),
                }
            };
            places.push(place);
            last = Some((value, place));
        }
        Some(Self { distinct, places }.sorted())
    }

    /// The same dictionary, of the values that stand for these.
    pub(super) fn of_others<O: Value>(self, others: &impl Fn(&[T]) -> Vec<O>) -> Dictionary<O> {
        Dictionary { distinct: others(&self.distinct), places: self.places }.sorted()
    }

    /// With the values in their order: neighbours share most of their bytes, which compresses well.
    fn sorted(mut self) -> Self {
        if self.distinct.is_sorted_by(|a, b| a.compare(*b).is_lt()) {
            return self;
        }
        let mut sorted: Vec<(T, u32)> = self.distinct.iter().copied().zip(0..).collect();
        sorted.sort_unstable_by(|a, b| a.0.compare(b.0));
        let mut places = vec![0; sorted.len()];
        for (place, (value, before)) in (0u32..).zip(sorted) {
            self.distinct[place as usize] = value;
            places[before as usize] = place;
        }
        for place in &mut self.places {
            *place = places[*place as usize];
        }
        self
    }
}

fn slot<T: Value>(value: T, slots: usize) -> usize {
    // Truncated: the high bits are the better ones, and there are fewer slots than 32 bits count.
    (value.hash() >> 32) as usize & (slots - 1)
}

/// Whether there seem to be fewer distinct values than a quarter of all, from how often two of a sample are equal (the
/// birthday problem).
fn repeat_often<T: Value>(values: &[T]) -> bool {
    let step = values.len().div_ceil(SAMPLE).max(1);
    let mut sample: Vec<u64> = values.iter().step_by(step).map(|value| value.hash()).collect();
    sample.sort_unstable();
    let pairs = |count: usize| count * count.saturating_sub(1) / 2;
    let equal: usize = sample.chunk_by(|a, b| a == b).map(|equal| pairs(equal.len())).sum();
    // Of so many pairs one in as many as there are distinct values is equal.
    equal > 0 && pairs(sample.len()) / equal <= values.len() / 4
}
