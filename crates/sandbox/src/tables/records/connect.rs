//! Who may be traded through Stock Connect, and who might be once: `hs_const`.
//!
//! A snapshot of both exchanges. Who is in and out again is made up, but agrees with `is_hs` of `stock_basic`.

use super::companies::known;
use super::days::{cell, optional};
use crate::Cell;
use crate::market::calendar::weekday_before;
use crate::market::moments::{Moment, after};
use crate::market::{Market, Stock};
use crate::tables::text::text;
use chrono::NaiveDate;

/// Columns of `hs_const` (vendor page `doc_id` 104).
pub(super) const HS_CONST: &[&str] = &["ts_code", "hs_type", "in_date", "out_date", "is_new"];

/// Members that the day of a moment knows of, by code and entry; `is_new` is 1 while one is in, 0 ever after.
pub(super) fn hs_const(market: &Market, at: Option<Moment>) -> Vec<Vec<Cell>> {
    let today = at.map_or(NaiveDate::MAX, |at| at.date());
    known(market, at)
        .flat_map(|(stock, listed)| stays(stock, listed).into_iter().map(move |stay| (stock, stay)))
        .filter(|(_, (entered, _))| *entered <= today)
        .map(|(stock, (entered, left))| {
            let left = left.filter(|left| *left <= today);
            let channel = if stock.security.board.exchange() == "SSE" { "SH" } else { "SZ" };
            let is_new = if left.is_none() { "1" } else { "0" };
            vec![text(&stock.security.code), text(channel), cell(entered), optional(left), text(is_new)]
        })
        .collect()
}

/// First day inside and first day outside of each stay: some left for good, some came back.
fn stays(stock: &Stock, listed: NaiveDate) -> Vec<(NaiveDate, Option<NaiveDate>)> {
    let security = &stock.security;
    // Nobody was in before Shanghai's channel opened.
    let opened = NaiveDate::from_ymd_opt(2014, 11, 17).unwrap_or(listed);
    let first = weekday_before(after(listed, 90)).max(opened);
    let later = |days| weekday_before(after(first, days));
    let mut stays = match (security.company.connect, security.number % 4) {
        _ if security.board.exchange() == "BSE" => Vec::new(),
        ("H" | "S", 0) => vec![(first, Some(later(200))), (later(400), None)],
        ("H" | "S", _) => vec![(first, None)],
        (_, 2 | 3) => vec![(first, Some(later(300)))],
        _ => Vec::new(),
    };
    let delisted = security.delisted_on();
    stays.retain(|(entered, _)| delisted.is_none_or(|delisted| *entered < delisted));
    stays.into_iter().map(|(entered, left)| (entered, left.into_iter().chain(delisted).min())).collect()
}
