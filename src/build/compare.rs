//! Two readings of one partition from bronze, for `diff`. Never how two rows are compared.

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

/// What is compared of a partition.
#[derive(Debug, Clone, Copy)]
pub enum Compared {
    /// The two vendors of the table.
    Vendors,
    /// Imports and files of other programs, and answers.
    Kinds,
    /// What its files held until a moment, and what they hold with the later ones; of slices first answered later, their
    /// first answers. Without a moment: what the first answer to each slice held.
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
    // A file may count in both readings as said by different ones: then it is read twice.
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
