//! Bronze files to the rows of a partition: which of them speak, and what they say together. Never what
//! is stale, or where rows go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::Date32Type;
use chrono::{DateTime, NaiveDate, Utc};

use super::build::Inputs;
use super::{CALENDAR, World, build, held};
use crate::bronze::{self, BronzeFile, Provenance};
use crate::normalise::{Builder, Built, Comparison, Input, Partition, Range};
use crate::plan::Calendar;
use crate::spec::{Axis, Table, TableSource};
use crate::store::Store;

/// A file and what is known of it besides its rows.
struct Speaker {
    source: usize,
    file: BronzeFile,
    observed: Option<DateTime<Utc>>,
    /// Parameters of the calls it answers.
    calls: Vec<Vec<(String, String)>>,
    /// How many of its lines each of them brought.
    rows_of: Vec<usize>,
    /// It says what the file before it said: there are no rows to read.
    is_repeat: bool,
}

/// The rows of one partition.
pub(super) async fn rows(
    store: &Store,
    table: &Arc<Table>,
    partition: Partition,
    files: Inputs,
    calendar: Arc<Calendar>,
) -> Result<Built> {
    let speaking = match table.versions {
        Some(_) => every_look(store, table, files).await?,
        None => speaking(store, table, files).await?.into_iter().map(Speaker::plain).collect(),
    };
    let (store, table, handle) = (store.clone(), Arc::clone(table), tokio::runtime::Handle::current());
    let work = move || {
        let builder = filled(&store, &handle, &table, partition, &speaking)?;
        let mut text = Vec::new();
        let mut built = builder.finish(&|day| calendar.next_session(day))?;
        // Rows that broke a promise together were named by file and line: here is what they said.
        let quiet: BTreeSet<String> =
            built.rejects.iter().filter(|r| r.row.is_empty()).map(|r| r.file.clone()).collect();
        for speaker in speaking.iter().filter(|speaker| quiet.contains(&speaker.file.path)) {
            read(&store, &handle, &speaker.file, &mut text)?;
            let lines: Vec<&[u8]> = text.split(|b| *b == b'\n').collect();
            for reject in built.rejects.iter_mut().filter(|r| r.row.is_empty() && r.file == speaker.file.path) {
                reject.row = String::from_utf8_lossy(lines[reject.line - 1]).into_owned();
            }
        }
        Ok(built)
    };
    tokio::task::spawn_blocking(work).await?
}

/// A builder that has read the files.
fn filled<'a>(
    store: &Store,
    handle: &tokio::runtime::Handle,
    table: &'a Table,
    partition: Partition,
    speaking: &'a [Speaker],
) -> Result<Builder<'a>> {
    let mut builder = Builder::new(table, partition);
    let mut text = Vec::new();
    for speaker in speaking {
        text.clear();
        let said = if speaker.is_repeat { None } else { read(store, handle, &speaker.file, &mut text)? };
        let (calls, rows_of) = match &said {
            Some(said) => (&said.params, &said.rows_of),
            None => (&speaker.calls, &speaker.rows_of),
        };
        let Speaker { source, file, observed, is_repeat, .. } = speaker;
        let (source, observed, is_repeat) = (&table.sources[*source], *observed, *is_repeat);
        builder.add(Input { path: &file.path, source, span: file.span, observed, calls, rows_of, is_repeat }, &text)?;
    }
    Ok(builder)
}

/// What is compared of a partition.
#[derive(Debug, Clone, Copy)]
pub(super) enum Compared {
    /// The two vendors of the table.
    Vendors,
    /// What its files said until a moment, and what they say with the later ones. Without a moment: what the first
    /// answer to each slice said.
    Since(Option<DateTime<Utc>>),
}

