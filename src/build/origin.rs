//! The digest of what a partition is built from. Which partitions are stale is decided in `survey`, not here.

use std::sync::Arc;

use crate::ledger::{Ledger, LedgerFile};
use crate::normalise::Partition;
use crate::plan::Calendar;
use crate::silver;

/// Digest of everything a partition is built from, except answers that only repeat another. The calendar is included if
/// sessions are used. Needs the headers of contested files.
pub fn origin(ledger: &Ledger, partition: Partition, files: &[Arc<LedgerFile>], calendar: &Calendar) -> String {
    origin_of(ledger, partition, &ledger.telling(files), calendar)
}

/// Like [`origin`], given only files that do not merely repeat another.
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
        // Without a receipt time, versions are known from when the file was written.
        modified: (table.versions.is_some() && file.file.fetched_at.is_none()).then_some(file.file.modified),
    });
    let days = if table.uses_sessions() { calendar.text() } else { "" };
    silver::origin(table, partition, files, days)
}
