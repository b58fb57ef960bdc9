//! The second half of a run: partitions whose bronze changed are built and published. Never contacts a vendor.

mod bodies;
mod building;
mod compare;
mod drift;
mod elsewhere;
mod extend;
mod failure;
mod fill;
mod filling;
mod groups;
mod input;
mod large;
mod machine;
mod origin;
mod read;
mod rows;
mod supply;
mod survey;
mod task;

use std::sync::Arc;

use anyhow::Result;

use building::Building;
pub use compare::{Compared, compare};
pub use elsewhere::{Refused, Worker};
pub use failure::exit_of;
pub use machine::Share;
pub use origin::origin;
pub use rows::rows_of;
pub use survey::{Scope, Survey};
pub use task::{Published, Replaces, Task};

use crate::engine::Engine;
use crate::ledger::{Ledger, LedgerFile};
use crate::plan::Calendar;
use crate::spec::Table;
use crate::world::Run;

/// Builds stale partitions of some tables. Some rows carry the session from which they could be traded on or were
/// known, so without a calendar their tables are not built. Answers kept by a former version go to `judge` before the
/// build.
///
/// # Errors
/// When a lease is held, or the lake cannot be written or listed. What is wrong with a single partition goes into the
/// report, and its old file stays.
pub async fn tables(
    run: Run<'_>,
    tables: &[&Arc<Table>],
    calendar: Result<Calendar>,
    scope: Scope,
    judge: impl AsyncFn(&Ledger, &[Arc<LedgerFile>]) -> Result<()>,
) -> Result<()> {
    let calendar = calendar.map(Arc::new);
    let engine = run.world.engine.as_deref();
    let mut building = Vec::new();
    for table in tables {
        let calendar = match &calendar {
            Ok(calendar) => Arc::clone(calendar),
            Err(_) if !table.uses_sessions() => Arc::new(Calendar::new([])),
            Err(error) => {
                let (exit, reason) = (exit_of(error), format!("cannot read the calendar: {error:#}"));
                run.journal.table(&table.name, |report| report.fail("calendar".into(), reason, exit)).await;
                continue;
            }
        };
        let Some(table) = Building::open(run, table, &calendar, scope, &judge).await? else { continue };
        if engine.is_some() {
            building.push(table);
        } else {
            let done = table.here().await;
            table.close(done).await?;
        }
    }
    match (engine, calendar) {
        (Some(engine), calendar) if !building.is_empty() => {
            elsewhere(engine, building, run, &calendar.unwrap_or_default()).await
        }
        _ => Ok(()),
    }
}

/// Builds tables together, so that a cluster works on all of them at once.
async fn elsewhere(engine: &dyn Engine, building: Vec<Building<'_>>, run: Run<'_>, calendar: &Calendar) -> Result<()> {
    let (mut pieces, mut all) = (Vec::new(), Vec::new());
    for table in &building {
        let (own, failed) = table.pieces().await;
        all.push((own.len(), failed));
        pieces.extend(own);
    }
    let done = elsewhere::run(engine, (&run.world.store, calendar), &pieces).await?;
    let mut done = done.into_iter();
    for (table, (count, failed)) in building.into_iter().zip(all) {
        table.close(done.by_ref().take(count).flatten().chain(failed).collect()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod histories;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod together;
