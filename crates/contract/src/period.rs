//! Months, report periods and the days by which those must be filed. Never who filed what.

use chrono::{Datelike as _, Months, NaiveDate};

/// The quarter ends of a range, both ends included, oldest first.
#[must_use]
pub fn periods(start: NaiveDate, end: NaiveDate) -> Vec<NaiveDate> {
    let ends = |year: i32| {
        [(3, 31), (6, 30), (9, 30), (12, 31)].map(move |(month, day)| NaiveDate::from_ymd_opt(year, month, day))
    };
    let all = (start.year()..=end.year()).flat_map(ends).flatten();
    all.filter(|day| (start..=end).contains(day)).collect()
}

/// The months that share a day with a range, by their first days, oldest first.
#[must_use]
pub fn months(start: NaiveDate, end: NaiveDate) -> Vec<NaiveDate> {
    let first = start.with_day(1).unwrap_or(start);
    let next = |month: &NaiveDate| month.checked_add_months(Months::new(1));
    std::iter::successors(Some(first), next).take_while(|month| *month <= end).collect()
}

/// The last day of the month that begins on `first`.
#[must_use]
pub fn month_end(first: NaiveDate) -> NaiveDate {
    first.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt()).unwrap_or(first)
}

/// The last day on which a report of a period may be filed (CSRC rules on periodic reports): April 30,
/// August 31, October 31, and April 30 of the next year.
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
    fn months_share_a_day_with_the_range() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let firsts = months(day("2023-11-30"), day("2024-02-01"));
        let ends: Vec<String> = firsts.iter().map(|first| format!("{first} {}", month_end(*first))).collect();
        let all = ["2023-11-01 2023-11-30", "2023-12-01 2023-12-31", "2024-01-01 2024-01-31", "2024-02-01 2024-02-29"];
        assert_eq!(ends, all);
        assert_eq!(months(day("2024-02-02"), day("2024-01-31")), []);
    }

    #[test]
    fn a_year_has_four_periods_with_their_deadlines() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let found = periods(day("2023-03-31"), day("2023-12-31"));
        let filed: Vec<String> = found.iter().map(|p| deadline(*p).unwrap().to_string()).collect();
        assert_eq!(filed, ["2023-04-30", "2023-08-31", "2023-10-31", "2024-04-30"]);
        assert_eq!(periods(day("2023-04-01"), day("2023-06-29")), []);
    }
}
