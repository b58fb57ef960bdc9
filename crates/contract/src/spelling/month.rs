//! Months, `2024-06`. The only module that knows how they are written. In memory a month is its first day.

use chrono::{Datelike as _, NaiveDate};

use super::day;

/// Parses `YYYY-MM` into the first day of the month.
#[must_use]
pub fn parse(text: &str) -> Option<NaiveDate> {
    day::date(&format!("{text}-01")).filter(|_| text.len() == 7)
}

/// Formats the month of a day as `YYYY-MM`.
#[must_use]
pub fn text(day: NaiveDate) -> String {
    day.format("%Y-%m").to_string()
}

/// The first day of a day's month.
#[must_use]
pub fn first_day(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_its_first_day() {
        let june = parse("2024-06").unwrap();
        assert_eq!(june.to_string(), "2024-06-01");
        assert_eq!(text(june), "2024-06");
        assert_eq!(first_day("2024-06-28".parse().unwrap()), june);
        for text in ["2024-13", "2024-6", "202406", "2024-06-01", ""] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
