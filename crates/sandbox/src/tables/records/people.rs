//! Who leads companies, and what it earns them: `stk_managers` and `stk_rewards`.
//!
//! Any likeness to a real person is chance.

use super::Record;
use super::days::{cell, evening, life, optional, quarters};
use crate::Cell;
use crate::market::calendar::weekday_before;
use crate::market::dice::{Topic, dice};
use crate::market::filings::first_told;
use crate::market::moments::{Moment, after, before, on};
use crate::market::{Market, Stock};
use crate::tables::text::{Pen, text};
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
    gender: &'static str,
    born: i32,
    began: NaiveDate,
    /// Announcement and last day.
    left: Option<(NaiveDate, NaiveDate)>,
}

impl Manager {
    /// Whether it is known at a moment that the post is held.
    pub(super) fn holds(&self, at: Option<Moment>) -> bool {
        let begun = at.is_none_or(|at| on(self.began, 0, 0) <= at);
        begun && self.left.is_none_or(|(_, last)| at.is_some_and(|at| at <= on(last, 18, 0)))
    }
}

/// Everybody who leads a company in the market's range. At one post of some companies somebody follows.
pub(super) fn managers(market: &Market, stock: &Stock) -> Vec<Manager> {
    let number = stock.security.number;
    let Some(listed) = stock.security.listed_on() else {
        return Vec::new();
    };
    let mut rng = dice(market.seed, Topic::People, number, 0);
    let changing = life(market, stock).filter(|_| number % 3 == 1).map(|(first, last)| {
        let days = last.signed_duration_since(first).num_days();
        (number / 3 % POSTS.len(), after(first, rng.random_range(0..days).unsigned_abs()))
    });
    let mut managers = Vec::new();
    for (post, (class, title)) in POSTS.into_iter().enumerate() {
        let mut somebody = |began: NaiveDate, left| {
            let (surname, given) = (rng.random_range(0..SURNAMES.len()), rng.random_range(0..GIVEN.len()));
            let name = format!("{}{}", SURNAMES[surname], GIVEN[given]);
            let (gender, born) = (["M", "M", "F"][rng.random_range(0..3)], began.year() - rng.random_range(35..60));
            Manager { name, class, title, gender, born, began, left }
        };
        let began = weekday_before(before(listed, 200));
        match changing.filter(|(place, _)| *place == post) {
            Some((_, last)) => {
                managers.push(somebody(began, Some((last, last))));
                managers.push(somebody(after(last, 1), None));
            }
            None => managers.push(somebody(began, None)),
        }
    }
    managers
}

/// A row for each; the end of a term is filled in when it is announced.
pub(super) fn stk_managers(market: &Market, stock: &Stock) -> Vec<Record> {
    let mut rng = dice(market.seed, Topic::People, stock.security.number, 1);
    let mut rows = Vec::new();
    for manager in managers(market, stock) {
        let announced = before(manager.began, 1);
        let row = |last| leader(stock, &manager, announced, last);
        let first = Record::new(evening(&mut rng, announced), row(None));
        match manager.left {
            Some((told, last)) => {
                let known = evening(&mut rng, told);
                rows.extend([first.until(known), Record::new(known, row(Some(last)))]);
            }
            None => rows.push(first),
        }
    }
    rows
}

fn leader(stock: &Stock, manager: &Manager, announced: NaiveDate, last: Option<NaiveDate>) -> Vec<Cell> {
    let born = manager.born;
    vec![
        text(&stock.security.code),
        cell(announced),
        text(&manager.name),
        text(manager.gender),
        text(manager.class),
        text(manager.title),
        if born % 4 == 0 { Cell::Null } else { text(["本科", "硕士", "博士"][born.unsigned_abs() as usize % 3]) },
        text("中国"),
        // Some with a month.
        text(&if born % 3 == 0 { format!("{born}{:02}", born % 12 + 1) } else { born.to_string() }),
        cell(manager.began),
        optional(last),
        text(&format!("{}先生或女士，虚构人物。", manager.name)),
    ]
}

/// What the annual report says each was paid and holds.
pub(super) fn stk_rewards(market: &Market, stock: &Stock) -> Vec<Record> {
    let security = &stock.security;
    let managers = managers(market, stock);
    let years = quarters(stock).filter(|quarter| quarter.of_year() == 4);
    years
        .flat_map(|quarter| {
            let mut pen = Pen { rng: dice(market.seed, Topic::Rewards, security.number, quarter.moment()) };
            let told = first_told(market, security, quarter);
            let from = evening(&mut pen.rng, told);
            let end = on(quarter.end(), 12, 0);
            let there: Vec<&Manager> = managers.iter().filter(|manager| manager.holds(Some(end))).collect();
            there
                .into_iter()
                .map(|manager| {
                    let (pay, shares) =
                        (pen.rng.random_range(20..400) * 1_000_000, pen.rng.random_range(0..90_000) * 100);
                    let (paid, holds) = (!pen.once_in(12), !pen.once_in(3));
                    let cells = vec![
                        text(&security.code),
                        cell(told),
                        cell(quarter.end()),
                        text(&manager.name),
                        text(manager.title),
                        pen.optional(paid.then_some(pay), 2),
                        pen.optional(holds.then_some(shares), 0),
                    ];
                    Record::new(from, cells)
                })
                .collect::<Vec<_>>()
        })
        .collect()
}