/// Two readings of one partition.
pub(super) async fn compared(
    store: &Store,
    table: &Arc<Table>,
    partition: Partition,
    files: Inputs,
    compared: Compared,
    range: Range,
) -> Result<Comparison> {
    let mut speaks: Vec<[bool; 2]> = Vec::new();
    let speakers: Vec<Speaker> = match (&table.versions, compared) {
        (Some(_), _) => every_look(store, table, files).await?,
        (None, Compared::Vendors) => speaking(store, table, files).await?.into_iter().map(Speaker::plain).collect(),
        (None, Compared::Since(since)) => {
            let before = earlier(table, &files, since);
            let before = speaking(store, table, before).await?;
            let mut both = speaking(store, table, files).await?;
            let now: BTreeSet<String> = both.iter().map(|(_, file)| file.path.clone()).collect();
            both.extend(before.iter().filter(|(_, file)| !now.contains(&file.path)).cloned());
            both.sort_by(|a, b| a.1.by_age(&b.1));
            let then: BTreeSet<&str> = before.iter().map(|(_, file)| file.path.as_str()).collect();
            speaks = both.iter().map(|(_, f)| [then.contains(f.path.as_str()), now.contains(&f.path)]).collect();
            both.into_iter().map(Speaker::plain).collect()
        }
    };
    let (store, table, handle) = (store.clone(), Arc::clone(table), tokio::runtime::Handle::current());
    let work = move || {
        let builder = filled(&store, &handle, &table, partition, &speakers)?;
        Ok(match (&table.versions, compared) {
            (_, Compared::Vendors) => builder.between(range),
            (Some(_), Compared::Since(since)) => builder.revised(since.unwrap_or(DateTime::<Utc>::MIN_UTC), range),
            (None, Compared::Since(_)) => builder.changed(&speaks, range),
        })
    };
    tokio::task::spawn_blocking(work).await?
}

/// The files until a moment; without one, the first answer to each slice.
fn earlier(table: &Table, files: &Inputs, since: Option<DateTime<Utc>>) -> Inputs {
    let mut slices = BTreeSet::new();
    let mut is_earlier = |(index, file): &&(usize, BronzeFile)| match since {
        Some(since) => file.written_at() < since,
        None => {
            let contract = &table.sources[*index].contract;
            let day = (contract.ask.axis != Axis::Snapshot).then_some(file.day);
            slices.insert((&contract.id.vendor, &contract.kind, day, file.span))
        }
    };
    files.iter().filter(|file| is_earlier(file)).cloned().collect()
}

impl Speaker {
    fn plain((source, file): (usize, BronzeFile)) -> Self {
        let observed = file.fetched_at;
        Self { source, observed, calls: Vec::new(), rows_of: Vec::new(), is_repeat: false, file }
    }
}

/// Where versions are kept every file counts, as a look at what the vendor had at that time. One that
/// says the same as the one before is a look too.
async fn every_look(store: &Store, table: &Table, files: Inputs) -> Result<Vec<Speaker>> {
    // The file that one says the same as may feed other partitions only.
    let all = held::files(store, table).await?;
    let names: BTreeSet<&str> = all.iter().map(|(_, file)| file.name()).collect();
    let mut speakers: Vec<Speaker> = Vec::with_capacity(files.len());
    let mut orphans: Vec<(usize, String)> = Vec::new();
    for (source, file) in files {
        let mut speaker = Speaker::plain((source, file));
        if let Some(said) = bronze::provenance(store, &speaker.file).await? {
            speaker.observed = Some(said.fetched_at);
            speaker.is_repeat = said.same_as.is_some();
            speaker.calls = said.params;
            if let Some(same_as) = said.same_as.filter(|name| !names.contains(name.as_str())) {
                orphans.push((speakers.len(), same_as));
            }
        }
        speakers.push(speaker);
    }
    for (place, same_as) in orphans {
        let path = &speakers[place].file.path;
        let is_told_again =
            speakers[place + 1..].iter().any(|later| !later.is_repeat && later.calls == speakers[place].calls);
        if !is_told_again {
            bail!("`{path}` says the same as `{same_as}`, which is gone: `backfill --refetch`");
        }
        tracing::warn!("`{path}` says the same as `{same_as}`, which is gone; a later answer speaks for both");
    }
    Ok(speakers)
}

/// The lines of a file, and where they came from.
fn read(
    store: &Store,
    handle: &tokio::runtime::Handle,
    file: &BronzeFile,
    text: &mut Vec<u8>,
) -> Result<Option<Provenance>> {
    let body = handle.block_on(store.read(&file.path))?;
    bronze::inflate(&body, text)
        .with_context(|| format!("`{}` cannot be read: remove it, and `backfill` fetches it anew", file.path))?;
    let said = bronze::provenance_of(file, &body)?;
    if let Some(same_as) = said.as_ref().and_then(|said| said.same_as.as_ref()) {
        bail!("`{}` says the same as `{same_as}`, which is gone: `backfill --refetch` its day", file.path);
    }
    Ok(said)
}

