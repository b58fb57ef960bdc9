//! What a request asks of the makers of rows, and the rows of companies and snapshots that answer it, before they are
//! spelled: lines of named values, and the time in which they are there.

use super::Line;
use crate::market::{Market, Moment, Quarter, Stock};
use pitlake_contract::Field;
use std::collections::BTreeMap;

/// Parameters of a request as text; nulls and empty texts are left out.
pub(crate) type Params = BTreeMap<String, String>;

/// No parameter at all.
pub(super) static NONE: Params = Params::new();

/// What a request asks of whom.
pub(crate) struct Asked<'a> {
    pub(crate) market: &'a Market,
    /// The moment of the call; none for long after everything.
    pub(crate) at: Option<Moment>,
    pub(crate) params: &'a Params,
    /// The columns of the interface.
    pub(crate) fields: &'a [Field],
    /// The stocks that the request names, or all: by code.
    pub(crate) stocks: Vec<&'a Stock>,
}

impl<'a> Asked<'a> {
    /// The quarters of a stock's reports, or the one that is asked for.
    pub(crate) fn quarters(&self, stock: &Stock) -> impl Iterator<Item = Quarter> + use<> {
        let period = self.params.get("period").map(|stamp| Quarter::ending(stamp).unwrap_or(Quarter(0)));
        stock.reports.clone().map(Quarter).filter(move |quarter| period.is_none_or(|period| period == *quarter))
    }

    /// Everything there is, for rows without a contract.
    pub(crate) fn everything(market: &'a Market) -> Self {
        Self { market, at: None, params: &NONE, fields: &[], stocks: market.stocks.iter().collect() }
    }
}

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
    /// First moment at which it is gone.
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
