//! What runs requested but did not get, according to their reports. What to request next is decided by the plan.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::report::Report;

/// What runs requested but did not get.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// Slices that failed in the newest run.
    pub(super) failed: BTreeSet<String>,
    /// The first day that failed, or was not published, in any run.
    pub(super) first: Option<NaiveDate>,
}

/// What runs requested but did not get, by table.
pub(super) fn by_table(runs: &[Report]) -> BTreeMap<String, Asked> {
    let mut all: BTreeMap<String, Asked> = BTreeMap::new();
    for (table, report) in runs.iter().flat_map(|run| &run.tables) {
        let asked = all.entry(table.clone()).or_default();
        asked.failed = report.failed.iter().flat_map(|failed| failed.what.clone()).collect();
        let failed = asked.failed.iter().filter_map(|slice| slice.parse().ok());
        asked.first = asked.first.into_iter().chain(report.not_published.iter().copied()).chain(failed).min();
    }
    all
}
