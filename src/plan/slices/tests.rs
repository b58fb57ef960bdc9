//! What is requested and why: by day, by period, by security.

use super::*;
use crate::plan::{Chosen, calls};
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
    let held = held.iter().map(|(day, fetched)| (Slice::Session(*day), Holding::whole(*fetched))).collect();
    plan(Wanted {
        contract: &contract,
        range: DateRange::new(day(0), end),
        calendar: &calendar,
        held: &held,
        securities: &[],
        lookback: 5,
        reports: true,
        adds_up: false,
        again: Again::Settled,
        short: false,
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
    let (calendar, held) = (weekdays(), Held::new());
    let not_due = |now: &str| {
        let (contract, calendar, held, range) = (&contract, &calendar, &held, DateRange::day(day(1)));
        let clock = Clock::fixed(at(now));
        let wanted = Wanted {
            contract,
            range,
            calendar,
            held,
            securities: &[],
            lookback: 5,
            reports: true,
            adds_up: false,
            again: Again::Settled,
            short: false,
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

/// Plans periods of 2023, or securities, held since some day.
fn reports(name: &str, held: &[(Slice, &str)], now: &str, nightly: bool) -> Plan {
    let contract = contract(name);
    let calendar = weekdays();
    let held = held.iter().map(|(slice, fetched)| (slice.clone(), Holding::whole(Some(at(fetched))))).collect();
    let range = DateRange::new("2022-01-01".parse().unwrap(), "2023-12-31".parse().unwrap());
    let securities = ["a".to_owned(), "b".to_owned()];
    let clock = Clock::fixed(at(now));
    let calendar = &calendar;
    let (contract, held, securities) = (&contract, &held, &securities);
    plan(Wanted {
        contract,
        range,
        calendar,
        held,
        securities,
        lookback: 5,
        reports: true,
        adds_up: false,
        again: if nightly { Again::Nightly } else { Again::Settled },
        short: false,
        clock,
    })
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
    let held: Vec<(Slice, &str)> = periods.iter().map(|day| (Slice::Period(*day), "2024-05-01T12:00:00Z")).collect();
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
    // After the deadline of the range's last period, nothing new is expected.
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
    let own: Vec<Chosen> =
        contract.ask.each.iter().map(|(name, values)| (name.clone(), values.own().unwrap().to_vec())).collect();
    let calls = calls(&contract, &[&Slice::Snapshot(day(0))], &own, day(0));
    let statuses: Vec<&str> = calls.iter().map(|call| call.params[0].1.as_str()).collect();
    assert_eq!(statuses, ["L", "D", "P", "G"]);
}

/// Plans January to March 2024 for an interface that is sliced differently from `daily`.
fn along(axis: Axis, held: &[(Slice, &str)], now: &str, nightly: bool) -> Plan {
    let mut contract = Contract::clone(&contract("tushare/daily"));
    contract.ask.axis = axis;
    let held = held.iter().map(|(slice, fetched)| (slice.clone(), Holding::whole(Some(at(fetched))))).collect();
    plan(Wanted {
        contract: &contract,
        range: DateRange::new(day(0), day(90)),
        calendar: &weekdays(),
        held: &held,
        securities: &["a".to_owned()],
        lookback: 5,
        reports: false,
        adds_up: false,
        again: if nightly { Again::Nightly } else { Again::Settled },
        short: false,
        clock: Clock::fixed(at(now)),
    })
}

#[test]
fn announcements_are_asked_on_closed_days_too() {
    let plan = along(Axis::Day, &[], "2024-01-07T15:00:00Z", false);
    let asked: Vec<Slice> = plan.ask.into_iter().map(|(slice, _)| slice).collect();
    assert_eq!(asked, (0..7).rev().map(|n| Slice::Day(day(n))).collect::<Vec<_>>());
}

#[test]
fn a_month_is_asked_until_its_newest_day_is_in_and_once_more_when_it_settles() {
    let [january, february] = [day(0), day(31)];
    let none = along(Axis::Month, &[], "2024-02-10T12:00:00Z", false);
    assert_eq!(none.ask, [(Slice::Month(february), Why::Missing), (Slice::Month(january), Why::Missing)]);
    assert_eq!(none.not_due, [day(60)]);
    // Days published after the answer was fetched are missing, including those fetched before their hour.
    let held = |fetched| [(Slice::Month(january), fetched), (Slice::Month(february), "2024-02-10T12:00:00Z")];
    for (fetched, why) in [
        ("2024-01-20T12:00:00Z", Some(Why::Behind)),
        ("2024-01-31T02:00:00Z", Some(Why::Behind)),
        ("2024-01-31T12:00:00Z", Some(Why::Settled)),
        ("2024-02-09T12:00:00Z", None),
    ] {
        let asked = along(Axis::Month, &held(fetched), "2024-02-10T12:00:00Z", false).ask;
        assert_eq!(asked, why.map(|why| (Slice::Month(january), why)).into_iter().collect::<Vec<_>>(), "{fetched}");
    }
    let nightly = |now| along(Axis::Month, &held("2024-02-09T12:00:00Z"), now, true).ask;
    assert_eq!(nightly("2024-02-10T13:00:00Z"), [], "once a day");
    let asked = nightly("2024-02-11T12:00:00Z");
    assert_eq!(asked, [(Slice::Month(february), Why::Behind)]);
    let by_security = along(Axis::SecurityMonth, &[], "2024-01-10T12:00:00Z", false);
    assert_eq!(by_security.ask, [(Slice::SecurityMonth("a".to_owned(), january), Why::Missing)]);
}

proptest! {
    #[test]
    fn no_day_is_asked_twice_and_none_is_lost(
        held in proptest::collection::btree_map(0u64..100, proptest::option::of(0u64..100), 0..40),
        today in 0u64..110, start in 0u64..100, len in 0u64..60, refetch: bool,
    ) {
        let contract = contract("tushare/daily");
        let calendar = weekdays();
        let held: Held = held
            .into_iter()
            .map(|(n, fetched)| (Slice::Session(day(n)), Holding::whole(fetched.map(|f| day(n.max(f)).and_hms_opt(12, 0, 0).unwrap().and_utc()))))
            .collect();
        let clock = Clock::fixed(day(today).and_hms_opt(12, 0, 0).unwrap().and_utc());
        let range = DateRange::new(day(start), day(start + len));
        let plan = plan(Wanted {
            contract: &contract, range, calendar: &calendar, held: &held, securities: &[], lookback: 5, reports: true,
            adds_up: false, again: if refetch { Again::All } else { Again::Settled }, short: false, clock,
        });
        let mut days: Vec<NaiveDate> = plan.ask.iter().map(|(slice, _)| slice.day().unwrap()).collect();
        let asked = days.len();
        prop_assert!(days.windows(2).all(|w| w[0] > w[1]));
        days.extend(&plan.not_due);
        days.extend(calendar.sessions(range.first, range.last).iter().filter(|d| **d <= clock.today() && held.contains_key(&Slice::Session(**d))));
        days.sort_unstable();
        days.dedup();
        prop_assert_eq!(days.as_slice(), calendar.sessions(range.first, range.last));
        prop_assert_eq!(asked + plan.held + plan.not_due.len(), calendar.sessions(range.first, range.last).len());
    }
}
