//! The calls of an interface as they are sent: how many in the last minute, what the next one waits for, and how long
//! the remaining ones will take. Does not know what is called.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The call rate is shown over this time.
const MINUTE: Duration = Duration::from_mins(1);

/// The recent rate is measured over this time.
const RECENT: Duration = Duration::from_mins(2);

/// How often the rate is sampled.
const SAMPLED_EVERY: Duration = Duration::from_secs(5);

/// After this long without a reply, the vendor counts as slow.
const SLOW: Duration = Duration::from_secs(2);

/// What a call waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// The account's limit.
    Limit,
    /// The vendor's reply.
    Vendor,
}

/// What an interface waits for, for display.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    /// The account's limit.
    Limit,
    /// The vendor asked to slow down, with this much time left.
    Pause(Duration),
    /// A failed call will be repeated after this time.
    Retry(Duration),
    /// A reply, for this long so far.
    Vendor(Duration),
}

/// The calls of an interface.
#[derive(Debug)]
pub struct Meter {
    /// Maximum calls in any `window`.
    most: usize,
    window: Duration,
    /// Calls left of the daily quota.
    quota: Option<Arc<AtomicU64>>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    calls: u64,
    /// When the calls of the last minute or window were sent, whichever is longer.
    sent: VecDeque<Instant>,
    at_limit: usize,
    at_vendor: usize,
    /// Since when replies have been outstanding without any arriving.
    asked: Instant,
    /// Since when only the limit has been waited for.
    idle_since: Option<Instant>,
    idle: Duration,
    paused_until: Instant,
    retry_at: Instant,
    /// Calls and idle time at recent moments.
    samples: VecDeque<(Instant, u64, Duration)>,
}

impl Meter {
    /// A meter for an interface that accepts `most` calls in any `window`.
    #[must_use]
    pub fn new(most: usize, window: Duration, quota: Option<Arc<AtomicU64>>) -> Self {
        let now = Instant::now();
        let state = State {
            calls: 0,
            sent: VecDeque::new(),
            at_limit: 0,
            at_vendor: 0,
            asked: now,
            idle_since: None,
            idle: Duration::ZERO,
            paused_until: now,
            retry_at: now,
            samples: [(now, 0, Duration::ZERO)].into(),
        };
        Self { most: most.max(1), window, quota, state: Mutex::new(state) }
    }

    /// Counts calls of the last minute that earlier runs sent, oldest first.
    pub fn begin_after(&self, sent: Vec<Instant>) {
        self.state().sent.extend(sent);
    }

