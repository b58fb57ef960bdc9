//! What a store can do, tried out on a file of its own. Never what follows from that for a run.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use rand::TryRng as _;
use rand::rngs::SysRng;

use super::Store;

/// What became of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// The store keeps it.
    Kept,
    /// The store does not know it, and says so.
    Unknown,
    /// The store overwrites all the same.
    Ignored,
}

/// What a store can do.
#[derive(Debug, Clone, Copy)]
pub struct Abilities {
    /// A file is put only where its name is free.
    pub creates: Condition,
    /// A file is replaced only where it is as it was read.
    pub swaps: Condition,
    /// The shortest of some small reads.
    pub latency: Duration,
}

/// Reads whose shortest is the latency.
const READS: usize = 3;

impl Store {
    /// Tries on a file of its own, which is taken away again.
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
        let Some(stale) = self.versioned(path).await? else { anyhow::bail!("a file that was written is not there") };
        self.put(path, "{\"put\":4}".into()).await?;
        let is_kept = !self.replace(path, &stale, "{\"put\":5}".into()).await?;
        let last = self.versioned(path).await?;
        let is_replaced = match &last {
            Some(read) => self.replace(path, read, "{\"put\":6}".into()).await?,
            None => false,
        };
        ensure!(is_replaced, "a file that is as it was read cannot be replaced");
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
