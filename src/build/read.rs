//! Prepares bodies for builders: inflates, checks and reads each one on a thread of its own, once for all partitions
//! that need it. How builders combine them is up to `fill`.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, bail};
use chrono::NaiveDate;
use pitlake_contract::{Answered, Slice};

use super::bodies::Body;
use super::input::{AnsweredCalls, TaskFile};
use super::supply::{Stops, Supply};
use crate::bronze::{self, Provenance};
use crate::normalise::{Builder, EmptyColumns, FileReader, Input, Partition, PlacedLines, ReadFile, Stop, Tells};
use crate::spec::{Table, TableSource};

/// A partition and the files to read for it.
pub(super) type Wanted = (Partition, Vec<TaskFile>);

/// What a thread read from a body.
pub(super) struct Reading {
    pub(super) answered: AnsweredCalls,
    pub(super) content: Content,
}

pub(super) enum Content {
    /// Rows for each of its partitions, and the text, which is needed if an earlier file holds some of the same lines.
    Rows(Vec<Result<ReadFile, Stop>>, Vec<u8>),
    /// The text, if its rows depend on earlier files, and which of its lines belong to which partition.
    Text(Vec<u8>, Option<PlacedLines>),
}

/// Calls whose answers were read so far. Later answers to the same calls repeat nearly every line, so reading them
/// apart from the builder is not worth it.
#[derive(Default)]
pub(super) struct Asked(Mutex<HashSet<u64>>);

impl Asked {
    /// Whether these calls are new.
    fn is_new(&self, calls: &AnsweredCalls) -> bool {
        let mut hasher = DefaultHasher::new();
        calls.params.hash(&mut hasher);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(hasher.finish())
    }
}

/// A body that was read, or not.
pub(super) struct Done {
    /// Its place among the bodies.
    pub(super) place: usize,
    /// The number of its reader.
    pub(super) number: usize,
    pub(super) reading: Result<Reading, Unread>,
}

/// Why a body was not read.
pub(super) enum Unread {
    /// The store could not give it.
    Absent(anyhow::Error),
    /// The body is damaged.
    Damaged(anyhow::Error),
}

/// Reads bodies on one thread.
pub(super) struct BodyReader<'t> {
    table: &'t Table,
    wanted: &'t [Wanted],
    /// One reader per partition, if files can be read apart from their builders.
    apart: Option<Vec<FileReader<'t>>>,
    asked: &'t Asked,
    text: Vec<u8>,
}

impl<'t> BodyReader<'t> {
    /// A reader for the builders of some partitions.
    pub(super) fn new<'b>(
        table: &'t Table,
        wanted: &'t [Wanted],
        builders: impl Iterator<Item = &'b Builder<'t>>,
        asked: &'t Asked,
    ) -> Self
    where
        't: 'b,
    {
        Self { table, wanted, apart: builders.map(Builder::reader).collect(), asked, text: Vec::new() }
    }

    /// Reads bodies until none is left, and sends each with its place and the number of this reader.
    pub(super) fn read_all(
        mut self,
        number: usize,
        supply: &Supply<'_>,
        spare: &Receiver<EmptyColumns>,
        done: &Sender<Done>,
    ) {
        let _stops = Stops(supply);
        let mut buffer = Vec::new();
        let mut read = |Body { readers, .. }: &Body, body: Result<&[u8]>| match body {
            Ok(body) => self.read(readers, body, spare).map_err(Unread::Damaged),
            Err(error) => Err(Unread::Absent(error)),
        };
        while let Some((place, reading)) = supply.next(&mut buffer, &mut read) {
            // Stopped builders take no more.
            if done.send(Done { place, number, reading }).is_err() {
                return;
            }
        }
    }

    fn read(&mut self, readers: &[(usize, usize)], body: &[u8], spare: &Receiver<EmptyColumns>) -> Result<Reading> {
        let wanted = self.wanted;
        let file = |(partition, place): (usize, usize)| &wanted[partition].1[place];
        let first = file(readers[0]);
        let source = source_of(self.table, first)?;
        let answered = answered((self.table, source), &first.path, body, &mut self.text)?;
        let is_shared = readers.len() > 1 && readers.iter().all(|reader| file(*reader).span);
        let placed = is_shared.then(|| {
            let input = input(source, first, (&answered, None), false);
            PlacedLines::of(self.table, input, &self.text)
        });
        let Some(apart) = &mut self.apart else {
            return Ok(Reading { answered, content: Content::Text(std::mem::take(&mut self.text), placed) });
        };
        let minds_repeats = apart.iter().any(FileReader::minds_repeats);
        if minds_repeats && (readers.len() > 1 || !self.asked.is_new(&answered)) {
            return Ok(Reading { answered, content: Content::Text(std::mem::take(&mut self.text), placed) });
        }
        let mut rows = Vec::with_capacity(readers.len());
        for reader in readers {
            let one = &mut apart[reader.0];
            if let Ok(columns) = spare.try_recv() {
                one.reuse(columns);
            }
            rows.push(one.read(input(source, file(*reader), (&answered, placed.as_ref()), false), &self.text));
        }
        let text = if minds_repeats { std::mem::take(&mut self.text) } else { Vec::new() };
        let content = Content::Rows(rows, text);
        Ok(Reading { answered, content })
    }
}

