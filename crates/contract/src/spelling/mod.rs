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
pub mod null;
mod reader;
pub mod symbol;

use chrono::NaiveDate;

pub use dialect::Dialect;
pub use excerpt::excerpt;
pub use reader::{FieldReader, InvalidValue, Value};

/// The day of a date or an instant, in any spelling of either: in Shanghai, or as it is written where it is midnight.
#[must_use]
pub fn day_in(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    // More than eight digits are a count since 1970, not a date.
    let is_count = text.len() > 8 && text.bytes().all(|b| b.is_ascii_digit());
    let instant = || instant::days_of(if is_count { instant::epoch(text) } else { instant::parse(text) }?);
    let written = day::parse(text).or_else(|| midnight::parse(text)).or_else(|| midnight::count(text));
    day::day(written.or_else(instant)?)
}
