//! Runs independent pieces of work on several threads. Results come in order and do not depend on the number of
//! threads.

use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};

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
        let places = Places { next: AtomicUsize::new(0), count };
        let share = || places.share(&mut state(), &work);
        thread::scope(|scope| {
            let others: Vec<_> = (1..self.at_most(count).count()).map(|_| scope.spawn(share)).collect();
            gathered(share(), others)
        })
    }

    /// Like [`Threads::map`], with a state per thread that outlives the call.
    ///
    /// # Panics
    /// When `work` panics, or there is no state to do it with.
    pub fn map_with<S: Send, R: Send>(
        self,
        states: &mut [S],
        count: usize,
        work: impl Fn(&mut S, usize) -> R + Sync,
    ) -> Vec<R> {
        let places = Places { next: AtomicUsize::new(0), count };
        let share = |state| places.share(state, &work);
        let mut states = states.iter_mut().take(self.at_most(count).count());
        let own = states.next();
        assert!(own.is_some() || count == 0);
        let Some(own) = own else { return Vec::new() };
        thread::scope(|scope| {
            let others: Vec<_> = states.map(|state| scope.spawn(|| share(state))).collect();
            gathered(share(own), others)
        })
    }
}

/// Numbers of pieces of work, given to threads one after another.
struct Places {
    next: AtomicUsize,
    count: usize,
}

impl Places {
    /// Does pieces until none is left.
    fn share<S, R>(&self, state: &mut S, work: &impl Fn(&mut S, usize) -> R) -> Vec<(usize, R)> {
        let mut done = Vec::new();
        loop {
            let place = self.next.fetch_add(1, Ordering::Relaxed);
            if place >= self.count {
                return done;
            }
            done.push((place, work(state, place)));
        }
    }
}

/// The results of all threads, in order.
fn gathered<R>(mut done: Vec<(usize, R)>, others: Vec<ScopedJoinHandle<'_, Vec<(usize, R)>>>) -> Vec<R> {
    for other in others {
        done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
    }
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
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
                let expected: Vec<usize> = (0..count).map(|place| place * place).collect();
                assert_eq!(squares, expected);
                let mut done = vec![0; threads.count()];
                for _ in 0..2 {
                    let work = |done: &mut usize, place| {
                        *done += 1;
                        place * place
                    };
                    assert_eq!(threads.map_with(&mut done, count, work), expected);
                }
                assert_eq!(done.iter().sum::<usize>(), 2 * count);
            }
        }
    }
}
