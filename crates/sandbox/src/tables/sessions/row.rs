//! One row of a session under way: its item, its day, and what several of its columns are made from.

use super::flows::Flows;
use super::item::Item;
use super::limits::Seal;
use super::margin::Loans;
use crate::market::Market;
use crate::tables::detail::chips::Chips;
use crate::tables::text::Pen;
use chrono::NaiveDate;
use std::cell::OnceCell;

/// What makers make cells from.
pub(crate) struct Row<'a> {
    pub(crate) market: &'a Market,
    pub(crate) item: &'a Item<'a>,
    /// A session, or a holiday counted on after the last one.
    pub(crate) session: usize,
    pub(crate) day: NaiveDate,
    /// 1 to 1000 each, for figures that are related.
    pub(super) draws: [i64; 4],
    pub(super) loans: OnceCell<Option<Loans>>,
    pub(super) chips: OnceCell<Option<Chips>>,
    pub(super) flows: OnceCell<Flows>,
    pub(super) seal: OnceCell<Option<Seal>>,
}

impl<'a> Row<'a> {
    /// The row of an item on a day; `pen` spells it.
    pub(crate) fn new(
        market: &'a Market,
        item: &'a Item<'a>,
        (session, day): (usize, NaiveDate),
        pen: &mut Pen,
    ) -> Self {
        let (loans, chips, flows, seal) = (OnceCell::new(), OnceCell::new(), OnceCell::new(), OnceCell::new());
        Self { market, item, session, day, draws: pen.draws(), loans, chips, flows, seal }
    }
}
