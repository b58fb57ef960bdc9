//! What brokers expect of companies: `report_rc`.
//!
//! A report is a few rows, one for each year it looks at, which come when the vendor has loaded them.

use super::Record;
use super::days::{cell, drawn};
use crate::market::accounts::{Flows, accounts};
use crate::market::dice::Topic;
use crate::market::moments::{after, before, on};
use crate::market::quarters::Quarter;
use crate::market::walk::divide;
use crate::market::{Market, Stock};
use crate::tables::reports::indicators::percent;
use crate::tables::text::{Pen, optional_text, text};
use chrono::NaiveDate;
use rand::RngExt;

const BROKERS: [&str; 6] = ["虚构证券", "无名证券", "远山证券", "云中证券", "海角证券", "天涯证券"];
const AUTHORS: [&str; 5] = ["张虚", "李构,王无", "赵名", "陈远,周山", "吴云"];
const RATINGS: [Option<&str>; 5] = [Some("买入"), Some("增持"), Some("推荐"), Some("中性"), None];

/// Three companies in four are followed.
pub(super) fn report_rc(market: &Market, stock: &Stock) -> Vec<Record> {
    if stock.security.number % 4 == 3 {
        return Vec::new();
    }
    let reports = drawn(market, stock, Topic::Analysts, 14).into_iter();
    reports.flat_map(|(day, rng)| report(market, stock, day, Pen { rng })).collect()
}

fn report(market: &Market, stock: &Stock, day: NaiveDate, mut pen: Pen) -> Vec<Record> {
    if !pen.once_in(2) {
        return Vec::new();
    }
    let security = &stock.security;
    // A week late once in seven, a year and more once in forty: the vendor fills up its past.
    let late = match pen.rng.random_range(0..40) {
        0 => pen.rng.random_range(380..700),
        1..7 => pen.rng.random_range(1..12),
        _ => 0,
    };
    let loaded = on(after(day, late), pen.rng.random_range(19..22), pen.rng.random_range(0..60));
    let price = stock.history.price(market.calendar.session_by(day)).unwrap_or(1000);
    // The last full year that a report can know of.
    let last = Quarter(Quarter::of(before(day, 120)).0.div_euclid(4) * 4 - 1);
    let books = accounts(market.seed, security, last, 0);
    let shares = books.shares.max(1);
    let broker = pen.rng.random_range(0..BROKERS.len());
    let author = AUTHORS[pen.rng.random_range(0..AUTHORS.len())];
    let rating = RATINGS[pen.rng.random_range(0..RATINGS.len())];
    let years = pen.rng.random_range(2..=3);
    let deep = pen.once_in(8);
    let [lowest, highest] = [4, 12].map(|times| pen.once_in(times));
    (1..=years)
        .map(|ahead| {
            let year = last.year() + ahead;
            let growth = 100 + i64::from(ahead) * pen.rng.random_range(4..18);
            let expected = |part: fn(&Flows) -> i64| part(&books.year) / 100 * growth;
            let profit = expected(Flows::parent);
            let each = divide(profit * 100, shares);
            let cells = vec![
                text(&security.code),
                text(security.name_while_listed()),
                cell(day),
                text(&format!(
                    "{}({}){}",
                    security.name_while_listed(),
                    last.year(),
                    ["点评", "深度报告"][usize::from(deep)]
                )),
                text(if deep { "深度" } else { "点评" }),
                text("一般报告"),
                text(BROKERS[broker]),
                text(author),
                text(&format!("{year}Q4")),
                pen.float(divide(expected(|flows| flows.revenue), 10_000), 2),
                pen.float(divide(expected(Flows::operating), 10_000), 2),
                pen.float(divide(expected(Flows::before_tax), 10_000), 2),
                pen.float(divide(profit, 10_000), 2),
                pen.float(divide(each, 100), 2),
                pen.optional((each > 0).then(|| divide(price * 10_000, each.max(1))), 2),
                pen.optional((ahead == 1).then_some(150), 2),
                pen.optional((ahead < 3).then(|| percent(profit, books.equity) / 100), 2),
                pen.optional((ahead == 2).then_some(1234), 2),
                optional_text(rating),
                pen.optional(highest.then_some(price * 14 / 10), 2),
                pen.optional(lowest.then_some(price * 12 / 10), 2),
                optional_text(deep.then_some("高")),
                text(&loaded.format("%Y-%m-%d %H:%M:%S").to_string()),
            ];
            Record::new(loaded, cells)
        })
        .collect()
}
