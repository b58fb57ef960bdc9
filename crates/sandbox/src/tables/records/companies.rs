//! What companies are and were called, and who runs them. Any likeness to a real person is chance.

use super::occasion::{Occasion, evening, life};
use crate::market::{Board, Market, Moment, Stock, after, before, on, weekday_before};
use crate::tables::{Asked, Line, Record, fen, line, whole};
use chrono::{Datelike, NaiveDate};

/// The companies known at a moment, by code.
fn known<'a>(asked: &Asked<'a>) -> impl Iterator<Item = (&'a Stock, NaiveDate)> {
    let at = asked.at;
    asked.market.stocks.iter().filter_map(move |stock| {
        let listed = stock.security.listed_on()?;
        at.is_none_or(|at| on(listed, 0, 0) <= at).then_some((stock, listed))
    })
}

/// The current profile of every listed company. Staff is counted once a year, posts change hands.
pub(super) fn profiles<'a>(asked: &Asked<'a>) -> Vec<Line<'a>> {
    let (market, at) = (asked.market, asked.at);
    let today = at.map_or(market.calendar.end, |at| at.date().min(market.calendar.end));
    let profile = |(stock, listed): (&'a Stock, NaiveDate)| {
        let (number, company) = (stock.security.number, &stock.security.company);
        let mut dice = market.dice("profile", number, 0);
        let managers = managers(market, stock);
        let post = |title: &str| {
            let holder = managers.iter().find(|manager| manager.title.starts_with(title) && manager.holds(at));
            holder.map(|manager| manager.name.clone())
        };
        let capital = stock.history.capital(market.calendar.session_by(today));
        let staff = dice.roll(80..9000) + i64::from(today.year() - 2000) * 3;
        line! {
            ts_code: stock.security.code.as_str(), com_name: company.full_name.as_str(),
            exchange: stock.security.board.exchange(),
            chairman: post("董事长"), manager: post("总经理"), secretary: post("董事会秘书"),
            reg_capital: capital.map(|era| fen(era.total * 100)), province: company.area,
            setup_date: before(listed, dice.roll(1500..6000)),
            employees: (number % 9 != 8).then_some(whole(staff)),
            ann_date: NaiveDate::from_ymd_opt(today.year() - i32::from(today.month() < 6), 5, 30),
        }
    };
    known(asked).map(profile).collect()
}

/// Beijing companies under their former codes.
pub(super) fn renumbered<'a>(asked: &Asked<'a>) -> Vec<Line<'a>> {
    let beijing = known(asked).filter(|(stock, _)| stock.security.board == Board::Beijing && !stock.security.debut);
    let row = |(stock, listed): (&Stock, NaiveDate)| {
        let security = &stock.security;
        let former = [430_000, 830_000, 870_000][security.number / 20 % 3] + security.number;
        line! {
            name: security.name_while_listed(), o_code: format!("{former}.BJ"), n_code: security.code.as_str(),
            list_date: listed,
        }
    };
    beijing.map(row).collect()
}

/// All names of a company since its listing: the name, the first day and the reason.
fn names(asked: &Asked<'_>, stock: &Stock, listed: NaiveDate) -> Vec<(String, NaiveDate, &'static str)> {
    let security = &stock.security;
    let name = security.name_while_listed();
    let mut names = vec![(name.to_owned(), listed, "其他")];
    let Some((from, to)) = life(asked.market, stock) else {
        return names;
    };
    let mut dice = asked.market.dice("names", security.number, 0);
    let days = to.signed_duration_since(from).num_days().unsigned_abs();
    let middle = weekday_before(after(from, dice.roll(days / 4..=days / 2)));
    // Under special treatment if it is on that list, which never changes.
    if security.number % 12 == 7 {
        names.push((format!("ST{name}"), weekday_before(before(from, 40)).max(listed), "ST"));
    } else if security.number % 5 == 2 {
        names[0].0 = format!("原{name}");
        names.push((name.to_owned(), middle, "改名"));
    } else if security.number % 10 == 1 {
        // And back again.
        names.push((format!("*ST{name}"), weekday_before(before(from, 300)), "*ST"));
        names.push((name.to_owned(), middle, "撤销*ST"));
    }
    if let Some(last) = security.delisted_on().filter(|_| security.status == "D") {
        names.push((security.company.name.clone(), before(last, 20), "退市整理"));
    }
    names.retain(|(_, start, _)| *start >= listed);
    names
}

