//! How vendors, and programs that import their data, write a value: the one place that knows each spelling.
//!
//! Numbers are in [`crate::decimal`]. Never here: which column a value fills, or its unit.

pub mod code;
pub mod day;
pub mod flag;
pub mod instant;
pub mod month;
pub mod null;
pub mod symbol;

use chrono::NaiveDate;

/// The day in Shanghai of a date or an instant, in any spelling of either.
#[must_use]
pub fn day_in(text: &str) -> Option<NaiveDate> {
    // More than eight digits are seconds or milliseconds, not a date.
    let is_count = text.len() > 8 && text.bytes().all(|b| b.is_ascii_digit());
    let instant = |text: &str| instant::days_of(if is_count { instant::epoch(text) } else { instant::parse(text) }?);
    day::day(day::parse(text).or_else(|| instant(text))?)
}
