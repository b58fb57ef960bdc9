//! Money that companies return: `dividend` and `repurchase`.
//!
//! Distributions of the market's range are those of `market::events`; older and pending ones are made up here.

use super::Record;
use super::days::{cell, drawn, evening, optional, quarters};
use crate::Cell;
use crate::market::calendar::weekday_before;
use crate::market::dice::{Topic, dice};
use crate::market::filings::first_told;
use crate::market::moments::{after, before};
use crate::market::quarters::Quarter;
use crate::market::walk::divide;
use crate::market::{Market, Stock};
use crate::tables::text::{Pen, text};
use chrono::NaiveDate;
use rand::RngExt;

/// A distribution and how far it came.
struct Plan {
    quarter: Quarter,
    announced: NaiveDate,
    approved: Option<NaiveDate>,
    /// In thousandths of a CNY per share.
    cash: i64,
    /// New shares for ten old ones.
    bonus: i64,
    paid: Option<Payment>,
}

struct Payment {
    announced: NaiveDate,
    record: NaiveDate,
    ex: NaiveDate,
}

/// Every stage of every distribution; each stage is a row that stays.
pub(super) fn dividend(market: &Market, stock: &Stock) -> Vec<Record> {
    let mut pen = Pen { rng: dice(market.seed, Topic::Dividends, stock.security.number, 0) };
    let mut plans = paid(market, stock, &mut pen);
    for quarter in quarters(stock).filter(|quarter| quarter.of_year() % 2 == 0) {
        if plans.iter().all(|plan| plan.quarter != quarter) {
            plans.extend(unpaid(market, stock, quarter, &mut pen));
        }
    }
    plans.iter().flat_map(|plan| stages(market, stock, plan, &mut pen)).collect()
}

/// The distributions behind the ex days of the range.
fn paid(market: &Market, stock: &Stock, pen: &mut Pen) -> Vec<Plan> {
    let plan = |(session, cash, bonus): (usize, i64, i64)| {
        let sessions = &market.calendar.sessions;
        let ex = sessions[session];
        let record = session.checked_sub(1).map_or_else(|| weekday_before(before(ex, 1)), |last| sessions[last]);
        let announced = weekday_before(before(record, pen.rng.random_range(4..8)));
        let approved = weekday_before(before(announced, pen.rng.random_range(15..40)));
        // The last half-year that ended a month before.
        let half = Quarter::of(before(approved, 30)).0.div_euclid(2) * 2 - 1;
        let quarter = Quarter(half);
        let told = first_told(market, &stock.security, quarter).min(weekday_before(before(approved, 20)));
        let paid = Some(Payment { announced, record, ex });
        Plan { quarter, announced: told, approved: Some(approved), cash, bonus, paid }
    };
    stock.history.payouts().map(plan).collect()
}

/// What becomes of a half-year without an ex day in the range.
fn unpaid(market: &Market, stock: &Stock, quarter: Quarter, pen: &mut Pen) -> Option<Plan> {
    let security = &stock.security;
    let slot = (security.number + quarter.moment() / 2) % 6;
    let (cash, gap, wait): (i64, u64, u64) =
        (pen.rng.random_range(20..800), pen.rng.random_range(20..50), pen.rng.random_range(30..60));
    let announced = first_told(market, security, quarter);
    let none = Plan { quarter, announced, approved: None, cash: 0, bonus: 0, paid: None };
    match (quarter.of_year(), slot) {
        (4, 2..) => {
            let approved = weekday_before(after(announced, gap));
            let ex = weekday_before(after(approved, wait));
            let past = ex < market.calendar.start && security.listed_on().is_some_and(|listed| listed < announced);
            let record = weekday_before(before(ex, 1));
            let payment = Payment { announced: weekday_before(before(record, 5)), record, ex };
            Some(Plan { approved: Some(approved), cash, paid: past.then_some(payment), ..none })
        }
        // Nothing is paid, and that is announced.
        (4, _) | (_, 3) => Some(none),
        _ => None,
    }
}

