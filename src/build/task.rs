//! A partition as a unit of work: the files it is built from, and a run that ends in one put. A task names everything
//! it needs, so it can be sent to another machine and gives the same bytes there. Which partitions are stale is decided
//! in `survey`, not here.

use std::collections::{BTreeSet, HashMap};
use std::slice;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use futures::StreamExt as _;
use futures::future::join;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::drift::Former;
use super::extend::{Extended, Onto};
#[cfg(test)]
use super::fill::fill;
use super::fill::fill_together;
use super::input::TaskFile;
use super::machine::Share;
use super::origin::origin;
use super::rows;
use crate::ledger::{Ledger, LedgerFile};
use crate::normalise::{Builder, Details, Partition, Remarks};
use crate::parallel::Threads;
use crate::plan::Calendar;
use crate::real;
use crate::report::Drift;
use crate::silver::{self, Encoded};
use crate::spec::{Catalog, Table};
use crate::store::{Draft, Store};

/// A partition to build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The table.
    pub table: String,
    /// The partition.
    pub partition: Partition,
    /// The bronze files that matter, oldest first.
    pub files: Vec<TaskFile>,
    /// Digest of the calendar, if sessions are used.
    pub calendar: Option<String>,
    /// Digest of everything the partition is built from, for the footer.
    pub digest: String,
    /// What the task may replace.
    #[serde(default)]
    pub replaces: Replaces,
    /// The published file to extend, if only days are missing from it.
    #[serde(skip)]
    pub(super) onto: Option<Onto>,
}

/// What a task may replace. A late task must not undo what another has published since.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Replaces {
    /// Anything: the lease protects it.
    #[default]
    Any,
    /// Only the file with this digest, or nothing if `None`.
    Only(Option<String>),
}

/// The result of publishing a partition.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Published {
    /// Number of rows.
    pub rows: usize,
    /// Number of rejected rows.
    pub rejected: usize,
    /// Of those, the ones not rejected before.
    pub newly_rejected: usize,
    /// Why the first of these was rejected.
    pub reason: Option<String>,
    /// Received fields that are in no contract.
    pub unknown: BTreeSet<String>,
    /// Values worth telling the user about.
    pub remarks: Remarks,
    /// Changes of rows that readers saw before.
    pub drift: Drift,
    /// Columns that stay empty in some versions, because the first file to show them lacked them.
    pub lacking: BTreeSet<String>,
}

/// A built partition that is not published yet.
pub(super) struct Made {
    pub(super) encoded: Encoded<Draft>,
    pub(super) details: Details,
    /// Number of rows.
    pub(super) count: usize,
    /// What it changes of the past.
    drift: Drift,
}

impl Made {
    /// Fills in the text of rejected rows known only by file and line.
    pub(super) async fn quoted(mut self, store: &Store) -> Result<Self> {
        rows::quote(store, &mut self.details.rejects).await?;
        self.encoded.rejects = silver::encode_rejects(&self.details.rejects)?;
        Ok(self)
    }
}

impl Task {
    /// A task for a partition, from those of `files` that count. Reads the headers that decide it.
    ///
    /// # Errors
    /// When a header cannot be read, or an answer repeats one that is gone.
    pub async fn new(
        store: &Store,
        ledger: &Ledger,
        (partition, files): (Partition, &[Arc<LedgerFile>]),
        calendar: &Calendar,
    ) -> Result<Self> {
        let table = ledger.table();
        Ok(Self {
            table: table.name.clone(),
            partition,
            files: rows::look_files(store, ledger, files).await?,
            calendar: table.uses_sessions().then(|| digest_of(calendar)),
            digest: origin(ledger, partition, files, calendar),
            replaces: Replaces::Any,
            onto: None,
        })
    }

    /// Builds and publishes the partition: rejected rows first, then the rows in one put.
    ///
    /// # Errors
    /// When the partition cannot be built (its old file stays), or the lake cannot be read or written.
    pub async fn run(
        &self,
        store: &Store,
        (catalog, calendar): (&Catalog, &Arc<Calendar>),
        share: Share<'_>,
    ) -> Result<Published> {
        let done = Self::run_together(slice::from_ref(self), store, (catalog, calendar), share).await;
        done.into_iter().next().context("the build stopped")?.1
    }

