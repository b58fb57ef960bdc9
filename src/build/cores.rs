//! The cores of the machine, shared among partitions: small ones are built side by side, a large one on all of them, so that
//! no two large ones are in memory at once. Never how a partition is built.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::parallel::Threads;

/// A partition of so many bytes of bronze keeps every core busy, and is as large in memory as many small ones.
const LARGE: u64 = 4 << 20;

/// The cores that are free.
#[derive(Debug)]
pub(super) struct Cores {
    all: Threads,
    free: Semaphore,
}

/// Cores for one partition, until it is dropped.
#[derive(Debug)]
pub struct Share<'c> {
    /// How many.
    pub threads: Threads,
    _taken: Option<SemaphorePermit<'c>>,
}

impl Cores {
    pub(super) fn new(all: Threads) -> Self {
        Self { all, free: Semaphore::new(all.count()) }
    }

    /// Cores for a partition of so many bytes of bronze, once they are free; those who ask first get theirs first.
    pub(super) async fn share(&self, bytes: u64) -> Share<'_> {
        let threads = if bytes > LARGE { self.all } else { Threads::ONE };
        let count = u32::try_from(threads.count()).unwrap_or(u32::MAX);
        // It is never closed.
        Share { threads, _taken: self.free.acquire_many(count).await.ok() }
    }
}

impl Share<'_> {
    /// All cores, for a partition that is built alone.
    #[must_use]
    pub fn whole() -> Self {
        Self { threads: Threads::available(), _taken: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    #[test]
    fn small_partitions_are_built_side_by_side_and_a_large_one_alone() {
        let cores = Cores::new(Threads::new(2.try_into().unwrap()));
        let (first, second) = (cores.share(1).now_or_never(), cores.share(LARGE).now_or_never());
        assert_eq!([&first, &second].map(|share| share.as_ref().unwrap().threads.count()), [1, 1]);
        assert!(cores.share(1).now_or_never().is_none());
        drop(first);
        assert!(cores.share(LARGE + 1).now_or_never().is_none());
        drop(second);
        let large = cores.share(LARGE + 1).now_or_never().unwrap();
        assert_eq!(large.threads.count(), 2);
        assert!(cores.share(1).now_or_never().is_none());
    }
}
