//! When companies announce: on weekdays within the market's range, in the evening.
//!
//! Reports have their own days, in `market::filings`.

use crate::Cell;
use crate::market::calendar::{stamp, weekday_before};
use crate::market::dice::{Topic, dice};
use crate::market::moments::{Moment, after, on};
use crate::market::quarters::Quarter;
use crate::market::{Market, Stock};
use crate::tables::text::text;
use chrono::{Datelike, NaiveDate};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// A day as the vendor writes it.
pub(super) fn cell(day: NaiveDate) -> Cell {
    text(&stamp(day))
}

/// A day where there is one.
pub(super) fn optional(day: Option<NaiveDate>) -> Cell {
    day.map_or(Cell::Null, cell)
}

/// When the vendor has what was announced on a day: from five to ten in the evening, once in twelve the next morning.
pub(super) fn evening(rng: &mut ChaCha8Rng, day: NaiveDate) -> Moment {
    let (hour, minute) = (rng.random_range(17..22), rng.random_range(0..60));
    if rng.random_range(0..12) == 0 { on(after(day, 1), 9, 30) } else { on(day, hour, minute) }
}

/// The quarters that a company reports.
pub(super) fn quarters(stock: &Stock) -> impl Iterator<Item = Quarter> + use<> {
    stock.reports.clone().map(Quarter)
}

/// First and last day of the market's range on which a company is listed.
pub(super) fn life(market: &Market, stock: &Stock) -> Option<(NaiveDate, NaiveDate)> {
    let first = stock.security.listed_on()?.max(market.calendar.start);
    let last = stock.security.delisted_on().map_or(market.calendar.end, |day| day.min(market.calendar.end));
    (first < last).then_some((first, last))
}

/// Different weekdays, one in every stretch of so many days of a company's life, with dice for what happens on it.
pub(super) fn drawn(market: &Market, stock: &Stock, topic: Topic, every: u32) -> Vec<(NaiveDate, ChaCha8Rng)> {
    let Some((first, last)) = life(market, stock) else {
        return Vec::new();
    };
    let stretch = |day: NaiveDate| day.num_days_from_ce().unsigned_abs() / every;
    let mut days: Vec<(NaiveDate, ChaCha8Rng)> = (stretch(first)..=stretch(last))
        .filter_map(|stretch| {
            let address = usize::try_from(stretch).unwrap_or_default();
            let mut rng = dice(market.seed, topic, stock.security.number, address);
            let days = i32::try_from(stretch * every + rng.random_range(0..every)).ok()?;
            let day = weekday_before(NaiveDate::from_num_days_from_ce_opt(days)?);
            (first <= day && day <= last).then_some((day, rng))
        })
        .collect();
    days.dedup_by_key(|(day, _)| *day);
    days
}
