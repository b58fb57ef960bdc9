//! What a command wants done. Never how.

use std::sync::Arc;

use chrono::NaiveDate;

use crate::clock::Clock;
use crate::spec::{DateRange, Table};

/// The halves of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halves {
    /// Ask vendors, and build what that made stale.
    Both,
    /// Ask vendors only.
    Fetch,
    /// Build silver only; send nothing.
    Build,
}

/// How far a run looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// From a first to a last event day, named on the command line.
    Range(DateRange),
    /// From the first day held up to today.
    Held,
    /// What is due tonight, or on the evening of a day: the newest days, those not settled, the newest periods.
    Nightly(Option<NaiveDate>),
}

/// Which partitions are built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rebuild {
    /// Those whose bronze changed.
    #[default]
    Stale,
    /// Current ones too.
    All,
    /// Those with rejected rows alone; damaged answers are judged again before.
    Rejected,
}

/// What a run shall do.
#[derive(Debug, Clone)]
pub struct Work {
    /// The command, for the report.
    pub command: String,
    /// The jobs it is the run of, for the report.
    pub jobs: Vec<String>,
    /// Tables, as named.
    pub tables: Vec<Arc<Table>>,
    /// Which event days.
    pub reach: Reach,
    /// Which half, or both.
    pub halves: Halves,
    /// Ask for held slices again.
    pub refetch: bool,
    /// Ask again for slices of which the vendor had no more.
    pub short: bool,
    /// Which partitions are built.
    pub rebuild: Rebuild,
}

impl Work {
    /// Whether its days can be asked for; else what is wrong with them.
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

    /// Days that were named on the command line: the exit code tells which of them are not published.
    #[must_use]
    pub fn named(&self) -> Option<DateRange> {
        match self.reach {
            Reach::Range(range) => Some(range),
            Reach::Nightly(Some(day)) => Some(DateRange::day(day)),
            Reach::Nightly(None) | Reach::Held => None,
        }
    }
}
