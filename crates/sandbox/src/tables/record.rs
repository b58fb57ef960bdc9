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

impl<'a> Record<'a> {
    /// A row that stays.
    pub(crate) fn new(from: Moment, line: Line<'a>) -> Self {
        Self { line, from, until: None }
    }

    /// The row and, from a moment on, another one in its place.
    pub(crate) fn corrected(self, from: Moment, line: Line<'a>) -> [Self; 2] {
        [Self { until: Some(from), ..self }, Self::new(from, line)]
    }

    /// The row and, from a moment on, another one beside it.
    pub(crate) fn followed(self, from: Moment, line: Line<'a>) -> [Self; 2] {
        [self, Self::new(from, line)]
    }

    /// Whether it is there at a moment, or after everything.
    pub(super) fn shows(&self, at: Option<Moment>) -> bool {
        match at {
            None => self.until.is_none(),
            Some(at) => self.from <= at && self.until.is_none_or(|until| at < until),
        }
    }
}
