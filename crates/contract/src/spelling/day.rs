//! Dates, `20240102` or `2024-01-02`. The only module that knows how vendors write them.

use chrono::{Datelike as _, NaiveDate};

/// Days from the common era to 1970-01-01.
const EPOCH: i32 = 719_163;

/// `YYYYMMDD` or `YYYY-MM-DD` as days since 1970-01-01.
#[must_use]
#[inline]
pub fn parse(text: &str) -> Option<i32> {
    let bytes = text.as_bytes();
    let part = |range: std::ops::Range<usize>| {
        bytes[range].iter().try_fold(0u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
    };
    let (year, month, day) = match bytes {
        [_, _, _, _, _, _, _, _] => (part(0..4)?, part(4..6)?, part(6..8)?),
        [_, _, _, _, b'-', _, _, b'-', _, _] => (part(0..4)?, part(5..7)?, part(8..10)?),
        _ => return None,
    };
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day).map(days)
}

/// `YYYYMMDD` or `YYYY-MM-DD` as a date.
#[must_use]
pub fn date(text: &str) -> Option<NaiveDate> {
    parse(text).and_then(day)
}

/// Formats a date as `YYYYMMDD`. Its own `Display` gives `YYYY-MM-DD`.
#[must_use]
pub fn compact(day: NaiveDate) -> String {
    day.format("%Y%m%d").to_string()
}

/// The number of days from 1970-01-01.
#[must_use]
#[inline]
pub fn days(day: NaiveDate) -> i32 {
    day.num_days_from_ce() - EPOCH
}

/// The date this many days from 1970-01-01.
#[must_use]
#[inline]
pub fn day(days: i32) -> Option<NaiveDate> {
    NaiveDate::from_num_days_from_ce_opt(days.checked_add(EPOCH)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_the_same_day() {
        assert_eq!(parse("20240102"), parse("2024-01-02"));
        assert_eq!(parse("19700101"), Some(0));
        assert_eq!(date("20240229"), date("2024-02-29"));
        assert_eq!(compact(date("2024-02-29").unwrap()), "20240229");
        assert_eq!(day(parse("20240229").unwrap()).unwrap().to_string(), "2024-02-29");
        for text in ["20240230", "2024-1-2", "0", "abcdefgh", "2024/01/02"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
