//! What companies are and were called: `stock_company`, `bse_mapping` and `namechange`.
//!
//! The first two are snapshots.

use super::Record;
use super::days::{cell, life, optional};
use super::people::{Manager, managers};
use crate::Cell;
use crate::market::calendar::weekday_before;
use crate::market::dice::{Topic, dice};
use crate::market::moments::{Moment, after, before, on};
use crate::market::securities::Board;
use crate::market::{Market, Stock};
use crate::tables::text::{Pen, integer, optional_text, text};
use chrono::{Datelike, NaiveDate};
use rand::RngExt;

/// Companies that a moment knows of, by code.
pub(super) fn known(market: &Market, at: Option<Moment>) -> impl Iterator<Item = (&Stock, NaiveDate)> {
    market.stocks.iter().filter_map(move |stock| {
        let listed = stock.security.listed_on()?;
        at.is_none_or(|at| on(listed, 0, 0) <= at).then_some((stock, listed))
    })
}

/// Every listed company as it presents itself now; staff is counted once a year, posts change hands.
pub(in crate::tables) fn stock_company(market: &Market, at: Option<Moment>) -> Vec<Vec<Cell>> {
    let last = market.calendar.end;
    let today = at.map_or(last, |at| at.date().min(last));
    known(market, at).map(|(stock, listed)| profile(market, stock, listed, today, at)).collect()
}

fn profile(market: &Market, stock: &Stock, listed: NaiveDate, today: NaiveDate, at: Option<Moment>) -> Vec<Cell> {
    let (security, company) = (&stock.security, &stock.security.company);
    let mut pen = Pen { rng: dice(market.seed, Topic::Profile, security.number, 0) };
    let name = company.full_name.as_str();
    let managers = managers(market, stock);
    let post = |title: &str| {
        let holder = managers.iter().find(|manager| manager.title.starts_with(title) && manager.holds(at));
        optional_text(holder.map(|Manager { name, .. }| name.as_str()))
    };
    let capital = stock.history.capital(market.calendar.session_by(today)).map(|era| era.total);
    let staff = pen.rng.random_range(80..9000);
    let founded = before(listed, pen.rng.random_range(1500..6000));
    let counted = i64::from(today.year() - 2000) * 3;
    vec![
        text(&security.code),
        text(name),
        text(&format!("91{:016}", 310_000_000_000 + security.number)),
        text(security.board.exchange()),
        post("董事长"),
        post("总经理"),
        post("董事会秘书"),
        pen.optional(capital.map(|shares| shares / 100), 2),
        cell(founded),
        text(company.area),
        optional_text((security.number % 5 != 0).then_some("虚构市")),
        text(&format!("{name}是一家虚构的公司。")),
        text(&format!("www.example{}.com", security.number)),
        text(&format!("ir@example{}.com", security.number)),
        optional_text((security.number % 7 != 3).then_some("虚构市东风路1号")),
        if security.number % 9 == 8 { Cell::Null } else { integer(staff + counted) },
        text(company.industry),
        text(&format!("{}的研发、生产和销售", company.industry)),
        text(&format!("{}0530", today.year() - i32::from(today.month() < 6))),
    ]
}

/// Companies of Beijing under the code that they had before.
pub(in crate::tables) fn bse_mapping(market: &Market, at: Option<Moment>) -> Vec<Vec<Cell>> {
    known(market, at)
        .filter(|(stock, _)| stock.security.board == Board::Beijing && !stock.security.debut)
        .map(|(stock, listed)| {
            let security = &stock.security;
            let former = [430_000, 830_000, 870_000][security.number / 20 % 3] + security.number;
            vec![text(security.name_while_listed()), text(&format!("{former}.BJ")), text(&security.code), cell(listed)]
        })
        .collect()
}

/// A name and the first day it holds.
struct Name {
    words: String,
    start: NaiveDate,
    reason: &'static str,
}

/// Every name a company has had since its listing.
fn names(market: &Market, stock: &Stock, listed: NaiveDate) -> Vec<Name> {
    let security = &stock.security;
    let name = security.name_while_listed();
    let first = Name { words: name.to_owned(), start: listed, reason: "其他" };
    let Some((from, to)) = life(market, stock) else {
        return vec![first];
    };
    let mut rng = dice(market.seed, Topic::Names, security.number, 0);
    let days = to.signed_duration_since(from).num_days();
    let middle = weekday_before(after(from, rng.random_range(days / 4..=days / 2).unsigned_abs()));
    let mut names = vec![first];
    // Under special treatment when it is on that list, which holds all the time.
    if security.number % 12 == 7 {
        let start = weekday_before(before(from, 40)).max(listed);
        names.push(Name { words: format!("ST{name}"), start, reason: "ST" });
    } else if security.number % 5 == 2 {
        names[0].words = format!("原{name}");
        names.push(Name { words: name.to_owned(), start: middle, reason: "改名" });
    } else if security.number % 10 == 1 {
        // And back again.
        let start = weekday_before(before(from, 300));
        names.push(Name { words: format!("*ST{name}"), start, reason: "*ST" });
        names.push(Name { words: name.to_owned(), start: middle, reason: "撤销*ST" });
    }
    if let Some(last) = security.delisted_on().filter(|_| security.status == "D") {
        names.push(Name { words: security.company.name.clone(), start: before(last, 20), reason: "退市整理" });
    }
    names.retain(|name| name.start >= listed);
    names
}

/// A row for each name, mostly left open for ever: when the next one comes, every third is closed, and in every third
/// case the closed row stands beside the open one.
pub(super) fn namechange(market: &Market, stock: &Stock) -> Vec<Record> {
    let Some(listed) = stock.security.listed_on() else {
        return Vec::new();
    };
    let number = stock.security.number;
    let names = names(market, stock, listed);
    let mut rows = Vec::new();
    for (place, name) in names.iter().enumerate() {
        let announced = weekday_before(before(name.start, 1));
        let dated = (number + place).is_multiple_of(3);
        let row = |end: Option<NaiveDate>| {
            vec![
                text(&stock.security.code),
                text(&name.words),
                cell(name.start),
                optional(end),
                optional(dated.then_some(announced)),
                text(name.reason),
            ]
        };
        let open = Record::new(on(if dated { announced } else { name.start }, 17, 30), row(None));
        let next = names.get(place + 1).map(|next| (on(next.start, 17, 30), before(next.start, 1)));
        match (next, (number / 5 + place) % 3) {
            (Some((closing, last)), 0) => rows.extend([open.until(closing), Record::new(closing, row(Some(last)))]),
            (Some((closing, last)), 1) => rows.extend([open, Record::new(closing, row(Some(last)))]),
            _ => rows.push(open),
        }
    }
    // Said twice.
    if number % 10 == 6 {
        rows.extend(rows.first().cloned());
    }
    rows
}
