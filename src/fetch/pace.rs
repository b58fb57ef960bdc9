//! The pace of one interface: no minute sees more calls than allowed, and all calls pause when the vendor asks to slow
//! down. Does not send anything.
//!
//! A sliding log instead of a leaky bucket: vendors count calendar minutes, and a bucket either allows twice as many
//! calls around the turn of a minute or wastes the allowed burst.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use pitlake_contract::counted;
use tokio::sync::Mutex;

use crate::plan::Allowance;
use crate::real;

/// A minute, with a margin for clock differences.
const MINUTE: Duration = Duration::from_secs(61);

/// The longest wait that a run accepts from a vendor. Anything longer is left for a later run.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_mins(5);

/// A second, with a margin for clock differences.
const SECOND: Duration = Duration::from_millis(1050);

/// The longest time a first page gives way to later ones before it asks for its turn again.
const LONGEST_YIELD: Duration = Duration::from_secs(1);

/// The rate limiter of one interface.
#[derive(Debug)]
pub(super) struct Pace {
    pub(super) most: usize,
    pub(super) window: Duration,
    state: Mutex<State>,
    /// Number of calls for later pages that wait for their turn.
    later_pages: AtomicUsize,
}

/// A call for a later page that waits for its turn. First pages give way to it, because a killed run loses the pages of
/// incomplete answers.
#[derive(Debug)]
pub(super) struct LaterPage<'a>(&'a AtomicUsize);

impl Drop for LaterPage<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Debug, Default)]
struct State {
    /// When the calls of the last window were sent.
    sent: VecDeque<Instant>,
    /// No calls before this.
    paused_until: Option<Instant>,
    /// Total time for which calls paused.
    paused: Duration,
}

impl Pace {
    pub(super) fn new(allowance: Allowance) -> Self {
        let (most, window) = match allowance.per_second {
            Some(per_second) => (per_second, SECOND),
            None => (allowance.per_minute, MINUTE),
        };
        Self { most: most.max(1) as usize, window, state: Mutex::default(), later_pages: AtomicUsize::new(0) }
    }

    /// Counts calls sent before, given the latest time at which each was sent, and returns those times. A limit per
    /// second does not reach back that far.
    pub(super) fn begin_after(&mut self, calls: &BTreeMap<DateTime<Utc>, u64>) -> Vec<Instant> {
        let (now, instant) = (real::now(), real::instant());
        let mut sent = Vec::new();
        for (at, calls) in calls {
            let age = (now - at).to_std().unwrap_or_default();
            if let Some(at) = instant.checked_sub(age).filter(|_| self.window >= MINUTE && age < self.window) {
                sent.extend((0..*calls).take(self.most).map(|_| at));
            }
        }
        sent.drain(..sent.len().saturating_sub(self.most));
        self.state.get_mut().sent.extend(&sent);
        sent
    }

    /// Announces a call for a later page.
    pub(super) fn later_page(&self) -> LaterPage<'_> {
        self.later_pages.fetch_add(1, Ordering::Relaxed);
        LaterPage(&self.later_pages)
    }

    /// Counts a call as sent now. If none may be sent, returns when to ask again. First pages leave their turns to later ones.
    pub(super) async fn turn(&self, is_first: bool) -> Option<Instant> {
        let reserved = if is_first { self.later_pages.load(Ordering::Relaxed) } else { 0 };
        self.state.lock().await.try_send(real::instant(), (self.most, reserved), self.window)
    }

    /// How long to wait if a vendor asks to slow down: as long as it says, else a minute.
    pub(super) fn wait(seconds: Option<u64>) -> Duration {
        seconds.map_or(MINUTE, |seconds| Duration::from_secs(seconds.max(1)))
    }

    /// Pauses all calls.
    pub(super) async fn pause(&self, pause: Duration) {
        self.state.lock().await.pause(real::instant(), pause);
    }

    /// Total time for which calls paused so far.
    pub(super) async fn paused(&self) -> Duration {
        self.state.lock().await.paused
    }
}

impl State {
    /// Pauses from now on. Overlapping pauses from calls in flight count as one.
    fn pause(&mut self, now: Instant, pause: Duration) {
        let from = self.paused_until.filter(|until| *until > now).unwrap_or(now);
        let until = from.max(now + pause);
        self.paused += until - from;
        self.paused_until = Some(until);
    }

