//! The outline of a run: plan, fetch, build, report. Missing slices are fetched into bronze, and stale partitions are
//! built into silver. The two halves meet only in bronze. Read this file first.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use crate::build::{self, Scope};
use crate::fetch::{self, Accounts};
use crate::interrupt::Interrupted;
use crate::ledger::{Ledger, LedgerFile, Ledgers};
use crate::plan::{
    CALENDAR, Calendar, Facts, Halves, JudgedDays, Phases, Question, Reach, Rebuild, SUSPENSIONS, UNIVERSE, Universe,
    Work,
};
use crate::plan::{at_the_limits, needs_universe, window};
use crate::reference;
use crate::report::{Exit, Failed, Journal, Report, TableReport};
use crate::spec::{Problems, Table};
use crate::store::lease::{Lease, LeaseHeld, LeaseLost};
use crate::world::{Misuse, Run, World};

/// A run ended by an error.
#[derive(Debug)]
pub struct Failure {
    /// The error.
    pub error: anyhow::Error,
    /// What was done before it. `None` if the run had no report yet or the lake could not be written.
    pub report: Option<Report>,
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { error, report: None }
    }
}

impl From<Failure> for anyhow::Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// Does the work and reports it. Slices and partitions that fail are listed in the report; the others are safe.
///
/// # Errors
/// What ends a run: [`Misuse`], a lease [held](LeaseHeld) by another run, a lake that cannot be written, a
/// [signal](Interrupted).
pub async fn run(world: &World, work: &Work) -> Result<Report, Failure> {
    work.check(world.clock).map_err(|message| anyhow::Error::from(Misuse(message)))?;
    let phases = Phases::of(&world.catalog, &world.jobs, &work.tables);
    let ledgers = Ledgers::new(&world.store);
    let accounts = match work.halves {
        Halves::Build => None,
        Halves::Both | Halves::Fetch => {
            reference::check_symbols(world, &ledgers, &work.tables).await?;
            Some(Accounts::open(world, &work.tables, phases.all())?)
        }
    };
    let _orderly = world.interrupt.orderly();
    let journal = Journal::begin(&world.store, world.clock, &work.command, &work.jobs).await?;
    world.store.remember();
    let run = Run { world, ledgers: &ledgers, journal: &journal };
    let ahead = ledgers.ahead(phases.all().filter(|_| accounts.is_some()).chain(&work.tables));
    let all = async { tokio::join!(ahead, Box::pin(halves(run, work, &phases, accounts.as_ref()))).1 };
    // Work in progress is dropped along with its leases. That is safe, because files appear whole or not at all.
    let counted = async {
        match &accounts {
            Some(accounts) => accounts.count(&journal).await,
            None => std::future::pending().await,
        }
    };
    let all = async {
        tokio::select! {
            // Polled in a fixed order, so that a simulation can be replayed.
            biased;
            done = all => done,
            counted = counted => counted.map(|never| match never {}),
        }
    };
    let done = world.interrupt.or(all).await.unwrap_or_else(|signal| {
        let state = format!(
            "what was fetched and built is safe in the lake; run the same command again to continue (report: {})",
            world.store.location(journal.path())
        );
        Err(Interrupted { signal, state }.into())
    });
    let calls = accounts.as_ref().map(Accounts::calls).unwrap_or_default();
    journal.lately(accounts.as_ref().map(Accounts::lately).unwrap_or_default()).await;
    match done {
        Ok(()) => Ok(journal.end(calls, None).await?),
        Err(error) => {
            // The report records how the run ended. If it cannot be written, the error still counts.
            let ended = journal.end(calls, Some((&error, exit_of(&error)))).await;
            let report = ended.inspect_err(|second| tracing::debug!("cannot write the report: {second:#}")).ok();
            Err(Failure { error, report })
        }
    }
}

async fn halves(run: Run<'_>, work: &Work, phases: &Phases, accounts: Option<&Accounts>) -> Result<()> {
    if let Some(accounts) = accounts {
        fetch_phases(run, work, phases, accounts).await?;
    }
    if work.halves == Halves::Fetch {
        return Ok(());
    }
    let range = match work.reach {
        Reach::Range(range) => Some(range),
        Reach::Held | Reach::Nightly(_) => None,
    };
    let mut tables: Vec<&Arc<Table>> = Vec::new();
    let fetched = phases.all().filter(|_| accounts.is_some());
    for table in fetched.chain(&work.tables) {
        if !tables.iter().any(|other| other.name == table.name) {
            tables.push(table);
        }
    }
    if work.rebuild == Rebuild::Rejected {
        for table in &tables {
            let ledger = run.ledgers.of(table).await?;
            let damaged = ledger.damaged();
            if !damaged.is_empty() {
                judge_again(run, &ledger, &damaged).await?;
            }
        }
    }
    let needs_calendar = tables.iter().any(|table| table.uses_sessions());
    let calendar =
        if needs_calendar { reference::calendar(run.world, run.ledgers).await } else { Ok(Calendar::default()) };
    if let Ok(calendar) = &calendar {
        note(run, calendar).await;
    }
    let judge = async |ledger: &Ledger, files: &[Arc<LedgerFile>]| judge_again(run, ledger, files).await;
    build::tables(run, &tables, calendar, Scope { range, rebuild: work.rebuild }, judge).await
}

