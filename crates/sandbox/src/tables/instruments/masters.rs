//! Securities and the calendar (`stock_basic`, `trade_cal`), as a day knew them.

use crate::market::Stock;
use crate::tables::asked::Asked;
use crate::tables::value::{Line, line, whole};
use chrono::NaiveDate;

/// Exchanges with a calendar; Beijing has none on offer.
const EXCHANGES: [&str; 7] = ["SSE", "SZSE", "CFFEX", "SHFE", "CZCE", "DCE", "INE"];

/// All securities of every status, by code: those that the day of a moment knows of.
pub(super) fn stocks<'a>(asked: &Asked<'a>) -> Vec<Line<'a>> {
    let today = asked.at.map_or(NaiveDate::MAX, |at| at.date());
    let known = |stock: &&Stock| stock.security.listed_on().is_none_or(|listed| listed <= today);
    asked.market.stocks.iter().filter(known).map(|stock| stock_line(stock, today)).collect()
}

/// What is not delisted yet is listed, under its own name.
fn stock_line(stock: &Stock, today: NaiveDate) -> Line<'static> {
    let security = &stock.security;
    let alive = security.delisted_on().is_some_and(|delisted| delisted > today);
    let company = &security.company;
    line! {
        ts_code: security.code.as_str(), symbol: security.code.split('.').next(),
        name: if alive { security.name_while_listed() } else { &company.name },
        area: company.area, industry: company.industry, fullname: company.full_name.as_str(),
        enname: company.english_name.as_str(), cnspell: company.initials.as_str(), market: security.board.market(),
        exchange: security.board.exchange(), curr_type: "CNY", list_date: security.listed.as_deref(),
        list_status: if alive { "L" } else { security.status }, is_hs: company.connect,
        delist_date: security.delisted.as_deref().filter(|_| !alive), act_name: company.owner.map(|(name, _)| name),
        act_ent_type: company.owner.map(|(_, kind)| kind),
    }
}

/// Every exchange's days, newest first. The first session has no day before it.
pub(super) fn calendar<'a>(asked: &Asked<'a>) -> Vec<Line<'a>> {
    let days = &asked.market.calendar.days;
    let line = |exchange: &'static str, place: usize| {
        let previous = days[place].previous_open.map(|index| days[index].stamp.as_str());
        line! {
            exchange: exchange, cal_date: days[place].stamp.as_str(), is_open: whole(days[place].open.into()),
            pretrade_date: previous,
        }
    };
    EXCHANGES.iter().flat_map(|exchange| (0..days.len()).rev().map(move |place| line(exchange, place))).collect()
}
