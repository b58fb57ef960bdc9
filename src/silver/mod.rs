//! Silver: Parquet tables, one file per partition. A partition is a pure function of a table and its bronze files. The
//! digest of both is in the footer of the file with the rows, so the two cannot disagree. Putting the file is the
//! commit: readers see either the old partition or the new one.
//!
//! What a bronze line means is decided in `normalise`, not here.

mod base;
mod checksum;
mod encoding;
mod extended;
mod origin;
mod parquet;
mod path;

use std::collections::BTreeSet;
use std::io::{BufRead as _, Write as _};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use futures::StreamExt as _;

pub use base::Base;
pub use extended::{Days, Extended, can_be_extended};
pub use origin::{OriginFile, origin};
pub use parquet::{Footer, Inspection};
pub use path::{companion_path, path, rejects_path};

use encoding::Columns;
use parquet::Stamp;

use crate::bronze;
use crate::normalise::{Finished, Partition, Reject};
use crate::panics::caught;
use crate::parallel::Threads;
use crate::real;
use crate::spec::Table;
use crate::store::{Draft, Entry, Store};

/// Footers read concurrently.
const AT_ONCE: usize = 16;

/// Footers of a local lake read in one go.
const TOGETHER: usize = 64;

/// A file under `silver/<table>/`.
#[derive(Debug, Clone)]
pub struct SilverFile {
    /// Path and size.
    pub entry: Entry,
    /// The partition it holds. `None` if its path belongs to another partitioning than the table has now.
    pub partition: Option<Partition>,
}

/// The contents of a silver folder.
#[derive(Debug, Default)]
pub struct Listing {
    /// Files of the table.
    pub files: Vec<SilverFile>,
    /// Files put there by others. They are not part of the table and are never touched.
    pub strays: Vec<String>,
}

/// What to tell the user about such a file.
#[must_use]
pub fn stray(path: &str) -> String {
    format!(
        "`{path}` was not written by pitlake and is left in place; other programs may read it as data: move it \
         elsewhere"
    )
}

/// All files of a table.
///
/// # Errors
/// When the store cannot be listed.
pub async fn list(store: &Store, table: &Table) -> Result<Vec<SilverFile>> {
    Ok(listing(store, table).await?.files)
}

/// All files of a table's companion.
///
/// # Errors
/// When the store cannot be listed.
pub async fn companions(store: &Store, table: &Table) -> Result<Vec<SilverFile>> {
    Ok(companion_listing(store, table).await?.files)
}

/// Everything in a table's folder.
///
/// # Errors
/// When the store cannot be listed.
pub async fn listing(store: &Store, table: &Table) -> Result<Listing> {
    below(store, table, &path::folder(table)).await
}

/// Everything in the folder of a table's companion.
///
/// # Errors
/// When the store cannot be listed.
pub async fn companion_listing(store: &Store, table: &Table) -> Result<Listing> {
    match path::companion_folder(table) {
        Some(folder) => below(store, table, &folder).await,
        None => Ok(Listing::default()),
    }
}

async fn below(store: &Store, table: &Table, folder: &str) -> Result<Listing> {
    let mut listing = Listing::default();
    for entry in store.list(folder).await? {
        if path::is_ours(folder, &entry.path) {
            listing.files.push(SilverFile { partition: path::partition(table, folder, &entry.path), entry });
        } else if !path::is_hidden(&entry.path) {
            listing.strays.push(entry.path);
        }
    }
    Ok(listing)
}

/// Reads the footer of a file.
///
/// # Errors
/// When it cannot be read, because the file is damaged or not Parquet.
pub async fn footer(store: &Store, table: &Table, entry: &Entry) -> Result<Footer> {
    parquet::footer(store, table, &entry.path, entry.size).await
}

/// Reads the footer of a partition's file. `None` if there is none that can be read.
///
/// # Errors
/// When silver cannot be listed.
pub async fn published(store: &Store, table: &Table, partition: Partition) -> Result<Option<Footer>> {
    let path = path(table, partition);
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    match store.list(folder).await?.into_iter().find(|entry| entry.path == path) {
        Some(entry) => Ok(footer(store, table, &entry).await.ok()),
        None => Ok(None),
    }
}

