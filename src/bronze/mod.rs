//! Bronze: the vendors' rows, byte for byte. A file is written once and never changed. It is either whole or absent, so
//! a listing shows every finished slice.
//!
//! Does not send requests, and knows no silver tables.

mod again;
mod calls;
mod capture;
mod file;
mod findings;
mod header;
mod inflate;
mod path;
mod span;

use std::collections::BTreeSet;

use anyhow::Result;
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};

pub use again::backfill;
pub use calls::Calls;
pub use capture::{Capture, CaptureError, CaptureRules};
#[cfg(test)]
pub use file::foreign;
pub use file::{Provenance, digest};
pub use findings::{Findings, MOST_CODES, Mark};
pub use inflate::inflate;
pub use path::{BronzeFile, file_name, folder, folder_day};
pub use span::Span;

use crate::real;
use crate::spec::{Contract, DateRange};
use crate::store::{Store, StoreError};

/// Name and version of this program, as written to its files.
pub const PROGRAM: &str = concat!("pitlake ", env!("CARGO_PKG_VERSION"));

/// The contents of an interface's folder.
#[derive(Debug, Default)]
pub struct Listing {
    /// Our files, oldest first.
    pub files: Vec<BronzeFile>,
    /// Paths of any other form. Nothing reads them.
    pub unread: Vec<String>,
}

/// Everything in an interface's folder.
///
/// # Errors
/// When the store cannot be listed.
pub async fn listing(store: &Store, contract: &Contract) -> Result<Listing> {
    let entries = store.list(&path::folder(contract)).await?;
    let read = move || {
        let mut listing = Listing { files: Vec::with_capacity(entries.len()), unread: Vec::new() };
        for entry in entries {
            match BronzeFile::of(entry) {
                // On other systems' disks macOS leaves a `._` file beside each file.
                Ok(file) if file.name().starts_with('.') => {}
                Ok(file) => listing.files.push(file),
                Err(other) if path::is_hidden(&other.path) => {}
                Err(other) => listing.unread.push(other.path),
            }
        }
        listing.files.sort_by(BronzeFile::by_age);
        listing
    };
    Ok(real::apart(read).await?)
}

/// All files of an interface, oldest first.
///
/// # Errors
/// When the store cannot be listed.
pub async fn list(store: &Store, contract: &Contract) -> Result<Vec<BronzeFile>> {
    Ok(listing(store, contract).await?.files)
}

/// Folders in bronze that belong to none of the interfaces, so that nothing reads them.
///
/// # Errors
/// When the store cannot be listed.
pub async fn unread_folders(store: &Store, contracts: impl Iterator<Item = &Contract>) -> Result<Vec<String>> {
    let known: BTreeSet<String> = contracts.map(path::folder).collect();
    let mut unread = Vec::new();
    for vendor in store.folders("bronze").await? {
        unread.extend(store.folders(&vendor).await?.into_iter().filter(|folder| !known.contains(folder)));
    }
    Ok(unread)
}

/// The provenance of each file, from its first bytes. `None` for files of other programs, an error if a file cannot be
/// read or is not gzip.
pub async fn provenances(
    store: &Store,
    files: impl IntoIterator<Item = &BronzeFile>,
) -> Vec<Result<Option<Provenance>>> {
    let files = files.into_iter().map(|file| (file.path.clone(), file.size.min(header::HEAD))).collect();
    let heads = store.heads(files, (header::USUAL, header::length), file::provenance).await;
    heads.into_iter().map(Result::flatten).collect()
}

/// What to tell the user about a file of `table` whose header cannot be read.
#[must_use]
pub fn no_proof(error: &anyhow::Error, table: &str, path: &str) -> String {
    // If the store cannot give a file right now, nothing is wrong with the file.
    if error.is::<StoreError>() {
        return format!("{error:#}; check its permissions, or run again");
    }
    let backfill = backfill(table, path, None);
    format!("{error:#}; the file cannot be used: remove it, then run `{backfill}` to fetch its slice again")
}

/// Whether each file starts like ours; `false` if it cannot be read. Files are read only if the listing does not tell.
pub async fn are_ours<'f>(store: &Store, files: impl IntoIterator<Item = &'f BronzeFile>) -> Vec<bool> {
    let files: Vec<&BronzeFile> = files.into_iter().collect();
    let untold = files.iter().filter(|file| file.begins_as_ours.is_none());
    let untold = untold.map(|file| (file.path.clone(), file.size.min(header::START))).collect();
    let mut heads = store.heads(untold, (header::START, |_| 0), header::is_ours).await.into_iter();
    let mut read = || heads.next().and_then(Result::ok).unwrap_or(false);
    files.into_iter().map(|file| file.begins_as_ours.unwrap_or_else(&mut read)).collect()
}

