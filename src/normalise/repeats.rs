//! Lines that were read before: nightly answers repeat each other nearly line by line, and only what is
//! new is worth reading. Never what a line says.

use std::hash::{BuildHasher as _, DefaultHasher, Hash as _, Hasher as _};

use hashbrown::{DefaultHashBuilder, HashMap};

use super::versions::Seen;
use crate::spec::TableSource;

/// Every distinct line so far, and where it was seen.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// By 128 bits of two hash functions; `None` for a line that is no row of this partition.
    rows: HashMap<(u64, u64), Option<u32>>,
    seen: Vec<Seen>,
    hasher: DefaultHashBuilder,
    last: (u64, u64),
}

impl Repeats {
    /// Whether the line was read before; then that it stands here too is noted.
    pub(super) fn know(&mut self, source: &TableSource, line: &str, file: u32, number: u32) -> bool {
        let id = &source.contract.id;
        let said = (id.vendor.as_str(), id.name.as_str(), line);
        let mut second = DefaultHasher::new();
        said.hash(&mut second);
        self.last = (self.hasher.hash_one(said), second.finish());
        match self.rows.get(&self.last) {
            Some(Some(row)) => self.seen.push((*row, file, number)),
            Some(None) => {}
            None => {
                // A row only once it is read as one.
                self.rows.insert(self.last, None);
                return false;
            }
        }
        true
    }

    /// The line just asked about is that row.
    pub(super) fn learned(&mut self, row: u32, file: u32, number: u32) {
        self.rows.insert(self.last, Some(row));
        self.seen.push((row, file, number));
    }

    /// Every row in every file.
    pub(super) fn seen(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.seen)
    }
}
