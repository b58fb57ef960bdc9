//! What comes with a report: its planned day, its audit and its segments (`disclosure_date`, `fina_audit`,
//! `fina_mainbz`).
//!
//! Days are those of `market::filings`, amounts those of `market::accounts`.

use super::Record;
use super::days::{cell, evening, optional, quarters};
use crate::Cell;
use crate::market::accounts::accounts;
use crate::market::calendar::{stamp, weekday_before};
use crate::market::dice::{Topic, dice};
use crate::market::filings::first_told;
use crate::market::moments::{after, before, on};
use crate::market::quarters::Quarter;
use crate::market::{Market, Stock};
use crate::tables::text::{Pen, optional_text, text};
use chrono::NaiveDate;
use rand::RngExt;

const AGENCIES: [&str; 4] = [
    "虚构会计师事务所(特殊普通合伙)",
    "无名会计师事务所(特殊普通合伙)",
    "远山会计师事务所(特殊普通合伙)",
    "云中会计师事务所(特殊普通合伙)",
];
const SIGNATURES: [&str; 3] = ["张虚,李构", "王无,赵名", "陈远,周山,吴云"];

/// Every year is audited, for a few companies the half-year too, and some have a second opinion later.
pub(super) fn fina_audit(market: &Market, stock: &Stock) -> Vec<Record> {
    quarters(stock).flat_map(|quarter| audits(market, stock, quarter)).collect()
}

fn audits(market: &Market, stock: &Stock, quarter: Quarter) -> Vec<Record> {
    let number = stock.security.number;
    if !(quarter.of_year() == 4 || quarter.of_year() == 2 && number % 8 == 3) {
        return Vec::new();
    }
    let mut pen = Pen { rng: dice(market.seed, Topic::Audits, number, quarter.moment()) };
    let told = first_told(market, &stock.security, quarter);
    let opinion = match (number + quarter.moment() / 4) % 16 {
        6 => "带强调事项段的无保留意见",
        11 => "保留意见",
        14 => "无法表示意见",
        _ => "标准无保留意见",
    };
    let fees = pen.rng.random_range(40..900) * 1_000_000;
    let published = !pen.once_in(5);
    let mut row = |day: NaiveDate, opinion: &str, agency: usize| {
        let cells = vec![
            text(&stock.security.code),
            cell(day),
            cell(quarter.end()),
            text(opinion),
            pen.optional(published.then_some(fees), 2),
            text(AGENCIES[agency % AGENCIES.len()]),
            text(SIGNATURES[agency % SIGNATURES.len()]),
        ];
        Record::new(evening(&mut pen.rng, day), cells)
    };
    let mut rows = vec![row(told, opinion, number)];
    if number % 10 == 4 {
        rows.push(row(weekday_before(after(told, 60)), "标准无保留意见", number + 1));
    }
    rows
}

/// Segments by product, region and industry: kind, name, and tenths of the revenue; the last of a kind has the rest.
const SEGMENTS: [(&str, &[(&str, i64)]); 3] = [
    ("P", &[("虚构产品", 5), ("虚构服务", 3), ("其他", 0)]),
    ("D", &[("境内", 8), ("境外", 0)]),
    ("I", &[("制造业", 7), ("其他(补充)", 0)]),
];

/// Half-years and years have segments. Some names come twice, some amounts under two names.
pub(super) fn fina_mainbz(market: &Market, stock: &Stock) -> Vec<Record> {
    let halves = quarters(stock).filter(|quarter| quarter.of_year() % 2 == 0);
    halves.flat_map(|quarter| segments(market, stock, quarter)).collect()
}

