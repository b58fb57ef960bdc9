//! Which days a table in a job should have by now: the one rule behind `late`, `--fail-if-stale` and the page. Why it
//! does not have them is not known here.

use chrono::{DateTime, Datelike as _, Days, NaiveDate, TimeDelta, Utc};
use pitlake_contract::Slice;
use pitlake_contract::period::periods;

use super::{Slices, State, Status};
use crate::clock::{Clock, SHANGHAI, shanghai_day};
use crate::plan::{Calendar, Facts, asked_first};
use crate::spec::{Axis, Contract, Jobs, Schedule, Table};

/// How many days to look back: longer than any closure of the market, and than a period.
const BACK: u64 = 120;

/// How many scheduled times in a row may fall on closed days.
const CLOSED: usize = 31;

/// What a table in a job should have, and by when.
#[derive(Debug)]
pub struct Expected<'a> {
    contract: &'a Contract,
    schedules: Vec<&'a Schedule>,
    calendar: &'a Calendar,
}

impl<'a> Expected<'a> {
    /// For the interface that an account asks first. `None` if the table is in no job.
    #[must_use]
    pub fn of(jobs: &'a Jobs, calendar: &'a Calendar, table: &'a Table) -> Option<Self> {
        let mut of_table = jobs.jobs.values().filter(|job| job.tables.contains(&table.name)).peekable();
        of_table.peek()?;
        let schedules = of_table.filter_map(|job| job.schedule.as_ref()).collect();
        let source = asked_first(jobs, table).unwrap_or(0);
        Some(Self { contract: &table.sources.get(source)?.contract, schedules, calendar })
    }

    /// Whether it is fetched day by day, so that each day has a time by which it should be there.
    #[must_use]
    pub fn is_daily(&self) -> bool {
        matches!(self.contract.ask.axis, Axis::Session | Axis::Day)
    }

    /// When a day should be there: at the first scheduled time after the vendor published it.
    #[must_use]
    pub fn by(&self, day: NaiveDate) -> Option<DateTime<Utc>> {
        let publication = &self.contract.publication;
        let out = if publication.next_day { day.succ_opt()? } else { day };
        let out = out.and_time(publication.hour).and_local_timezone(SHANGHAI).single()?.to_utc();
        let is_skipped = |schedule: &Schedule, at: &DateTime<Utc>| {
            let day = shanghai_day(*at);
            schedule.is_of_weekdays() && self.calendar.knows(day) && self.calendar.sessions(day, day).is_empty()
        };
        let first = |schedule: &&Schedule| {
            let before = out - TimeDelta::seconds(1);
            let times = std::iter::successors(schedule.after(before), |at| schedule.after(*at));
            times.take(CLOSED).find(|at| !is_skipped(schedule, at))
        };
        self.schedules.iter().filter_map(first).min().or(Some(out))
    }

    /// The newest day that should be there. If trading days are unknown, every day counts as one.
    #[must_use]
    pub fn newest(&self, clock: Clock) -> Option<NaiveDate> {
        let (now, today) = (clock.now(), clock.today());
        let is_due = |day: &NaiveDate| self.by(*day).is_some_and(|by| by <= now);
        let sessions = self.calendar.sessions(NaiveDate::MIN, today);
        let first = today.checked_sub_days(Days::new(BACK))?;
        let all = first.iter_days().take_while(|day| *day <= today);
        let days: Vec<NaiveDate> = match self.contract.ask.axis {
            Axis::Session if !sessions.is_empty() => return sessions.iter().rev().copied().find(is_due),
            Axis::Session | Axis::Day | Axis::Security | Axis::Snapshot => all.collect(),
            Axis::Month | Axis::SecurityMonth => all.filter(|day| day.day() == 1).collect(),
            Axis::Period => periods(first, today.pred_opt()?),
        };
        days.into_iter().rev().find(is_due)
    }

    /// The next day.
    #[must_use]
    pub fn after(&self, day: NaiveDate) -> Option<NaiveDate> {
        if self.contract.ask.axis == Axis::Session { self.calendar.next_session(day) } else { day.succ_opt() }
    }

