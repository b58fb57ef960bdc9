//! How vendors, and the programs of other people, write a value: the one place that knows each spelling.
//!
//! Numbers are in [`crate::decimal`]. Never here: which column a value fills, or what it counts.

pub mod code;
pub mod day;
pub mod flag;
pub mod instant;
pub mod null;

use chrono::NaiveDate;

/// The day in Shanghai of a date or an instant as the contract's field has it: for what must know the days of rows
/// without typing them.
#[must_use]
pub fn day_in(text: &str) -> Option<NaiveDate> {
    // So many digits are a count of seconds or milliseconds, and no day.
    let is_count = text.len() > 8 && text.bytes().all(|b| b.is_ascii_digit());
    let instant = |text: &str| instant::days_of(if is_count { instant::epoch(text) } else { instant::parse(text) }?);
    day::day(day::parse(text).or_else(|| instant(text))?)
}