/// Judges answers again that are damaged or that a former version kept, by what the lake now knows about their days.
/// The findings are written under the leases of their vendors, like answers.
async fn judge_again(run: Run<'_>, ledger: &Ledger, files: &[Arc<LedgerFile>]) -> Result<()> {
    let Run { world, ledgers, .. } = run;
    let contract = |file: &Arc<LedgerFile>| Arc::clone(&ledger.table().sources[file.source].contract);
    let vendors: BTreeSet<String> = files.iter().map(|file| contract(file).id.vendor.clone()).collect();
    let mut leases = Vec::new();
    for vendor in &vendors {
        leases.push(fetch::lease(world, vendor).await?);
    }
    let mut days = JudgedDays::default();
    for file in files {
        days.add(&ledger.table().sources[file.source].contract, file.file.day);
    }
    let calendar = reference::calendar(world, ledgers).await.unwrap_or_default();
    // Nothing can be judged without it.
    let Ok(universe) = reference::universe(world, ledgers).await else { return Ok(()) };
    let universe = reference::evidence(world, ledgers, &days, &universe).await?;
    let run = Run { world: &fenced(world, &leases), ..run };
    let done = fetch::judge_again(run, facts(world, &calendar, &universe), ledger, files).await;
    for lease in leases {
        lease.release().await?;
    }
    done
}

/// The same world, but files are written only while the leases hold.
fn fenced<'l>(world: &World, leases: impl IntoIterator<Item = &'l Lease>) -> World {
    let store = leases.into_iter().fold(world.store.clone(), |store, lease| store.fenced(lease.guard()));
    World { store, ..world.clone() }
}

/// Fetches what the tables lack. Reference tables come first, because they determine the slices.
async fn fetch_phases(run: Run<'_>, work: &Work, phases: &Phases, accounts: &Accounts) -> Result<()> {
    let Run { world, ledgers, journal } = run;
    let unknown = (Calendar::default(), Universe::default());
    fetch_phase(run, work, &phases.reference, accounts, facts(world, &unknown.0, &unknown.1)).await?;
    let calendar = calendar(run).await;
    let window = window(&world.jobs, world.clock, work, &calendar);
    let mut universe = reference::readable_universe(world, ledgers).await;
    if universe.is_empty() && !missed(run, UNIVERSE).await.is_empty() {
        universe = Universe::unreadable();
    }
    if calendar.knows(window.first) && calendar.knows(window.last) {
        for table in &phases.reference {
            let is_named = work.tables.iter().any(|other| other.name == table.name);
            // Without a universe, the securities to ask for are unknown.
            let is_held = match table.name.as_str() {
                CALENDAR => true,
                UNIVERSE => !universe.is_empty(),
                _ => false,
            };
            let is_needed = table.name == UNIVERSE && !is_held && needs_universe(&world.jobs, &work.tables);
            if !is_named && !is_needed {
                // A small account may have no right to them, and a vendor may be in trouble. What is held will do.
                let is_excused = |failed: &Failed| is_held || failed.exit == Exit::NoRight;
                journal.table(&table.name, |report| report.excuse(is_excused)).await;
            }
        }
    }
    let mut times = times(run, work, &phases.rest, facts(world, &calendar, &universe)).await?;
    for tables in &phases.rest {
        times.pop_front();
        world.progress.ahead(times.iter().sum(), work.halves == Halves::Both);
        fetch_phase(run, work, tables, accounts, facts(world, &calendar, &universe)).await?;
        if tables.iter().any(|table| table.name == SUSPENSIONS) {
            let missed = missed(run, SUSPENSIONS).await;
            universe = universe.without_suspensions(missed.iter().filter_map(|slice| slice.parse().ok()));
        }
        // Tables that only help to judge others do not change the exit code.
        let is_aid = |table: &&Arc<Table>| {
            table.name == SUSPENSIONS && !work.tables.iter().any(|other| other.name == SUSPENSIONS)
        };
        for table in tables.iter().filter(is_aid) {
            journal.table(&table.name, TableReport::excuse_all).await;
        }
    }
    world.progress.fetched();
    Ok(())
}