    /// The days after `after` up to `last` that may be there.
    fn between(&self, after: NaiveDate, last: NaiveDate) -> Vec<NaiveDate> {
        let Some(first) = after.succ_opt().filter(|first| *first <= last) else { return Vec::new() };
        match self.contract.ask.axis {
            Axis::Session => self.calendar.sessions(first, last).to_vec(),
            _ => first.iter_days().take_while(|day| *day <= last).collect(),
        }
    }
}

/// The jobs that fetch what is late, in the order of the tables, at most one per table.
#[must_use]
pub fn late_jobs<'a, 'b>(jobs: &'a Jobs, tables: impl IntoIterator<Item = &'b Status>) -> Vec<&'a str> {
    let mut chosen: Vec<&str> = Vec::new();
    for table in tables.into_iter().filter(|one| !one.late.is_empty()) {
        let of_table = || jobs.jobs.iter().filter(|(_, job)| job.tables.contains(&table.table));
        if !of_table().any(|(name, _)| chosen.contains(&name.as_str())) {
            chosen.extend(of_table().next().map(|(name, _)| name.as_str()));
        }
    }
    chosen
}

impl Status {
    /// Adds days that should be there but are not: those after the newest one held, or, if no slice is held, just the
    /// newest.
    pub(super) fn add_late(&mut self, facts: Facts<'_>, table: &Table) {
        let Facts { jobs, calendar, clock, .. } = facts;
        let Some(expected) = Expected::of(jobs, calendar, table) else { return };
        let Some(newest) = expected.newest(clock) else { return };
        let axis = expected.contract.ask.axis;
        let held = match axis {
            // Imports hold no sessions, but their rows count.
            Axis::Session => self.last,
            _ => self.held_until(axis),
        };
        match held {
            Some(held) if expected.is_daily() => self.late = expected.between(held, newest),
            None if !self.has_slices() => self.late.push(newest),
            _ => {}
        }
        let vendor = &expected.contract.id.vendor;
        let mut of_vendor = self.coverage.iter_mut();
        let coverage = of_vendor.find(|coverage| coverage.axis == axis && coverage.interface.vendor == *vendor);
        if let Some(coverage) = coverage
            && expected.is_daily()
        {
            let slice = |day| if axis == Axis::Session { Slice::Session(day) } else { Slice::Day(day) };
            self.late.iter().for_each(|day| coverage.put(&slice(*day), State::Missing));
            coverage.not_due(&expected.between(newest, clock.today()));
        }
    }

    /// Whether a job should have fetched it, but no slice of it is held.
    #[must_use]
    pub fn is_never_fetched(&self) -> bool {
        !self.late.is_empty() && !self.has_slices() && self.last.is_none()
    }

    fn has_slices(&self) -> bool {
        let Slices { held, due, damaged, short, missing: _, failed: _ } = self.slices;
        held + due + damaged + short > 0
    }

