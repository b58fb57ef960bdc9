//! `plan` and `--dry-run`: what would be done, why, and what it costs. How a plan is made is decided in `plan`.

use std::fmt::Write as _;

use anyhow::Result;
use chrono::NaiveDate;
use clap::Args;
use pitlake_contract::counted;

use super::config;
use super::context::{Context, Format, day, print};
use super::language::{is_chinese, labelled, local, say};
use super::reach::work;
use crate::ops::price;
use crate::plan::{Halves, Price, Reach, Unit, Work, seller, units};
use crate::report::Exit;
use crate::world::{Misuse, World};

/// Show what `run` or `backfill` would do, why, and what it costs; sends nothing
///
/// With --start, JSON lists the units of the backfill, which `backfill --unit` and `normalize --unit` do one by one.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// Jobs or tables [default: all jobs]
    #[arg(value_name = "TABLE|JOB")]
    names: Vec<String>,
    /// Plan as if on the evening of this day
    #[arg(long, value_parser = day, value_name = "DAY", conflicts_with = "start")]
    date: Option<NaiveDate>,
    /// First event day of a backfill
    #[arg(long, value_parser = day, value_name = "DAY")]
    start: Option<NaiveDate>,
    /// Last event day, inclusive [default: today]
    #[arg(long, value_parser = day, value_name = "DAY", requires = "start")]
    end: Option<NaiveDate>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl PlanArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let world = config::world(context)?;
        let mut work = work("plan", Halves::Both, (self.start, self.end), context);
        if self.start.is_none() {
            work.reach = Reach::Nightly(self.date);
        }
        work.tables = if self.names.is_empty() {
            config::jobs(&world, &[])?
        } else {
            config::tables_or_jobs(&world, &self.names)?
        };
        if let (Reach::Range(range), Format::Json) = (work.reach, self.format) {
            work.check(world.clock).map_err(Misuse)?;
            for table in &work.tables {
                seller(&world.jobs, table).map_err(Misuse)?;
            }
            let units = units(&world.jobs, &work.tables, range);
            let listed: Vec<_> = units.iter().map(Unit::listed).collect();
            print(&serde_json::to_string_pretty(&listed)?)?;
            return Ok(Exit::Done);
        }
        show(&world, &work, self.format).await
    }
}

/// Prices the work and prints it.
pub(super) async fn show(world: &World, work: &Work, format: Format) -> Result<Exit> {
    let price = price::price(world, work).await?;
    print(&match format {
        Format::Text => text(&price),
        Format::Json => serde_json::to_string_pretty(&price)?,
    })?;
    Ok(Exit::Done)
}

fn text(price: &Price) -> String {
    let mut out = String::new();
    let mut line = |text: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{text}");
    };
    for asking in &price.asking {
        let (table, interface, calls, held) = (&asking.table, &asking.interface, asking.calls, asking.held);
        line(say!(
            "{table} from {interface}: {}, {} already in the lake",
            counted(calls, "call"),
            counted(held, "slice")
        ));
        for reason in &asking.slices {
            let span = match reason.slices {
                1 => reason.first.clone(),
                _ => say!("{} to {}", reason.first, reason.last),
            };
            let (count, why) = (reason.slices, local(reason.why));
            // In Chinese the number comes last.
            let what = if is_chinese() { format!("{why} {count}") } else { format!("{count} {why}") };
            line(format!("  {}", labelled(&what, &span)));
        }
    }
    for (table, partitions) in &price.partitions {
        let names: Vec<&str> = partitions.iter().map(String::as_str).collect();
        line(say!("would write {table}: {}", names.join(", ")));
    }
    let minutes = if price.minutes == 0 { "less than a minute".to_owned() } else { counted(price.minutes, "minute") };
    line(say!("total: {}, {minutes} at the account's limits", counted(price.calls, "call")));
    for quota in &price.quota {
        line(say!("quota of {}: {} a day, {} used today", quota.vendor, counted(quota.a_day, "call"), quota.spent));
    }
    for note in &price.notes {
        line(format!("! {}", local(note)));
    }
    out
}
