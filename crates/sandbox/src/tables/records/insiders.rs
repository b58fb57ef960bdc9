//! What holders do with their shares: `stk_holdertrade` and, when they may, `share_float`.
//!
//! Prices are near those of the market, share counts are parts of its capital.

use super::Record;
use super::days::{cell, drawn, evening, optional};
use crate::Cell;
use crate::market::calendar::weekday_before;
use crate::market::dice::{Topic, dice};
use crate::market::moments::{after, before};
use crate::market::{Market, Stock};
use crate::tables::reports::indicators::percent;
use crate::tables::text::{Pen, text};
use chrono::NaiveDate;
use rand::RngExt;

/// Holders and their kinds; names carry stray blanks.
const TRADERS: [(&str, &str); 6] = [
    ("张虚", "G"),
    ("李构 ", "P"),
    ("远山投资合伙企业(有限合伙)", "C"),
    (" 王无", "G"),
    ("云中产业基金", "C"),
    ("赵名", "P"),
];

/// Trades of two companies in three, a few announcements a year.
pub(super) fn stk_holdertrade(market: &Market, stock: &Stock) -> Vec<Record> {
    if stock.security.number % 3 == 2 {
        return Vec::new();
    }
    let days = drawn(market, stock, Topic::HolderTrades, 40).into_iter();
    days.flat_map(|(day, rng)| trades(market, stock, day, Pen { rng })).collect()
}

/// Up to three holders announce on a day; one in five has two trades that look the same.
fn trades(market: &Market, stock: &Stock, day: NaiveDate, mut pen: Pen) -> Vec<Record> {
    let session = market.calendar.session_by(day);
    let (Some(price), Some(&era)) = (stock.history.price(session), stock.history.capital(session)) else {
        return Vec::new();
    };
    let from = evening(&mut pen.rng, day);
    let first = pen.rng.random_range(0..TRADERS.len());
    let mut rows = Vec::new();
    for holder in 0..pen.rng.random_range(1..=3) {
        let (name, kind) = TRADERS[(first + holder) % TRADERS.len()];
        let sold = pen.rng.random_range(0..3) > 0;
        let traded = era.float / 100_000 * pen.rng.random_range(1..900);
        let left = era.float / 10_000 * pen.rng.random_range(0..400);
        let restricted = if kind == "G" { left * 3 } else { 0 };
        let priced = pen.rng.random_range(0..100) < 71;
        let average = price * pen.rng.random_range(92..108) / 100;
        let dated = !pen.once_in(10);
        let (began, closed) = (before(day, pen.rng.random_range(20..90)), before(day, pen.rng.random_range(1..6)));
        let cells = vec![
            text(&stock.security.code),
            cell(day),
            text(name),
            text(kind),
            text(if sold { "DE" } else { "IN" }),
            pen.float(traded, 0),
            pen.float(percent(traded, era.float), 4),
            pen.float(left, 0),
            pen.float(percent(left, era.float), 4),
            pen.optional(priced.then_some(average), 2),
            pen.float(left + restricted, 0),
            optional(dated.then_some(began)),
            optional(dated.then_some(closed)),
        ];
        let times = 1 + usize::from(pen.once_in(5));
        rows.extend(std::iter::repeat_n(Record::new(from, cells), times));
    }
    rows
}

const CLASSES: [&str; 3] = ["定向增发机构配售股份", "首发原股东限售股份", "股权激励限售股份"];
const LOCKED: [&str; 5] = ["虚构资产管理有限公司", "张虚", "李构", "远山投资合伙企业(有限合伙)", "云中产业基金"];

/// Shares that may be sold from some day on, announced before it: mostly days, at times months. Every row of some days
/// stands three times over, which says nothing.
pub(super) fn share_float(market: &Market, stock: &Stock) -> Vec<Record> {
    let security = &stock.security;
    let mut unlocked = Vec::new();
    if security.number % 3 != 1 {
        for (day, mut rng) in drawn(market, stock, Topic::Lockups, 90) {
            let ahead = if rng.random_range(0..4) == 0 { rng.random_range(100..400) } else { rng.random_range(3..9) };
            unlocked.push((day, after(day, ahead), rng));
        }
    }
    if let Some(listed) = security.listed_on().filter(|_| security.debut) {
        unlocked.push((listed, after(listed, 365), dice(market.seed, Topic::Lockups, security.number, 0)));
    }
    let mut rows = Vec::new();
    for (announced, day, rng) in unlocked {
        rows.extend(expiry(market, stock, [announced, weekday_before(day)], Pen { rng }));
    }
    rows
}

fn expiry(market: &Market, stock: &Stock, [announced, day]: [NaiveDate; 2], mut pen: Pen) -> Vec<Record> {
    let Some(&era) = stock.history.capital(market.calendar.session_by(announced)) else {
        return Vec::new();
    };
    let from = evening(&mut pen.rng, announced);
    let class = CLASSES[pen.rng.random_range(0..CLASSES.len())];
    let first = pen.rng.random_range(0..LOCKED.len());
    let times = if pen.once_in(3) { 3 } else { 1 };
    let mut rows = Vec::new();
    for holder in 0..pen.rng.random_range(1..=3) {
        let shares = era.total / 10_000 * pen.rng.random_range(2..300);
        let cells: Vec<Cell> = vec![
            text(&stock.security.code),
            cell(announced),
            cell(day),
            pen.float(shares, 0),
            pen.float(percent(shares, era.total), 4),
            text(LOCKED[(first + holder) % LOCKED.len()]),
            text(class),
        ];
        rows.extend(std::iter::repeat_n(Record::new(from, cells), times));
    }
    rows
}
