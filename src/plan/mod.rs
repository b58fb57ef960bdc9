//! Which slices to ask for, and why. A pure function of the range, the calendar, what bronze holds
//! and the clock: the same inputs give the same slices, newest first.
//!
//! Never here: asking, or reading a listing.

mod calendar;
mod period;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

pub use calendar::Calendar;
pub use period::{deadline, periods};

use crate::clock::{Clock, shanghai_day};
use crate::spec::{Axis, Contract};
use crate::vendor::Call;

/// Ended periods that every nightly run looks at again: corrections come for two years.
const NEWEST_PERIODS: usize = 8;

/// One unit of asking.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slice {
    /// A trading day.
    Session(NaiveDate),
    /// A report period, by its last day.
    Period(NaiveDate),
    /// A security and all of its history.
    Security(String),
    /// The state of a day.
    Snapshot(NaiveDate),
}

impl Slice {
    /// The event day that it is about; none for a security.
    #[must_use]
    pub fn day(&self) -> Option<NaiveDate> {
        match self {
            Self::Session(day) | Self::Period(day) | Self::Snapshot(day) => Some(*day),
            Self::Security(_) => None,
        }
    }

    /// Its name in provenance. All snapshots are one slice: the newest is what it says now.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Session(day) | Self::Period(day) => day.to_string(),
            Self::Security(code) => code.clone(),
            Self::Snapshot(_) => "snapshot".to_owned(),
        }
    }

    /// How the vendor writes it in a parameter.
    #[must_use]
    pub fn value(&self) -> String {
        match self {
            Self::Session(day) | Self::Period(day) | Self::Snapshot(day) => day.format("%Y%m%d").to_string(),
            Self::Security(code) => code.clone(),
        }
    }

    /// The calls that answer it, pages aside: one for each of `values` where the contract asks value by
    /// value, and `values` names others than it does.
    #[must_use]
    pub fn calls(&self, contract: &Contract, values: &[String]) -> Vec<Call> {
        let mut params = contract.ask.with.clone();
        if let Some((param, _)) = contract.ask.axis.names() {
            params.push((param.to_owned(), self.value()));
        }
        let call = |params| Call { api: contract.id.name.clone(), params, fields: contract.field_list() };
        match &contract.ask.each {
            None => vec![call(params)],
            Some((name, all)) => {
                let with = |value: &String| [params.clone(), vec![(name.clone(), value.clone())]].concat();
                (if values.is_empty() { all } else { values }).iter().map(|value| call(with(value))).collect()
            }
        }
    }
}

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
    /// Somebody wants it again.
    Refetch,
}

impl Why {
    /// The reason as a person says it.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Settled => "fetched before it settled",
            Self::Unsettled => "not settled yet",
            Self::Newest => "one of the newest periods",
            Self::Behind => "fetched on an earlier day",
            Self::Refetch => "asked for again",
        }
    }
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
    /// The slices bronze holds, with the time of the newest answer; `None` where its file does not say.
    pub held: &'a BTreeMap<Slice, Option<DateTime<Utc>>>,
    /// The securities there are, for interfaces asked by security.
    pub securities: &'a [String],
    /// Sessions until a day is settled.
    pub lookback: u32,
    /// Ask for held slices too.
    pub refetch: bool,
    /// Look again at what is not settled, and at the newest periods.
    pub nightly: bool,
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
        Axis::Session { .. } => sessions(wanted),
        Axis::Period { .. } => by_period(wanted),
        Axis::Security { .. } => securities(wanted),
        Axis::Snapshot => snapshot(wanted),
    }
}

/// A snapshot can only be asked today; one of today is enough.
fn snapshot(wanted: Wanted<'_>) -> Plan {
    let mut plan = Plan::default();
    let slice = Slice::Snapshot(wanted.clock.today());
    let why = match (wanted.held.contains_key(&slice), wanted.refetch) {
        (true, false) => None,
        (true, true) => Some(Why::Refetch),
        (false, _) => Some(Why::Missing),
    };
    plan.add(slice, why);
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
        let publication = &wanted.contract.publication;
        let out = if publication.next_day { day.succ_opt().unwrap_or(day) } else { day };
        let due = out < today || (out == today && clock.time() >= publication.hour);
        if !due {
            plan.not_due.push(day);
            continue;
        }
        let slice = Slice::Session(day);
        // Where the calendar ends before the day settles, it is not settled.
        let settles = if wanted.lookback == 0 { Some(day) } else { calendar.after(day, wanted.lookback) };
        let why = match wanted.held.get(&slice) {
            None => Some(Why::Missing),
            Some(_) if wanted.refetch => Some(Why::Refetch),
            Some(fetched) => fetched.and_then(|fetched| again(fetched, settles, wanted)),
        };
        plan.add(slice, why);
    }
    plan
}

/// Why a slice that was fetched is asked again, if it is.
fn again(fetched: DateTime<Utc>, settles: Option<NaiveDate>, wanted: Wanted<'_>) -> Option<Why> {
    if settles.is_some_and(|settles| shanghai_day(fetched) >= settles) {
        return None;
    }
    let is_settled = settles.is_some_and(|settles| settles <= wanted.clock.today());
    if is_settled { Some(Why::Settled) } else { wanted.nightly.then_some(Why::Unsettled) }
}

fn by_period(wanted: Wanted<'_>) -> Plan {
    let Wanted { range: (start, end), clock, .. } = wanted;
    let today = clock.today();
    let mut plan = Plan::default();
    let mut ended = 0;
    for period in periods(start, end).into_iter().rev() {
        // Nobody reports on days to come.
        if period >= today {
            plan.not_due.push(period);
            continue;
        }
        ended += 1;
        let slice = Slice::Period(period);
        let why = match wanted.held.get(&slice) {
            None => Some(Why::Missing),
            Some(_) if wanted.refetch => Some(Why::Refetch),
            Some(_) if wanted.nightly && ended <= NEWEST_PERIODS => Some(Why::Newest),
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

/// A security's history reaches up to the day it was fetched. For a range in the past that is enough
/// from the deadline of its last period on.
fn securities(wanted: Wanted<'_>) -> Plan {
    let Wanted { range: (start, end), clock, .. } = wanted;
    let today = clock.today();
    let settles = periods(start, end).last().and_then(|last| deadline(*last));
    let needed = settles.map_or(today, |settles| settles.max(end)).min(today);
    let mut plan = Plan::default();
    for code in wanted.securities {
        let slice = Slice::Security(code.clone());
        let why = match wanted.held.get(&slice) {
            None => Some(Why::Missing),
            Some(_) if wanted.refetch => Some(Why::Refetch),
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
