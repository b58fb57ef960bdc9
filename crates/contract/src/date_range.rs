//! A range of calendar days. Knows nothing of trading days.

use std::fmt;

use chrono::{Datelike as _, Months, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::spelling::month;

/// A range of days, including both ends. If the last day is before the first, it is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "(NaiveDate, NaiveDate)", into = "(NaiveDate, NaiveDate)")]
pub struct DateRange {
    /// The first day.
    pub first: NaiveDate,
    /// The last day.
    pub last: NaiveDate,
}

impl DateRange {
    /// The days from `first` to `last`.
    #[must_use]
    pub fn new(first: NaiveDate, last: NaiveDate) -> Self {
        Self { first, last }
    }

    /// A single day.
    #[must_use]
    pub fn day(day: NaiveDate) -> Self {
        Self::new(day, day)
    }

    /// The whole month around a day.
    #[must_use]
    pub fn month(day: NaiveDate) -> Self {
        let first = month::first_day(day);
        let last = first.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt());
        Self::new(first, last.unwrap_or(NaiveDate::MAX))
    }

    /// The whole year around a day.
    #[must_use]
    pub fn year(day: NaiveDate) -> Self {
        let first = day.with_ordinal(1).unwrap_or(day);
        let last = first.checked_add_months(Months::new(12)).and_then(|next| next.pred_opt());
        Self::new(first, last.unwrap_or(NaiveDate::MAX))
    }

    /// The shortest range around all of `days`; `None` where there are none.
    #[must_use]
    pub fn around(days: impl IntoIterator<Item = NaiveDate>) -> Option<Self> {
        let mut days = days.into_iter();
        let first = Self::day(days.next()?);
        Some(days.fold(first, |range, day| range.cover(Self::day(day))))
    }

    /// Whether it contains `day`.
    #[must_use]
    pub fn contains(self, day: NaiveDate) -> bool {
        (self.first..=self.last).contains(&day)
    }

    /// Whether it contains no days.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.last < self.first
    }

    /// Its days in order.
    pub fn days(self) -> impl Iterator<Item = NaiveDate> {
        self.first.iter_days().take_while(move |day| *day <= self.last)
    }

    /// The first day of every month it touches.
    pub fn months(self) -> impl Iterator<Item = NaiveDate> {
        let first = (!self.is_empty()).then(|| month::first_day(self.first));
        let next = |month: &NaiveDate| month.checked_add_months(Months::new(1));
        std::iter::successors(first, next).take_while(move |month| *month <= self.last)
    }

    /// The days in both; `None` if there are none.
    #[must_use]
    pub fn intersect(self, other: Self) -> Option<Self> {
        let both = Self::new(self.first.max(other.first), self.last.min(other.last));
        (!both.is_empty()).then_some(both)
    }

    /// The shortest range that contains both.
    #[must_use]
    pub fn cover(self, other: Self) -> Self {
        Self::new(self.first.min(other.first), self.last.max(other.last))
    }
}

impl From<(NaiveDate, NaiveDate)> for DateRange {
    fn from((first, last): (NaiveDate, NaiveDate)) -> Self {
        Self::new(first, last)
    }
}

impl From<DateRange> for (NaiveDate, NaiveDate) {
    fn from(range: DateRange) -> Self {
        (range.first, range.last)
    }
}

impl fmt::Display for DateRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last { write!(f, "{}", self.first) } else { write!(f, "{} to {}", self.first, self.last) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(first: &str, last: &str) -> DateRange {
        DateRange::new(first.parse().unwrap(), last.parse().unwrap())
    }

    #[test]
    fn both_ends_are_included() {
        let range = range("2024-02-28", "2024-03-01");
        let days: Vec<String> = range.days().map(|day| day.to_string()).collect();
        assert_eq!(days, ["2024-02-28", "2024-02-29", "2024-03-01"]);
        assert!(range.contains(range.first) && range.contains(range.last));
        assert!(!range.contains(range.last.succ_opt().unwrap()));
    }

    #[test]
    fn months_are_the_ones_touched() {
        let months: Vec<String> = range("2023-12-31", "2024-02-01").months().map(|day| day.to_string()).collect();
        assert_eq!(months, ["2023-12-01", "2024-01-01", "2024-02-01"]);
        assert_eq!(DateRange::month("2024-02-10".parse().unwrap()), range("2024-02-01", "2024-02-29"));
        assert_eq!(DateRange::year("2024-02-10".parse().unwrap()), range("2024-01-01", "2024-12-31"));
    }

    #[test]
    fn a_backward_range_is_empty() {
        let empty = range("2024-01-02", "2024-01-01");
        assert!(empty.is_empty() && !empty.contains(empty.first));
        assert_eq!((empty.days().count(), empty.months().count()), (0, 0));
    }

    #[test]
    fn intersections_and_covers() {
        let (a, b) = (range("2024-01-01", "2024-01-10"), range("2024-01-10", "2024-01-20"));
        assert_eq!(a.intersect(b), Some(range("2024-01-10", "2024-01-10")));
        assert_eq!(a.intersect(range("2024-02-01", "2024-02-02")), None);
        assert_eq!(b.cover(a), range("2024-01-01", "2024-01-20"));
        assert_eq!(DateRange::around([a.last, b.last, a.first]), Some(a.cover(b)));
        assert_eq!(DateRange::around([]), None);
    }

    #[test]
    fn a_single_day_is_shown_once() {
        assert_eq!(range("2024-01-02", "2024-01-02").to_string(), "2024-01-02");
        assert_eq!(range("2024-01-02", "2024-01-05").to_string(), "2024-01-02 to 2024-01-05");
    }
}
