//! Calls counted before they are sent: each waits until the report of its run tells it, so that a run that is killed has
//! counted all that it made. The report is told of some calls ahead, so that few have to wait. Never what a call asks for.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use crate::real;
use crate::report::{self, Lately};

/// How often the report is brought up to date where no call waits for it.
const TOLD_EVERY: Duration = Duration::from_millis(500);

/// The most calls of an interface that the report tells ahead. A run that is killed counts at most so many too many.
const MOST_AHEAD: u64 = 32;

/// As many are told ahead of the first calls.
const FIRST_AHEAD: u64 = 4;

/// The calls of some accounts, by interface.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: Mutex<BTreeMap<String, Count>>,
    /// A report tells the calls; without one none waits.
    is_reported: bool,
    wanted: Notify,
    told: Notify,
}

/// The calls of an interface.
#[derive(Debug, Default)]
struct Count {
    sent: u64,
    /// As many were sent when the report was written last.
    before: u64,
    /// As many the report tells.
    told: u64,
    /// Those of the last minute.
    lately: BTreeMap<DateTime<Utc>, u64>,
    /// A call waits for the report.
    is_waited_for: bool,
}

impl Tally {
    /// Counts calls that a report tells, by [`Tally::due`] and [`Tally::is_told`].
    pub(super) fn reported() -> Self {
        Self { is_reported: true, ..Self::default() }
    }

    /// Counts a call that is about to be sent, when the report tells it.
    pub(super) async fn count(&self, interface: &str) {
        loop {
            let mut told = pin!(self.told.notified());
            told.as_mut().enable();
            if self.is_counted(interface) {
                return;
            }
            self.wanted.notify_one();
            told.await;
        }
    }

    fn is_counted(&self, interface: &str) -> bool {
        let mut counts = self.counts();
        let count = counts.entry(interface.to_owned()).or_default();
        if self.is_reported && count.sent >= count.told {
            count.is_waited_for = true;
            return false;
        }
        count.sent += 1;
        report::add(1, real::now(), &mut count.lately);
        // Where many are sent in a moment the report is written before they are used up.
        if self.is_reported && count.told - count.sent == MOST_AHEAD / 2 {
            self.wanted.notify_one();
        }
        true
    }

    /// The calls that were sent, by interface.
    pub(super) fn calls(&self) -> BTreeMap<String, u64> {
        let counts = self.counts();
        counts.iter().filter(|(_, count)| count.sent > 0).map(|(name, count)| (name.clone(), count.sent)).collect()
    }

    /// The calls of the last minute. Those of `told` that are not sent yet may be sent at any moment.
    pub(super) fn lately(&self, told: &BTreeMap<String, u64>) -> Lately {
        let of = |(name, count): (&String, &Count)| {
            let mut lately = count.lately.clone();
            let ahead = told.get(name).map_or(0, |told| told.saturating_sub(count.sent));
            report::add(ahead, real::now(), &mut lately);
            (!lately.is_empty()).then(|| (name.clone(), lately))
        };
        self.counts().iter().filter_map(of).collect()
    }

    /// Waits until the report is to tell other numbers, and returns them.
    pub(super) async fn due(&self) -> BTreeMap<String, u64> {
        loop {
            // A call that waits, or a while.
            let _ = real::by(real::instant() + TOLD_EVERY, self.wanted.notified()).await;
            let mut counts = self.counts();
            let mut is_due = false;
            let mut calls = BTreeMap::new();
            for (name, count) in counts.iter_mut() {
                let recent = count.sent - count.before;
                let ahead = if count.is_waited_for { (2 * recent).max(FIRST_AHEAD) } else { recent };
                let told = count.sent + ahead.min(MOST_AHEAD);
                is_due |= told != count.told;
                // What is not told any more is not used either.
                count.told = count.told.min(told);
                (count.before, count.is_waited_for) = (count.sent, false);
                if told > 0 {
                    calls.insert(name.clone(), told);
                }
            }
            if is_due {
                return calls;
            }
        }
    }

    /// The report tells these numbers: calls that they hold may be sent.
    pub(super) fn is_told(&self, calls: &BTreeMap<String, u64>) {
        let mut counts = self.counts();
        for (name, told) in calls {
            counts.entry(name.clone()).or_default().told = *told;
        }
        self.told.notify_waiters();
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<String, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real::simulated::Simulated;
    use futures::FutureExt as _;

    fn of(calls: u64) -> BTreeMap<String, u64> {
        [("a".to_owned(), calls)].into()
    }

    #[tokio::test]
    async fn a_call_waits_until_the_report_tells_it() {
        let tally = Tally::reported();
        let mut first = pin!(tally.count("a"));
        assert_eq!(first.as_mut().now_or_never(), None);
        assert_eq!(tally.calls(), BTreeMap::new());
        assert_eq!(tally.due().await, of(FIRST_AHEAD));
        assert_eq!(first.as_mut().now_or_never(), None, "the report is written");
        tally.is_told(&of(FIRST_AHEAD));
        assert_eq!(first.now_or_never(), Some(()));
        for _ in 1..FIRST_AHEAD {
            assert_eq!(tally.count("a").now_or_never(), Some(()));
        }
        assert_eq!((tally.count("a").now_or_never(), tally.calls()), (None, of(FIRST_AHEAD)));
    }

    #[tokio::test]
    async fn more_are_told_ahead_the_more_are_sent_and_none_when_none_are() {
        let tally = Tally::reported();
        let mut sent = 0;
        for told in [4, 12, 28, 60] {
            assert_eq!(tally.count("a").now_or_never(), None);
            assert_eq!(tally.due().await, of(told));
            tally.is_told(&of(told));
            while tally.count("a").now_or_never().is_some() {
                sent += 1;
            }
            assert_eq!(tally.calls(), of(sent));
        }
        assert_eq!(tally.due().await, of(sent + MOST_AHEAD));
        tally.is_told(&of(sent + MOST_AHEAD));
        assert_eq!(tally.due().await, of(sent));
        assert_eq!(tally.count("a").now_or_never(), None, "the report does not tell it any more");
    }

    #[test]
    fn calls_are_of_the_last_minute_that_long() {
        let machine = Simulated::at("2024-01-02T10:00:01Z".parse().unwrap());
        let (tally, calls) =
            (Tally::default(), |lately: Lately| lately.values().flat_map(BTreeMap::values).sum::<u64>());
        for _ in 0..3 {
            assert_eq!(tally.count("a").now_or_never(), Some(()));
        }
        assert_eq!(calls(tally.lately(&of(3))), 3);
        assert_eq!(calls(tally.lately(&of(7))), 7, "what is told ahead may have been sent");
        machine.pass(Duration::from_secs(90));
        assert_eq!(tally.lately(&of(3)), Lately::new());
    }

    #[tokio::test]
    async fn without_a_report_none_waits() {
        let tally = Tally::default();
        assert_eq!(tally.count("a").now_or_never(), Some(()));
        assert_eq!(tally.calls(), of(1));
    }
}
