//! Everything a command may use, and the error for a request that cannot be fulfilled. What commands do is not decided
//! here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::clock::Clock;
use crate::engine::Engine;
use crate::interrupt::Interrupt;
use crate::ledger::Ledgers;
use crate::memory;
use crate::progress::Progress;
use crate::report::Journal;
use crate::spec::{Catalog, Jobs};
use crate::store::Store;

/// Everything a command may use.
#[derive(Debug, Clone)]
pub struct World {
    /// Vendors and tables.
    pub catalog: Catalog,
    /// Accounts and jobs.
    pub jobs: Jobs,
    /// Tokens by vendor, for the accounts that have one.
    pub tokens: BTreeMap<String, Token>,
    /// The lake.
    pub store: Store,
    /// The clock for dates, due hours and timestamps.
    pub clock: Clock,
    /// Progress bars.
    pub progress: Progress,
    /// Whether the user asked to stop.
    pub interrupt: Interrupt,
    /// How much memory and time to use.
    pub limits: Limits,
    /// Builds partitions, if not this machine.
    pub engine: Option<Arc<dyn Engine>>,
}

/// How much memory and time a command may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes that partitions may use in total while they are built.
    pub memory: u64,
    /// How long to wait for a lease held by another run.
    pub wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { memory: memory::quarter(), wait: Duration::ZERO }
    }
}

/// The token of an account.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token itself.
    pub secret: SecretString,
    /// Where it was found, for messages: `TUSHARE_TOKEN`, or a file.
    pub found_in: String,
}

/// A run: the world, what bronze holds, and the report.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// Everything it may use.
    pub world: &'a World,
    /// What bronze holds, table by table.
    pub ledgers: &'a Ledgers,
    /// What it has done so far.
    pub journal: &'a Journal,
}

/// The command line or the configuration asks for something impossible. Exit code 2; nothing was done.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misuse(pub String);
