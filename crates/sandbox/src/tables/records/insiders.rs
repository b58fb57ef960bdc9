//! What holders do with their shares: `stk_holdertrade` and, when they may, `share_float`.
//!
//! Prices are near those of the market, share counts are parts of its capital.

use super::occasion::{Occasion, of_days};
use crate::market::Stock;
use crate::market::calendar::weekday_before;
use crate::market::dice::dice;
use crate::market::moments::{after, before, on};
use crate::market::quarters::Quarter;
use crate::tables::asked::Asked;
use crate::tables::record::Record;
use crate::tables::reports::indicators::percent;
use crate::tables::value::{fen, line, millionths, whole};

/// Holders and their kinds; names carry stray blanks.
const TRADERS: [(&str, &str); 6] = [
    ("张虚", "G"),
    ("李构 ", "P"),
    ("远山投资合伙企业(有限合伙)", "C"),
    (" 王无", "G"),
    ("云中产业基金", "C"),
    ("赵名", "P"),
];

/// Up to three holders of two companies in three announce on a day; one in five has two trades that look the same.
pub(super) fn trades(mut it: Occasion<'_>) -> Vec<Record<'static>> {
    let (Some((era, now)), 0 | 1) = (it.capital(), it.number() % 3) else {
        return Vec::new();
    };
    let (first, mut rows) = (it.place(TRADERS.len()), Vec::new());
    for holder in 0..=it.place(3) {
        let (name, kind) = TRADERS[(first + holder) % TRADERS.len()];
        let (traded, left) = (era.float / 100_000 * it.roll(1..900), era.float / 10_000 * it.roll(0..400));
        let average = (it.roll(0..100) < 71).then_some(now * it.roll(92..108) / 100);
        let [began, closed] = [20..90, 1..6].map(|days| before(it.day, it.days(days)));
        let (dated, way) = (!it.once_in(10), it.one_of(&["DE", "DE", "IN"]));
        let row = it.record(line! {
            ann_date: it.day, holder_name: name, holder_type: kind, in_de: way,
            change_vol: whole(traded), change_ratio: millionths(percent(traded, era.float)), after_share: whole(left),
            after_ratio: millionths(percent(left, era.float)), avg_price: average.map(fen),
            total_share: whole(if kind == "G" { left * 4 } else { left }),
            begin_date: dated.then_some(began), close_date: dated.then_some(closed),
        });
        let times = 1 + usize::from(it.once_in(5));
        rows.extend(std::iter::repeat_n(row, times));
    }
    rows
}

const CLASSES: [&str; 3] = ["定向增发机构配售股份", "首发原股东限售股份", "股权激励限售股份"];
const LOCKED: [&str; 5] = ["虚构资产管理有限公司", "张虚", "李构", "远山投资合伙企业(有限合伙)", "云中产业基金"];

/// Shares that may be sold from some day on, announced before it: mostly days, at times months, and a year for new
/// stocks. Every row of some days stands three times over, which says nothing.
pub(super) fn lockups(asked: &Asked<'_>, stock: &Stock) -> Vec<Record<'static>> {
    let market = asked.market;
    let security = &stock.security;
    let drawn = of_days(asked, stock, ("lockups", 90)).filter(|it| it.number() % 3 != 1).map(|mut it| {
        let ahead = if it.once_in(4) { it.days(100..400) } else { it.days(3..9) };
        (it, ahead)
    });
    let debut = security.listed_on().filter(|_| security.debut).map(|day| {
        let rng = dice(market.seed, "lockups", security.number, 0);
        (Occasion { market, stock, quarter: Quarter::of(day), day, from: on(day, 18, 0), rng }, 365)
    });
    drawn.chain(debut).flat_map(|(it, ahead)| expiry(it, ahead)).collect()
}

fn expiry(mut it: Occasion<'_>, ahead: u64) -> Vec<Record<'static>> {
    let Some((era, _)) = it.capital() else {
        return Vec::new();
    };
    let (class, first) = (it.one_of(&CLASSES), it.place(LOCKED.len()));
    let times = if it.once_in(3) { 3 } else { 1 };
    let holders = 1 + it.place(3);
    let rows = (0..holders).flat_map(|holder| {
        let shares = era.total / 10_000 * it.roll(2..300);
        let row = it.record(line! {
            ann_date: it.day, float_date: weekday_before(after(it.day, ahead)), float_share: whole(shares),
            float_ratio: millionths(percent(shares, era.total)), holder_name: LOCKED[(first + holder) % LOCKED.len()],
            share_type: class,
        });
        std::iter::repeat_n(row, times)
    });
    rows.collect()
}
