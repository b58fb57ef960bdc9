//! Securities as named by the gateway, with the market in front, and its timestamps.

use crate::Cell;
use crate::market::{Market, Moment, Quarter, Statement, Stock, on, versions};
use crate::tables::decimal;
use crate::tables::sessions::known::INDICES;
use chrono::{NaiveDate, TimeDelta};
use pitlake_contract::spelling::code;
use serde_json::Value;

#[derive(Clone, Copy)]
pub(crate) enum Subject<'a> {
    Stock(&'a Stock),
    Index,
}

pub(crate) fn find<'a>(market: &'a Market, symbol: &str) -> Option<Subject<'a>> {
    let code = code::unprefixed(symbol);
    let stock = market.find(&code).map(|place| Subject::Stock(&market.stocks[place]));
    stock.or_else(|| INDICES.iter().any(|(index, _)| *index == code).then_some(Subject::Index))
}

pub(crate) fn symbol(stock: &Stock) -> String {
    code::prefixed(&stock.security.code)
}

/// When the report for a quarter first appears.
pub(super) fn first_shown(market: &Market, stock: &Stock, quarter: Quarter) -> Option<Moment> {
    let rows = versions(market, &stock.security, quarter, Statement::Income).into_iter();
    rows.filter(|row| row.kind == 1).map(|row| row.from).min()
}

/// A moment in Shanghai as seconds from 1970.
pub(super) fn epoch(moment: Moment) -> i64 {
    moment.checked_sub_signed(TimeDelta::hours(8)).unwrap_or(moment).and_utc().timestamp()
}

/// The midnight of a day, likewise.
pub(super) fn midnight(day: NaiveDate) -> i64 {
    epoch(on(day, 0, 0))
}

pub(super) fn number(units: i64, scale: u32) -> Value {
    Cell::Number(decimal(units, scale)).json()
}
