//! When `schedule` retries a run that left something undone. The DAGs in `src/cli/airflow.py` use the same times.
//! Whether a job is due is in `due`.

use chrono::{DateTime, NaiveTime, TimeDelta, Timelike as _, Utc};

use crate::clock::SHANGHAI;
use crate::report::Exit;

/// After this hour in Shanghai, nothing more is published in the evening.
const NIGHT: u32 = 23;

/// Attempts per time of a schedule, depending on how the last run ended.
pub(super) fn attempts(exit: Option<Exit>) -> usize {
    match exit {
        Some(Exit::NotPublished) => 32,
        Some(Exit::QuotaSpent) => 5,
        _ => 12,
    }
}

/// When to retry a run that started at `started`; `None` if waiting does not help. A quota is renewed the next day, and
/// late data arrive in the evening or the next morning.
pub(super) fn retry_at(exit: Exit, started: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match exit {
        Exit::QuotaSpent => Some(next_day(started, (8, 10))),
        Exit::NotPublished => Some(late(started + TimeDelta::minutes(30))),
        Exit::Failed | Exit::Incomplete | Exit::Leased => Some(started + TimeDelta::minutes(10)),
        Exit::Done | Exit::Misuse | Exit::BadData | Exit::NoRight => None,
        Exit::Hangup | Exit::Interrupt | Exit::Terminate => Some(started),
    }
}

/// A time at which something may be published: `at`, or else the next 08:30.
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

/// A time of day in Shanghai, this many days after `at`, or `at` itself beyond the range of dates.
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
