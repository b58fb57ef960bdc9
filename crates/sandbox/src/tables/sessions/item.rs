//! What a row of a session is about: a stock, a board, an index, a fund, a pair of currencies, a seat or a deal.
//!
//! Who has rows is in `populations`.

use super::quotes::{Quote, Series};
use crate::market::{Market, Stock};
use crate::tables::asked::Asked;
use std::borrow::Cow;
use std::cmp::Reverse;

/// What a row is about.
#[derive(Clone)]
pub(crate) struct Item<'a> {
    pub(crate) code: Cow<'a, str>,
    pub(crate) name: Cow<'a, str>,
    /// Address of its dice; rows that repeat another share it.
    pub(crate) address: usize,
    pub(crate) quote: Quote,
    pub(crate) stock: Option<&'a Stock>,
    /// The stock that leads a board.
    pub(crate) leader: Option<&'a Stock>,
    /// Value of the column that has documented values.
    pub(crate) tag: &'static str,
    pub(crate) reason: &'static str,
    /// A seat, and the one on the other side of a deal.
    pub(crate) seats: [&'static str; 2],
    pub(crate) rank: i64,
    /// Its part of something larger: of an index in ten-thousandths of a percent, of all chips in hundredths of one, of a
    /// session's turnover in fen.
    pub(crate) part: i64,
    /// Minute of the day in which it ends, for bars within a session.
    pub(crate) minute: u32,
    /// How far, in percent, figures are off that await their correction.
    pub(crate) draft: Option<i64>,
}

/// Who has rows.
pub(crate) struct Population {
    pub(crate) name: &'static str,
    /// The rows of a day, in no particular order.
    pub(crate) items: for<'a> fn(&Asked<'a>, usize) -> Vec<Item<'a>>,
    /// Whether there are rows on holidays, too.
    pub(crate) on_holidays: bool,
}

impl Population {
    /// Its days, newest first: sessions, and the holidays among them if it has rows then, as [`Calendar::day`] counts
    /// them.
    ///
    /// [`Calendar::day`]: crate::market::calendar::Calendar::day
    pub(crate) fn days(&self, market: &Market) -> Vec<usize> {
        let calendar = &market.calendar;
        let holidays = if self.on_holidays { calendar.holidays.len() } else { 0 };
        let mut days: Vec<usize> = (0..calendar.sessions.len() + holidays).collect();
        days.sort_by_key(|day| Reverse(calendar.day(*day)));
        days
    }
}

/// Rows that one stock may have in a session.
pub(super) const ROWS: usize = 64;

impl<'a> Item<'a> {
    pub(crate) fn of_stock(stock: &'a Stock, session: usize) -> Self {
        let address = stock.security.number * ROWS;
        let (code, name) = (stock.security.code.as_str(), stock.security.name_while_listed());
        Self { stock: Some(stock), ..Self::new(code.into(), name.into(), address, Quote::of_stock(stock, session)) }
    }

    /// The same as another row about the same stock.
    pub(super) fn row(&self, row: usize) -> Self {
        Self { address: self.address + row, ..self.clone() }
    }

    /// Something with a made-up series of prices.
    pub(super) fn of_series(
        market: &Market,
        code: impl Into<Cow<'a, str>>,
        name: &'a str,
        series: Series,
        session: usize,
    ) -> Self {
        Self::new(code.into(), name.into(), series.number, Quote::of_series(market, series, session))
    }

    /// What a row about a whole market is about.
    pub(crate) fn nobody(market: &Market, session: usize) -> Self {
        Self::of_series(market, "", "", Series { number: 800, base: 1000, scale: 2, traded: true }, session)
    }

    fn new(code: Cow<'a, str>, name: Cow<'a, str>, address: usize, quote: Quote) -> Self {
        Self {
            code,
            name,
            address,
            quote,
            stock: None,
            leader: None,
            tag: "",
            reason: "",
            seats: ["", ""],
            rank: 0,
            part: 0,
            minute: 0,
            draft: None,
        }
    }
}

/// Series from a list of codes and names, with the same base, scale and manner.
pub(super) fn fixed(
    market: &Market,
    session: usize,
    list: &'static [(&str, &str)],
    first: usize,
    (base, scale, traded): (i64, u32, bool),
) -> Vec<Item<'static>> {
    let item = |(number, (code, name)): (usize, &(&'static str, &'static str))| {
        Item::of_series(market, *code, name, Series { number: first + number, base, scale, traded }, session)
    };
    list.iter().enumerate().map(item).collect()
}