    /// Counts a call as sent now, or returns when to try again. Of `most` calls in a window, `reserved` are for others.
    fn try_send(&mut self, now: Instant, (most, reserved): (usize, usize), window: Duration) -> Option<Instant> {
        while self.sent.front().is_some_and(|sent| *sent + window <= now) {
            self.sent.pop_front();
        }
        let paused = self.paused_until.filter(|until| *until > now);
        let full = (self.sent.len() >= most).then(|| self.sent[0] + window);
        let is_reserved = reserved > 0 && self.sent.len() + reserved >= most;
        let interval = window / u32::try_from(most).unwrap_or(u32::MAX);
        let wait = paused.max(full).or_else(|| is_reserved.then(|| now + interval.min(LONGEST_YIELD)));
        if wait.is_none() {
            self.sent.push_back(now);
        }
        wait
    }
}

/// A duration in words.
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..120 => counted(seconds, "second"),
        120..7200 => counted(seconds / 60, "minute"),
        _ => counted(seconds / 3600, "hour"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real::simulated::Simulated;

    #[test]
    fn no_minute_exceeds_the_allowance() {
        let (mut state, mut now) = (State::default(), Instant::now());
        let mut sent = Vec::new();
        for _ in 0..10 {
            while let Some(until) = state.try_send(now, (3, 0), MINUTE) {
                now = until;
            }
            sent.push(now);
        }
        assert_eq!(sent[0], sent[2], "the allowance is sent at once");
        assert!(sent.windows(4).all(|w| w[3] - w[0] >= Duration::from_mins(1)), "{sent:?}");
    }

    #[test]
    fn the_minute_begins_with_what_was_sent_before() {
        let machine = Simulated::at("2024-01-02T10:00:00Z".parse().unwrap());
        let wait = |pace: &Pace| machine.run(pace.turn(true)).map(|until| until - real::instant());
        let of = |per_minute, per_second| Pace::new(Allowance { per_minute, per_second });
        let ago = |seconds| real::now() - chrono::TimeDelta::seconds(seconds);
        let calls: BTreeMap<_, u64> = [(ago(70), 9), (ago(50), 2), (ago(20), 1), (ago(-4), 1)].into();
        let mut pace = of(5, None);
        assert_eq!(pace.begin_after(&calls).len(), 4);
        assert_eq!(wait(&pace), None);
        assert_eq!(wait(&pace), Some(Duration::from_secs(11)));
        // If the limit was lowered, the newest calls count. Limits per second ignore earlier calls.
        let mut pace = of(1, None);
        assert_eq!(pace.begin_after(&calls).len(), 1);
        assert_eq!(wait(&pace), Some(MINUTE));
        assert!(of(5, Some(1)).begin_after(&calls).is_empty());
    }

    #[test]
    fn first_pages_leave_later_ones_their_turns() {
        let machine = Simulated::at("2024-01-02T10:00:00Z".parse().unwrap());
        let pace = Pace::new(Allowance { per_minute: 3, per_second: None });
        let wait = |is_first| machine.run(pace.turn(is_first)).map(|until| until - real::instant());
        let later = [pace.later_page(), pace.later_page()];
        assert_eq!(wait(true), None, "there are turns for all");
        assert_eq!(wait(true), Some(LONGEST_YIELD));
        assert_eq!([wait(false), wait(false)], [None; 2]);
        assert_eq!(wait(true), Some(MINUTE));
        drop(later);
        machine.pass(MINUTE);
        assert_eq!([wait(true), wait(true), wait(true)], [None; 3]);
    }

    #[test]
    fn a_pause_holds_all_calls() {
        let (mut state, now) = (State::default(), Instant::now());
        assert_eq!(state.try_send(now, (100, 0), MINUTE), None);
        state.pause(now, MINUTE);
        assert_eq!(state.try_send(now + Duration::from_secs(1), (100, 0), MINUTE), Some(now + MINUTE));
        // Of pauses at the same time the longer one counts.
        state.pause(now, SECOND);
        assert_eq!((state.paused_until, state.paused), (Some(now + MINUTE), MINUTE));
        state.pause(now + SECOND, MINUTE);
        assert_eq!(state.paused, MINUTE + SECOND);
        assert_eq!(state.try_send(now + SECOND + MINUTE, (100, 0), MINUTE), None);
    }

    #[test]
    fn a_time_is_written_in_its_largest_unit() {
        for (seconds, text) in
            [(1, "1 second"), (61, "61 seconds"), (119, "119 seconds"), (150, "2 minutes"), (7200, "2 hours")]
        {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }
}
