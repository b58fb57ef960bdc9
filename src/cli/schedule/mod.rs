//! `schedule`: runs the jobs in jobs.toml when they are due, or hands them to another scheduler. When a job is due is
//! decided in `plan`.

mod forms;
mod install;
mod place;

use std::time::Duration;

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, ValueEnum};

use super::announced::Announcing;
use super::context::{Building, Context, print};
use super::language::local;
use super::reach::work;
use super::{config, summary};
use crate::clock::SHANGHAI;
use crate::interrupt::Interrupted;
use crate::ops::schedule::{Scheduled, due_now, known, next};
use crate::plan::{self, Due, Halves, Ran, Reach};
use crate::report::Exit;
use crate::run;
use crate::store::lease::Lease;
use crate::world::{Misuse, World};
use place::Place;

/// The longest sleep. Clocks get set, and machines go to sleep.
const LONGEST: Duration = Duration::from_secs(30);

/// How often the log says that nothing is due.
const HEALTH: TimeDelta = TimeDelta::hours(1);

/// Run the jobs of jobs.toml when they are due, in the foreground; or set up another scheduler
///
/// Schedules are in Shanghai time. One run at a time: jobs with the same schedule run together, others after them.
/// Monday-to-Friday jobs are skipped on days when the market is closed, according to the lake's calendar. Missed runs
/// are made up at once, and an incomplete run is tried again: after ten minutes; for late data every half hour until it
/// arrives; for a used-up quota the next morning.
#[derive(Debug, Args)]
pub(super) struct ScheduleArgs {
    /// Jobs of jobs.toml [default: all that have a schedule]
    #[arg(value_name = "JOB")]
    jobs: Vec<String>,
    /// Print the configuration for another scheduler instead
    #[arg(long, value_enum, value_name = "FORM")]
    print: Option<Form>,
    /// Add the jobs to your systemd user units, or else to your crontab
    #[arg(long, conflicts_with_all = ["print", "uninstall"])]
    install: bool,
    /// Remove what --install added
    #[arg(long, conflicts_with = "print")]
    uninstall: bool,
    #[command(flatten)]
    building: Building,
    #[command(flatten)]
    announcing: Announcing,
}

/// A scheduler.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Form {
    /// Lines for `crontab -e`
    Cron,
    /// User units: a service and a timer for each schedule
    Systemd,
    /// A macOS launch agent that keeps `pitlake schedule` running
    Launchd,
    /// DAGs for Airflow 3.3 or later
    Airflow,
}

impl ScheduleArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let mut world = config::world(context)?;
        config::jobs(&world, &self.jobs)?;
        if plan::scheduled(&world.catalog, &world.jobs, &self.jobs).next().is_none() {
            let message = "no job of a configured vendor has a schedule: add `schedule = \"30 20 * * 1-5\"` to [jobs.NAME] \
                           in jobs.toml";
            return Err(Misuse(message.into()).into());
        }
        if self.print.is_some() || self.install || self.uninstall {
            let place = Place::of(context, &world, &self.jobs)?;
            print(&match self.print {
                Some(Form::Cron) => format!("{}{}", comments(&place), forms::cron(&place)?),
                Some(Form::Systemd) => {
                    let units = forms::systemd(&place)?;
                    let texts: Vec<&str> = units.iter().map(|unit| unit.text.as_str()).collect();
                    format!("{}{}", comments(&place), texts.join("\n"))
                }
                Some(Form::Launchd) => forms::launchd(&place),
                Some(Form::Airflow) => forms::airflow(&place)?,
                None if self.install => local(&install::install(&place)?),
                None => local(&install::uninstall(&place)?),
            })?;
            return Ok(Exit::Done);
        }
        // Even with --now, so that scheduled times are reached.
        let clock = context.clock.running();
        let lease = Lease::take(&world.store, "schedule", Duration::ZERO).await?;
        let mut failed = Vec::new();
        let mut told: Option<DateTime<Utc>> = None;
        loop {
            match config::world(context) {
                Ok(fresh) => world = fresh,
                Err(error) => {
                    tracing::error!("{error:#}; the previous configuration stays in use until this is corrected");
                }
            }
            world.limits.memory = self.building.memory_limit();
            world.clock = clock;
            let Some(jobs) = known(&world, &self.jobs, &failed).await? else { continue };
            let due = due_now(&jobs);
            if !due.is_empty() {
                let waiting = waiting(&jobs, &due);
                failed.extend(one(context, &world, (&due, &waiting), &self.announcing).await?);
                told = None;
                continue;
            }
            let now = world.clock.now();
            if told.is_none_or(|told| now - told >= HEALTH) {
                tracing::info!("{}", health(&jobs));
                told = Some(now);
            }
            let Some((at, _)) = next(&jobs) else {
                lease.release().await?;
                return Ok(Exit::Done);
            };
            sleep_until(&world, at, told).await;
        }
    }
}

