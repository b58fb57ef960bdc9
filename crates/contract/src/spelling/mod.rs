//! How vendors, and programs whose data is imported, write values: the only place that knows each spelling. A table in
//! `docs/lake-format.md` lists what is accepted.
//!
//! `reader` reads the value of a field; the other modules each handle one kind of text. Numbers are in
//! [`crate::decimal`]. Which column a value fills, and its unit, is not known here.

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

/// The date of a date or an instant in any spelling: the date in Shanghai, or as written if the time is midnight.
#[must_use]
pub fn day_in(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    // More than eight digits are a count from 1970, not a date.
    let is_count = text.len() > 8 && text.bytes().all(|b| b.is_ascii_digit());
    let instant = || instant::days_of(if is_count { instant::epoch(text) } else { instant::parse(text) }?);
    let written = day::parse(text).or_else(|| midnight::parse(text)).or_else(|| midnight::count(text));
    day::day(written.or_else(instant)?)
}
