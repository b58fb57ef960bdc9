//! The table of contents of the program: what is missing is asked for and kept in bronze, what is
//! stale is built into silver. The two halves meet in bronze and nowhere else. Read this file first.

mod build;
mod choice;
mod demo;
mod diff;
mod doctor;
mod errand;
mod fetch;
mod held;
mod import;
mod market;
mod price;
mod rejects;
mod report;
mod rows;
mod status;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;
use chrono::NaiveDate;
use secrecy::SecretString;

pub use demo::{evening, is_ours};
pub use diff::{Against, Both, Counts, Diff, Told, diff};
pub use doctor::{Finding, doctor};
pub use import::{Imported, import};
pub use price::{Asking, Price, Quota, Reason, price};
pub use rejects::{Rejected, rejects};
pub use report::{Exit, Failed, Report, TableReport};
pub use status::{Slices, Status, status};

use crate::clock::Clock;
use crate::plan::Calendar;
use crate::progress::Progress;
use crate::spec::{Catalog, Jobs, Table};
use crate::store::Store;
use crate::store::lease::LeaseHeld;
use errand::Surroundings;
use market::Market;
use report::Journal;

/// The table whose days are the calendar.
pub const CALENDAR: &str = "trade_cal";

/// The table whose rows are the universe: listed, delisted, suspended and approved securities.
pub const UNIVERSE: &str = "stock_basic_cn";

/// The table that says who did not trade: how many rows a day should have follows from it.
pub const SUSPENSIONS: &str = "suspend_d_cn";

/// All that a run may touch.
#[derive(Debug)]
pub struct World {
    /// What is known of vendors and tables.
    pub catalog: Catalog,
    /// Accounts and jobs.
    pub jobs: Jobs,
    /// Tokens by vendor, for the accounts that have one.
    pub tokens: BTreeMap<String, SecretString>,
    /// The lake.
    pub store: Store,
    /// Dates, due hours and stamps.
    pub clock: Clock,
    /// Bars.
    pub progress: Progress,
}

/// The command line or the configuration asks for what cannot be: exit 2, nothing was done.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misuse(pub String);

/// The halves of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halves {
    /// Ask vendors, and build what that made stale.
    Both,
    /// Ask vendors only.
    Fetch,
    /// Build silver only; ask nobody.
    Build,
}

/// How far a run looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// From a first to a last event day, which somebody named.
    Range(NaiveDate, NaiveDate),
    /// From the first day held up to today.
    Held,
    /// What is due tonight, or on the evening of a day: the newest days, those not settled, the newest
    /// periods.
    Nightly(Option<NaiveDate>),
}

/// What a run shall do.
#[derive(Debug, Clone)]
pub struct Work {
    /// The command, for the report.
    pub command: String,
    /// Tables, as named.
    pub tables: Vec<Arc<Table>>,
    /// Which event days.
    pub reach: Reach,
    /// Which half, or both.
    pub halves: Halves,
    /// Ask for held slices again.
    pub refetch: bool,
    /// Build partitions that are current.
    pub full: bool,
}

/// Does the work and reports it. Slices and partitions that fail are in the report; the others are safe.
///
/// # Errors
/// What ends a run: [`Misuse`], a lease that is held ([`LeaseHeld`]), a lake that cannot be written.
pub async fn run(world: &World, work: &Work) -> Result<Report> {
    proven(world, work)?;
    let asker = if work.halves == Halves::Build { None } else { Some(asker(world, work).await?) };
    let journal = Journal::begin(&world.store, world.clock, &work.command).await?;
    let done = both_halves(world, work, asker.as_ref(), &journal).await;
    let calls = asker.as_ref().map(fetch::Asker::calls).unwrap_or_default();
    match done {
        Ok(()) => journal.end(calls, None).await,
        Err(error) => {
            // The report tells how the run ended; an unwritable lake cannot hold it, and the error says so.
            if let Err(second) = journal.end(calls, Some(&error)).await {
                tracing::debug!("the report could not be written: {second:#}");
            }
            Err(error)
        }
    }
}

