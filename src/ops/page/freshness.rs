//! Which day a table should have by now, and whether it has it. Never why it has not.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use super::data::Fresh;
use crate::clock::{SHANGHAI, shanghai_day};
use crate::ops::status::{Coverage, State, Status};
use crate::plan::Calendar;
use crate::spec::{Axis, Contract, Jobs, Schedule, Table};

/// Days that are looked at, forth and back: longer than the market is ever closed.
const AROUND: u64 = 40;

/// Times of a schedule that may fall on closed days.
const CLOSED: usize = 31;

/// What freshness follows from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Now<'a> {
    pub(super) jobs: &'a Jobs,
    pub(super) calendar: &'a Calendar,
    pub(super) at: DateTime<Utc>,
    pub(super) today: NaiveDate,
}

/// The freshness of a table of a job that is asked day by day; none for others, and where no such day is known.
pub(super) fn fresh(now: Now<'_>, table: &Table, status: &Status) -> Option<Fresh> {
    let schedules = schedules(now.jobs, &table.name)?;
    let is_sold = |contract: &&Contract| now.jobs.accounts.contains_key(&contract.id.vendor);
    let contracts = || table.sources.iter().map(|source| &*source.contract);
    let contract = contracts().find(is_sold).or_else(|| contracts().next())?;
    let days: Vec<NaiveDate> = match contract.ask.axis {
        Axis::Session => {
            let (first, last) = (now.today - Days::new(AROUND), now.today + Days::new(AROUND));
            now.calendar.sessions(first, last).to_vec()
        }
        Axis::Day => (0..2 * AROUND).map(|n| now.today - Days::new(AROUND) + Days::new(n)).collect(),
        _ => return None,
    };
    let by = |day: NaiveDate| should_be_there(contract, &schedules, now.calendar, day);
    let after = days.iter().position(|day| by(*day).is_none_or(|by| by > now.at)).unwrap_or(days.len());
    let day = *days.get(after.checked_sub(1)?)?;
    let next = days.get(after).copied();
    let of_vendor = |coverage: &&Coverage| coverage.interface.vendor == contract.id.vendor;
    let mut found = status.coverage.iter().filter(of_vendor).filter_map(|coverage| coverage.days.get(&day));
    let is_in = found.any(|state| !state.is_missing() && *state != State::NotDue);
    Some(Fresh { day, by: by(day)?, is_in, next: next.and_then(|next| Some((next, by(next)?))) })
}

/// The schedules of the jobs of a table; `None` where it is in no job.
fn schedules<'a>(jobs: &'a Jobs, table: &str) -> Option<Vec<&'a Schedule>> {
    let mut of_table = jobs.jobs.values().filter(|job| job.tables.iter().any(|name| name == table)).peekable();
    of_table.peek()?;
    Some(of_table.filter_map(|job| job.schedule.as_ref()).collect())
}

/// When a day should be there: at the first time of a schedule after the vendor has published it.
fn should_be_there(
    contract: &Contract,
    schedules: &[&Schedule],
    calendar: &Calendar,
    day: NaiveDate,
) -> Option<DateTime<Utc>> {
    let publication = &contract.publication;
    let out = if publication.next_day { day.succ_opt()? } else { day };
    let out = out.and_time(publication.hour).and_local_timezone(SHANGHAI).single()?.to_utc();
    let is_skipped = |schedule: &Schedule, at: &DateTime<Utc>| {
        let day = shanghai_day(*at);
        schedule.is_of_weekdays() && calendar.knows(day) && calendar.sessions(day, day).is_empty()
    };
    let first = |schedule: &&Schedule| {
        let before = out - TimeDelta::seconds(1);
        let times = std::iter::successors(schedule.after(before), |at| schedule.after(*at));
        times.take(CLOSED).find(|at| !is_skipped(schedule, at))
    };
    schedules.iter().filter_map(first).min().or(Some(out))
}

/// A day that no run could have asked for yet is not missing.
pub(super) fn forgive(status: &mut Status, fresh: &Fresh) {
    for coverage in &mut status.coverage {
        let later = coverage.days.iter_mut().rev().take_while(|(day, _)| **day > fresh.day);
        later.filter(|(_, state)| state.is_missing()).for_each(|(_, state)| *state = State::NotDue);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Catalog, Job};
    use pitlake_contract::Slice;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// What a table should have at a moment, with its days up to Thursday held; Friday the 5th to Monday the 8th are closed.
    fn at(table: &str, now: &str) -> Fresh {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        let table = catalog.table(table).unwrap();
        let schedule = Schedule::parse("30 20 * * 1-5").ok();
        let job = Job {
            schedule,
            tables: vec![table.name.clone()],
            lookback: 5,
            symbols: Vec::new(),
            report_types: Vec::new(),
        };
        let jobs = Jobs { jobs: [("market".to_owned(), job)].into(), ..Jobs::default() };
        let all = (1..=30).map(|n| NaiveDate::from_ymd_opt(2024, 1, n).unwrap());
        let calendar = Calendar::new(all.map(|at| (at, !(day("2024-01-05")..=day("2024-01-08")).contains(&at))));
        let contract = &table.sources[0].contract;
        let mut coverage = Coverage::new(&contract.id, Axis::Session);
        for held in ["2024-01-02", "2024-01-03", "2024-01-04"] {
            coverage.put(&Slice::Session(day(held)), State::Held);
        }
        let status = Status { coverage: vec![coverage], ..Status::default() };
        let at: DateTime<Utc> = now.parse().unwrap();
        let today = shanghai_day(at);
        fresh(Now { jobs: &jobs, calendar: &calendar, at, today }, table, &status).unwrap()
    }

    #[test]
    fn a_day_should_be_there_when_its_job_has_run() {
        let evening = at("stock_daily_cn", "2024-01-04T20:30:00+08:00");
        assert_eq!((evening.day, evening.is_in), (day("2024-01-04"), true));
        let next = Some((day("2024-01-09"), "2024-01-09T12:30:00Z".parse().unwrap()));
        assert_eq!(evening.next, next, "the next session is after the closed days");
        // The vendor has it since the afternoon, and the job has not run yet.
        assert_eq!(at("stock_daily_cn", "2024-01-09T20:29:00+08:00").day, day("2024-01-04"));
        let late = at("stock_daily_cn", "2024-01-09T20:31:00+08:00");
        assert_eq!((late.day, late.is_in), (day("2024-01-09"), false));
    }

    #[test]
    fn what_comes_the_next_morning_waits_for_the_next_open_evening() {
        // Thursday's margin is out on Friday, which is closed, so that its job does not run before Tuesday.
        let margin = at("margin_cn", "2024-01-06T09:00:00+08:00");
        assert_eq!((margin.day, margin.is_in), (day("2024-01-03"), true));
        assert_eq!(margin.next, Some((day("2024-01-04"), "2024-01-09T12:30:00Z".parse().unwrap())));
    }
}
