//! How vendors, and programs that import their data, write a value: the one place that knows each spelling. What is
//! accepted is in a table of `docs/lake-format.md`.
//!
//! `reader` reads a value of a field; the other modules know one kind of text each. Numbers are in [`crate::decimal`].
//! Never here: which column a value fills, or its unit.

pub mod code;
pub mod day;
mod dialect;
mod excerpt;
pub mod flag;
pub mod instant;
mod midnight;
pub mod month;
mod null;
mod reader;
pub mod symbol;

use chrono::NaiveDate;

pub use dialect::Dialect;
pub use excerpt::excerpt;
pub use reader::{FieldReader, InvalidValue, Value};

/// The day in Shanghai of a date or an instant, in any spelling of either.
#[must_use]
pub fn day_in(text: &str) -> Option<NaiveDate> {
    // More than eight digits are seconds or milliseconds, not a date.
    let is_count = text.len() > 8 && text.bytes().all(|b| b.is_ascii_digit());
    let instant = |text: &str| instant::days_of(if is_count { instant::epoch(text) } else { instant::parse(text) }?);
    day::day(day::parse(text).or_else(|| instant(text))?)
}
