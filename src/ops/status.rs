//! `status`: what the lake holds of each table, and what is missing. Reads listings, headers and footers; sends
//! nothing.

mod asked;
mod coverage;
mod lacking;
mod late;
mod stretches;

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use pitlake_contract::{Slice, counted};

use super::rejects::{self, SetAside};
use crate::bronze;
use crate::build::{Scope, Survey};
use crate::clock::shanghai_day;
use crate::ledger::{Held, Ledger, LedgerFile, Ledgers, Mark};
use crate::plan::{Again, Calendar, Facts, Plan, Universe, Wanted, Why, believed, named_values, plan};
use crate::reference;
use crate::report::{self, Report};
use crate::silver::{self, Footer, SilverFile};
use crate::spec::{Axis, DateRange, Table};
use crate::world::World;

use asked::Asked;
pub use coverage::{Coverage, State, short};
pub use lacking::Lacking;
pub use late::{Expected, late_jobs};
pub use stretches::Stretch;

/// How many of the securities missing from a slice to name.
const NAMED: usize = 3;

/// The state of days that only files of other programs hold.
const UNPROVEN: &str = "unproven";

/// The number of slices in each state. Every slice is in exactly one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Slices {
    /// Whole and settled, or whole and not to be fetched again.
    pub held: usize,
    /// Open days between the first and the last without a file, and securities never fetched.
    pub missing: usize,
    /// Held, but to be fetched again: not settled, or securities are missing within the tolerance.
    pub due: usize,
    /// Not held, and the last run that tried failed.
    pub failed: usize,
    /// Rows were rejected, or columns did not come.
    pub damaged: usize,
    /// Incomplete, but the vendor has no more.
    pub short: usize,
}

/// The state of one table.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Status {
    /// The table.
    pub table: String,
    /// First event day.
    pub first: Option<NaiveDate>,
    /// Last event day.
    pub last: Option<NaiveDate>,
    /// Number of rows in silver.
    pub rows: u64,
    /// Of these, versions after the first of their key.
    pub revisions: u64,
    /// Number of rows in its companion: its former states.
    pub former_states: u64,
    /// Slices.
    pub slices: Slices,
    /// Number of rejected rows, as listed by `rejects`.
    pub rejected: usize,
    /// The missing days.
    pub holes: Vec<NaiveDate>,
    /// Slices that are held but not simply whole or not proven, and those that failed.
    pub lacking: Vec<Lacking>,
    /// Days that are whole but to be fetched again.
    pub due: Vec<NaiveDate>,
    /// For a table in a job: days after the newest held one that a run should have fetched by now. If nothing is held,
    /// only the newest such day.
    pub late: Vec<NaiveDate>,
    /// Number of open days since the last event day.
    pub lag: Option<usize>,
    /// The last day of the calendar, if it is past and `lag` therefore ends there.
    pub calendar_ends: Option<NaiveDate>,
    /// Number of days held only by files of other programs, so that nothing proves them whole.
    pub unproven: usize,
    /// Number of partitions whose bronze changed since they were built, or that were never built.
    pub stale: usize,
    /// Paths in its bronze folders that do not look like bronze files, so that nothing reads them.
    pub unread: Vec<String>,
    /// Whether the table covers days that the calendar lacks, so that missing ones go unnoticed.
    #[serde(skip)]
    pub is_beyond_calendar: bool,
    /// Advice if its partitions are too large for one machine.
    #[serde(skip)]
    pub large: Option<String>,
    /// The coverage of each of its interfaces.
    #[serde(skip)]
    pub coverage: Vec<Coverage>,
    /// Rejected rows by reason.
    #[serde(skip)]
    pub set_aside: Vec<SetAside>,
    /// Size on disk.
    #[serde(skip)]
    pub size: Size,
    /// When its newest answer came.
    #[serde(skip)]
    pub answered: Option<DateTime<Utc>>,
}

/// The size of a table in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Its bronze files.
    pub bronze: u64,
    /// Its silver files, including those of its companion.
    pub silver: u64,
}

/// The state of the lake, and what was read to find it.
#[derive(Debug, Default)]
pub struct Seen {
    /// The tables.
    pub tables: Vec<Status>,
    /// The market's calendar; empty if it cannot be read.
    pub calendar: Calendar,
    /// Reports of runs, oldest first.
    pub runs: Vec<Report>,
}

/// The state of each table.
///
/// # Errors
/// When the lake cannot be read.
pub async fn status(world: &World, tables: &[Arc<Table>]) -> Result<Vec<Status>> {
    Ok(seen(world, tables, Trust::None).await?.tables)
}

/// Which bronze files are taken for our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Those that start like ours. In a local lake this reads the first bytes of each file.
    None,
    /// Those named like ours. Takes half the time, and saves a request per file on an object store, but another
    /// program's file with such a name counts as proven.
    Names,
}

/// The state of each table, with the calendar and the runs.
///
/// # Errors
/// When the lake cannot be read.
pub async fn seen(world: &World, tables: &[Arc<Table>], trust: Trust) -> Result<Seen> {
    let world = &World { store: world.store.glance(), ..world.clone() };
    let ledgers = Ledgers::new(&world.store);
    let ((), seen) = tokio::join!(ledgers.ahead(tables), of_tables(world, &ledgers, tables, trust));
    seen
}