/// A row for each name, usually left open for ever. When the next name comes, every third row is closed, and every
/// third time the closed row appears next to the open one.
pub(super) fn renamings(asked: &Asked<'_>, stock: &Stock) -> Vec<Record<'static>> {
    let number = stock.security.number;
    let names = stock.security.listed_on().map(|listed| names(asked, stock, listed)).unwrap_or_default();
    let mut rows = Vec::new();
    for (place, (name, start, reason)) in names.iter().enumerate() {
        let announced = weekday_before(before(*start, 1));
        let dated = (number + place).is_multiple_of(3);
        let row = |end: Option<NaiveDate>| {
            line! {
                name: name.as_str(), start_date: *start, end_date: end, ann_date: dated.then_some(announced),
                change_reason: *reason,
            }
        };
        let open = Record::new(on(if dated { announced } else { *start }, 17, 30), row(None));
        let next = names.get(place + 1).map(|(_, next, _)| (on(*next, 17, 30), row(Some(before(*next, 1)))));
        match (next, (number / 5 + place) % 3) {
            (Some((from, closed)), 0) => rows.extend(open.corrected(from, closed)),
            (Some((from, closed)), 1) => rows.extend(open.followed(from, closed)),
            _ => rows.push(open),
        }
    }
    // The first row of some companies is duplicated.
    rows.extend(rows.first().cloned().filter(|_| number % 10 == 6));
    rows
}

/// Classes and posts of managers.
const POSTS: [(&str, &str); 4] =
    [("董事会成员", "董事长,董事"), ("高管", "总经理"), ("高管", "董事会秘书"), ("监事会成员", "监事会主席")];
const SURNAMES: [&str; 12] = ["张", "李", "王", "赵", "陈", "周", "吴", "郑", "孙", "钱", "冯", "沈"];
const GIVEN: [&str; 10] = ["虚", "构", "无名", "远", "山", "云", "子虚", "乌有", "海", "天"];

/// A person at a post for some time.
struct Manager {
    name: String,
    class: &'static str,
    title: &'static str,
    born: i32,
    began: NaiveDate,
    /// The last day, which is also when it is announced.
    last: Option<NaiveDate>,
}

impl Manager {
    /// Whether, as known at a moment, the post is held.
    fn holds(&self, at: Option<Moment>) -> bool {
        let begun = at.is_none_or(|at| on(self.began, 0, 0) <= at);
        begun && self.last.is_none_or(|last| at.is_some_and(|at| at <= on(last, 18, 0)))
    }
}

/// All managers of a company in the market's range. One post at some companies has a successor.
fn managers(market: &Market, stock: &Stock) -> Vec<Manager> {
    let number = stock.security.number;
    let Some(listed) = stock.security.listed_on() else {
        return Vec::new();
    };
    let mut dice = market.dice("people", number, 0);
    let change = life(market, stock).filter(|_| number % 3 == 1).map(|(first, last)| {
        let days = last.signed_duration_since(first).num_days();
        after(first, dice.roll(0..days).unsigned_abs())
    });
    let began = weekday_before(before(listed, 200));
    let mut managers = Vec::new();
    for (post, (class, title)) in POSTS.into_iter().enumerate() {
        let last = change.filter(|_| number / 3 % POSTS.len() == post);
        let terms = std::iter::once((began, last)).chain(last.map(|last| (after(last, 1), None)));
        managers.extend(terms.map(|(began, last)| {
            let name = [*dice.one_of(&SURNAMES), *dice.one_of(&GIVEN)].concat();
            Manager { name, class, title, born: began.year() - dice.roll(35..60), began, last }
        }));
    }
    managers
}

/// A row for each; the end of a term is filled in when it is announced.
pub(super) fn leaders(asked: &Asked<'_>, stock: &Stock) -> Vec<Record<'static>> {
    let market = asked.market;
    let mut dice = market.dice("people", stock.security.number, 1);
    let row = |Manager { name, class, title, born, began, last }: Manager| {
        let leader = |last: Option<NaiveDate>| {
            line! {
                ann_date: before(began, 1), name: name.as_str(), gender: ["M", "M", "F"][born.unsigned_abs() as usize / 5 % 3],
                lev: class, title: title, national: "中国", begin_date: began, end_date: last,
                // Some with a month.
                birthday: if born % 3 == 0 { format!("{born}{:02}", born % 12 + 1) } else { born.to_string() },
            }
        };
        let from = evening(&mut dice, before(began, 1));
        let row = Record::new(from, leader(None));
        match last {
            Some(day) => row.corrected(evening(&mut dice, day), leader(last)).into(),
            None => vec![row],
        }
    };
    managers(market, stock).into_iter().flat_map(row).collect()
}

/// What each manager is paid and holds, by the annual report.
pub(super) fn rewards(it: &Occasion<'_>) -> Vec<Record<'static>> {
    if it.quarter.of_year() != 4 {
        return Vec::new();
    }
    let (announced, end) = (it.day, it.quarter.end());
    let there = managers(it.market, it.stock).into_iter().filter(|manager| manager.holds(Some(on(end, 12, 0))));
    let row = |manager: Manager| line! { ann_date: announced, end_date: end, name: manager.name, title: manager.title };
    there.map(|manager| it.record(row(manager))).collect()
}
