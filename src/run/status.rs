//! What the lake holds of each table, and what is missing. Reads listings and footers; asks nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;
use chrono::NaiveDate;
use serde::Serialize;

use super::choice;
use super::errand::Surroundings;
use super::market::Market;
use super::{World, build, held, report, rows};
use crate::bronze::{self, BronzeFile};
use crate::normalise::Partition;
use crate::plan::{Again, Calendar, Slice, Wanted, Why, plan};
use crate::silver;
use crate::spec::{Axis, Contract, Table};

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
#[derive(Debug, Clone, Default, Serialize)]
pub struct Status {
    /// The table.
    pub table: String,
    /// First event day.
    pub first: Option<NaiveDate>,
    /// Last event day.
    pub last: Option<NaiveDate>,
    /// Rows in silver.
    pub rows: u64,
    /// Of them, versions that came after the first of their key.
    pub revisions: u64,
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
    let calendar = rows::calendar(world).await.unwrap_or_else(|error| {
        tracing::warn!("the calendar cannot be read, so holes cannot be told: {error:#}");
        Calendar::new([])
    });
    let failed = failed(world).await?;
    let market = if tables.iter().any(|table| !table.is_snapshot()) {
        Market::read(world, NaiveDate::MAX, NaiveDate::MIN).await?
    } else {
        Market::default()
    };
    let around = Surroundings { calendar: &calendar, market: &market };
    let mut all = Vec::new();
    for table in tables {
        all.push(one(world, table, around, failed.get(&table.name)).await?);
    }
    Ok(all)
}

async fn one(
    world: &World,
    table: &Arc<Table>,
    around: Surroundings<'_>,
    failed: Option<&BTreeSet<String>>,
) -> Result<Status> {
    let used = if table.versions.is_some() { around.calendar.clone() } else { Calendar::new([]) };
    let (partitions, _) = build::inputs(world, table).await?;
    let (mut rows, mut revisions) = (0, 0);
    let mut events: Option<(NaiveDate, NaiveDate)> = None;
    let mut made_from: BTreeMap<Partition, String> = BTreeMap::new();
    for held in silver::list(&world.store, table).await? {
        let footer = silver::footer(&world.store, table, &held.entry).await?;
        rows += footer.rows;
        revisions += footer.revisions;
        if let Some(days) = footer.events {
            widen(&mut events, *days.start(), *days.end());
        }
        if let Some(partition) = held.partition {
            made_from.insert(partition, footer.origin);
        }
    }
    let current = |(partition, files): &(&Partition, &build::Inputs)| {
        made_from.get(partition) == Some(&build::origin(table, **partition, files, &used))
    };
    let stale = partitions.iter().filter(|part| !current(part)).count();
    let mut status = Status { table: table.name.clone(), rows, stale, revisions, ..Status::default() };
    let files = held::files(&world.store, table).await?;
    for source in 0..table.sources.len() {
        let files: Vec<BronzeFile> = held::beside(table, &files, source).cloned().collect();
        // Of interfaces that share a folder the first speaks of its days; the others hold securities.
        let contract = &table.sources[source].contract;
        let is_security = contract.ask.axis.by_security();
        let first = table.sharing(source).next().unwrap_or(source);
        if !is_security && first != source && table.sources[first].contract.ask.axis == contract.ask.axis {
            continue;
        }
        let wanted = choice::named(world, table, contract);
        let held = held::slices(&world.store, table, source, files.iter(), &wanted).await;
        status.slices.held += held.len();
        if !is_security {
            status.unproven += unproven(world, contract, &files).await;
        }
        let days: Vec<NaiveDate> = held.keys().filter_map(Slice::day).collect();
        if contract.ask.axis == Axis::Snapshot {
            continue;
        }
        if let (Some(first), Some(last)) = (days.first(), days.last()) {
            widen(&mut events, *first, *last);
        }
        let Some(range) = events.filter(|_| !held.is_empty()) else { continue };
        let securities = if is_security { around.market.reporting(contract, range.0) } else { Vec::new() };
        let planned = plan(Wanted {
            contract,
            range,
            calendar: around.calendar,
            held: &held,
            securities: &securities,
            lookback: world.jobs.lookback(&table.name),
            reports: table.versions.as_ref().is_some_and(|versions| versions.not_before.is_some()),
            adds_up: false,
            again: Again::Settled,
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
                (Slice::Session(day) | Slice::Day(day) | Slice::Month(day) | Slice::Period(day), Why::Missing) => {
                    status.holes.push(day);
                }
                (Slice::Security(_) | Slice::SecurityMonth(..), Why::Missing) => status.slices.missing += 1,
                _ => status.slices.due += 1,
            }
        }
        let names: BTreeSet<String> = held.keys().map(Slice::name).collect();
        let missed = |name: &&String| !names.contains(*name) && (is_security || name.parse::<NaiveDate>().is_ok());
        status.slices.failed += failed.into_iter().flatten().filter(missed).count();
        if contract.ask.axis == Axis::Session {
            let sessions = around.calendar.sessions(range.1, world.clock.today());
            status.lag = Some(sessions.iter().filter(|day| **day > range.1).count());
        }
    }
    status.holes.sort_unstable();
    status.slices.missing += status.holes.len();
    (status.first, status.last) = events.unzip();
    Ok(status)
}

/// Days that no file of ours answers.
async fn unproven(world: &World, contract: &Contract, files: &[BronzeFile]) -> usize {
    let mut proven: BTreeMap<NaiveDate, bool> = BTreeMap::new();
    for file in files.iter().filter(|file| !file.span) {
        let is_proven = proven.entry(file.day).or_default();
        if !*is_proven && file.is_named_like(contract) {
            *is_proven = bronze::proof(&world.store, file).await.is_some();
        }
    }
    proven.into_values().filter(|is_proven| !is_proven).count()
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
