//! `status --html`: the lake as a page. Collects its data from `status`, the runs' reports and the jobs; its submodules
//! find what is late, what changed and what to do. How it looks is up to `page/web`.

mod actions;
mod changes;
mod data;
mod freshness;
mod html;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use self::data::{Answers, CoverageView, JobView, Page, RejectView, Runs, TableView};
use self::freshness::Now;
use crate::bronze::PROGRAM;
use crate::ops::rejects::SetAside;
use crate::ops::status::{Coverage, Seen, Size, Status, short};
use crate::plan::{self, Calendar, Due, Ran, due};
use crate::report::Report;
use crate::spec::{Axis, Job, Schedule};
use crate::world::World;

/// Reasons for rejected rows shown per table, and characters shown of an example.
const REASONS: usize = 8;
const LETTERS: usize = 300;

/// The page for what was seen. `options` are appended to the commands it names, and `chinese` translates a text.
///
/// # Errors
/// When the data cannot be serialised.
pub fn page(world: &World, seen: Seen, options: &str, chinese: &dyn Fn(&str) -> String) -> Result<String> {
    let Seen { tables, calendar, runs } = seen;
    let (now, today) = (world.clock.now(), world.clock.today());
    let facts = Now { jobs: &world.jobs, calendar: &calendar, clock: world.clock };
    let mut answers = Answers { changed: changes::changed(&runs, now), ..Answers::default() };
    let mut fresh = BTreeMap::new();
    for status in &tables {
        let Some(table) = world.catalog.table(&status.table) else { continue };
        let found = freshness::fresh(facts, table, status);
        if let Some(found) = &found {
            answers.night = answers.night.max(Some(found.day));
            answers.fresh += usize::from(found.is_in);
        }
        if let Some(day) = status.late.last() {
            answers.late.insert(status.table.clone(), status.answered.map(|_| *day));
        }
        count_missing(&mut answers, status);
        fresh.insert(status.table.clone(), found);
    }
    answers.actions = actions::actions(&world.jobs, (&tables, &runs), options);
    let size = total(world, &tables);
    let rejects = tables.iter().flat_map(rejects).collect();
    let views = tables.into_iter().map(|status| {
        let fresh = fresh.remove(&status.table).flatten();
        view(&calendar, TableView { fresh, ..of_table(world, &status) }, &status.coverage)
    });
    let mut page = Page {
        program: PROGRAM,
        lake: world.store.name().to_owned(),
        now,
        today,
        answers,
        tables: views.collect(),
        weeks: changes::weeks(&runs, today),
        jobs: jobs(world, &calendar, &runs),
        runs: changes::newest(&runs),
        rejects,
        size,
        remarks: calendar.remarks().collect(),
        calendar: days(&calendar),
        chinese: BTreeMap::new(),
    };
    page.chinese =
        page.texts().map(|text| (text.to_owned(), chinese(text))).filter(|(text, own)| text != own).collect();
    html::document(&page)
}

/// Adds what is missing from a table.
fn count_missing(answers: &mut Answers, status: &Status) {
    let missing = |one: &Coverage| one.days.values().filter(|state| state.is_missing()).count();
    let days: usize = status.coverage.iter().map(missing).sum();
    let securities = status.coverage.iter().flat_map(|one| &one.securities);
    let securities: usize = securities.filter(|(state, _)| state.is_missing()).map(|(_, count)| count).sum();
    for (counts, count) in [(&mut answers.missing, days), (&mut answers.securities, securities)] {
        if count > 0 {
            counts.insert(status.table.clone(), count);
        }
    }
}

fn of_table(world: &World, status: &Status) -> TableView {
    let jobs = world.jobs.jobs.iter().filter(|(_, job)| job.tables.contains(&status.table));
    TableView {
        table: status.table.clone(),
        title: world.catalog.table(&status.table).map_or_else(String::new, |table| table.title.clone()),
        jobs: jobs.map(|(name, _)| name.clone()).collect(),
        first: status.first,
        last: status.last,
        lag: status.lag,
        rows: status.rows,
        revisions: status.revisions,
        former_states: status.former_states,
        slices: status.slices.clone(),
        rejected: status.rejected,
        stale: status.stale,
        size: status.size,
        answered: status.answered,
        fresh: None,
        coverage: Vec::new(),
    }
}

/// Adds the coverage of a table's interfaces.
fn view(calendar: &Calendar, table: TableView, coverage: &[Coverage]) -> TableView {
    let is_known = |one: &&Coverage| !one.days.is_empty() || !one.securities.is_empty();
    let view = |one: &Coverage| {
        let counts = one.securities.iter().map(|(state, count)| (state.letter(), *count));
        CoverageView {
            interface: one.interface.to_string(),
            axis: axis(one.axis),
            days: one.runs(calendar).map(|(first, runs)| Runs { first, runs }),
            securities: counts.collect(),
        }
    };
    TableView { coverage: coverage.iter().filter(is_known).map(view).collect(), ..table }
}

fn axis(axis: Axis) -> &'static str {
    match axis {
        Axis::Session => "session",
        Axis::Day => "day",
        Axis::Month | Axis::SecurityMonth => "month",
        Axis::Period => "period",
        Axis::Security => "security",
        Axis::Snapshot => "snapshot",
    }
}

/// The calendar from its first day to its last. Unknown days are `-`.
fn days(calendar: &Calendar) -> Option<Runs> {
    let mut known = calendar.days().peekable();
    let (first, _) = *known.peek()?;
    let last = calendar.days().last()?.0;
    let letters = first.iter_days().take_while(|day| *day <= last).map(|day| {
        let known = known.next_if(|(at, _)| *at == day);
        known.map_or('-', |(_, is_open)| if is_open { 'o' } else { 'c' })
    });
    Some(Runs { first, runs: short(letters) })
}

/// Size of all tables. A bronze folder that feeds several counts once.
fn total(world: &World, tables: &[Status]) -> Size {
    let mut total = Size::default();
    let mut folders = BTreeSet::new();
    for status in tables {
        total.silver += status.size.silver;
        let table = world.catalog.table(&status.table);
        let contract = table.and_then(|table| table.sources.first()).map(|source| &source.contract);
        if contract.is_none_or(|contract| folders.insert((&contract.id.vendor, &contract.kind))) {
            total.bronze += status.size.bronze;
        }
    }
    total
}

fn rejects(status: &Status) -> Vec<RejectView> {
    let view = |group: &SetAside| RejectView {
        table: status.table.clone(),
        reason: group.reason.clone(),
        rows: group.rows,
        example: group.example.chars().take(LETTERS).collect(),
    };
    status.set_aside.iter().take(REASONS).map(view).collect()
}

fn jobs(world: &World, calendar: &Calendar, runs: &[Report]) -> Vec<JobView> {
    let is_closed = |day| calendar.knows(day) && calendar.sessions(day, day).is_empty();
    let view = |(name, job, schedule): (&String, &Job, &Schedule)| {
        let of_job = runs.iter().filter(|run| run.jobs.contains(name));
        let ran: Vec<Ran> = of_job.map(|run| Ran { started: run.started, exit: run.exit }).collect();
        let last = ran.last();
        JobView {
            job: name.clone(),
            schedule: schedule.text().to_owned(),
            tables: job.tables.len(),
            last: last.map(|ran| ran.started),
            exit: last.and_then(|ran| ran.exit),
            next: match due(schedule, &ran, is_closed, world.clock.now()) {
                Due::Now(at, _) | Due::At(at) => Some(at),
                Due::Never => None,
            },
        }
    };
    plan::scheduled(&world.catalog, &world.jobs, &[]).map(view).collect()
}