fn stages(market: &Market, stock: &Stock, plan: &Plan, pen: &mut Pen) -> Vec<Record> {
    let number = stock.security.number;
    let mut rows = vec![Record::new(evening(&mut pen.rng, plan.announced), stage(market, stock, plan, pen, "预案"))];
    if number % 8 == 5 {
        rows.extend(rows.clone());
    }
    if let Some(approved) = plan.approved {
        let cells = stage(market, stock, plan, pen, "股东大会通过");
        rows.push(Record::new(evening(&mut pen.rng, approved), cells));
    }
    if let Some(paid) = &plan.paid {
        rows.push(Record::new(evening(&mut pen.rng, paid.announced), stage(market, stock, plan, pen, "实施")));
    }
    rows
}

/// A row. Before the last stage nothing is paid and no day is set.
fn stage(market: &Market, stock: &Stock, plan: &Plan, pen: &mut Pen, proc: &str) -> Vec<Cell> {
    let security = &stock.security;
    let paid = plan.paid.as_ref().filter(|_| proc == "实施");
    // For some the vendor takes the tax off.
    let net = if security.number % 4 == 1 { plan.cash * 9 / 10 } else { plan.cash };
    let new = (plan.bonus > 0).then_some(plan.bonus);
    let base = paid.and_then(|paid| {
        let session = market.calendar.session_by(paid.record);
        stock.history.capital(session)
    });
    vec![
        text(&security.code),
        cell(plan.quarter.end()),
        cell(plan.announced),
        text(proc),
        pen.float(plan.bonus, 1),
        Cell::Null,
        pen.optional(new, 1),
        pen.float(if paid.is_some() { net } else { 0 }, 3),
        pen.float(plan.cash, 3),
        optional(paid.map(|paid| paid.record)),
        optional(paid.map(|paid| paid.ex)),
        optional(paid.filter(|_| plan.cash > 0).map(|paid| paid.ex)),
        optional(paid.filter(|_| plan.bonus > 0).map(|paid| paid.ex)),
        optional(paid.map(|paid| paid.announced)),
        optional(paid.map(|paid| paid.record)),
        pen.optional(base.map(|era| era.total), 4),
        text(if paid.is_some() { "1" } else { "0" }),
    ]
}

/// Stages of a buy-back and the days from its plan to each.
const STAGES: [(&str, u64); 5] = [("预案", 0), ("股东大会通过", 18), ("实施", 45), ("实施", 75), ("完成", 110)];

/// A company in four buys back: every stage is a row, and what is bought adds up from one to the next.
pub(super) fn repurchase(market: &Market, stock: &Stock) -> Vec<Record> {
    if stock.security.number % 4 != 2 {
        return Vec::new();
    }
    let plans = drawn(market, stock, Topic::Buybacks, 150).into_iter();
    plans.flat_map(|(day, rng)| buyback(market, stock, day, &mut Pen { rng })).collect()
}

fn buyback(market: &Market, stock: &Stock, planned: NaiveDate, pen: &mut Pen) -> Vec<Record> {
    let at = market.calendar.session_by(planned);
    let (Some(price), Some(era)) = (stock.history.price(at), stock.history.capital(at)) else {
        return Vec::new();
    };
    let size = era.total / 1000 * pen.rng.random_range(2..20);
    let abandoned = stock.security.number % 8 == 6;
    let mut rows = Vec::new();
    let mut bought = 0;
    for (proc, days) in STAGES {
        let announced = weekday_before(after(planned, days));
        if announced > market.calendar.end {
            break;
        }
        let running = days > 40;
        let part = size / 3 - i64::from(proc == "完成");
        bought += if running { part } else { 0 };
        let (high, low) =
            if running { (price * 108 / 100, price * 93 / 100) } else { (price * 13 / 10, price * 13 / 10) };
        let proc = if proc == "完成" && abandoned { "停止实施" } else { proc };
        let average = if running { divide(high + low, 2) } else { high };
        let shares = if running { bought } else { size };
        let cells = vec![
            text(&stock.security.code),
            cell(announced),
            optional(running.then(|| weekday_before(before(announced, 1)))),
            text(proc),
            optional((!running).then(|| after(planned, 365))),
            pen.optional(running.then_some(bought), 0),
            pen.float(average * shares, 2),
            pen.float(high, 2),
            pen.float(low, 2),
            text("0"),
            text(["用于员工持股计划", "减少注册资本"][usize::from(abandoned)]),
        ];
        rows.push(Record::new(evening(&mut pen.rng, announced), cells));
    }
    rows
}
