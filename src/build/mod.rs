//! The second half of a run: partitions whose bronze changed are built and published. Never asks a vendor.

mod bodies;
mod compare;
mod drift;
mod fill;
mod filling;
mod groups;
mod input;
mod machine;
mod read;
mod rows;
mod survey;
mod task;

use std::sync::Arc;

use anyhow::Result;
use futures::StreamExt as _;
use pitlake_contract::counted;

pub use compare::{Compared, compare};
use groups::groups;
pub use machine::Share;
use machine::{Machine, Need};
pub use rows::rows_of;
pub use survey::{Scope, Survey};
pub use task::{Published, Task, origin};

use crate::ledger::{Ledger, LedgerFile};
use crate::normalise::{Partition, Stop};
use crate::parallel::Threads;
use crate::plan::Calendar;
use crate::report::{Exit, Journal, ValueCounts};
use crate::silver;
use crate::spec::Table;
use crate::store::WriteError;
use crate::store::lease::{Lease, LeaseLost};
use crate::world::{Run, World};

/// Builds what is stale of some tables. Some rows hold the session from which they could be traded on, or are
/// known, so where the calendar could not be read, tables of such rows are not built. `judge` gets the answers that a
/// former version kept, before they are built.
///
/// # Errors
/// A lease that is held, a lake that cannot be written or listed. What is wrong with one partition is in the report, and
/// its old file stays.
pub async fn tables(
    run: Run<'_>,
    tables: &[&Arc<Table>],
    calendar: Result<Calendar>,
    scope: Scope,
    judge: impl AsyncFn(&Ledger, &[Arc<LedgerFile>]) -> Result<()>,
) -> Result<()> {
    let calendar = calendar.map(Arc::new);
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
        one(run, table, &calendar, scope, &judge).await?;
    }
    Ok(())
}

