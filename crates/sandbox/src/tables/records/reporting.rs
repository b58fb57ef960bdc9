//! What accompanies a report: its planned date, its audit and its segments.

use super::occasion::Occasion;
use crate::market::{after, before, on, stamp, weekday_before};
use crate::tables::{Record, fen, line};
use chrono::NaiveDate;

const CLEAN: &str = "标准无保留意见";
const AGENCIES: [&str; 4] = ["虚构会计师事务所", "无名会计师事务所", "远山会计师事务所", "云中会计师事务所"];

/// Every year is audited, for a few companies also the half-year, and some get a second opinion later.
pub(super) fn audits(mut it: Occasion<'_>) -> Vec<Record<'static>> {
    let (number, end) = (it.number(), it.quarter.end());
    if !(it.quarter.of_year() == 4 || it.quarter.of_year() == 2 && number % 8 == 3) {
        return Vec::new();
    }
    let opinion = match (number + it.quarter.moment() / 4) % 16 {
        6 => "带强调事项段的无保留意见",
        11 => "保留意见",
        14 => "无法表示意见",
        _ => CLEAN,
    };
    let audit = |day: NaiveDate, opinion: &str, agency: usize| {
        line! { ann_date: day, end_date: end, audit_result: opinion, audit_agency: AGENCIES[agency % AGENCIES.len()] }
    };
    let first = it.record(audit(it.day, opinion, number));
    if number % 10 != 4 {
        return vec![first];
    }
    let again = weekday_before(after(it.day, 60));
    first.followed(it.evening(again), audit(again, CLEAN, number + 1)).into()
}

/// Segments by product, region and industry: kind, name, and tenths of the revenue. The last of a kind gets the rest.
const SEGMENTS: [(&str, &[(&str, i64)]); 3] = [
    ("P", &[("虚构产品", 5), ("虚构服务", 3), ("其他", 0)]),
    ("D", &[("境内", 8), ("境外", 0)]),
    ("I", &[("制造业", 7), ("其他(补充)", 0)]),
];

/// Half-years and years have segments. Some names occur twice, some amounts under two names.
pub(super) fn segments(mut it: Occasion<'_>) -> Vec<Record<'static>> {
    if it.quarter.of_year() % 2 == 1 {
        return Vec::new();
    }
    let (number, year, end) = (it.number(), it.accounts().year, it.quarter.end());
    let mut parts: Vec<(&str, &str, [i64; 2])> = Vec::new();
    for (kind, items) in SEGMENTS {
        let mut left = [year.revenue, year.cost];
        for &(item, tenths) in items {
            let part = if tenths == 0 { left } else { [year.revenue / 10 * tenths, year.cost / 10 * tenths] };
            left = [left[0] - part[0], left[1] - part[1]];
            if number % 6 == 2 && item == "其他" {
                // Two segments with the same name.
                let third = part.map(|fen| fen / 3);
                parts.extend([(kind, item, third), (kind, item, [part[0] - third[0], part[1] - third[1]])]);
            } else {
                parts.push((kind, item, part));
            }
            if number % 6 == 4 && item == "境内" {
                parts.push((kind, "中国大陆", part));
            }
        }
    }
    let row = |(kind, item, [sales, cost]): (&str, &str, [i64; 2]), detailed: bool, flag: &str| {
        line! {
            end_date: end, bz_item: item, bz_code: kind, bz_sales: fen(sales),
            bz_profit: detailed.then_some(fen(sales - cost)), bz_cost: detailed.then_some(fen(cost)),
            curr_type: if number % 12 == 9 { "USD" } else { "CNY" }, update_flag: flag,
        }
    };
    let mut rows = Vec::new();
    for (place, part) in parts.into_iter().enumerate() {
        let detailed = !it.dice.once_in(6);
        // The vendor corrects a mistake in the first one.
        if place == 0 && (number + it.quarter.moment()).is_multiple_of(9) {
            let wrong = (part.0, part.1, [year.revenue / 2 + 100, part.2[1]]);
            let found = on(after(it.from.date(), 12), 20, 0);
            rows.extend(it.record(row(wrong, detailed, "0")).corrected(found, row(part, detailed, "1")));
        } else {
            rows.push(it.record(row(part, detailed, "0")));
        }
    }
    rows
}

/// One row per report, which changes: the planned date moves, and finally the actual one appears.
pub(super) fn schedule(mut it: Occasion<'_>) -> Vec<Record<'static>> {
    let (filed, end) = (it.day, it.quarter.end());
    let moves: u64 = match (it.number() * 7 + it.quarter.moment() * 3) % 8 {
        0 => 2,
        3 | 5 => 1,
        _ => 0,
    };
    let mut announced = weekday_before(before(end, it.dice.roll(0..3)));
    it.from = on(announced, 18, 0);
    let mut changes: Vec<String> = Vec::new();
    let mut rows: Vec<Record<'static>> = Vec::new();
    // The last planned date is the actual one.
    for left in (0..=moves).rev() {
        let day = before(filed, left * 4);
        if left < moves {
            announced = before(day, 6).max(after(announced, 1));
            it.from = it.evening(announced);
            changes.push(stamp(day));
        }
        let past = (!changes.is_empty()).then(|| changes.join(","));
        let planned = |actual: Option<NaiveDate>| {
            line! { ann_date: announced, end_date: end, pre_date: day, actual_date: actual, modify_date: past.clone() }
        };
        rows.push(it.record(planned(None)));
        if left == 0 {
            it.from = on(filed, 21, 0).max(it.from);
            rows.push(it.record(planned(Some(filed))));
        }
    }
    // Each is replaced by the next.
    let ends: Vec<_> = rows.iter().skip(1).map(|row| row.from).collect();
    for (row, end) in rows.iter_mut().zip(ends) {
        row.until = Some(end);
    }
    rows
}
