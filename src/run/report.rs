//! What a run did: kept up in `runs/<run id>.json` while it goes on, and the source of the closing
//! summary and of the exit code. Never holds a secret.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::World;
use crate::bronze::PROGRAM;
use crate::clock::{Clock, shanghai_day};
use crate::fetch::Failure;
use crate::store::Store;
use crate::vendor::Refusal;

/// What the exit status tells a scheduler (`design.md` 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// Something nobody foresaw, or an unwritable lake.
    Failed = 1,
    /// Wrong command line or configuration; nothing was done.
    Misuse = 2,
    /// Some slices or partitions failed, the others are safe.
    Incomplete = 3,
    /// A data check failed; the bad partition was not published.
    BadData = 4,
    /// Token rejected, or no right.
    NoRight = 5,
    /// Quota spent.
    QuotaSpent = 6,
    /// Another run holds the lease.
    Leased = 7,
    /// Not published yet.
    NotPublished = 8,
}

impl Exit {
    /// Most severe first.
    const SEVERITY: [Self; 8] = [
        Self::NoRight,
        Self::BadData,
        Self::Failed,
        Self::Incomplete,
        Self::QuotaSpent,
        Self::NotPublished,
        Self::Leased,
        Self::Done,
    ];
}

impl Exit {
    /// The most severe of some exit codes; a wrong configuration before all.
    #[must_use]
    pub fn worst(codes: impl IntoIterator<Item = u8>) -> Self {
        let codes: BTreeSet<u8> = codes.into_iter().collect();
        let severity = [Self::Misuse].into_iter().chain(Self::SEVERITY);
        severity.into_iter().find(|exit| codes.contains(&(*exit as u8))).unwrap_or(Self::Done)
    }
}

/// A slice that has no answer, or a partition that was not published.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub struct Failed {
    /// What: the slice or the partition.
    pub what: Vec<String>,
    /// Why.
    pub reason: String,
    /// The exit code it stands for.
    pub exit: u8,
}

/// What was done for one table.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TableReport {
    /// Slices that bronze held already.
    pub held: usize,
    /// Slices fetched.
    pub fetched: usize,
    /// Of those, how many said the same as before.
    pub unchanged: usize,
    /// Rows fetched.
    pub rows_fetched: usize,
    /// Days not published yet: before their hour, or an empty answer on an open day.
    pub not_published: BTreeSet<NaiveDate>,
    /// Days that nobody named and that are not published yet: the next run asks again.
    pub passed_over: BTreeSet<NaiveDate>,
    /// Days the calendar at hand does not reach.
    pub beyond_calendar: BTreeSet<NaiveDate>,
    /// Slices and partitions that failed, by reason.
    pub failed: Vec<Failed>,
    /// Partitions written.
    pub built: Vec<String>,
    /// Partitions that were current.
    pub current: usize,
    /// Rows in the partitions written.
    pub rows_built: usize,
    /// Rows set aside in the partitions written.
    pub rejected: usize,
    /// Fields that came and are in no contract.
    pub unknown_fields: BTreeSet<String>,
    /// Fields that the vendor did not send.
    pub absent_fields: BTreeSet<String>,
    /// Columns that stay empty in some versions, because the file that showed them first lacked them.
    pub lacking_columns: BTreeSet<String>,
    /// What a person should know.
    pub notes: BTreeSet<String>,
}

impl TableReport {
    pub(super) fn fail(&mut self, what: String, reason: String, exit: Exit) {
        let exit = exit as u8;
        match self.failed.iter_mut().find(|failed| failed.reason == reason && failed.exit == exit) {
            Some(failed) => failed.what.push(what),
            None => self.failed.push(Failed { what: vec![what], reason, exit }),
        }
    }

    /// Turns missing rights into notes: what they were wanted for is at hand.
    pub(super) fn excuse_rights(&mut self) {
        let (excused, failed) =
            std::mem::take(&mut self.failed).into_iter().partition(|failed| failed.exit == Exit::NoRight as u8);
        self.failed = failed;
        let excused: Vec<Failed> = excused;
        self.notes.extend(excused.into_iter().map(|failed| format!("not refreshed: {}", failed.reason)));
    }
}

