//! Which slices to ask for, and why. A pure function of the range, the calendar, what bronze holds
//! and the clock: the same inputs give the same slices, newest first.
//!
//! Never here: asking, or reading a listing.

mod calendar;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

pub use calendar::Calendar;

use crate::clock::{Clock, shanghai_day};
use crate::spec::{Axis, Contract};
use crate::vendor::Call;

/// One unit of asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slice {
    /// A trading day.
    Session(NaiveDate),
    /// The state of a day.
    Snapshot(NaiveDate),
}

impl Slice {
    /// The day of its bronze folder.
    #[must_use]
    pub fn day(self) -> NaiveDate {
        match self {
            Self::Session(day) | Self::Snapshot(day) => day,
        }
    }

    /// Its name in provenance. All snapshots are one slice: the newest is what it says now.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Session(day) => day.to_string(),
            Self::Snapshot(_) => "snapshot".to_owned(),
        }
    }

    /// The calls that answer it, pages aside.
    #[must_use]
    pub fn calls(self, contract: &Contract) -> Vec<Call> {
        let mut params = contract.ask.with.clone();
        if let (Self::Session(day), Axis::Session { param, .. }) = (self, &contract.ask.axis) {
            params.push((param.clone(), day.format("%Y%m%d").to_string()));
        }
        let call = |params| Call { api: contract.id.name.clone(), params, fields: contract.field_list() };
        match &contract.ask.each {
            None => vec![call(params)],
            Some((name, values)) => {
                let with = |value: &String| [params.clone(), vec![(name.clone(), value.clone())]].concat();
                values.iter().map(|value| call(with(value))).collect()
            }
        }
    }
}

/// Why a slice is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Bronze does not hold it.
    Missing,
    /// It was fetched before it settled, and is settled now.
    Settled,
    /// Somebody wants it again.
    Refetch,
}

/// What the plan looks at.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The interface.
    pub contract: &'a Contract,
    /// First and last event day.
    pub range: (NaiveDate, NaiveDate),
    /// The market's calendar.
    pub calendar: &'a Calendar,
    /// The days bronze holds, with the time of the newest answer; `None` where its file does not say.
    pub held: &'a BTreeMap<NaiveDate, Option<DateTime<Utc>>>,
    /// Sessions until a day is settled.
    pub lookback: u32,
    /// Ask for held slices too.
    pub refetch: bool,
    /// What time it is.
    pub clock: Clock,
}

/// What to do about a range of one interface.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Slices to ask for, newest first.
    pub ask: Vec<(Slice, Why)>,
    /// Slices that need nothing.
    pub held: usize,
    /// Days of the range that the vendor has not published by now.
    pub not_due: Vec<NaiveDate>,
    /// Days of the range that the calendar at hand does not know.
    pub beyond_calendar: Vec<NaiveDate>,
}

/// Plans a range of an interface.
#[must_use]
pub fn plan(wanted: Wanted<'_>) -> Plan {
    match wanted.contract.ask.axis {
        Axis::Session { .. } => sessions(wanted),
        Axis::Snapshot => snapshot(wanted),
    }
}

/// A snapshot can only be asked today; one of today is enough.
fn snapshot(wanted: Wanted<'_>) -> Plan {
    let today = wanted.clock.today();
    let mut plan = Plan::default();
    match (wanted.held.contains_key(&today), wanted.refetch) {
        (true, false) => plan.held = 1,
        (held, _) => {
            let why = if held { Why::Refetch } else { Why::Missing };
            plan.ask.push((Slice::Snapshot(today), why));
        }
    }
    plan
}

fn sessions(wanted: Wanted<'_>) -> Plan {
    let Wanted { calendar, clock, range: (start, end), .. } = wanted;
    let today = clock.today();
    let mut plan = Plan {
        beyond_calendar: start.iter_days().take_while(|d| *d <= end).filter(|d| !calendar.knows(*d)).collect(),
        ..Plan::default()
    };
    for &day in calendar.sessions(start, end).iter().rev() {
        let due = day < today || (day == today && clock.time() >= wanted.contract.publication.hour);
        if !due {
            plan.not_due.push(day);
            continue;
        }
        let why = match wanted.held.get(&day) {
            None => Why::Missing,
            Some(_) if wanted.refetch => Why::Refetch,
            Some(Some(fetched)) if is_due_again(wanted, day, *fetched) => Why::Settled,
            Some(_) => {
                plan.held += 1;
                continue;
            }
        };
        plan.ask.push((Slice::Session(day), why));
    }
    plan
}

