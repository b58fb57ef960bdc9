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
            let until = {
                let mut state = self.state.lock().await;
                let now = Instant::now();
                while state.sent.front().is_some_and(|sent| *sent + MINUTE <= now) {
                    state.sent.pop_front();
                }
                let rest = state.rest_until.filter(|until| *until > now);
                let full = (state.sent.len() >= self.per_minute).then(|| state.sent[0] + MINUTE);
                match rest.max(full) {
                    Some(until) => until,
                    None => {
                        state.sent.push_back(now);
                        return;
                    }
                }
            };
            sleep_until(until).await;
        }
    }

    /// The vendor asked to slow down: everybody waits the minute out.
    pub(super) async fn rest(&self) {
        let mut state = self.state.lock().await;
        state.rest_until = Some(Instant::now() + MINUTE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_minute_sees_more_than_its_allowance() {
        let pace = Pace::new(3);
        let start = Instant::now();
        let mut sent = Vec::new();
        for _ in 0..10 {
            pace.turn().await;
            sent.push(start.elapsed());
        }
        assert!(sent[2] < Duration::from_secs(1), "the allowance goes out at once");
        assert!(sent.windows(4).all(|w| w[3] - w[0] >= Duration::from_secs(60)), "{sent:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_rest_holds_everybody() {
        let pace = Pace::new(100);
        pace.turn().await;
        pace.rest().await;
        let start = Instant::now();
        pace.turn().await;
        assert!(start.elapsed() >= Duration::from_secs(60));
    }
}
