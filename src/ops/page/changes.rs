//! What runs changed, by week and in the last seven days, according to their reports. What rows were before is not
//! known here.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _, Days, NaiveDate, TimeDelta, Utc};

use super::data::{Changed, RunView, Week};
use crate::clock::shanghai_day;
use crate::report::{Report, TableReport};

/// How many weeks of changes the page shows.
const WEEKS: u64 = 53;

/// How many runs the page lists.
const RUNS: usize = 25;

/// How many failures of a run the page shows, and characters of each.
const FAILED: usize = 5;
const LETTERS: usize = 400;

/// Changes of the past by week, oldest first. Weeks without changes are left out.
pub(super) fn weeks(runs: &[Report], today: NaiveDate) -> Vec<Week> {
    let mut weeks: BTreeMap<NaiveDate, BTreeMap<String, [usize; 3]>> = BTreeMap::new();
    let first = monday(today) - Days::new(7 * (WEEKS - 1));
    for run in runs.iter().filter(|run| shanghai_day(run.started) >= first) {
        for (name, table) in run.tables.iter().filter(|(_, table)| is_drift(table)) {
            let tables = weeks.entry(monday(shanghai_day(run.started))).or_default();
            let counts = tables.entry(name.clone()).or_default();
            let drift = &table.drift;
            for (count, more) in counts.iter_mut().zip([drift.rows, drift.figures, drift.withdrawn]) {
                *count += more;
            }
        }
    }
    weeks.into_iter().map(|(week, tables)| Week { week, tables }).collect()
}

fn is_drift(table: &TableReport) -> bool {
    table.drift.rows + table.drift.withdrawn > 0
}

fn monday(day: NaiveDate) -> NaiveDate {
    day - Days::new(u64::from(day.weekday().num_days_from_monday()))
}

/// What the runs of the last seven days did, by table.
pub(super) fn changed(runs: &[Report], now: DateTime<Utc>) -> BTreeMap<String, Changed> {
    let mut all: BTreeMap<String, Changed> = BTreeMap::new();
    let since = now - TimeDelta::days(7);
    for (name, table) in runs.iter().filter(|run| run.started >= since).flat_map(|run| &run.tables) {
        if table.fetched == 0 && !is_drift(table) {
            continue;
        }
        let changed = all.entry(name.clone()).or_default();
        changed.slices += table.fetched - table.unchanged.min(table.fetched);
        changed.rows_fetched += table.rows_fetched;
        changed.rows += table.drift.rows;
        changed.figures += table.drift.figures;
        changed.withdrawn += table.drift.withdrawn;
        let days = changed.days.into_iter().flat_map(|(first, last)| [first, last]);
        let days = days.chain(table.drift.days.iter().copied());
        let ends = days.fold(None, |ends: Option<(NaiveDate, NaiveDate)>, day| {
            Some(ends.map_or((day, day), |(first, last)| (first.min(day), last.max(day))))
        });
        changed.days = ends;
    }
    all
}

/// The newest runs, newest first.
pub(super) fn newest(runs: &[Report]) -> Vec<RunView> {
    runs.iter().rev().take(RUNS).map(run).collect()
}

fn run(report: &Report) -> RunView {
    let tables = report.tables.values();
    let failed = report.tables.iter().flat_map(|(name, table)| {
        let reasons = table.failed.iter().map(|failed| failed.reason.chars().take(LETTERS).collect());
        reasons.map(|reason| (name.clone(), reason)).collect::<Vec<_>>()
    });
    RunView {
        run: report.run.clone(),
        command: report.command.clone(),
        jobs: report.jobs.clone(),
        started: report.started,
        exit: report.exit,
        calls: report.calls.clone(),
        tables: report.tables.len(),
        slices: tables.clone().map(|table| table.fetched).sum(),
        rows: tables.map(|table| table.rows_fetched).sum(),
        failed: failed.take(FAILED).collect(),
        error: report.error.as_ref().map(|error| error.chars().take(LETTERS).collect()),
    }
}
