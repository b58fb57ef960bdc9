//! Recognises lines that were read before. Nightly answers repeat each other almost line by line, and only new lines
//! need parsing. What a line means is decided elsewhere.

use std::hash::{BuildHasher as _, Hash};
use std::ops::Range;

use hashbrown::{DefaultHashBuilder, HashMap};

use super::rows::Origin;
use super::versions::Sighting;
use crate::spec::TableSource;

/// 128 bits: hashes with two random keys.
type Digest = (u64, u64);

/// Hashes lines, the same on every thread.
#[derive(Debug, Clone, Default)]
pub(super) struct LineDigests(DefaultHashBuilder, DefaultHashBuilder);

impl LineDigests {
    pub(super) fn of(&self, content: impl Hash) -> Digest {
        (self.0.hash_one(&content), self.1.hash_one(&content))
    }
}

/// A line read by a separate reader: its digest, its number, and the number of rows it gave.
#[derive(Debug)]
pub(super) struct ReadLine {
    pub(super) digest: Digest,
    pub(super) number: u32,
    pub(super) rows: usize,
}

/// All distinct lines so far, and where each was read.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    /// The rows of each line; an empty range if it has none in this partition.
    rows: HashMap<Digest, Range<u32>>,
    sightings: Vec<Sighting>,
    digests: LineDigests,
    last: Digest,
}

impl Repeats {
    /// Whether the line was read before with the same cells from its call. If so, its rows are also recorded at
    /// `origin`.
    pub(super) fn is_known(&mut self, source: &TableSource, call: impl Hash, line: &str, origin: Origin) -> bool {
        self.last = self.digests.of((&source.contract.id, call, self.digests.of(line)));
        let Some(rows) = self.rows.get(&self.last) else {
            // The rows are recorded once they are read.
            self.rows.insert(self.last, 0..0);
            return false;
        };
        self.sightings.extend(rows.clone().map(|row| Sighting { row, origin }));
        true
    }

    /// Records lines of a file that were already read, with the cells from their calls; `first` is the number of the
    /// file's first row. If one of the lines was read before, none is recorded.
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

    /// Hashers for other threads, which give the same digests as here.
    pub(super) fn digests(&self) -> LineDigests {
        self.digests.clone()
    }

    /// Like [`Repeats::is_known`], but only for lines with rows. Other lines are read again, so that what is in them is
    /// reported again.
    pub(super) fn gave_rows(&mut self, source: &TableSource, call: impl Hash, line: &str, origin: Origin) -> bool {
        let before = self.sightings.len();
        self.is_known(source, call, line, origin) && self.sightings.len() > before
    }

    /// Records rows at `origin` whose line must be read again.
    pub(super) fn note(&mut self, rows: Range<usize>, origin: Origin) {
        let rows = rows.filter_map(|row| u32::try_from(row).ok());
        self.sightings.extend(rows.map(|row| Sighting { row, origin }));
    }

    /// Records all rows of a file as rows of a later one, too.
    pub(super) fn note_again(&mut self, repeated: u32, file: u32) {
        let of_file = self.of_file(repeated);
        for place in of_file {
            let one = self.sightings[place];
            self.sightings.push(Sighting { origin: Origin { file, ..one.origin }, ..one });
        }
    }

    /// Forgets the last file.
    pub(super) fn forget(&mut self, file: u32) {
        self.sightings.truncate(self.of_file(file).start);
    }

    fn of_file(&self, file: u32) -> Range<usize> {
        let place = |file: u32| self.sightings.partition_point(|one| one.origin.file < file);
        place(file)..place(file + 1)
    }

    /// Records the rows of the line last asked about.
    pub(super) fn learn(&mut self, rows: Range<usize>, origin: Origin) {
        let number = |row: usize| u32::try_from(row).unwrap_or(u32::MAX);
        let rows = number(rows.start)..number(rows.end);
        self.sightings.extend(rows.clone().map(|row| Sighting { row, origin }));
        self.rows.insert(self.last, rows);
    }

    /// Each row at each line that holds it, in file order.
    pub(super) fn sightings(&self) -> &[Sighting] {
        &self.sightings
    }

    /// Each row at each line that holds it.
    pub(super) fn take_sightings(&mut self) -> Vec<Sighting> {
        std::mem::take(&mut self.sightings)
    }
}
