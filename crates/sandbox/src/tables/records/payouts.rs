//! Money that companies return to shareholders: `dividend` and `repurchase`. Distributions without an ex-date in the
//! market's range are made up here.

use super::occasion::{Occasion, evening};
use crate::market::{Dice, Market, Quarter, Stock, after, before, divide, first_announced, weekday_before};
use crate::tables::{Asked, Record, Value, fen, line, whole};
use chrono::NaiveDate;

/// A distribution, and how far it got.
#[derive(Clone, Copy)]
struct Plan {
    quarter: Quarter,
    announced: NaiveDate,
    approved: Option<NaiveDate>,
    /// In thousandths of a CNY per share.
    cash: i64,
    /// New shares per ten old ones.
    bonus: i64,
    paid: Option<Payment>,
}

#[derive(Clone, Copy)]
struct Payment {
    announced: NaiveDate,
    record: NaiveDate,
    ex: NaiveDate,
}

/// All stages of all distributions; each stage is a row that stays.
pub(super) fn distributions(asked: &Asked<'_>, stock: &Stock) -> Vec<Record<'static>> {
    let market = asked.market;
    let mut dice = market.dice("dividends", stock.security.number, 0);
    let mut plans: Vec<Plan> = stock.history.payouts().map(|payout| paid(market, stock, payout, &mut dice)).collect();
    for quarter in stock.reports.clone().map(Quarter).filter(|quarter| quarter.of_year() % 2 == 0) {
        if plans.iter().all(|plan| plan.quarter != quarter) {
            plans.extend(unpaid(market, stock, quarter, &mut dice));
        }
    }
    plans.iter().flat_map(|plan| stages(market, stock, plan, &mut dice)).collect()
}

/// The distribution behind an ex-date in the range.
fn paid(market: &Market, stock: &Stock, (session, cash, bonus): (usize, i64, i64), dice: &mut Dice) -> Plan {
    let sessions = &market.calendar.sessions;
    let ex = sessions[session];
    let record = session.checked_sub(1).map_or_else(|| weekday_before(before(ex, 1)), |last| sessions[last]);
    let announced = weekday_before(before(record, dice.roll(4..8)));
    let approved = weekday_before(before(announced, dice.roll(15..40)));
    // The last half-year that ended at least a month earlier.
    let quarter = Quarter(Quarter::of(before(approved, 30)).0.div_euclid(2) * 2 - 1);
    let planned = first_announced(market, &stock.security, quarter).min(weekday_before(before(approved, 20)));
    let paid = Some(Payment { announced, record, ex });
    Plan { quarter, announced: planned, approved: Some(approved), cash, bonus, paid }
}

/// What happens in a half-year without an ex-date in the range.
fn unpaid(market: &Market, stock: &Stock, quarter: Quarter, dice: &mut Dice) -> Option<Plan> {
    let security = &stock.security;
    let announced = first_announced(market, security, quarter);
    let none = Plan { quarter, announced, approved: None, cash: 0, bonus: 0, paid: None };
    match (quarter.of_year(), (security.number + quarter.moment() / 2) % 6) {
        (4, 2..) => {
            let approved = weekday_before(after(announced, dice.roll(20..50)));
            let ex = weekday_before(after(approved, dice.roll(30..60)));
            let past = ex < market.calendar.start && security.listed_on().is_some_and(|listed| listed < announced);
            let record = weekday_before(before(ex, 1));
            let payment = Payment { announced: weekday_before(before(record, 5)), record, ex };
            let (cash, paid) = (dice.roll(20..800), past.then_some(payment));
            Some(Plan { approved: Some(approved), cash, paid, ..none })
        }
        // Nothing is paid, and that is announced.
        (4, _) | (_, 3) => Some(none),
        _ => None,
    }
}

fn stages(market: &Market, stock: &Stock, plan: &Plan, dice: &mut Dice) -> Vec<Record<'static>> {
    let mut stage = |announced: NaiveDate, paid: Option<Payment>, proc: &str| {
        // Before the last stage, nothing is paid and no date is set. For some, the vendor subtracts the tax.
        let net = if stock.security.number % 4 == 1 { plan.cash * 9 / 10 } else { plan.cash };
        let (day, ex) = (paid.map(|paid| paid.record), paid.map(|paid| paid.ex));
        let base = day.and_then(|day| stock.history.capital(market.calendar.session_by(day)));
        let line = line! {
            end_date: plan.quarter.end(), ann_date: plan.announced, div_proc: proc,
            stk_div: Value::Figure(plan.bonus, 1), stk_bo_rate: Value::Null,
            stk_co_rate: (plan.bonus > 0).then_some(Value::Figure(plan.bonus, 1)),
            cash_div: Value::Figure(if paid.is_some() { net } else { 0 }, 3), cash_div_tax: Value::Figure(plan.cash, 3),
            record_date: day, ex_date: ex, pay_date: ex.filter(|_| plan.cash > 0),
            div_listdate: ex.filter(|_| plan.bonus > 0), imp_ann_date: paid.map(|paid| paid.announced),
            base_date: day, base_share: base.map(|era| whole(era.total)),
            update_flag: if paid.is_some() { "1" } else { "0" },
        };
        let from = evening(dice, announced);
        Record::new(from, line)
    };
    // Some plans are duplicated.
    let mut rows = vec![stage(plan.announced, None, "预案"); 1 + usize::from(stock.security.number % 8 == 5)];
    rows.extend(plan.approved.map(|day| stage(day, None, "股东大会通过")));
    rows.extend(plan.paid.map(|paid| stage(paid.announced, Some(paid), "实施")));
    rows
}

/// Stages of a buy-back, and the days from its plan to each.
const STAGES: [(&str, u64); 5] = [("预案", 0), ("股东大会通过", 18), ("实施", 45), ("实施", 75), ("完成", 110)];

/// One company in four buys back shares: every stage is a row, with cumulative amounts.
pub(super) fn buybacks(mut it: Occasion<'_>) -> Vec<Record<'static>> {
    let (Some((era, now)), 2) = (it.capital(), it.number() % 4) else {
        return Vec::new();
    };
    let (planned, size) = (it.day, era.total / 1000 * it.dice.roll(2..20));
    let abandoned = it.number() % 8 == 6;
    let days = STAGES.map(|(proc, days)| (proc, days, weekday_before(after(planned, days))));
    let mut bought = 0;
    let mut rows = Vec::new();
    for (proc, days, announced) in days.into_iter().take_while(|stage| stage.2 <= it.market.calendar.end) {
        let running = days > 40;
        bought += if running { size / 3 - i64::from(proc == "完成") } else { 0 };
        let (high, low) = if running { (now * 108 / 100, now * 93 / 100) } else { (now * 13 / 10, now * 13 / 10) };
        let average = if running { divide(high + low, 2) } else { high };
        it.from = it.evening(announced);
        rows.push(it.record(line! {
            ann_date: announced, end_date: running.then(|| weekday_before(before(announced, 1))),
            proc: if proc == "完成" && abandoned { "停止实施" } else { proc },
            exp_date: (!running).then(|| after(planned, 365)), vol: running.then_some(whole(bought)),
            amount: fen(average * if running { bought } else { size }), high_limit: fen(high), low_limit: fen(low),
            update_flag: "0",
        }));
    }
    rows
}
