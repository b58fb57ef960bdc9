//! What the lake holds of each table, and what is missing. Reads listings and footers; asks nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;
use chrono::NaiveDate;
use serde::Serialize;

use super::report;
use super::{World, build};
use crate::bronze::{self, BronzeFile};
use crate::normalise::Partition;
use crate::plan::{Calendar, Slice, Wanted, Why, plan};
use crate::silver;
use crate::spec::{Axis, Table};

/// Slices of a table, counted.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Slices {
    /// In bronze.
    pub held: usize,
    /// Open days between the first and the last that have no file.
    pub missing: usize,
    /// Held, and to be asked once more because they settled since.
    pub due: usize,
    /// Failed in the last run that asked, and still missing.
    pub failed: usize,
}

/// One table of the lake.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// The table.
    pub table: String,
    /// First event day.
    pub first: Option<NaiveDate>,
    /// Last event day.
    pub last: Option<NaiveDate>,
    /// Rows in silver.
    pub rows: u64,
    /// Slices.
    pub slices: Slices,
    /// The missing days.
    pub holes: Vec<NaiveDate>,
    /// Open days since the last event day.
    pub lag: Option<usize>,
    /// Days held by files of other programs: nothing proves them whole.
    pub unproven: usize,
    /// Partitions whose bronze changed since they were built, or that were never built.
    pub stale: usize,
}

/// The state of each table.
///
/// # Errors
/// When the lake cannot be read.
pub async fn status(world: &World, tables: &[Arc<Table>]) -> Result<Vec<Status>> {
    let calendar = build::calendar(world).await.unwrap_or_else(|error| {
        tracing::warn!("the calendar cannot be read, so holes cannot be told: {error:#}");
        Calendar::new([])
    });
    let failed = failed(world).await?;
    let mut all = Vec::new();
    for table in tables {
        all.push(one(world, table, &calendar, failed.get(&table.name)).await?);
    }
    Ok(all)
}

async fn one(
    world: &World,
    table: &Arc<Table>,
    calendar: &Calendar,
    failed: Option<&BTreeSet<String>>,
) -> Result<Status> {
    let (partitions, _) = build::inputs(world, table).await?;
    let mut rows = 0;
    let mut events: Option<(NaiveDate, NaiveDate)> = None;
    let mut made_from: BTreeMap<Partition, String> = BTreeMap::new();
    for held in silver::list(&world.store, table).await? {
        let footer = silver::footer(&world.store, table, &held.entry).await?;
        rows += footer.rows;
        if let Some((first, last)) = footer.events {
            let day = |days: i32| NaiveDate::from_epoch_days(days);
            if let (Some(first), Some(last)) = (day(first), day(last)) {
                widen(&mut events, first, last);
            }
        }
        if let Some(partition) = held.partition {
            made_from.insert(partition, footer.origin);
        }
    }
    let current = |(partition, files): &(&Partition, &build::Inputs)| {
        made_from.get(partition) == Some(&build::origin(table, **partition, files))
    };
    let stale = partitions.iter().filter(|part| !current(part)).count();
    let mut slices = Slices::default();
    let mut holes = Vec::new();
    let mut unproven = 0;
    let mut lag = None;
    for source in &table.sources {
        let contract = &source.contract;
        let mut days: BTreeMap<NaiveDate, Vec<BronzeFile>> = BTreeMap::new();
        for file in bronze::list(&world.store, contract).await?.into_iter().filter(|file| !file.span) {
            days.entry(file.day).or_default().push(file);
        }
        let mut held = BTreeMap::new();
        for (day, files) in &days {
            let mut fetched_at = None;
            for file in files.iter().filter(|file| file.is_named_like(contract)) {
                if bronze::proof(&world.store, file).await.is_some() {
                    fetched_at = file.fetched_at;
                }
            }
            unproven += usize::from(fetched_at.is_none());
            held.insert(*day, fetched_at);
        }
        slices.held += days.len();
        if contract.ask.axis == Axis::Snapshot {
            continue;
        }
        if let (Some(first), Some(last)) = (days.keys().next(), days.keys().next_back()) {
            widen(&mut events, *first, *last);
        }
        let Some(range) = events else { continue };
        let planned = plan(Wanted {
            contract,
            range,
            calendar,
            held: &held,
            lookback: world.jobs.lookback(&table.name),
            refetch: false,
            clock: world.clock,
        });
        if !planned.beyond_calendar.is_empty() {
            tracing::warn!(
                "`{}`: the calendar at hand does not know all days from {} to {}, so holes may be missing from the \
                 list; fetch or import `trade_cal`",
                table.name,
                range.0,
                range.1
            );
        }
        for (slice, why) in planned.ask {
            match (slice, why) {
                (Slice::Session(day), Why::Missing) => holes.push(day),
                _ => slices.due += 1,
            }
        }
        let failed = failed.into_iter().flatten().filter_map(|name| name.parse::<NaiveDate>().ok());
        slices.failed += failed.filter(|day| !days.contains_key(day)).count();
        let today = world.clock.today();
        lag = Some(calendar.sessions(range.1, today).iter().filter(|day| **day > range.1).count());
    }
    holes.sort_unstable();
    slices.missing = holes.len();
    let (first, last) = events.unzip();
    Ok(Status { table: table.name.clone(), first, last, rows, slices, holes, lag, unproven, stale })
}

fn widen(range: &mut Option<(NaiveDate, NaiveDate)>, first: NaiveDate, last: NaiveDate) {
    *range = Some(range.map_or((first, last), |(a, b)| (a.min(first), b.max(last))));
}

/// The slices that failed in the newest run that had to do with each table.
async fn failed(world: &World) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut failed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for run in report::all(&world.store).await? {
        for (table, said) in run.tables {
            let slices = said.failed.into_iter().flat_map(|failed| failed.what);
            failed.insert(table, slices.collect());
        }
    }
    Ok(failed)
}
