//! The report file of a run, `runs/<run id>.json`: updated during the run, and read back to add up daily quotas. What a
//! run does is not decided here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures::{StreamExt as _, stream};
use pitlake_contract::{DateRange, counted};
use tokio::sync::{Mutex, OnceCell};

use super::{Exit, Lately, Look, Report, TableReport};
use crate::bronze::PROGRAM;
use crate::clock::{Clock, shanghai_day};
use crate::real;
use crate::store::{Store, is_passing};

/// Reports read concurrently.
const AT_ONCE: usize = 16;

/// Pauses before reading a report again that the store cannot give right now. The client beneath has retried by then.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

/// The report of the current run, and its file.
#[derive(Debug)]
pub struct Journal {
    store: Store,
    path: String,
    report: Mutex<Report>,
    /// Looks at answers by earlier runs, by table.
    looks: OnceCell<BTreeMap<String, Vec<Look>>>,
}

impl Journal {
    /// Starts a report. Its file is written before anything else.
    ///
    /// # Errors
    /// When the lake cannot be written.
    pub async fn begin(store: &Store, clock: Clock, command: &str, jobs: &[String]) -> Result<Self> {
        store.clear_staging()?;
        let started = clock.now();
        let stamp = started.format("%Y%m%dT%H%M%S%3fZ").to_string();
        let mut report = Report {
            run: stamp.clone(),
            program: PROGRAM.to_owned(),
            command: command.to_owned(),
            jobs: jobs.to_vec(),
            started,
            exit: None,
            calls: BTreeMap::new(),
            lately: Lately::new(),
            stopped: BTreeMap::new(),
            calendar: None,
            clock: None,
            passed_over: BTreeMap::new(),
            tables: BTreeMap::new(),
            error: None,
        };
        for ordinal in 1.. {
            let path = format!("runs/{}.json", report.run);
            if store.create(&path, serde_json::to_vec_pretty(&report)?.into()).await? {
                let report = Mutex::new(report);
                return Ok(Self { store: store.clone(), path, report, looks: OnceCell::new() });
            }
            report.run = format!("{stamp}-{ordinal}");
        }
        unreachable!("some ordinal is free")
    }

    /// The path of its file in the lake.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// When the run began, by its clock.
    pub async fn began(&self) -> DateTime<Utc> {
        self.report.lock().await.started
    }

    /// Records that a vendor accepts no more calls from this run, and why.
    pub async fn stopped(&self, vendor: &str, reason: String) {
        self.report.lock().await.stopped.entry(vendor.to_owned()).or_insert(reason);
    }

    /// Records how far this machine's clock is ahead of a vendor's. Only the first vendor that tells is named.
    pub async fn clock_off(&self, vendor: &str, ahead: TimeDelta) {
        let minutes = counted(ahead.num_minutes().unsigned_abs(), "minute");
        let text = if ahead > TimeDelta::zero() {
            format!(
                "this machine's clock is {minutes} ahead of {vendor}'s: set it, because requests and the dates of \
                 answers depend on it"
            )
        } else {
            format!(
                "this machine's clock is {minutes} behind {vendor}'s: set it, because requests and the dates of \
                 answers depend on it"
            )
        };
        self.report.lock().await.clock.get_or_insert(text);
    }

    /// Records the days that the lake's calendar covers.
    pub async fn calendar(&self, covers: DateRange) {
        self.report.lock().await.calendar = Some(covers);
    }

    /// Records the calls sent in the last minute.
    pub async fn lately(&self, sent: Lately) {
        self.report.lock().await.lately = sent;
    }

    /// Updates the report of a table.
    pub async fn table(&self, name: &str, change: impl FnOnce(&mut TableReport)) {
        change(self.report.lock().await.tables.entry(name.to_owned()).or_default());
    }

