//! Multiples: of what, how they are cut into sections, and how they are written.

use crate::f10::subject::number;
use crate::market::Stock;
use crate::market::walk::divide;
use serde_json::Value;

/// Which multiple: `valuation_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Multiple {
    Earnings = 1,
    Book = 2,
    Sales = 3,
}

impl Multiple {
    pub(crate) const ALL: [Self; 3] = [Self::Earnings, Self::Book, Self::Sales];

    pub(crate) fn of_type(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|multiple| *multiple as i64 == number)
    }

    /// Ends of the sections, in whole multiples.
    pub(super) fn borders(self) -> &'static [i64] {
        match self {
            Self::Earnings => &[0, 5, 10, 15, 20, 30, 50, 100],
            Self::Book => &[0, 1, 2, 3, 5, 8, 15],
            Self::Sales => &[0, 1, 2, 4, 8, 15, 30],
        }
    }

    /// A stock's multiple in a session and its market value in CNY; none unless it is listed.
    pub(super) fn of(self, stock: &Stock, session: usize) -> Option<(i64, i64)> {
        let history = &stock.history;
        let era = history.era(session)?;
        let bar = history.bar(session).or_else(|| history.before(session).next())?;
        let value = divide(bar.close * era.total, 100);
        let base = match self {
            Self::Earnings => history.books.profit_ttm,
            Self::Book => history.books.net_assets,
            Self::Sales => history.books.sales_ttm,
        };
        (base != 0).then(|| (divide(value * 1000, base.abs()) * base.signum(), value))
    }
}

pub(super) fn times(thousandths: i64) -> Value {
    number(thousandths, 3)
}