/// A builder for a partition's files.
pub(super) fn builder<'t>(table: &'t Table, partition: Partition, files: &[TaskFile]) -> Builder<'t> {
    let has_looks = files.iter().any(|file| file.slice.is_some() || file.is_former);
    if has_looks { Builder::with_states(table, partition) } else { Builder::new(table, partition) }
}

/// A file in the form a builder takes.
pub(super) fn input<'t, 'f>(
    source: &'t TableSource,
    file: &'f TaskFile,
    (answered, placed): (&'f AnsweredCalls, Option<&'f PlacedLines>),
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
        placed,
        ..Input::new(&file.path, source)
    }
}

pub(super) fn source_of<'t>(table: &'t Table, file: &TaskFile) -> Result<&'t TableSource> {
    let source = table.sources.iter().find(|source| source.contract.id.to_string() == file.interface);
    source
        .with_context(|| format!("`{}`: the interface `{}` does not feed `{}`", file.path, file.interface, table.name))
}

/// Inflates the lines of a file and returns the calls that brought them.
fn answered(
    (table, source): (&Table, &TableSource),
    path: &str,
    body: &[u8],
    text: &mut Vec<u8>,
) -> Result<AnsweredCalls> {
    let backfill = |provenance: Option<&Provenance>| bronze::backfill(&table.name, path, provenance);
    let read = bronze::read(body, text);
    let read = read.with_context(|| {
        format!("cannot read `{path}`: remove it, then run `{}` to fetch its slice again", backfill(None))
    })?;
    let Some(provenance) = read else { return Ok(AnsweredCalls::default()) };
    let backfill = || backfill(Some(&provenance));
    if let Some(same_as) = &provenance.same_as {
        bail!("`{path}` refers to `{same_as}`, which no longer exists: run `{} --refetch`", backfill());
    }
    let rows = memchr::memchr_iter(b'\n', text).count();
    if rows != provenance.rows {
        bail!(
            "`{path}` holds {rows} rows, but its header says {}: remove it, then run `{}` to fetch its slice again",
            provenance.rows,
            backfill()
        );
    }
    if !provenance.proves(text) {
        bail!(
            "the rows of `{path}` differ from the digest in its header: remove it, then run `{}` to fetch its slice \
             again",
            backfill()
        );
    }
    // Only snapshots need the day of the folder.
    let answered = Answered::parse(&provenance.slice, source.contract.ask.axis, NaiveDate::MIN);
    let day = match &answered {
        Answered::Slice(slice @ (Slice::Session(_) | Slice::Day(_) | Slice::Period(_))) => slice.day(),
        _ => None,
    };
    if let (Some(day), Some(folder)) = (day, bronze::folder_day(path).filter(|_| !provenance.is_import()))
        && day != folder
    {
        bail!(
            "`{path}` is the answer for {day} in the folder of {folder}: move it back, or remove it and run `{}`",
            backfill()
        );
    }
    Ok(AnsweredCalls { params: provenance.params.to_vec(), rows_of: provenance.rows_of, month: answered.month(), day })
}
