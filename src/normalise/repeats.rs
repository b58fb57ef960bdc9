//! Lines that were read before: nightly answers repeat each other nearly line by line, and only new lines are worth
//! parsing. Never what a line means.

use std::hash::{BuildHasher as _, Hash};
use std::ops::Range;

use hashbrown::{DefaultHashBuilder, HashMap};

use super::rows::Origin;
use super::versions::Sighting;
use crate::spec::TableSource;

/// 128 bits: the hashes by two keys, chosen at random.
type Digest = (u64, u64);

/// Tells lines apart, on whichever thread they are read.
#[derive(Debug, Clone, Default)]
pub(super) struct LineDigests(DefaultHashBuilder, DefaultHashBuilder);

impl LineDigests {
    pub(super) fn of(&self, content: impl Hash) -> Digest {
        (self.0.hash_one(&content), self.1.hash_one(&content))
    }
}

/// A line that was read on its own: its digest, its number, and how many rows it gave.
#[derive(Debug)]
pub(super) struct ReadLine {
    pub(super) digest: Digest,
    pub(super) number: u32,
    pub(super) rows: usize,
}

/// Every distinct line so far, and every place where it was read.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// An empty range for a line without rows of this partition.
    rows: HashMap<Digest, Range<u32>>,
    sightings: Vec<Sighting>,
    digests: LineDigests,
    last: Digest,
}

impl Repeats {
    /// Whether the line was read before, with the same cells from its call; if so, its rows are noted at `origin` too.
    pub(super) fn is_known(&mut self, source: &TableSource, call: impl Hash, line: &str, origin: Origin) -> bool {
        self.last = self.digests.of((&source.contract.id, call, self.digests.of(line)));
        let Some(rows) = self.rows.get(&self.last) else {
            // Rows follow once they are read.
            self.rows.insert(self.last, 0..0);
            return false;
        };
        self.sightings.extend(rows.clone().map(|row| Sighting { row, origin }));
        true
    }

    /// Notes lines of a file that were read already, `first` being the number of its first row, unless one of them was read
    /// before: then none is noted. Each comes with the cells from its call.
    pub(super) fn learn_all<C: Hash>(
        &mut self,
        source: &TableSource,
        lines: impl Iterator<Item = (C, ReadLine)>,
        (file, first): (u32, usize),
    ) -> bool {
        let sightings = self.sightings.len();
        let (mut noted, mut row) = (Vec::new(), first);
        for (call, ReadLine { digest, number, rows }) in lines {
            self.last = self.digests.of((&source.contract.id, call, digest));
            if self.rows.contains_key(&self.last) {
                for digest in noted {
                    self.rows.remove(&digest);
                }
                self.sightings.truncate(sightings);
                return false;
            }
            noted.push(self.last);
            self.learn(row..row + rows, Origin { file, line: number });
            row += rows;
        }
        true
    }

    /// Tells the lines of other threads apart as those that are read here.
    pub(super) fn digests(&self) -> LineDigests {
        self.digests.clone()
    }

    /// As [`Repeats::is_known`], for lines with rows only: what else is in a line is named again.
    pub(super) fn gave_rows(&mut self, source: &TableSource, call: impl Hash, line: &str, origin: Origin) -> bool {
        let before = self.sightings.len();
        self.is_known(source, call, line, origin) && self.sightings.len() > before
    }

    /// Notes rows at `origin` whose line is to be read again.
    pub(super) fn note(&mut self, rows: Range<usize>, origin: Origin) {
        let rows = rows.filter_map(|row| u32::try_from(row).ok());
        self.sightings.extend(rows.map(|row| Sighting { row, origin }));
    }

    /// Notes all rows of a file as those of a later one.
    pub(super) fn note_again(&mut self, repeated: u32, file: u32) {
        let of_file = self.of_file(repeated);
        for place in of_file {
            let one = self.sightings[place];
            self.sightings.push(Sighting { origin: Origin { file, ..one.origin }, ..one });
        }
    }

    /// Takes back what was noted of the last file.
    pub(super) fn forget(&mut self, file: u32) {
        self.sightings.truncate(self.of_file(file).start);
    }

    fn of_file(&self, file: u32) -> Range<usize> {
        let place = |file: u32| self.sightings.partition_point(|one| one.origin.file < file);
        place(file)..place(file + 1)
    }

    /// Notes the rows of the line last asked about.
    pub(super) fn learn(&mut self, rows: Range<usize>, origin: Origin) {
        let number = |row: usize| u32::try_from(row).unwrap_or(u32::MAX);
        let rows = number(rows.start)..number(rows.end);
        self.sightings.extend(rows.clone().map(|row| Sighting { row, origin }));
        self.rows.insert(self.last, rows);
    }

    /// Every row at every line that holds it, in the order of the files.
    pub(super) fn sightings(&self) -> &[Sighting] {
        &self.sightings
    }

    /// Every row at every line that holds it.
    pub(super) fn take_sightings(&mut self) -> Vec<Sighting> {
        std::mem::take(&mut self.sightings)
    }
}