/// The slices of a table that this run requested in vain, although the account has the right to them.
async fn missed(run: Run<'_>, table: &str) -> Vec<String> {
    let mut missed = Vec::new();
    let may_come = |failed: &&Failed| failed.exit != Exit::NoRight;
    let note = |report: &mut TableReport| {
        missed = report.failed.iter().filter(may_come).flat_map(|failed| failed.what.clone()).collect();
    };
    run.journal.table(table, note).await;
    missed
}

/// How long each phase takes at the accounts' limits, as far as the plan is known. Only computed if someone sees it.
async fn times(run: Run<'_>, work: &Work, phases: &[Vec<Arc<Table>>], facts: Facts<'_>) -> Result<VecDeque<Duration>> {
    let mut times = VecDeque::new();
    if run.world.progress.is_shown() && phases.len() > 1 {
        for tables in phases {
            let asked = reference::questions(run.world, run.ledgers, facts, work, tables).await?;
            times.push_back(at_the_limits(facts, &asked));
        }
    }
    Ok(times)
}

async fn fetch_phase(
    run: Run<'_>,
    work: &Work,
    tables: &[Arc<Table>],
    accounts: &Accounts,
    facts: Facts<'_>,
) -> Result<()> {
    let Run { world, ledgers, .. } = run;
    let mut asked = reference::questions(world, ledgers, facts, work, tables).await?;
    let leases = accounts.lease(run, &asked).await?;
    let fenced = fenced(world, leases.values());
    let run = Run { world: &fenced, ..run };
    if !leases.is_empty() {
        // Planned again under the leases, because another run may have fetched in the meantime.
        for table in tables {
            ledgers.relisted(table).await?;
        }
        asked = join(reference::questions(world, ledgers, facts, work, tables).await?);
        while fetch::keep_left(run, accounts, facts, (&asked, &leases)).await? {
            asked = join(reference::questions(world, ledgers, facts, work, tables).await?);
        }
    }
    let mut days = JudgedDays::default();
    for question in &asked {
        let asked = question.plan.ask.iter().filter_map(|(slice, _)| slice.day());
        asked.for_each(|day| days.add(question.contract(), day));
    }
    let universe = reference::evidence(world, ledgers, &days, facts.universe).await?;
    let done = fetch::ask(run, accounts, Facts { universe: &universe, ..facts }, &join(asked)).await;
    for lease in leases.into_values() {
        lease.release().await?;
    }
    done
}

/// Merges the questions of tables that are fed by one nested reply: it is requested once, for all that any of them
/// needs.
fn join(questions: Vec<Question>) -> Vec<Question> {
    let mut joined: Vec<Question> = Vec::new();
    for question in questions {
        match joined.iter_mut().find(|first| first.contract().id == question.contract().id) {
            None => joined.push(question),
            Some(first) => first.join(question),
        }
    }
    joined
}

fn facts<'a>(world: &'a World, calendar: &'a Calendar, universe: &'a Universe) -> Facts<'a> {
    Facts { catalog: &world.catalog, jobs: &world.jobs, clock: world.clock, calendar, universe }
}

/// The lake's calendar. If it cannot be read, an empty one is returned and the report says why.
async fn calendar(run: Run<'_>) -> Calendar {
    match reference::calendar(run.world, run.ledgers).await {
        Ok(calendar) => {
            note(run, &calendar).await;
            calendar
        }
        Err(error) => {
            let (reason, exit) = (format!("{error:#}"), build::exit_of(&error));
            run.journal.table(CALENDAR, |report| report.fail("calendar".into(), reason, exit)).await;
            Calendar::default()
        }
    }
}

/// Records which days the calendar covers, and its gaps.
async fn note(run: Run<'_>, calendar: &Calendar) {
    if let Some(covers) = calendar.covers() {
        run.journal.calendar(covers).await;
    }
    let remarks: Vec<String> = calendar.remarks().collect();
    if !remarks.is_empty() {
        run.journal.table(CALENDAR, |report| report.notes.extend(remarks)).await;
    }
}

/// The exit code for an error that ended a command.
#[must_use]
pub fn exit_of(error: &anyhow::Error) -> Exit {
    if error.is::<Misuse>() || error.is::<Problems>() {
        Exit::Misuse
    } else if error.is::<LeaseHeld>() || error.is::<LeaseLost>() {
        Exit::Leased
    } else if let Some(interrupted) = error.downcast_ref::<Interrupted>() {
        interrupted.signal.into()
    } else {
        Exit::Failed
    }
}
