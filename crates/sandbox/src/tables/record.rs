//! Rows of companies and snapshots before they are spelled: lines of named values, and the time in which they are there.

use super::asked::Asked;
use super::value::Line;
use crate::market::Stock;
use crate::market::moments::Moment;

/// Rows of the present state, in the order the vendor sends them.
pub(crate) type SnapshotRows = for<'a> fn(&Asked<'a>) -> Vec<Line<'a>>;

/// Every row that a stock ever has, as far as a request asks for it.
pub(crate) type RecordRows = for<'a> fn(&Asked<'a>, &'a Stock) -> Vec<Record<'a>>;

/// A row that the vendor shows for some time.
#[derive(Clone)]
pub(crate) struct Record<'a> {
    pub(crate) line: Line<'a>,
    /// First moment at which it is there.
    pub(crate) from: Moment,
    /// First moment at which it is there no more.
    pub(crate) until: Option<Moment>,
}

impl Record<'_> {
    pub(crate) fn shows(&self, at: Option<Moment>) -> bool {
        shows(self.from, self.until, at)
    }
}

/// Whether what is there from a moment until another is there at a third, or after everything.
pub(super) fn shows(from: Moment, until: Option<Moment>, at: Option<Moment>) -> bool {
    match at {
        None => until.is_none(),
        Some(at) => from <= at && until.is_none_or(|until| at < until),
    }
}
