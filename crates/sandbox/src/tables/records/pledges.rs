//! Shares that stand as security for loans: `pledge_stat` week by week, `pledge_detail` deal by deal.
//!
//! The two do not add up; the vendor's do not either.

use super::occasion::{Occasion, life};
use crate::market::Stock;
use crate::market::calendar::weekday_before;
use crate::market::dice::dice;
use crate::market::moments::{after, on};
use crate::tables::asked::Asked;
use crate::tables::record::Record;
use crate::tables::reports::indicators::percent;
use crate::tables::value::{Value, line, millionths, whole};
use chrono::{Datelike, NaiveDate, Weekday};
use rand::RngExt;

/// Weeks for which a company's pledges stay as they are.
const STEADY: i32 = 6;

/// Every other company has pledges at the end of every week, which are known on the Monday after.
pub(super) fn weeks(asked: &Asked<'_>, stock: &Stock) -> Vec<Record<'static>> {
    let market = asked.market;
    let number = stock.security.number;
    let Some((first, last)) = life(market, stock).filter(|_| number.is_multiple_of(2)) else {
        return Vec::new();
    };
    let fridays = first.iter_days().take_while(|day| *day <= last).filter(|day| day.weekday() == Weekday::Fri);
    let week = |friday: NaiveDate| {
        let total = stock.history.capital(market.calendar.session_by(friday))?.total;
        let stretch = usize::try_from(friday.num_days_from_ce() / 7 / STEADY).ok()?;
        let mut rng = dice(market.seed, "pledge totals", number, stretch);
        let (free, bound) = (rng.random_range(1..3000), rng.random_range(-200..200_i64).max(0));
        // In hundreds of shares, which is all that the vendor shows.
        let [free, bound, total] = [total / 10_000 * free, total / 10_000 * bound, total].map(|shares| shares / 100);
        let line = line! {
            end_date: friday, pledge_count: whole(rng.random_range(1..30)), unrest_pledge: whole(free * 100),
            rest_pledge: whole(bound * 100), total_share: whole(total * 100),
            pledge_ratio: Value::Figure(percent(free + bound, total) / 100, 4), update_flag: "0",
        };
        Some(Record::new(on(after(friday, 3), 9, 0), line))
    };
    fridays.filter_map(week).collect()
}

const HOLDERS: [(&str, &str); 4] =
    [("张虚", "个人"), ("虚构控股集团有限公司", "公司"), ("李构", "个人"), ("远山投资合伙企业(有限合伙)", "公司")];
const LENDERS: [&str; 4] = ["虚构证券股份有限公司", "无名银行股份有限公司", "远山信托有限公司", "云中证券股份有限公司"];

/// A deal of a company with pledges. The end of one is filled in, or announced as a row of its own.
pub(super) fn deals(mut it: Occasion<'_>) -> Vec<Record<'static>> {
    let (Some((era, _)), 0) = (it.capital(), it.number() % 2) else {
        return Vec::new();
    };
    let (start, due) = (it.day, (!it.once_in(3)).then(|| after(it.day, 365)));
    let ended = weekday_before(after(start, it.days(40..140)));
    let known = it.evening(ended);
    let ((holder, kind), lender) = (it.one_of(&HOLDERS), it.one_of(&LENDERS));
    let [shares, holding] = [5..300, 600..3000].map(|parts| era.total / 10_000 * it.roll(parts));
    let deal = |announced: NaiveDate, released: Option<NaiveDate>| {
        line! {
            ann_date: announced, holder_name: holder, pledge_amount: whole(shares), start_date: start, end_date: due,
            is_release: if released.is_some() { "1" } else { "0" }, release_date: released, pledgor: lender,
            holding_amount: whole(holding), pledged_amount: whole(shares + holding / 5),
            p_total_ratio: millionths(percent(shares, era.total)), h_total_ratio: millionths(percent(holding, era.total)),
            holder_type: kind, desc: released.map(|_| "解除质押"),
        }
    };
    let fate = it.roll(0..4);
    let open = it.record(deal(start, None));
    let mut rows = match fate {
        0 => open.corrected(known, deal(start, Some(ended))).into(),
        1 => open.followed(known, deal(ended, Some(ended))).into(),
        _ => vec![open],
    };
    // Two deals of the same size with the same lender on one day.
    if it.number() % 8 == 6 {
        rows.extend(rows.clone());
    }
    rows
}
