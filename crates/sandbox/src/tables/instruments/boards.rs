//! Rows of `ths_index` and `ths_member`: boards of Tonghuashun and who is in them today.
//!
//! Those of A shares are the ones of `ths_daily`; two more, of other markets, have no members here.

use crate::Cell;
use crate::market::moments::Moment;
use crate::market::{Market, Stock};
use crate::tables::text::{integer, text};
use chrono::NaiveDate;

/// Names, exchanges and types; the first eight are those with bars.
const BOARDS: [(&str, &str, &str); 10] = [
    ("虚构储能", "A", "N"),
    ("虚构芯片", "A", "N"),
    ("虚构农业", "A", "I"),
    ("虚构传媒", "A", "I"),
    ("虚构江南", "A", "R"),
    ("虚构红利", "A", "S"),
    ("虚构题材", "A", "TH"),
    ("虚构全指", "A", "BB"),
    ("虚构港股", "HK", "I"),
    ("虚构美股", "US", "I"),
];

fn code(board: usize) -> String {
    format!("{}.TI", 885_001 + board)
}

/// Stocks of a board that are listed on the day of a moment.
fn members(market: &Market, at: Option<Moment>, board: usize) -> impl Iterator<Item = &Stock> {
    let today = at.map_or(NaiveDate::MAX, |at| at.date());
    market.stocks.iter().filter(move |stock| {
        let security = &stock.security;
        let here = (security.number * 5 + board * 3) % 8 < 3 && BOARDS[board].1 == "A";
        let listed = security.status != "P" && security.listed_on().is_some_and(|listed| listed <= today);
        here && listed && security.delisted_on().is_none_or(|delisted| delisted > today)
    })
}

/// All boards, with as many members as `ths_member` has.
pub(crate) fn ths_index(market: &Market, at: Option<Moment>) -> Vec<Vec<Cell>> {
    let row = |(board, &(name, exchange, kind)): (usize, &(&str, &str, &str))| {
        let count = match exchange {
            "A" => integer(i64::try_from(members(market, at, board).count()).unwrap_or(i64::MAX)),
            _ => Cell::Null,
        };
        vec![text(&code(board)), text(name), count, text(exchange), text("20120801"), text(kind)]
    };
    BOARDS.iter().enumerate().map(row).collect()
}

/// Members of all boards; the announced columns stay empty.
pub(crate) fn ths_member(market: &Market, at: Option<Moment>) -> Vec<Vec<Cell>> {
    let row = |board: usize, stock: &Stock| {
        let (member, name) = (&stock.security.code, stock.security.name_while_listed());
        vec![text(&code(board)), text(member), text(name), Cell::Null, Cell::Null, Cell::Null, text("Y")]
    };
    (0..BOARDS.len()).flat_map(|board| members(market, at, board).map(move |stock| row(board, stock))).collect()
}
