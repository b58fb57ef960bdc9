//! The newest day that a table should have by now, and the next one. Why it does not have it is not known here.

use super::data::Fresh;
use crate::clock::Clock;
use crate::ops::status::{Expected, Status};
use crate::plan::Calendar;
use crate::spec::{Jobs, Table};

/// What freshness depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now<'a> {
    pub(super) jobs: &'a Jobs,
    pub(super) calendar: &'a Calendar,
    pub(super) clock: Clock,
}

/// The freshness of a table that a job fetches day by day. `None` for other tables, or if no such day is known.
pub(super) fn fresh(now: Now<'_>, table: &Table, status: &Status) -> Option<Fresh> {
    let expected = Expected::of(now.jobs, now.calendar, table).filter(Expected::is_daily)?;
    let day = expected.newest(now.clock)?;
    let next = expected.after(day).and_then(|next| Some((next, expected.by(next)?)));
    Some(Fresh { day, by: expected.by(day)?, is_in: status.late.is_empty(), next })
}
