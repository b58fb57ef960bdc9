//! Rows of `flows/southbound-holdings`: what the mainland holds of Hong Kong's stocks, by either channel. Codes have no
//! suffix.

use super::spelling;
use crate::Cell;
use crate::market::Market;
use crate::market::calendar::moment_of;
use crate::market::dice::dice;
use crate::market::moments::{Moment, after, on};
use crate::tables::sessions::known::HONG_KONG;
use crate::tables::text::{integer, text};
use chrono::NaiveDate;
use rand::RngExt;

/// The rows of a day, if it is a session, there from nine of the next morning on.
pub(super) fn rows(market: &Market, at: Option<Moment>, day: NaiveDate) -> Vec<Vec<Cell>> {
    let is_session = market.calendar.sessions.binary_search(&day).is_ok();
    if !is_session || at.is_some_and(|at| at < on(after(day, 1), 9, 0)) {
        return Vec::new();
    }
    let moment = moment_of(day);
    ["SH", "SZ"]
        .iter()
        .enumerate()
        .flat_map(|(channel, exchange)| {
            HONG_KONG.iter().enumerate().map(move |(place, (code, name))| {
                let number = channel * HONG_KONG.len() + place;
                let held: i64 = dice(market.seed, "southbound", number, 0).random_range(5_000_000..900_000_000);
                let change: i64 = dice(market.seed, "southbound", number, moment).random_range(-50..=50);
                let shares = held + held / 10_000 * change;
                // Of about ten thousand million shares, percent with two places.
                let ratio = i128::from(shares / 1_000_000) * 10_000;
                vec![
                    Cell::Text(day.to_string()),
                    text(code),
                    text(name),
                    integer(shares),
                    Cell::Text(spelling::decimal(ratio)),
                    text(exchange),
                ]
            })
        })
        .collect()
}
