//! `backfill`, `fetch`, `normalize`: the two halves of a run, together and alone.

use anyhow::Result;
use chrono::NaiveDate;
use clap::Args;

use super::{Context, Format, config, day, print, summary};
use crate::run::{self, Exit, Halves, Reach, Work};

/// Ask for what is missing in a range, and build it
#[derive(Debug, Args)]
pub(super) struct Backfill {
    /// Tables; `ashare-lake tables` lists them
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
        go(context, work, &self.tables, self.format).await
    }
}

impl Fetch {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let mut work = work("fetch", Halves::Fetch, (self.start, self.end), context);
        work.refetch = self.refetch;
        go(context, work, &self.tables, self.format).await
    }
}

impl Normalize {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let mut work = work("normalize", Halves::Build, (self.start, self.end), context);
        work.full = self.full;
        go(context, work, &self.tables, self.format).await
    }
}

fn work(
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

async fn go(context: &Context, mut work: Work, tables: &[String], format: Format) -> Result<Exit> {
    let world = config::world(context)?;
    work.tables = config::tables(&world.catalog, tables)?;
    let report = run::run(&world, &work).await?;
    match format {
        Format::Text => print(&summary::text(&report))?,
        Format::Json => print(&serde_json::to_string_pretty(&report)?)?,
    }
    Ok(report.exit_code())
}
