//! Which whole answers are doubted: empty ones, and those that lack more than a tenth of the keys their slice last
//! held. They withdraw nothing until a look on another day agrees (`docs/point-in-time.md`). What is withdrawn is
//! decided elsewhere.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::history::{Sighting, VersionHistory};
use crate::normalise::rows::Standing;
use crate::normalise::scalars::Scalar;

/// A slice of a vendor: the column that identifies it, and the value.
type Slice = (u32, usize, Scalar);

/// The doubted answers, each with the slice of which it lacks too much.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    doubted: HashSet<(u32, Scalar)>,
    everywhere: HashSet<u32>,
}

impl Doubts {
    pub(super) fn new(
        history: &VersionHistory<'_, '_>,
        sightings: &[Sighting],
        (vendors, keys): (&[u32], &[u64]),
    ) -> Self {
        let mut shown: HashMap<(u32, Scalar), BTreeSet<u64>> = HashMap::new();
        for one in sightings {
            let coverage = history.observations[one.origin.file as usize].coverage.as_ref();
            let Some(coverage) = coverage.filter(|coverage| coverage.holds(history.rows, one.row)) else { continue };
            let slice = coverage.slices().map_or(Scalar::Absent, |(column, _)| history.rows.cell(column, one.row));
            shown.entry((one.origin.file, slice)).or_default().insert(keys[one.row as usize]);
        }
        let repeats = history.repeats(vendors);
        let mut held: HashMap<Slice, Held> = HashMap::new();
        let mut doubts = Self::default();
        let none = BTreeSet::new();
        for (file, observation) in (0u32..).zip(history.observations) {
            let (Some(coverage), Some(day)) = (&observation.coverage, observation.day()) else { continue };
            let (column, slices) = coverage.slices().unwrap_or((usize::MAX, &[Scalar::Absent]));
            for slice in slices {
                let rows_of = repeats.get(&file).unwrap_or(&file);
                let shown = shown.get(&(*rows_of, *slice)).unwrap_or(&none);
                let held = held.entry((vendors[file as usize], column, *slice)).or_default();
                let is_whole = history.standing(file) == Standing::Whole;
                if held.is_doubted(shown, is_whole.then_some(day)) {
                    match coverage.slices() {
                        Some(_) => doubts.doubted.insert((file, *slice)),
                        None => doubts.everywhere.insert(file),
                    };
                }
            }
        }
        doubts
    }

    /// Whether an answer is doubted with respect to a row that it covers but does not show.
    pub(super) fn holds(&self, history: &VersionHistory<'_, '_>, file: u32, row: u32) -> bool {
        let coverage = history.observations[file as usize].coverage.as_ref();
        let slice = coverage.and_then(|coverage| coverage.slices());
        match slice {
            Some((column, _)) => self.doubted.contains(&(file, history.rows.cell(column, row))),
            None => self.everywhere.contains(&file),
        }
    }
}

/// The keys that a slice holds, each with the day of the first doubted answer that has lacked it since.
#[derive(Debug, Default)]
struct Held {
    keys: BTreeMap<u64, Option<i32>>,
}

impl Held {
    /// Processes an answer and returns whether it is doubted. One that is not whole (no day) only adds what it shows.
    fn is_doubted(&mut self, shown: &BTreeSet<u64>, day: Option<i32>) -> bool {
        let lacking: Vec<u64> = self.keys.keys().filter(|key| !shown.contains(key)).copied().collect();
        let is_doubted = !lacking.is_empty() && (shown.is_empty() || lacking.len() * 10 > self.keys.len());
        for key in shown {
            self.keys.insert(*key, None);
        }
        let Some(day) = day else { return false };
        for key in lacking {
            let since = self.keys.get_mut(&key);
            match since {
                // A look on another day agrees.
                Some(Some(since)) if is_doubted && *since != day => {
                    self.keys.remove(&key);
                }
                Some(since) if is_doubted => *since = since.or(Some(day)),
                _ => {
                    self.keys.remove(&key);
                }
            }
        }
        is_doubted
    }
}