/// The files whose rows count. Of the answers to one slice only the newest speaks, and one that says
/// the same as before leaves the word to that; files of others and imports are parts, all of them.
async fn speaking(store: &Store, table: &Table, files: Inputs) -> Result<Inputs> {
    // Interfaces of one folder answer the same slices.
    let mut slices: BTreeMap<(&str, &str, Axis, Option<NaiveDate>), Inputs> = BTreeMap::new();
    let mut parts = Inputs::new();
    let names: BTreeSet<String> = files.iter().map(|(_, file)| file.name().to_owned()).collect();
    for (index, file) in files {
        let source: &TableSource = &table.sources[index];
        let contract = &source.contract;
        // An answer to many securities that says the same as one that is there adds nothing to it.
        if file.span
            && contract.ask.axis == Axis::SecurityMonth
            && let Some(said) = bronze::proof(store, &file).await
            && said.same_as.is_some_and(|same_as| names.contains(&same_as))
        {
            continue;
        }
        // Months are spans too, and only the newest answer to a month speaks.
        let month = match contract.ask.axis {
            Axis::Month if file.span => bronze::proof(store, &file).await.map(|said| said.slice),
            _ => None,
        };
        // Snapshots of a table with an event day add up.
        let adds_up = contract.ask.axis == Axis::Snapshot && table.event.is_some();
        if (file.span && month.is_none()) || adds_up || !file.is_named_like(contract) {
            parts.push((index, file));
        } else {
            // All other snapshots are one slice.
            let day = (contract.ask.axis != Axis::Snapshot).then_some(file.day);
            let slice = (contract.id.vendor.as_str(), contract.kind.as_str(), contract.ask.axis, day);
            slices.entry(slice).or_default().push((index, file));
        }
    }
    for mut answers in slices.into_values() {
        if answers.len() == 1 {
            parts.append(&mut answers);
            continue;
        }
        let mut ours: Vec<((usize, BronzeFile), Option<String>)> = Vec::new();
        for (index, file) in answers.into_iter().rev() {
            match bronze::provenance(store, &file).await? {
                None => parts.push((index, file)),
                Some(provenance) => ours.push(((index, file), provenance.same_as)),
            }
        }
        // The newest speaks, or the file it points to; where that is gone, reading the pointer says so.
        let target = ours.first().and_then(|(_, same_as)| same_as.clone());
        let pointed = target.and_then(|name| ours.iter().position(|(held, _)| bronze::file_name(&held.1.path) == name));
        parts.extend(ours.into_iter().nth(pointed.unwrap_or(0)).map(|(held, _)| held));
    }
    parts.sort_by(|a, b| a.1.by_age(&b.1));
    Ok(parts)
}

/// One partition of a reference table, from bronze; `None` where bronze has nothing of it.
pub(super) async fn reference(world: &World, name: &str, partition: Partition) -> Result<Option<RecordBatch>> {
    let Some(table) = world.catalog.table(name) else { return Ok(None) };
    let files: Inputs = match partition {
        // Every file feeds it, spans too: no header need be read.
        Partition::Whole => held::files(&world.store, table).await?,
        _ => build::inputs(world, table).await?.0.remove(&partition).unwrap_or_default(),
    };
    if files.is_empty() {
        return Ok(None);
    }
    let none = Arc::new(Calendar::new([]));
    Ok(Some(rows(&world.store, table, partition, files, none).await?.batch))
}

/// The market's calendar, from bronze; empty where there is none.
pub(super) async fn calendar(world: &World) -> Result<Calendar> {
    let Some(batch) = reference(world, CALENDAR, Partition::Whole).await? else { return Ok(Calendar::new([])) };
    let column = |name: &str| batch.column_by_name(name).with_context(|| format!("`{CALENDAR}` has no `{name}`"));
    let (exchanges, days, open) = (column("exchange")?, column("cal_date")?, column("is_open")?);
    let (exchanges, days, open) = (exchanges.as_string::<i32>(), days.as_primitive::<Date32Type>(), open.as_boolean());
    let mut sessions = Vec::new();
    for row in 0..batch.num_rows() {
        // The exchanges share their days; BSE is not even offered.
        if exchanges.value(row) == "SSE"
            && let Some(day) = days.value_as_date(row)
        {
            sessions.push((day, open.is_valid(row) && open.value(row)));
        }
    }
    Ok(Calendar::new(sessions))
}