/// Reads the footers of several files, concurrently and in order.
pub async fn footers(store: &Store, table: &Table, files: &[SilverFile]) -> Vec<Result<Footer>> {
    let some = async |files: &[SilverFile]| {
        let ends = files.iter().map(|file| (file.entry.path.clone(), file.entry.size)).collect();
        let ends = store.ends(ends, parquet::TAIL).await;
        let mut footers = Vec::with_capacity(files.len());
        for (place, file) in files.iter().enumerate() {
            // A longer footer, or the reason why a file cannot be read, takes a read of its own.
            let read = ends
                .get(place)
                .and_then(Option::as_ref)
                .and_then(|end| parquet::footer_in(table, &file.entry.path, end));
            footers.push(match read {
                Some(footer) => footer,
                None => footer(store, table, &file.entry).await,
            });
        }
        footers
    };
    // On an object store each is a request, so send them concurrently.
    let together = if store.is_remote() { 1 } else { TOGETHER };
    let read = futures::stream::iter(files.chunks(together)).map(some);
    read.buffered(if store.is_remote() { AT_ONCE } else { 2 }).concat().await
}

/// Reads a file completely and reports any damage.
pub async fn inspect(store: &Store, table: &Arc<Table>, entry: &Entry) -> Inspection {
    let damaged = |problem| Inspection { damage: vec![problem], has_checksums: true, rows: 0 };
    let body = match store.read(&entry.path).await {
        Ok(body) => body,
        Err(error) => return damaged(format!("{error:#}")),
    };
    // The decoder may panic on damage that no checksum covers.
    let table = Arc::clone(table);
    let inspected = real::apart(move || caught(|| parquet::inspect(&table, &body))).await;
    inspected.ok().flatten().unwrap_or_else(|| damaged("its pages cannot be decoded".into()))
}

/// The rows of a file, limited to those of the `wanted` columns that it has.
///
/// # Errors
/// When the file cannot be read or decoded.
pub async fn rows(store: &Store, table: &Arc<Table>, entry: &Entry, wanted: BTreeSet<String>) -> Result<RecordBatch> {
    let table = Arc::clone(table);
    let body = store.read(&entry.path).await?;
    let read = real::apart(move || caught(|| parquet::rows(&table, body, &wanted))).await;
    let read = read?.unwrap_or_else(|| Err(anyhow!("its pages are damaged")));
    read.with_context(|| format!("cannot decode `{}`", entry.path))
}

/// The files of a partition. The size of `rows` grows with the number of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded<W = Bytes> {
    /// The rows, as Parquet.
    pub rows: W,
    /// The rows of the companion, as Parquet; `None` without any.
    pub companion: Option<Bytes>,
    /// The rejected rows; `None` without any.
    pub rejects: Option<Bytes>,
}

impl Encoded<Draft> {
    /// The same with all bytes in memory.
    ///
    /// # Errors
    /// When they are on disk and cannot be read.
    pub fn into_memory(self) -> Result<Encoded> {
        Ok(Encoded { rows: self.rows.into_bytes()?, companion: self.companion, rejects: self.rejects })
    }
}

/// Encodes a partition and writes its rows. Its rejects are encoded later, by [`encode_rejects`], once their text is
/// known.
///
/// # Errors
/// When the rows cannot be encoded.
pub fn encode(
    table: &Table,
    rows: &Finished<'_>,
    (origin, threads): (&str, Threads),
    out: Draft,
) -> Result<Encoded<Draft>> {
    // Tables with versions are always built from all of their bronze.
    let is_noted = table.versions.is_none() && !rows.details.is_empty();
    encode_both(table, (rows, rows.companion.as_ref()), (origin, is_noted), (threads, out))
}

/// Like [`encode`], for a published file with rows merged in.
///
/// # Errors
/// When the rows cannot be decoded or encoded.
pub fn encode_extended(
    table: &Table,
    rows: &Extended<'_>,
    (origin, threads): (&str, Threads),
    out: Draft,
) -> Result<Encoded<Draft>> {
    encode_both(table, (rows, rows.companion.as_ref()), (origin, false), (threads, out))
}

