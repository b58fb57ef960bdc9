//! Finds out what a store can do, on a temporary file. What that means for a run is decided elsewhere.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rand::TryRng as _;
use rand::rngs::SysRng;

use super::Store;

/// How a store treats a conditional put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The store honours it.
    Kept,
    /// The store rejects it as unsupported.
    Unknown,
    /// The store ignores it and overwrites.
    Ignored,
}

/// What a store was found to do.
#[derive(Debug, Clone, Copy)]
pub struct Abilities {
    /// Putting a file only if its name is free.
    pub creates: Condition,
    /// Replacing a file only if it is unchanged.
    pub swaps: Condition,
    /// The fastest of a few small reads.
    pub latency: Duration,
}

/// Reads tried to find the latency.
const READS: usize = 3;

impl Store {
    /// Tests the store on a temporary file, which is removed afterwards.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub async fn probe(&self) -> Result<Abilities> {
        let path = format!("leases/doctor-{:016x}.json", SysRng.try_next_u64()?);
        let probed = self.probe_at(&path).await;
        let deleted = self.delete(&path).await;
        let abilities = probed?;
        deleted?;
        Ok(abilities)
    }

    async fn probe_at(&self, path: &str) -> Result<Abilities> {
        self.create(path, "{\"put\":1}".into()).await?;
        let is_taken = !self.create(path, "{\"put\":2}".into()).await?;
        self.put(path, "{\"put\":3}".into()).await?;
        let Some(stale) = self.versioned(path).await? else { anyhow::bail!("a file that was just written is missing") };
        self.put(path, "{\"put\":4}".into()).await?;
        let is_kept = !self.replace(path, &stale, "{\"put\":5}".into()).await?;
        let last = self.versioned(path).await?;
        let is_replaced = match &last {
            Some(read) => self.replace(path, read, "{\"put\":6}".into()).await?,
            None => false,
        };
        ensure!(is_replaced, "an unchanged file cannot be replaced");
        let mut latency = Duration::MAX;
        for _ in 0..READS {
            let began = Instant::now();
            ensure!(self.read(path).await? == "{\"put\":6}", "a file read back differs from what was written");
            latency = latency.min(began.elapsed());
        }
        let of = |is_known: bool, is_kept: bool| match (is_known, is_kept) {
            (false, _) => Condition::Unknown,
            (true, true) => Condition::Kept,
            (true, false) => Condition::Ignored,
        };
        Ok(Abilities { creates: of(self.creates(), is_taken), swaps: of(self.swaps(), is_kept), latency })
    }
}
