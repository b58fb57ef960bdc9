//! Counts calls before they are sent. Each waits until the run's report includes it, so that a killed run has counted
//! every call. The report includes some calls in advance, so that few have to wait. What a call asks for is not known
//! here.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use crate::real;
use crate::report::{self, Lately};

/// How often the report is updated if no call is waiting for it.
const TOLD_EVERY: Duration = Duration::from_millis(500);

/// Most calls per interface that the report includes in advance. A killed run overcounts by at most this many.
const MOST_AHEAD: u64 = 32;

/// How many to include in advance of the first calls.
const FIRST_AHEAD: u64 = 4;

/// The calls of some accounts, by interface.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: Mutex<BTreeMap<String, Count>>,
    /// Whether there is a report. Otherwise no call waits.
    is_reported: bool,
    wanted: Notify,
    told: Notify,
}

/// The calls of an interface.
#[derive(Debug, Default)]
struct Count {
    sent: u64,
    /// How many were sent when the report was last written.
    before: u64,
    /// How many the report includes.
    told: u64,
    /// Calls sent in the last minute.
    lately: BTreeMap<DateTime<Utc>, u64>,
    /// Whether a call waits for the report.
    is_waited_for: bool,
}

impl Tally {
    /// A tally with a report, kept by means of [`Tally::due`] and [`Tally::is_told`].
    pub(super) fn reported() -> Self {
        Self { is_reported: true, ..Self::default() }
    }

    /// Counts a call that is about to be sent, once the report includes it.
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
        // Under heavy use, have the report updated before the advance is used up.
        if self.is_reported && count.told - count.sent == MOST_AHEAD / 2 {
            self.wanted.notify_one();
        }
        true
    }

    /// Calls sent so far, by interface.
    pub(super) fn calls(&self) -> BTreeMap<String, u64> {
        let counts = self.counts();
        counts.iter().filter(|(_, count)| count.sent > 0).map(|(name, count)| (name.clone(), count.sent)).collect()
    }

    /// Calls of the last minute. Calls in `told` that were not sent yet count as sent now.
    pub(super) fn lately(&self, told: &BTreeMap<String, u64>) -> Lately {
        let of = |(name, count): (&String, &Count)| {
            let mut lately = count.lately.clone();
            let ahead = told.get(name).map_or(0, |told| told.saturating_sub(count.sent));
            report::add(ahead, real::now(), &mut lately);
            (!lately.is_empty()).then(|| (name.clone(), lately))
        };
        self.counts().iter().filter_map(of).collect()
    }

    /// Waits until the report has to change, and returns the new numbers.
    pub(super) async fn due(&self) -> BTreeMap<String, u64> {
        loop {
            // Until a call waits, or for a while.
            let _ = real::by(real::instant() + TOLD_EVERY, self.wanted.notified()).await;
            let mut counts = self.counts();
            let mut is_due = false;
            let mut calls = BTreeMap::new();
            for (name, count) in counts.iter_mut() {
                let recent = count.sent - count.before;
                let ahead = if count.is_waited_for { (2 * recent).max(FIRST_AHEAD) } else { recent };
                let told = count.sent + ahead.min(MOST_AHEAD);
                is_due |= told != count.told;
                // Do not use calls that the report is about to take back.
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

    /// The report now includes these numbers, so calls up to them may be sent.
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