    /// The newest day for which an interface with this axis holds an answer.
    fn held_until(&self, axis: Axis) -> Option<NaiveDate> {
        let of_axis = self.coverage.iter().filter(|coverage| coverage.axis == axis);
        let held = of_axis.flat_map(|coverage| &coverage.days).filter(|(_, state)| !state.is_missing());
        held.filter(|(_, state)| **state != State::NotDue).map(|(day, _)| *day).max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::status::Coverage;
    use crate::plan::Universe;
    use crate::spec::{Catalog, Job};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// The newest day that a table should have at a moment, by when it should have it, and the days that are late. It
    /// holds the 2nd to the 4th; Friday the 5th to Monday the 8th are closed.
    fn at(table: &str, now: &str) -> (NaiveDate, DateTime<Utc>, Vec<NaiveDate>) {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        let table = catalog.table(table).unwrap();
        let schedule = Schedule::parse("30 20 * * 1-5").ok();
        let tables = vec![table.name.clone()];
        let job = Job { schedule, tables, lookback: 5, symbols: Vec::new(), report_types: Vec::new() };
        let jobs = Jobs { jobs: [("market".to_owned(), job)].into(), ..Jobs::default() };
        let all = (1..=30).map(|n| NaiveDate::from_ymd_opt(2024, 1, n).unwrap());
        let calendar = Calendar::new(all.map(|at| (at, !(day("2024-01-05")..=day("2024-01-08")).contains(&at))));
        let expected = Expected::of(&jobs, &calendar, table).unwrap();
        let contract = &table.sources[0].contract;
        let mut coverage = Coverage::new(&contract.id, contract.ask.axis);
        for held in ["2024-01-02", "2024-01-03", "2024-01-04"].map(day) {
            let is_session = contract.ask.axis == Axis::Session;
            coverage.put(&if is_session { Slice::Session(held) } else { Slice::Day(held) }, State::Held);
        }
        let slices = Slices { held: 3, ..Slices::default() };
        let last = Some(day("2024-01-04"));
        let mut status = Status { coverage: vec![coverage], slices, last, ..Status::default() };
        let clock = Clock::fixed(now.parse().unwrap());
        let universe = Universe::default();
        let facts = Facts { catalog: &catalog, jobs: &jobs, clock, calendar: &calendar, universe: &universe };
        status.add_late(facts, table);
        let newest = expected.newest(clock).unwrap();
        (newest, expected.by(newest).unwrap(), status.late)
    }

    fn late(table: &str, now: &str) -> Vec<String> {
        at(table, now).2.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_day_should_be_there_when_its_job_has_run() {
        let evening = at("stock_daily_cn", "2024-01-04T20:30:00+08:00");
        assert_eq!(evening, (day("2024-01-04"), "2024-01-04T12:30:00Z".parse().unwrap(), Vec::new()));
        // The vendor has had it since the afternoon, but the job has not run yet.
        assert!(late("stock_daily_cn", "2024-01-09T20:29:00+08:00").is_empty());
        assert_eq!(late("stock_daily_cn", "2024-01-09T20:30:00+08:00"), ["2024-01-09"]);
        assert_eq!(late("stock_daily_cn", "2024-01-10T21:00:00+08:00"), ["2024-01-09", "2024-01-10"]);
    }

    #[test]
    fn what_comes_the_next_morning_waits_for_the_next_open_evening() {
        // Thursday's margin is published on Friday, which is closed, so its job does not run before Tuesday.
        assert_eq!(at("margin_cn", "2024-01-06T09:00:00+08:00").0, day("2024-01-03"));
        assert_eq!(at("margin_cn", "2024-01-09T20:30:00+08:00").0, day("2024-01-04"));
    }

    #[test]
    fn days_of_announcements_are_late_as_trading_days_are() {
        // Its job does not run on closed days.
        assert!(late("repurchase_cn", "2024-01-09T20:29:00+08:00").is_empty());
        let since = late("repurchase_cn", "2024-01-09T23:00:00+08:00");
        assert_eq!(since, ["2024-01-05", "2024-01-06", "2024-01-07", "2024-01-08"]);
    }

    #[test]
    fn a_table_that_was_never_fetched_lacks_the_newest_day() {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        let tables = ["stock_daily_cn", "repurchase_cn", "income_cn", "stock_basic_cn"];
        let job = Job {
            schedule: None,
            tables: tables.map(str::to_owned).to_vec(),
            lookback: 5,
            symbols: Vec::new(),
            report_types: Vec::new(),
        };
        let jobs = Jobs { jobs: [("all".to_owned(), job)].into(), ..Jobs::default() };
        let clock = Clock::fixed("2024-01-10T23:30:00+08:00".parse().unwrap());
        let calendar =
            Calendar::new([(day("2024-01-08"), true), (day("2024-01-09"), true), (day("2024-01-10"), false)]);
        let late = tables.map(|name| {
            let mut status = Status::default();
            let universe = Universe::default();
            let facts = Facts { catalog: &catalog, jobs: &jobs, clock, calendar: &calendar, universe: &universe };
            status.add_late(facts, catalog.table(name).unwrap());
            status.late
        });
        assert_eq!(
            late,
            [["2024-01-09"], ["2024-01-10"], ["2023-12-31"], ["2024-01-10"]].map(|all| all.map(day).to_vec())
        );
        assert!(Expected::of(&Jobs::default(), &calendar, catalog.table("income_cn").unwrap()).is_none());
    }
}
