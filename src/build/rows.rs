//! Bronze files to the rows of a partition: bodies are read ahead, and typed off the async threads. Never which files
//! feed it, or where rows go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use arrow::array::RecordBatch;
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use pitlake_contract::{Answered, Slice};
use tokio::sync::mpsc;

use super::input::{AnsweredCalls, TaskFile};
use crate::bronze::{self, Mark, Provenance};
use crate::ledger::{CountingFile, Ledger, LedgerFile, Look};
use crate::normalise::{self, Answering, Builder, Input, Partition, Reject, Shown, Stop, Tells, Wholeness};
use crate::spec::{Axis, Table, TableSource};
use crate::store::Store;

/// Bodies that are read before they are needed.
const AHEAD: usize = 2;

/// Of the files of a partition those that count, as inputs of a task.
pub(super) async fn task_files(store: &Store, ledger: &Ledger, files: &[Arc<LedgerFile>]) -> Result<Vec<TaskFile>> {
    let paths: BTreeSet<&str> = files.iter().map(|file| file.file.path.as_str()).collect();
    let is_ours = |file: &LedgerFile| paths.contains(file.file.path.as_str());
    if ledger.table().versions.is_none() {
        read_contested(store, ledger, files).await;
        return Ok(ledger.counting(files)?.iter().map(|file| counting_file(ledger.table(), file)).collect());
    }
    // Where versions are kept every file counts, as an observation of what the vendor had at that time; a repeated answer
    // is one too.
    ledger.read(store, is_ours).await;
    observations(ledger, files)
}

/// Of the files of a partition all that tell something, where the table has a companion: what no longer counts tells its
/// former states.
pub(super) async fn look_files(store: &Store, ledger: &Ledger, files: &[Arc<LedgerFile>]) -> Result<Vec<TaskFile>> {
    let table = ledger.table();
    if table.companion().is_none() {
        return task_files(store, ledger, files).await;
    }
    read_contested(store, ledger, files).await;
    let looks = ledger.looks(&ledger.telling(files))?;
    let answering: Vec<Answering> = looks.iter().map(|look| look.answering).collect();
    let counting: BTreeSet<u32> =
        normalise::counting(&answering).into_iter().map(|place| answering[place].rows).collect();
    let file = |look: &Look| {
        let said = &look.file.said;
        let observed = said.provenance().map_or_else(|| said.file.written_at(), Provenance::observed_at);
        TaskFile {
            observed: Some(observed),
            slice: look.answering.slice,
            is_former: !counting.contains(&look.answering.rows),
            ..counting_file(table, &look.file)
        }
    };
    Ok(looks.iter().map(file).collect())
}

/// Reads the headers that tell which files of a partition count, and which only repeat another one.
pub(super) async fn read_contested(store: &Store, ledger: &Ledger, files: &[Arc<LedgerFile>]) {
    let contested = ledger.contested(files);
    ledger.read(store, |file| contested.contains(file.file.path.as_str())).await;
}

/// A file whose rows count.
pub(super) fn counting_file(table: &Table, file: &CountingFile) -> TaskFile {
    TaskFile { wholeness: wholeness(&file.said), ..plain(table, &file.rows) }
}

/// When a file came, by its header or its name.
fn timed(file: &LedgerFile) -> Option<DateTime<Utc>> {
    file.provenance().map(Provenance::observed_at).or(file.file.fetched_at)
}

fn wholeness(file: &LedgerFile) -> Wholeness {
    match file.file.mark {
        None => Wholeness::Whole,
        Some(Mark::Short) => Wholeness::Short,
        Some(Mark::Due | Mark::Damaged) => Wholeness::Partial,
    }
}

/// A file whose body is read.
fn plain(table: &Table, file: &LedgerFile) -> TaskFile {
    TaskFile {
        path: file.file.path.clone(),
        interface: table.sources[file.source].contract.id.to_string(),
        span: file.file.span,
        observed: timed(file),
        shown: if file.provenance().is_some_and(Provenance::is_undated) { Shown::Before } else { Shown::Then },
        wholeness: wholeness(file),
        slice: None,
        is_former: false,
        repeats: None,
    }
}

fn observations(ledger: &Ledger, files: &[Arc<LedgerFile>]) -> Result<Vec<TaskFile>> {
    let mut all = Vec::with_capacity(files.len());
    for (place, file) in files.iter().enumerate() {
        let mut one = plain(ledger.table(), file);
        one.span |= ledger.is_look_everywhere(file);
        // A file of another program that does not tell when it came was there when it was written.
        one.observed = one.observed.or(Some(file.file.modified));
        if let Some(provenance) = file.checked()?
            && let Some(same_as) = &provenance.same_as
        {
            // The file that is repeated may feed other partitions only.
            if ledger.repeated(file).is_none() {
                let path = &one.path;
                let is_answered_again = files[place + 1..].iter().filter_map(|later| later.provenance());
                let mut is_answered_again = is_answered_again.filter(|later| later.same_as.is_none());
                if !is_answered_again.any(|later| later.params == provenance.params) {
                    bail!(
                        "`{path}` refers to `{same_as}`, which no longer exists: run `backfill --refetch` for its slice"
                    );
                }
                tracing::warn!("`{path}` refers to `{same_as}`, which no longer exists; a later answer replaces both");
            }
            let (params, rows_of) = (provenance.params.to_vec(), provenance.rows_of.clone());
            one.repeats = Some(AnsweredCalls { params, rows_of, month: None, day: None });
        }
        all.push((timed(file).unwrap_or_else(|| file.file.written_at()), one));
    }
    // A capture takes its place among the answers of its own day.
    all.sort_by_key(|(at, _)| *at);
    Ok(all.into_iter().map(|(_, one)| one).collect())
}