/// The accounts that the work needs, and those that sell what it needs to know.
async fn asker(world: &World, work: &Work) -> Result<fetch::Asker> {
    let reference = reference(world, &work.tables);
    let more: Vec<Arc<Table>> = phases(world, work, &reference).into_iter().flatten().chain(reference).collect();
    fetch::Asker::new(world, &work.tables, &more).await
}

/// Days that can be asked for.
fn proven(world: &World, work: &Work) -> Result<()> {
    let today = world.clock.today();
    let (start, end) = match work.reach {
        Reach::Range(start, end) => (start, end),
        Reach::Nightly(Some(day)) => (day, day),
        Reach::Nightly(None) | Reach::Held => return Ok(()),
    };
    if end > today {
        let message = format!("{end} is after today ({today} in Shanghai): no vendor knows it");
        return Err(Misuse(message).into());
    }
    if start > end {
        return Err(Misuse(format!("the range ends on {end}, before it starts on {start}")).into());
    }
    Ok(())
}

async fn both_halves(world: &World, work: &Work, asker: Option<&fetch::Asker>, journal: &Journal) -> Result<()> {
    let mut build: Vec<Arc<Table>> = Vec::new();
    if let Some(asker) = asker {
        // Calendar and universe first: they tell which slices there are.
        let reference = reference(world, &work.tables);
        let nothing = (Calendar::new([]), Market::default());
        let around = Surroundings { calendar: &nothing.0, market: &nothing.1 };
        asker.fetch(world, work, &reference, around, journal).await?;
        let calendar = calendar(world, journal).await;
        // A small account may not ask for them; a calendar at hand that covers the range does as well.
        let (start, end) = window(world, work, &calendar);
        if calendar.knows(start) && calendar.knows(end) {
            let market = Market::read(world, start, end).await?;
            let wanted = |table: &Arc<Table>| {
                // Without a universe nobody knows which securities to ask for.
                work.tables.iter().any(|t| t.name == table.name)
                    || (table.name == UNIVERSE && market.is_empty() && errand::needs_universe(world, &work.tables))
            };
            for table in reference.iter().filter(|table| !wanted(table)) {
                journal.table(&table.name, TableReport::excuse_rights).await;
            }
        }
        for tables in phases(world, work, &reference) {
            let market = Market::read(world, start, end).await?;
            let around = Surroundings { calendar: &calendar, market: &market };
            asker.fetch(world, work, &tables, around, journal).await?;
            build.extend(tables);
        }
        build.extend(reference);
    }
    if work.halves == Halves::Fetch {
        return Ok(());
    }
    let named: BTreeSet<String> = build.iter().map(|table| table.name.clone()).collect();
    build.extend(work.tables.iter().filter(|table| !named.contains(&table.name)).cloned());
    let range = match (work.reach, work.halves) {
        (Reach::Range(start, end), _) => Some((start, end)),
        _ => None,
    };
    for table in &build {
        build::table(world, table, range, work.full, journal).await?;
    }
    Ok(())
}

/// The last session whose next session is not after `day`, by the calendar of the lake.
///
/// # Errors
/// When the calendar cannot be read.
pub async fn session_before(world: &World, day: NaiveDate) -> Result<Option<NaiveDate>> {
    let calendar = rows::calendar(world).await?;
    let last = calendar.back(day, 0).filter(|_| calendar.knows(day));
    Ok(last.and_then(|last| calendar.back(last, 1).filter(|before| *before < last)))
}

/// The calendar of the lake; where it cannot be read, none, and the report says so.
async fn calendar(world: &World, journal: &Journal) -> Calendar {
    match rows::calendar(world).await {
        Ok(calendar) => calendar,
        Err(error) => {
            let exit = build::exit_of(&error);
            journal.table(CALENDAR, |report| report.fail("calendar".into(), format!("{error:#}"), exit)).await;
            Calendar::new([])
        }
    }
}

