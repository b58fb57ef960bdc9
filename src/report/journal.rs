//! The file of a run, `runs/<run id>.json`: kept up while the run goes on, and summed for daily quotas. Never what a run
//! does.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures::{StreamExt as _, stream};
use pitlake_contract::{DateRange, counted};
use tokio::sync::{Mutex, OnceCell};

use super::{Exit, Look, Report, TableReport};
use crate::bronze::PROGRAM;
use crate::clock::{Clock, shanghai_day};
use crate::store::Store;

/// Reports read at the same time.
const AT_ONCE: usize = 16;

/// The report of the run that goes on, and its file.
#[derive(Debug)]
pub struct Journal {
    store: Store,
    path: String,
    report: Mutex<Report>,
    /// The looks of earlier runs, by table.
    looks: OnceCell<BTreeMap<String, Vec<Look>>>,
}

impl Journal {
    /// Begins a report; its file is there before anything else is written.
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

    /// Its file, in the lake.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// When the run began, by its clock.
    pub async fn began(&self) -> DateTime<Utc> {
        self.report.lock().await.started
    }

    /// A vendor that takes no more calls of this run, and why.
    pub async fn stopped(&self, vendor: &str, reason: String) {
        self.report.lock().await.stopped.entry(vendor.to_owned()).or_insert(reason);
    }

    /// This machine's clock is so far ahead of that of a vendor; the first one that tells is named.
    pub async fn clock_off(&self, vendor: &str, ahead: TimeDelta) {
        let minutes = counted(ahead.num_minutes().unsigned_abs(), "minute");
        let text = if ahead > TimeDelta::zero() {
            format!(
                "this machine's clock is {minutes} ahead of the one of {vendor}: set it, because what is asked for and how \
                 answers are dated depends on it"
            )
        } else {
            format!(
                "this machine's clock is {minutes} behind the one of {vendor}: set it, because what is asked for and how \
                 answers are dated depends on it"
            )
        };
        self.report.lock().await.clock.get_or_insert(text);
    }

    /// The days that the calendar of the lake covers.
    pub async fn calendar(&self, covers: DateRange) {
        self.report.lock().await.calendar = Some(covers);
    }

    /// Changes what is known of a table.
    pub async fn table(&self, name: &str, change: impl FnOnce(&mut TableReport)) {
        change(self.report.lock().await.tables.entry(name.to_owned()).or_default());
    }

    /// The days on which earlier runs looked at a slice and found these rows, which they did not keep.
    ///
    /// # Errors
    /// When the reports cannot be read.
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
        // Only the newest looks that agree count: a vendor that changed its mind starts anew.
        let agreeing = of_slice.iter().rev().take_while(|look| look.digest == digest);
        Ok(agreeing.map(|look| look.day).collect())
    }

    /// Writes the report as it stands.
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

    /// Ends the run; `failed` is the error that ended it, with its exit code.
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

/// Calls that the lake's runs of today (Shanghai) sent to a vendor.
///
/// # Errors
/// When the reports cannot be read.
pub async fn spent(store: &Store, clock: Clock, vendor: &str) -> Result<u64> {
    let (today, prefix) = (clock.today(), format!("{vendor}/"));
    // Reports of former days are not even read: each is a request. Their names begin with a day of UTC.
    let yesterday = (today - chrono::Days::new(1)).format("%Y%m%d").to_string();
    let runs = read(store, |name| name >= yesterday.as_str()).await?;
    let of_today = runs.into_iter().filter(|run| shanghai_day(run.started) == today);
    let calls = of_today.flat_map(|run| run.calls).filter(|(interface, _)| interface.starts_with(&prefix));
    Ok(calls.map(|(_, calls)| calls).sum())
}

/// Every report of the lake, oldest first.
///
/// # Errors
/// When they cannot be listed. One that cannot be read is passed over.
pub async fn all(store: &Store) -> Result<Vec<Report>> {
    read(store, |_| true).await
}

/// The reports of some names, oldest first.
async fn read(store: &Store, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<Report>> {
    let mut paths: Vec<String> = store.list("runs").await?.into_iter().map(|entry| entry.path).collect();
    // Others may leave files of theirs anywhere.
    paths.retain(|path| path.strip_suffix(".json").is_some() && is_wanted(path.trim_start_matches("runs/")));
    let bodies = stream::iter(&paths).map(|path| store.read(path)).buffered(AT_ONCE);
    let bodies: Vec<Result<Bytes>> = bodies.collect().await;
    let mut reports = Vec::new();
    for (path, body) in paths.iter().zip(bodies) {
        match body.map(|body| serde_json::from_slice(&body)) {
            Ok(Ok(report)) => reports.push(report),
            Ok(Err(error)) => store.pass_over(path, &format!("it is not the report of a run ({error}); remove it")),
            Err(error) => store.pass_over(path, &format!("{error:#}; see to its permissions, or run again")),
        }
    }
    Ok(reports)
}
