//! A piece of long work: how much of it is done, and what to show. How that is formatted is in `text`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::meter::{Meter, Waits};

/// Work in progress.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) label: String,
    /// What its steps are called.
    pub(super) unit: &'static str,
    pub(super) steps: usize,
    pub(super) done: AtomicUsize,
    pub(super) failed: AtomicUsize,
    pub(super) effort: Effort,
    pub(super) begun: Instant,
}

/// The effort of the work, as far as known.
#[derive(Debug)]
pub(super) enum Effort {
    /// Steps of unknown duration.
    Unknown,
    /// Steps of known weights.
    Weight {
        /// Of all steps together.
        all: u64,
        /// Of the steps done.
        done: AtomicU64,
    },
    /// Calls to a vendor.
    Calls(Calls),
}

/// The calls of some work.
#[derive(Debug)]
pub struct Calls {
    /// The meter that counts them.
    pub meter: Arc<Meter>,
    /// Expected number of calls, as far as known.
    pub expected: u64,
    /// Steps answered by one call.
    pub together: usize,
}

/// What follows the current tasks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ahead {
    /// How long later calls take at the accounts' limits, as far as known.
    pub(super) fetching: Duration,
    /// Whether the fetched data are built afterwards.
    pub(super) building: bool,
}

/// A snapshot of a task's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct View {
    pub(super) label: String,
    pub(super) unit: &'static str,
    pub(super) done: usize,
    pub(super) steps: usize,
    pub(super) failed: usize,
    /// Calls in the last minute, and the limit.
    pub(super) rate: Option<(usize, usize)>,
    pub(super) quota: Option<u64>,
    pub(super) to_go: Option<Duration>,
    pub(super) waits: Option<Waits>,
}

impl View {
    pub(super) fn is_done(&self) -> bool {
        self.done >= self.steps
    }
}

impl Task {
    pub(super) fn view(&self, now: Instant) -> View {
        let done = self.done.load(Ordering::Relaxed).min(self.steps);
        let calls = match &self.effort {
            Effort::Calls(calls) => Some(calls),
            _ => None,
        };
        let is_done = done == self.steps;
        View {
            label: self.label.clone(),
            unit: self.unit,
            done,
            steps: self.steps,
            failed: self.failed.load(Ordering::Relaxed),
            rate: calls.map(|calls| (calls.meter.last_minute(now), calls.meter.per_minute())),
            quota: calls.and_then(|calls| calls.meter.quota()),
            to_go: if is_done { Some(Duration::ZERO) } else { self.to_go(done, now) },
            waits: calls.filter(|_| !is_done).and_then(|calls| calls.meter.waits(now)),
        }
    }

    fn to_go(&self, done: usize, now: Instant) -> Option<Duration> {
        match &self.effort {
            Effort::Unknown => None,
            Effort::Weight { all, done } => {
                let done = done.load(Ordering::Relaxed).min(*all);
                let elapsed = now.saturating_duration_since(self.begun).as_millis();
                let left = elapsed * u128::from(all - done) / u128::from(Some(done).filter(|done| *done > 0)?);
                Some(Duration::from_millis(u64::try_from(left).ok()?))
            }
            Effort::Calls(Calls { meter, expected, together }) => {
                let left = match expected.saturating_sub(meter.calls()) {
                    0 => (self.steps - done).div_ceil((*together).max(1)) as u64,
                    left => left,
                };
                meter.to_go(left, now)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_to_go_follows_weights() {
        let begun = Instant::now();
        let task = Task {
            label: "income_cn".into(),
            unit: "partitions",
            steps: 4,
            done: AtomicUsize::new(1),
            failed: AtomicUsize::new(0),
            effort: Effort::Weight { all: 100, done: AtomicU64::new(20) },
            begun,
        };
        assert_eq!(task.view(begun + Duration::from_secs(10)).to_go, Some(Duration::from_secs(40)));
        task.done.store(4, Ordering::Relaxed);
        assert!(task.view(begun).is_done());
        assert_eq!(task.view(begun).to_go, Some(Duration::ZERO));
    }
}
