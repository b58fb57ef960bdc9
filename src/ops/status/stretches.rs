//! Groups days in the same state into consecutive stretches. Which state a day is in is decided elsewhere.

use std::fmt;

use chrono::{Datelike as _, Days, Months, NaiveDate};
use pitlake_contract::counted;
use pitlake_contract::period::periods;

use super::Status;
use crate::plan::Calendar;
use crate::spec::Axis;

/// Consecutive days of a table with the same problem.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch {
    /// The first day.
    pub first: NaiveDate,
    /// The last day.
    pub last: NaiveDate,
    /// The number of trading days, days, months or periods.
    pub count: usize,
    /// What is wrong with them.
    pub what: String,
    /// What `count` counts.
    unit: &'static str,
}

/// `2023-01-03`, or `2023-01-03 to 2023-02-10 (24 sessions)`.
impl fmt::Display for Stretch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            1 => write!(f, "{}", self.first),
            count => write!(f, "{} to {} ({})", self.first, self.last, counted(count, self.unit)),
        }
    }
}

impl Status {
    /// Incomplete days, with what is wrong.
    #[must_use]
    pub fn lacking(&self, calendar: &Calendar) -> Vec<Stretch> {
        let missing = self.holes.iter().map(|day| (*day, "missing".to_owned()));
        let lacking = self.lacking.iter().filter_map(|lacking| {
            let text = lacking.text();
            let day = lacking.day?;
            Some((day, text.strip_prefix(&format!("{day} ")).unwrap_or(&text).trim_end_matches(": ").to_owned()))
        });
        stretches(missing.chain(lacking).collect(), self.axis(), calendar)
    }

    /// Missing days between the first and the last.
    #[must_use]
    pub fn missing(&self, calendar: &Calendar) -> Vec<Stretch> {
        self.of(&self.holes, calendar)
    }

    /// The newest days, if they should be there by now.
    #[must_use]
    pub fn late(&self, calendar: &Calendar) -> Vec<Stretch> {
        self.of(&self.late, calendar)
    }

    fn of(&self, days: &[NaiveDate], calendar: &Calendar) -> Vec<Stretch> {
        stretches(days.iter().map(|day| (*day, "missing".to_owned())).collect(), self.axis(), calendar)
    }

    /// The days that only files of other programs hold.
    pub fn unproven_days(&self) -> impl Iterator<Item = NaiveDate> {
        self.lacking.iter().filter(|lacking| lacking.state == super::UNPROVEN).filter_map(|lacking| lacking.day)
    }

    fn axis(&self) -> Option<Axis> {
        self.coverage.first().map(|coverage| coverage.axis)
    }
}

/// Groups days into stretches, sorted by first day. What counts as consecutive depends on the axis.
fn stretches(mut days: Vec<(NaiveDate, String)>, axis: Option<Axis>, calendar: &Calendar) -> Vec<Stretch> {
    days.sort_by(|(day, what), (other, of_other)| (what, day).cmp(&(of_other, other)));
    days.dedup();
    let unit = match axis {
        Some(Axis::Session) => "session",
        Some(Axis::Month | Axis::SecurityMonth) => "month",
        Some(Axis::Period) => "period",
        Some(Axis::Day | Axis::Security | Axis::Snapshot) | None => "day",
    };
    let mut all: Vec<Stretch> = Vec::new();
    for (day, what) in days {
        match all.last_mut() {
            Some(stretch) if stretch.what == what && next(stretch.last, axis, calendar) == Some(day) => {
                stretch.last = day;
                stretch.count += 1;
            }
            _ => all.push(Stretch { first: day, last: day, count: 1, what, unit }),
        }
    }
    all.sort();
    all
}

/// The day that follows on an axis.
fn next(day: NaiveDate, axis: Option<Axis>, calendar: &Calendar) -> Option<NaiveDate> {
    match axis? {
        Axis::Session => calendar.after(day, 1),
        Axis::Month | Axis::SecurityMonth => day.with_day(1)?.checked_add_months(Months::new(1)),
        Axis::Period => periods(day.succ_opt()?, day.checked_add_days(Days::new(100))?).first().copied(),
        Axis::Day => day.succ_opt(),
        Axis::Security | Axis::Snapshot => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn texts(days: &[(&str, &str)], axis: Axis) -> Vec<String> {
        let days = days.iter().map(|(text, what)| (day(text), (*what).to_owned())).collect();
        // The 6th and the 7th of January are closed.
        let calendar = Calendar::new((0..40).map(|n| (day("2024-01-01") + Days::new(n), n != 5 && n != 6)));
        stretches(days, Some(axis), &calendar).iter().map(|one| format!("{one} {}", one.what)).collect()
    }

    #[test]
    fn consecutive_sessions_are_a_stretch() {
        let days = [
            ("2024-01-10", "missing"),
            ("2024-01-04", "missing"),
            ("2024-01-05", "missing"),
            ("2024-01-08", "missing"),
            ("2024-01-09", "failed"),
        ];
        let sessions = ["2024-01-04 to 2024-01-08 (3 sessions) missing", "2024-01-09 failed", "2024-01-10 missing"];
        assert_eq!(texts(&days, Axis::Session), sessions);
        assert_eq!(texts(&days[1..4], Axis::Day), ["2024-01-04 to 2024-01-05 (2 days) missing", "2024-01-08 missing"]);
        assert_eq!(texts(&[("2024-01-04", "a"), ("2024-01-04", "a")], Axis::Session), ["2024-01-04 a"]);
    }

    #[test]
    fn months_and_periods_follow_each_other() {
        let months = [("2023-11-01", "missing"), ("2023-12-01", "missing"), ("2024-02-01", "missing")];
        assert_eq!(texts(&months, Axis::Month), ["2023-11-01 to 2023-12-01 (2 months) missing", "2024-02-01 missing"]);
        let periods = [("2023-09-30", "missing"), ("2023-12-31", "missing"), ("2024-06-30", "missing")];
        let both = ["2023-09-30 to 2023-12-31 (2 periods) missing", "2024-06-30 missing"];
        assert_eq!(texts(&periods, Axis::Period), both);
    }
}
