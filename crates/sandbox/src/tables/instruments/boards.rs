//! `ths_index` and `ths_member`: boards of Tonghuashun and who is in them today.
//!
//! Those of A shares are the ones of `ths_daily`; two more, of other markets, have no members here.

use crate::market::moments::Moment;
use crate::market::{Market, Stock};
use crate::tables::asked::Asked;
use crate::tables::value::{Line, Value, line, whole};
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
pub(super) fn boards<'a>(asked: &Asked<'a>) -> Vec<Line<'a>> {
    let (market, at) = (asked.market, asked.at);
    let board = |(board, &(name, exchange, kind)): (usize, &(&str, &str, &str))| {
        let members = i64::try_from(members(market, at, board).count()).unwrap_or(i64::MAX);
        let count = (exchange == "A").then_some(whole(members));
        line! { ts_code: code(board), name: name, count: count, exchange: exchange, list_date: "20120801", type: kind }
    };
    BOARDS.iter().enumerate().map(board).collect()
}

/// Members of all boards; the announced columns stay empty.
pub(super) fn board_members<'a>(asked: &Asked<'a>) -> Vec<Line<'a>> {
    let (market, at) = (asked.market, asked.at);
    let member = |board: usize, stock: &Stock| {
        line! {
            ts_code: code(board), con_code: stock.security.code.as_str(), con_name: stock.security.name_while_listed(),
            weight: Value::Null, in_date: Value::Null, out_date: Value::Null, is_new: "Y",
        }
    };
    (0..BOARDS.len()).flat_map(|board| members(market, at, board).map(move |stock| member(board, stock))).collect()
}
