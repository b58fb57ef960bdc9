//! The market as the F10 gateway shows it: share prices around reports, and valuations with their history.
//!
//! Nothing here knows HTTP, tokens or envelopes. Symbols have their market in front: `SH.600519`.

pub(crate) mod earnings;
pub(crate) mod valuation;

use super::market::moments::{Moment, on};
use super::market::{Market, Stock};
use super::tables::sessions::INDICES;
use super::{Cell, Rows};
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

/// Every row of the endpoint, or of the part of it, with that name that is there at a moment, sorted by key.
pub(crate) fn rows(market: &Market, name: &str, at: Option<Moment>) -> Option<Rows> {
    let mut stocks: Vec<(String, &Stock)> = market.stocks.iter().map(|stock| (symbol(stock), stock)).collect();
    stocks.sort_by(|a, b| a.0.cmp(&b.0));
    if name == "earnings_price_history" {
        let covered = stocks.iter().filter(|(symbol, _)| earnings::covers(symbol));
        let records = covered.flat_map(|(symbol, stock)| {
            let records = earnings::records(market, stock, at).into_iter();
            records.map(move |record| [vec![Cell::Text(symbol.clone())], record].concat())
        });
        let mut rows: Vec<Vec<Cell>> = records.collect();
        rows.sort_by_cached_key(|row| earnings::key(row));
        let fields = ["symbol"].into_iter().chain(earnings::FIELDS).collect();
        return Some(Rows { fields, rows });
    }
    let part = valuation::Part::named(name.strip_prefix("valuation_detail/")?)?;
    let rows = stocks.iter().flat_map(|(symbol, stock)| {
        (1..=3).flat_map(move |kind| valuation::rows(market, symbol, stock, kind, at, part))
    });
    Some(Rows { fields: part.fields(), rows: rows.collect() })
}

/// The last session whose close a moment knows; the market's last without a moment.
fn last_session(market: &Market, at: Option<Moment>, hour: u32, minute: u32) -> Option<usize> {
    let known = |day: &NaiveDate| at.is_none_or(|at| on(*day, hour, minute) <= at);
    market.calendar.sessions.partition_point(known).checked_sub(1)
}

/// Seconds since 1970 of a moment in Shanghai.
fn epoch(moment: Moment) -> i64 {
    moment.checked_sub_signed(TimeDelta::hours(8)).unwrap_or(moment).and_utc().timestamp()
}

/// The same of a day's midnight.
fn midnight(day: NaiveDate) -> i64 {
    epoch(on(day, 0, 0))
}
