//! Which slices to request from an interface, and why: a pure function of the range, the calendar, what bronze holds
//! and the clock. The same inputs give the same slices, newest first. Which interface is asked is decided in `sources`.

use chrono::{DateTime, NaiveDate, Utc};
use pitlake_contract::period::{deadline, periods};
use pitlake_contract::{DateRange, Slice};

use super::Calendar;
use crate::clock::{Clock, shanghai_day, shanghai_time};
use crate::ledger::{Held, Holding, Mark};
use crate::spec::{Axis, Contract};

/// The number of newest ended periods that every nightly run requests again, because corrections come for two years.
const NEWEST_PERIODS: usize = 8;

/// Why a slice is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// Bronze does not hold it.
    Missing,
    /// It was fetched before it settled, and has settled since.
    Settled,
    /// It was fetched before it settled, and nightly runs repeat it until it does.
    Unsettled,
    /// One of the newest periods, which nightly runs repeat.
    Newest,
    /// A security's history ends on the day it was fetched.
    Behind,
    /// It keeps changing.
    Now,
    /// Its newest answer is not plainly whole.
    Partial,
    /// The vendor had no more, and the command line asks to try once more.
    Short,
    /// The command line asks for it again.
    Refetch,
}

impl Why {
    /// The reason, for people.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Settled => "fetched before they settled",
            Self::Unsettled => "not settled yet",
            Self::Newest => "among the newest periods",
            Self::Behind => "fetched on an earlier day",
            Self::Now => "fetched every time, as the current state",
            Self::Partial => "not complete yet",
            Self::Short => "incomplete because the vendor has no more",
            Self::Refetch => "refetch requested",
        }
    }
}

/// Which of the held slices to request again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// Those that settled after they were fetched.
    Settled,
    /// Also those that are not settled yet, and the newest periods.
    Nightly,
    /// All.
    All,
}

/// What a plan depends on.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The interface.
    pub contract: &'a Contract,
    /// First and last event day.
    pub range: DateRange,
    /// The market's calendar.
    pub calendar: &'a Calendar,
    /// The slices bronze holds.
    pub held: &'a Held,
    /// All securities, for interfaces that go by security.
    pub securities: &'a [String],
    /// Sessions until a day is settled.
    pub lookback: u32,
    /// The rows are reports on periods: once those of a range are filed, no more will come.
    pub reports: bool,
    /// Snapshots accumulate instead of replacing each other.
    pub adds_up: bool,
    /// Which of the held slices to request again.
    pub again: Again,
    /// Whether to request slices again for which the vendor had no more, or no better rows.
    pub short: bool,
    /// The current time.
    pub clock: Clock,
}

/// What to do for a range of an interface.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Slices to request, newest first.
    pub ask: Vec<(Slice, Why)>,
    /// Slices already held.
    pub held: usize,
    /// Of those, slices to request again on a later day.
    pub due: Vec<Slice>,
    /// Days of the range not published yet.
    pub not_due: Vec<NaiveDate>,
    /// Days of the range that the calendar does not cover.
    pub beyond_calendar: Vec<NaiveDate>,
}

impl Plan {
    fn add(&mut self, slice: Slice, next: Next) {
        match next {
            Next::Ask(why) => self.ask.push((slice, why)),
            Next::Later | Next::Never => {
                self.held += 1;
                self.due.extend(Some(slice).filter(|_| next == Next::Later));
            }
        }
    }
}

/// What to do with a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Request it.
    Ask(Why),
    /// Keep it, and request it again later.
    Later,
    /// Keep it.
    Never,
}

/// Plans a range of an interface.
#[must_use]
pub fn plan(wanted: Wanted<'_>) -> Plan {
    // Stop the clock: reading it for each slice would take longer than planning the slice.
    let wanted = Wanted { clock: wanted.clock.stopped(), ..wanted };
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

/// The slices held. An answer with a timestamp in the future was written by a run with a wrong clock, so its time is
/// unknown and it is requested again as if it were old.
#[must_use]
pub fn believed(mut held: Held, clock: Clock) -> Held {
    let latest = clock.latest();
    for holding in held.values_mut() {
        holding.at = holding.at.map(|at| if at > latest { DateTime::UNIX_EPOCH } else { at });
    }
    held
}

/// A snapshot can only be requested for today, and one per day is enough.
fn snapshot(wanted: Wanted<'_>) -> Plan {
    let mut plan = Plan::default();
    let slice = Slice::Snapshot(wanted.clock.today());
    let next = match (wanted.held.contains_key(&slice), wanted.again) {
        (true, Again::All) => Next::Ask(Why::Refetch),
        (true, _) if wanted.adds_up => Next::Ask(Why::Now),
        (true, _) => Next::Never,
        (false, _) => Next::Ask(Why::Missing),
    };
    plan.add(slice, next);
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

/// Announcements are made on any calendar day.
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
    let next = held(&slice, wanted, |holding| again(holding, settles(day, wanted), wanted));
    plan.add(slice, next);
}

/// Whether the vendor has published a day by now.
fn is_out(day: NaiveDate, wanted: Wanted<'_>) -> bool {
    let (today, publication) = (wanted.clock.today(), &wanted.contract.publication);
    let out = if publication.next_day { day.succ_opt().unwrap_or(day) } else { day };
    out < today || (out == today && wanted.clock.time() >= publication.hour)
}

/// The day on which a day settles; `None` if the calendar ends before.
fn settles(day: NaiveDate, wanted: Wanted<'_>) -> Option<NaiveDate> {
    if wanted.lookback == 0 { Some(day) } else { wanted.calendar.after(day, wanted.lookback) }
}

/// The months of a range, newest first. An answer holds what was published when it was fetched.
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
        // The newest day of the range that is published by now.
        let wanted_days = month.intersect(DateRange::new(start, end)).into_iter().flat_map(DateRange::days);
        let newest = wanted_days.filter(|day| is_out(*day, wanted)).last();
        for slice in slices(first) {
            let next = held(&slice, wanted, |holding| match holding.at {
                Some(at) if newest.is_some_and(|day| !was_out(day, at, wanted)) => Next::Ask(Why::Behind),
                _ => again(holding, settles(month.last, wanted), wanted),
            });
            plan.add(slice, next);
        }
    }
    plan
}

