//! `run`, `backfill`, `fetch`, `normalize`: the two halves of a run, together and alone.

use anyhow::Result;
use chrono::NaiveDate;
use clap::Args;

use super::{Context, Format, config, day, plan, print, summary};
use crate::run::{self, Exit, Halves, Reach, Work, World};

/// What is due for the jobs: ask, build, check. What cron and Airflow call
///
/// Looks at the newest days, those not settled yet, nights without a run, and the newest eight report
/// periods. A day that is not published yet is passed over; the next run asks again.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// Jobs of jobs.toml [default: all]
    #[arg(value_name = "JOB")]
    jobs: Vec<String>,
    /// The evening of this day instead of today; exit 8 if it is not published
    #[arg(long, value_parser = day, value_name = "DAY")]
    date: Option<NaiveDate>,
    /// How the summary is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Ask for what is missing in a range, and build it
#[derive(Debug, Args)]
pub(super) struct Backfill {
    /// Tables; `pitlake tables` lists them
    #[arg(required = true, value_name = "TABLE")]
    tables: Vec<String>,
    /// First event day
    #[arg(long, value_parser = day, value_name = "DAY")]
    start: NaiveDate,
    /// Last event day, included
    #[arg(long, value_parser = day, value_name = "DAY")]
    end: NaiveDate,
    /// Ask again for what is held already
    #[arg(long)]
    refetch: bool,
    /// Only tell the price: calls, minutes, quota, partitions
    #[arg(long)]
    dry_run: bool,
    /// How the summary is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Ask for what is missing; build nothing
#[derive(Debug, Args)]
pub(super) struct Fetch {
    /// Tables
    #[arg(required = true, value_name = "TABLE")]
    tables: Vec<String>,
    /// First event day [default: the first day held]
    #[arg(long, value_parser = day, value_name = "DAY")]
    start: Option<NaiveDate>,
    /// Last event day, included [default: today]
    #[arg(long, value_parser = day, value_name = "DAY", requires = "start")]
    end: Option<NaiveDate>,
    /// Ask again for what is held already
    #[arg(long)]
    refetch: bool,
    /// How the summary is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Build what is stale; ask nobody
#[derive(Debug, Args)]
pub(super) struct Normalize {
    /// Tables [default: all]
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,
    /// Only partitions that reach this event day or later ones
    #[arg(long, value_parser = day, value_name = "DAY")]
    start: Option<NaiveDate>,
    /// Only partitions that reach this event day or earlier ones [default: today]
    #[arg(long, value_parser = day, value_name = "DAY", requires = "start")]
    end: Option<NaiveDate>,
    /// Build partitions that are current too
    #[arg(long)]
    full: bool,
    /// How the summary is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Backfill {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let mut work = work("backfill", Halves::Both, (Some(self.start), Some(self.end)), context);
        work.refetch = self.refetch;
        let world = config::world(context)?;
        work.tables = config::tables(&world.catalog, &self.tables)?;
        if self.dry_run {
            return plan::show(&world, &work, self.format).await;
        }
        go(&world, work, self.format).await
    }
}

impl Run {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let world = config::world(context)?;
        let mut work = work("run", Halves::Both, (None, None), context);
        work.reach = Reach::Nightly(self.date);
        work.tables = config::jobs(&world, &self.jobs)?;
        go(&world, work, self.format).await
    }
}

impl Fetch {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let mut work = work("fetch", Halves::Fetch, (self.start, self.end), context);
        work.refetch = self.refetch;
        let world = config::world(context)?;
        work.tables = config::tables(&world.catalog, &self.tables)?;
        go(&world, work, self.format).await
    }
}

impl Normalize {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let mut work = work("normalize", Halves::Build, (self.start, self.end), context);
        work.full = self.full;
        let world = config::existing(context)?;
        work.tables = config::tables(&world.catalog, &self.tables)?;
        go(&world, work, self.format).await
    }
}

pub(super) fn work(
    command: &str,
    halves: Halves,
    (start, end): (Option<NaiveDate>, Option<NaiveDate>),
    context: &Context,
) -> Work {
    Work {
        command: command.to_owned(),
        tables: Vec::new(),
        reach: start.map_or(Reach::Held, |start| Reach::Range(start, end.unwrap_or_else(|| context.clock.today()))),
        halves,
        refetch: false,
        full: false,
    }
}

async fn go(world: &World, work: Work, format: Format) -> Result<Exit> {
    let report = run::run(world, &work).await?;
    match format {
        Format::Text => print(&summary::text(&report))?,
        Format::Json => print(&serde_json::to_string_pretty(&report)?)?,
    }
    Ok(report.exit_code())
}
