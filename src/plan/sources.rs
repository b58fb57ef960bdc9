//! Which interfaces of a table an account uses, how fast, and for which days. Which slices is decided in `slices`.

use std::sync::Arc;

use chrono::NaiveDate;

use super::Facts;
use crate::spec::{Catalog, Job, Jobs, Schedule, Table, TableSource};

/// Calls per minute for a vendor whose limits are unknown.
const USUAL_RATE: u32 = 50;

/// How fast calls may go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Per minute.
    pub per_minute: u32,
    /// Per second, if the vendor limits those; the minute is not limited then.
    pub per_second: Option<u32>,
}

impl Allowance {
    /// Calls per second, at least one.
    #[must_use]
    pub fn a_second(self) -> usize {
        self.per_second.unwrap_or(self.per_minute / 60).max(1) as usize
    }
}

/// A source to use, and for which days.
#[derive(Debug, Clone, Copy)]
pub(super) struct AskedSource {
    /// Index among the table's sources.
    pub(super) source: usize,
    /// The first day, if earlier ones are left to another interface.
    pub(super) from: Option<NaiveDate>,
    /// The day after the last, if later ones are left to another interface.
    pub(super) until: Option<NaiveDate>,
}

/// Of the interfaces of a folder, which give the same answers, the first that the account's points allow is used, and
/// others for the days before its history begins. If the points allow none, the last is used, so that the vendor itself
/// refuses.
pub(super) fn asked(jobs: &Jobs, table: &Table) -> Vec<AskedSource> {
    let mut all: Vec<AskedSource> = Vec::new();
    for first in 0..table.sources.len() {
        let sharing: Vec<usize> = table.sharing(first).collect();
        let Some(account) = jobs.accounts.get(&table.sources[first].contract.id.vendor) else { continue };
        if sharing[0] != first {
            continue;
        }
        let points = |index: &usize| table.sources[*index].contract.points;
        let mut open: Vec<usize> = sharing.iter().copied().filter(|i| points(i) <= account.points).collect();
        if open.is_empty() {
            open.extend(sharing.last());
        }
        let last = open.len() - 1;
        let mut until = None;
        for (place, source) in open.into_iter().enumerate() {
            let begins = table.sources[source].contract.publication.history_from;
            // An interface that reaches no further back adds nothing.
            if until.is_none_or(|until| begins < until) {
                all.push(AskedSource { source, from: (place < last).then_some(begins), until });
                until = Some(begins);
            }
        }
    }
    all
}

/// Index of the interface that an account uses for a table's newest days; `None` if no configured vendor sells it.
#[must_use]
pub fn asked_first(jobs: &Jobs, table: &Table) -> Option<usize> {
    asked(jobs, table).first().map(|asked| asked.source)
}

/// Whether a table is requested by security.
#[must_use]
pub fn by_security(jobs: &Jobs, table: &Table) -> bool {
    asked(jobs, table).into_iter().any(|asked| table.sources[asked.source].contract.ask.axis.by_security())
}

/// Whether any table is requested by security without a job naming the securities.
#[must_use]
pub fn needs_universe(jobs: &Jobs, tables: &[Arc<Table>]) -> bool {
    tables.iter().any(|table| jobs.symbols(&table.name).is_none() && by_security(jobs, table))
}

/// How fast calls to an interface may go out: as `jobs.toml` says, else as the account's points allow.
#[must_use]
pub fn allowance(catalog: &Catalog, jobs: &Jobs, source: &TableSource) -> Allowance {
    let contract = &source.contract;
    let account = jobs.accounts.get(&contract.id.vendor);
    let points = account.map_or(0, |account| account.points);
    let own = account.and_then(|account| account.requests_per_minute);
    let facts = catalog.vendor(&contract.id.vendor);
    let per_minute = own.or(facts.map(|facts| contract.requests_per_minute(facts, points))).unwrap_or(USUAL_RATE);
    let per_second = facts.and_then(|facts| contract.requests_per_second(facts, points)).filter(|_| own.is_none());
    Allowance { per_minute, per_second }
}

/// Checks that a configured vendor sells the table.
///
/// # Errors
/// A message for the user, if none does.
pub fn seller(jobs: &Jobs, table: &Table) -> Result<(), String> {
    let mut vendors: Vec<&str> = table.sources.iter().map(|source| source.contract.id.vendor.as_str()).collect();
    if vendors.iter().any(|vendor| jobs.accounts.contains_key(*vendor)) {
        return Ok(());
    }
    vendors.dedup();
    let vendors = vendors.iter().map(|vendor| format!("[vendors.{vendor}]")).collect::<Vec<_>>().join(" or ");
    Err(format!(
        "no configured vendor provides `{}`: add {vendors} to jobs.toml, write one with `pitlake config init`, or name another file with --config",
        table.name
    ))
}

/// The jobs that have a schedule and tables that a configured vendor sells. If names are given, only those.
pub fn scheduled<'a>(
    catalog: &'a Catalog,
    jobs: &'a Jobs,
    names: &'a [String],
) -> impl Iterator<Item = (&'a String, &'a Job, &'a Schedule)> {
    let is_sold = |job: &Job| {
        let mut tables = job.tables.iter().filter_map(|table| catalog.table(table));
        tables.all(|table| seller(jobs, table).is_ok())
    };
    let with_schedule = jobs.jobs.iter().filter_map(|(name, job)| Some((name, job, job.schedule.as_ref()?)));
    with_schedule.filter(move |(name, job, _)| is_sold(job) && (names.is_empty() || names.contains(name)))
}

impl Facts<'_> {
    /// Like [`allowance`], for these facts.
    pub(super) fn allowance(&self, source: &TableSource) -> Allowance {
        allowance(self.catalog, self.jobs, source)
    }
}
