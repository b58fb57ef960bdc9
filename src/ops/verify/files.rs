//! Verifies bronze files: whether header and rows are those written. Silver is verified in `silver` itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;
use futures::{StreamExt as _, TryStreamExt as _};

use super::verified::{Damage, Verified, at_once};
use crate::bronze;
use crate::ledger::{Ledger, LedgerFile};
use crate::spec::Table;
use crate::world::World;

/// Reads some bronze files completely.
pub(super) async fn bronze(
    world: &World,
    ledger: &Ledger,
    files: &[&Arc<LedgerFile>],
    verified: &mut Verified,
) -> Result<()> {
    let names: Arc<BTreeSet<String>> =
        Arc::new(ledger.files().iter().map(|file| file.file.name().to_owned()).collect());
    let read = futures::stream::iter(files).map(|file| {
        let (path, names) = (file.file.path.clone(), Arc::clone(&names));
        async move {
            let body = match world.store.read(&path).await {
                Ok(body) => tokio::task::spawn_blocking(move || bronze_file(&path, &body, &names)).await?,
                Err(error) => Body::Damaged(format!("{error:#}")),
            };
            Ok::<_, anyhow::Error>((*file, body))
        }
    });
    let read: Vec<(&Arc<LedgerFile>, Body)> = read.buffered(at_once()).try_collect().await?;
    for (file, body) in read {
        verified.bronze.files += 1;
        match body {
            Body::Proven(rows) => verified.bronze.rows += rows,
            Body::Unproven(rows) => {
                verified.bronze.rows += rows;
                verified.bronze.unproven += 1;
            }
            Body::Orphan(same_as) => {
                let path = &file.file.path;
                verified.notes.push(format!("`{path}` refers to `{same_as}`, which no longer exists"));
            }
            Body::Damaged(problem) => {
                let remedy = fetch_again(ledger.table(), file);
                verified.damaged.push(Damage { file: file.file.path.clone(), problem, remedy });
            }
        }
    }
    Ok(())
}

/// The result of reading a bronze file completely.
enum Body {
    /// Its rows match its digest.
    Proven(u64),
    /// It has no digest.
    Unproven(u64),
    /// It repeats a file that is gone.
    Orphan(String),
    /// Why it is not what was written.
    Damaged(String),
}

fn bronze_file(path: &str, body: &[u8], names: &BTreeSet<String>) -> Body {
    let mut text = Vec::new();
    let provenance = match bronze::read(body, &mut text) {
        Ok(Some(provenance)) => provenance,
        Ok(None) => return Body::Unproven(memchr::memchr_iter(b'\n', &text).count() as u64),
        Err(error) => return Body::Damaged(format!("{error:#}")),
    };
    let rows = memchr::memchr_iter(b'\n', &text).count();
    let folder = format!("bronze/{}/", provenance.vendor);
    if !path.starts_with(&folder) || !bronze::file_name(path).starts_with(&provenance.interface) {
        let of = format!("{}/{}", provenance.vendor, provenance.interface);
        return Body::Damaged(format!("its header names `{of}`, but its path belongs to another interface"));
    }
    match provenance.same_as {
        Some(_) if !text.is_empty() => Body::Damaged("it holds rows, but its header says that it holds none".into()),
        Some(same_as) if !names.contains(&same_as) => Body::Orphan(same_as),
        Some(_) => Body::Proven(0),
        None if rows != provenance.rows => {
            Body::Damaged(format!("it holds {rows} rows, but its header says {}", provenance.rows))
        }
        None if bronze::digest(&text) != provenance.digest => {
            Body::Damaged("its rows differ from the digest in its header".into())
        }
        None => Body::Proven(rows as u64),
    }
}

fn fetch_again(table: &Table, file: &LedgerFile) -> String {
    let backfill = bronze::backfill(&table.name, &file.file.path, file.provenance());
    if file.file.span {
        return format!("remove it, then run `{backfill}`, or import it again");
    }
    format!("remove it, then run `{backfill}`")
}
