//! Derives the work of a command from the days on its command line. The work is carried out elsewhere.

use chrono::NaiveDate;

use super::context::Context;
use crate::plan::{Halves, Reach, Rebuild, Work};
use crate::spec::DateRange;

/// The work of a command, without any tables yet.
pub(super) fn work(
    command: &str,
    halves: Halves,
    (start, end): (Option<NaiveDate>, Option<NaiveDate>),
    context: &Context,
) -> Work {
    Work {
        command: command.to_owned(),
        jobs: Vec::new(),
        tables: Vec::new(),
        reach: start.map_or(Reach::Held, |start| {
            Reach::Range(DateRange::new(start, end.unwrap_or_else(|| context.clock.today())))
        }),
        halves,
        refetch: false,
        short: false,
        rebuild: Rebuild::Stale,
    }
}
