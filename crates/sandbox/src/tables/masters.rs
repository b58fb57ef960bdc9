//! The two interfaces that are no daily tables: `stock_basic` and `trade_cal`.
//!
//! Both are snapshots, at the end of the market or as a day knew it; filtering happens in `select`.

use super::text::{integer, optional_text, text};
use crate::Cell;
use crate::market::moments::Moment;
use crate::market::{Market, Stock};
use chrono::NaiveDate;

/// Columns of `stock_basic` (vendor page `doc_id` 25).
pub(crate) const STOCK_BASIC: &[&str] = &[
    "ts_code",
    "symbol",
    "name",
    "area",
    "industry",
    "fullname",
    "enname",
    "cnspell",
    "market",
    "exchange",
    "curr_type",
    "list_status",
    "list_date",
    "delist_date",
    "is_hs",
    "act_name",
    "act_ent_type",
];

/// Columns of `trade_cal` (vendor page `doc_id` 26).
pub(crate) const TRADE_CAL: &[&str] = &["exchange", "cal_date", "is_open", "pretrade_date"];

/// Exchanges with a calendar; Beijing has none on offer.
const EXCHANGES: [&str; 7] = ["SSE", "SZSE", "CFFEX", "SHFE", "CZCE", "DCE", "INE"];

/// All securities of every status, by code: those that the day of a moment knows of.
pub(crate) fn stock_basic(market: &Market, at: Option<Moment>) -> Vec<Vec<Cell>> {
    let today = at.map_or(NaiveDate::MAX, |at| at.date());
    let known = |stock: &&Stock| stock.security.listed_on().is_none_or(|listed| listed <= today);
    market.stocks.iter().filter(known).map(|stock| master(stock, today)).collect()
}

/// What is not delisted yet is listed, under its own name.
fn master(stock: &Stock, today: NaiveDate) -> Vec<Cell> {
    let security = &stock.security;
    let alive = security.delisted_on().is_some_and(|delisted| delisted > today);
    let delisted = security.delisted.as_deref().filter(|_| !alive);
    let company = &security.company;
    let symbol = security.code.split('.').next().unwrap_or_default();
    vec![
        text(&security.code),
        text(symbol),
        text(if alive { security.name_while_listed() } else { &company.name }),
        text(company.area),
        text(company.industry),
        text(&company.full_name),
        text(&company.english_name),
        text(&company.initials),
        text(security.board.market()),
        text(security.board.exchange()),
        text("CNY"),
        text(if alive { "L" } else { security.status }),
        optional_text(security.listed.as_deref()),
        optional_text(delisted),
        text(company.connect),
        optional_text(company.owner.map(|(name, _)| name)),
        optional_text(company.owner.map(|(_, kind)| kind)),
    ]
}

/// Every exchange's days, newest first. The first session has no day before it.
pub(crate) fn trade_cal(market: &Market, _: Option<Moment>) -> Vec<Vec<Cell>> {
    let days = &market.calendar.days;
    EXCHANGES
        .iter()
        .flat_map(|exchange| {
            days.iter().rev().map(|day| {
                let previous = day.previous_open.map(|index| days[index].stamp.as_str());
                vec![text(exchange), text(&day.stamp), integer(day.open.into()), optional_text(previous)]
            })
        })
        .collect()
}
