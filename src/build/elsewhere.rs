//! Tasks that an engine runs on other machines: what is sent, the worker there, and what it answers. Transport is the
//! engine's job.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::failure::Failure;
use super::machine::{Machine, Need};
use super::task::{Published, Task};
use crate::engine::Engine;
use crate::normalise::{Partition, RULES};
use crate::parallel::Threads;
use crate::plan::Calendar;
use crate::spec::Catalog;
use crate::store::{Access, Address, Store, WriteError};

/// What all pieces of a job share.
#[derive(Debug, Serialize, Deserialize)]
struct Job {
    lake: Address,
    /// Version of the build rules.
    rules: u32,
    calendar: Calendar,
}

/// Tasks of one table that read the same files and are built together.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Piece {
    /// Digest of the table's pipeline and contracts.
    pub(super) contracts: String,
    pub(super) tasks: Vec<Task>,
    pub(super) need: Need,
}

/// The result of a task.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Published(Published),
    Unwritable(WriteError),
    Failed(Failure),
}

/// Runs the pieces and returns the results of their tasks, in order.
pub(super) async fn run(
    engine: &dyn Engine,
    (store, calendar): (&Store, &Calendar),
    pieces: &[Piece],
) -> Result<Vec<Vec<(Partition, Result<Published>)>>> {
    let job = Job { lake: store.address()?, rules: RULES, calendar: calendar.clone() };
    let texts = pieces.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    let answers = engine.run(serde_json::to_string(&job)?, texts).await?;
    ensure!(answers.len() == pieces.len(), "got {} answers for {} pieces of work", answers.len(), pieces.len());
    let answers = pieces.iter().zip(answers).map(|(piece, text)| {
        let answers: Vec<Answer> = serde_json::from_str(&text).with_context(|| format!("cannot read `{text}`"))?;
        ensure!(answers.len() == piece.tasks.len(), "got {} answers for {} tasks", answers.len(), piece.tasks.len());
        Ok(piece.tasks.iter().map(|task| task.partition).zip(answers.into_iter().map(Answer::result)).collect())
    });
    answers.collect()
}

impl Answer {
    fn of(result: Result<Published>) -> Self {
        match result {
            Ok(published) => Self::Published(published),
            Err(error) => match error.downcast::<WriteError>() {
                Ok(error) => Self::Unwritable(error),
                Err(error) => Self::Failed(Failure::of(&error)),
            },
        }
    }

    fn result(self) -> Result<Published> {
        match self {
            Self::Published(published) => Ok(published),
            Self::Unwritable(error) => Err(error.into()),
            Self::Failed(failure) => Err(failure.into()),
        }
    }
}

/// A plan that a machine will never carry out, however often it is sent.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Refused(String);

/// A machine that runs what another planned.
#[derive(Debug)]
pub struct Worker {
    catalog: Catalog,
    /// Opens stores on this machine.
    access: Access,
    machine: Machine,
    stores: Mutex<HashMap<Address, Store>>,
}

impl Worker {
    /// A worker that opens object stores with `access` and builds with this many cores and bytes of memory.
    #[must_use]
    pub fn new(catalog: Catalog, access: Access, (cores, memory): (Threads, u64)) -> Self {
        Self { catalog, access, machine: Machine::new(cores, memory), stores: Mutex::default() }
    }

    /// Builds and publishes the partitions of a piece and returns the result of each.
    ///
    /// # Errors
    /// [`Refused`] if the piece cannot be read or was planned with other contracts or rules than this machine's, or an
    /// error if the lake cannot be reached.
    pub async fn run(&self, job: &str, piece: &str) -> Result<String> {
        let job: Job = serde_json::from_str(job)
            .map_err(|error| Refused(format!("cannot read the job: do all machines run the same version? {error}")))?;
        let piece: Piece = serde_json::from_str(piece)
            .map_err(|error| Refused(format!("cannot read the task: do all machines run the same version? {error}")))?;
        if job.rules != RULES {
            let theirs = job.rules;
            return Err(Refused(format!(
                "the plan was made with rules version {theirs}, but this machine has {RULES}: run the same version of \
                 pitlake everywhere"
            ))
            .into());
        }
        let Some(first) = piece.tasks.first() else { return Ok("[]".to_owned()) };
        let table = self.catalog.table(&first.table);
        let table = table.ok_or_else(|| Refused(format!("unknown table `{}`", first.table)))?;
        if piece.contracts != table.digest {
            return Err(Refused(format!(
                "the pipeline or a contract of `{}` differs from those of the plan (digest {} here, {} there): give all machines \
                 the same `schemas/` and `pipelines/`",
                table.name, table.digest, piece.contracts
            ))
            .into());
        }
        let store = self.store(&job.lake).await?;
        let calendar = Arc::new(job.calendar);
        let mut answers: HashMap<Partition, Answer> = HashMap::new();
        let mut tasks = Vec::new();
        for task in &piece.tasks {
            match task.published(&store, table).await {
                Ok(Some(published)) => drop(answers.insert(task.partition, Answer::Published(published))),
                Ok(None) => tasks.push(task.clone()),
                Err(error) => drop(answers.insert(task.partition, Answer::of(Err(error)))),
            }
        }
        let share = self.machine.share(piece.need, 1).await;
        for (partition, done) in Task::run_together(&tasks, &store, (&self.catalog, &calendar), share).await {
            answers.insert(partition, Answer::of(done));
        }
        let answers: Vec<Answer> = piece.tasks.iter().filter_map(|task| answers.remove(&task.partition)).collect();
        Ok(serde_json::to_string(&answers)?)
    }

    /// As if the lake had been opened before.
    #[cfg(test)]
    pub(super) async fn open(&self, lake: Address, store: Store) {
        self.stores.lock().await.insert(lake, store);
    }

    async fn store(&self, lake: &Address) -> Result<Store> {
        let mut stores = self.stores.lock().await;
        if let Some(store) = stores.get(lake) {
            return Ok(store.clone());
        }
        let store = Store::at(lake, &self.access)?;
        stores.insert(lake.clone(), store.clone());
        Ok(store)
    }
}
