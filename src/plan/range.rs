//! How far back a run looks. Which of these days are missing is in `slices`.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use pitlake_contract::period::periods;
use pitlake_contract::{DateRange, Slice};

use super::{Calendar, Reach, Work};
use crate::clock::{Clock, shanghai_day};
use crate::ledger::{Held, Holding};
use crate::spec::{Axis, Contract, Jobs, LOOKBACK};

/// How many sessions back a nightly run catches up.
const A_YEAR: u32 = 250;

/// This many days contain more than eight period ends.
const PERIODS_BACK: chrono::Days = chrono::Days::new(740);

/// How many ended periods a nightly run reaches back.
const NEWEST_PERIODS: usize = 8;

/// The days for which the market must be known: the range, or the days that a nightly run may look at.
#[must_use]
pub fn window(jobs: &Jobs, clock: Clock, work: &Work, calendar: &Calendar) -> DateRange {
    let today = clock.today();
    match work.reach {
        Reach::Range(range) => range,
        Reach::Held => DateRange::new(NaiveDate::MIN, today),
        Reach::Nightly(day) => {
            let end = day.unwrap_or(today);
            let lookback = jobs.jobs.values().map(|job| job.lookback).max().unwrap_or(LOOKBACK);
            // Missed nights are caught up, but only a year of them is judged by row count.
            DateRange::new(calendar.back(end, lookback.max(A_YEAR)).unwrap_or(end), end)
        }
    }
}

/// What a nightly run needs to know to look back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Night<'a> {
    pub(super) calendar: &'a Calendar,
    pub(super) held: &'a Held,
    pub(super) lookback: u32,
}

/// The sessions that a nightly run does not reach back to, and that are missing although older ones are held.
pub(super) fn left_behind(reach: Reach, contract: &Contract, start: NaiveDate, night: Night<'_>) -> Vec<NaiveDate> {
    let first = night.held.keys().find_map(Slice::day);
    match (reach, contract.ask.axis, first, start.pred_opt()) {
        (Reach::Nightly(_), Axis::Session, Some(first), Some(last)) if first <= last => {
            let is_held = |day: &NaiveDate| night.held.contains_key(&Slice::Session(*day));
            night.calendar.sessions(first, last).iter().copied().filter(|day| !is_held(day)).collect()
        }
        _ => Vec::new(),
    }
}

/// First and last event day to request from an interface; `None` if there is nothing to start from.
pub(super) fn range(reach: Reach, contract: &Contract, today: NaiveDate, night: Night<'_>) -> Option<DateRange> {
    match reach {
        Reach::Range(range) => Some(range),
        Reach::Held => Some(DateRange::new(night.held.keys().find_map(Slice::day).unwrap_or(today), today)),
        Reach::Nightly(day) => {
            let end = day.unwrap_or(today);
            let start = match contract.ask.axis {
                Axis::Session => night.oldest_session(end),
                Axis::Day | Axis::Month | Axis::SecurityMonth => night.oldest_day(end),
                Axis::Period | Axis::Security => {
                    let ended = periods(end.checked_sub_days(PERIODS_BACK)?, end.pred_opt()?);
                    *ended.get(ended.len().saturating_sub(NEWEST_PERIODS))?
                }
                Axis::Snapshot => end,
            };
            Some(DateRange::new(start, end))
        }
    }
}

impl Night<'_> {
    /// The first day that is not settled by `end`.
    fn window(self, end: NaiveDate) -> NaiveDate {
        self.calendar.back(end, self.lookback).unwrap_or(end)
    }

    /// The oldest session of the last year that is missing, or was not requested again since it settled, because of
    /// missed or killed runs.
    fn oldest_session(self, end: NaiveDate) -> NaiveDate {
        let window = self.window(end);
        let Some(first) = self.held.keys().find_map(Slice::day) else { return window };
        let reach = first.max(self.calendar.back(end, A_YEAR).unwrap_or(first));
        let is_open = |day: &&NaiveDate| self.is_open(**day, self.held.get(&Slice::Session(**day)));
        let oldest = self.calendar.sessions(reach, end).iter().find(is_open);
        oldest.map_or(window, |oldest| window.min(*oldest))
    }

    /// Like [`Night::oldest_session`], for calendar days and months.
    fn oldest_day(self, end: NaiveDate) -> NaiveDate {
        let window = self.window(end);
        let reach = self.calendar.back(end, A_YEAR).unwrap_or(window);
        // If many securities hold a month, the one requested longest ago counts.
        let mut days: BTreeMap<NaiveDate, &Holding> = BTreeMap::new();
        for (slice, holding) in self.held {
            for day in slice.days().into_iter().flat_map(DateRange::days) {
                let oldest = days.entry(day).or_insert(holding);
                if (!holding.is_open(), holding.at) < (!oldest.is_open(), oldest.at) {
                    *oldest = holding;
                }
            }
        }
        let Some(first) = days.keys().next().copied() else { return window };
        let mut all = first.max(reach).iter_days().take_while(|day| *day <= end);
        let oldest = all.find(|day| self.is_open(*day, days.get(day).copied()));
        oldest.map_or(window, |oldest| oldest.min(window))
    }

    /// Whether a day is missing, not whole, or was fetched before it settled.
    fn is_open(self, day: NaiveDate, held: Option<&Holding>) -> bool {
        let settles = self.calendar.after(day, self.lookback.max(1));
        let is_early = |fetched: DateTime<Utc>| settles.is_none_or(|settles| shanghai_day(fetched) < settles);
        held.is_none_or(|holding| holding.is_open() || holding.at.is_some_and(is_early))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Catalog, InterfaceId};

    fn day(n: u64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2024, 1, 1).unwrap() + chrono::Days::new(n)
    }

    #[test]
    fn sessions_between_what_is_held_and_a_night_are_named() {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        let contract = |name: &str| catalog.contract(&InterfaceId::parse(name).unwrap()).unwrap().clone();
        let calendar = Calendar::new((0..400).map(|n| (day(n), n != 12)));
        let whole = |n: u64| (Slice::Session(day(n)), Holding::whole(None));
        let held: Held = [whole(10), whole(14), whole(399)].into_iter().collect();
        let night = Night { calendar: &calendar, held: &held, lookback: 5 };
        let named = |reach, name: &str, start| left_behind(reach, &contract(name), day(start), night);
        let nightly = Reach::Nightly(None);
        assert_eq!(named(nightly, "tushare/daily", 17), [day(11), day(13), day(15), day(16)]);
        assert!(named(nightly, "tushare/daily", 10).is_empty());
        // A named range says itself where it begins.
        assert!(named(Reach::Range(DateRange::day(day(20))), "tushare/daily", 17).is_empty());
        assert!(named(nightly, "tushare/income_vip", 17).is_empty());
    }
}
