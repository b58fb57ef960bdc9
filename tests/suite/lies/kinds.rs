//! The lies that a vendor's replies may contain, each with how it changes a reply.

use chrono::{Datelike as _, Days, NaiveDate};
use serde_json::Value;

use crate::dice::Dice;
use crate::proxy::{Change, Rows, Turn};

/// The most rows that a lying interface returns at once, so that the replies of a small market have pages.
const CAP: usize = 7;

/// The lying interfaces, each with the parameter and the field of its day, and a numeric field that is not in its key.
pub(super) const LIARS: [(&str, &str, &str, &str); 5] = [
    ("daily", "trade_date", "trade_date", "vol"),
    ("daily_basic", "trade_date", "trade_date", "total_mv"),
    ("adj_factor", "trade_date", "trade_date", "adj_factor"),
    ("income_vip", "period", "end_date", "n_income"),
    ("stk_holdertrade", "ann_date", "ann_date", "change_vol"),
];

/// How a lie changes a reply.
#[derive(Clone, Copy)]
pub(super) enum Lie {
    /// Other rows.
    Rows(fn(&mut Rows, &Liar, &mut Dice)),
    /// The answer to another request; `None` if the lie does not apply to the request.
    Instead(fn(&Value, &Liar) -> Option<Value>),
    /// One of many refusals.
    Hiccup,
    /// A truncated body.
    Cut,
}

/// A lying interface.
#[derive(Clone, Copy)]
pub(super) struct Liar {
    /// The parameter with the day.
    param: &'static str,
    /// The field with the day.
    day: &'static str,
    /// A numeric field of each row.
    number: &'static str,
}

/// Every lie, by name.
pub(super) const LIES: [(&str, Lie); 20] = [
    ("a row dropped", Lie::Rows(|rows, _, dice| drop(rows.items.remove(dice.below(rows.items.len()))))),
    (
        "a row in place of another",
        Lie::Rows(|rows, _, dice| {
            let [from, to] = [(); 2].map(|()| dice.below(rows.items.len()));
            rows.items[to] = rows.items[from].clone();
        }),
    ),
    (
        "an unknown security in place of another",
        Lie::Rows(|rows, _, dice| {
            // At a page boundary it would come next to the other one, and the answer would be complete.
            if let Some(inner) = rows.items.len().checked_sub(2).filter(|inner| *inner > 0) {
                rows.set(1 + dice.below(inner), "ts_code", "\"603999.SH\"");
            }
        }),
    ),
    (
        "a key twice with other figures",
        Lie::Rows(|rows, liar, dice| {
            rows.items.push(rows.items[dice.below(rows.items.len())].clone());
            rows.set(rows.items.len() - 1, liar.number, "0.75");
        }),
    ),
    (
        "a column dropped",
        Lie::Rows(|rows, liar, _| {
            let place = rows.place(liar.number);
            rows.fields.remove(place);
            for row in &mut rows.items {
                row.remove(place);
            }
        }),
    ),
    (
        "days as midnights",
        Lie::Rows(|rows, liar, _| {
            let place = rows.place(liar.day);
            for row in 0..rows.items.len() {
                let digits = rows.items[row][place].get().trim_matches('"').to_owned();
                let (year, rest) = digits.split_at(4);
                let (month, day) = rest.split_at(2);
                rows.set(row, liar.day, &format!("\"{year}-{month}-{day} 00:00:00\""));
            }
        }),
    ),
    ("a day as another instant", Lie::Rows(|rows, liar, dice| any(rows, dice, liar.day, "\"2024-01-02 10:30:00\""))),
    ("nan for a number", Lie::Rows(|rows, liar, dice| any(rows, dice, liar.number, "\"nan\""))),
    ("four hundred digits", Lie::Rows(|rows, liar, dice| any(rows, dice, liar.number, &"7".repeat(400)))),
    ("an exponent beyond range", Lie::Rows(|rows, liar, dice| any(rows, dice, liar.number, "1e999999999999"))),
    ("half of the rows", Lie::Rows(|rows, _, _| rows.items.truncate(rows.items.len() / 2))),
    ("no rows", Lie::Rows(|rows, _, _| rows.items.clear())),
    ("the rows of an earlier day", Lie::Instead(|request, liar| other(request, liar.param, earlier))),
    ("a page that begins one row late", Lie::Instead(|request, _| other(request, "offset", |n| moved(n, 1)))),
    ("a page that begins one row early", Lie::Instead(|request, _| other(request, "offset", |n| moved(n, -1)))),
    (
        "a page that repeats the one before",
        Lie::Instead(|request, _| other(request, "offset", |n| moved(n, -CAP.cast_signed()))),
    ),
    ("a page of one row more", Lie::Instead(|request, _| other(request, "limit", one_more))),
    ("a hiccup", Lie::Hiccup),
    ("a body that breaks off", Lie::Cut),
    (
        "enumerations as decimals",
        Lie::Rows(|rows, _, _| {
            for field in ["report_type", "comp_type", "update_flag"] {
                let Some(place) = rows.fields.iter().position(|name| name == field) else { continue };
                for row in 0..rows.items.len() {
                    let value = rows.items[row][place].get().trim_matches('"').to_owned();
                    if value.bytes().all(|byte| byte.is_ascii_digit()) {
                        rows.set(row, field, &format!("{value}.0"));
                    }
                }
            }
        }),
    ),
];

