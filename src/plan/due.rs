//! When a job runs next, from its schedule, what ran before, and closed days. Nothing is run here.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::retry::{attempts, retry_at};
use crate::clock::shanghai_day;
use crate::report::Exit;
use crate::spec::Schedule;

/// A run that is late by less than this counts as on time.
const ON_TIME: TimeDelta = TimeDelta::minutes(2);

/// The most consecutive times of a schedule that may fall on closed days.
const CLOSED: usize = 31;

/// A past run of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ran {
    /// When it began.
    pub started: DateTime<Utc>,
    /// How it ended; `None` if it was killed.
    pub exit: Option<Exit>,
}

/// When a job is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Now, since this time of its schedule.
    Now(DateTime<Utc>, Cause),
    /// At this time.
    At(DateTime<Utc>),
    /// Its schedule has no further time.
    Never,
}

/// Why a job is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Its time has come.
    OnTime,
    /// Nothing ran at its time.
    Missed,
    /// A run was stopped before it was done.
    Interrupted,
    /// A run left something undone.
    Unfinished,
}

impl Cause {
    /// The cause, for people.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::OnTime => "on time",
            Self::Missed => "the run was missed",
            Self::Interrupted => "the last run was interrupted",
            Self::Unfinished => "the last run was incomplete",
        }
    }
}

/// When a job is due, given its earlier `runs`, oldest first. If a schedule means trading days, closed days are
/// skipped.
#[must_use]
pub fn due(schedule: &Schedule, runs: &[Ran], is_closed: impl Fn(NaiveDate) -> bool, now: DateTime<Utc>) -> Due {
    let is_skipped = |at: &DateTime<Utc>| schedule.is_of_weekdays() && is_closed(shanghai_day(*at));
    let mut before = std::iter::successors(schedule.until(now), |at| schedule.until(*at - TimeDelta::seconds(1)));
    let mut after = std::iter::successors(schedule.after(now), |at| schedule.after(*at));
    let time = before.by_ref().take(CLOSED).find(|at| !is_skipped(at));
    let next = after.by_ref().take(CLOSED).find(|at| !is_skipped(at));
    let later = next.map_or(Due::Never, Due::At);
    let Some(time) = time else { return later };
    let since: Vec<&Ran> = runs.iter().filter(|run| run.started >= time).collect();
    let Some(last) = since.last() else {
        return Due::Now(time, if now - time < ON_TIME { Cause::OnTime } else { Cause::Missed });
    };
    if since.len() >= attempts(last.exit) {
        return later;
    }
    let Some(exit) = last.exit.filter(|exit| !exit.is_signal()) else { return Due::Now(time, Cause::Interrupted) };
    match retry_at(exit, last.started) {
        None => later,
        Some(again) if again <= now => Due::Now(time, Cause::Unfinished),
        Some(again) => Due::At(next.map_or(again, |next| next.min(again))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("2024-{text}:00+08:00")).unwrap().to_utc()
    }

    fn ran(started: &str, exit: Option<Exit>) -> Ran {
        Ran { started: at(started), exit }
    }

    fn market(runs: &[Ran], now: &str) -> Due {
        // May 1 is a Wednesday and closed, as are the days up to the weekend.
        let closed = |day: NaiveDate| ("2024-05-01".parse().unwrap()..="2024-05-05".parse().unwrap()).contains(&day);
        due(&Schedule::parse("30 20 * * 1-5").unwrap(), runs, closed, at(now))
    }

    #[test]
    fn a_job_runs_once_at_its_time() {
        let monday = [ran("04-22T20:30", Some(Exit::Done))];
        assert_eq!(market(&monday, "04-23T20:29"), Due::At(at("04-23T20:30")));
        assert_eq!(market(&monday, "04-23T20:30"), Due::Now(at("04-23T20:30"), Cause::OnTime));
        let tuesday = [monday[0], ran("04-23T20:30", Some(Exit::Done))];
        assert_eq!(market(&tuesday, "04-23T20:31"), Due::At(at("04-24T20:30")));
    }

    #[test]
    fn a_missed_run_is_caught_up_with_once() {
        let monday = [ran("04-22T20:30", Some(Exit::Done))];
        assert_eq!(market(&monday, "04-25T09:00"), Due::Now(at("04-24T20:30"), Cause::Missed));
        let morning = [monday[0], ran("04-25T09:00", Some(Exit::Done))];
        assert_eq!(market(&morning, "04-25T09:10"), Due::At(at("04-25T20:30")));
        assert_eq!(market(&[], "04-25T09:10"), Due::Now(at("04-24T20:30"), Cause::Missed));
    }

    #[test]
    fn closed_days_are_skipped() {
        let done = [ran("04-30T20:30", Some(Exit::Done))];
        assert_eq!(market(&done, "05-01T20:30"), Due::At(at("05-06T20:30")));
        assert_eq!(market(&[], "05-05T12:00"), Due::Now(at("04-30T20:30"), Cause::Missed));
        // A daily job runs on closed days too.
        let daily = Schedule::parse("30 21 * * *").unwrap();
        assert_eq!(due(&daily, &done, |_| true, at("05-01T12:00")), Due::Now(at("04-30T21:30"), Cause::Missed));
    }

    #[test]
    fn what_is_left_to_do_is_tried_again() {
        for exit in [Exit::Incomplete, Exit::Leased, Exit::Failed] {
            let mut runs = vec![ran("04-23T20:30", Some(exit))];
            assert_eq!(market(&runs, "04-23T20:35"), Due::At(at("04-23T20:40")), "{exit:?}");
            assert_eq!(market(&runs, "04-23T20:40"), Due::Now(at("04-23T20:30"), Cause::Unfinished), "{exit:?}");
            runs.extend((0..11).map(|_| ran("04-23T23:00", Some(exit))));
            assert_eq!(market(&runs, "04-24T08:00"), Due::At(at("04-24T20:30")), "{exit:?}");
        }
        for exit in [Exit::Misuse, Exit::BadData, Exit::NoRight] {
            assert_eq!(
                market(&[ran("04-23T20:30", Some(exit))], "04-23T22:00"),
                Due::At(at("04-24T20:30")),
                "{exit:?}"
            );
        }
    }

    #[test]
    fn a_late_day_is_tried_until_the_next_evening() {
        let late = |started: &str| ran(started, Some(Exit::NotPublished));
        assert_eq!(market(&[late("04-23T20:30")], "04-23T20:31"), Due::At(at("04-23T21:00")));
        assert_eq!(market(&[late("04-23T22:40")], "04-23T23:30"), Due::At(at("04-24T08:30")));
        assert_eq!(market(&[late("04-24T19:50")], "04-24T20:10"), Due::At(at("04-24T20:20")));
        // The next evening is a new time of the schedule.
        assert_eq!(market(&[late("04-24T20:20")], "04-24T20:30"), Due::Now(at("04-24T20:30"), Cause::OnTime));
        let spent = [ran("04-23T20:30", Some(Exit::QuotaSpent))];
        assert_eq!(market(&spent, "04-23T20:31"), Due::At(at("04-24T08:10")));
    }

    #[test]
    fn a_run_that_was_ended_goes_on_at_once() {
        for exit in [None, Some(Exit::Terminate), Some(Exit::Interrupt), Some(Exit::Hangup)] {
            let runs = [ran("04-23T20:30", exit)];
            assert_eq!(market(&runs, "04-23T20:31"), Due::Now(at("04-23T20:30"), Cause::Interrupted), "{exit:?}");
        }
    }
}
