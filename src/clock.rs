//! What time it is. `--now` fixes it for tests and reruns; without it, it is the machine's.
//!
//! Never here: waits, limits, retries and leases, which use [`crate::real`] time.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::real;
pub use pitlake_contract::spelling::instant::SHANGHAI;

/// Clocks of machines that share a lake may differ by so much.
const APART: TimeDelta = TimeDelta::hours(1);

/// The clock of dates, due hours and stamps.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// It always shows this time.
    Fixed(DateTime<Utc>),
    /// It is so far ahead of the machine's.
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

    /// The same time, going on from now: who waits for a time must see it come.
    #[must_use]
    pub fn running(self) -> Self {
        Self::Ahead(self.now() - Self::machine())
    }

    /// A clock that shows the present time of this one for good.
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

    /// The machine's time, even where a time is fixed; only for comparison with another clock.
    #[must_use]
    pub fn machine() -> DateTime<Utc> {
        real::now()
    }

    /// Whether it is another one than the machine's: `--now` was given.
    #[must_use]
    pub fn is_given(self) -> bool {
        !matches!(self, Self::Ahead(by) if by.is_zero())
    }

    /// Whether an instant is still to come, by this clock and by that of the machine.
    #[must_use]
    pub fn is_ahead(self, at: DateTime<Utc>) -> bool {
        self.latest() < at
    }

    /// The last instant that is not [ahead](Clock::is_ahead): for whoever compares many, since each look at a clock takes time.
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

/// The time of day in Shanghai of an instant.
#[must_use]
pub fn shanghai_time(at: DateTime<Utc>) -> NaiveTime {
    at.with_timezone(&SHANGHAI).time()
}

/// The Shanghai day of an instant.
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
        // As of an earlier day, what came since is nothing strange.
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
