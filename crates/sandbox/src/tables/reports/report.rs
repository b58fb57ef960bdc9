//! A version of a report, and its columns other than figures.

use crate::market::{Accounts, Market, Quarter, Scheme, Stock, Version, accounts, scheme};
use crate::tables::Value;

/// A row that can be requested.
pub(super) struct Report<'a> {
    pub(super) stock: &'a Stock,
    pub(super) quarter: Quarter,
    pub(super) version: &'a Version,
}

impl Report<'_> {
    pub(super) fn accounts(&self, market: &Market) -> Accounts {
        accounts(market.seed, &self.stock.security, self.quarter, self.version.figures)
    }

    pub(super) fn scheme(&self) -> Scheme {
        scheme(self.stock.security.number, &self.stock.security.company)
    }

    /// Whether it is about the parent only.
    pub(super) fn is_of_parent(&self) -> bool {
        self.version.kind == 6
    }

    /// Code, dates and marks.
    pub(super) fn labels(&self) -> [(&'static str, Value); 8] {
        let Self { stock, quarter, version } = self;
        [
            ("ts_code", stock.security.code.as_str().into()),
            ("ann_date", version.announced.into()),
            ("f_ann_date", version.actual.into()),
            ("end_date", quarter.end().into()),
            ("report_type", version.kind.to_string().into()),
            ("comp_type", (self.scheme() as u8).to_string().into()),
            ("end_type", quarter.of_year().to_string().into()),
            ("update_flag", version.flag.to_string().into()),
        ]
    }
}
