//! `status`: what the lake holds of each table, and what is missing. Reads listings, headers and footers; sends nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;
use chrono::NaiveDate;
use serde::Serialize;

use pitlake_contract::Slice;

use crate::build::origin;
use crate::ledger::{Ledger, LedgerFile, Ledgers};
use crate::normalise::Partition;
use crate::plan::{Again, Calendar, Facts, Universe, Wanted, Why, named_values, plan};
use crate::reference;
use crate::report;
use crate::silver;
use crate::spec::{Axis, DateRange, Table};
use crate::world::World;

/// Slices of a table, counted.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Slices {
    /// In bronze.
    pub held: usize,
    /// Open days between the first and the last that have no file.
    pub missing: usize,
    /// Held, and to be asked once more because they settled since.
    pub due: usize,
    /// Failed in the last run that asked for them, and still missing.
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
    /// Of these, versions after the first of their key.
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
    let ledgers = Ledgers::new(&world.store);
    let calendar = reference::calendar(world, &ledgers).await.unwrap_or_else(|error| {
        tracing::warn!("cannot read the calendar, so missing days are not listed: {error:#}");
        Calendar::new([])
    });
    let failed = failed(world).await?;
    let universe = if tables.iter().any(|table| !table.is_snapshot()) {
        reference::universe(world, &ledgers, DateRange::new(NaiveDate::MAX, NaiveDate::MIN)).await?
    } else {
        Universe::default()
    };
    let facts = Facts {
        catalog: &world.catalog,
        jobs: &world.jobs,
        clock: world.clock,
        calendar: &calendar,
        universe: &universe,
    };
    let mut all = Vec::new();
    for table in tables {
        let ledger = ledgers.of(table).await?;
        // Only answers of our own prove a day.
        let own = |file: &LedgerFile| file.file.is_named_like(&table.sources[file.source].contract);
        ledger.read(&world.store, |file| !file.file.span && own(file)).await;
        let mut status = published(world, &ledger, &calendar).await?;
        let failed = failed.get(&table.name).cloned().unwrap_or_default();
        for source in 0..table.sources.len() {
            status.add_source(facts, &ledger, source, &failed);
        }
        status.holes.sort_unstable();
        status.slices.missing += status.holes.len();
        all.push(status);
    }
    Ok(all)
}

/// What silver holds of a table.
async fn published(world: &World, ledger: &Ledger, calendar: &Calendar) -> Result<Status> {
    let table = ledger.table();
    let mut status = Status { table: table.name.clone(), ..Status::default() };
    let mut made_from: BTreeMap<Partition, String> = BTreeMap::new();
    for file in silver::list(&world.store, table).await? {
        let footer = silver::footer(&world.store, table, &file.entry).await?;
        status.rows += footer.rows;
        status.revisions += footer.revisions;
        if let Some(days) = footer.events {
            status.widen(days.first, days.last);
        }
        if let Some(partition) = file.partition {
            made_from.insert(partition, footer.origin);
        }
    }
    let partitions = ledger.inputs().partitions;
    let is_current = |(partition, files): &(&Partition, &Vec<_>)| {
        made_from.get(partition) == Some(&origin(ledger, **partition, files, calendar))
    };
    status.stale = partitions.iter().filter(|part| !is_current(part)).count();
    Ok(status)
}

impl Status {
    /// Adds the slices of a source: held, missing, due and failed.
    fn add_source(&mut self, facts: Facts<'_>, ledger: &Ledger, source: usize, failed: &BTreeSet<String>) {
        let Facts { jobs, clock, calendar, universe, .. } = facts;
        let table = ledger.table();
        let contract = &table.sources[source].contract;
        // Of interfaces that share a folder the first counts for its days; the others hold securities.
        let is_security = contract.ask.axis.by_security();
        let first = table.sharing(source).next().unwrap_or(source);
        if !is_security && first != source && table.sources[first].contract.ask.axis == contract.ask.axis {
            return;
        }
        let held = ledger.slices(source, &named_values(jobs, table, contract));
        self.slices.held += held.len();
        if !is_security {
            self.unproven += ledger.unproven(source);
        }
        if contract.ask.axis == Axis::Snapshot {
            return;
        }
        let mut days = held.keys().filter_map(Slice::day);
        if let Some(first) = days.next() {
            self.widen(first, days.next_back().unwrap_or(first));
        }
        let range = self.first.zip(self.last).map(DateRange::from);
        let Some(range) = range.filter(|_| !held.is_empty()) else { return };
        let securities = if is_security { universe.reporting(contract, range.first) } else { Vec::new() };
        let planned = plan(Wanted {
            contract,
            range,
            calendar,
            held: &held,
            securities: &securities,
            lookback: jobs.lookback(&table.name),
            reports: table.versions.as_ref().is_some_and(|versions| versions.not_before.is_some()),
            adds_up: false,
            again: Again::Settled,
            clock,
        });
        if !planned.beyond_calendar.is_empty() {
            tracing::warn!(
                "`{}`: the calendar does not cover all days from {} to {}, so missing days may not be listed; fetch or \
                 import `trade_cal`",
                table.name,
                range.first,
                range.last
            );
        }
        for (slice, why) in planned.ask {
            match (slice, why) {
                (Slice::Session(day) | Slice::Day(day) | Slice::Month(day) | Slice::Period(day), Why::Missing) => {
                    self.holes.push(day);
                }
                (Slice::Security(_) | Slice::SecurityMonth(..), Why::Missing) => self.slices.missing += 1,
                _ => self.slices.due += 1,
            }
        }
        let names: BTreeSet<String> = held.keys().map(ToString::to_string).collect();
        let missed = |name: &&String| !names.contains(*name) && (is_security || name.parse::<NaiveDate>().is_ok());
        self.slices.failed += failed.iter().filter(missed).count();
        if contract.ask.axis == Axis::Session {
            let sessions = calendar.sessions(range.last, clock.today());
            self.lag = Some(sessions.iter().filter(|day| **day > range.last).count());
        }
    }

    fn widen(&mut self, first: NaiveDate, last: NaiveDate) {
        self.first = Some(self.first.map_or(first, |before| before.min(first)));
        self.last = Some(self.last.map_or(last, |before| before.max(last)));
    }
}

/// The slices that failed in the newest run of each table.
async fn failed(world: &World) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut failed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for run in report::all(&world.store).await? {
        for (table, report) in run.tables {
            let slices = report.failed.into_iter().flat_map(|failed| failed.what);
            failed.insert(table, slices.collect());
        }
    }
    Ok(failed)
}