    /// Like [`Task::run`] for several partitions of a table. Each result is the same as alone, but a shared file is
    /// read once.
    pub(super) async fn run_together(
        tasks: &[Self],
        store: &Store,
        (catalog, calendar): (&Catalog, &Arc<Calendar>),
        mut share: Share<'_>,
    ) -> Vec<(Partition, Result<Published>)> {
        let (sent, mut made) = mpsc::channel(real::places(1));
        let threads = share.threads;
        let building = async {
            let made = match tasks {
                [task] => task.extended(store, (catalog, calendar, threads)).await,
                _ => None,
            };
            let made = match made {
                Some(made) => {
                    // The receiver may have stopped waiting.
                    drop(sent.send((0, Ok(made))).await);
                    Ok(())
                }
                None => Self::make(tasks, store, (catalog, calendar, threads), (true, sent)).await,
            };
            // Let other partitions build while the last one is being written.
            share.free_cores();
            made
        };
        let published = futures::stream::poll_fn(|context| made.poll_recv(context)).map(|(place, made)| async move {
            let task: &Self = &tasks[place];
            match made {
                Ok(made) => (place, task.publish(store, (catalog, calendar), made).await),
                Err(error) => (place, Err(error)),
            }
        });
        let published = published.buffer_unordered(threads.count() + 1).collect::<Vec<_>>();
        let (made, published) = join(building, published).await;
        let mut published: HashMap<usize, Result<Published>> = published.into_iter().collect();
        let stopped = made.err().map_or_else(|| "the build stopped".to_owned(), |error| format!("{error:#}"));
        let done = |place| published.remove(&place).unwrap_or_else(|| Err(anyhow!("{stopped}")));
        tasks.iter().map(|task| task.partition).zip((0..).map(done)).collect()
    }

    /// The partition made by extending its published file, if that gives the same as building from all of its bronze.
    async fn extended(
        &self,
        store: &Store,
        (catalog, calendar, threads): (&Catalog, &Arc<Calendar>, Threads),
    ) -> Option<Made> {
        let onto = self.onto.as_ref()?;
        let of = (self.table(catalog, calendar).ok()?, self.partition, self.digest.as_str());
        let Extended { encoded, count } = match onto.extended(store, of, &self.files, (calendar, threads)).await {
            Ok(extended) => extended?,
            Err(error) => {
                tracing::debug!("`{}` {}: built from all of its bronze: {error:#}", self.table, self.partition);
                return None;
            }
        };
        tracing::debug!("`{}` {}: its new days were put among the published rows", self.table, self.partition);
        Some(Made { encoded, details: Details::default(), count, drift: Drift::default() })
    }

    async fn publish(
        &self,
        store: &Store,
        (catalog, calendar): (&Catalog, &Arc<Calendar>),
        made: Made,
    ) -> Result<Published> {
        let table = self.table(catalog, calendar)?;
        let Made { encoded, details, count, drift } = made.quoted(store).await?;
        if let Replaces::Only(former) = &self.replaces {
            let found = silver::published(store, table, self.partition).await?.map(|footer| footer.origin);
            if found != *former && found.as_ref() != Some(&self.digest) {
                bail!("`{}` {} was built by another run since it was planned: run again", self.table, self.partition);
            }
        }
        let newly = silver::newly_rejected(store, table, self.partition, &details.rejects).await?;
        let published = Published {
            newly_rejected: newly.len(),
            reason: newly.first().map(|first| format!("`{}`, line {}: {}", first.file, first.line, first.reason)),
            rows: count,
            rejected: details.rejects.len(),
            unknown: details.unknown.into_values().flatten().collect(),
            remarks: details.remarks,
            lacking: details.lacking,
            drift,
        };
        silver::publish(store, table, self.partition, encoded).await?;
        Ok(published)
    }

    /// The result, if an earlier attempt at this task already published it.
    ///
    /// # Errors
    /// When silver cannot be read.
    pub(super) async fn published(&self, store: &Store, table: &Table) -> Result<Option<Published>> {
        match &self.replaces {
            // A rebuild of a current partition: the same digest proves nothing.
            Replaces::Only(Some(former)) if *former == self.digest => Ok(None),
            Replaces::Any => Ok(None),
            Replaces::Only(_) => {
                let footer = silver::published(store, table, self.partition).await?;
                let same = footer.filter(|footer| footer.origin == self.digest);
                Ok(same.map(|footer| Published {
                    rows: usize::try_from(footer.rows).unwrap_or_default(),
                    ..Published::default()
                }))
            }
        }
    }

