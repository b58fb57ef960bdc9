//! The two interfaces that are no daily tables: `stock_basic` and `trade_cal`.
//!
//! Both are snapshots at the end of the market; filtering happens in `select`.

use super::text::{integer, optional_text, text};
use crate::sandbox::Cell;
use crate::sandbox::market::{Market, Stock};

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

/// All securities of every status, by code.
pub(crate) fn stock_basic(market: &Market) -> Vec<Vec<Cell>> {
    market.stocks.iter().map(master).collect()
}

fn master(stock: &Stock) -> Vec<Cell> {
    let security = &stock.security;
    let company = &security.company;
    let symbol = security.code.split('.').next().unwrap_or_default();
    vec![
        text(&security.code),
        text(symbol),
        text(&company.name),
        text(company.area),
        text(company.industry),
        text(&company.full_name),
        text(&company.english_name),
        text(&company.initials),
        text(security.board.market()),
        text(security.board.exchange()),
        text("CNY"),
        text(security.status),
        optional_text(security.listed.as_deref()),
        optional_text(security.delisted.as_deref()),
        text(company.connect),
        optional_text(company.owner.map(|(name, _)| name)),
        optional_text(company.owner.map(|(_, kind)| kind)),
    ]
}

/// Every exchange's days, newest first. The first session has no day before it.
pub(crate) fn trade_cal(market: &Market) -> Vec<Vec<Cell>> {
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
