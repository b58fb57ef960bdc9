//! The files of a partition as looks at what a vendor had. Never which versions follow from them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::coverage::Coverage;
use crate::clock::shanghai_day;
use crate::normalise::rows::{Origin, RowSet, Standing};
use crate::normalise::shown::Shown;
use crate::spec::Versions;
use pitlake_contract::spelling::day;

/// A file of the partition as an observation of the vendor.
#[derive(Debug)]
pub(in crate::normalise) struct Observation {
    /// When we received it; not every file of another program tells.
    pub(in crate::normalise) at: Option<DateTime<Utc>>,
    pub(in crate::normalise) shown: Shown,
    /// For answers to our own calls. A row that an answer covers and does not hold was not there; a file of another
    /// program or an import only shows what it holds.
    pub(in crate::normalise) coverage: Option<Coverage>,
    /// It repeats the answer before it.
    pub(in crate::normalise) is_repeat: bool,
}

impl Observation {
    /// The day at whose end a reader could have it.
    pub(super) fn day(&self) -> Option<i32> {
        self.at.map(|at| day::days(shanghai_day(at)))
    }
}

/// A row at one of the lines that hold it.
#[derive(Debug, Clone, Copy)]
pub(in crate::normalise) struct Sighting {
    pub(in crate::normalise) row: u32,
    pub(in crate::normalise) origin: Origin,
}

/// The rows read so far, and the observations that showed them.
pub(in crate::normalise) struct VersionHistory<'a, 'b> {
    /// A row that was joined with its duplicate becomes a new row here.
    pub(in crate::normalise) rows: &'b mut RowSet<'a>,
    pub(in crate::normalise) rules: &'a Versions,
    /// Of each file.
    pub(in crate::normalise) observations: &'b [Observation],
}

impl VersionHistory<'_, '_> {
    /// For each answer that repeats one: the file whose rows it shows again, the newest before it to the same question.
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
