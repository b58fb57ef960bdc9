//! `run`, `backfill`, `fetch`, `normalize`: fetching and building, together or alone. How either is done is decided
//! elsewhere.

use anyhow::Result;
use chrono::NaiveDate;
use clap::Args;

use super::announced::Announcing;
use super::context::{Building, Context, Format, Waiting, day, print};
use super::reach::work;
use super::{config, plan, summary};
use crate::plan::{Halves, Reach, Rebuild, Unit, Work};
use crate::report::Exit;
use crate::world::{Limits, Misuse, World};

/// Fetch and build what is due for the jobs; for cron or Airflow
///
/// Covers the newest days, days that are not settled yet, nights without a run, and the newest eight report
/// periods. A day that is not due yet is skipped, and the next run fetches it.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Jobs of jobs.toml [default: the only one]
    #[arg(value_name = "JOB")]
    jobs: Vec<String>,
    /// Run as if on the evening of this day; exit 8 if the day is not published
    #[arg(long, value_parser = day, value_name = "DAY")]
    date: Option<NaiveDate>,
    #[command(flatten)]
    building: Building,
    #[command(flatten)]
    waiting: Waiting,
    #[command(flatten)]
    announcing: Announcing,
    /// Format of the summary
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Fetch what is missing in a date range, and build it
#[derive(Debug, Args)]
pub(super) struct BackfillArgs {
    /// Tables, jobs of jobs.toml, or Tushare interface names (`daily`)
    #[arg(required_unless_present = "unit", value_name = "TABLE|JOB")]
    tables: Vec<String>,
    /// First event day
    #[arg(long, value_parser = day, value_name = "DAY", required_unless_present = "unit")]
    start: Option<NaiveDate>,
    /// Last event day, inclusive
    #[arg(long, value_parser = day, value_name = "DAY", required_unless_present = "unit")]
    end: Option<NaiveDate>,
    /// Only this unit of work, as listed by `plan --format json`
    #[arg(long, value_name = "ID", conflicts_with_all = ["tables", "start", "end"])]
    unit: Option<String>,
    /// Fetch again what the lake already holds
    #[arg(long)]
    refetch: bool,
    /// Request again where the vendor had no more rows, or only bad ones
    #[arg(long)]
    short: bool,
    /// Only show the cost: calls, minutes, quota, partitions
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    building: Building,
    #[command(flatten)]
    waiting: Waiting,
    #[command(flatten)]
    announcing: Announcing,
    /// Format of the summary
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Fetch what is missing, without building
#[derive(Debug, Args)]
pub(super) struct FetchArgs {
    /// Tables, jobs of jobs.toml, or Tushare interface names (`daily`)
    #[arg(required_unless_present = "unit", value_name = "TABLE|JOB")]
    tables: Vec<String>,
    /// First event day [default: the first day in the lake]
    #[arg(long, value_parser = day, value_name = "DAY")]
    start: Option<NaiveDate>,
    /// Last event day, inclusive [default: today]
    #[arg(long, value_parser = day, value_name = "DAY", requires = "start")]
    end: Option<NaiveDate>,
    /// Only this unit of work, as listed by `plan --format json`
    #[arg(long, value_name = "ID", conflicts_with_all = ["tables", "start", "end"])]
    unit: Option<String>,
    /// Fetch again what the lake already holds
    #[arg(long)]
    refetch: bool,
    #[command(flatten)]
    building: Building,
    #[command(flatten)]
    waiting: Waiting,
    #[command(flatten)]
    announcing: Announcing,
    /// Format of the summary
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Build stale partitions, without fetching
#[derive(Debug, Args)]
pub(super) struct NormalizeArgs {
    /// Tables or jobs [default: all tables]
    #[arg(value_name = "TABLE|JOB")]
    tables: Vec<String>,
    /// Skip partitions before this event day
    #[arg(long, value_parser = day, value_name = "DAY")]
    start: Option<NaiveDate>,
    /// Skip partitions after this event day [default: today]
    #[arg(long, value_parser = day, value_name = "DAY", requires = "start")]
    end: Option<NaiveDate>,
    /// Only this unit of work, as listed by `plan --format json`
    #[arg(long, value_name = "ID", conflicts_with_all = ["tables", "start", "end"])]
    unit: Option<String>,
    /// Also rebuild partitions that are up to date
    #[arg(long)]
    full: bool,
    #[command(flatten)]
    building: Building,
    #[command(flatten)]
    waiting: Waiting,
    #[command(flatten)]
    announcing: Announcing,
    /// Format of the summary
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl BackfillArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let mut work = work("backfill", Halves::Both, (self.start, self.end), context);
        work.refetch = self.refetch;
        work.short = self.short;
        let mut world = config::world(context)?;
        world.limits = Limits { memory: self.building.memory_limit(), wait: self.waiting.longest() };
        choose(&mut work, &world, &self.tables, self.unit.as_deref())?;
        if self.dry_run {
            return plan::show(&world, &work, self.format).await;
        }
        go(&world, work, (&self.announcing, self.format)).await
    }
}

impl RunArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let mut world = config::world(context)?;
        world.limits = Limits { memory: self.building.memory_limit(), wait: self.waiting.longest() };
        let mut work = work("run", Halves::Both, (None, None), context);
        work.reach = Reach::Nightly(self.date);
        work.jobs = config::chosen_jobs(&world, &self.jobs)?;
        work.tables = config::jobs(&world, &work.jobs)?;
        go(&world, work, (&self.announcing, self.format)).await
    }
}

impl FetchArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let mut work = work("fetch", Halves::Fetch, (self.start, self.end), context);
        work.refetch = self.refetch;
        let mut world = config::world(context)?;
        world.limits = Limits { memory: self.building.memory_limit(), wait: self.waiting.longest() };
        choose(&mut work, &world, &self.tables, self.unit.as_deref())?;
        go(&world, work, (&self.announcing, self.format)).await
    }
}

impl NormalizeArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let mut work = work("normalize", Halves::Build, (self.start, self.end), context);
        if self.full {
            work.rebuild = Rebuild::All;
        }
        let mut world = config::existing(context)?;
        world.limits = Limits { memory: self.building.memory_limit(), wait: self.waiting.longest() };
        choose(&mut work, &world, &self.tables, self.unit.as_deref())?;
        go(&world, work, (&self.announcing, self.format)).await
    }
}

/// Sets the tables and days of the work: those named, or those of a unit.
fn choose(work: &mut Work, world: &World, names: &[String], unit: Option<&str>) -> Result<()> {
    let Some(id) = unit else {
        work.tables = config::tables_or_jobs(world, names)?;
        return Ok(());
    };
    let unit = Unit::parse(&world.catalog, id, world.clock.today()).map_err(Misuse)?;
    work.reach = Reach::Range(unit.range);
    work.tables = vec![unit.table];
    Ok(())
}

async fn go(world: &World, work: Work, (announcing, format): (&Announcing, Format)) -> Result<Exit> {
    let report = announcing.run(world, &work).await?;
    match format {
        Format::Text => print(&summary::text(&report, &world.store))?,
        Format::Json => print(&serde_json::to_string_pretty(&report)?)?,
    }
    Ok(report.exit_code())
}
