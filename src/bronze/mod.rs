//! Bronze: what vendors said, word for word. Written once, never changed; a file is whole or absent,
//! so a listing is the ledger of finished slices.
//!
//! Never here: sending a request, or knowing what a silver table is.

mod calls;
mod capture;
mod file;
mod path;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};

pub use capture::{Capture, CaptureError};
pub use file::{Provenance, digest, inflate};
pub use path::BronzeFile;

use crate::spec::Contract;
use crate::store::Store;

/// The program, as it signs its files.
pub const PROGRAM: &str = concat!("pitlake ", env!("CARGO_PKG_VERSION"));

/// Every file of an interface's type, oldest first.
///
/// # Errors
/// When the store cannot be listed.
pub async fn list(store: &Store, contract: &Contract) -> Result<Vec<BronzeFile>> {
    let entries = store.list(&path::folder(contract)).await?;
    let mut files: Vec<BronzeFile> = entries.iter().filter_map(BronzeFile::of).collect();
    files.sort_by(BronzeFile::by_age);
    Ok(files)
}

/// The provenance of a file, from its first bytes; `None` where another program wrote it.
///
/// # Errors
/// When the file cannot be read or is no gzip.
pub async fn provenance(store: &Store, file: &BronzeFile) -> Result<Option<Provenance>> {
    let head = store.read_range(&file.path, 0..file.size.min(file::HEAD)).await?;
    file::provenance(&head).with_context(|| format!("`{}`", file.path))
}

/// As [`provenance`], where a file that cannot be read proves nothing and a warning says so.
pub async fn proof(store: &Store, file: &BronzeFile) -> Option<Provenance> {
    match provenance(store, file).await {
        Ok(provenance) => provenance,
        Err(error) => {
            tracing::warn!("{error:#}: the file proves nothing; remove it, and `backfill` fetches its day anew");
            None
        }
    }
}

/// The provenance of a file that is in memory already.
///
/// # Errors
/// When it is no gzip.
pub fn provenance_of(file: &BronzeFile, body: &[u8]) -> Result<Option<Provenance>> {
    file::provenance(body).with_context(|| format!("`{}`", file.path))
}

/// A complete answer to one slice, ready to be kept.
#[derive(Debug)]
pub struct Answer {
    /// What the slice is.
    pub slice: String,
    /// The folder's day.
    pub day: NaiveDate,
    /// Parameters of each call.
    pub params: Vec<Vec<(String, String)>>,
    /// Rows of each call; the lines come call by call.
    pub rows_of: Vec<usize>,
    /// Pages that held rows.
    pub pages: usize,
    /// One JSON object a line.
    pub lines: Vec<u8>,
    /// First and last event day.
    pub event_days: Option<(NaiveDate, NaiveDate)>,
    /// Months with an event, where rows leave the folder's day: then the file is a span.
    pub months: Vec<String>,
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The new file.
    pub path: String,
    /// It says the same as before and holds a header only.
    pub same_as: bool,
}

/// Writes an answer. One that says the same as `before` (path and provenance of the newest answer to
/// the slice) becomes a header-only file: asked again, nothing new.
///
/// # Errors
/// When the lake cannot be written.
pub async fn write(
    store: &Store,
    contract: &Contract,
    answer: Answer,
    at: DateTime<Utc>,
    before: Option<&(String, Provenance)>,
) -> Result<Written> {
    let digest = digest(&answer.lines);
    let rows = memchr::memchr_iter(b'\n', &answer.lines).count();
    let same = before.filter(|(_, said)| said.digest == digest);
    let same_as = same.map(|(path, said)| said.same_as.clone().unwrap_or_else(|| file_name(path).to_owned()));
    let is_same = same_as.is_some();
    let lines = if is_same { Vec::new() } else { answer.lines };
    let span = !answer.months.is_empty();
    let provenance = Provenance {
        program: PROGRAM.to_owned(),
        vendor: contract.id.vendor.clone(),
        interface: contract.id.name.clone(),
        slice: answer.slice,
        params: answer.params,
        rows_of: answer.rows_of,
        pages: answer.pages,
        rows,
        first: answer.event_days.map(|days| days.0),
        last: answer.event_days.map(|days| days.1),
        months: answer.months,
        // As in the file's name: the header holds what the name says.
        fetched_at: DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap_or(at),
        digest,
        same_as,
    };
    let body: Bytes = tokio::task::spawn_blocking(move || file::encode(&provenance, &lines)).await??;
    for ordinal in 0.. {
        let path = path::new_path(contract, answer.day, at, ordinal, span);
        if store.create(&path, body.clone()).await? {
            return Ok(Written { path, same_as: is_same });
        }
    }
    unreachable!("some ordinal is free")
}

/// The last part of a path.
#[must_use]
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
