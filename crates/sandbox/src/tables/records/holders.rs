//! Who owns companies: `top10_holders`, `top10_floatholders` and `stk_holdernumber`.
//!
//! Share counts are parts of the capital that the market gives a company.

use super::Record;
use super::days::{cell, drawn, evening, optional, quarters};
use crate::Cell;
use crate::market::calendar::weekday_before;
use crate::market::dice::{Topic, dice};
use crate::market::filings::first_told;
use crate::market::moments::{after, before, on};
use crate::market::quarters::Quarter;
use crate::market::walk::Era;
use crate::market::{Market, Stock};
use crate::tables::reports::indicators::percent;
use crate::tables::text::{Pen, integer, text};
use chrono::NaiveDate;
use rand::RngExt;

/// Holders of any company after its own, and their kinds.
const HOLDERS: [(&str, &str); 11] = [
    ("香港中央结算有限公司", "境外法人"),
    ("虚构资产管理有限公司", "投资公司"),
    ("全国社保基金虚构组合", "社保基金"),
    ("虚构成长混合型证券投资基金", "开放式投资基金"),
    ("虚构价值股票型证券投资基金", "开放式投资基金"),
    ("张虚", "自然人"),
    ("李构", "自然人"),
    ("无名人寿保险股份有限公司-传统", "保险公司"),
    ("远山投资合伙企业(有限合伙)", "合伙企业"),
    ("云中产业基金", "投资公司"),
    ("王无", "自然人"),
];

/// Which of the two lists.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    All,
    Tradable,
}

/// The ten with the most shares at the end of every quarter.
pub(super) fn top10_holders(market: &Market, stock: &Stock) -> Vec<Record> {
    quarters(stock).flat_map(|quarter| ten(market, stock, quarter, List::All)).collect()
}

/// The same among tradable shares.
pub(super) fn top10_floatholders(market: &Market, stock: &Stock) -> Vec<Record> {
    quarters(stock).flat_map(|quarter| ten(market, stock, quarter, List::Tradable)).collect()
}

fn ten(market: &Market, stock: &Stock, quarter: Quarter, list: List) -> Vec<Record> {
    let number = stock.security.number;
    let Some(&era) = stock.history.capital(market.calendar.session_by(quarter.end())) else {
        return Vec::new();
    };
    let mut pen = Pen { rng: dice(market.seed, Topic::Holders, number * 2 + list as usize, quarter.moment()) };
    let told = first_told(market, &stock.security, quarter);
    let from = evening(&mut pen.rng, told);
    let owner = format!("{}集团有限公司", stock.security.name_while_listed());
    // No two companies begin the list at the same place.
    let others = HOLDERS.iter().cycle().skip(number % HOLDERS.len()).take(9);
    let mut holders: Vec<(&str, &str)> = vec![(&owner, "一般企业")];
    holders.extend(others);
    // Two products under one name.
    if number % 7 == 3 {
        holders[8] = holders[7];
    }
    let whole = if list == List::All { era.total } else { era.float };
    let mut amount = whole / 1000 * pen.rng.random_range(120..300);
    let mut shares = Vec::new();
    for holder in holders {
        let change = amount / 100 * pen.rng.random_range(-20..20);
        let steady = pen.once_in(3);
        let change = (!pen.once_in(8)).then_some(if steady { 0 } else { change });
        shares.push((holder, amount, change));
        amount = amount / 100 * pen.rng.random_range(35..70);
    }
    let mut table = |announced: NaiveDate, flaw: i64| -> Vec<Vec<Cell>> {
        let row = |&((name, kind), amount, change): &((&str, &str), i64, Option<i64>)| {
            holding(&mut pen, stock, [announced, quarter.end()], (name, kind), &era, (amount - flaw, change), list)
        };
        shares.iter().map(row).collect()
    };
    let mut rows: Vec<Record> = table(told, 0).into_iter().map(|cells| Record::new(from, cells)).collect();
    // A corrected report is a list of its own, beside the first.
    if (number + quarter.moment()).is_multiple_of(9) {
        let again = weekday_before(after(told, 30));
        let from = on(again, 18, 0);
        rows.extend(table(again, 100).into_iter().map(|cells| Record::new(from, cells)));
    }
    rows
}

fn holding(
    pen: &mut Pen,
    stock: &Stock,
    [announced, end]: [NaiveDate; 2],
    (name, kind): (&str, &str),
    era: &Era,
    (amount, change): (i64, Option<i64>),
    list: List,
) -> Vec<Cell> {
    // Of all shares the part that is tradable is often left out.
    let tradable = list == List::Tradable || !pen.once_in(2);
    vec![
        text(&stock.security.code),
        cell(announced),
        cell(end),
        text(name),
        pen.float(amount, 0),
        pen.float(percent(amount, era.total), 4),
        pen.optional(tradable.then(|| percent(amount.min(era.float), era.float)), 4),
        pen.optional(change, 0),
        text(kind),
    ]
}

/// Counts at the end of quarters, with the report, and of some companies every few weeks. Some are published again,
/// some have no day.
pub(super) fn stk_holdernumber(market: &Market, stock: &Stock) -> Vec<Record> {
    let number = stock.security.number;
    let mut rows = Vec::new();
    for quarter in quarters(stock) {
        let mut pen = Pen { rng: dice(market.seed, Topic::HolderCounts, number, quarter.moment()) };
        let told = first_told(market, &stock.security, quarter);
        let count = pen.rng.random_range(2_000..200_000);
        let from = evening(&mut pen.rng, told);
        let slot = (number + quarter.moment() * 5) % 12;
        rows.push(Record::new(from, counted(&mut pen, stock, (slot != 7).then_some(told), quarter.end(), count)));
        if slot == 3 {
            let again = weekday_before(after(told, 21));
            let cells = counted(&mut pen, stock, Some(again), quarter.end(), count + 12);
            rows.push(Record::new(evening(&mut pen.rng, again), cells));
        }
    }
    if number.is_multiple_of(3) {
        for (day, rng) in drawn(market, stock, Topic::HolderCounts, 20) {
            let mut pen = Pen { rng };
            let count = pen.rng.random_range(2_000..200_000);
            let from = evening(&mut pen.rng, day);
            rows.push(Record::new(from, counted(&mut pen, stock, Some(day), before(day, 4), count)));
        }
    }
    rows
}

fn counted(pen: &mut Pen, stock: &Stock, announced: Option<NaiveDate>, end: NaiveDate, count: i64) -> Vec<Cell> {
    let others = (!pen.once_in(3)).then_some(count + count / 50);
    vec![text(&stock.security.code), optional(announced), cell(end), integer(count), others.map_or(Cell::Null, integer)]
}
