//! The tables whose settled past a run changed. Days that are still expected to change do not count. What changed in
//! them is up to the report.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::ledger::Ledgers;
use crate::plan::{Calendar, asked_first};
use crate::reference;
use crate::report::{Report, TableReport};
use crate::spec::{Axis, Table};
use crate::world::World;

/// Tables in which a run changed rows that readers saw before, except on days that had not settled.
pub async fn changed(world: &World, report: &Report) -> BTreeSet<String> {
    let is_changed = |(_, table): &(&String, &TableReport)| table.drift.rows + table.drift.withdrawn > 0;
    if !report.tables.iter().any(|table| is_changed(&table)) {
        return BTreeSet::new();
    }
    // Without a calendar every day counts as settled.
    let calendar = reference::calendar(world, &Ledgers::new(&world.store)).await.unwrap_or_default();
    let changed = report.tables.iter().filter(is_changed).filter(|(name, done)| {
        let table = world.catalog.table(name);
        let lookback = world.jobs.lookback(name);
        let settles = |day: &NaiveDate| settles(&calendar, *day, lookback);
        !table.is_some_and(|table| is_by_day(world, table))
            || done.drift.days.is_empty()
            || done.drift.days.iter().any(|day| settles(day).is_none_or(|settles| settles <= world.clock.today()))
    });
    changed.map(|(name, _)| name.clone()).collect()
}

/// The day on which a day settles, as far as the calendar reaches.
fn settles(calendar: &Calendar, day: NaiveDate, lookback: u32) -> Option<NaiveDate> {
    if lookback == 0 { Some(day) } else { calendar.after(day, lookback) }
}

fn is_by_day(world: &World, table: &Table) -> bool {
    let source = table.sources.get(asked_first(&world.jobs, table).unwrap_or(0));
    source.is_some_and(|source| matches!(source.contract.ask.axis, Axis::Session | Axis::Day))
}
