//! The files of a partition, seen as looks at a vendor's data. Which versions follow from them is decided elsewhere.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::coverage::Coverage;
use crate::clock::shanghai_day;
use crate::normalise::rows::{Origin, RowSet, Standing};
use crate::normalise::shown::Shown;
use crate::spec::Versions;
use pitlake_contract::spelling::day;

/// A file of the partition as an observation.
#[derive(Debug)]
pub(in crate::normalise) struct Observation {
    /// When it was received. Other programs' files do not always tell.
    pub(in crate::normalise) at: Option<DateTime<Utc>>,
    pub(in crate::normalise) shown: Shown,
    /// Set for answers to our own calls. A row that an answer covers but does not hold was not there. Imports and other
    /// programs' files only show what they hold.
    pub(in crate::normalise) coverage: Option<Coverage>,
    /// Whether it repeats the previous answer.
    pub(in crate::normalise) is_repeat: bool,
}

impl Observation {
    /// The day by whose end a reader could have it.
    pub(super) fn day(&self) -> Option<i32> {
        self.at.map(|at| day::days(shanghai_day(at)))
    }
}

/// A row, at one of the lines that hold it.
#[derive(Debug, Clone, Copy)]
pub(in crate::normalise) struct Sighting {
    pub(in crate::normalise) row: u32,
    pub(in crate::normalise) origin: Origin,
}

/// The rows read so far, and the observations that showed them.
pub(in crate::normalise) struct VersionHistory<'a, 'b> {
    /// Combining a row with its duplicate adds a row here.
    pub(in crate::normalise) rows: &'b mut RowSet<'a>,
    pub(in crate::normalise) rules: &'a Versions,
    /// One per file.
    pub(in crate::normalise) observations: &'b [Observation],
}

impl VersionHistory<'_, '_> {
    /// For each repeat, the file whose rows it shows again: the newest before it for the same question.
    pub(super) fn repeats(&self, vendors: &[u32]) -> HashMap<u32, u32> {
        let mut newest = HashMap::new();
        let mut repeats = HashMap::new();
        for (file, observation) in (0u32..).zip(self.observations) {
            let Some(coverage) = &observation.coverage else { continue };
            let question = (vendors[file as usize], coverage.question());
            if !observation.is_repeat {
                newest.insert(question, file);
            } else if let Some(repeated) = newest.get(&question) {
                repeats.insert(file, *repeated);
            }
        }
        repeats
    }

    pub(super) fn standing(&self, file: u32) -> Standing {
        self.rows.standings[file as usize]
    }

    /// Whether a file is an answer that would hold `row` if the vendor had it.
    pub(super) fn covers(&self, file: u32, row: u32) -> bool {
        let coverage = self.observations[file as usize].coverage.as_ref();
        coverage.is_some_and(|coverage| coverage.holds(self.rows, row))
    }
}
