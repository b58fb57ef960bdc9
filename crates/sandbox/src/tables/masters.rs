//! The two interfaces that are no daily tables: `stock_basic` and `trade_cal`.
//!
//! Both are snapshots, at the end of the market or as a day knew it; filtering happens in `select`.

use super::asked::Asked;
use super::record::SnapshotRows;
use super::value::{Line, whole};
use crate::market::Stock;
use chrono::NaiveDate;

/// The functions by the names that entries give them.
pub(super) const ROWS: [(&str, SnapshotRows); 2] = [("stocks", stocks), ("calendar", calendar)];

/// Exchanges with a calendar; Beijing has none on offer.
const EXCHANGES: [&str; 7] = ["SSE", "SZSE", "CFFEX", "SHFE", "CZCE", "DCE", "INE"];

/// All securities of every status, by code: those that the day of a moment knows of.
fn stocks<'a>(asked: &Asked<'a>) -> Vec<Line<'a>> {
    let today = asked.at.map_or(NaiveDate::MAX, |at| at.date());
    let known = |stock: &&Stock| stock.security.listed_on().is_none_or(|listed| listed <= today);
    asked.market.stocks.iter().filter(known).map(|stock| stock_line(stock, today)).collect()
}

/// What is not delisted yet is listed, under its own name.
fn stock_line(stock: &Stock, today: NaiveDate) -> Line<'static> {
    let security = &stock.security;
    let alive = security.delisted_on().is_some_and(|delisted| delisted > today);
    let company = &security.company;
    Line::from([
        ("ts_code", security.code.as_str().into()),
        ("symbol", security.code.split('.').next().into()),
        ("name", if alive { security.name_while_listed() } else { &company.name }.into()),
        ("area", company.area.into()),
        ("industry", company.industry.into()),
        ("fullname", company.full_name.as_str().into()),
        ("enname", company.english_name.as_str().into()),
        ("cnspell", company.initials.as_str().into()),
        ("market", security.board.market().into()),
        ("exchange", security.board.exchange().into()),
        ("curr_type", "CNY".into()),
        ("list_status", if alive { "L" } else { security.status }.into()),
        ("list_date", security.listed.as_deref().into()),
        ("delist_date", security.delisted.as_deref().filter(|_| !alive).into()),
        ("is_hs", company.connect.into()),
        ("act_name", company.owner.map(|(name, _)| name).into()),
        ("act_ent_type", company.owner.map(|(_, kind)| kind).into()),
    ])
}

/// Every exchange's days, newest first. The first session has no day before it.
fn calendar<'a>(asked: &Asked<'a>) -> Vec<Line<'a>> {
    let days = &asked.market.calendar.days;
    let line = |exchange: &'static str, place: usize| {
        let previous = days[place].previous_open.map(|index| days[index].stamp.as_str());
        Line::from([
            ("exchange", exchange.into()),
            ("cal_date", days[place].stamp.as_str().into()),
            ("is_open", whole(days[place].open.into())),
            ("pretrade_date", previous.into()),
        ])
    };
    EXCHANGES.iter().flat_map(|exchange| (0..days.len()).rev().map(move |place| line(exchange, place))).collect()
}
