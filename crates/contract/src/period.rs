//! Report periods and their filing deadlines. Who filed what is not known here.

use chrono::{Datelike as _, NaiveDate};

/// The quarter ends in a range, including both ends, oldest first.
#[must_use]
pub fn periods(start: NaiveDate, end: NaiveDate) -> Vec<NaiveDate> {
    let ends = |year: i32| {
        [(3, 31), (6, 30), (9, 30), (12, 31)].map(move |(month, day)| NaiveDate::from_ymd_opt(year, month, day))
    };
    let all = (start.year()..=end.year()).flat_map(ends).flatten();
    all.filter(|day| (start..=end).contains(day)).collect()
}

/// The filing deadline for a period (CSRC rules on periodic reports): April 30, August 31, October 31, and April 30 of
/// the next year.
#[must_use]
pub fn deadline(period: NaiveDate) -> Option<NaiveDate> {
    let year = period.year();
    match period.month() {
        1..=3 => NaiveDate::from_ymd_opt(year, 4, 30),
        4..=6 => NaiveDate::from_ymd_opt(year, 8, 31),
        7..=9 => NaiveDate::from_ymd_opt(year, 10, 31),
        _ => NaiveDate::from_ymd_opt(year + 1, 4, 30),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_has_four_periods_with_their_deadlines() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let found = periods(day("2023-03-31"), day("2023-12-31"));
        let filed: Vec<String> = found.iter().map(|p| deadline(*p).unwrap().to_string()).collect();
        assert_eq!(filed, ["2023-04-30", "2023-08-31", "2023-10-31", "2024-04-30"]);
        assert_eq!(periods(day("2023-04-01"), day("2023-06-29")), []);
    }
}