fn segments(market: &Market, stock: &Stock, quarter: Quarter) -> Vec<Record> {
    let number = stock.security.number;
    let year = accounts(market.seed, &stock.security, quarter, 0).year;
    let mut pen = Pen { rng: dice(market.seed, Topic::Segments, number, quarter.moment()) };
    let from = evening(&mut pen.rng, first_told(market, &stock.security, quarter));
    let mut rows = Vec::new();
    let mut row = |item: &str, kind: &str, [sales, cost]: [i64; 2]| {
        let detailed = !pen.once_in(6);
        let cells = vec![
            text(&stock.security.code),
            cell(quarter.end()),
            text(item),
            text(kind),
            pen.float(sales, 2),
            pen.optional(detailed.then_some(sales - cost), 2),
            pen.optional(detailed.then_some(cost), 2),
            text(if number % 12 == 9 { "USD" } else { "CNY" }),
            text("0"),
        ];
        rows.push(Record::new(from, cells));
    };
    for (kind, items) in SEGMENTS {
        let mut left = [year.revenue, year.cost];
        for &(item, tenths) in items {
            let part = if tenths == 0 { left } else { [year.revenue / 10 * tenths, year.cost / 10 * tenths] };
            left = [left[0] - part[0], left[1] - part[1]];
            if number % 6 == 2 && item == "其他" {
                // Two segments that the company calls the same.
                let half = part.map(|fen| fen / 3);
                row(item, kind, half);
                row(item, kind, [part[0] - half[0], part[1] - half[1]]);
            } else {
                row(item, kind, part);
            }
            if number % 6 == 4 && item == "境内" {
                row("中国大陆", kind, part);
            }
        }
    }
    // The vendor finds a mistake in the first one.
    if (number + quarter.moment()).is_multiple_of(9) {
        let found = on(after(from.date(), 12), 20, 0);
        let mut right = rows[0].clone();
        right.from = found;
        right.cells[8] = text("1");
        let mut wrong = rows[0].clone();
        wrong.cells[4] = pen.float(year.revenue / 2 + 100, 2);
        rows[0] = wrong.until(found);
        rows.push(right);
    }
    rows
}

/// One row a report, which changes: the planned day moves, and at last the actual one is there.
pub(super) fn disclosure_date(market: &Market, stock: &Stock) -> Vec<Record> {
    quarters(stock).flat_map(|quarter| planned(market, stock, quarter)).collect()
}

fn planned(market: &Market, stock: &Stock, quarter: Quarter) -> Vec<Record> {
    let number = stock.security.number;
    let mut rng = dice(market.seed, Topic::Schedule, number, quarter.moment());
    let told = first_told(market, &stock.security, quarter);
    let moves: u64 = match (number * 7 + quarter.moment() * 3) % 8 {
        0 => 2,
        3 | 5 => 1,
        _ => 0,
    };
    let mut announced = weekday_before(before(quarter.end(), rng.random_range(0..3)));
    let mut from = on(announced, 18, 0);
    // The last of them is the day itself.
    let days = (0..=moves).rev().map(|left| before(told, left * 4));
    let mut changes: Vec<String> = Vec::new();
    let mut rows: Vec<Record> = Vec::new();
    for (place, day) in (0..).zip(days) {
        if place > 0 {
            announced = before(day, 6).max(after(announced, 1));
            from = evening(&mut rng, announced);
            changes.push(stamp(day));
        }
        rows.push(Record::new(from, scheduled(stock, quarter, [announced, day], None, &changes)));
        let last = [announced, day];
        if place == moves {
            let reported = on(told, 21, 0).max(from);
            rows.push(Record::new(reported, scheduled(stock, quarter, last, Some(told), &changes)));
        }
    }
    // Each gives way to the next.
    let ends: Vec<_> = rows.iter().skip(1).map(|row| row.from).collect();
    for (row, end) in rows.iter_mut().zip(ends) {
        row.until = Some(end);
    }
    rows
}

fn scheduled(
    stock: &Stock,
    quarter: Quarter,
    [announced, day]: [NaiveDate; 2],
    actual: Option<NaiveDate>,
    changes: &[String],
) -> Vec<Cell> {
    let changes = (!changes.is_empty()).then(|| changes.join(","));
    vec![
        text(&stock.security.code),
        cell(announced),
        cell(quarter.end()),
        cell(day),
        optional(actual),
        optional_text(changes.as_deref()),
    ]
}
