//! The second half: partitions whose bronze changed, built and published. Building one partition is a
//! function of (table, partition, its bronze files) that ends in one put; whoever calls it, the bytes
//! are the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use chrono::NaiveDate;
use futures::StreamExt as _;

use super::report::{Exit, Journal};
use super::rows::{calendar, rows};
use super::{CALENDAR, World, held};
use crate::bronze::{self, BronzeFile};
use crate::normalise::{Partition, Stop};
use crate::plan::Calendar;
use crate::silver;
use crate::spec::{PartitionBy, Table};
use crate::store::lease::Lease;
use crate::store::{Store, WriteError};

/// The bronze files of one partition, by source.
pub(super) type Inputs = Vec<(usize, BronzeFile)>;

/// Builds what is stale of a table.
///
/// # Errors
/// A lease that is held, a lake that cannot be written or listed. What is wrong with one partition is
/// in the report, and its old file stays.
pub(super) async fn table(
    world: &World,
    table: &Arc<Table>,
    range: Option<(NaiveDate, NaiveDate)>,
    full: bool,
    journal: &Journal,
) -> Result<()> {
    // Versions say from which session they could be traded on.
    let calendar = match table.versions {
        None => Calendar::new([]),
        Some(_) => match calendar(world).await {
            Ok(calendar) => calendar,
            Err(error) => {
                // Built without it every version would lose its session: what is published stays.
                let (exit, reason) = (exit_of(&error), format!("the calendar cannot be read: {error:#}"));
                journal.table(&table.name, |report| report.fail(CALENDAR.into(), reason, exit)).await;
                return Ok(());
            }
        },
    };
    let calendar = Arc::new(calendar);
    let first = survey(world, table, &calendar, range, full).await?;
    if first.is_done() {
        let Survey { current, notes, .. } = first;
        journal
            .table(&table.name, |report| {
                report.current = current;
                report.notes.extend(notes);
            })
            .await;
        return Ok(());
    }
    let lease = Lease::take(&world.store, &format!("build-{}", table.name)).await?;
    // Looked at again under the lease: another run may have built since.
    let Survey { stale, current, obsolete, unplaced, notes } = survey(world, table, &calendar, range, full).await?;
    let mut whole = unplaced.is_empty();
    journal
        .table(&table.name, |report| {
            report.current = current;
            report.notes.extend(notes);
        })
        .await;
    for (path, reason) in unplaced {
        journal.table(&table.name, |report| report.fail(path, reason, Exit::Incomplete)).await;
    }
    if !obsolete.is_empty() {
        tracing::warn!("`{}` is being laid out anew: until it is done readers may see old and new files", table.name);
    }
    let bar = world.progress.bar(&format!("{} partitions", table.name), stale.len());
    let work = futures::stream::iter(stale.into_iter().rev())
        .map(|(partition, files, origin)| {
            let (bar, calendar) = (&bar, Arc::clone(&calendar));
            async move {
                let done = one(&world.store, table, partition, files, origin, calendar).await;
                bar.advance();
                (partition, done)
            }
        })
        .buffer_unordered(std::thread::available_parallelism().map_or(1, usize::from));
    let done: Vec<(Partition, Result<Published>)> = work.collect().await;
    for (partition, done) in done {
        match done {
            Ok(published) => {
                journal
                    .table(&table.name, |report| {
                        report.built.push(partition.to_string());
                        report.rows_built += published.rows;
                        report.rejected += published.rejected;
                        report.unknown_fields.extend(published.unknown);
                        report.lacking_columns.extend(published.lacking);
                    })
                    .await;
            }
            Err(error) if error.is::<WriteError>() => return Err(error),
            Err(error) => {
                whole = false;
                let exit = exit_of(&error);
                journal.table(&table.name, |r| r.fail(partition.to_string(), format!("{error:#}"), exit)).await;
            }
        }
    }
    // Old paths go last, and only when everything they hold is there in the new layout.
    if whole && range.is_none() && !obsolete.is_empty() {
        let (mut old, mut new) = (0, 0);
        for held in silver::list(&world.store, table).await? {
            let rows = silver::footer(&world.store, table, &held.entry).await.map_or(0, |footer| footer.rows);
            *(if held.partition.is_none() { &mut old } else { &mut new }) += rows;
        }
        if new >= old {
            for path in obsolete {
                world.store.delete(&path).await?;
            }
        } else {
            let note =
                format!("files of the former layout are kept: {old} rows, the new ones {new}; bronze lacks some");
            journal.table(&table.name, |report| report.notes.extend([note])).await;
        }
    }
    lease.release().await
}

/// The exit code that a partition which was not published stands for.
pub(super) fn exit_of(error: &anyhow::Error) -> Exit {
    if error.is::<Stop>() { Exit::BadData } else { Exit::Incomplete }
}

/// What a table needs.
struct Survey {
    stale: Vec<(Partition, Inputs, String)>,
    current: usize,
    obsolete: Vec<String>,
    unplaced: Vec<(String, String)>,
    notes: BTreeSet<String>,
}

impl Survey {
    fn is_done(&self) -> bool {
        self.stale.is_empty() && self.obsolete.is_empty() && self.unplaced.is_empty()
    }
}

