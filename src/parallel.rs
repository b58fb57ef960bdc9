//! Runs independent pieces of work on several threads. Results come in order and do not depend on the number of
//! threads.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// How many threads share a piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Threads(NonZeroUsize);

impl Threads {
    /// Only the calling thread.
    pub const ONE: Self = Self(NonZeroUsize::MIN);

    /// This many threads.
    #[must_use]
    pub fn new(count: NonZeroUsize) -> Self {
        Self(count)
    }

    /// One thread per core of the machine.
    #[must_use]
    pub fn available() -> Self {
        Self(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }

    /// At most this many, and at least one.
    #[must_use]
    pub fn at_most(self, most: usize) -> Self {
        Self(NonZeroUsize::new(most).map_or(NonZeroUsize::MIN, |most| self.0.min(most)))
    }

    /// The number of threads.
    #[must_use]
    pub fn count(self) -> usize {
        self.0.get()
    }

    /// Runs two closures, concurrently if there are two threads.
    ///
    /// # Panics
    /// When one of them panics.
    pub fn both<A, B: Send>(self, first: impl FnOnce() -> A, second: impl FnOnce() -> B + Send) -> (A, B) {
        if self == Self::ONE {
            return (first(), second());
        }
        thread::scope(|scope| {
            let second = scope.spawn(second);
            (first(), second.join().unwrap_or_else(|panic| resume_unwind(panic)))
        })
    }

    /// Runs `work` for each number below `count`. Each thread has its own state. The results are in order.
    ///
    /// # Panics
    /// When `work` panics.
    pub fn map<S, R: Send>(
        self,
        count: usize,
        state: impl Fn() -> S + Sync,
        work: impl Fn(&mut S, usize) -> R + Sync,
    ) -> Vec<R> {
        let next = AtomicUsize::new(0);
        let share = || {
            let (mut state, mut done) = (state(), Vec::new());
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= count {
                    return done;
                }
                done.push((place, work(&mut state, place)));
            }
        };
        let mut done = thread::scope(|scope| {
            let others: Vec<_> = (1..self.at_most(count).count()).map(|_| scope.spawn(share)).collect();
            let mut done = share();
            for other in others {
                done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
            }
            done
        });
        done.sort_unstable_by_key(|(place, _)| *place);
        done.into_iter().map(|(_, result)| result).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pieces_of_work_give_both_results() {
        for threads in [Threads::ONE, Threads::available()] {
            assert_eq!(threads.both(|| 1, || "one"), (1, "one"));
        }
    }

    #[test]
    fn results_are_in_order_on_any_number_of_threads() {
        for threads in [Threads::ONE, Threads::available(), Threads::new(NonZeroUsize::new(5).unwrap())] {
            for count in [0, 1, 3, 1000] {
                let squares = threads.map(count, || (), |(), place| place * place);
                assert_eq!(squares, (0..count).map(|place| place * place).collect::<Vec<_>>());
            }
        }
    }
}