/// Whether a day was fetched before it settled and is settled now. Where the calendar ends before
/// the day settles, it is not.
fn is_due_again(wanted: Wanted<'_>, day: NaiveDate, fetched: DateTime<Utc>) -> bool {
    let settled = if wanted.lookback == 0 { Some(day) } else { wanted.calendar.after(day, wanted.lookback) };
    settled.is_some_and(|settled| shanghai_day(fetched) < settled && settled <= wanted.clock.today())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Catalog, InterfaceId};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn contract(name: &str) -> Arc<Contract> {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        Arc::clone(catalog.contract(&InterfaceId::parse(name).unwrap()).unwrap())
    }

    fn day(n: u64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2024, 1, 1).unwrap() + chrono::Days::new(n)
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn weekdays() -> Calendar {
        use chrono::Datelike as _;
        Calendar::new((0..120).map(|n| (day(n), day(n).weekday().number_from_monday() < 6)))
    }

    fn ask(held: &[(NaiveDate, Option<DateTime<Utc>>)], now: &str, end: NaiveDate) -> Plan {
        let contract = contract("tushare/daily");
        let (calendar, held) = (weekdays(), held.iter().copied().collect());
        plan(Wanted {
            contract: &contract,
            range: (day(0), end),
            calendar: &calendar,
            held: &held,
            lookback: 5,
            refetch: false,
            clock: Clock::fixed(at(now)),
        })
    }

    #[test]
    fn missing_days_are_asked_newest_first_and_closed_ones_not() {
        let plan = ask(&[(day(1), None)], "2024-02-01T00:00:00Z", day(7));
        let days: Vec<NaiveDate> = plan.ask.iter().map(|(slice, _)| slice.day()).collect();
        assert_eq!(days, [day(7), day(4), day(3), day(2), day(0)]);
        assert_eq!(plan.held, 1);
    }

    #[test]
    fn today_is_due_from_the_hour_of_publication() {
        assert_eq!(ask(&[], "2024-01-02T08:59:00Z", day(1)).not_due, [day(1)]);
        assert!(ask(&[], "2024-01-02T09:00:00Z", day(1)).not_due.is_empty());
    }

    #[test]
    fn what_was_fetched_before_it_settled_is_asked_once_more() {
        let early = [(day(0), Some(at("2024-01-01T10:00:00Z")))];
        assert!(ask(&early, "2024-01-05T10:00:00Z", day(0)).ask.is_empty());
        assert_eq!(ask(&early, "2024-01-08T10:00:00Z", day(0)).ask, [(Slice::Session(day(0)), Why::Settled)]);
        let again = [(day(0), Some(at("2024-01-08T10:00:00Z")))];
        assert!(ask(&again, "2024-03-08T10:00:00Z", day(0)).ask.is_empty());
    }

    #[test]
    fn days_beyond_the_calendar_are_said() {
        let plan = ask(&[], "2026-01-01T00:00:00Z", day(121));
        assert_eq!(plan.beyond_calendar, [day(120), day(121)]);
    }

    #[test]
    fn the_universe_is_asked_status_by_status() {
        let contract = contract("tushare/stock_basic");
        let calls = Slice::Snapshot(day(0)).calls(&contract);
        let statuses: Vec<&str> = calls.iter().map(|call| call.params[0].1.as_str()).collect();
        assert_eq!(statuses, ["L", "D", "P", "G"]);
    }

    proptest! {
        #[test]
        fn no_day_is_asked_twice_and_none_is_lost(
            held in proptest::collection::btree_map(0u64..100, proptest::option::of(0u64..100), 0..40),
            today in 0u64..110, start in 0u64..100, len in 0u64..60, refetch: bool,
        ) {
            let contract = contract("tushare/daily");
            let calendar = weekdays();
            let held: BTreeMap<_, _> = held
                .into_iter()
                .map(|(n, fetched)| (day(n), fetched.map(|f| day(n.max(f)).and_hms_opt(12, 0, 0).unwrap().and_utc())))
                .collect();
            let clock = Clock::fixed(day(today).and_hms_opt(12, 0, 0).unwrap().and_utc());
            let range = (day(start), day(start + len));
            let plan = plan(Wanted {
                contract: &contract, range, calendar: &calendar, held: &held, lookback: 5, refetch, clock,
            });
            let mut days: Vec<NaiveDate> = plan.ask.iter().map(|(slice, _)| slice.day()).collect();
            let asked = days.len();
            prop_assert!(days.windows(2).all(|w| w[0] > w[1]));
            days.extend(&plan.not_due);
            days.extend(calendar.sessions(range.0, range.1).iter().filter(|d| **d <= clock.today() && held.contains_key(d)));
            days.sort_unstable();
            days.dedup();
            prop_assert_eq!(days.as_slice(), calendar.sessions(range.0, range.1));
            prop_assert_eq!(asked + plan.held + plan.not_due.len(), calendar.sessions(range.0, range.1).len());
        }
    }
}
