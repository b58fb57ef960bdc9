//! The files of a partition into a builder, on several threads: each reads files of its own, and one puts their rows
//! together in the order of the files. Never which files feed a partition.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use chrono::NaiveDate;
use pitlake_contract::{Answered, Slice};
use tokio::sync::mpsc;

use super::input::{AnsweredCalls, TaskFile};
use crate::bronze;
use crate::normalise::{Builder, EmptyColumns, FileReader, Input, Partition, ReadFile, Stop, Tells, TextIds};
use crate::parallel::Threads;
use crate::spec::{Axis, Table, TableSource};
use crate::store::Store;

/// Bodies that wait for each thread, and files that each has read before they are needed.
const AHEAD: usize = 1;

/// A builder that has read the files, as `finish` leaves it. Bodies are read here, everything else happens on threads
/// that may block.
pub(super) async fn fill<T, F>(
    store: &Store,
    (table, partition): (&Arc<Table>, Partition),
    files: Vec<TaskFile>,
    threads: Threads,
    finish: F,
) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(Builder<'_>) -> Result<T> + Send + 'static,
{
    let bodies: Vec<usize> = with_bodies(&files);
    let paths: Vec<String> = bodies.iter().map(|place| files[*place].path.clone()).collect();
    let threads = threads.at_most(paths.len());
    let (feeds, queues): (Vec<_>, Vec<_>) = (0..threads.count()).map(|_| mpsc::channel(AHEAD)).unzip();
    let feed = async move {
        for (path, feed) in paths.iter().zip(feeds.iter().cycle()) {
            // A builder that stopped takes no more.
            if feed.send(store.read(path).await?).await.is_err() {
                break;
            }
        }
        Ok::<_, anyhow::Error>(())
    };
    let table = Arc::clone(table);
    let work = tokio::task::spawn_blocking(move || {
        let has_looks = files.iter().any(|file| file.slice.is_some() || file.is_former);
        let new = if has_looks { Builder::with_states } else { Builder::new };
        let mut builder = new(&table, partition);
        let is_read_apart = builder.reads_alone();
        thread::scope(|scope| {
            let mut shares = Vec::new();
            for (first, queue) in queues.into_iter().enumerate() {
                let (done, reading) = sync_channel(AHEAD);
                let (emptied, spare) = channel();
                shares.push(Share { reading, emptied, ids: TextIds::default() });
                let places = bodies.iter().copied().skip(first).step_by(threads.count());
                let apart = is_read_apart.then(|| FileReader::new(&table, partition));
                let (table, files) = (&table, &files);
                scope.spawn(move || read_share(table, places.map(|place| &files[place]), apart, (queue, spare, done)));
            }
            put_together(&mut builder, &table, &files, &mut shares)
        })?;
        finish(builder)
    });
    let (sent, built) = tokio::join!(feed, work);
    sent?;
    built?
}

/// The files whose bodies are read: a body that several of them stand for is read once.
fn with_bodies(files: &[TaskFile]) -> Vec<usize> {
    let mut known = BTreeSet::new();
    let is_new = |file: &TaskFile| file.repeats.is_none() && known.insert(file.path.clone());
    let mut is_new = is_new;
    (0..files.len()).filter(|place| is_new(&files[*place])).collect()
}

/// What a thread makes of a file.
struct Reading {
    answered: AnsweredCalls,
    content: Content,
}

enum Content {
    /// Its rows.
    Rows(Box<ReadFile>),
    /// Its text, where its rows depend on what files before it hold.
    Text(Vec<u8>),
}

/// What comes of the files of one thread.
struct Share {
    reading: Receiver<Result<Reading>>,
    /// The way back for memory.
    emptied: Sender<EmptyColumns>,
    ids: TextIds,
}

/// Reads a share of the files, in their order.
fn read_share<'t, 'f>(
    table: &'t Table,
    files: impl Iterator<Item = &'f TaskFile>,
    mut apart: Option<FileReader<'t>>,
    (mut bodies, spare, done): (mpsc::Receiver<Bytes>, Receiver<EmptyColumns>, SyncSender<Result<Reading>>),
) {
    let mut text = Vec::new();
    for file in files {
        let Some(body) = bodies.blocking_recv() else { return };
        let mut read = || {
            let source = source_of(table, file)?;
            let answered = answered(&file.path, &body, source.contract.ask.axis, &mut text)?;
            let content = match &mut apart {
                Some(reader) => {
                    for columns in spare.try_iter() {
                        reader.reuse(columns);
                    }
                    Content::Rows(Box::new(reader.read(input(source, file, &answered, false), &text)?))
                }
                None => Content::Text(std::mem::take(&mut text)),
            };
            Ok(Reading { answered, content })
        };
        // A builder that stopped takes no more.
        if done.send(read()).is_err() {
            return;
        }
    }
}

fn put_together<'t>(
    builder: &mut Builder<'t>,
    table: &'t Table,
    files: &[TaskFile],
    shares: &mut [Share],
) -> Result<()> {
    let mut problems = Vec::new();
    let mut turn = (0..shares.len()).cycle();
    let mut read = BTreeSet::new();
    for file in files {
        let source = source_of(table, file)?;
        let added = match &file.repeats {
            Some(answered) => builder.add(input(source, file, answered, true), &[]).map_err(anyhow::Error::from),
            None if !read.insert(file.path.as_str()) => {
                builder.add_again(input(source, file, &AnsweredCalls::default(), false));
                continue;
            }
            None => {
                let share = &mut shares[turn.next().unwrap_or_default()];
                let reading = share.reading.recv().context("the read stopped")?;
                reading.and_then(|Reading { answered, content }| {
                    let input = input(source, file, &answered, false);
                    match content {
                        Content::Rows(rows) => {
                            let (emptied, added) = builder.add_read(input, *rows, &mut share.ids);
                            // The last files need no memory any more.
                            drop(share.emptied.send(emptied));
                            Ok(added?)
                        }
                        Content::Text(text) => Ok(builder.add(input, &text)?),
                    }
                })
            }
        };
        match added {
            Err(error) if file.is_former => {
                builder.forget(&file.path);
                tracing::warn!("{error:#}; it no longer counts, and tells no former states");
            }
            added => problems.extend(added.err()),
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(joined(problems)) }
}

/// A file as a builder takes it.
fn input<'t, 'f>(
    source: &'t TableSource,
    file: &'f TaskFile,
    answered: &'f AnsweredCalls,
    is_repeat: bool,
) -> Input<'t, 'f> {
    let AnsweredCalls { params, rows_of, month, day } = answered;
    Input {
        span: file.span,
        observed: file.observed,
        shown: file.shown,
        wholeness: file.wholeness,
        slice: file.slice,
        tells: if file.is_former { Tells::FormerStates } else { Tells::Rows },
        calls: params,
        rows_of,
        month: *month,
        day: *day,
        is_repeat,
        ..Input::new(&file.path, source)
    }
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