/// The partitions of a table that the next build would write.
pub(super) async fn stale(world: &World, table: &Table, calendar: &Calendar) -> Result<BTreeSet<String>> {
    let survey = survey(world, table, calendar, None, false).await?;
    Ok(survey.stale.into_iter().map(|(partition, _, _)| partition.to_string()).collect())
}

async fn survey(
    world: &World,
    table: &Table,
    calendar: &Calendar,
    range: Option<(NaiveDate, NaiveDate)>,
    full: bool,
) -> Result<Survey> {
    let (inputs, unplaced) = inputs(world, table).await?;
    let held = silver::list(&world.store, table).await?;
    let wanted = |partition: &Partition| match (range, partition.days()) {
        (Some((start, end)), Some((first, last))) => start <= last && first <= end,
        _ => true,
    };
    let lost = held.iter().filter_map(|held| held.partition).filter(|partition| !inputs.contains_key(partition));
    let kept = |partition| format!("{} is kept, but no bronze feeds it any more", silver::path(table, partition));
    let notes = lost.map(kept).collect();
    let mut stale = Vec::new();
    let mut current = 0;
    for (partition, files) in inputs.into_iter().filter(|(partition, _)| wanted(partition)) {
        let origin = origin(table, partition, &files, calendar);
        let entry = held.iter().find(|held| held.partition == Some(partition)).map(|held| &held.entry);
        let made_from = match entry {
            None => None,
            // A footer that cannot be read is no reason to keep the file.
            Some(entry) => silver::footer(&world.store, table, entry).await.ok().map(|footer| footer.origin),
        };
        if made_from.as_ref() == Some(&origin) && !full {
            current += 1;
        } else if entry.is_none() || unplaced.is_empty() {
            stale.push((partition, files, origin));
        }
        // Else a file that may feed the partition cannot be placed: what is published stays.
    }
    let obsolete = held.into_iter().filter(|held| held.partition.is_none()).map(|held| held.entry.path).collect();
    Ok(Survey { stale, current, obsolete, unplaced, notes })
}

/// Digest of what a partition is made from. The calendar counts where it was used.
pub(super) fn origin(table: &Table, partition: Partition, files: &Inputs, calendar: &Calendar) -> String {
    let files = files.iter().map(|(_, file)| (file.path.as_str(), file.size));
    let used = calendar.days().filter(|_| table.versions.is_some());
    silver::origin(table, partition, files, used)
}

/// Every partition that bronze feeds, with its files, oldest first; and the files that do not say
/// which partitions they feed, with the reason.
pub(super) async fn inputs(
    world: &World,
    table: &Table,
) -> Result<(BTreeMap<Partition, Inputs>, Vec<(String, String)>)> {
    let mut partitions: BTreeMap<Partition, Inputs> = BTreeMap::new();
    let mut unplaced = Vec::new();
    for (index, file) in held::files(&world.store, table).await? {
        let fed = match (table.partition, file.span) {
            (PartitionBy::None, _) => BTreeSet::from([Partition::Whole]),
            (_, false) => BTreeSet::from([Partition::of(table, file.day)]),
            (_, true) => match spanned(world, table, &file).await {
                Ok(fed) => fed,
                Err(error) => {
                    unplaced.push((file.path.clone(), format!("{error:#}")));
                    continue;
                }
            },
        };
        for partition in fed {
            partitions.entry(partition).or_default().push((index, file.clone()));
        }
    }
    Ok((partitions, unplaced))
}

/// The partitions a file feeds whose rows leave its folder's day: only its header knows.
async fn spanned(world: &World, table: &Table, file: &BronzeFile) -> Result<BTreeSet<Partition>> {
    let provenance = bronze::provenance(&world.store, file).await?;
    let provenance = provenance.with_context(|| {
        format!("`{}` is named a span and has no provenance: `import` it, or take `-span` off its name", file.path)
    })?;
    let span = provenance.span.with_context(|| format!("`{}` does not list its months", file.path))?;
    if table.partition == PartitionBy::Day && !span.is_exact() {
        let days = provenance.first.zip(provenance.last);
        let (first, last) = days.with_context(|| format!("`{}` does not say its days", file.path))?;
        return Ok(first.iter_days().take_while(|d| *d <= last).map(|d| Partition::of(table, d)).collect());
    }
    Ok(span.first_days().map(|day| Partition::of(table, day)).collect())
}

struct Published {
    rows: usize,
    rejected: usize,
    unknown: BTreeSet<String>,
    lacking: BTreeSet<String>,
}

/// One partition: its bronze files to one published file.
async fn one(
    store: &Store,
    table: &Arc<Table>,
    partition: Partition,
    files: Inputs,
    origin: String,
    calendar: Arc<Calendar>,
) -> Result<Published> {
    let built = rows(store, table, partition, files, calendar).await?;
    let published = Published {
        rows: built.batch.num_rows(),
        rejected: built.rejects.len(),
        unknown: built.unknown.values().flatten().cloned().collect(),
        lacking: built.lacking.clone(),
    };
    silver::publish(store, table, partition, built, origin).await?;
    Ok(published)
}
