//! The pace of one interface: no minute sees more calls than allowed, and all calls pause when the vendor asks to slow
//! down.
//!
//! A sliding log instead of a leaky bucket: vendors count minutes of the clock, and a bucket either allows twice as
//! many calls around the turn of a minute or wastes the burst that is allowed.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use crate::plan::Allowance;

/// A minute, with a margin for clocks that differ.
const MINUTE: Duration = Duration::from_secs(61);

/// A second, with a margin for clocks that differ.
const SECOND: Duration = Duration::from_millis(1050);

/// The rate limiter of one interface.
#[derive(Debug)]
pub(super) struct Pace {
    most: usize,
    window: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the calls of the last window were sent.
    sent: VecDeque<Instant>,
    /// No call before this.
    paused_until: Option<Instant>,
}

impl Pace {
    pub(super) fn new(allowance: Allowance) -> Self {
        let (most, window) = match allowance.per_second {
            Some(per_second) => (per_second, SECOND),
            None => (allowance.per_minute, MINUTE),
        };
        Self { most: most.max(1) as usize, window, state: Mutex::default() }
    }

    /// Waits until a call may be sent, and counts it.
    pub(super) async fn turn(&self) {
        loop {
            let wait = self.state.lock().await.try_send(Instant::now(), self.most, self.window);
            match wait {
                None => return,
                Some(until) => sleep_until(until).await,
            }
        }
    }

    /// Pauses all calls, for `seconds` or else for a minute: the vendor asked to slow down.
    pub(super) async fn pause(&self, seconds: Option<u64>) {
        let pause = seconds.map_or(MINUTE, |seconds| Duration::from_secs(seconds.max(1)));
        self.state.lock().await.paused_until = Some(Instant::now() + pause);
    }
}

impl State {
    /// Counts a call that is sent now, or returns when to try again.
    fn try_send(&mut self, now: Instant, most: usize, window: Duration) -> Option<Instant> {
        while self.sent.front().is_some_and(|sent| *sent + window <= now) {
            self.sent.pop_front();
        }
        let paused = self.paused_until.filter(|until| *until > now);
        let full = (self.sent.len() >= most).then(|| self.sent[0] + window);
        let wait = paused.max(full);
        if wait.is_none() {
            self.sent.push_back(now);
        }
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_minute_exceeds_the_allowance() {
        let (mut state, mut now) = (State::default(), Instant::now());
        let mut sent = Vec::new();
        for _ in 0..10 {
            while let Some(until) = state.try_send(now, 3, MINUTE) {
                now = until;
            }
            sent.push(now);
        }
        assert_eq!(sent[0], sent[2], "the allowance is sent at once");
        assert!(sent.windows(4).all(|w| w[3] - w[0] >= Duration::from_mins(1)), "{sent:?}");
    }

    #[test]
    fn a_pause_holds_all_calls() {
        let (mut state, now) = (State::default(), Instant::now());
        assert_eq!(state.try_send(now, 100, MINUTE), None);
        state.paused_until = Some(now + MINUTE);
        assert_eq!(state.try_send(now + Duration::from_secs(1), 100, MINUTE), Some(now + MINUTE));
        assert_eq!(state.try_send(now + MINUTE, 100, MINUTE), None);
    }
}
