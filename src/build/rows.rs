//! Selects the files of a partition that matter, and says what each contributes. How they are read is up to `read`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use arrow::array::RecordBatch;
use chrono::{DateTime, Utc};

use super::fill::fill;
use super::input::{AnsweredCalls, TaskFile};
use crate::bronze::{self, Mark, Provenance};
use crate::ledger::{CountingFile, Ledger, LedgerFile, Look};
use crate::normalise::{self, Answering, Builder, Partition, Reject, Shown, Wholeness};
use crate::parallel::Threads;
use crate::spec::Table;
use crate::store::Store;

/// The files of a partition that count, as inputs of a task.
pub(super) async fn task_files(store: &Store, ledger: &Ledger, files: &[Arc<LedgerFile>]) -> Result<Vec<TaskFile>> {
    let paths: BTreeSet<&str> = files.iter().map(|file| file.file.path.as_str()).collect();
    let is_ours = |file: &LedgerFile| paths.contains(file.file.path.as_str());
    if ledger.table().versions.is_none() {
        read_contested(store, ledger, files).await;
        return Ok(ledger.counting(files)?.iter().map(|file| counting_file(ledger.table(), file)).collect());
    }
    // With versions every file counts, even one that repeats an answer: it shows what the vendor had at that time.
    ledger.read(store, is_ours).await;
    observations(ledger, files)
}

/// If the table has a companion, all files of a partition that matter: those that no longer count still show former
/// states. Otherwise those that count.
pub(super) async fn look_files(store: &Store, ledger: &Ledger, files: &[Arc<LedgerFile>]) -> Result<Vec<TaskFile>> {
    let table = ledger.table();
    if table.companion().is_none() {
        return task_files(store, ledger, files).await;
    }
    read_contested(store, ledger, files).await;
    let looks = ledger.looks(&ledger.telling(files))?;
    let said: Vec<Arc<LedgerFile>> = looks.iter().map(|look| Arc::clone(&look.file.said)).collect();
    let observed = ledger.observed(&said);
    let answering: Vec<Answering> = looks.iter().map(|look| look.answering).collect();
    let counting: BTreeSet<u32> =
        normalise::counting(&answering).into_iter().map(|place| answering[place].rows).collect();
    let file = |(look, observed): (&Look, Option<DateTime<Utc>>)| {
        let said = &look.file.said;
        TaskFile {
            observed: Some(observed.unwrap_or_else(|| said.file.written_at())),
            slice: look.answering.slice,
            is_former: !counting.contains(&look.answering.rows),
            ..counting_file(table, &look.file)
        }
    };
    Ok(looks.iter().zip(observed).map(file).collect())
}

/// Reads the headers that tell which files of a partition count and which only repeat another.
pub(super) async fn read_contested(store: &Store, ledger: &Ledger, files: &[Arc<LedgerFile>]) {
    let contested = ledger.contested(files);
    ledger.read(store, |file| contested.contains(file.file.path.as_str())).await;
}

/// A file whose rows count.
pub(super) fn counting_file(table: &Table, file: &CountingFile) -> TaskFile {
    TaskFile { wholeness: wholeness(&file.said), ..plain(table, &file.rows) }
}

fn wholeness(file: &LedgerFile) -> Wholeness {
    match file.file.mark {
        None => Wholeness::Whole,
        Some(Mark::Short) => Wholeness::Short,
        Some(Mark::Due | Mark::Damaged) => Wholeness::Partial,
    }
}

/// A file with a body.
fn plain(table: &Table, file: &LedgerFile) -> TaskFile {
    TaskFile {
        path: file.file.path.clone(),
        interface: table.sources[file.source].contract.id.to_string(),
        span: file.file.span,
        observed: file.observed(),
        shown: if file.provenance().is_some_and(Provenance::is_undated) { Shown::Before } else { Shown::Then },
        wholeness: wholeness(file),
        slice: None,
        is_former: false,
        repeats: None,
    }
}

fn observations(ledger: &Ledger, files: &[Arc<LedgerFile>]) -> Result<Vec<TaskFile>> {
    let mut all = Vec::with_capacity(files.len());
    let observed = ledger.observed(files);
    for ((place, file), observed) in files.iter().enumerate().zip(observed) {
        let mut one = TaskFile { observed, ..plain(ledger.table(), file) };
        one.span |= ledger.is_look_everywhere(file);
        // Another program's file without a receipt time existed when it was written.
        one.observed = one.observed.or(Some(file.file.modified));
        if let Some(provenance) = file.checked()?
            && let Some(same_as) = &provenance.same_as
        {
            // The repeated file may feed only other partitions.
            if ledger.repeated(file).is_none() {
                let path = &one.path;
                let is_answered_again = files[place + 1..].iter().filter_map(|later| later.provenance());
                let mut is_answered_again = is_answered_again.filter(|later| later.same_as.is_none());
                if !is_answered_again.any(|later| later.params == provenance.params) {
                    let backfill = bronze::backfill(&ledger.table().name, path, Some(provenance));
                    bail!("`{path}` refers to `{same_as}`, which no longer exists: run `{backfill} --refetch`");
                }
                tracing::warn!("`{path}` refers to `{same_as}`, which no longer exists; a later answer replaces both");
            }
            let (params, rows_of) = (provenance.params.to_vec(), provenance.rows_of.clone());
            one.repeats = Some(AnsweredCalls { params, rows_of, month: None, day: None });
        }
        all.push((observed.unwrap_or_else(|| file.file.written_at()), one));
    }
    // Sort a capture among the answers of its own day.
    all.sort_by_key(|(at, _)| *at);
    Ok(all.into_iter().map(|(_, one)| one).collect())
}

/// The rows of a partition as the table keeps them, without the sessions of versions.
///
/// # Errors
/// When the partition cannot be built or the lake cannot be read.
pub async fn rows_of(
    store: &Store,
    ledger: &Ledger,
    (partition, files): (Partition, &[Arc<LedgerFile>]),
) -> Result<RecordBatch> {
    let files = task_files(store, ledger, files).await?;
    let finish = |builder: Builder<'_>| Ok(builder.finish(&|_| None)?.batch);
    fill(store, (ledger.table(), partition), files, Threads::available(), finish).await
}

/// Fills in the text of rows that were rejected as a group and are known only by file and line.
pub(super) async fn quote(store: &Store, rejects: &mut [Reject]) -> Result<()> {
    let mut unquoted: BTreeMap<String, Vec<&mut Reject>> = BTreeMap::new();
    for reject in rejects.iter_mut().filter(|reject| reject.row.is_empty()) {
        unquoted.entry(reject.file.clone()).or_default().push(reject);
    }
    for (path, rejects) in unquoted {
        let body = store.read(&path).await?;
        let mut text = Vec::new();
        bronze::inflate(&body, &mut text).with_context(|| format!("cannot read `{path}`"))?;
        let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
        for reject in rejects {
            reject.row = String::from_utf8_lossy(lines[reject.line - 1]).into_owned();
        }
    }
    Ok(())
}