/// What remains to be done, as comments above the output.
fn comments(place: &Place) -> String {
    forms::lines(place.missing().into_iter().map(|missing| format!("# {}", local(&missing))))
}

/// The other jobs that are due.
fn waiting(jobs: &[Scheduled], due: &[&Scheduled]) -> Vec<String> {
    let others = jobs.iter().filter(|job| matches!(job.due, Due::Now(..)) && due.iter().all(|one| one.job != job.job));
    others.map(|job| job.job.clone()).collect()
}

/// Runs jobs that are due, while others wait. Returns a run that ended before it had a report, so that it is not
/// started again at once.
async fn one(
    context: &Context,
    world: &World,
    (due, waiting): (&[&Scheduled], &[String]),
    announcing: &Announcing,
) -> Result<Option<(Vec<String>, Ran)>> {
    let jobs: Vec<String> = due.iter().map(|one| one.job.clone()).collect();
    let names = jobs.join(", ");
    if let Some(Due::Now(since, cause)) = due.first().map(|one| one.due) {
        tracing::info!("{names}: due since {}, {}", shown(since), cause.text());
    }
    if !waiting.is_empty() {
        tracing::info!("next: {}", waiting.join(", "));
    }
    let started = world.clock.now();
    let mut work = work("run", Halves::Both, (None, None), context);
    work.reach = Reach::Nightly(None);
    work.tables = config::jobs(world, &jobs)?;
    work.jobs.clone_from(&jobs);
    let (exit, has_report) = match announcing.run(world, &work).await {
        Ok(report) => {
            print(&summary::text(&report, &world.store))?;
            (report.exit_code(), true)
        }
        Err(error) if error.is::<Interrupted>() => return Err(error),
        Err(error) => {
            tracing::error!("{names}: {error:#}");
            (run::exit_of(&error), false)
        }
    };
    tracing::info!("{names}: {}", ended(exit));
    Ok((!has_report).then_some((jobs, Ran { started, exit: Some(exit) })))
}

/// How a run ended.
fn ended(exit: Exit) -> String {
    format!("exit {}, {}", u8::from(exit), exit.meaning())
}

/// Sleeps until a time, or until the next log line.
async fn sleep_until(world: &World, at: DateTime<Utc>, told: Option<DateTime<Utc>>) {
    let at = told.map_or(at, |told| at.min(told + HEALTH));
    loop {
        let left = (at - world.clock.now()).to_std().unwrap_or_default();
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(LONGEST)).await;
    }
}

/// What ran last, how it ended, and what runs next.
fn health(jobs: &[Scheduled]) -> String {
    let last = jobs.iter().filter_map(|one| Some((one.last?, &one.job))).max_by_key(|(ran, _)| ran.started);
    let last = last.map_or_else(
        || "nothing has run yet".to_owned(),
        |(ran, job)| {
            let exit = ran.exit.map_or_else(|| "killed".to_owned(), ended);
            format!("last run: {job} of {}, {exit}", shown(ran.started))
        },
    );
    let next = next(jobs).map_or_else(
        || "no further run".to_owned(),
        |(at, jobs)| format!("next run: {} at {}", jobs.join(", "), shown(at)),
    );
    format!("{last}; {next}")
}

/// A time in Shanghai.
fn shown(at: DateTime<Utc>) -> String {
    at.with_timezone(&SHANGHAI).format("%Y-%m-%d %H:%M").to_string()
}
