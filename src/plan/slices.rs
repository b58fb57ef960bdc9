//! Which slices of one interface to ask for, and why: a pure function of the range, the calendar, what bronze holds and
//! the clock. The same inputs give the same slices, newest first. Never which interface is asked.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use pitlake_contract::period::{deadline, periods};
use pitlake_contract::{DateRange, Slice};

use super::Calendar;
use crate::clock::{Clock, shanghai_day, shanghai_time};
use crate::spec::{Axis, Contract};

/// Ended periods that every nightly run looks at again: corrections come for two years.
const NEWEST_PERIODS: usize = 8;

/// Why a slice is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Bronze does not hold it.
    Missing,
    /// It was fetched before it settled, and is settled now.
    Settled,
    /// It was fetched before it settles, and a nightly run looks again until then.
    Unsettled,
    /// One of the newest periods, which a nightly run looks at again.
    Newest,
    /// A security's history goes up to the day it was fetched.
    Behind,
    /// Its state goes on changing.
    Now,
    /// The command line asks for it again.
    Refetch,
}

impl Why {
    /// The reason, for people.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Settled => "fetched before it settled",
            Self::Unsettled => "not settled yet",
            Self::Newest => "one of the newest periods",
            Self::Behind => "fetched on an earlier day",
            Self::Now => "the present state",
            Self::Refetch => "asked for again",
        }
    }
}

/// Which slices that bronze holds are asked for again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// Those that have settled since they were fetched.
    Settled,
    /// Those that are not settled yet too, and the newest periods.
    Nightly,
    /// All.
    All,
}

/// What a plan follows from.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The interface.
    pub contract: &'a Contract,
    /// First and last event day.
    pub range: DateRange,
    /// The market's calendar.
    pub calendar: &'a Calendar,
    /// The slices bronze holds, with the time of the newest answer; `None` where its file does not tell.
    pub held: &'a BTreeMap<Slice, Option<DateTime<Utc>>>,
    /// All securities, for interfaces asked by security.
    pub securities: &'a [String],
    /// Sessions until a day is settled.
    pub lookback: u32,
    /// The rows are reports of periods: once all of a range are filed, no more come.
    pub reports: bool,
    /// Snapshots add up instead of replacing each other.
    pub adds_up: bool,
    /// Which slices that bronze holds are asked for again.
    pub again: Again,
    /// What time it is.
    pub clock: Clock,
}

/// What to do about a range of one interface.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Slices to ask for, newest first.
    pub ask: Vec<(Slice, Why)>,
    /// Slices that are held.
    pub held: usize,
    /// Days of the range that the vendor has not published by now.
    pub not_due: Vec<NaiveDate>,
    /// Days of the range that the calendar does not cover.
    pub beyond_calendar: Vec<NaiveDate>,
}

impl Plan {
    fn add(&mut self, slice: Slice, why: Option<Why>) {
        match why {
            Some(why) => self.ask.push((slice, why)),
            None => self.held += 1,
        }
    }
}

/// Plans a range of an interface.
#[must_use]
pub fn plan(wanted: Wanted<'_>) -> Plan {
    match wanted.contract.ask.axis {
        Axis::Session => sessions(wanted),
        Axis::Day => days(wanted),
        Axis::Month => by_month(wanted, |first| vec![Slice::Month(first)]),
        Axis::Period => by_period(wanted),
        Axis::Security => securities(wanted),
        Axis::SecurityMonth => {
            let all =
                |first| wanted.securities.iter().map(move |code| Slice::SecurityMonth(code.clone(), first)).collect();
            by_month(wanted, all)
        }
        Axis::Snapshot => snapshot(wanted),
    }
}

/// A snapshot can only be asked today; one of today is enough.
fn snapshot(wanted: Wanted<'_>) -> Plan {
    let mut plan = Plan::default();
    let slice = Slice::Snapshot(wanted.clock.today());
    let why = match (wanted.held.contains_key(&slice), wanted.again) {
        (true, Again::All) => Some(Why::Refetch),
        (true, _) => wanted.adds_up.then_some(Why::Now),
        (false, _) => Some(Why::Missing),
    };
    plan.add(slice, why);
    plan
}

fn sessions(wanted: Wanted<'_>) -> Plan {
    let Wanted { calendar, range: DateRange { first: start, last: end }, .. } = wanted;
    let mut plan = Plan {
        beyond_calendar: start.iter_days().take_while(|d| *d <= end).filter(|d| !calendar.knows(*d)).collect(),
        ..Plan::default()
    };
    for &day in calendar.sessions(start, end).iter().rev() {
        one_day(Slice::Session(day), day, wanted, &mut plan);
    }
    plan
}

/// Announcements are made on every day of the calendar.
fn days(wanted: Wanted<'_>) -> Plan {
    let Wanted { range: DateRange { first: start, last: end }, .. } = wanted;
    let mut plan = Plan::default();
    let all: Vec<NaiveDate> = start.iter_days().take_while(|day| *day <= end).collect();
    for day in all.into_iter().rev() {
        one_day(Slice::Day(day), day, wanted, &mut plan);
    }
    plan
}

fn one_day(slice: Slice, day: NaiveDate, wanted: Wanted<'_>, plan: &mut Plan) {
    if !is_out(day, wanted) {
        plan.not_due.push(day);
        return;
    }
    let why = match wanted.held.get(&slice) {
        None => Some(Why::Missing),
        Some(_) if wanted.again == Again::All => Some(Why::Refetch),
        Some(fetched) => fetched.and_then(|fetched| again(fetched, settles(day, wanted), wanted)),
    };
    plan.add(slice, why);
}

