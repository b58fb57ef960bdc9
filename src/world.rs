//! All that a command may touch, and the error of a command that asks for what cannot be. Never what a command does.

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

/// All that a command may touch.
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
    /// Dates, due hours and stamps.
    pub clock: Clock,
    /// Progress bars.
    pub progress: Progress,
    /// Whether the user asked to end.
    pub interrupt: Interrupt,
    /// How much it may take.
    pub limits: Limits,
    /// What builds partitions, where it is not this machine.
    pub engine: Option<Arc<dyn Engine>>,
}

/// How much memory and time a command may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes that partitions may take together while they are built.
    pub memory: u64,
    /// How long a lease that another run holds is waited for.
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
    /// Where it was found, as messages name it: `TUSHARE_TOKEN`, or a file.
    pub found_in: String,
}

/// A run: the world, what bronze holds, and the report.
#[derive(Debug, Clone, Copy)]
pub struct Run<'a> {
    /// All that it may touch.
    pub world: &'a World,
    /// What bronze holds, table by table.
    pub ledgers: &'a Ledgers,
    /// What it did so far.
    pub journal: &'a Journal,
}

/// The command line or the configuration asks for what cannot be: exit 2, nothing was done.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Misuse(pub String);