/// Reads the lines and the provenance of a file in memory. The provenance is `None` for files of other programs. `text`
/// is cleared first.
///
/// # Errors
/// When it is not gzip, is damaged, or expands further than rows can.
pub fn read(body: &[u8], text: &mut Vec<u8>) -> Result<Option<Provenance>> {
    let provenance = file::provenance(body)?;
    inflate::inflate_rows(body, provenance.as_ref().map_or(0, |provenance| provenance.rows), text)?;
    Ok(provenance)
}

/// A bronze file to write: a complete answer to one slice, or an import.
#[derive(Debug)]
pub struct NewFile {
    /// The slice.
    pub slice: String,
    /// The day of the folder.
    pub day: NaiveDate,
    /// Parameters of each call.
    pub params: Vec<Vec<(String, String)>>,
    /// Rows per call. The lines are in the order of the calls.
    pub rows_of: Vec<usize>,
    /// Number of pages that held rows.
    pub pages: usize,
    /// One JSON object per line.
    pub lines: Vec<u8>,
    /// First and last event day.
    pub event_days: Option<DateRange>,
    /// Set if rows leave the day of the folder.
    pub span: Option<Span>,
    /// The findings of the judgement; `None` for an import.
    pub found: Option<Findings>,
    /// Set if it is not simply whole.
    pub mark: Option<Mark>,
    /// The day on which an import was captured, if the user gave it.
    pub captured_on: Option<NaiveDate>,
    /// The smallest number it may have among files with the same timestamp.
    pub ordinal: u32,
}

/// The result of [`write()`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Path of the new file.
    pub path: String,
    /// Whether its lines equal those of an earlier file, so that it holds a header only.
    pub same_as: bool,
    /// Its number among files with the same timestamp.
    pub ordinal: u32,
}

/// Writes a file. If its lines equal those of `before` (path and provenance of the newest answer to the slice), it
/// holds a header only.
///
/// # Errors
/// When the lake cannot be written.
pub async fn write(
    store: &Store,
    contract: &Contract,
    new: NewFile,
    at: DateTime<Utc>,
    before: Option<(&str, &Provenance)>,
) -> Result<Written> {
    write_named(store, contract, new, (at, at), before).await
}

/// Like [`write()`], with a time in the name that may differ from when the fetch finished: names of answers to the same
/// slice must sort in order, even after a run with a wrong clock.
///
/// # Errors
/// When the lake cannot be written.
pub async fn write_named(
    store: &Store,
    contract: &Contract,
    new: NewFile,
    (at, named): (DateTime<Utc>, DateTime<Utc>),
    before: Option<(&str, &Provenance)>,
) -> Result<Written> {
    let digest = digest(&new.lines);
    let rows = memchr::memchr_iter(b'\n', &new.lines).count();
    let same = before.filter(|(_, earlier)| earlier.digest == digest);
    let same_as = same.map(|(path, earlier)| earlier.same_as.clone().unwrap_or_else(|| file_name(path).to_owned()));
    let is_same = same_as.is_some();
    let lines = if is_same { Vec::new() } else { new.lines };
    let marks = (new.mark, new.span.is_some());
    let provenance = Provenance {
        program: PROGRAM.to_owned(),
        vendor: contract.id.vendor.clone(),
        interface: contract.id.name.clone(),
        slice: new.slice,
        params: new.params.into(),
        rows_of: new.rows_of,
        pages: new.pages,
        rows,
        first: new.event_days.map(|days| days.first),
        last: new.event_days.map(|days| days.last),
        span: new.span,
        // Milliseconds, as in the file name.
        fetched_at: DateTime::from_timestamp_millis(at.timestamp_millis()).unwrap_or(at),
        captured_on: new.captured_on,
        sum: (!is_same).then(|| file::sum(&digest, &lines)),
        digest,
        found: new.found,
        same_as,
    };
    let body: Bytes = real::apart(move || file::encode(&provenance, &lines)).await??;
    for ordinal in new.ordinal.. {
        let path = path::new_path(contract, new.day, (named, ordinal), marks);
        if store.create(&path, body.clone()).await? {
            return Ok(Written { path, same_as: is_same, ordinal });
        }
    }
    unreachable!("some ordinal is free")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_that_the_store_does_not_give_is_not_to_be_removed() {
        let path = "bronze/tushare/trade_cal/date=2024-01-02/trade_cal_20240102T103015123Z.jsonl.gz";
        let file = BronzeFile::of(crate::store::Entry {
            path: path.into(),
            size: 9,
            modified: DateTime::default(),
            beginning: None,
        })
        .unwrap();
        let store = Store::memory();
        let not_given = provenances(&store, [&file]).await.pop().unwrap().unwrap_err();
        let no_proof = |error| no_proof(error, "trade_cal", path);
        assert!(no_proof(&not_given).ends_with("check its permissions, or run again"), "{not_given:#}");
        store.put(path, "no gzip!!".into()).await.unwrap();
        let damaged = provenances(&store, [&file]).await.pop().unwrap().unwrap_err();
        let way_out = "remove it, then run `pitlake backfill trade_cal --start 2024-01-02 --end 2024-01-02` to";
        assert!(no_proof(&damaged).contains(way_out), "{damaged:#}");
    }
}
