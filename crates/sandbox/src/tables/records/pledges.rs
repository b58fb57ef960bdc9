//! Shares that stand as security for loans: `pledge_stat` week by week, `pledge_detail` deal by deal.
//!
//! The two do not add up; the vendor's do not either.

use super::Record;
use super::days::{cell, drawn, evening, life, optional};
use crate::Cell;
use crate::market::calendar::weekday_before;
use crate::market::dice::{Topic, dice};
use crate::market::moments::{after, on};
use crate::market::{Market, Stock};
use crate::tables::reports::indicators::percent;
use crate::tables::text::{Pen, integer, optional_text, text};
use chrono::{Datelike, NaiveDate, Weekday};
use rand::RngExt;

/// Weeks for which a company's pledges stay as they are.
const STEADY: i32 = 6;

/// Every other company has pledges at the end of every week, which are known on the Monday after.
pub(super) fn pledge_stat(market: &Market, stock: &Stock) -> Vec<Record> {
    let number = stock.security.number;
    let Some((first, last)) = life(market, stock).filter(|_| number.is_multiple_of(2)) else {
        return Vec::new();
    };
    let fridays = first.iter_days().take_while(|day| *day <= last).filter(|day| day.weekday() == Weekday::Fri);
    fridays.filter_map(|friday| week(market, stock, friday)).collect()
}

fn week(market: &Market, stock: &Stock, friday: NaiveDate) -> Option<Record> {
    let number = stock.security.number;
    let total = stock.history.capital(market.calendar.session_by(friday))?.total;
    let week = friday.num_days_from_ce() / 7;
    let stretch = usize::try_from(week / STEADY).ok()?;
    let mut rng = dice(market.seed, Topic::PledgeTotals, number, stretch);
    let (count, free, bound) =
        (rng.random_range(1..30), rng.random_range(1..3000), rng.random_range(0..400_i64).max(200) - 200);
    // In hundredths of ten thousand shares, which is all that the vendor shows.
    let [free, bound, whole] = [total / 10_000 * free, total / 10_000 * bound, total].map(|shares| shares / 100);
    let mut pen = Pen { rng: dice(market.seed, Topic::Pledges, number, usize::try_from(week).ok()?) };
    let cells = vec![
        text(&stock.security.code),
        cell(friday),
        integer(count),
        pen.float(free, 2),
        pen.float(bound, 2),
        pen.float(whole, 2),
        pen.float(percent(free + bound, whole) / 100, 2),
        text("0"),
    ];
    Some(Record::new(on(after(friday, 3), 9, 0), cells))
}

const HOLDERS: [(&str, &str); 4] =
    [("张虚", "个人"), ("虚构控股集团有限公司", "公司"), ("李构", "个人"), ("远山投资合伙企业(有限合伙)", "公司")];
const LENDERS: [&str; 4] = ["虚构证券股份有限公司", "无名银行股份有限公司", "远山信托有限公司", "云中证券股份有限公司"];

/// Deals of the companies with pledges. The end of one is filled in, or announced as a row of its own.
pub(super) fn pledge_detail(market: &Market, stock: &Stock) -> Vec<Record> {
    if stock.security.number % 2 == 1 {
        return Vec::new();
    }
    let deals = drawn(market, stock, Topic::Pledges, 60).into_iter();
    deals.flat_map(|(day, rng)| deal(market, stock, day, Pen { rng })).collect()
}

fn deal(market: &Market, stock: &Stock, day: NaiveDate, mut pen: Pen) -> Vec<Record> {
    let number = stock.security.number;
    let Some(&era) = stock.history.capital(market.calendar.session_by(day)) else {
        return Vec::new();
    };
    let rng = &mut pen.rng;
    let from = evening(rng, day);
    let ended = weekday_before(after(day, rng.random_range(40..140)));
    let fate = rng.random_range(0..4);
    let (holder, kind) = HOLDERS[rng.random_range(0..HOLDERS.len())];
    let pledge = Deal {
        holder,
        kind,
        lender: LENDERS[rng.random_range(0..LENDERS.len())],
        shares: era.total / 10_000 * rng.random_range(5..300),
        holding: era.total / 10_000 * rng.random_range(600..3000),
        total: era.total,
        start: weekday_before(day),
        due: (rng.random_range(0..3) > 0).then(|| after(day, 365)),
        bought_back: rng.random_range(0..2) == 0,
    };
    let known = evening(rng, ended);
    let mut row = |announced, released| pledge.cells(&mut pen, stock, announced, released);
    let open = Record::new(from, row(day, None));
    let mut rows = match fate {
        0 => vec![open.until(known), Record::new(known, row(day, Some(ended)))],
        1 => vec![open, Record::new(known, row(ended, Some(ended)))],
        _ => vec![open],
    };
    // Two deals of the same size with the same lender on one day.
    if number % 8 == 6 {
        rows.extend(rows.clone());
    }
    rows
}

struct Deal {
    holder: &'static str,
    kind: &'static str,
    lender: &'static str,
    shares: i64,
    holding: i64,
    total: i64,
    start: NaiveDate,
    due: Option<NaiveDate>,
    bought_back: bool,
}

impl Deal {
    fn cells(&self, pen: &mut Pen, stock: &Stock, announced: NaiveDate, released: Option<NaiveDate>) -> Vec<Cell> {
        vec![
            text(&stock.security.code),
            cell(announced),
            text(self.holder),
            pen.float(self.shares, 4),
            cell(self.start),
            optional(self.due),
            text(if released.is_some() { "1" } else { "0" }),
            optional(released),
            text(self.lender),
            pen.float(self.holding, 4),
            pen.float(self.shares + self.holding / 5, 4),
            pen.float(percent(self.shares, self.total), 4),
            pen.float(percent(self.holding, self.total), 4),
            text(if self.bought_back { "1" } else { "0" }),
            text(self.kind),
            optional_text(released.map(|_| "解除质押")),
        ]
    }
}
