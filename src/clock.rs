//! The current time. `--now` overrides the machine's clock, for tests and reruns.
//!
//! Not used for waits, timeouts, retries and leases: those use [`crate::real`] time.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::real;
pub use pitlake_contract::spelling::instant::SHANGHAI;

/// How far the clocks of machines that share a lake may differ.
const APART: TimeDelta = TimeDelta::hours(1);

/// The clock for dates, due hours and timestamps.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// Always shows this time.
    Fixed(DateTime<Utc>),
    /// Runs ahead of the machine's clock by this much.
    Ahead(TimeDelta),
}

impl Default for Clock {
    fn default() -> Self {
        Self::Ahead(TimeDelta::zero())
    }
}

impl Clock {
    /// A clock that always shows `at`.
    #[must_use]
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self::Fixed(at)
    }

    /// A clock that starts at the same time and keeps running, for callers that wait for a time to come.
    #[must_use]
    pub fn running(self) -> Self {
        Self::Ahead(self.now() - Self::machine())
    }

    /// A clock stopped at this one's current time.
    #[must_use]
    pub fn stopped(self) -> Self {
        Self::Fixed(self.now())
    }

    /// Now.
    #[must_use]
    pub fn now(self) -> DateTime<Utc> {
        match self {
            Self::Fixed(at) => at,
            Self::Ahead(by) => Self::machine() + by,
        }
    }

    /// The machine's time, even if `--now` is given. Only for comparison with another clock.
    #[must_use]
    pub fn machine() -> DateTime<Utc> {
        real::now()
    }

    /// Whether this is not the machine's clock, because `--now` was given.
    #[must_use]
    pub fn is_given(self) -> bool {
        !matches!(self, Self::Ahead(by) if by.is_zero())
    }

    /// Whether an instant is in the future, by both this clock and the machine's.
    #[must_use]
    pub fn is_ahead(self, at: DateTime<Utc>) -> bool {
        self.latest() < at
    }

    /// The last instant that is not [ahead](Clock::is_ahead). For callers that compare many, because reading a clock
    /// takes time.
    #[must_use]
    pub fn latest(self) -> DateTime<Utc> {
        self.now().max(Self::machine()) + APART
    }

    /// Today in Shanghai.
    #[must_use]
    pub fn today(self) -> NaiveDate {
        shanghai_day(self.now())
    }

    /// The time of day in Shanghai.
    #[must_use]
    pub fn time(self) -> NaiveTime {
        shanghai_time(self.now())
    }
}

/// The time of day in Shanghai at an instant.
#[must_use]
pub fn shanghai_time(at: DateTime<Utc>) -> NaiveTime {
    at.with_timezone(&SHANGHAI).time()
}

/// The day in Shanghai at an instant.
#[must_use]
pub fn shanghai_day(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&SHANGHAI).date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_ahead_of_both_clocks_or_of_none() {
        let (now, later) = (Clock::machine(), Clock::machine() + TimeDelta::days(2));
        assert!(!Clock::default().is_ahead(now) && Clock::default().is_ahead(later));
        // Seen from an earlier day, answers that came since are not suspicious.
        assert!(!Clock::fixed(now - TimeDelta::days(9)).is_ahead(now));
        assert!(!Clock::fixed(later).is_ahead(later) && Clock::fixed(now).is_ahead(later));
    }

    #[test]
    fn half_past_four_in_the_afternoon_utc_is_tomorrow_in_shanghai() {
        let clock = Clock::fixed("2024-01-02T16:30:00Z".parse().unwrap());
        assert_eq!(clock.today().to_string(), "2024-01-03");
    }

    #[test]
    fn a_fixed_clock_that_runs_goes_on_from_its_time() {
        let at = "2024-01-02T16:30:00Z".parse().unwrap();
        let clock = Clock::fixed(at).running();
        let first = clock.now();
        assert!(first >= at && first < at + TimeDelta::hours(1), "{first}");
        while clock.now() == first {}
        assert!(clock.now() > first);
        assert_eq!(Clock::fixed(at).now(), at);
    }
}
