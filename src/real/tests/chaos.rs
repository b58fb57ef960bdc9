//! Draws what goes wrong from a seed, and traces what happened. What a fault means to a store or vendor is up to those.

use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tokio::sync::Notify;

use crate::real;
use crate::real::simulated::passed;

/// What becomes of a request to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Carried out.
    Done,
    /// Refused.
    Refused,
    /// Carried out, but the reply is lost.
    Lost,
    /// Carried out, and then the run is killed.
    Last,
}

/// Odds that things go wrong, in thousandths.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Odds {
    /// A request to the store is refused.
    pub(super) refused: u32,
    /// Its reply is lost.
    pub(super) lost: u32,
    /// It takes seconds.
    pub(super) slow: u32,
    /// It takes longer than a lease lasts.
    pub(super) stuck: u32,
    /// The vendor is in trouble.
    pub(super) trouble: u32,
    /// The vendor lies.
    pub(super) lie: u32,
}

/// Decides what goes wrong.
pub(super) struct Chaos {
    state: Mutex<State>,
    killed: Notify,
}

struct State {
    random: ChaCha8Rng,
    odds: Odds,
    /// Steps of the current run, and the step after which it is killed.
    steps: u32,
    last: Option<u32>,
    trace: Vec<String>,
}

impl Chaos {
    pub(super) fn of(seed: u64) -> Self {
        let random = ChaCha8Rng::seed_from_u64(seed);
        let state = State { random, odds: Odds::default(), steps: 0, last: None, trace: Vec::new() };
        Self { state: Mutex::new(state), killed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A random number below a bound.
    pub(super) fn below(&self, bound: u32) -> u32 {
        self.state().random.random_range(0..bound.max(1))
    }

    /// True with this probability, in thousandths.
    pub(super) fn is_in(&self, thousandths: u32) -> bool {
        // Always draw, so that changing one probability does not shift everything after it.
        self.below(1000) < thousandths
    }

    /// Sets the odds from now on, and the step at which the run is killed.
    pub(super) fn begin(&self, odds: Odds, last: Option<u32>) {
        let mut state = self.state();
        (state.odds, state.last, state.steps) = (odds, last, 0);
        drop(state);
        self.tell(&format!("run with {odds:?}, last step {last:?}"));
    }

    /// Waits until the run is killed.
    pub(super) async fn killed(&self) {
        self.killed.notified().await;
    }

    pub(super) fn odds(&self) -> Odds {
        self.state().odds
    }

    /// Adds a line to the trace.
    pub(super) fn tell(&self, what: &str) {
        let at = passed().as_secs_f64();
        self.state().trace.push(format!("{at:>10.3} {what}"));
    }

    /// The trace so far.
    pub(super) fn trace(&self) -> Vec<String> {
        self.state().trace.clone()
    }

    /// Counts a step. Returns whether it is the run's last.
    pub(super) fn step(&self) -> bool {
        let mut state = self.state();
        state.steps += 1;
        state.last == Some(state.steps)
    }

    /// Kills the run.
    pub(super) async fn kill(&self) -> ! {
        self.tell("killed");
        self.killed.notify_one();
        pending().await
    }

    /// Decides what becomes of a request to the store, and takes the time for it.
    pub(super) async fn request(&self, verb: &str, path: &str) -> Fate {
        let Odds { refused, lost, slow, stuck, .. } = self.odds();
        let dice = self.below(1000);
        let fate = if dice < refused {
            Fate::Refused
        } else if dice < refused + lost {
            Fate::Lost
        } else {
            Fate::Done
        };
        let dice = self.below(1000);
        let millis = if dice < stuck {
            300_000 + self.below(100_000)
        } else if dice < stuck + slow {
            1000 + self.below(9000)
        } else {
            1 + self.below(40)
        };
        real::sleep(Duration::from_millis(millis.into())).await;
        let is_last = self.step();
        // The kill comes either before or after the request.
        if is_last && fate == Fate::Refused {
            self.kill().await;
        }
        let fate = if is_last { Fate::Last } else { fate };
        self.tell(&format!("{verb} {path}: {fate:?}"));
        fate
    }
}
