//! Calls a minute of one interface: never more than allowed in any minute, and a rest for everybody
//! when the vendor asks for one.
//!
//! A sliding log and not a leaky bucket: vendors count fixed minutes, and a bucket either lets
//! through twice the allowance around a minute's turn or wastes the burst that is allowed.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};

/// A minute, and a second for clocks that differ.
const MINUTE: Duration = Duration::from_secs(61);

/// The turn-giver of one interface.
#[derive(Debug)]
pub(super) struct Pace {
    per_minute: usize,
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
    pub(super) fn new(per_minute: u32) -> Self {
        Self { per_minute: per_minute.max(1) as usize, state: Mutex::default() }
    }

    /// Waits until a call may go out, and counts it.
    pub(super) async fn turn(&self) {
        loop {
            let wait = self.state.lock().await.go(Instant::now(), self.per_minute);
            match wait {
                None => return,
                Some(until) => sleep_until(until).await,
            }
        }
    }

    /// The vendor asked to slow down: everybody waits the minute out.
    pub(super) async fn rest(&self) {
        self.state.lock().await.rest_until = Some(Instant::now() + MINUTE);
    }
}

impl State {
    /// Counts a call that goes out now, or says when to ask again.
    fn go(&mut self, now: Instant, per_minute: usize) -> Option<Instant> {
        while self.sent.front().is_some_and(|sent| *sent + MINUTE <= now) {
            self.sent.pop_front();
        }
        let rest = self.rest_until.filter(|until| *until > now);
        let full = (self.sent.len() >= per_minute).then(|| self.sent[0] + MINUTE);
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
            while let Some(until) = state.go(now, 3) {
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
        assert_eq!(state.go(now, 100), None);
        state.rest_until = Some(now + MINUTE);
        assert_eq!(state.go(now + Duration::from_secs(1), 100), Some(now + MINUTE));
        assert_eq!(state.go(now + MINUTE, 100), None);
    }
}