/// Whether a day was published when an answer was fetched.
fn was_out(day: NaiveDate, fetched: DateTime<Utc>, wanted: Wanted<'_>) -> bool {
    let publication = &wanted.contract.publication;
    let out = if publication.next_day { day.succ_opt().unwrap_or(day) } else { day };
    (shanghai_day(fetched), shanghai_time(fetched)) >= (out, publication.hour)
}

/// What to do with a held slice. One that is not plainly whole is requested again on a later day, never twice in one
/// evening; for a whole one, `whole` decides.
fn held(slice: &Slice, wanted: Wanted<'_>, whole: impl Fn(&Holding) -> Next) -> Next {
    let Some(holding) = wanted.held.get(slice) else { return Next::Ask(Why::Missing) };
    let is_of_today = holding.at.is_some_and(|at| shanghai_day(at) >= wanted.clock.today());
    match holding.mark {
        _ if wanted.again == Again::All => Next::Ask(Why::Refetch),
        Some(Mark::Due | Mark::Damaged) if holding.is_open() && !is_of_today => Next::Ask(Why::Partial),
        Some(Mark::Due | Mark::Damaged) if holding.is_open() => Next::Later,
        Some(_) if wanted.short && !is_of_today => Next::Ask(Why::Short),
        Some(Mark::Damaged) => Next::Never,
        _ => whole(holding),
    }
}

/// What to do with a whole slice: nightly runs repeat it once a day until it settles.
fn again(holding: &Holding, settles: Option<NaiveDate>, wanted: Wanted<'_>) -> Next {
    let Some(fetched) = holding.at.map(shanghai_day) else { return Next::Never };
    if settles.is_some_and(|settles| fetched >= settles) {
        return Next::Never;
    }
    let today = wanted.clock.today();
    let is_settled = settles.is_some_and(|settles| settles <= today);
    match wanted.again {
        _ if is_settled => Next::Ask(Why::Settled),
        Again::Nightly if fetched < today => Next::Ask(Why::Unsettled),
        _ => Next::Later,
    }
}

fn by_period(wanted: Wanted<'_>) -> Plan {
    let Wanted { range: DateRange { first: start, last: end }, clock, .. } = wanted;
    let today = clock.today();
    let mut plan = Plan::default();
    let mut ended = 0;
    for period in periods(start, end).into_iter().rev() {
        // A period is reported on after it ends.
        if period >= today {
            plan.not_due.push(period);
            continue;
        }
        ended += 1;
        let slice = Slice::Period(period);
        let next = held(&slice, wanted, |holding| {
            let Some(fetched) = holding.at.map(shanghai_day) else { return Next::Never };
            if wanted.again == Again::Nightly && ended <= NEWEST_PERIODS && fetched < today {
                return Next::Ask(Why::Newest);
            }
            let Some(last) = deadline(period) else { return Next::Never };
            // Many companies file on the evening of the deadline.
            let settles = if fetched < last { Some(last) } else { last.succ_opt() };
            again(holding, settles, wanted)
        });
        plan.add(slice, next);
    }
    plan
}

/// A security's history extends to the day it was fetched. For reports on a past range, that is enough once the
/// deadline of its last period has passed.
fn securities(wanted: Wanted<'_>) -> Plan {
    let Wanted { range: DateRange { first: start, last: end }, clock, .. } = wanted;
    let today = clock.today();
    let settles = periods(start, end).last().and_then(|last| deadline(*last)).filter(|_| wanted.reports);
    let needed = settles.map_or(if wanted.reports { today } else { end }, |settles| settles.max(end)).min(today);
    let mut plan = Plan::default();
    for code in wanted.securities {
        let slice = Slice::Security(code.clone());
        let next = held(&slice, wanted, |holding| match holding.at {
            Some(at) if shanghai_day(at) < needed => Next::Ask(Why::Behind),
            _ => Next::Never,
        });
        plan.add(slice, next);
    }
    // Slices never requested come first, then those requested longest ago, because a quota may end the run.
    plan.ask.sort_by_key(|(slice, why)| (*why != Why::Missing, wanted.held.get(slice).and_then(|holding| holding.at)));
    plan
}

#[cfg(test)]
mod tests;
