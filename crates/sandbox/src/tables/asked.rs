//! What a request asks, as the makers of rows see it.

use crate::market::moments::Moment;
use crate::market::quarters::Quarter;
use crate::market::{Market, Stock};
use pitlake_contract::Field;
use std::collections::BTreeMap;

/// Parameters of a request as text; nulls and empty texts are left out.
pub(crate) type Params = BTreeMap<String, String>;

/// No parameter at all.
pub(super) static NONE: Params = Params::new();

/// What a request asks of whom.
pub(crate) struct Asked<'a> {
    pub(crate) market: &'a Market,
    /// The moment to stand at; none for long after everything.
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