/// One run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// Its id, and the name of its file.
    pub run: String,
    /// Name and version of the program.
    pub program: String,
    /// The command.
    pub command: String,
    /// When it began, by its clock.
    pub started: DateTime<Utc>,
    /// Null while it goes on, or when it was killed.
    pub exit: Option<u8>,
    /// Calls sent, by interface.
    pub calls: BTreeMap<String, u64>,
    /// What was done, by table.
    pub tables: BTreeMap<String, TableReport>,
    /// An error that ended the run.
    pub error: Option<String>,
}

impl Report {
    /// The most severe thing that happened.
    #[must_use]
    pub fn exit_code(&self) -> Exit {
        let mut met = BTreeSet::new();
        for table in self.tables.values() {
            met.extend(table.failed.iter().map(|failed| failed.exit));
            if !table.not_published.is_empty() || !table.beyond_calendar.is_empty() {
                met.insert(Exit::NotPublished as u8);
            }
        }
        Exit::worst(met)
    }
}

/// The exit code a failed slice stands for.
pub(super) fn exit_of(failure: &Failure) -> Exit {
    match failure {
        Failure::Refused(Refusal::Forbidden(_) | Refusal::Rejected(_)) => Exit::NoRight,
        Failure::Refused(Refusal::QuotaSpent(_) | Refusal::AccountSpent(_)) => Exit::QuotaSpent,
        _ => Exit::Incomplete,
    }
}

/// The report of the run that goes on, and its file.
#[derive(Debug)]
pub(super) struct Journal {
    store: Store,
    path: String,
    report: Mutex<Report>,
}

impl Journal {
    /// Begins a report; its file is there before anything else is written.
    pub(super) async fn begin(store: &Store, clock: Clock, command: &str) -> Result<Self> {
        store.clear_staging()?;
        let started = clock.now();
        let stamp = started.format("%Y%m%dT%H%M%S%3fZ").to_string();
        let mut report = Report {
            run: stamp.clone(),
            program: PROGRAM.to_owned(),
            command: command.to_owned(),
            started,
            exit: None,
            calls: BTreeMap::new(),
            tables: BTreeMap::new(),
            error: None,
        };
        for ordinal in 1.. {
            let path = format!("runs/{}.json", report.run);
            if store.create(&path, serde_json::to_vec_pretty(&report)?.into()).await? {
                return Ok(Self { store: store.clone(), path, report: Mutex::new(report) });
            }
            report.run = format!("{stamp}-{ordinal}");
        }
        unreachable!("some ordinal is free")
    }

    /// Changes what is known of a table.
    pub(super) async fn table(&self, name: &str, change: impl FnOnce(&mut TableReport)) {
        change(self.report.lock().await.tables.entry(name.to_owned()).or_default());
    }

    /// Writes the report as it stands.
    pub(super) async fn save(&self, calls: BTreeMap<String, u64>) -> Result<()> {
        let body = {
            let mut report = self.report.lock().await;
            report.calls = calls;
            serde_json::to_vec_pretty(&*report)?
        };
        self.store.put(&self.path, body.into()).await
    }

    /// Ends the run: the last word on it.
    pub(super) async fn end(self, calls: BTreeMap<String, u64>, error: Option<&anyhow::Error>) -> Result<Report> {
        let mut report = self.report.into_inner();
        report.calls = calls;
        report.error = error.map(|error| format!("{error:#}"));
        report.exit = Some(if error.is_some() { super::exit_of_error(error) } else { report.exit_code() } as u8);
        self.store.put(&self.path, serde_json::to_vec_pretty(&report)?.into()).await?;
        Ok(report)
    }
}

/// Calls that the lake's runs of today (Shanghai) sent to a vendor.
pub(super) async fn spent(world: &World, vendor: &str) -> Result<u64> {
    let (today, prefix) = (world.clock.today(), format!("{vendor}/"));
    let of_today = all(&world.store).await?.into_iter().filter(|run| shanghai_day(run.started) == today);
    let calls = of_today.flat_map(|run| run.calls).filter(|(interface, _)| interface.starts_with(&prefix));
    Ok(calls.map(|(_, calls)| calls).sum())
}

/// Every report of the lake, oldest first.
pub(super) async fn all(store: &Store) -> Result<Vec<Report>> {
    let mut reports = Vec::new();
    for entry in store.list("runs").await? {
        match serde_json::from_slice(&store.read(&entry.path).await?) {
            Ok(report) => reports.push(report),
            Err(error) => tracing::warn!("`{}` is no report of a run: {error}", entry.path),
        }
    }
    Ok(reports)
}