/// The rows of a partition as the table keeps them, without the sessions of versions.
///
/// # Errors
/// What stops the partition, or a lake that cannot be read.
pub async fn rows_of(
    store: &Store,
    ledger: &Ledger,
    (partition, files): (Partition, &[Arc<LedgerFile>]),
) -> Result<RecordBatch> {
    let files = task_files(store, ledger, files).await?;
    let finish = |builder: Builder<'_>| Ok(builder.finish(&|_| None)?.batch);
    fill(store, ledger.table(), partition, files, finish).await
}

/// A builder that has read the files, as `finish` leaves it. Bodies are read here, everything else happens on a thread
/// that may block.
pub(super) async fn fill<T, F>(
    store: &Store,
    table: &Arc<Table>,
    partition: Partition,
    files: Vec<TaskFile>,
    finish: F,
) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(Builder<'_>) -> Result<T> + Send + 'static,
{
    let (bodies, queue) = mpsc::channel(AHEAD);
    // A body that several files stand for is read once.
    let mut known = BTreeSet::new();
    let to_read = files.iter().filter(|file| file.repeats.is_none() && known.insert(file.path.as_str()));
    let to_read: Vec<String> = to_read.map(|file| file.path.clone()).collect();
    let feed = async move {
        for path in to_read {
            // A builder that stopped takes no more.
            if bodies.send(store.read(&path).await?).await.is_err() {
                break;
            }
        }
        Ok::<_, anyhow::Error>(())
    };
    let table = Arc::clone(table);
    let work = tokio::task::spawn_blocking(move || finish(filled(&table, partition, &files, queue)?));
    let (sent, built) = tokio::join!(feed, work);
    sent?;
    built?
}

fn filled<'t>(
    table: &'t Table,
    partition: Partition,
    files: &[TaskFile],
    mut bodies: mpsc::Receiver<Bytes>,
) -> Result<Builder<'t>> {
    let has_looks = files.iter().any(|file| file.slice.is_some() || file.is_former);
    let mut builder = if has_looks { Builder::with_states(table, partition) } else { Builder::new(table, partition) };
    let mut text = Vec::new();
    let mut problems = Vec::new();
    let mut read = BTreeSet::new();
    for file in files {
        let TaskFile { path, span, observed, shown, wholeness, slice, is_former, .. } = file;
        let source = source_of(table, file)?;
        let input = Input {
            span: *span,
            observed: *observed,
            shown: *shown,
            wholeness: *wholeness,
            slice: *slice,
            tells: if *is_former { Tells::FormerStates } else { Tells::Rows },
            ..Input::new(path, source)
        };
        text.clear();
        let answer = match &file.repeats {
            Some(calls) => Ok((calls.clone(), true)),
            None if !read.insert(path.as_str()) => {
                builder.add_again(input);
                continue;
            }
            None => {
                let body = bodies.blocking_recv().context("the read stopped")?;
                answered(path, &body, source.contract.ask.axis, &mut text).map(|answered| (answered, false))
            }
        };
        let added = answer.and_then(|(AnsweredCalls { params, rows_of, month, day }, is_repeat)| {
            let (calls, rows_of) = (&params, &rows_of);
            Ok(builder.add(Input { calls, rows_of, is_repeat, month, day, ..input }, &text)?)
        });
        match added {
            Err(error) if *is_former => {
                builder.forget(path);
                tracing::warn!("{error:#}; it no longer counts, and tells no former states");
            }
            added => problems.extend(added.err()),
        }
    }
    if problems.is_empty() { Ok(builder) } else { Err(joined(problems)) }
}

/// All that stops a partition as one error, whose kind is that of a failed check if one failed.
fn joined(mut problems: Vec<anyhow::Error>) -> anyhow::Error {
    let first = problems.iter().position(anyhow::Error::is::<Stop>).unwrap_or(0);
    let first = problems.remove(first);
    let others: Vec<String> = problems.iter().map(|problem| format!("{problem:#}")).collect();
    if others.is_empty() { first } else { first.context(format!("{}; and", others.join("; "))) }
}

fn source_of<'t>(table: &'t Table, file: &TaskFile) -> Result<&'t TableSource> {
    let source = table.sources.iter().find(|source| source.contract.id.to_string() == file.interface);
    source
        .with_context(|| format!("`{}`: the interface `{}` does not feed `{}`", file.path, file.interface, table.name))
}

/// The lines of a file, and the calls that brought them.
fn answered(path: &str, body: &[u8], axis: Axis, text: &mut Vec<u8>) -> Result<AnsweredCalls> {
    bronze::inflate(body, text)
        .with_context(|| format!("cannot read `{path}`: remove it, and `backfill` fetches its slice again"))?;
    let Some(provenance) = bronze::provenance_of(path, body)? else { return Ok(AnsweredCalls::default()) };
    if let Some(same_as) = provenance.same_as {
        bail!("`{path}` refers to `{same_as}`, which no longer exists: run `backfill --refetch` for its slice");
    }
    let rows = memchr::memchr_iter(b'\n', text).count();
    if rows != provenance.rows || bronze::digest(text) != provenance.digest {
        bail!(
            "`{path}` holds {rows} rows that are not the {} its header promises: remove it, and `backfill` fetches its \
             slice again",
            provenance.rows
        );
    }
    // The day of the folder matters for snapshots only.
    let answered = Answered::parse(&provenance.slice, axis, NaiveDate::MIN);
    let day = match &answered {
        Answered::Slice(slice @ (Slice::Session(_) | Slice::Day(_) | Slice::Period(_))) => slice.day(),
        _ => None,
    };
    Ok(AnsweredCalls { params: provenance.params.to_vec(), rows_of: provenance.rows_of, month: answered.month(), day })
}

/// Rows that broke a promise together were named by file and line: their text is read again.
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
