//! What a request asks of the functions that make rows, and the rows of companies and snapshots before they are
//! spelled: lines of named values, with the time during which they exist.

use super::Line;
use crate::market::{Market, Moment, Quarter, Stock};
use pitlake_contract::Field;
use std::collections::BTreeMap;

/// Request parameters as text, without nulls and empty strings.
pub(crate) type Params = BTreeMap<String, String>;

/// No parameters.
pub(super) static NONE: Params = Params::new();

/// What a request asks for.
pub(crate) struct Asked<'a> {
    pub(crate) market: &'a Market,
    /// The time of the call; `None` means long after everything.
    pub(crate) at: Option<Moment>,
    pub(crate) params: &'a Params,
    /// The columns of the interface.
    pub(crate) fields: &'a [Field],
    /// The stocks named in the request, or all, by code.
    pub(crate) stocks: Vec<&'a Stock>,
}

impl<'a> Asked<'a> {
    /// The quarters of a stock's reports, or the requested one.
    pub(crate) fn quarters(&self, stock: &Stock) -> impl Iterator<Item = Quarter> + use<> {
        let period = self.params.get("period").map(|stamp| Quarter::ending(stamp).unwrap_or(Quarter(0)));
        stock.reports.clone().map(Quarter).filter(move |quarter| period.is_none_or(|period| period == *quarter))
    }

    /// Everything, for rows without a contract.
    pub(crate) fn everything(market: &'a Market) -> Self {
        Self { market, at: None, params: &NONE, fields: &[], stocks: market.stocks.iter().collect() }
    }
}

/// Rows of the current state, in the order in which the vendor sends them.
pub(crate) type SnapshotRows = for<'a> fn(&Asked<'a>) -> Vec<Line<'a>>;

/// All rows that a stock ever has, as far as requested.
pub(crate) type RecordRows = for<'a> fn(&Asked<'a>, &'a Stock) -> Vec<Record<'a>>;

/// A row that the vendor shows for some time.
#[derive(Clone)]
pub(crate) struct Record<'a> {
    pub(crate) line: Line<'a>,
    /// The first moment at which it exists.
    pub(crate) from: Moment,
    /// The first moment at which it no longer exists.
    pub(crate) until: Option<Moment>,
}

impl<'a> Record<'a> {
    /// A row that stays.
    pub(crate) fn new(from: Moment, line: Line<'a>) -> Self {
        Self { line, from, until: None }
    }

    /// The row, replaced by another one from some moment on.
    pub(crate) fn corrected(self, from: Moment, line: Line<'a>) -> [Self; 2] {
        [Self { until: Some(from), ..self }, Self::new(from, line)]
    }

    /// The row, joined by another one from some moment on.
    pub(crate) fn followed(self, from: Moment, line: Line<'a>) -> [Self; 2] {
        [self, Self::new(from, line)]
    }

    /// Whether it exists at a moment, or in the end.
    pub(super) fn shows(&self, at: Option<Moment>) -> bool {
        match at {
            None => self.until.is_none(),
            Some(at) => self.from <= at && self.until.is_none_or(|until| at < until),
        }
    }
}
