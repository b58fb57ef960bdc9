//! The digest of what a partition is made from. Never which partitions are stale.

use std::sync::Arc;

use crate::ledger::{Ledger, LedgerFile};
use crate::normalise::Partition;
use crate::plan::Calendar;
use crate::silver;

/// Digest of everything a partition is made from: answers that only repeat another one aside. The calendar counts where
/// sessions are used. Needs the headers of contested files.
pub fn origin(ledger: &Ledger, partition: Partition, files: &[Arc<LedgerFile>], calendar: &Calendar) -> String {
    origin_of(ledger, partition, &ledger.telling(files), calendar)
}

/// As [`origin`], of files that all tell something.
pub(super) fn origin_of(
    ledger: &Ledger,
    partition: Partition,
    telling: &[Arc<LedgerFile>],
    calendar: &Calendar,
) -> String {
    let table = ledger.table();
    let files = telling.iter().map(|file| silver::OriginFile {
        path: &file.file.path,
        size: file.file.size,
        // Of a file that does not tell when it came, versions are known from when it was written.
        modified: (table.versions.is_some() && file.file.fetched_at.is_none()).then_some(file.file.modified),
    });
    let days = if table.uses_sessions() { calendar.text() } else { "" };
    silver::origin(table, partition, files, days)
}
