//! Calls a minute of one interface: never more than allowed in any minute, and a rest for everybody
//! when the vendor asks for one.
//!
//! A sliding log and not a leaky bucket: vendors count fixed minutes, and a bucket either lets
//! through twice the allowance around a minute's turn or wastes the burst that is allowed.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

use crate::plan::Allowance;

/// A minute, and a second for clocks that differ.
const MINUTE: Duration = Duration::from_secs(61);

/// A second, and a little for clocks that differ.
const SECOND: Duration = Duration::from_millis(1050);

/// The turn-giver of one interface.
#[derive(Debug)]
pub(super) struct Pace {
    most: usize,
    window: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the calls of the last minute went out.
    sent: VecDeque<Instant>,
    /// Nobody goes before this.
    rest_until: Option<Instant>,
}

impl Pace {
    pub(super) fn new(allowance: Allowance) -> Self {
        let (most, window) = match allowance.per_second {
            Some(per_second) => (per_second, SECOND),
            None => (allowance.per_minute, MINUTE),
        };
        Self { most: most.max(1) as usize, window, state: Mutex::default() }
    }

    /// Waits until a call may go out, and counts it.
    pub(super) async fn turn(&self) {
        loop {
            let wait = self.state.lock().await.go(Instant::now(), self.most, self.window);
            match wait {
                None => return,
                Some(until) => sleep_until(until).await,
            }
        }
    }

    /// The vendor asked to slow down: everybody waits for as long as it says, else the minute out.
    pub(super) async fn rest(&self, seconds: Option<u64>) {
        let rest = seconds.map_or(MINUTE, |seconds| Duration::from_secs(seconds.max(1)));
        self.state.lock().await.rest_until = Some(Instant::now() + rest);
    }
}

impl State {
    /// Counts a call that goes out now, or says when to ask again.
    fn go(&mut self, now: Instant, most: usize, window: Duration) -> Option<Instant> {
        while self.sent.front().is_some_and(|sent| *sent + window <= now) {
            self.sent.pop_front();
        }
        let rest = self.rest_until.filter(|until| *until > now);
        let full = (self.sent.len() >= most).then(|| self.sent[0] + window);
        let wait = rest.max(full);
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
    fn no_minute_sees_more_than_its_allowance() {
        let (mut state, mut now) = (State::default(), Instant::now());
        let mut sent = Vec::new();
        for _ in 0..10 {
            while let Some(until) = state.go(now, 3, MINUTE) {
                now = until;
            }
            sent.push(now);
        }
        assert_eq!(sent[0], sent[2], "the allowance goes out at once");
        assert!(sent.windows(4).all(|w| w[3] - w[0] >= Duration::from_mins(1)), "{sent:?}");
    }

    #[test]
    fn a_rest_holds_everybody() {
        let (mut state, now) = (State::default(), Instant::now());
        assert_eq!(state.go(now, 100, MINUTE), None);
        state.rest_until = Some(now + MINUTE);
        assert_eq!(state.go(now + Duration::from_secs(1), 100, MINUTE), Some(now + MINUTE));
        assert_eq!(state.go(now + MINUTE, 100, MINUTE), None);
    }
}
