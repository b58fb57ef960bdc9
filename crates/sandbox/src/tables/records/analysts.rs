//! What brokers expect of companies: `report_rc`.
//!
//! A report is a few rows, one for each year it looks at, which come when the vendor has loaded them.

use super::occasion::Occasion;
use crate::market::accounts::Flows;
use crate::market::moments::{after, before, on};
use crate::market::quarters::Quarter;
use crate::market::walk::divide;
use crate::tables::record::Record;
use crate::tables::value::{fen, line};

const BROKERS: [&str; 6] = ["虚构证券", "无名证券", "远山证券", "云中证券", "海角证券", "天涯证券"];
const AUTHORS: [&str; 5] = ["张虚", "李构,王无", "赵名", "陈远,周山", "吴云"];
const RATINGS: [Option<&str>; 5] = [Some("买入"), Some("增持"), Some("推荐"), Some("中性"), None];

/// Reports on three companies in four.
pub(super) fn research(mut it: Occasion<'_>) -> Vec<Record<'static>> {
    let (Some((_, now)), false, false) = (it.capital(), it.number() % 4 == 3, it.once_in(2)) else {
        return Vec::new();
    };
    // A week late once in seven, a year and more once in forty: the vendor fills up its past.
    let late = match it.roll(0..40) {
        0 => it.days(380..700),
        1..7 => it.days(1..12),
        _ => 0,
    };
    it.from = on(after(it.day, late), 19 + u32::from(it.once_in(3)), 30);
    // The last full year that a report can know of.
    it.quarter = Quarter(Quarter::of(before(it.day, 120)).0.div_euclid(4) * 4 - 1);
    let (books, last, loaded) = (it.books(), it.quarter.year(), it.from.format("%Y-%m-%d %H:%M:%S").to_string());
    let title = format!("{}({last})点评", it.stock.security.name_while_listed());
    let (broker, author, rating) = (it.one_of(&BROKERS), it.one_of(&AUTHORS), it.one_of(&RATINGS));
    let (lowest, highest) = (it.once_in(4).then_some(now * 12 / 10), it.once_in(12).then_some(now * 14 / 10));
    let years = 2 + i32::from(it.once_in(2));
    let rows = (1..=years).map(|ahead| {
        let growth = 100 + i64::from(ahead) * it.roll(4..18);
        let expected = |part: fn(&Flows) -> i64| fen(divide(part(&books.year) / 100 * growth, 10_000) * 10_000);
        it.record(line! {
            report_date: it.day, report_title: title.as_str(), org_name: broker, author_name: author,
            quarter: format!("{}Q4", last + ahead), op_rt: expected(|flows| flows.revenue),
            op_pr: expected(Flows::operating), tp: expected(Flows::before_tax), np: expected(Flows::parent),
            rating: rating, max_price: highest.map(fen), min_price: lowest.map(fen), create_time: loaded.as_str(),
        })
    });
    rows.collect()
}
