//! What time it is. `--now` fixes it for tests and reruns; only this module asks the machine.
//!
//! Never here: waits, limits, retries and leases, which use real time.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

pub use pitlake_contract::spelling::instant::SHANGHAI;

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
    #[allow(clippy::disallowed_methods)]
    pub fn machine() -> DateTime<Utc> {
        Utc::now()
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
