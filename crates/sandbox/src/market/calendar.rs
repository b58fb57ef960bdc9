//! The made-up trading calendar: which days are open, how days are written on the wire, quarters with their filing
//! deadlines, and moments on the vendor's clock, which is Shanghai wall time, eight hours ahead of UTC.
//!
//! All exchanges share one calendar, and there are no make-up Saturdays. When something becomes visible is decided
//! where rows are described.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc, Weekday};
use pitlake_contract::period::deadline;

/// A day in Tushare's format, YYYYMMDD.
pub(crate) use pitlake_contract::spelling::day::compact as stamp;

/// A calendar day in `trade_cal`.
pub(crate) struct Day {
    pub(crate) stamp: String,
    pub(crate) open: bool,
    /// Index into `Calendar::days` of the previous open day.
    pub(crate) previous_open: Option<usize>,
}

pub(crate) struct Calendar {
    pub(crate) days: Vec<Day>,
    /// Open days within the market's range, oldest first.
    pub(crate) sessions: Vec<NaiveDate>,
    /// `sessions` as YYYYMMDD.
    pub(crate) stamps: Vec<String>,
    /// Other weekdays in the range, oldest first: foreign exchange trades on those too.
    pub(crate) holidays: Vec<NaiveDate>,
    pub(crate) start: NaiveDate,
    pub(crate) end: NaiveDate,
}

impl Calendar {
    pub(crate) fn new(start: NaiveDate, end: NaiveDate) -> Self {
        let first = start.checked_sub_months(Months::new(12)).unwrap_or(start);
        let last = end.checked_add_months(Months::new(12)).unwrap_or(end);
        let mut days = Vec::new();
        let mut sessions = Vec::new();
        let mut holidays = Vec::new();
        let mut previous_open = None;
        for date in first.iter_days().take_while(|date| *date <= last) {
            let open = is_open(date);
            days.push(Day { stamp: stamp(date), open, previous_open });
            let inside = (start..=end).contains(&date);
            if open {
                previous_open = Some(days.len() - 1);
                if inside {
                    sessions.push(date);
                }
            } else if inside && date.weekday().number_from_monday() < 6 {
                holidays.push(date);
            }
        }
        let stamps = sessions.iter().copied().map(stamp).collect();
        Self { days, sessions, stamps, holidays, start, end }
    }

    /// The day of a session, or of a holiday if the index is past the last session.
    pub(crate) fn day(&self, index: usize) -> NaiveDate {
        let holiday = || self.holidays.get(index.checked_sub(self.sessions.len())?);
        self.sessions.get(index).or_else(holiday).copied().unwrap_or(self.end)
    }

    pub(crate) fn stamp(&self, index: usize) -> String {
        self.stamps.get(index).cloned().unwrap_or_else(|| stamp(self.day(index)))
    }

    /// The last session on or before a day, if there is one in the range.
    pub(crate) fn session_by(&self, day: NaiveDate) -> Option<usize> {
        self.sessions.partition_point(|session| *session <= day).checked_sub(1)
    }

    /// The open day this many sessions after a session, possibly beyond the range.
    pub(crate) fn session_after(&self, session: usize, sessions: usize) -> NaiveDate {
        let wanted = session + sessions;
        let beyond = || {
            let after_range = self.end.iter_days().skip(1).filter(|day| is_open(*day));
            after_range.take(wanted + 1 - self.sessions.len()).last()
        };
        self.sessions.get(wanted).copied().or_else(beyond).unwrap_or(self.end)
    }
}

pub(crate) fn moment_of(day: NaiveDate) -> usize {
    usize::try_from(day.num_days_from_ce()).unwrap_or_default()
}

/// The last weekday on or before `date`.
pub(crate) fn weekday_before(date: NaiveDate) -> NaiveDate {
    let weekend = u64::from(date.weekday().number_from_monday().saturating_sub(5));
    date.checked_sub_days(Days::new(weekend)).unwrap_or(date)
}

fn is_open(date: NaiveDate) -> bool {
    !matches!(date.weekday(), Weekday::Sat | Weekday::Sun) && !is_holiday(date)
}

/// Real public holidays at made-up dates: lunar ones move through about their real weeks from year to year.
fn is_holiday(date: NaiveDate) -> bool {
    let year = date.year().unsigned_abs();
    let holidays = [
        (1, 1, 3),                   // New Year
        (1, 22 + year * 11 % 28, 7), // Spring Festival; day 32 is 1 February
        (4, 4, 2),                   // Qingming
        (5, 1, 5),                   // Labour Day
        (6, 8 + year * 7 % 16, 1),   // Dragon Boat
        (9, 12 + year * 5 % 15, 1),  // Mid-Autumn
        (10, 1, 7),                  // National Day
    ];
    holidays.iter().any(|&(month, first, length)| {
        NaiveDate::from_ymd_opt(date.year(), month, 1).is_some_and(|month| {
            let day = date.signed_duration_since(month).num_days() + 1;
            (i64::from(first)..i64::from(first + length)).contains(&day)
        })
    })
}

/// A moment in Shanghai.
pub(crate) type Moment = NaiveDateTime;

/// The wall time in Shanghai.
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

/// A quarter, counted from year 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quarter(pub(crate) i32);

impl Quarter {
    /// The quarter of a day, which is the first one ending on or after it.
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

    /// The last day of the quarter, which the vendor calls the period.
    pub(crate) fn end(self) -> NaiveDate {
        let day = if matches!(self.of_year(), 2 | 3) { 30 } else { 31 };
        NaiveDate::from_ymd_opt(self.year(), self.of_year().unsigned_abs() * 3, day).unwrap_or_default()
    }

    /// The filing deadline, by the exchanges' rule.
    pub(crate) fn deadline(self) -> NaiveDate {
        deadline(self.end()).unwrap_or_default()
    }

    pub(crate) fn moment(self) -> usize {
        usize::try_from(self.0).unwrap_or_default()
    }
}
