//! One table during a build: surveyed, leased, built, and the results reported. How and where a partition is built is
//! decided elsewhere.

use std::sync::Arc;

use anyhow::Result;
use futures::StreamExt as _;
use pitlake_contract::counted;

use super::drift;
use super::elsewhere::Piece;
use super::extend::Onto;
use super::failure::exit_of;
use super::groups::groups;
use super::machine::{self, Machine, Need};
use super::survey::{Scope, Survey};
use super::task::{Published, Replaces, Task};
use crate::ledger::{Ledger, LedgerFile};
use crate::normalise::Partition;
use crate::parallel::Threads;
use crate::plan::{Calendar, Rebuild};
use crate::report::{Exit, Journal, ValueCounts};
use crate::silver;
use crate::spec::Table;
use crate::store::lease::{Lease, LeaseHeld, LeaseLost};
use crate::store::{Store, WriteError};
use crate::world::{Run, World};

/// Partitions and their results.
pub(super) type Done = Vec<(Partition, Result<Published>)>;

/// A table being built.
pub(super) struct Building<'r> {
    run: Run<'r>,
    table: &'r Arc<Table>,
    calendar: Arc<Calendar>,
    scope: Scope,
    lease: Lease,
    /// Writes only while the lease holds.
    store: Store,
    ledger: Arc<Ledger>,
    survey: Survey,
}