/// The days whose market must be known: the range, or the days that a nightly run may look at.
fn window(world: &World, work: &Work, calendar: &Calendar) -> (NaiveDate, NaiveDate) {
    let today = world.clock.today();
    match work.reach {
        Reach::Range(start, end) => (start, end),
        Reach::Held => (NaiveDate::MIN, today),
        Reach::Nightly(day) => {
            let end = day.unwrap_or(today);
            let lookback = world.jobs.jobs.values().map(|job| job.lookback).max().unwrap_or(crate::spec::LOOKBACK);
            // Nights without a run are caught up with: a year of them at most is judged by count.
            (calendar.back(end, lookback.max(errand::A_YEAR)).unwrap_or(end), end)
        }
    }
}

/// The tables to ask for besides the reference tables, in an order in which each finds what it needs: suspensions
/// tell how many rows others should have, and some are asked for the values that others hold.
fn phases(world: &World, work: &Work, reference: &[Arc<Table>]) -> Vec<Vec<Arc<Table>>> {
    let is_reference = |table: &Table| reference.iter().any(|other| other.name == table.name);
    let mut phases: Vec<Vec<Arc<Table>>> =
        vec![work.tables.iter().filter(|table| !is_reference(table)).cloned().collect()];
    loop {
        let last = &phases[0];
        let wanted = wanted_by(world, last);
        let (mut before, rest): (Vec<Arc<Table>>, Vec<Arc<Table>>) =
            last.iter().cloned().partition(|table| table.name == SUSPENSIONS || wanted.contains(&table.name));
        for table in wanted.iter().filter_map(|name| world.catalog.table(name)) {
            if !is_reference(table) && !before.iter().any(|other| other.name == table.name) {
                before.push(Arc::clone(table));
            }
        }
        if before.is_empty() || rest.is_empty() {
            return phases;
        }
        phases[0] = rest;
        phases.insert(0, before);
    }
}

/// The tables from which the vendors that are configured take values for some tables.
fn wanted_by(world: &World, tables: &[Arc<Table>]) -> BTreeSet<String> {
    let sources = tables.iter().flat_map(|table| &table.sources);
    let asked = sources.filter(|source| world.jobs.accounts.contains_key(&source.contract.id.vendor));
    asked.flat_map(|source| choice::wants(&source.contract)).map(str::to_owned).collect()
}

/// Calendar and universe where a table is asked slice by slice, and every snapshot that was named.
fn reference(world: &World, tables: &[Arc<Table>]) -> Vec<Arc<Table>> {
    let mut reference: Vec<Arc<Table>> = Vec::new();
    if tables.iter().any(|table| !table.is_snapshot()) {
        reference.extend([CALENDAR, UNIVERSE].iter().filter_map(|name| world.catalog.table(name).cloned()));
    }
    // Those that are asked for what another one holds come after it.
    let plain = |table: &&Arc<Table>| table.is_snapshot() && wanted_by(world, std::slice::from_ref(*table)).is_empty();
    let wanted = wanted_by(world, tables);
    let named = tables.iter().filter(plain).cloned();
    let more = wanted.iter().filter_map(|name| world.catalog.table(name)).filter(plain).cloned();
    for table in named.chain(more.collect::<Vec<_>>()) {
        if !reference.iter().any(|r| r.name == table.name) {
            reference.push(table);
        }
    }
    reference
}

/// The exit code of an error that ended a run.
#[must_use]
pub fn exit_of_error(error: Option<&anyhow::Error>) -> Exit {
    match error {
        None => Exit::Done,
        Some(error) if error.is::<Misuse>() || error.is::<crate::spec::Problems>() => Exit::Misuse,
        Some(error) if error.is::<LeaseHeld>() => Exit::Leased,
        Some(_) => Exit::Failed,
    }
}
