//! Moments on the vendor's clock: wall time in Shanghai, which is always eight hours ahead of UTC.
//!
//! What becomes visible at which moment is decided where the rows are described.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

/// A moment in Shanghai.
pub(crate) type Moment = NaiveDateTime;

/// What the clocks in Shanghai show.
pub(crate) fn shanghai(at: DateTime<Utc>) -> Moment {
    at.naive_utc().checked_add_signed(TimeDelta::hours(8)).unwrap_or(NaiveDateTime::MAX)
}

pub(crate) fn on(day: NaiveDate, hour: u32, minute: u32) -> Moment {
    day.and_time(NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default())
}

pub(crate) fn after(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap_or(day)
}

pub(crate) fn before(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(day)
}
