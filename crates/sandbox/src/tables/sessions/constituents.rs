//! Who is in an index or a board: the lists of `index_weight` and `dc_member`.
//!
//! Members follow from a stock's number, so that other rows can look them up. One in eight members of an index changes
//! in the middle and at the end of a year.

use super::item::Item;
use super::known::INDICES;
use super::quotes::{Quote, parts};
use crate::market::{Board, Market, Security, Stock};
use crate::tables::{line, millionths};
use chrono::{Datelike, NaiveDate};

/// The most constituents of an index.
const MOST: usize = 20;
/// The weights of an index in total, in ten-thousandths of a percent.
const WHOLE: i64 = 1_000_000;
/// A code whose index lists its constituents under another code.
const TWIN: (&str, &str) = ("000300.SH", "399300.SZ");

/// Whether a security may be in an index.
fn eligible(index: &str, security: &Security) -> bool {
    match index {
        "000001.SH" => security.board.exchange() == "SSE",
        "399005.SZ" => security.board == Board::ShenzhenMain,
        "399006.SZ" => security.board == Board::ChiNext,
        "000300.SH" | "399300.SZ" => security.board != Board::Beijing && security.number.is_multiple_of(2),
        "000905.SH" => security.board != Board::Beijing && security.number % 2 == 1,
        _ => security.board.exchange() == "SZSE",
    }
}

/// The constituents of an index in a session: the oldest listed securities, except those that sit out.
pub(super) fn constituents<'a>(market: &'a Market, index: &str, session: usize) -> Vec<&'a Stock> {
    let day = market.calendar.day(session);
    let turn = usize::try_from(day.year() * 2).unwrap_or_default() + usize::from(day.month() > 6);
    let mut stocks: Vec<&Stock> = (market.stocks.iter())
        .filter(|stock| stock.history.era(session).is_some() && eligible(index, &stock.security))
        .filter(|stock| (stock.security.number + turn) % 8 != 0)
        .collect();
    stocks.sort_by_key(|stock| stock.security.number);
    stocks.truncate(MOST);
    stocks
}

/// All constituents with their weights, if the session is the last of its month. CSI 300 lists them under one code.
pub(super) fn weighted(market: &Market, session: usize) -> Vec<Item<'_>> {
    let month = |day: NaiveDate| (day.year(), day.month());
    if month(market.calendar.day(session)) == month(market.calendar.session_after(session, 1)) {
        return Vec::new();
    }
    let indices = INDICES.iter().filter(|(index, _)| *index != TWIN.0);
    indices.flat_map(|(index, _)| of_index(market, index, session)).collect()
}

fn of_index<'a>(market: &'a Market, index: &'static str, session: usize) -> Vec<Item<'a>> {
    let stocks = constituents(market, index, session);
    let value = |stock: &&Stock| {
        let free = stock.history.era(session).map_or(0, |era| era.free);
        Quote::of_stock(stock, session).bar.close * free / 100_000
    };
    let weights = parts(WHOLE, &stocks.iter().map(value).collect::<Vec<i64>>());
    let item = |(stock, weight): (&'a Stock, i64)| Item {
        code: index.into(),
        ..Item::of_stock(stock, session)
            .with(line! { con_code: stock.security.code.as_str(), weight: millionths(weight) })
    };
    stocks.into_iter().zip(weights).map(item).collect()
}

/// Shares and CNY traded by the constituents of an index in total.
fn traded(market: &Market, index: &str, session: usize) -> (i64, i64) {
    let bars = constituents(market, index, session).into_iter().filter_map(|stock| stock.history.bar(session));
    bars.fold((0, 0), |(shares, turnover), bar| (shares + bar.shares, turnover + bar.turnover))
}

/// The indices with what their constituents traded. CSI 300 has the same bars under both its codes.
pub(crate) fn indices<'a>(market: &Market, session: usize) -> Vec<Item<'a>> {
    let mut indices: Vec<Item> = Item::listed(market, session, &INDICES, (400, 400_000, 2, false));
    for item in &mut indices {
        (item.quote.bar.shares, item.quote.bar.turnover) = traded(market, &item.code, session);
    }
    if let Some(twin) = indices.iter().find(|item| item.code == TWIN.0).map(|item| item.quote)
        && let Some(other) = indices.iter_mut().find(|item| item.code == TWIN.1)
    {
        other.quote = twin;
    }
    indices
}

/// Members of each Eastmoney board: its leader of the day, and every listed stock in one industry, one region and two
/// or three concepts.
pub(super) fn members<'a>(market: &'a Market, boards: &[Item<'a>], session: usize) -> Vec<Item<'a>> {
    let belongs = |board: usize, number: usize| match board / 5 {
        0 => number % 5 == board,
        1 => (number / 2 + board) % 5 < 2 + number % 2,
        _ => (number / 5 + number) % 5 == board % 5,
    };
    let listed = || market.stocks.iter().filter(|stock| stock.history.era(session).is_some());
    let of_board = |(place, board): (usize, &Item<'a>)| {
        let leader = board.fact("leading_code").to_owned();
        let member = move |stock: &&Stock| belongs(place, stock.security.number) || leader == stock.security.code;
        let code = board.code.clone();
        listed().filter(member).map(move |stock| Item {
            code: code.clone(),
            ..Item::of_stock(stock, session).with(line! { con_code: stock.security.code.as_str() })
        })
    };
    boards.iter().enumerate().flat_map(of_board).collect()
}
