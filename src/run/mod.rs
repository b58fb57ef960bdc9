//! The table of contents of the program: what is missing is asked for and kept in bronze, what is
//! stale is built into silver. The two halves meet in bronze and nowhere else. Read this file first.

mod build;
mod fetch;
mod import;
mod lease;
mod report;
mod status;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;
use chrono::NaiveDate;
use secrecy::SecretString;

pub use import::{Imported, import};
pub use lease::Held;
pub use report::{Exit, Failed, Report, TableReport};
pub use status::{Slices, Status, status};

use crate::clock::Clock;
use crate::plan::Calendar;
use crate::progress::Progress;
use crate::spec::{Axis, Catalog, Jobs, Table};
use crate::store::Store;
use report::Journal;

/// The table whose days are the calendar.
pub const CALENDAR: &str = "trade_cal";

/// The table whose rows are the universe: listed, delisted, suspended and approved securities.
pub const UNIVERSE: &str = "stock_basic_cn";

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

/// What a run shall do.
#[derive(Debug, Clone)]
pub struct Work {
    /// The command, for the report.
    pub command: String,
    /// Tables, as named.
    pub tables: Vec<Arc<Table>>,
    /// First and last event day; `None` for all there is.
    pub range: Option<(NaiveDate, NaiveDate)>,
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
/// What ends a run: [`Misuse`], a lease that is [`Held`], a lake that cannot be written.
pub async fn run(world: &World, work: &Work) -> Result<Report> {
    if let Some((start, end)) = work.range {
        let today = world.clock.today();
        if end > today {
            let message = format!("{end} is after today ({today} in Shanghai): no vendor knows it");
            return Err(Misuse(message).into());
        }
        if start > end {
            return Err(Misuse(format!("the range ends on {end}, before it starts on {start}")).into());
        }
    }
    let asker = if work.halves == Halves::Build { None } else { Some(fetch::Asker::new(world, work)?) };
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

async fn both_halves(world: &World, work: &Work, asker: Option<&fetch::Asker>, journal: &Journal) -> Result<()> {
    let mut build: Vec<Arc<Table>> = Vec::new();
    if let Some(asker) = asker {
        // Calendar and universe first: they tell which slices there are.
        let reference = reference(world, &work.tables);
        asker.fetch(world, &reference, None, journal).await?;
        let calendar = match build::calendar(world).await {
            Ok(calendar) => calendar,
            Err(error) => {
                let exit = build::exit_of(&error);
                journal.table(CALENDAR, |report| report.fail("calendar".into(), format!("{error:#}"), exit)).await;
                Calendar::new([])
            }
        };
        // A small account may not ask for them; a calendar at hand that covers the range does as well.
        if work.range.is_some_and(|(start, end)| calendar.knows(start) && calendar.knows(end)) {
            for table in reference.iter().filter(|r| !work.tables.iter().any(|t| t.name == r.name)) {
                journal.table(&table.name, TableReport::excuse_rights).await;
            }
        }
        let rest: Vec<Arc<Table>> =
            work.tables.iter().filter(|t| !reference.iter().any(|r| r.name == t.name)).cloned().collect();
        asker.fetch(world, &rest, Some(&calendar), journal).await?;
        build.extend(reference);
    }
    if work.halves == Halves::Fetch {
        return Ok(());
    }
    let named: BTreeSet<String> = build.iter().map(|table| table.name.clone()).collect();
    build.extend(work.tables.iter().filter(|table| !named.contains(&table.name)).cloned());
    for table in &build {
        build::table(world, table, work.range, work.full, journal).await?;
    }
    Ok(())
}

/// Calendar and universe where a table is asked day by day, and every snapshot that was named.
fn reference(world: &World, tables: &[Arc<Table>]) -> Vec<Arc<Table>> {
    let by_day = |table: &Arc<Table>| {
        table.sources.iter().any(|source| matches!(source.contract.ask.axis, Axis::Session { .. }))
    };
    let mut reference: Vec<Arc<Table>> = Vec::new();
    if tables.iter().any(by_day) {
        reference.extend([CALENDAR, UNIVERSE].iter().filter_map(|name| world.catalog.table(name).cloned()));
    }
    for table in tables.iter().filter(|table| table.is_snapshot()) {
        if !reference.iter().any(|r| r.name == table.name) {
            reference.push(Arc::clone(table));
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
        Some(error) if error.is::<Held>() => Exit::Leased,
        Some(_) => Exit::Failed,
    }
}
