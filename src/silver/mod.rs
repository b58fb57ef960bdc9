//! Silver: Parquet tables, one file a partition. A partition is a pure function of bronze files and a
//! table; its digest of both lies in the footer, in the same file as the rows, so the two cannot
//! disagree. Putting the file is the commit: readers see the old partition or the new one.
//!
//! Never here: what a bronze line means.

mod origin;
mod parquet;
mod path;

use std::io::Write as _;

use anyhow::Result;
use bytes::Bytes;
use flate2::{Compression, GzBuilder};

pub use origin::origin;
pub use parquet::Footer;
pub use path::{path, rejects_path};

use crate::normalise::{Built, Partition, Reject};
use crate::spec::Table;
use crate::store::{Entry, Store};

/// A file under `silver/<table>/`.
#[derive(Debug, Clone)]
pub struct Held {
    /// Path and size.
    pub entry: Entry,
    /// What it holds; `None` where the path is not of the table's present partitioning.
    pub partition: Option<Partition>,
}

/// Every file of a table.
///
/// # Errors
/// When the store cannot be listed.
pub async fn list(store: &Store, table: &Table) -> Result<Vec<Held>> {
    let entries = store.list(&path::folder(table)).await?;
    let held = |entry: Entry| Held { partition: path::partition(table, &entry.path), entry };
    Ok(entries.into_iter().map(held).collect())
}

/// What a file's footer tells.
///
/// # Errors
/// When it cannot be read: the file is none of ours, or damaged.
pub async fn footer(store: &Store, table: &Table, entry: &Entry) -> Result<Footer> {
    parquet::footer(store, table, &entry.path, entry.size).await
}

/// Replaces a partition: first the rejected rows, then the rows. Blocks; call it off the async threads.
///
/// # Errors
/// When the rows cannot be encoded or the lake not be written.
pub async fn publish(store: &Store, table: &Table, partition: Partition, built: Built, origin: String) -> Result<()> {
    let rejects_path = rejects_path(table, partition);
    let Built { batch, rejects, .. } = built;
    let proven = table.clone();
    let (rows, rejects) = tokio::task::spawn_blocking(move || {
        let rows = parquet::encode(&proven, &batch, &origin)?;
        let rejects = if rejects.is_empty() { None } else { Some(encode_rejects(&rejects)?) };
        Ok::<_, anyhow::Error>((rows, rejects))
    })
    .await??;
    match rejects {
        Some(rejects) => store.put(&rejects_path, rejects).await?,
        None => store.delete(&rejects_path).await?,
    }
    store.put(&path(table, partition), rows).await
}

fn encode_rejects(rejects: &[Reject]) -> Result<Bytes> {
    let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    for reject in rejects {
        // The row stays text: it may be no JSON at all.
        let line = serde_json::json!({
            "reason": reject.reason, "file": reject.file, "line": reject.line, "row": reject.row,
        });
        writeln!(gzip, "{line}")?;
    }
    Ok(gzip.finish()?.into())
}
