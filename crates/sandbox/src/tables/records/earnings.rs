//! Earnings expectations, by the company and by brokers: close to the figures of the coming report.

use super::occasion::Occasion;
use crate::market::{Flows, Quarter, after, before, divide, on, weekday_before};
use crate::tables::reports::indicators::growth;
use crate::tables::{Record, fen, line, millionths, whole};
use chrono::NaiveDate;

/// Fen in ten thousand CNY, to which forecasts are rounded.
const TEN_THOUSAND: i64 = 1_000_000;

/// Two reports in five have guidance: usually once, sometimes again with a narrower range.
pub(super) fn forecasts(mut it: Occasion<'_>) -> Vec<Record<'static>> {
    let slot = (it.number() * 3 + it.quarter.moment() * 7) % 20;
    if slot >= 8 {
        return Vec::new();
    }
    let (books, announced, end) = (it.accounts(), it.day, it.quarter.end());
    let (profit, last) = (books.year.parent(), books.last_year.parent());
    let first = weekday_before(before(announced, it.dice.roll(14..60)));
    it.from = it.evening(first);
    // The range extends this many percent either way; a vague notice has only the growth.
    let notice = |announced: NaiveDate, width: i64, vague: bool| {
        let spread = profit.abs() / 100 * width;
        let [low, high, last_year] =
            [profit - spread, profit + spread, last].map(|fen| divide(fen, TEN_THOUSAND) * TEN_THOUSAND);
        let known = |amount: i64| (!vague).then_some(fen(amount));
        let again = announced != first;
        line! {
            ann_date: announced, end_date: end, type: if vague { "其他" } else { kind(profit, last) },
            p_change_min: growth(low, last_year).map(millionths), p_change_max: growth(high, last_year).map(millionths),
            net_profit_min: known(low), net_profit_max: known(high), last_parent_net: known(last_year),
            first_ann_date: (!vague).then_some(first), notice_times: whole(1 + i64::from(again)),
            update_flag: if again { "1" } else { "0" },
        }
    };
    match slot {
        // Announced again: a row of its own.
        4 | 5 => {
            let again = weekday_before(before(announced, it.dice.roll(4..10)));
            let from = it.evening(again);
            it.record(notice(first, 12, false)).followed(from, notice(again, 4, false)).into()
        }
        // The vendor found a mistake.
        6 => {
            let found = on(after(first, it.dice.roll(3..30)), 20, 0);
            it.record(notice(first, 20, false)).corrected(found, notice(first, 12, false)).into()
        }
        _ => vec![it.record(notice(first, 12, slot == 7))],
    }
}

fn kind(profit: i64, last: i64) -> &'static str {
    let change = growth(profit, last).unwrap_or_default() / 10_000;
    match (last > 0, profit > 0) {
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

/// A third of annual and half-year reports have a preliminary one; others hardly ever do.
pub(super) fn previews(mut it: Occasion<'_>) -> Vec<Record<'static>> {
    let slot = (it.number() * 5 + it.quarter.moment() / 2 * 7) % 12;
    let end = it.quarter.end();
    let window = it.day.signed_duration_since(end).num_days() - 15;
    if slot >= if it.quarter.of_year() % 2 == 0 { 4 } else { 1 } || window <= 0 {
        return Vec::new();
    }
    let announced = after(end, 10 + it.dice.roll(0..window).unsigned_abs());
    it.from = it.evening(announced);
    let (books, last) = (it.accounts(), it.accounts().last_year.parent());
    let preview = |announced: NaiveDate, permille: i64, flag: &str| {
        let near = |amount: i64| fen(amount / 1000 * permille);
        line! {
            ann_date: announced, end_date: end, revenue: near(books.year.revenue),
            operate_profit: near(books.year.operating()), total_profit: near(books.year.before_tax()),
            n_income: near(books.year.parent()), total_assets: fen(books.assets),
            total_hldr_eqy_exc_min_int: fen(books.equity), update_flag: flag,
            // An amount, despite its name.
            yoy_net_profit: fen(last / 1000 * 1002), np_last_year: fen(last),
        }
    };
    let first = it.record(preview(announced, 1003, "0"));
    match slot {
        // Announced again, closer to the final figures.
        1 => first.followed(on(after(announced, 4), 18, 30), preview(after(announced, 4), 1000, "1")).into(),
        // Corrected silently.
        2 => first.corrected(on(after(announced, 9), 20, 0), preview(announced, 1001, "0")).into(),
        _ => vec![first],
    }
}

const BROKERS: [&str; 6] = ["虚构证券", "无名证券", "远山证券", "云中证券", "海角证券", "天涯证券"];
const AUTHORS: [&str; 5] = ["张虚", "李构,王无", "赵名", "陈远,周山", "吴云"];
const RATINGS: [Option<&str>; 5] = [Some("买入"), Some("增持"), Some("推荐"), Some("中性"), None];

/// Reports on three companies in four: one row per year they cover, which appears once the vendor has loaded it.
pub(super) fn research(mut it: Occasion<'_>) -> Vec<Record<'static>> {
    let (Some((_, now)), false, false) = (it.capital(), it.number() % 4 == 3, it.dice.once_in(2)) else {
        return Vec::new();
    };
    // One in seven is a week late, one in forty more than a year: the vendor backfills.
    let late = match it.dice.roll(0..40) {
        0 => it.dice.roll(380..700),
        1..7 => it.dice.roll(1..12),
        _ => 0,
    };
    it.from = on(after(it.day, late), 19 + u32::from(it.dice.once_in(3)), 30);
    // The last full year that a report can know about.
    it.quarter = Quarter(Quarter::of(before(it.day, 120)).0.div_euclid(4) * 4 - 1);
    let (books, last, loaded) = (it.accounts(), it.quarter.year(), it.from.format("%Y-%m-%d %H:%M:%S").to_string());
    let title = format!("{}({last})点评", it.stock.security.name_while_listed());
    let (broker, author, rating) = (*it.dice.one_of(&BROKERS), *it.dice.one_of(&AUTHORS), *it.dice.one_of(&RATINGS));
    let (lowest, highest) = (it.dice.once_in(4).then_some(now * 12 / 10), it.dice.once_in(12).then_some(now * 14 / 10));
    let years = 2 + i32::from(it.dice.once_in(2));
    let rows = (1..=years).map(|ahead| {
        let growth = 100 + i64::from(ahead) * it.dice.roll(4..18);
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
