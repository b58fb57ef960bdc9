//! Lines that were read before: nightly answers repeat each other nearly line by line, and only what is
//! new is worth reading. Never what a line says.

use std::hash::{BuildHasher as _, DefaultHasher, Hash, Hasher as _};
use std::ops::Range;

use hashbrown::{DefaultHashBuilder, HashMap};

use super::versions::Seen;
use crate::spec::TableSource;

/// Every distinct line so far, and where it was seen.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// By 128 bits of two hash functions; no rows for a line that has none of this partition.
    rows: HashMap<(u64, u64), Range<u32>>,
    seen: Vec<Seen>,
    hasher: DefaultHashBuilder,
    last: (u64, u64),
}

impl Repeats {
    /// Whether the line was read before, with the same `given` by its call; then that it stands here too is
    /// noted.
    pub(super) fn know(
        &mut self,
        source: &TableSource,
        given: impl Hash,
        line: &str,
        (file, number): (u32, u32),
    ) -> bool {
        let said = (&source.contract.id, given, line);
        let mut second = DefaultHasher::new();
        said.hash(&mut second);
        self.last = (self.hasher.hash_one(said), second.finish());
        let Some(rows) = self.rows.get(&self.last) else {
            // Rows only once they are read as such.
            self.rows.insert(self.last, 0..0);
            return false;
        };
        self.seen.extend(rows.clone().map(|row| (row, file, number)));
        true
    }

    /// The line just asked about is these rows.
    pub(super) fn learned(&mut self, rows: Range<usize>, (file, number): (u32, u32)) {
        let place = |row: usize| u32::try_from(row).unwrap_or(u32::MAX);
        let rows = place(rows.start)..place(rows.end);
        self.seen.extend(rows.clone().map(|row| (row, file, number)));
        self.rows.insert(self.last, rows);
    }

    /// Every row in every file.
    pub(super) fn seen(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.seen)
    }
}
