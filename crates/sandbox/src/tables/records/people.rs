//! Who leads companies, and what it earns them: `stk_managers` and `stk_rewards`.
//!
//! Any likeness to a real person is chance.

use super::occasion::{Occasion, evening, life};
use crate::market::calendar::weekday_before;
use crate::market::dice::dice;
use crate::market::moments::{Moment, after, before, on};
use crate::market::{Market, Stock};
use crate::tables::asked::Asked;
use crate::tables::record::Record;
use crate::tables::value::line;
use chrono::{Datelike, NaiveDate};
use rand::RngExt;

/// Classes and posts of those who lead a company.
const POSTS: [(&str, &str); 5] = [
    ("董事会成员", "董事长,董事"),
    ("高管", "总经理"),
    ("高管", "董事会秘书"),
    ("高管", "财务总监"),
    ("监事会成员", "监事会主席"),
];
const SURNAMES: [&str; 12] = ["张", "李", "王", "赵", "陈", "周", "吴", "郑", "孙", "钱", "冯", "沈"];
const GIVEN: [&str; 10] = ["虚", "构", "无名", "远", "山", "云", "子虚", "乌有", "海", "天"];

/// Somebody at a post for some time.
pub(super) struct Manager {
    pub(super) name: String,
    class: &'static str,
    pub(super) title: &'static str,
    born: i32,
    began: NaiveDate,
    /// The last day, on which it is announced.
    last: Option<NaiveDate>,
}

impl Manager {
    /// Whether it is known at a moment that the post is held.
    pub(super) fn holds(&self, at: Option<Moment>) -> bool {
        let begun = at.is_none_or(|at| on(self.began, 0, 0) <= at);
        begun && self.last.is_none_or(|last| at.is_some_and(|at| at <= on(last, 18, 0)))
    }
}

/// Everybody who leads a company in the market's range. At one post of some companies somebody follows.
pub(super) fn managers(market: &Market, stock: &Stock) -> Vec<Manager> {
    let number = stock.security.number;
    let Some(listed) = stock.security.listed_on() else {
        return Vec::new();
    };
    let mut rng = dice(market.seed, "people", number, 0);
    let change = life(market, stock).filter(|_| number % 3 == 1).map(|(first, last)| {
        let days = last.signed_duration_since(first).num_days();
        after(first, rng.random_range(0..days).unsigned_abs())
    });
    let began = weekday_before(before(listed, 200));
    let mut managers = Vec::new();
    for (post, (class, title)) in POSTS.into_iter().enumerate() {
        let mut manager = |began: NaiveDate, last| {
            let name = [SURNAMES[rng.random_range(0..12)], GIVEN[rng.random_range(0..10)]].concat();
            managers.push(Manager { name, class, title, born: began.year() - rng.random_range(35..60), began, last });
        };
        let last = change.filter(|_| number / 3 % POSTS.len() == post);
        manager(began, last);
        if let Some(last) = last {
            manager(after(last, 1), None);
        }
    }
    managers
}

/// A row for each; the end of a term is filled in when it is announced.
pub(super) fn leaders(asked: &Asked<'_>, stock: &Stock) -> Vec<Record<'static>> {
    let market = asked.market;
    let mut rng = dice(market.seed, "people", stock.security.number, 1);
    let mut rows = Vec::new();
    for Manager { name, class, title, born, began, last } in managers(market, stock) {
        let leader = |last: Option<NaiveDate>| {
            line! {
                ann_date: before(began, 1), name: name.as_str(), gender: ["M", "M", "F"][born.unsigned_abs() as usize / 5 % 3],
                lev: class, title: title, national: "中国", begin_date: began, end_date: last,
                // Some with a month.
                birthday: if born % 3 == 0 { format!("{born}{:02}", born % 12 + 1) } else { born.to_string() },
            }
        };
        let from = evening(&mut rng, before(began, 1));
        let row = Record::new(from, leader(None));
        match last {
            Some(day) => rows.extend(row.corrected(evening(&mut rng, day), leader(last))),
            None => rows.push(row),
        }
    }
    rows
}

/// What the annual report says each was paid and holds.
pub(super) fn rewards(it: &Occasion<'_>) -> Vec<Record<'static>> {
    if it.quarter.of_year() != 4 {
        return Vec::new();
    }
    let (told, end) = (it.day, it.quarter.end());
    let there = managers(it.market, it.stock).into_iter().filter(|manager| manager.holds(Some(on(end, 12, 0))));
    let row = |manager: Manager| line! { ann_date: told, end_date: end, name: manager.name, title: manager.title };
    there.map(|manager| it.record(row(manager))).collect()
}