/// Refusals that say nothing about the call.
const HICCUPS: [(&str, &str, &str); 6] = [
    ("200 OK", "", r#"{"code":-1000,"msg":"系统内部错误","data":null}"#),
    ("200 OK", "", r#"{"code":50101,"msg":"","data":null}"#),
    ("200 OK", "", r#"{"code":40203,"msg":"查询数据失败，请稍后再试","data":null}"#),
    ("500 Internal Server Error", "", "<html>"),
    ("502 Bad Gateway", "", ""),
    ("429 Too Many Requests", "retry-after: 1\r\n", r#"{"code":-1,"msg":"busy","data":null}"#),
];

fn any(rows: &mut Rows, dice: &mut Dice, field: &str, json: &str) {
    rows.set(dice.below(rows.items.len()), field, json);
}

/// A request with another value of a parameter.
fn other(request: &Value, param: &str, change: fn(&str) -> Option<String>) -> Option<Value> {
    let mut request = request.clone();
    let changed = change(request["params"][param].as_str()?)?;
    request["params"][param] = changed.into();
    Some(request)
}

/// The weekday or quarter end before a day.
fn earlier(day: &str) -> Option<String> {
    let day = NaiveDate::parse_from_str(day, "%Y%m%d").ok()?;
    let before = match (day.month(), day.day()) {
        (3, 31) => NaiveDate::from_ymd_opt(day.year() - 1, 12, 31)?,
        (6, 30) => NaiveDate::from_ymd_opt(day.year(), 3, 31)?,
        (9, 30) => NaiveDate::from_ymd_opt(day.year(), 6, 30)?,
        (12, 31) => NaiveDate::from_ymd_opt(day.year(), 9, 30)?,
        _ => day - Days::new(if day.weekday() == chrono::Weekday::Mon { 3 } else { 1 }),
    };
    Some(before.format("%Y%m%d").to_string())
}

/// One more than a limit.
fn one_more(limit: &str) -> Option<String> {
    limit.parse::<usize>().ok().map(|limit| (limit + 1).to_string())
}

/// The offset of a page after the first, moved.
fn moved(offset: &str, by: isize) -> Option<String> {
    let offset: isize = offset.parse().ok()?;
    (offset > 0).then(|| (offset + by).max(0).to_string())
}

/// The reply to a request, in small pages: the truth if there is no lie.
pub(super) fn turn(lie: Option<Lie>, request: &Value, mut dice: Dice) -> Turn {
    let Some((_, param, day, number)) = LIARS.into_iter().find(|liar| request["api_name"] == liar.0) else {
        return Turn::Pass;
    };
    let liar = Liar { param, day, number };
    let mut paged = request.clone();
    let limit: usize = request["params"]["limit"].as_str().and_then(|limit| limit.parse().ok()).unwrap_or(CAP);
    paged["params"]["limit"] = limit.min(CAP).to_string().into();
    let change: Change = match lie {
        Some(Lie::Rows(change)) => Box::new(move |rows: &mut Rows| change(rows, &liar, &mut dice)),
        Some(Lie::Instead(other)) => {
            paged = other(&paged, &liar).unwrap_or(paged);
            Box::new(|_: &mut Rows| {})
        }
        Some(Lie::Hiccup) => {
            let (status, headers, body) = HICCUPS[dice.below(HICCUPS.len())];
            return Turn::Reply(status, headers, body.to_owned());
        }
        Some(Lie::Cut) => return Turn::Cut,
        None => Box::new(|_: &mut Rows| {}),
    };
    Turn::Instead(paged, change)
}
