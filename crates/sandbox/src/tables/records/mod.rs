//! Interfaces that are rows of companies, each with a day of its own and a stretch of time in which it is there.
//!
//! What the vendor documents is in `table`; the rows themselves are in the modules named after what they hold. Here is
//! only which of them a request gets, and in what order. No HTTP and no files.

mod analysts;
pub(super) mod companies;
mod days;
mod guidance;
mod holders;
mod insiders;
mod payouts;
mod people;
mod pledges;
mod reporting;

use crate::Cell;
use crate::market::moments::Moment;
use crate::market::{Market, Stock};

/// Rows of a stock with cells in the order of the contract.
type Rows = fn(&Market, &Stock) -> Vec<Record>;

/// The functions by the names that entries give them.
pub(super) const OLD: [(&str, Rows); 18] = [
    ("forecast", guidance::forecast),
    ("express", guidance::express),
    ("dividend", payouts::dividend),
    ("repurchase", payouts::repurchase),
    ("fina_audit", reporting::fina_audit),
    ("fina_mainbz", reporting::fina_mainbz),
    ("disclosure_date", reporting::disclosure_date),
    ("report_rc", analysts::report_rc),
    ("namechange", companies::namechange),
    ("stk_rewards", people::stk_rewards),
    ("stk_managers", people::stk_managers),
    ("share_float", insiders::share_float),
    ("stk_holdertrade", insiders::stk_holdertrade),
    ("top10_holders", holders::top10_holders),
    ("top10_floatholders", holders::top10_floatholders),
    ("stk_holdernumber", holders::stk_holdernumber),
    ("pledge_stat", pledges::pledge_stat),
    ("pledge_detail", pledges::pledge_detail),
];

/// A row that the vendor shows for some time.
#[derive(Clone)]
pub(crate) struct Record {
    pub(super) cells: Vec<Cell>,
    /// First moment at which it is there.
    pub(super) from: Moment,
    /// First moment at which it is there no more.
    pub(super) until: Option<Moment>,
}

impl Record {
    /// A row that stays.
    fn new(from: Moment, cells: Vec<Cell>) -> Self {
        Self { cells, from, until: None }
    }

    /// The same row until a moment.
    fn until(self, moment: Moment) -> Self {
        Self { until: Some(moment), ..self }
    }
}