    /// Waiting lasts until the result is dropped.
    #[must_use]
    pub fn wait(&self, wait: Wait) -> Waiting<'_> {
        self.state().change(wait, 1, Instant::now());
        Waiting { meter: self, wait }
    }

    /// Counts a call.
    pub fn sent(&self) {
        let (mut state, now) = (self.state(), Instant::now());
        state.calls += 1;
        state.sent.push_back(now);
        state.forget(now, self.window);
    }

    /// The vendor asked to slow down.
    pub fn paused(&self, pause: Duration) {
        let mut state = self.state();
        state.paused_until = state.paused_until.max(Instant::now() + pause);
    }

    /// A failed call will be repeated after a while.
    pub fn retried(&self, after: Duration) {
        self.state().retry_at = Instant::now() + after;
    }

    /// The number of calls sent.
    pub(super) fn calls(&self) -> u64 {
        self.state().calls
    }

    /// The number of calls in the last minute.
    pub(super) fn last_minute(&self, now: Instant) -> usize {
        self.state().sent.iter().filter(|sent| now.saturating_duration_since(**sent) <= MINUTE).count()
    }

    /// The most calls in a minute.
    pub(super) fn per_minute(&self) -> usize {
        // A window is a little longer than a minute or a second.
        let windows = (MINUTE.as_millis() / self.window.as_millis().max(1)).max(1);
        self.most.saturating_mul(usize::try_from(windows).unwrap_or(1))
    }

    /// Calls left of the day's quota.
    pub(super) fn quota(&self) -> Option<u64> {
        self.quota.as_ref().map(|quota| quota.load(Ordering::Relaxed))
    }

    /// What the next call waits for.
    pub(super) fn waits(&self, now: Instant) -> Option<Waits> {
        let state = self.state();
        let slow = now.saturating_duration_since(state.asked);
        let (pause, retry) =
            (state.paused_until.saturating_duration_since(now), state.retry_at.saturating_duration_since(now));
        if !pause.is_zero() {
            Some(Waits::Pause(pause))
        } else if !retry.is_zero() {
            Some(Waits::Retry(retry))
        } else if state.at_limit > 0 {
            Some(Waits::Limit)
        } else if state.at_vendor > 0 && slow >= SLOW {
            Some(Waits::Vendor(slow))
        } else {
            None
        }
    }

    /// How long `left` more calls take, by the limit or by the recent rate, whichever is slower.
    pub(super) fn to_go(&self, left: u64, now: Instant) -> Option<Duration> {
        let mut state = self.state();
        state.sample(now);
        let left_calls = usize::try_from(left).ok()?;
        let Some(last) = left_calls.checked_sub(1) else { return Some(Duration::ZERO) };
        let sent: Vec<Instant> =
            state.sent.iter().copied().filter(|sent| now.saturating_duration_since(*sent) < self.window).collect();
        // Each call is sent a window after the call `most` places before it.
        let place = sent.len() + last;
        let first = sent.get(place % self.most).copied().unwrap_or(now);
        let windows = u32::try_from(place / self.most).ok()?;
        let pause = state.paused_until.saturating_duration_since(now);
        let by_limit = (first + self.window.checked_mul(windows)?).saturating_duration_since(now) + pause;
        let by_pace = state.each(now).and_then(|each| Some(each.checked_mul(u32::try_from(left).ok()?)? + pause));
        by_pace.map(|by_pace| by_pace.max(by_limit)).or(Some(by_limit).filter(|wait| !wait.is_zero()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn change(&mut self, wait: Wait, by: isize, now: Instant) {
        match wait {
            Wait::Limit => self.at_limit = self.at_limit.saturating_add_signed(by),
            Wait::Vendor => {
                self.at_vendor = self.at_vendor.saturating_add_signed(by);
                // A reply arrived, or nothing was outstanding before.
                if by < 0 || self.at_vendor == 1 {
                    self.asked = now;
                }
            }
        }
        let is_idle = self.at_limit > 0 && self.at_vendor == 0;
        if is_idle {
            self.idle_since.get_or_insert(now);
        } else if let Some(since) = self.idle_since.take() {
            self.idle += now.saturating_duration_since(since);
        }
    }

    fn forget(&mut self, now: Instant, window: Duration) {
        let oldest = window.max(MINUTE);
        while self.sent.front().is_some_and(|sent| now.saturating_duration_since(*sent) > oldest) {
            self.sent.pop_front();
        }
    }

    fn idle(&self, now: Instant) -> Duration {
        self.idle + self.idle_since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    fn sample(&mut self, now: Instant) {
        let newest = self.samples.back().map_or(now, |(at, ..)| *at);
        if now.saturating_duration_since(newest) >= SAMPLED_EVERY {
            let sample = (now, self.calls, self.idle(now));
            self.samples.push_back(sample);
        }
        while self.samples.len() > 1 && now.saturating_duration_since(self.samples[1].0) >= RECENT {
            self.samples.pop_front();
        }
    }

    /// The recent time per call, not counting waits for the limit.
    fn each(&self, now: Instant) -> Option<Duration> {
        let (at, calls, idle) = *self.samples.front()?;
        let busy = now.saturating_duration_since(at).saturating_sub(self.idle(now).saturating_sub(idle));
        let sent = u32::try_from(self.calls - calls).ok()?;
        // If no call went out, one takes at least as long as the wait so far.
        Some(busy / sent.max(1)).filter(|_| sent > 0 || busy >= SLOW)
    }
}

/// A call that waits.
#[derive(Debug)]
pub struct Waiting<'m> {
    meter: &'m Meter,
    wait: Wait,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.meter.state().change(self.wait, -1, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn the_time_to_go_is_what_the_limit_makes_of_the_calls_left() {
        let meter = Meter::new(60, seconds(61), None);
        let begun = Instant::now();
        {
            let _limit = meter.wait(Wait::Limit);
            for _ in 0..60 {
                meter.sent();
            }
        }
        let limit = meter.wait(Wait::Limit);
        // The next 60 go out one window after the first, the 61st after two.
        let within = |left: u64, expected: u64| {
            let shown = meter.to_go(left, begun + seconds(10)).unwrap();
            assert!(shown.abs_diff(seconds(expected)) < seconds(2), "{left} calls: {shown:?}, expected {expected}");
        };
        within(1, 51);
        within(60, 51);
        within(61, 112);
        within(660, 61 * 11 - 10);
        assert_eq!(meter.to_go(0, begun), Some(Duration::ZERO));
        assert_eq!(meter.waits(begun + seconds(1)), Some(Waits::Limit));
        assert_eq!(meter.last_minute(begun + seconds(10)), 60);
        drop(limit);
        assert_eq!(meter.waits(begun + seconds(1)), None);
    }

    #[test]
    fn calls_that_went_out_before_count_for_the_minute() {
        let meter = Meter::new(2, seconds(61), None);
        let sent = Instant::now() + seconds(10);
        let now = sent + seconds(20);
        meter.begin_after(vec![sent; 2]);
        assert_eq!((meter.last_minute(now), meter.calls()), (2, 0));
        assert_eq!(meter.to_go(1, now), Some(seconds(41)));
    }

    #[test]
    fn a_slow_vendor_makes_it_longer() {
        let meter = Meter::new(600, seconds(61), None);
        let begun = Instant::now();
        let vendor = meter.wait(Wait::Vendor);
        for _ in 0..10 {
            meter.sent();
        }
        // Ten calls in 100 seconds, although the limit would allow six hundred.
        let shown = meter.to_go(50, begun + seconds(100)).unwrap();
        assert!(shown.abs_diff(seconds(500)) < seconds(5), "{shown:?}");
        assert!(matches!(meter.waits(begun + seconds(5)), Some(Waits::Vendor(_))));
        drop(vendor);
        meter.paused(seconds(60));
        assert!(matches!(meter.waits(Instant::now()), Some(Waits::Pause(_))));
        assert!(meter.to_go(1, begun).unwrap() >= seconds(59));
    }

    #[test]
    fn a_limit_by_the_second_is_shown_by_the_minute() {
        assert_eq!(Meter::new(2, Duration::from_millis(1050), None).per_minute(), 114);
        assert_eq!(Meter::new(200, seconds(61), None).per_minute(), 200);
    }
}
