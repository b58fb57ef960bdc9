//! Interfaces of what is inside a session: price levels of a stock's chips and minute bars.
//!
//! A market holds millions of such rows, so they are made for the stocks and days of a request only, and all of them
//! only for small markets. Rows of any other kind are elsewhere.

pub(crate) mod chips;
mod minutes;

use super::release::Release;
use super::select::Params;
use super::{Content, Interface};
use crate::Cell;
use crate::market::Market;
use crate::market::moments::Moment;

/// The interfaces, in the order that addresses their dice.
pub(crate) static DETAILS: [Interface; 2] = [
    Interface {
        name: "cyq_chips",
        folder: "cyq_chips_cn",
        fields: chips::CYQ_CHIPS,
        on_request: &[],
        cap: 6000,
        points: 5000,
        per_minute: Some(200),
        one_of: &["ts_code"],
        filters: &[],
        renamed: &[],
        defaults: &[],
        content: Content::Detail {
            rows: chips::cyq_chips,
            release: Release { hour: (18, 30), late: false, halved: false, drafts: false },
        },
    },
    Interface {
        name: "stk_mins",
        folder: "stk_mins_cn",
        fields: minutes::STK_MINS,
        on_request: &[],
        cap: 8000,
        // Sold separately; here so many points have bought it.
        points: 10_000,
        per_minute: None,
        one_of: &["ts_code", "freq"],
        filters: &[],
        renamed: &[],
        defaults: &[],
        content: Content::Detail {
            rows: minutes::stk_mins,
            release: Release { hour: (17, 0), late: false, halved: false, drafts: false },
        },
    },
];

impl Interface {
    /// Details that a request gets, newest first.
    pub(crate) fn details(
        &self,
        market: &Market,
        at: Option<Moment>,
        params: &Params,
        (skip, take): (usize, usize),
    ) -> Vec<Vec<Cell>> {
        let timed = self.column("trade_time");
        let days = if timed.is_some() { of_days(params) } else { params.clone() };
        let inside = |row: &Vec<Cell>| timed.and_then(|time| row[time].text()).is_none_or(|time| spans(params, time));
        self.places(market, at, &days)
            .flat_map(|place| self.rows_of(&place, params).into_iter().rev())
            .filter(inside)
            .skip(skip)
            .take(take)
            .collect()
    }
}

/// The days that hold a range of times, and no other parameter but the code.
fn of_days(params: &Params) -> Params {
    let day = |time: &String| time.chars().take("YYYY-MM-DD".len()).filter(|sign| *sign != '-').collect();
    let ends =
        ["start_date", "end_date"].into_iter().filter_map(|name| Some((name.to_owned(), day(params.get(name)?))));
    let code = params.get("ts_code").map(|code| ("ts_code".to_owned(), code.clone()));
    ends.chain(code).collect()
}

/// Whether a range of times, `YYYY-MM-DD HH:MM:SS` at either end, holds one.
fn spans(params: &Params, time: &str) -> bool {
    params.get("start_date").is_none_or(|start| start.as_str() <= time)
        && params.get("end_date").is_none_or(|end| time <= end.as_str())
}
