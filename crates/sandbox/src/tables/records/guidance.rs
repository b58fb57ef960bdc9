//! What companies say of their earnings before they report them: `forecast` and `express`.
//!
//! The figures are near those of the report to come; its days are in `market::filings`.

use super::Record;
use super::days::{cell, evening, quarters};
use crate::Cell;
use crate::market::accounts::{Accounts, accounts};
use crate::market::calendar::weekday_before;
use crate::market::dice::{Topic, dice};
use crate::market::filings::first_told;
use crate::market::moments::{after, before, on};
use crate::market::quarters::Quarter;
use crate::market::walk::divide;
use crate::market::{Market, Stock};
use crate::tables::reports::indicators::{growth, percent};
use crate::tables::text::{Pen, integer, text};
use chrono::NaiveDate;
use rand::RngExt;

/// Fen in ten thousand CNY.
const TEN_THOUSAND: i64 = 1_000_000;

/// Two reports in five are guided: most once, some again with a narrower range.
pub(super) fn forecast(market: &Market, stock: &Stock) -> Vec<Record> {
    quarters(stock).flat_map(|quarter| guided(market, stock, quarter)).collect()
}

fn guided(market: &Market, stock: &Stock, quarter: Quarter) -> Vec<Record> {
    let security = &stock.security;
    let slot = (security.number * 3 + quarter.moment() * 7) % 20;
    if slot >= 8 {
        return Vec::new();
    }
    let mut pen = Pen { rng: dice(market.seed, Topic::Guidance, security.number, quarter.moment()) };
    let accounts = accounts(market.seed, security, quarter, 0);
    let (profit, last) = (accounts.year.parent(), accounts.last_year.parent());
    let told = first_told(market, security, quarter);
    let first = weekday_before(before(told, pen.rng.random_range(14..60)));
    let from = evening(&mut pen.rng, first);
    let mut notice = Notice { code: &security.code, quarter, first, profit, last, times: 1, width: 12 };
    let row = Record::new(from, notice.cells(&mut pen, first, slot == 7));
    match slot {
        // Announced again: a row of its own.
        4 | 5 => {
            let again = weekday_before(before(told, pen.rng.random_range(4..10)));
            (notice.times, notice.width) = (2, 4);
            let from = evening(&mut pen.rng, again);
            vec![row, Record::new(from, notice.cells(&mut pen, again, false))]
        }
        // The vendor found a mistake.
        6 => {
            let found = on(after(first, pen.rng.random_range(3..30)), 20, 0);
            notice.width = 20;
            let wrong = Record::new(from, notice.cells(&mut pen, first, false));
            vec![wrong.until(found), Record { from: found, ..row }]
        }
        _ => vec![row],
    }
}

/// What is guided.
struct Notice<'a> {
    code: &'a str,
    quarter: Quarter,
    first: NaiveDate,
    profit: i64,
    /// The same months of the year before.
    last: i64,
    times: i64,
    /// How far the range reaches, in percent.
    width: i64,
}

impl Notice<'_> {
    /// The row of an announcement; a vague one gives growth alone.
    fn cells(&self, pen: &mut Pen, announced: NaiveDate, vague: bool) -> Vec<Cell> {
        let spread = self.profit.abs() / 100 * self.width;
        let [low, high] = [self.profit - spread, self.profit + spread].map(|fen| divide(fen, TEN_THOUSAND));
        let change = |bound: i64| growth(bound * TEN_THOUSAND, self.last);
        let known = |units: i64| (!vague).then_some(units);
        let words = |words: String| if vague { Cell::Null } else { Cell::Text(words) };
        vec![
            text(self.code),
            cell(announced),
            cell(self.quarter.end()),
            text(if vague { "其他" } else { self.kind() }),
            pen.optional(change(low), 4),
            pen.optional(change(high), 4),
            pen.optional(known(low * 100), 2),
            pen.optional(known(high * 100), 2),
            pen.optional(known(divide(self.last, TEN_THOUSAND / 100)), 2),
            if vague { Cell::Null } else { cell(self.first) },
            words(format!("预计净利润{low}~{high}万")),
            words("报告期内，虚构业务的订单有所变化。".to_owned()),
            integer(self.times),
            text(if self.times > 1 { "1" } else { "0" }),
        ]
    }

    fn kind(&self) -> &'static str {
        let change = growth(self.profit, self.last).unwrap_or_default() / 10_000;
        match (self.last > 0, self.profit > 0) {
            (false, true) => "扭亏",
            (true, false) => "首亏",
            (false, false) => "续亏",
            (true, true) => match change {
                50.. => "预增",
                3.. => "略增",
                -2..3 => "续盈",
                -50..-2 => "略减",
                _ => "预减",
            },
        }
    }
}

