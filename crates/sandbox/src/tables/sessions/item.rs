//! What a row of a session is about, and the facts known from its population. Who has rows is in `populations`.

use super::quotes::{Quote, Series};
use crate::market::{Board, Dice, Market, Stock};
use crate::tables::{Asked, Line, Value};
use chrono::NaiveDate;
use std::borrow::Cow;
use std::cmp::Reverse;

/// A stock, a board, an index, a fund, a pair of currencies, a seat or a deal.
#[derive(Clone)]
pub(crate) struct Item<'a> {
    pub(crate) code: Cow<'a, str>,
    pub(crate) name: Cow<'a, str>,
    /// Address of its dice; rows that repeat another share it.
    pub(crate) address: usize,
    pub(crate) quote: Quote,
    pub(crate) stock: Option<&'a Stock>,
    /// The percentage by which figures are off until their correction.
    pub(crate) draft: Option<i64>,
    /// What its population knows about it, by column.
    pub(crate) facts: Line<'static>,
}

/// An item on a day.
pub(crate) struct Row<'a> {
    pub(crate) market: &'a Market,
    pub(crate) item: &'a Item<'a>,
    /// A session, or a holiday if past the last session.
    pub(crate) session: usize,
    pub(crate) day: NaiveDate,
}

/// Facts of a row that are only determined when it is sent.
pub(crate) type Facts = fn(&Row<'_>, &mut Dice) -> Line<'static>;

/// Who has rows.
pub(crate) struct Population {
    pub(crate) name: &'static str,
    /// The rows of a day, in no particular order.
    pub(crate) items: for<'a> fn(&Asked<'a>, usize) -> Vec<Item<'a>>,
    pub(crate) facts: Facts,
    /// Whether there are rows on holidays as well.
    pub(crate) on_holidays: bool,
}

impl Population {
    /// Its days, newest first: sessions, and holidays if it has rows on those, indexed as in [`Calendar::day`].
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

/// The most rows of a stock in a session.
pub(super) const ROWS: usize = 64;

impl<'a> Item<'a> {
    pub(crate) fn of_stock(stock: &'a Stock, session: usize) -> Self {
        let address = stock.security.number * ROWS;
        let (code, name) = (stock.security.code.as_str(), stock.security.name_while_listed());
        Self { stock: Some(stock), ..Self::new(code.into(), name.into(), address, Quote::of_stock(stock, session)) }
    }

    /// The same item as another row about the same stock.
    pub(super) fn row(&self, row: usize) -> Self {
        Self { address: self.address + row, ..self.clone() }
    }

    /// Adds facts.
    pub(super) fn with(mut self, facts: Line<'static>) -> Self {
        self.facts.extend(facts);
        self
    }

    /// A fact as text, empty if there is none.
    pub(crate) fn fact(&self, name: &str) -> &str {
        match self.facts.get(name) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
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

    /// Series for a list of codes and names: the number of the first, and the base, scale and kind of all.
    pub(super) fn listed(
        market: &Market,
        session: usize,
        list: &'static [(&str, &str)],
        (first, base, scale, traded): (usize, i64, u32, bool),
    ) -> Vec<Self> {
        let item = |(number, (code, name)): (usize, &(&'static str, &'static str))| {
            Self::of_series(market, *code, name, Series { number: first + number, base, scale, traded }, session)
        };
        list.iter().enumerate().map(item).collect()
    }

    /// The subject of a row about a whole market.
    pub(crate) fn of_market(market: &Market, session: usize) -> Self {
        Self::of_series(market, "", "", Series { number: 800, base: 1000, scale: 2, traded: true }, session)
    }

    fn new(code: Cow<'a, str>, name: Cow<'a, str>, address: usize, quote: Quote) -> Self {
        Self { code, name, address, quote, stock: None, draft: None, facts: Line::new() }
    }
}

/// The requested stocks for which `holds` is true in a session.
pub(super) fn stocks<'a>(asked: &Asked<'a>, session: usize, holds: impl Fn(&'a Stock) -> bool) -> Vec<Item<'a>> {
    let stocks = asked.stocks.iter().copied().filter(|&stock| holds(stock));
    stocks.map(|stock| Item::of_stock(stock, session)).collect()
}

/// Stocks that trade.
pub(crate) fn traded<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    stocks(asked, session, |stock| stock.history.bar(session).is_some())
}

pub(super) fn mainland<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    stocks(asked, session, |stock| stock.security.board != Board::Beijing && stock.history.bar(session).is_some())
}

/// Stocks that are listed, suspended or not.
pub(super) fn listed<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    stocks(asked, session, |stock| stock.history.era(session).is_some())
}