async fn of_tables(world: &World, ledgers: &Ledgers, tables: &[Arc<Table>], trust: Trust) -> Result<Seen> {
    let calendar = reference::readable_calendar(world, ledgers).await;
    let runs = report::readable(&world.store).await?;
    let asked = asked::by_table(&runs);
    let universe = if tables.iter().any(|table| !table.is_snapshot()) {
        reference::readable_universe(world, ledgers).await
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
    for folder in bronze::unread_folders(&world.store, world.catalog.contracts().map(Arc::as_ref)).await? {
        tracing::warn!("`{folder}` does not belong to any interface, so nothing reads it");
    }
    let mut all = Vec::new();
    for table in tables {
        let ledger = ledgers.of(table).await?;
        if trust == Trust::None && !world.store.is_remote() {
            ledger.read_misnamed(&world.store).await;
        }
        let mut status = published(world, &ledger, &calendar).await?;
        status.unread.extend(ledger.unread().iter().cloned());
        let asked = asked.get(&table.name).cloned().unwrap_or_default();
        for source in 0..table.sources.len() {
            status.add_source(facts, &ledger, (source, false), &asked);
        }
        if status.slices == Slices::default() && status.holes.is_empty() {
            // Imports hold no days, so all days of their rows are missing.
            status.add_source(facts, &ledger, (0, true), &asked);
        }
        status.add_late(facts, table);
        status.size.bronze = ledger.files().iter().map(|file| file.file.size).sum();
        if let Some(ahead) = ledger.stamped_ahead() {
            tracing::warn!("`{}`: {}", table.name, ahead.text());
        }
        let came = |file: &Arc<LedgerFile>| file.file.fetched_at.map(|_| file.came());
        status.answered = ledger.files().iter().rev().filter_map(came).find(|at| !world.clock.is_ahead(*at));
        let rejects = rejects::rejects(world, table).await?;
        status.rejected = rejects.len();
        status.set_aside = rejects::grouped(rejects.into_iter().map(|row| (row.reason, row.line, row.row)));
        status.holes.sort_unstable();
        status.lacking.sort_unstable_by_key(|lacking| (lacking.day, lacking.state));
        status.slices.missing += status.holes.len();
        all.push(status);
    }
    let beyond: Vec<&str> = all.iter().filter(|one| one.is_beyond_calendar).map(|one| one.table.as_str()).collect();
    if let [first, ..] = beyond[..] {
        let covers = calendar.covers().map_or_else(|| "no day".to_owned(), |covers| covers.to_string());
        let tables = if beyond.len() == 1 { format!("`{first}`") } else { counted(beyond.len(), "table") };
        tracing::warn!(
            "the calendar in the lake covers {covers}, so missing days outside it are not listed for {tables}: fetch or \
             import `trade_cal`"
        );
    }
    Ok(Seen { tables: all, calendar, runs })
}

/// The state of a table in silver.
async fn published(world: &World, ledger: &Ledger, calendar: &Calendar) -> Result<Status> {
    let table = ledger.table();
    let mut status = Status { table: table.name.clone(), ..Status::default() };
    let survey = Survey::of(&world.store, ledger, calendar, Scope::default()).await?;
    status.large.clone_from(&survey.large);
    status.stale = survey.stale.len();
    let files = survey.published.iter().map(|(file, _)| file).chain(&survey.companions);
    status.size.silver = files.map(|file| file.entry.size).sum();
    status.unread.extend(survey.strays);
    for (file, footer) in survey.published {
        let Some(footer) = read(world, table, &file, footer) else { continue };
        status.rows += footer.rows;
        status.revisions += footer.revisions;
        if let Some(days) = footer.events {
            status.widen(days.first, days.last);
        }
    }
    let footers = silver::footers(&world.store, table, &survey.companions).await;
    for (file, footer) in survey.companions.into_iter().zip(footers) {
        status.former_states += read(world, table, &file, footer).map_or(0, |footer| footer.rows);
    }
    Ok(status)
}

/// The footer. If it cannot be read, the file is reported.
fn read(world: &World, table: &Table, file: &SilverFile, footer: Result<Footer>) -> Option<Footer> {
    let named = |error| {
        let reason = format!("{error:#}; run `pitlake normalize {}`", table.name);
        world.store.pass_over(&file.entry.path, &reason);
    };
    footer.map_err(named).ok()
}

impl Status {
    /// Adds the slices of a source: held, missing, due and failed. Skips a source that holds nothing, unless the table
    /// `is_bare`, that is, no source holds anything.
    fn add_source(&mut self, facts: Facts<'_>, ledger: &Ledger, (source, is_bare): (usize, bool), asked: &Asked) {
        let Facts { jobs, clock, calendar, universe, .. } = facts;
        let table = ledger.table();
        let contract = &table.sources[source].contract;
        // If interfaces share a folder, only the first counts for its days. The others hold securities.
        let is_security = contract.ask.axis.by_security();
        let first = table.sharing(source).next().unwrap_or(source);
        if !is_security && first != source && table.sources[first].contract.ask.axis == contract.ask.axis {
            return;
        }
        let held = believed(ledger.slices(source, &named_values(jobs, table, contract)), clock);
        let unproven = if is_security { Vec::new() } else { ledger.unproven(source) };
        for day in &unproven {
            // Interfaces that share a folder see the same files.
            if !self.unproven_days().any(|known| known == *day) {
                self.unproven += 1;
                self.lacking.push(Lacking { day: Some(*day), state: UNPROVEN, codes: Vec::new(), more: 0 });
            }
        }
        // Reports and announcements are held by other days than the event days of their rows.
        let mut days = held.keys().filter_map(Slice::day);
        let range = days.next().map(|first| DateRange::new(first, days.next_back().unwrap_or(first)));
        if let Some(range) = range
            && contract.ask.axis != Axis::Snapshot
        {
            self.widen(range.first, range.last);
        }
        // A session still in silver but lost from bronze is missing too.
        let by_event = is_security || contract.ask.axis == Axis::Session;
        let range = if by_event { self.first.zip(self.last).map(DateRange::from) } else { range };
        let Some(mut range) = range.filter(|_| is_bare || !held.is_empty()) else { return };
        // So is an earlier day that a run failed to get.
        if let Some(first) = asked.first.filter(|_| !is_security) {
            range.first = range.first.min(first);
        }
        let securities = if is_security { universe.reporting(contract, range.first) } else { Vec::new() };
        let wanted = Wanted {
            contract,
            range,
            calendar,
            held: &held,
            securities: &securities,
            lookback: jobs.lookback(&table.name),
            reports: table.versions.as_ref().is_some_and(|versions| versions.not_before.is_some()),
            adds_up: false,
            again: Again::Settled,
            short: false,
            clock,
        };
        let planned = if contract.ask.axis == Axis::Snapshot { Plan::default() } else { plan(wanted) };
        self.is_beyond_calendar |= !planned.beyond_calendar.is_empty();
        let mut coverage = Coverage::new(&contract.id, contract.ask.axis);
        self.count(&held, &planned, (&asked.failed, &mut coverage));
        coverage.unproven(&unproven);
        if contract.ask.axis == Axis::Session {
            let sessions = calendar.sessions(range.last, clock.today());
            self.lag = Some(sessions.iter().filter(|day| **day > range.last).count());
            self.calendar_ends = calendar.covers().map(|covers| covers.last).filter(|last| *last < clock.today());
        }
        self.coverage.push(coverage);
    }

    /// Counts the slices of a source, each in one state.
    fn count(&mut self, held: &Held, planned: &Plan, (failed, coverage): (&BTreeSet<String>, &mut Coverage)) {
        let again: BTreeSet<&Slice> = planned.ask.iter().map(|(slice, _)| slice).chain(&planned.due).collect();
        for (slice, holding) in held {
            let (count, state) = match holding.mark {
                Some(Mark::Damaged) => (&mut self.slices.damaged, State::SetAside),
                Some(Mark::Short) => (&mut self.slices.short, State::Short),
                Some(Mark::Due) => (&mut self.slices.due, State::Partial),
                None if again.contains(slice) => (&mut self.slices.due, State::Unsettled),
                None => (&mut self.slices.held, State::Held),
            };
            *count += 1;
            coverage.put(slice, state);
            self.due.extend(slice.day().filter(|_| holding.mark.is_none() && again.contains(slice)));
            if let Some(mark) = holding.mark {
                let found =
                    holding.shortfall.as_ref().and_then(|shortfall| shortfall.found.clone()).unwrap_or_default();
                let codes: Vec<String> = match slice.code() {
                    Some(code) => vec![code.to_owned()],
                    None => found.lacking.iter().take(NAMED).cloned().collect(),
                };
                let more = found.lacking_codes.saturating_sub(codes.len());
                let day = slice.day().or(holding.at.map(shanghai_day));
                self.lacking.push(Lacking { day, state: mark.name(), codes, more });
            }
        }
        for (slice, why) in &planned.ask {
            if *why != Why::Missing {
                continue;
            }
            let day = slice.day().or(slice.month());
            let has_failed = failed.contains(&slice.to_string());
            coverage.put(slice, if has_failed { State::Failed } else { State::Missing });
            match (slice, has_failed) {
                (_, true) => {
                    self.slices.failed += 1;
                    let codes = slice.code().map(str::to_owned).into_iter().collect();
                    self.lacking.push(Lacking { day, state: "failed", codes, more: 0 });
                }
                (Slice::Security(_) | Slice::SecurityMonth(..), false) => self.slices.missing += 1,
                (_, false) => self.holes.extend(day),
            }
        }
    }

    fn widen(&mut self, first: NaiveDate, last: NaiveDate) {
        self.first = Some(self.first.map_or(first, |before| before.min(first)));
        self.last = Some(self.last.map_or(last, |before| before.max(last)));
    }
}
