//! `plan` and `backfill --dry-run`: what a run would do and what it would cost. Reads the lake; sends nothing.

use anyhow::Result;

use crate::build::{Scope, Survey};
use crate::ledger::Ledgers;
use crate::plan::{CALENDAR, Calendar, Facts, Phases, Price, SUSPENSIONS, UNIVERSE, Work, estimated_calendar, seller};
use crate::reference;
use crate::reference::questions;
use crate::report;
use crate::world::{Misuse, World};

/// Prices the work.
///
/// # Errors
/// When the lake cannot be read, or the work is impossible.
pub async fn price(world: &World, work: &Work) -> Result<Price> {
    work.check(world.clock).map_err(Misuse)?;
    for table in &work.tables {
        seller(&world.jobs, table).map_err(Misuse)?;
    }
    let world = &World { store: world.store.glance(), ..world.clone() };
    let ledgers = Ledgers::new(&world.store);
    let phases = Phases::of(&world.catalog, &world.jobs, &work.tables);
    let ((), price) = tokio::join!(ledgers.ahead(phases.all()), priced(world, &ledgers, work, &phases));
    price
}

async fn priced(world: &World, ledgers: &Ledgers, work: &Work, phases: &Phases) -> Result<Price> {
    reference::check_symbols(world, ledgers, &work.tables).await?;
    let mut price = Price::default();
    let calendar = calendar(world, ledgers, work, &mut price).await;
    let universe = reference::readable_universe(world, ledgers).await;
    if universe.is_empty() && work.tables.iter().any(|table| !table.is_snapshot()) {
        price.notes.insert(format!(
            "no list of securities in the lake, so rows a day are estimated: run `pitlake fetch {UNIVERSE}` first"
        ));
    }
    let facts = Facts {
        catalog: &world.catalog,
        jobs: &world.jobs,
        clock: world.clock,
        calendar: &calendar,
        universe: &universe,
    };
    // In the order of a run: reference tables, suspensions, the rest. Within a phase interfaces run concurrently.
    let asks_suspensions = work.tables.iter().any(|table| table.name == SUSPENSIONS);
    for tables in std::iter::once(&phases.reference).chain(&phases.rest) {
        let questions = questions(world, ledgers, facts, work, tables).await?;
        price.add_phase(facts, &questions, asks_suspensions);
        for table in tables {
            let ledger = ledgers.of(table).await?;
            let survey = Survey::of(&world.store, &ledger, &calendar, Scope::default()).await?;
            price.notes.extend(survey.large);
            price.add_stale(&table.name, survey.stale.into_keys());
        }
    }
    for vendor in world.jobs.accounts.keys() {
        price.add_quota(facts, vendor, report::spent(&world.store, world.clock, vendor, None).await?);
    }
    Ok(price)
}

/// The lake's calendar, or an estimate with a note.
async fn calendar(world: &World, ledgers: &Ledgers, work: &Work, price: &mut Price) -> Calendar {
    let note = match reference::calendar(world, ledgers).await {
        Ok(calendar) if calendar.days().next().is_some() => return calendar,
        Ok(_) => format!("no calendar in the lake, so open days are estimated: run `pitlake fetch {CALENDAR}` first"),
        Err(error) => format!("cannot read the calendar, so open days are estimated: {error:#}"),
    };
    price.notes.insert(note);
    estimated_calendar(world.clock, work)
}
