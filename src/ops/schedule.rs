//! `schedule`: which jobs are due, according to the lake's reports and calendar. Runs nothing.

use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, Utc};

use crate::ledger::Ledgers;
use crate::plan::{self, Due, Ran, due};
use crate::real;
use crate::reference;
use crate::report;
use crate::spec::Schedule;
use crate::store::is_passing;
use crate::world::World;

/// How long to leave a store in trouble alone.
const PAUSE: Duration = Duration::from_secs(30);

/// A job with a schedule.
#[derive(Debug, Clone)]
pub struct Scheduled {
    /// Its name.
    pub job: String,
    /// Its schedule.
    pub schedule: Schedule,
    /// When it is due.
    pub due: Due,
    /// Its last run.
    pub last: Option<Ran>,
}

/// The jobs that have a schedule and a vendor, all or the named ones. `failed` are runs that ended before they had a
/// report, with their jobs.
///
/// # Errors
/// When the reports cannot be read.
async fn scheduled(world: &World, names: &[String], failed: &[(Vec<String>, Ran)]) -> Result<Vec<Scheduled>> {
    let mut runs: Vec<(Vec<String>, Ran)> = Vec::new();
    for report in report::all(&world.store).await? {
        runs.push((report.jobs, Ran { started: report.started, exit: report.exit }));
    }
    runs.extend_from_slice(failed);
    runs.sort_by_key(|(_, ran)| ran.started);
    // Without a calendar no day is known to be closed.
    let calendar = reference::calendar(world, &Ledgers::new(&world.store)).await.unwrap_or_default();
    let now = world.clock.now();
    let is_closed = |day| calendar.knows(day) && calendar.sessions(day, day).is_empty();
    let jobs = plan::scheduled(&world.catalog, &world.jobs, names);
    let scheduled = jobs.map(|(job, _, schedule)| {
        let of_job = runs.iter().filter(|(jobs, _)| jobs.contains(job));
        let ran: Vec<Ran> = of_job.map(|(_, ran)| *ran).collect();
        let due = due(schedule, &ran, is_closed, now);
        Scheduled { job: job.clone(), schedule: schedule.clone(), due, last: ran.last().copied() }
    });
    Ok(scheduled.collect())
}

/// Like `scheduled`. Returns `None`, after a pause, if the store cannot give a report right now: it may recover soon,
/// and a report that cannot be read does not mean that the run never happened.
///
/// # Errors
/// When the reports cannot be read and retrying will not help.
pub async fn known(world: &World, names: &[String], failed: &[(Vec<String>, Ran)]) -> Result<Option<Vec<Scheduled>>> {
    match scheduled(world, names, failed).await {
        Err(error) if is_passing(&error) => {
            tracing::error!("{error:#}");
            real::sleep(PAUSE).await;
            Ok(None)
        }
        known => known.map(Some),
    }
}

/// The jobs to run now, together: those due longest that share a schedule.
#[must_use]
pub fn due_now(scheduled: &[Scheduled]) -> Vec<&Scheduled> {
    let since = |one: &Scheduled| match one.due {
        Due::Now(since, _) => Some((since, one.schedule.text().to_owned())),
        Due::At(_) | Due::Never => None,
    };
    let Some(first) = scheduled.iter().filter_map(since).min() else { return Vec::new() };
    scheduled.iter().filter(|one| since(one).as_ref() == Some(&first)).collect()
}

/// The jobs that run next, and when.
#[must_use]
pub fn next(scheduled: &[Scheduled]) -> Option<(DateTime<Utc>, Vec<&str>)> {
    let at = |one: &Scheduled| match one.due {
        Due::At(at) => Some(at),
        Due::Now(..) | Due::Never => None,
    };
    let first = scheduled.iter().filter_map(at).min()?;
    Some((first, scheduled.iter().filter(|one| at(one) == Some(first)).map(|one| one.job.as_str()).collect()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::clock::Clock;
    use crate::interrupt::Interrupt;
    use crate::plan::Cause;
    use crate::progress::Progress;
    use crate::real::simulated::Simulated;
    use crate::report::Journal;
    use crate::spec::{Catalog, SpecFile};
    use crate::store::Store;
    use crate::store::unreliable::{Knows, Unreliable};
    use crate::world::Limits;

    const JOBS: &str = "version = 1\n[vendors.tushare]\n[jobs.market]\nschedule = \"30 20 * * 1-5\"\n\
        tables = [\"stock_daily_cn\"]\n";

    #[test]
    fn a_report_that_is_withheld_for_a_moment_is_waited_for_and_never_a_run_that_did_not_take_place() {
        let evening: DateTime<Utc> = "2024-01-02T13:00:00Z".parse().unwrap();
        Simulated::at(evening).run(async {
            let objects = Unreliable::new(Knows::All);
            let (catalog, jobs) =
                Catalog::load(&[], Some(&SpecFile { name: "jobs.toml".into(), text: JOBS.into() })).unwrap();
            let world = World {
                catalog,
                jobs,
                tokens: [].into(),
                store: Store::over("test", objects.clone()),
                clock: Clock::fixed(evening),
                progress: Progress::silent(),
                interrupt: Interrupt::default(),
                limits: Limits::default(),
                engine: None,
            };
            // Without any report the evening's run is due, unless it was never meant to run.
            let none = known(&world, &[], &[]).await.unwrap().unwrap();
            assert!(none[0].last.is_none());
            let journal = Journal::begin(&world.store, world.clock, "run", &["market".to_owned()]).await.unwrap();
            journal.end(BTreeMap::new(), None).await.unwrap();
            // Reading a report is tried three times, and again after the pause.
            objects.withhold(4);
            assert!(known(&world, &[], &[]).await.unwrap().is_none());
            let waited = real::now() - evening;
            assert!(waited.num_seconds() >= 30, "{waited}");
            let again = known(&world, &[], &[]).await.unwrap().unwrap();
            assert_eq!(again[0].last.map(|ran| ran.started), Some(evening));
            let next: DateTime<Utc> = "2024-01-03T12:30:00Z".parse().unwrap();
            assert!(matches!(again[0].due, Due::At(at) if at == next), "{:?}", again[0].due);
        });
    }

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(minutes * 60, 0).unwrap()
    }

    fn one(job: &str, schedule: &str, due: Due) -> Scheduled {
        Scheduled { job: job.into(), schedule: Schedule::parse(schedule).unwrap(), due, last: None }
    }

    #[test]
    fn jobs_of_one_schedule_run_together_and_others_after_them() {
        let now = |minutes| Due::Now(at(minutes), Cause::Missed);
        let all = [
            one("announcements", "30 21 * * *", now(60)),
            one("market", "30 20 * * 1-5", now(0)),
            one("market_5000", "30 20 * * 1-5", now(0)),
            one("weekly", "0 8 * * 6", Due::At(at(500))),
        ];
        let names = |due: Vec<&Scheduled>| due.iter().map(|one| one.job.clone()).collect::<Vec<_>>();
        assert_eq!(names(due_now(&all)), ["market", "market_5000"]);
        assert_eq!(names(due_now(&all[..1])), ["announcements"]);
        assert!(due_now(&all[3..]).is_empty());
        assert_eq!(next(&all), Some((at(500), vec!["weekly"])));
        assert_eq!(next(&all[..3]), None);
    }
}
