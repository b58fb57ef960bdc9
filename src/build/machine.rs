//! Shares the machine among partitions: small ones are built side by side, large ones on all cores, within the allowed
//! memory. How a partition is built is decided elsewhere.

use std::collections::HashMap;
use std::ops::Add;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::ledger::LedgerFile;
use crate::normalise::Partition;
use crate::parallel::Threads;
use crate::spec::Table;

/// Bytes of bronze from which on a partition keeps every core busy.
const LARGE: u64 = 4 << 20;

/// Peak bytes of memory per byte of bronze. Measured: 3 to 3.6 for tables of latest rows.
const LATEST: u64 = 4;

/// The same for tables with versions. Measured: 15, because most lines repeat earlier ones.
const VERSIONS: u64 = 16;

/// Granularity of the memory semaphore, in bytes.
const PIECE: u64 = 64 << 10;

/// What building a partition, or several together, needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Need {
    /// Bytes of bronze.
    pub(super) bronze: u64,
    /// Bytes of memory.
    pub(super) memory: u64,
    /// Whether much of the work is serial, as versions are told apart key by key.
    #[serde(default)]
    pub(super) is_serial: bool,
}

/// For each file whose rows leave the day of its folder, the number of partitions it feeds.
pub(super) type Fed<'f> = HashMap<&'f str, u64>;

/// Counts the partitions that each such file feeds.
pub(super) fn fed<'f>(partitions: impl Iterator<Item = (&'f Partition, &'f Vec<Arc<LedgerFile>>)>) -> Fed<'f> {
    let mut fed = Fed::default();
    for file in partitions.flat_map(|(_, files)| files).filter(|file| file.file.span) {
        *fed.entry(&file.file.path).or_default() += 1;
    }
    fed
}

impl Need {
    /// Estimates the need from a partition's files.
    pub(super) fn of(table: &Table, files: &[Arc<LedgerFile>], fed: &Fed<'_>) -> Self {
        let share = |file: &LedgerFile| file.file.size / fed.get(file.file.path.as_str()).copied().unwrap_or(1);
        let bronze = files.iter().map(|file| share(file)).sum();
        let is_serial = table.versions.is_some();
        Self { bronze, memory: bronze * if is_serial { VERSIONS } else { LATEST }, is_serial }
    }
}

impl Add for Need {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let is_serial = self.is_serial || other.is_serial;
        Self { bronze: self.bronze + other.bronze, memory: self.memory + other.memory, is_serial }
    }
}

/// Free cores and memory.
#[derive(Debug)]
pub(super) struct Machine {
    all: Threads,
    cores: Semaphore,
    limit: u32,
    memory: Semaphore,
}

/// Cores and memory held for one partition until dropped.
#[derive(Debug)]
pub struct Share<'m> {
    /// The number of cores.
    pub threads: Threads,
    cores: Option<SemaphorePermit<'m>>,
    _memory: Option<SemaphorePermit<'m>>,
}

impl Machine {
    /// A machine with these cores and bytes of memory.
    pub(super) fn new(all: Threads, memory: u64) -> Self {
        let limit = pieces(memory);
        Self { all, cores: Semaphore::new(all.count()), limit, memory: Semaphore::new(limit as usize) }
    }

    /// Waits for a share for a partition, first come, first served. `left` is the number of partitions still waiting,
    /// including this one: while there are enough of them, serial ones are built side by side. A partition that needs
    /// more memory than allowed is built alone and on one thread, which needs least.
    pub(super) async fn share(&self, need: Need, left: usize) -> Share<'_> {
        let memory = pieces(need.memory);
        let is_beside = need.is_serial && left >= self.all.count();
        let is_large = need.bronze > LARGE && memory <= self.limit && !is_beside;
        let threads = if is_large { self.all } else { Threads::ONE };
        let count = u32::try_from(threads.count()).unwrap_or(u32::MAX);
        // Neither semaphore is ever closed. Memory is taken first, so that nobody holds cores while waiting.
        let memory = self.memory.acquire_many(memory.min(self.limit)).await.ok();
        Share { threads, cores: self.cores.acquire_many(count).await.ok(), _memory: memory }
    }
}

impl Share<'_> {
    /// All cores, for a partition built alone.
    #[must_use]
    pub fn whole() -> Self {
        Self { threads: Threads::available(), cores: None, _memory: None }
    }

    /// Frees the cores for others.
    pub(super) fn free_cores(&mut self) {
        self.cores = None;
    }
}

/// At least one, so that even an empty share takes part.
fn pieces(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(PIECE)).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    fn machine(memory: u64) -> Machine {
        Machine::new(Threads::new(2.try_into().unwrap()), memory)
    }

    fn need(bronze: u64) -> Need {
        Need { bronze, memory: LATEST * bronze, is_serial: false }
    }

    #[test]
    fn small_partitions_are_built_side_by_side_and_a_large_one_alone() {
        let machine = machine(1 << 30);
        let (first, second) = (machine.share(need(1), 1).now_or_never(), machine.share(need(LARGE), 1).now_or_never());
        assert_eq!([&first, &second].map(|share| share.as_ref().unwrap().threads.count()), [1, 1]);
        assert!(machine.share(need(1), 1).now_or_never().is_none());
        drop(first);
        assert!(machine.share(need(LARGE + 1), 1).now_or_never().is_none());
        drop(second);
        let large = machine.share(need(LARGE + 1), 1).now_or_never().unwrap();
        assert_eq!(large.threads.count(), 2);
        assert!(machine.share(need(1), 1).now_or_never().is_none());
    }

    #[test]
    fn large_partitions_for_one_core_are_built_side_by_side_until_the_last_one() {
        let machine = machine(1 << 30);
        let need = Need { is_serial: true, ..need(2 * LARGE) };
        let (first, second) = (machine.share(need, 3).now_or_never(), machine.share(need, 2).now_or_never());
        assert_eq!([&first, &second].map(|share| share.as_ref().unwrap().threads.count()), [1, 1]);
        drop((first, second));
        assert_eq!(machine.share(need, 1).now_or_never().unwrap().threads.count(), 2);
    }

    #[test]
    fn partitions_together_take_no_more_memory_than_is_allowed() {
        let machine = machine(100 << 20);
        let mut large = machine.share(need(20 << 20), 1).now_or_never().unwrap();
        large.free_cores();
        // The next is built while one is being written only if there is memory for both.
        assert!(machine.share(need(20 << 20), 1).now_or_never().is_none());
        let other = machine.share(need(5 << 20), 1).now_or_never().unwrap();
        assert!(machine.share(need(1), 1).now_or_never().is_none());
        drop((large, other));
        assert!(machine.share(need(20 << 20), 1).now_or_never().is_some());
    }

    #[test]
    fn a_partition_larger_than_the_limit_is_built_alone_on_one_thread() {
        let machine = machine(100 << 20);
        let mut small = machine.share(need(1), 1).now_or_never().unwrap();
        small.free_cores();
        assert!(machine.share(need(1 << 30), 1).now_or_never().is_none());
        drop(small);
        let mut large = machine.share(need(1 << 30), 1).now_or_never().unwrap();
        assert_eq!(large.threads.count(), 1);
        large.free_cores();
        assert!(machine.share(need(1), 1).now_or_never().is_none());
        drop(large);
        assert!(machine.share(need(1), 1).now_or_never().is_some());
    }
}