impl<'r> Building<'r> {
    /// Surveys a table and takes its lease. `None` if there is nothing to do.
    pub(super) async fn open(
        run: Run<'r>,
        table: &'r Arc<Table>,
        calendar: &Arc<Calendar>,
        scope: Scope,
        judge: &impl AsyncFn(&Ledger, &[Arc<LedgerFile>]) -> Result<()>,
    ) -> Result<Option<Self>> {
        let Run { world, ledgers, journal } = run;
        let first = Survey::of(ledgers.glance(), &*ledgers.of(table).await?, calendar, scope).await?;
        if first.is_done() {
            report(&first, table, journal).await;
            return Ok(None);
        }
        let lease = match Lease::take(&world.store, &format!("build-{}", table.name), world.limits.wait).await {
            Ok(lease) => lease,
            Err(error) if error.is::<LeaseHeld>() || error.is::<WriteError>() => return Err(error),
            Err(error) => {
                journal.table(&table.name, |r| r.fail("lease".into(), format!("{error:#}"), Exit::Incomplete)).await;
                return Ok(None);
            }
        };
        let store = world.store.fenced(lease.guard());
        // Survey again under the lease: another run may have built since.
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
            tracing::warn!(
                "`{}` is being moved to a new layout: until that is done, readers may see both old and new files",
                table.name
            );
        }
        for partition in &survey.lost {
            silver::remove(&store, table, *partition).await?;
            let note = format!("removed {}: no bronze feeds it any more", silver::path(table, *partition));
            journal.table(&table.name, |report| report.notes.extend([note])).await;
        }
        let calendar = Arc::clone(calendar);
        Ok(Some(Self { run, table, calendar, scope, lease, store, ledger, survey }))
    }

    /// Builds stale partitions on this machine.
    pub(super) async fn here(&self) -> Done {
        let Self { run: Run { world, .. }, table, calendar, store, ledger, survey, .. } = self;
        let machine = Machine::new(Threads::available(), world.limits.memory);
        let fed = machine::fed(survey.stale.iter());
        let stale = survey.stale.iter().rev();
        let stale = stale.map(|(partition, files)| (*partition, &files[..], Need::of(table, files, &fed)));
        let stale: Vec<_> = stale.collect();
        let weight = stale.iter().map(|(.., need)| need.bronze).sum();
        let bar = world.progress.weighed(&table.name, "partitions", stale.len(), weight);
        let groups = groups(stale.into_iter(), &fed, world.limits.memory);
        let left = (1..=groups.len()).rev();
        let work = futures::stream::iter(groups.into_iter().zip(left))
            .map(|(group, left)| {
                let (bar, machine) = (&bar, &machine);
                async move {
                    let need = group.iter().fold(Need::default(), |all, (.., need)| all + *need);
                    let share = machine.share(need, left).await;
                    let (mut tasks, mut done, mut weights) = (Vec::new(), Vec::new(), Vec::new());
                    for (partition, files, need) in group {
                        weights.push(need.bronze);
                        match Task::new(store, ledger, (partition, files), calendar).await {
                            Ok(task) => tasks.push(Task { onto: self.onto(partition, files).await, ..task }),
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
                                tracing::debug!(
                                    "{}: built {partition}: {}",
                                    table.name,
                                    counted(published.rows, "row")
                                );
                            }
                            Err(error) => tracing::debug!("{}: failed {partition}: {error:#}", table.name),
                        }
                    }
                    done
                }
            })
            // One more than there are cores, so that the next is built while one is being written.
            .buffer_unordered(Threads::available().count() + 1);
        work.collect::<Vec<Done>>().await.into_iter().flatten().collect()
    }

    /// Stale partitions as pieces for other machines, newest first, and those that could not even be planned.
    pub(super) async fn pieces(&self) -> (Vec<Piece>, Done) {
        let Self { run: Run { world, .. }, table, calendar, store, ledger, survey, .. } = self;
        let fed = machine::fed(survey.stale.iter());
        let stale = survey.stale.iter().rev();
        let stale = stale.map(|(partition, files)| (*partition, &files[..], Need::of(table, files, &fed)));
        let (mut pieces, mut failed) = (Vec::new(), Vec::new());
        for group in groups(stale, &fed, world.limits.memory) {
            let need = group.iter().fold(Need::default(), |all, (.., need)| all + *need);
            let mut tasks = Vec::new();
            for (partition, files, _) in group {
                match Task::new(store, ledger, (partition, files), calendar).await {
                    Ok(task) => tasks.push(Task { replaces: Replaces::Only(self.former(partition)), ..task }),
                    Err(error) => failed.push((partition, Err(error))),
                }
            }
            pieces.push(Piece { contracts: table.digest.clone(), tasks, need });
        }
        (pieces, failed)
    }

    /// The published file to extend, if the partition lacks only some days and no rebuild was asked for.
    async fn onto(&self, partition: Partition, files: &[Arc<LedgerFile>]) -> Option<Onto> {
        let Self { calendar, store, ledger, survey, scope, .. } = self;
        if scope.rebuild != Rebuild::Stale {
            return None;
        }
        Onto::of(store, ledger, survey, (partition, files), calendar).await
    }

    /// The digest of the partition's published file.
    fn former(&self, partition: Partition) -> Option<String> {
        let (_, footer) = self.survey.published.iter().find(|(file, _)| file.partition == Some(partition))?;
        footer.as_ref().ok().map(|footer| footer.origin.clone())
    }

    /// Reports the results, removes replaced files, and releases the lease.
    pub(super) async fn close(self, done: Done) -> Result<()> {
        let Self { run: Run { world, journal, .. }, table, scope, lease, survey, .. } = self;
        let mut is_whole = survey.unplaced.is_empty();
        for (partition, done) in done {
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
}

/// Adds up counts of values by column.
fn add(all: &mut ValueCounts, more: ValueCounts) {
    for (column, values) in more {
        let of_column = all.entry(column).or_default();
        for (value, count) in values {
            *of_column.entry(value).or_default() += count;
        }
    }
}

/// Reports what a survey found before anything is built.
async fn report(survey: &Survey, table: &Table, journal: &Journal) {
    journal
        .table(&table.name, |report| {
            report.current = survey.current;
            report.notes.extend(survey.notes.iter().cloned());
            report.notes.extend(survey.strays.iter().map(|path| silver::stray(path)));
            for (path, reason) in &survey.unplaced {
                report.fail(path.clone(), reason.clone(), Exit::Incomplete);
            }
        })
        .await;
}

/// Removes files of a former layout, but only once the new layout holds everything in them.
async fn remove_former(world: &World, table: &Table, former: Vec<String>, journal: &Journal) -> Result<()> {
    let (mut old, mut new) = (0, 0);
    for file in silver::list(&world.store, table).await? {
        let rows = silver::footer(&world.store, table, &file.entry).await.map_or(0, |footer| footer.rows);
        *(if file.partition.is_none() { &mut old } else { &mut new }) += rows;
    }
    if new < old {
        let note = format!("kept the files of the old layout: they hold {old} rows, the new ones only {new}");
        journal.table(&table.name, |report| report.notes.extend([note])).await;
        return Ok(());
    }
    for path in former {
        world.store.delete(&path).await?;
    }
    Ok(())
}
