//! Report periods: quarters of the calendar year, and the days by which their reports must be filed.
//!
//! Who reports which of them is here too; when and how often is in `filings`.

use super::calendar::Calendar;
use super::moments::{after, before};
use super::securities::Security;
use chrono::{Datelike, Months, NaiveDate};
use pitlake_contract::period::deadline;
use std::ops::Range;

/// A quarter of a year, counted from the year 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quarter(pub(crate) i32);

/// Days before the listing within which a prospectus shows reports.
const PROSPECTUS: u64 = 365;
/// Quarters of a security that was gone long before the market's range.
const LAST_WORDS: i32 = 8;

impl Quarter {
    /// The quarter of a day, which is the first to end on or after it.
    pub(crate) fn of(day: NaiveDate) -> Self {
        Self(day.year() * 4 + i32::try_from(day.month0() / 3).unwrap_or_default())
    }

    /// The quarter that ends on a day written YYYYMMDD.
    pub(crate) fn ending(stamp: &str) -> Option<Self> {
        let day = NaiveDate::parse_from_str(stamp, "%Y%m%d").ok()?;
        Some(Self::of(day)).filter(|quarter| quarter.end() == day)
    }

    pub(crate) fn year(self) -> i32 {
        self.0.div_euclid(4)
    }

    /// 1 to 4.
    pub(crate) fn of_year(self) -> i32 {
        self.0.rem_euclid(4) + 1
    }

    /// Last day of the quarter: what the vendor calls the period.
    pub(crate) fn end(self) -> NaiveDate {
        let day = if matches!(self.of_year(), 2 | 3) { 30 } else { 31 };
        NaiveDate::from_ymd_opt(self.year(), self.of_year().unsigned_abs() * 3, day).unwrap_or_default()
    }

    /// Last day for filing, by the exchanges' rule.
    pub(crate) fn deadline(self) -> NaiveDate {
        deadline(self.end()).unwrap_or_default()
    }

    pub(crate) fn moment(self) -> usize {
        usize::try_from(self.0).unwrap_or_default()
    }
}

/// The quarters, by number, for which a security has reports: from two years before the market's start to its
/// end, within its listed life or shown in its prospectus. One that was gone before has its last two years.
pub(crate) fn reported(security: &Security, calendar: &Calendar) -> Range<i32> {
    let Some(listed) = security.listed_on() else {
        return 0..0;
    };
    let mut first = Quarter::of(calendar.start.checked_sub_months(Months::new(24)).unwrap_or(calendar.start)).0;
    let mut end = Quarter::of(after(calendar.end, 1)).0;
    if let Some(delisted) = security.delisted_on() {
        end = end.min(Quarter::of(delisted).0);
        first = if end <= first { end - LAST_WORDS } else { first };
    }
    first.max(Quarter::of(before(listed, PROSPECTUS)).0)..end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_end_where_quarters_do() {
        let quarter = Quarter::ending("20230930").unwrap();
        assert_eq!((quarter.year(), quarter.of_year()), (2023, 3));
        assert_eq!(Quarter(quarter.0 + 1).end(), "2023-12-31".parse().unwrap());
        assert_eq!(Quarter::of("2023-10-01".parse().unwrap()).0, quarter.0 + 1);
        assert_eq!((Quarter::ending("20230929"), Quarter::ending("2023")), (None, None));
    }
}
