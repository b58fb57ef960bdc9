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
        let calendar = weekdays();
        let held = held.iter().map(|(day, fetched)| (Slice::Session(*day), *fetched)).collect();
        plan(Wanted {
            contract: &contract,
            range: (day(0), end),
            calendar: &calendar,
            held: &held,
            securities: &[],
            lookback: 5,
            refetch: false,
            nightly: false,
            clock: Clock::fixed(at(now)),
        })
    }

    #[test]
    fn missing_days_are_asked_newest_first_and_closed_ones_not() {
        let plan = ask(&[(day(1), None)], "2024-02-01T00:00:00Z", day(7));
        let days: Vec<NaiveDate> = plan.ask.iter().map(|(slice, _)| slice.day().unwrap()).collect();
        assert_eq!(days, [day(7), day(4), day(3), day(2), day(0)]);
        assert_eq!(plan.held, 1);
    }

    #[test]
    fn what_comes_next_morning_is_due_then() {
        let contract = contract("tushare/margin_detail");
        let (calendar, held) = (weekdays(), BTreeMap::new());
        let not_due = |now: &str| {
            let (contract, calendar, held, range) = (&contract, &calendar, &held, (day(1), day(1)));
            let clock = Clock::fixed(at(now));
            let wanted = Wanted {
                contract,
                range,
                calendar,
                held,
                securities: &[],
                lookback: 5,
                refetch: false,
                nightly: false,
                clock,
            };
            plan(wanted).not_due
        };
        assert_eq!(not_due("2024-01-03T01:29:00Z"), [day(1)]);
        assert_eq!(not_due("2024-01-03T01:30:00Z"), []);
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

    /// Plans periods of 2023, or securities, held since a day.
    fn reports(name: &str, held: &[(Slice, &str)], now: &str, nightly: bool) -> Plan {
        let contract = contract(name);
        let calendar = weekdays();
        let held = held.iter().map(|(slice, fetched)| (slice.clone(), Some(at(fetched)))).collect();
        let range = ("2022-01-01".parse().unwrap(), "2023-12-31".parse().unwrap());
        let securities = ["a".to_owned(), "b".to_owned()];
        let clock = Clock::fixed(at(now));
        let calendar = &calendar;
        let (contract, held, securities) = (&contract, &held, &securities);
        plan(Wanted { contract, range, calendar, held, securities, lookback: 5, refetch: false, nightly, clock })
    }

    fn period(text: &str) -> Slice {
        Slice::Period(text.parse().unwrap())
    }

    #[test]
    fn a_period_is_due_when_it_has_ended_and_asked_once_more_at_its_deadline() {
        let plan = reports("tushare/income_vip", &[], "2023-12-31T12:00:00Z", false);
        assert_eq!(plan.ask.len(), 7);
        assert_eq!(plan.not_due, ["2023-12-31".parse::<NaiveDate>().unwrap()]);
        let early = [(period("2023-09-30"), "2023-10-15T12:00:00Z")];
        let why = |now: &str| {
            let plan = reports("tushare/income_vip", &early, now, false);
            plan.ask.into_iter().find(|(slice, _)| *slice == period("2023-09-30")).map(|(_, why)| why)
        };
        assert_eq!((why("2023-10-30T12:00:00Z"), why("2023-10-31T12:00:00Z")), (None, Some(Why::Settled)));
        let on_the_day = [(period("2023-09-30"), "2023-10-31T01:00:00Z")];
        let plan = reports("tushare/income_vip", &on_the_day, "2023-11-01T01:00:00Z", false);
        assert!(plan.ask.contains(&(period("2023-09-30"), Why::Settled)), "the evening of the deadline was missed");
        let late = [(period("2023-09-30"), "2023-11-01T12:00:00Z")];
        let plan = reports("tushare/income_vip", &late, "2024-05-01T12:00:00Z", false);
        assert!(plan.ask.iter().all(|(slice, _)| *slice != period("2023-09-30")));
    }

    #[test]
    fn a_nightly_run_looks_again_at_the_newest_eight_periods_and_at_unsettled_days() {
        let periods = periods("2022-01-01".parse().unwrap(), "2023-12-31".parse().unwrap());
        let held: Vec<(Slice, &str)> =
            periods.iter().map(|day| (Slice::Period(*day), "2024-05-01T12:00:00Z")).collect();
        let plan = reports("tushare/income_vip", &held, "2024-05-02T12:00:00Z", true);
        assert_eq!(plan.ask.iter().map(|(_, why)| *why).collect::<Vec<_>>(), [Why::Newest; 8]);
        let plan = reports("tushare/income_vip", &held, "2024-05-02T12:00:00Z", false);
        assert_eq!((plan.ask.len(), plan.held), (0, 8));
    }

    #[test]
    fn a_security_is_held_up_to_the_day_it_was_fetched() {
        let held = [(Slice::Security("a".into()), "2023-12-15T12:00:00Z")];
        let plan = |now: &str| reports("tushare/income", &held, now, false).ask;
        let (a, b) = (Slice::Security("a".into()), Slice::Security("b".into()));
        assert_eq!(plan("2023-12-15T13:00:00Z"), [(b.clone(), Why::Missing)]);
        assert_eq!(plan("2023-12-16T13:00:00Z"), [(b.clone(), Why::Missing), (a, Why::Behind)]);
        // From the deadline of the range's last period on nothing new is to come.
        let held = [(Slice::Security("a".into()), "2024-04-30T12:00:00Z")];
        assert_eq!(reports("tushare/income", &held, "2024-09-01T13:00:00Z", false).ask, [(b, Why::Missing)]);
    }

    #[test]
    fn days_beyond_the_calendar_are_said() {
        let plan = ask(&[], "2026-01-01T00:00:00Z", day(121));
        assert_eq!(plan.beyond_calendar, [day(120), day(121)]);
    }

    #[test]
    fn the_universe_is_asked_status_by_status() {
        let contract = contract("tushare/stock_basic");
        let calls = Slice::Snapshot(day(0)).calls(&contract, &[]);
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
                .map(|(n, fetched)| (Slice::Session(day(n)), fetched.map(|f| day(n.max(f)).and_hms_opt(12, 0, 0).unwrap().and_utc())))
                .collect();
            let clock = Clock::fixed(day(today).and_hms_opt(12, 0, 0).unwrap().and_utc());
            let range = (day(start), day(start + len));
            let plan = plan(Wanted {
                contract: &contract, range, calendar: &calendar, held: &held, securities: &[], lookback: 5, refetch,
                nightly: false, clock,
            });
            let mut days: Vec<NaiveDate> = plan.ask.iter().map(|(slice, _)| slice.day().unwrap()).collect();
            let asked = days.len();
            prop_assert!(days.windows(2).all(|w| w[0] > w[1]));
            days.extend(&plan.not_due);
            days.extend(calendar.sessions(range.0, range.1).iter().filter(|d| **d <= clock.today() && held.contains_key(&Slice::Session(**d))));
            days.sort_unstable();
            days.dedup();
            prop_assert_eq!(days.as_slice(), calendar.sessions(range.0, range.1));
            prop_assert_eq!(asked + plan.held + plan.not_due.len(), calendar.sessions(range.0, range.1).len());
        }
    }
}
