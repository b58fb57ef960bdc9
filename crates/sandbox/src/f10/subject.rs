//! Securities as the gateway names them, with their market in front, and moments as it counts them.

use crate::market::moments::{Moment, on};
use crate::market::{Market, Stock};
use crate::tables::sessions::known::INDICES;
use chrono::{NaiveDate, TimeDelta};

/// A security of the market, by its symbol.
#[derive(Clone, Copy)]
pub(crate) enum Subject<'a> {
    Stock(&'a Stock),
    Index,
}

/// The security with that symbol.
pub(crate) fn find<'a>(market: &'a Market, symbol: &str) -> Option<Subject<'a>> {
    let (exchange, digits) = symbol.split_once('.')?;
    let code = format!("{digits}.{exchange}");
    let stock = market.find(&code).map(|place| Subject::Stock(&market.stocks[place]));
    stock.or_else(|| INDICES.iter().any(|(index, _)| *index == code).then_some(Subject::Index))
}

/// The symbol of a stock.
pub(crate) fn symbol(stock: &Stock) -> String {
    let (digits, exchange) = stock.security.code.split_once('.').unwrap_or_default();
    format!("{exchange}.{digits}")
}

/// The last session whose close a moment knows; the market's last without a moment.
pub(super) fn last_session(market: &Market, at: Option<Moment>, hour: u32, minute: u32) -> Option<usize> {
    let known = |day: &NaiveDate| at.is_none_or(|at| on(*day, hour, minute) <= at);
    market.calendar.sessions.partition_point(known).checked_sub(1)
}

/// Seconds since 1970 of a moment in Shanghai.
pub(super) fn epoch(moment: Moment) -> i64 {
    moment.checked_sub_signed(TimeDelta::hours(8)).unwrap_or(moment).and_utc().timestamp()
}

/// The same of a day's midnight.
pub(super) fn midnight(day: NaiveDate) -> i64 {
    epoch(on(day, 0, 0))
}