    /// The days on which earlier runs asked for a slice and got exactly these rows, without keeping them.
    ///
    /// # Errors
    /// As [`all`].
    pub async fn looks(&self, table: &str, slice: &str, digest: &str) -> Result<BTreeSet<NaiveDate>> {
        let read = || async {
            let mut looks: BTreeMap<String, Vec<Look>> = BTreeMap::new();
            for (table, report) in all(&self.store).await?.into_iter().flat_map(|run| run.tables) {
                looks.entry(table).or_default().extend(report.looks);
            }
            Ok::<_, anyhow::Error>(looks)
        };
        let looks = self.looks.get_or_try_init(read).await?;
        let same = |look: &&Look| look.slice == slice;
        let of_slice: Vec<&Look> = looks.get(table).into_iter().flatten().filter(same).collect();
        // Only the newest consecutive looks count: if the vendor changed its mind, counting starts over.
        let agreeing = of_slice.iter().rev().take_while(|look| look.digest == digest);
        Ok(agreeing.map(|look| look.day).collect())
    }

    /// Writes the report as it is now.
    ///
    /// # Errors
    /// When the lake cannot be written.
    pub async fn save(&self, calls: BTreeMap<String, u64>) -> Result<()> {
        let body = {
            let mut report = self.report.lock().await;
            report.calls = calls;
            serde_json::to_vec_pretty(&*report)?
        };
        self.store.put(&self.path, body.into()).await
    }

    /// Ends the run. `failed` is the error that ended it, with its exit code.
    ///
    /// # Errors
    /// When the lake cannot be written.
    pub async fn end(self, calls: BTreeMap<String, u64>, failed: Option<(&anyhow::Error, Exit)>) -> Result<Report> {
        let mut report = self.report.into_inner();
        report.calls = calls;
        report.passed_over = self.store.passed_over();
        report.error = failed.map(|(error, _)| format!("{error:#}"));
        report.exit = Some(failed.map_or_else(|| report.exit_code(), |(_, exit)| exit));
        self.store.put(&self.path, serde_json::to_vec_pretty(&report)?.into()).await?;
        Ok(report)
    }
}

/// Whether an interface, as named in reports, belongs to a vendor.
#[must_use]
pub fn is_of(interface: &str, vendor: &str) -> bool {
    interface.split_once('/').is_some_and(|(of, _)| of == vendor)
}

/// Calls sent to a vendor today (Shanghai) by all runs of the lake. `but` is the report of a run that counts its own.
///
/// # Errors
/// As [`all`].
pub async fn spent(store: &Store, clock: Clock, vendor: &str, but: Option<&str>) -> Result<u64> {
    let (today, but) = (clock.today(), but.map(name));
    // Reports of earlier days are not even read, because each is a request. Their names begin with a UTC date.
    let yesterday = (today - chrono::Days::new(1)).format("%Y%m%d").to_string();
    let runs = read(store, |name| name >= yesterday.as_str() && Some(name) != but).await?;
    let of_today = runs.into_iter().filter(|run| shanghai_day(run.started) == today);
    let calls = of_today.flat_map(|run| run.calls).filter(|(interface, _)| is_of(interface, vendor));
    Ok(calls.map(|(_, calls)| calls).sum())
}

/// The name of a report without its folder.
fn name(path: &str) -> &str {
    path.trim_start_matches("runs/")
}

/// All reports of the lake, oldest first. Damaged ones are recorded and skipped.
///
/// # Errors
/// When they cannot be listed, or the store cannot give one right now: its calls must not count as none.
pub async fn all(store: &Store) -> Result<Vec<Report>> {
    read(store, |_| true).await
}

/// The reports of the lake that can be read now, oldest first, for display only. Others are recorded and skipped.
///
/// # Errors
/// When they cannot be listed.
pub async fn readable(store: &Store) -> Result<Vec<Report>> {
    let mut reports = Vec::new();
    for (path, body) in bodies(store, |_| true).await? {
        reports.extend(parsed(store, &path, body));
    }
    Ok(reports)
}

