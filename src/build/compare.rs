//! Two readings of one partition from bronze, for `diff`. Never how two rows are compared.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::rows::{fill, plain, task_files};
use crate::ledger::{Ledger, LedgerFile};
use crate::normalise::{Comparison, Partition};
use crate::spec::DateRange;
use crate::store::Store;

/// What is compared of a partition.
#[derive(Debug, Clone, Copy)]
pub enum Compared {
    /// The two vendors of the table.
    Vendors,
    /// What its files held until a moment, and what they hold with the later ones. Without a moment: what the first
    /// answer to each slice held.
    Since(Option<DateTime<Utc>>),
}

/// Compares two readings of a partition; `range` narrows them to event days.
///
/// # Errors
/// When a file cannot be read, or stops the partition.
pub async fn compare(
    store: &Store,
    ledger: &Ledger,
    (partition, files): (Partition, &[Arc<LedgerFile>]),
    compared: Compared,
    range: Option<DateRange>,
) -> Result<Comparison> {
    let table = ledger.table();
    let (None, Compared::Since(since)) = (&table.versions, compared) else {
        let files = task_files(store, ledger, files).await?;
        let finish = move |builder: crate::normalise::Builder<'_>| {
            Ok(match compared {
                Compared::Vendors => builder.between(range),
                Compared::Since(since) => builder.revised(since.unwrap_or(DateTime::<Utc>::MIN_UTC), range),
            })
        };
        return fill(store, table, partition, files, finish).await;
    };
    ledger.read(store, |file| ledger.is_contested(file, files)).await;
    let before = ledger.counting(&ledger.earlier(files, since))?;
    let mut both = ledger.counting(files)?;
    let now: BTreeSet<String> = both.iter().map(|file| file.file.path.clone()).collect();
    both.extend(before.iter().filter(|file| !now.contains(&file.file.path)).cloned());
    both.sort_by(|a, b| a.file.by_age(&b.file));
    let then: BTreeSet<&str> = before.iter().map(|file| file.file.path.as_str()).collect();
    let readings: Vec<[bool; 2]> =
        both.iter().map(|file| [then.contains(file.file.path.as_str()), now.contains(&file.file.path)]).collect();
    let files = both.iter().map(|file| plain(table, file)).collect();
    fill(store, table, partition, files, move |builder| Ok(builder.changed(&readings, range))).await
}