async fn one(
    run: Run<'_>,
    table: &Arc<Table>,
    calendar: &Arc<Calendar>,
    scope: Scope,
    judge: &impl AsyncFn(&Ledger, &[Arc<LedgerFile>]) -> Result<()>,
) -> Result<()> {
    let Run { world, ledgers, journal } = run;
    let first = Survey::of(&world.store, &*ledgers.of(table).await?, calendar, scope).await?;
    if first.is_done() {
        report(&first, table, journal).await;
        return Ok(());
    }
    let lease = Lease::take(&world.store, &format!("build-{}", table.name), world.wait).await?;
    let store = &world.store.fenced(lease.guard());
    // Looked at again under the lease: another run may have built since.
    let mut ledger = ledgers.relisted(table).await?;
    let mut survey = Survey::of(&world.store, &ledger, calendar, scope).await?;
    let unjudged = survey.unjudged(&world.store, &ledger, journal.began().await).await;
    if !unjudged.is_empty() {
        judge(&ledger, &unjudged).await?;
        ledger = ledgers.of(table).await?;
        survey = Survey::of(&world.store, &ledger, calendar, scope).await?;
    }
    report(&survey, table, journal).await;
    if !survey.obsolete.is_empty() {
        tracing::warn!("`{}` is being laid out anew: until it is done readers may see old and new files", table.name);
    }
    for partition in &survey.lost {
        silver::remove(store, table, *partition).await?;
        let note = format!("removed {}: no bronze feeds it any more", silver::path(table, *partition));
        journal.table(&table.name, |report| report.notes.extend([note])).await;
    }
    let machine = Machine::new(Threads::available(), world.memory_limit);
    let fed = machine::fed(survey.stale.iter());
    let stale = survey.stale.iter().rev();
    let stale = stale.map(|(partition, files)| (*partition, &files[..], Need::of(table, files, &fed)));
    let stale: Vec<_> = stale.collect();
    let weight = stale.iter().map(|(.., need)| need.bronze).sum();
    let bar = world.progress.weighed(&table.name, "partitions", stale.len(), weight);
    let groups = groups(stale.into_iter(), &fed, world.memory_limit);
    let work = futures::stream::iter(groups)
        .map(|group| {
            let (bar, ledger, machine) = (&bar, &ledger, &machine);
            async move {
                let need = group.iter().fold(Need::default(), |all, (.., need)| all + *need);
                let share = machine.share(need).await;
                let (mut tasks, mut done, mut weights) = (Vec::new(), Vec::new(), Vec::new());
                for (partition, files, need) in group {
                    weights.push(need.bronze);
                    match Task::new(store, ledger, (partition, files), calendar).await {
                        Ok(task) => tasks.push(task),
                        Err(error) => done.push((partition, Err(error))),
                    }
                }
                done.extend(Task::run_together(&tasks, store, (&world.catalog, calendar), share).await);
                for weight in weights {
                    bar.advance_by(weight);
                }
                for (partition, done) in &done {
                    match done {
                        Ok(published) => {
                            tracing::debug!("{}: built {partition}: {}", table.name, counted(published.rows, "row"));
                        }
                        Err(error) => tracing::debug!("{}: failed {partition}: {error:#}", table.name),
                    }
                }
                done
            }
        })
        // One more than cores: while one is written, the next is built.
        .buffer_unordered(Threads::available().count() + 1);
    let done: Vec<Vec<(Partition, Result<Published>)>> = work.collect().await;
    let mut is_whole = survey.unplaced.is_empty();
    for (partition, done) in done.into_iter().flatten() {
        match done {
            Ok(published) => {
                journal
                    .table(&table.name, |report| {
                        report.built.push(partition.to_string());
                        report.rows_built += published.rows;
                        report.rejected += published.rejected;
                        report.newly_rejected += published.newly_rejected;
                        report.rejected_for = report.rejected_for.take().or(published.reason);
                        drift::add(&mut report.drift, published.drift);
                        report.unknown_fields.extend(published.unknown);
                        report.lacking_columns.extend(published.lacking);
                        add(&mut report.null_words, published.remarks.null_words);
                        add(&mut report.unlisted_values, published.remarks.unlisted);
                    })
                    .await;
            }
            Err(error) if error.is::<WriteError>() || error.is::<LeaseLost>() => return Err(error),
            Err(error) => {
                is_whole = false;
                let exit = exit_of(&error);
                journal.table(&table.name, |r| r.fail(partition.to_string(), format!("{error:#}"), exit)).await;
            }
        }
    }
    if is_whole && scope.range.is_none() && !survey.obsolete.is_empty() {
        remove_former(world, table, survey.obsolete, journal).await?;
    }
    lease.release().await
}

/// Adds counts of values by column.
fn add(all: &mut ValueCounts, more: ValueCounts) {
    for (column, values) in more {
        let of_column = all.entry(column).or_default();
        for (value, count) in values {
            *of_column.entry(value).or_default() += count;
        }
    }
}

/// What a survey tells a user before anything is built.
async fn report(survey: &Survey, table: &Table, journal: &Journal) {
    journal
        .table(&table.name, |report| {
            report.current = survey.current;
            report.notes.extend(survey.notes.iter().cloned());
            for (path, reason) in &survey.unplaced {
                report.fail(path.clone(), reason.clone(), Exit::Incomplete);
            }
        })
        .await;
}

/// Files of a former layout go last, and only when everything they hold is there in the new one.
async fn remove_former(world: &World, table: &Table, former: Vec<String>, journal: &Journal) -> Result<()> {
    let (mut old, mut new) = (0, 0);
    for file in silver::list(&world.store, table).await? {
        let rows = silver::footer(&world.store, table, &file.entry).await.map_or(0, |footer| footer.rows);
        *(if file.partition.is_none() { &mut old } else { &mut new }) += rows;
    }
    if new < old {
        let note = format!("kept the files of the former layout: they hold {old} rows, the new ones only {new}");
        journal.table(&table.name, |report| report.notes.extend([note])).await;
        return Ok(());
    }
    for path in former {
        world.store.delete(&path).await?;
    }
    Ok(())
}

/// The exit code of a partition that was not published.
#[must_use]
pub fn exit_of(error: &anyhow::Error) -> Exit {
    if error.is::<Stop>() { Exit::BadData } else { Exit::Incomplete }
}

#[cfg(test)]
mod histories;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod together;
