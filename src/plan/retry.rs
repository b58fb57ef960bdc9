//! When a run that left something to do is tried again, for `schedule`. The DAGs of `src/cli/airflow.py` keep to the same
//! times. Never whether anything is due.

use chrono::{DateTime, NaiveTime, TimeDelta, Timelike as _, Utc};

use crate::clock::SHANGHAI;
use crate::report::Exit;

/// The hour in Shanghai after which nothing more is published in an evening.
const NIGHT: u32 = 23;

/// Attempts for one time of a schedule, by how the last run ended.
pub(super) fn attempts(exit: Option<Exit>) -> usize {
    match exit {
        Some(Exit::NotPublished) => 32,
        Some(Exit::QuotaSpent) => 5,
        _ => 12,
    }
}

/// When to try again after a run that began at `started`; `None` for what time does not mend. A quota returns the next day,
/// and what is late comes in the evening or the next morning.
pub(super) fn retry_at(exit: Exit, started: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match exit {
        Exit::QuotaSpent => Some(next_day(started, (8, 10))),
        Exit::NotPublished => Some(late(started + TimeDelta::minutes(30))),
        Exit::Failed | Exit::Incomplete | Exit::Leased => Some(started + TimeDelta::minutes(10)),
        Exit::Done | Exit::Misuse | Exit::BadData | Exit::NoRight => None,
        Exit::Hangup | Exit::Interrupt | Exit::Terminate => Some(started),
    }
}

/// A time at which something may be published: itself, or else half past eight in the morning.
fn late(at: DateTime<Utc>) -> DateTime<Utc> {
    match at.with_timezone(&SHANGHAI).hour() {
        0..8 => on_day(at, 0, (8, 30)),
        NIGHT.. => next_day(at, (8, 30)),
        _ => at,
    }
}

fn next_day(at: DateTime<Utc>, time: (u32, u32)) -> DateTime<Utc> {
    on_day(at, 1, time)
}

/// A time of day in Shanghai, so many days after `at`; `at` itself where the calendar of the machine ends.
fn on_day(at: DateTime<Utc>, days: i64, (hour, minute): (u32, u32)) -> DateTime<Utc> {
    let day = (at.with_timezone(&SHANGHAI) + TimeDelta::days(days)).date_naive();
    let time = NaiveTime::from_hms_opt(hour, minute, 0).unwrap_or_default();
    day.and_time(time).and_local_timezone(SHANGHAI).single().map_or(at, |at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_exit_code_has_its_time() {
        let at = |text: &str| DateTime::parse_from_rfc3339(&format!("2024-06-{text}:00+08:00")).unwrap().to_utc();
        let again = |exit, started: &str| retry_at(exit, at(started));
        for (exit, started, expected) in [
            (Exit::NotPublished, "28T20:30", "28T21:00"),
            (Exit::NotPublished, "28T22:31", "29T08:30"),
            (Exit::NotPublished, "28T23:50", "29T08:30"),
            (Exit::NotPublished, "29T07:40", "29T08:10"),
            (Exit::NotPublished, "29T08:30", "29T09:00"),
            (Exit::QuotaSpent, "28T20:30", "29T08:10"),
            (Exit::Incomplete, "28T23:55", "29T00:05"),
            (Exit::Terminate, "28T20:30", "28T20:30"),
        ] {
            assert_eq!(again(exit, started), Some(at(expected)), "{exit:?} {started}");
        }
        for exit in [Exit::Done, Exit::Misuse, Exit::BadData, Exit::NoRight] {
            assert_eq!(again(exit, "28T20:30"), None, "{exit:?}");
        }
    }
}
