//! Who owns companies, and what holders do with their shares: top tens, counts, trades, lock-ups and pledges. Weekly
//! pledges do not match individual deals; nor do the vendor's.

use super::occasion::{Occasion, life, of_days};
use crate::market::{Quarter, Stock, after, before, on, weekday_before};
use crate::tables::reports::indicators::percent;
use crate::tables::{Asked, Record, Value, fen, line, millionths, whole};
use chrono::{Datelike, NaiveDate, Weekday};

/// Holders of any company after its own, with their kinds.
#[rustfmt::skip]
const HOLDERS: [(&str, &str); 9] = [
    ("香港中央结算有限公司", "境外法人"), ("虚构资产管理有限公司", "投资公司"), ("全国社保基金虚构组合", "社保基金"),
    ("虚构成长混合型证券投资基金", "开放式投资基金"), ("张虚", "自然人"), ("李构", "自然人"), ("王无", "自然人"),
    ("无名人寿保险股份有限公司-传统", "保险公司"), ("远山投资合伙企业(有限合伙)", "合伙企业"),
];

/// The ten largest holders of all shares at the end of every quarter, or of tradable ones. A corrected report is a
/// separate list beside the first.
pub(super) fn ten(mut it: Occasion<'_>, tradable: bool) -> Vec<Record<'static>> {
    let Some(&era) = it.stock.history.capital(it.market.calendar.session_by(it.quarter.end())) else {
        return Vec::new();
    };
    let (number, end, announced) = (it.number(), it.quarter.end(), it.day);
    let owner = format!("{}集团有限公司", it.stock.security.name_while_listed());
    let mut others = HOLDERS;
    // Neighbouring stocks start the list at different places, and some have two products with one name.
    others.rotate_left(number % HOLDERS.len());
    others[7] = others[if number % 7 == 3 { 6 } else { 7 }];
    let again = (number + it.quarter.moment()).is_multiple_of(9).then(|| weekday_before(after(announced, 30)));
    let whole_capital = if tradable { era.float } else { era.total };
    let mut amount = whole_capital / 1000 * it.dice.roll(120..300);
    let mut rows = Vec::new();
    for (name, kind) in std::iter::once((owner.as_str(), "一般企业")).chain(others) {
        let change = if it.dice.once_in(3) { 0 } else { amount / 100 * it.dice.roll(-20..20) };
        let change = (!it.dice.once_in(8)).then_some(whole(change));
        // The tradable part of all shares is often missing.
        let known = tradable || !it.dice.once_in(2);
        let holding = |announced: NaiveDate, amount: i64| {
            line! {
                ann_date: announced, end_date: end, holder_name: name, hold_amount: whole(amount),
                hold_ratio: millionths(percent(amount, era.total)),
                hold_float_ratio: known.then(|| millionths(percent(amount.min(era.float), era.float))),
                hold_change: change.clone(), holder_type: kind,
            }
        };
        let row = it.record(holding(announced, amount));
        match again {
            Some(day) => rows.extend(row.followed(on(day, 18, 0), holding(day, amount - 100))),
            None => rows.push(row),
        }
        amount = amount / 100 * it.dice.roll(35..70);
    }
    rows
}

/// Counts at the end of quarters, published with the report. Some are published again, and some have no date.
pub(super) fn counts_of_quarter(mut it: Occasion<'_>) -> Vec<Record<'static>> {
    let (announced, again, count) = (it.day, weekday_before(after(it.day, 21)), it.dice.roll(2_000..200_000));
    let (end, known) = (it.quarter.end(), it.evening(again));
    let counted = |announced: Option<NaiveDate>, count: i64| {
        line! { ann_date: announced, end_date: end, holder_num: whole(count) }
    };
    match (it.number() + it.quarter.moment() * 5) % 12 {
        7 => vec![it.record(counted(None, count))],
        3 => it.record(counted(Some(announced), count)).followed(known, counted(Some(again), count + 12)).into(),
        _ => vec![it.record(counted(Some(announced), count))],
    }
}

/// Counts of some companies, every few weeks.
pub(super) fn counts_between(mut it: Occasion<'_>) -> Option<Record<'static>> {
    let count = it.number().is_multiple_of(3).then(|| it.dice.roll(2_000..200_000))?;
    Some(it.record(line! { ann_date: it.day, end_date: before(it.day, 4), holder_num: whole(count) }))
}

/// Holders and their kinds; names contain stray blanks.
const TRADERS: [(&str, &str); 5] =
    [("张虚", "G"), ("李构 ", "P"), ("远山投资合伙企业(有限合伙)", "C"), (" 王无", "G"), ("云中产业基金", "C")];

/// At two companies in three, up to three holders announce something on a day; one in five has two identical trades.
pub(super) fn trades(mut it: Occasion<'_>) -> Vec<Record<'static>> {
    let (Some((era, now)), 0 | 1) = (it.capital(), it.number() % 3) else {
        return Vec::new();
    };
    let (first, mut rows) = (it.dice.roll(0..TRADERS.len()), Vec::new());
    for holder in 0..=it.dice.roll(0..3) {
        let (name, kind) = TRADERS[(first + holder) % TRADERS.len()];
        let (traded, left) = (era.float / 100_000 * it.dice.roll(1..900), era.float / 10_000 * it.dice.roll(0..400));
        let average = (it.dice.roll(0..100) < 71).then_some(now * it.dice.roll(92..108) / 100);
        let [began, closed] = [20..90, 1..6].map(|days| before(it.day, it.dice.roll(days)));
        let (dated, way) = (!it.dice.once_in(10), *it.dice.one_of(&["DE", "DE", "IN"]));
        let row = it.record(line! {
            ann_date: it.day, holder_name: name, holder_type: kind, in_de: way,
            change_vol: whole(traded), change_ratio: millionths(percent(traded, era.float)), after_share: whole(left),
            after_ratio: millionths(percent(left, era.float)), avg_price: average.map(fen),
            total_share: whole(if kind == "G" { left * 4 } else { left }),
            begin_date: dated.then_some(began), close_date: dated.then_some(closed),
        });
        let times = 1 + usize::from(it.dice.once_in(5));
        rows.extend(std::iter::repeat_n(row, times));
    }
    rows
}

const CLASSES: [&str; 3] = ["定向增发机构配售股份", "首发原股东限售股份", "股权激励限售股份"];

/// Shares that may be sold from some day on, announced beforehand: usually by days, sometimes by months, and by a year
/// for new stocks. On some days every row is repeated three times, which means nothing.
pub(super) fn lockups(asked: &Asked<'_>, stock: &Stock) -> Vec<Record<'static>> {
    let (market, security) = (asked.market, &stock.security);
    let drawn = of_days(asked, stock, ("lockups", 90)).filter(|it| it.number() % 3 != 1).map(|mut it| {
        let ahead = if it.dice.once_in(4) { it.dice.roll(100..400) } else { it.dice.roll(3..9) };
        (it, ahead)
    });
    let debut = security.listed_on().filter(|_| security.debut).map(|day| {
        let dice = market.dice("lockups", security.number, 0);
        (Occasion { market, stock, quarter: Quarter::of(day), day, from: on(day, 18, 0), dice }, 365)
    });
    drawn.chain(debut).flat_map(|(it, ahead)| expiry(it, ahead)).collect()
}

fn expiry(mut it: Occasion<'_>, ahead: u64) -> Vec<Record<'static>> {
    let Some((era, _)) = it.capital() else {
        return Vec::new();
    };
    let (class, times, first) =
        (*it.dice.one_of(&CLASSES), if it.dice.once_in(3) { 3 } else { 1 }, it.dice.roll(0..HOLDERS.len()));
    let row = |holder: usize| {
        let shares = era.total / 10_000 * it.dice.roll(2..300);
        it.record(line! {
            ann_date: it.day, float_date: weekday_before(after(it.day, ahead)), float_share: whole(shares),
            float_ratio: millionths(percent(shares, era.total)), share_type: class,
            holder_name: HOLDERS[(first + holder) % HOLDERS.len()].0,
        })
    };
    (0..=first % 3).map(row).flat_map(|row| std::iter::repeat_n(row, times)).collect()
}

/// Every other company has pledges at the end of every week, known on the Monday after.
pub(super) fn weeks(asked: &Asked<'_>, stock: &Stock) -> Vec<Record<'static>> {
    let market = asked.market;
    let number = stock.security.number;
    let Some((first, last)) = life(market, stock).filter(|_| number.is_multiple_of(2)) else {
        return Vec::new();
    };
    let fridays = first.iter_days().take_while(|day| *day <= last).filter(|day| day.weekday() == Weekday::Fri);
    let week = |friday: NaiveDate| {
        let total = stock.history.capital(market.calendar.session_by(friday))?.total;
        let mut dice = market.dice("pledged weeks", number, usize::try_from(friday.num_days_from_ce()).ok()?);
        let (free, bound) = (dice.roll(1..3000), dice.roll(-200..200_i64).max(0));
        // In hundreds of shares, which is the vendor's precision.
        let [free, bound, total] = [total / 10_000 * free, total / 10_000 * bound, total].map(|shares| shares / 100);
        let line = line! {
            end_date: friday, pledge_count: whole(dice.roll(1..30)), unrest_pledge: whole(free * 100),
            rest_pledge: whole(bound * 100), total_share: whole(total * 100),
            pledge_ratio: Value::Figure(percent(free + bound, total) / 100, 4), update_flag: "0",
        };
        Some(Record::new(on(after(friday, 3), 9, 0), line))
    };
    fridays.filter_map(week).collect()
}

const PLEDGERS: [(&str, &str); 4] =
    [("张虚", "个人"), ("虚构控股集团有限公司", "公司"), ("李构", "个人"), ("远山投资合伙企业(有限合伙)", "公司")];
const LENDERS: [&str; 4] = ["虚构证券股份有限公司", "无名银行股份有限公司", "远山信托有限公司", "云中证券股份有限公司"];

/// A deal of a company with pledges. Its end is filled in, or announced as a separate row.
pub(super) fn deals(mut it: Occasion<'_>) -> Vec<Record<'static>> {
    let (Some((era, _)), 0) = (it.capital(), it.number() % 2) else {
        return Vec::new();
    };
    let (start, due) = (it.day, (!it.dice.once_in(3)).then(|| after(it.day, 365)));
    let ended = weekday_before(after(start, it.dice.roll(40..140)));
    let known = it.evening(ended);
    let ((holder, kind), lender) = (*it.dice.one_of(&PLEDGERS), *it.dice.one_of(&LENDERS));
    let [shares, holding] = [5..300, 600..3000].map(|parts| era.total / 10_000 * it.dice.roll(parts));
    let deal = |announced: NaiveDate, released: Option<NaiveDate>| {
        line! {
            ann_date: announced, holder_name: holder, pledge_amount: whole(shares), start_date: start, end_date: due,
            is_release: if released.is_some() { "1" } else { "0" }, release_date: released, pledgor: lender,
            holding_amount: whole(holding), pledged_amount: whole(shares + holding / 5),
            p_total_ratio: millionths(percent(shares, era.total)), h_total_ratio: millionths(percent(holding, era.total)),
            holder_type: kind, desc: released.map(|_| "解除质押"),
        }
    };
    let open = it.record(deal(start, None));
    let mut rows = match it.dice.roll(0..4) {
        0 => open.corrected(known, deal(start, Some(ended))).into(),
        1 => open.followed(known, deal(ended, Some(ended))).into(),
        _ => vec![open],
    };
    // Some have two deals of the same size with the same lender on one day.
    if it.number() % 8 == 6 {
        rows.extend(rows.clone());
    }
    rows
}
