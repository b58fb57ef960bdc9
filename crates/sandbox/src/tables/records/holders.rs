//! Who owns companies: `top10_holders`, `top10_floatholders` and `stk_holdernumber`.
//!
//! Share counts are parts of the capital that the market gives a company.

use super::occasion::{Occasion, of_days, of_reports};
use crate::market::Stock;
use crate::market::calendar::weekday_before;
use crate::market::moments::{after, before, on};
use crate::tables::asked::Asked;
use crate::tables::record::Record;
use crate::tables::reports::indicators::percent;
use crate::tables::value::{line, millionths, whole};
use chrono::NaiveDate;

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

/// The ten with the most shares at the end of every quarter, or with the most tradable ones. A corrected report is a
/// list of its own, beside the first.
pub(super) fn ten(mut it: Occasion<'_>, tradable: bool) -> Vec<Record<'static>> {
    let Some(&era) = it.stock.history.capital(it.market.calendar.session_by(it.quarter.end())) else {
        return Vec::new();
    };
    let (number, end, told) = (it.number(), it.quarter.end(), it.day);
    let owner = format!("{}集团有限公司", it.stock.security.name_while_listed());
    // No two companies begin the list at the same place.
    let others = HOLDERS.iter().cycle().skip(number % HOLDERS.len()).take(9);
    let mut holders: Vec<(&str, &str)> = std::iter::once((owner.as_str(), "一般企业")).chain(others.copied()).collect();
    // Two products under one name.
    if number % 7 == 3 {
        holders[8] = holders[7];
    }
    let again = (number + it.quarter.moment()).is_multiple_of(9).then(|| weekday_before(after(told, 30)));
    let whole_capital = if tradable { era.float } else { era.total };
    let mut amount = whole_capital / 1000 * it.roll(120..300);
    let mut rows = Vec::new();
    for (name, kind) in holders {
        let change = if it.once_in(3) { 0 } else { amount / 100 * it.roll(-20..20) };
        let change = (!it.once_in(8)).then_some(whole(change));
        // Of all shares the part that is tradable is often left out.
        let known = tradable || !it.once_in(2);
        let holding = |announced: NaiveDate, amount: i64| {
            line! {
                ann_date: announced, end_date: end, holder_name: name, hold_amount: whole(amount),
                hold_ratio: millionths(percent(amount, era.total)),
                hold_float_ratio: known.then(|| millionths(percent(amount.min(era.float), era.float))),
                hold_change: change.clone(), holder_type: kind,
            }
        };
        let row = it.record(holding(told, amount));
        match again {
            Some(day) => rows.extend(row.followed(on(day, 18, 0), holding(day, amount - 100))),
            None => rows.push(row),
        }
        amount = amount / 100 * it.roll(35..70);
    }
    rows
}

/// Counts at the end of quarters, with the report, and of some companies every few weeks. Some are published again,
/// some have no day.
pub(super) fn counts(asked: &Asked<'_>, stock: &Stock) -> Vec<Record<'static>> {
    let counted = |announced: Option<NaiveDate>, end: NaiveDate, count: i64| {
        line! { ann_date: announced, end_date: end, holder_num: whole(count) }
    };
    let of_report = |mut it: Occasion<'_>| {
        let (told, end, count) = (it.day, it.quarter.end(), it.roll(2_000..200_000));
        match (it.number() + it.quarter.moment() * 5) % 12 {
            7 => vec![it.record(counted(None, end, count))],
            3 => {
                let again = weekday_before(after(told, 21));
                let from = it.evening(again);
                it.record(counted(Some(told), end, count)).followed(from, counted(Some(again), end, count + 12)).into()
            }
            _ => vec![it.record(counted(Some(told), end, count))],
        }
    };
    let rows = of_reports(asked, stock, "holder counts").flat_map(of_report);
    let between = of_days(asked, stock, ("holder counts", 20)).filter(|it| it.number().is_multiple_of(3));
    rows.chain(between.map(|mut it| {
        let count = it.roll(2_000..200_000);
        it.record(counted(Some(it.day), before(it.day, 4), count))
    }))
    .collect()
}