fn encode_both(
    table: &Table,
    (rows, companion): (&impl Columns, Option<&RecordBatch>),
    (origin, is_noted): (&str, bool),
    (threads, out): (Threads, Draft),
) -> Result<Encoded<Draft>> {
    let companion = companion.map(|batch| parquet::encode_companion(table, batch, (origin, threads))).transpose()?;
    let stamp = Stamp { origin, has_companion: companion.is_some(), is_noted };
    let rows = parquet::write(table, rows, stamp, (threads, out))?;
    Ok(Encoded { rows, companion, rejects: None })
}

/// Replaces a partition: first rejects and former states, then the rows, whose put is the commit.
///
/// # Errors
/// When the lake cannot be written.
pub async fn publish(store: &Store, table: &Table, partition: Partition, encoded: Encoded<Draft>) -> Result<()> {
    let rejects_path = rejects_path(table, partition);
    let Encoded { rows, companion, rejects } = encoded;
    replace(store, &rejects_path, rejects).await?;
    if let Some(path) = companion_path(table, partition) {
        replace(store, &path, companion).await?;
    }
    store.put_draft(&path(table, partition), rows).await
}

/// Puts a file, or removes the former one if there is no new one.
async fn replace(store: &Store, path: &str, body: Option<Bytes>) -> Result<()> {
    match body {
        Some(body) => store.put(path, body).await,
        None => store.delete(path).await,
    }
}

/// Removes a partition: its former states, the rows, then its rejects.
///
/// # Errors
/// When the lake cannot be written.
pub async fn remove(store: &Store, table: &Table, partition: Partition) -> Result<()> {
    if let Some(path) = companion_path(table, partition) {
        store.delete(&path).await?;
    }
    store.delete(&path(table, partition)).await?;
    store.delete(&rejects_path(table, partition)).await
}

/// Paths of a table's rejects, one per partition that has any.
///
/// # Errors
/// When the store cannot be listed.
pub async fn rejected(store: &Store, table: &Table) -> Result<BTreeSet<String>> {
    let paths = store.list(&format!("rejects/{}", table.name)).await?.into_iter().map(|entry| entry.path);
    Ok(paths.filter(|path| path::is_of_rejects(path)).collect())
}

/// Those of the `rejects` that were not rejected when the partition was last published.
///
/// # Errors
/// When the lake cannot be read.
pub async fn newly_rejected<'r>(
    store: &Store,
    table: &Table,
    partition: Partition,
    rejects: &'r [Reject],
) -> Result<Vec<&'r Reject>> {
    let path = rejects_path(table, partition);
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut known = BTreeSet::new();
    if !rejects.is_empty() && store.list(folder).await?.iter().any(|entry| entry.path == path) {
        let mut text = Vec::new();
        // A damaged list counts as empty. It is about to be replaced.
        if store.read(&path).await.is_ok_and(|body| bronze::inflate(&body, &mut text).is_ok()) {
            for line in text.lines().map_while(Result::ok) {
                let Ok(line) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
                known.insert((line["file"].as_str().unwrap_or_default().to_owned(), line["line"].as_u64()));
            }
        }
    }
    let is_new = |reject: &&Reject| !known.contains(&(reject.file.clone(), Some(reject.line as u64)));
    Ok(rejects.iter().filter(is_new).collect())
}

/// The file of rejected rows; `None` if there are none.
///
/// # Errors
/// When it cannot be compressed.
pub fn encode_rejects(rejects: &[Reject]) -> Result<Option<Bytes>> {
    if rejects.is_empty() {
        return Ok(None);
    }
    let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    for reject in rejects {
        // Keep the row as text, since it may not be valid JSON.
        let line = serde_json::json!({
            "reason": reject.reason, "file": reject.file, "line": reject.line, "row": reject.row,
        });
        writeln!(gzip, "{line}")?;
    }
    Ok(Some(gzip.finish()?.into()))
}

#[cfg(test)]
mod tests;