/// A third of the annual and half-year reports have a preliminary one; the others hardly ever.
pub(super) fn express(market: &Market, stock: &Stock) -> Vec<Record> {
    quarters(stock).flat_map(|quarter| preliminary(market, stock, quarter)).collect()
}

fn preliminary(market: &Market, stock: &Stock, quarter: Quarter) -> Vec<Record> {
    let security = &stock.security;
    let slot = (security.number * 5 + quarter.moment() / 2 * 7) % 12;
    let told = first_told(market, security, quarter);
    let window = told.signed_duration_since(quarter.end()).num_days() - 15;
    if slot >= if quarter.of_year() % 2 == 0 { 4 } else { 1 } || window <= 0 {
        return Vec::new();
    }
    let mut pen = Pen { rng: dice(market.seed, Topic::Express, security.number, quarter.moment()) };
    let announced = after(quarter.end(), 10 + pen.rng.random_range(0..window).unsigned_abs());
    let from = evening(&mut pen.rng, announced);
    let mut row = |announced: NaiveDate, permille: i64, flag: &str| {
        let mut cells = figures(&mut pen, market, stock, quarter, permille);
        cells.splice(..0, [text(&security.code), cell(announced), cell(quarter.end())]);
        cells.push(text(flag));
        cells
    };
    let first = Record::new(from, row(announced, 1003, "0"));
    match slot {
        // Announced again, nearer to the truth.
        1 => {
            let again = after(announced, 4);
            vec![first, Record::new(on(again, 18, 30), row(again, 1000, "1"))]
        }
        // Corrected in silence.
        2 => {
            let found = on(after(announced, 9), 20, 0);
            let right = Record::new(found, row(announced, 1001, "0"));
            vec![first.until(found), right]
        }
        _ => vec![first],
    }
}

/// The columns between the period and the flag. Growth is often missing.
fn figures(pen: &mut Pen, market: &Market, stock: &Stock, quarter: Quarter, permille: i64) -> Vec<Cell> {
    let books = |quarter: Quarter| accounts(market.seed, &stock.security, quarter, 0);
    let now = books(quarter);
    let opening = books(Quarter(quarter.0 - quarter.of_year()));
    let Accounts { year, last_year, shares, equity, assets, .. } = &now;
    let shares = (*shares).max(1);
    let near = |fen: i64| fen / 1000 * permille;
    let each = |fen: i64| divide(fen * 100, shares);
    let grown = |now: i64, before: i64| growth(near(now), before);
    let profit = near(year.parent());
    let growths = [
        grown(year.revenue, last_year.revenue),
        grown(year.operating(), last_year.operating()),
        grown(year.before_tax(), last_year.before_tax()),
        grown(year.parent(), last_year.parent()),
        growth(each(profit), each(last_year.parent())),
        Some(percent(profit, *equity) - percent(last_year.parent(), now.last_equity)),
        growth(*assets, opening.assets),
        growth(*equity, opening.equity),
        growth(each(*equity), each(opening.equity)),
    ];
    let mut cells: Vec<Cell> =
        [year.revenue, year.operating(), year.before_tax(), year.parent()].map(|fen| pen.float(near(fen), 2)).into();
    cells.push(pen.float(*assets, 2));
    cells.push(pen.float(*equity, 2));
    cells.push(pen.float(each(profit), 4));
    cells.push(pen.float(percent(profit, *equity), 4));
    // An amount, whatever its name says.
    cells.push(pen.float(last_year.parent() / 1000 * 1002, 2));
    cells.push(pen.float(each(*equity), 4));
    for growth in growths {
        let known = !pen.once_in(3);
        cells.push(pen.optional(growth.filter(|_| known), 4));
    }
    for fen in [last_year.revenue, last_year.operating(), last_year.before_tax(), last_year.parent()] {
        cells.push(pen.float(fen, 2));
    }
    cells.push(pen.float(each(last_year.parent()), 4));
    cells.push(pen.float(opening.equity, 2));
    cells.push(pen.float(each(opening.equity), 4));
    cells.push(if pen.once_in(2) { text("报告期内，虚构公司经营情况正常。") } else { Cell::Null });
    cells.push(integer(i64::from(pen.once_in(6))));
    cells.push(Cell::Null);
    cells
}