    /// The bytes that [`Task::run`] would publish. The number of threads does not affect them.
    ///
    /// # Errors
    /// When the partition cannot be built or the lake cannot be read.
    pub async fn encoded(
        &self,
        store: &Store,
        (catalog, calendar): (&Catalog, &Arc<Calendar>),
        threads: Threads,
    ) -> Result<Encoded> {
        let (sent, mut made) = mpsc::channel(1);
        Self::make(slice::from_ref(self), store, (catalog, calendar, threads), (false, sent)).await?;
        let (_, made) = made.recv().await.context("the build stopped")?;
        made?.quoted(store).await?.encoded.into_memory()
    }

    /// Builds partitions of a table and sends each with its number. Drift is counted only if `replaces` says that they
    /// replace the published ones.
    pub(super) async fn make(
        tasks: &[Self],
        store: &Store,
        (catalog, calendar, threads): (&Catalog, &Arc<Calendar>, Threads),
        (replaces, sent): (bool, mpsc::Sender<(usize, Result<Made>)>),
    ) -> Result<()> {
        let Some(first) = tasks.first() else { return Ok(()) };
        let table = first.table(catalog, calendar)?;
        let mut formers: Vec<Option<Former>> = Vec::with_capacity(tasks.len());
        for task in tasks {
            formers.push(if replaces { Former::read(store, table, task.partition).await } else { None });
        }
        let digests: Vec<String> = tasks.iter().map(|task| task.digest.clone()).collect();
        let partitions: Vec<Partition> = tasks.iter().map(|task| task.partition).collect();
        // Write the draft to the store it will be published in.
        let into = replaces.then(|| store.clone());
        let (calendar, of) = (Arc::clone(calendar), Arc::clone(table));
        let finish = move |place: usize, builder: Builder<'_>, threads: Threads| {
            let finished = builder.finish_with_companion(&|day| calendar.next_session(day), threads)?;
            let out = match &into {
                Some(store) => store.draft(&silver::path(&of, partitions[place]))?,
                None => Draft::in_memory(),
            };
            let encoded = silver::encode(&of, &finished, (&digests[place], threads), out)?;
            let drift = formers[place].as_ref().map(|former| former.drift(&of, &finished)).unwrap_or_default();
            let count = finished.num_rows();
            Ok(Made { encoded, details: finished.details, count, drift })
        };
        let wanted = tasks.iter().map(|task| (task.partition, task.files.clone())).collect();
        fill_together(store, table, wanted, threads, (finish, sent)).await
    }

    /// The table, if the calendar is still the one planned with.
    fn table<'c>(&self, catalog: &'c Catalog, calendar: &Calendar) -> Result<&'c Arc<Table>> {
        if self.calendar.as_ref().is_some_and(|digest| *digest != digest_of(calendar)) {
            bail!("the calendar changed since `{}` {} was planned: run again", self.table, self.partition);
        }
        catalog.table(&self.table).with_context(|| format!("unknown table `{}`", self.table))
    }

    /// The partition's rows, sorted and typed, and the rejected ones.
    ///
    /// # Errors
    /// When the partition cannot be built or the lake cannot be read.
    #[cfg(test)]
    pub(super) async fn batches(
        &self,
        store: &Store,
        table: &Arc<Table>,
        calendar: &Arc<Calendar>,
    ) -> Result<(arrow::array::RecordBatch, Option<arrow::array::RecordBatch>)> {
        let calendar = Arc::clone(calendar);
        let finish = move |builder: Builder<'_>| {
            let finished = builder.finish_with_companion(&|day| calendar.next_session(day), Threads::ONE)?;
            Ok((finished.batch()?, finished.companion))
        };
        fill(store, (table, self.partition), self.files.clone(), Threads::ONE, finish).await
    }
}

fn digest_of(calendar: &Calendar) -> String {
    Sha256::digest(calendar.text()).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