/// The reports with some names, oldest first.
async fn read(store: &Store, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<Report>> {
    let mut reports = Vec::new();
    for (path, body) in bodies(store, is_wanted).await? {
        if let Err(error) = &body
            && is_passing(error)
        {
            return body.map(|_| Vec::new()).context("a report of an earlier run cannot be read for now; run again");
        }
        reports.extend(parsed(store, &path, body));
    }
    Ok(reports)
}

/// The paths with some names, and what the store gives for each.
async fn bodies(store: &Store, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<(String, Result<Bytes>)>> {
    let mut paths: Vec<String> = store.list("runs").await?.into_iter().map(|entry| entry.path).collect();
    // Other programs may leave files anywhere.
    paths.retain(|path| path.strip_suffix(".json").is_some() && is_wanted(name(path)));
    let one = async |path: String| {
        let mut pauses = PAUSES.iter();
        loop {
            match (store.read(&path).await, pauses.next()) {
                (Err(error), Some(pause)) if is_passing(&error) => real::sleep(*pause).await,
                (body, _) => return (path, body),
            }
        }
    };
    Ok(stream::iter(paths).map(one).buffered(AT_ONCE).collect().await)
}

/// Parses a report. One that is invalid or cannot be read is recorded and skipped.
fn parsed(store: &Store, path: &str, body: Result<Bytes>) -> Option<Report> {
    match body.map(|body| serde_json::from_slice(&body)) {
        Ok(Ok(report)) => return Some(report),
        Ok(Err(error)) => store.pass_over(path, &format!("it is not the report of a run ({error}); remove it")),
        Err(error) => store.pass_over(path, &format!("{error:#}; check its permissions, or run again")),
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::real::simulated::Simulated;
    use crate::store::unreliable::{Knows, Unreliable};

    fn machine() -> Simulated {
        Simulated::at("2024-01-02T10:00:00Z".parse().unwrap())
    }

    /// A lake with one report that has calls of today, and a clock at that day.
    async fn lake() -> (Store, Arc<Unreliable>, Clock) {
        let objects = Unreliable::new(Knows::All);
        let store = Store::over("test", objects.clone());
        let clock = Clock::fixed(real::now());
        let journal = Journal::begin(&store, clock, "run", &[]).await.unwrap();
        let look = Look { slice: "2024-01-02".into(), day: clock.today(), digest: "d".into() };
        journal.table("t", |table| table.looks.extend([look])).await;
        journal.end(BTreeMap::from([("tushare/daily".to_owned(), 7)]), None).await.unwrap();
        (store, objects, clock)
    }

    #[test]
    fn a_report_that_is_not_given_for_a_moment_is_waited_for() {
        machine().run(async {
            let (store, objects, clock) = lake().await;
            objects.withhold(PAUSES.len());
            assert_eq!(spent(&store, clock, "tushare", None).await.unwrap(), 7);
            assert!(store.passed_over().is_empty());
        });
    }

    #[test]
    fn calls_that_nobody_can_tell_are_not_none() {
        machine().run(async {
            let (store, objects, clock) = lake().await;
            objects.withhold(usize::MAX);
            let error = format!("{:#}", spent(&store, clock, "tushare", None).await.unwrap_err());
            let expected = "a report of an earlier run cannot be read for now; run again: cannot read \
                            `runs/20240102T100000000Z.json` in the lake test: 503";
            assert_eq!(error, expected);
            // The same goes for looks of earlier runs.
            let journal = Journal::begin(&store, clock, "run", &[]).await.unwrap();
            assert!(journal.looks("t", "2024-01-02", "d").await.is_err());
            assert!(store.passed_over().is_empty());
            objects.withhold(0);
            assert_eq!(journal.looks("t", "2024-01-02", "d").await.unwrap().len(), 1);
        });
    }

    #[test]
    fn what_only_shows_reports_goes_on_without_one() {
        machine().run(async {
            let (store, objects, clock) = lake().await;
            objects.withhold(usize::MAX);
            assert!(readable(&store).await.unwrap().is_empty());
            assert_eq!(store.passed_over().len(), 1);
            // A damaged report stays damaged.
            objects.withhold(0);
            store.put("runs/20240102T090000000Z.json", "{".into()).await.unwrap();
            assert_eq!(spent(&store, clock, "tushare", None).await.unwrap(), 7);
            assert_eq!(store.passed_over().len(), 2);
        });
    }
}
