//! What the user should do about the lake, as commands to paste. Runs none of them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::data::{Action, Reason};
use crate::ops::status::{Status, late_jobs};
use crate::report::{Exit, Report};
use crate::spec::Jobs;

/// What to do, most urgent first. `options` are appended to each command.
pub(super) fn actions(jobs: &Jobs, (tables, runs): (&[Status], &[Report]), options: &str) -> Vec<Action> {
    let mut all = Vec::new();
    let mut add = |why, tables: Vec<String>, words: &str| {
        all.push(Action { why, tables, command: format!("pitlake {words}{options}") });
    };
    if tables.iter().all(|one| one.size.bronze == 0) {
        let words = if jobs.jobs.is_empty() { "config init" } else { "run" };
        add(Reason::Empty, Vec::new(), words);
        return all;
    }
    if runs.last().is_some_and(|run| matches!(run.exit, Some(Exit::NoRight | Exit::Misuse | Exit::Failed))) {
        add(Reason::Refused, Vec::new(), "doctor");
    }
    let late = late_jobs(jobs, tables);
    if !late.is_empty() {
        let of_late = tables.iter().filter(|one| !one.late.is_empty()).map(|one| one.table.clone());
        add(Reason::Late, of_late.collect(), &format!("run {}", late.join(" ")));
    }
    let mut holes: Vec<_> = holes(tables).into_iter().collect();
    holes.sort_by_key(|(_, tables)| std::cmp::Reverse(tables.len()));
    for ((first, last), tables) in holes {
        let words = format!("backfill {} --start {first} --end {last}", tables.join(" "));
        add(Reason::Missing, tables, &words);
    }
    let which_tables = |which: &dyn Fn(&Status) -> bool| -> Vec<String> {
        tables.iter().filter(|one| which(one)).map(|one| one.table.clone()).collect()
    };
    let stale = which_tables(&|one| one.stale > 0);
    if !stale.is_empty() {
        let words = format!("normalize {}", stale.join(" "));
        add(Reason::Stale, stale, &words);
    }
    let set_aside = which_tables(&|one| one.rejected > 0 || one.slices.damaged > 0);
    if !set_aside.is_empty() {
        let words = format!("rejects {}", set_aside.join(" "));
        add(Reason::SetAside, set_aside, &words);
    }
    all
}

/// Tables with missing days, by the first and last day missing. Every day in between is either held or missing, so that
/// a backfill fetches no other days.
fn holes(tables: &[Status]) -> BTreeMap<(NaiveDate, NaiveDate), Vec<String>> {
    let mut all: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for one in tables {
        let end = one.last.or(one.first);
        let days = one.coverage.iter().flat_map(|coverage| &coverage.days);
        let missing = days.filter(|(day, state)| state.is_missing() && end.is_some_and(|end| **day <= end));
        let missing: BTreeSet<NaiveDate> = missing.map(|(day, _)| *day).collect();
        let is_security = one.coverage.iter().flat_map(|one| one.securities.keys()).any(|state| state.is_missing());
        let range = match (missing.first(), missing.last()) {
            (Some(first), Some(last)) => Some((*first, *last)),
            _ if is_security => one.first.zip(one.last),
            _ => None,
        };
        if let Some(range) = range {
            all.entry(range).or_default().push(one.table.clone());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::status::{Coverage, Size, State};
    use crate::spec::{Axis, InterfaceId};
    use pitlake_contract::Slice;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn table(name: &str, missing: &[&str]) -> Status {
        let mut coverage = Coverage::new(&InterfaceId::parse("tushare/daily").unwrap(), Axis::Session);
        for text in ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08"] {
            let state = if missing.contains(&text) { State::Missing } else { State::Held };
            coverage.put(&Slice::Session(day(text)), state);
        }
        let last = Some(day("2024-01-05"));
        let size = Size { bronze: 1, silver: 1 };
        Status { table: name.into(), last, size, coverage: vec![coverage], ..Status::default() }
    }

    fn commands(jobs: &Jobs, tables: &[Status]) -> Vec<String> {
        actions(jobs, (tables, &[]), "").into_iter().map(|action| action.command).collect()
    }

    #[test]
    fn tables_that_miss_the_same_days_share_a_backfill() {
        let holes = ["2024-01-03", "2024-01-05"];
        let tables = [table("a", &holes), table("b", &["2024-01-04"]), table("c", &holes), table("d", &["2024-01-08"])];
        assert_eq!(
            commands(&Jobs::default(), &tables),
            [
                "pitlake backfill a c --start 2024-01-03 --end 2024-01-05",
                "pitlake backfill b --start 2024-01-04 --end 2024-01-04",
            ]
        );
    }

    #[test]
    fn an_empty_lake_begins_with_a_configuration_or_a_run() {
        let empty = Status::default();
        assert_eq!(commands(&Jobs::default(), std::slice::from_ref(&empty)), ["pitlake config init"]);
    }

    #[test]
    fn a_lake_that_is_whole_has_nothing_to_do() {
        assert!(commands(&Jobs::default(), &[table("a", &[])]).is_empty());
    }

    #[test]
    fn stale_partitions_and_rejected_rows_have_commands() {
        let one = Status { stale: 2, rejected: 3, ..table("a", &[]) };
        assert_eq!(commands(&Jobs::default(), &[one]), ["pitlake normalize a", "pitlake rejects a"]);
    }
}