/// Whether the vendor has published a day by now.
fn is_out(day: NaiveDate, wanted: Wanted<'_>) -> bool {
    let (today, publication) = (wanted.clock.today(), &wanted.contract.publication);
    let out = if publication.next_day { day.succ_opt().unwrap_or(day) } else { day };
    out < today || (out == today && wanted.clock.time() >= publication.hour)
}

/// The day on which a day is settled. Where the calendar ends before, it is not.
fn settles(day: NaiveDate, wanted: Wanted<'_>) -> Option<NaiveDate> {
    if wanted.lookback == 0 { Some(day) } else { wanted.calendar.after(day, wanted.lookback) }
}

/// The months of a range, newest first: an answer holds what was out when it came.
fn by_month(wanted: Wanted<'_>, slices: impl Fn(NaiveDate) -> Vec<Slice>) -> Plan {
    let Wanted { range: DateRange { first: start, last: end }, clock, .. } = wanted;
    let mut plan = Plan::default();
    let months: Vec<NaiveDate> = DateRange::new(start, end).months().collect();
    for first in months.into_iter().rev() {
        if first > clock.today() {
            plan.not_due.push(first);
            continue;
        }
        let month = DateRange::month(first);
        // The newest day of the range that is out by now.
        let wanted_days = month.intersect(DateRange::new(start, end)).into_iter().flat_map(DateRange::days);
        let newest = wanted_days.filter(|day| is_out(*day, wanted)).last();
        for slice in slices(first) {
            let why = match wanted.held.get(&slice) {
                None => Some(Why::Missing),
                Some(_) if wanted.again == Again::All => Some(Why::Refetch),
                Some(Some(fetched)) if newest.is_some_and(|day| !was_out(day, *fetched, wanted)) => Some(Why::Behind),
                Some(fetched) => fetched.and_then(|fetched| again(fetched, settles(month.last, wanted), wanted)),
            };
            plan.add(slice, why);
        }
    }
    plan
}

/// Whether a day was published when an answer came.
fn was_out(day: NaiveDate, fetched: DateTime<Utc>, wanted: Wanted<'_>) -> bool {
    let publication = &wanted.contract.publication;
    let out = if publication.next_day { day.succ_opt().unwrap_or(day) } else { day };
    (shanghai_day(fetched), shanghai_time(fetched)) >= (out, publication.hour)
}

/// Why a slice that was fetched is asked again, if it is.
fn again(fetched: DateTime<Utc>, settles: Option<NaiveDate>, wanted: Wanted<'_>) -> Option<Why> {
    if settles.is_some_and(|settles| shanghai_day(fetched) >= settles) {
        return None;
    }
    let is_settled = settles.is_some_and(|settles| settles <= wanted.clock.today());
    if is_settled { Some(Why::Settled) } else { (wanted.again == Again::Nightly).then_some(Why::Unsettled) }
}

fn by_period(wanted: Wanted<'_>) -> Plan {
    let Wanted { range: DateRange { first: start, last: end }, clock, .. } = wanted;
    let today = clock.today();
    let mut plan = Plan::default();
    let mut ended = 0;
    for period in periods(start, end).into_iter().rev() {
        // A period is reported after its end.
        if period >= today {
            plan.not_due.push(period);
            continue;
        }
        ended += 1;
        let slice = Slice::Period(period);
        let why = match wanted.held.get(&slice) {
            None => Some(Why::Missing),
            Some(_) if wanted.again == Again::All => Some(Why::Refetch),
            Some(_) if wanted.again == Again::Nightly && ended <= NEWEST_PERIODS => Some(Why::Newest),
            Some(fetched) => fetched.and_then(|fetched| {
                // Many file on the evening of the deadline itself.
                let last = deadline(period)?;
                let settles = if shanghai_day(fetched) < last { Some(last) } else { last.succ_opt() };
                again(fetched, settles, wanted)
            }),
        };
        plan.add(slice, why);
    }
    plan
}

/// A security's history reaches up to the day it was fetched. For reports of a range in the past that is
/// enough from the deadline of its last period on.
fn securities(wanted: Wanted<'_>) -> Plan {
    let Wanted { range: DateRange { first: start, last: end }, clock, .. } = wanted;
    let today = clock.today();
    let settles = periods(start, end).last().and_then(|last| deadline(*last)).filter(|_| wanted.reports);
    let needed = settles.map_or(if wanted.reports { today } else { end }, |settles| settles.max(end)).min(today);
    let mut plan = Plan::default();
    for code in wanted.securities {
        let slice = Slice::Security(code.clone());
        let why = match wanted.held.get(&slice) {
            None => Some(Why::Missing),
            Some(_) if wanted.again == Again::All => Some(Why::Refetch),
            Some(Some(fetched)) if shanghai_day(*fetched) < needed => Some(Why::Behind),
            Some(_) => None,
        };
        plan.add(slice, why);
    }
    // What was never asked comes first, then what was asked longest ago: a quota may end the run.
    plan.ask.sort_by_key(|(slice, why)| (*why != Why::Missing, wanted.held.get(slice).copied().flatten()));
    plan
}

#[cfg(test)]
mod tests;
