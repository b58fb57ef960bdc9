//! Two readings of one partition from bronze, for `diff`. How two rows are compared is up to `normalise`.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::fill::fill;
use super::rows::{counting_file, read_contested, task_files};
use crate::ledger::{CountingFile, Ledger, LedgerFile};
use crate::normalise::{Comparison, Partition};
use crate::parallel::Threads;
use crate::spec::DateRange;
use crate::store::Store;

/// What to compare within a partition.
#[derive(Debug, Clone, Copy)]
pub enum Compared {
    /// The two vendors of the table.
    Vendors,
    /// Answers, against imports and files of other programs.
    Kinds,
    /// Its files until a moment, against the same with later ones. Slices first answered later count with their first
    /// answers. Without a moment, against the first answer to each slice.
    Since(Option<DateTime<Utc>>),
}

/// Compares two readings of a partition, limited to the event days in `range`.
///
/// # Errors
/// When a file cannot be read, or the partition cannot be built.
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
                Compared::Kinds => builder.parts_and_answers(range),
                Compared::Since(since) => builder.revised(since.unwrap_or(DateTime::<Utc>::MIN_UTC), range),
            })
        };
        return fill(store, (table, partition), files, Threads::available(), finish).await;
    };
    read_contested(store, ledger, files).await;
    let mut earlier = ledger.earlier(files, since);
    if let Some(since) = since {
        earlier.extend(ledger.first_answers(files, since));
        earlier.sort_by(|a, b| a.file.by_age(&b.file));
    }
    let [before, mut both] = [ledger.counting(&earlier)?, ledger.counting(files)?];
    // A file may count in both readings because of different answers: then it is read twice.
    let said = |counting: &[CountingFile]| -> BTreeSet<String> {
        counting.iter().map(|file| file.said.file.path.clone()).collect()
    };
    let (then, now) = (said(&before), said(&both));
    both.extend(before.into_iter().filter(|file| !now.contains(&file.said.file.path)));
    both.sort_by(|a, b| a.said.file.by_age(&b.said.file));
    let is_in = |reading: &BTreeSet<String>, file: &CountingFile| reading.contains(&file.said.file.path);
    let readings: Vec<[bool; 2]> = both.iter().map(|file| [is_in(&then, file), is_in(&now, file)]).collect();
    let files = both.iter().map(|file| counting_file(table, file)).collect();
    fill(store, (table, partition), files, Threads::available(), move |builder| Ok(builder.changed(&readings, range)))
        .await
}
