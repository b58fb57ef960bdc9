//! The market as the F10 gateway shows it: share prices around reports, and valuations with their history.
//!
//! Nothing here knows HTTP, tokens or envelopes. Symbols have their market in front: `SH.600519`.

pub(crate) mod earnings;
pub(crate) mod valuation;

use super::Rows;
use super::market::moments::{Moment, on};
use super::market::{Market, Stock};
use super::nested::Flat;
use super::tables::sessions::known::INDICES;
use chrono::{NaiveDate, TimeDelta};
use serde_json::Value;
use valuation::{Multiple, valuation};

/// `interval_type` of a year.
const YEAR: i64 = 3;

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

/// Every row of an interface that is there at a moment, or of one list of its answers: `valuation_detail` over a year
/// and `valuation_detail/trend.historical_items`.
pub(crate) fn rows(market: &Market, name: &str, at: Option<Moment>) -> Option<Rows> {
    let (name, list) = name.split_once('/').map_or((name, None), |(name, list)| (name, Some(list)));
    let contract = market.contract("f10", name)?;
    let flat = Flat::new(&contract, list)?;
    let rows = market.stocks.iter().flat_map(|stock| {
        let symbol = symbol(stock);
        let answers = match name {
            "earnings_price_history" if !earnings::covers(&symbol) => Vec::new(),
            "earnings_price_history" => {
                let records = earnings::records(market, stock, at).into_iter();
                records.map(|record| ("", record)).collect()
            }
            _ => {
                let kinds = ["1", "2", "3"].into_iter().zip(Multiple::ALL);
                kinds.map(|(kind, multiple)| (kind, valuation(market, Some(stock), multiple, YEAR, at))).collect()
            }
        };
        let rows = |(kind, answer): &(&str, Value)| {
            flat.rows(&[("symbol", &symbol), ("valuation_type", kind), ("interval_type", "3")], answer)
        };
        answers.iter().flat_map(rows).collect::<Vec<_>>()
    });
    Some(Rows { fields: flat.fields(), rows: rows.collect() })
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
