//! What a command wants done. How it is done is decided elsewhere.

use std::sync::Arc;

use chrono::NaiveDate;

use crate::clock::Clock;
use crate::spec::{DateRange, Table};

/// The halves of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halves {
    /// Fetch, then build what that made stale.
    Both,
    /// Fetch only.
    Fetch,
    /// Build only; send nothing.
    Build,
}

/// How far a run looks back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// From the first to the last event day given on the command line.
    Range(DateRange),
    /// From the first day held up to today.
    Held,
    /// What is due tonight, or on the evening of a given day: the newest days, unsettled days, and the newest periods.
    Nightly(Option<NaiveDate>),
}

/// Which partitions to build.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rebuild {
    /// Those whose bronze changed.
    #[default]
    Stale,
    /// Also those that are up to date.
    All,
    /// Only those with rejected rows. Damaged answers are judged again first.
    Rejected,
}

/// What a run should do.
#[derive(Debug, Clone)]
pub struct Work {
    /// The command, for the report.
    pub command: String,
    /// The jobs it runs, for the report.
    pub jobs: Vec<String>,
    /// Tables, as named.
    pub tables: Vec<Arc<Table>>,
    /// Which event days.
    pub reach: Reach,
    /// Which half, or both.
    pub halves: Halves,
    /// Whether to request held slices again.
    pub refetch: bool,
    /// Whether to request slices again for which the vendor had no more.
    pub short: bool,
    /// Which partitions to build.
    pub rebuild: Rebuild,
}

impl Work {
    /// Checks that its days can be requested.
    ///
    /// # Errors
    /// A message for the user.
    pub fn check(&self, clock: Clock) -> Result<(), String> {
        let today = clock.today();
        let Some(DateRange { first: start, last: end }) = self.named() else { return Ok(()) };
        if end > today {
            return Err(format!("{end} is in the future: today is {today} in Shanghai"));
        }
        if start > end {
            return Err(format!("the range ends on {end}, before it starts on {start}"));
        }
        Ok(())
    }

    /// Days named on the command line: the exit code tells if one of them is not published.
    #[must_use]
    pub fn named(&self) -> Option<DateRange> {
        match self.reach {
            Reach::Range(range) => Some(range),
            Reach::Nightly(Some(day)) => Some(DateRange::day(day)),
            Reach::Nightly(None) | Reach::Held => None,
        }
    }
}
