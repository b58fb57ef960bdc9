//! Slices that were answered more than once, judged by listings and headers. What the answers hold is not read.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Ledger, LedgerFile};
use crate::spec::Axis;

impl Ledger {
    /// The files of a partition that may change what older ones hold: those written at `since` or later that are not
    /// the first for their days or securities. Without `since`, all that are not the first. Needs the headers of files
    /// that [`Ledger::may_repeat`].
    #[must_use]
    pub fn second_answers<'f>(
        &self,
        files: &'f [Arc<LedgerFile>],
        since: Option<DateTime<Utc>>,
    ) -> Vec<&'f Arc<LedgerFile>> {
        let is_later = |file: &LedgerFile| since.is_none_or(|since| file.came() >= since);
        let changes = |(place, file): &(usize, &'f Arc<LedgerFile>)| {
            // An answer that repeats the previous one changes nothing.
            is_later(file)
                && file.provenance().is_none_or(|provenance| provenance.same_as.is_none())
                && files[..*place].iter().any(|older| self.overlap(older, file))
        };
        files.iter().enumerate().filter(changes).map(|(_, file)| file).collect()
    }

    /// Whether the header is needed to tell if a file is a second answer.
    #[must_use]
    pub fn may_repeat(&self, file: &LedgerFile, files: &[Arc<LedgerFile>], since: Option<DateTime<Utc>>) -> bool {
        since.is_none_or(|since| file.came() >= since)
            && files.iter().take_while(|older| older.file.path != file.file.path).any(|older| self.overlap(older, file))
    }

    /// The first answers to slices first answered at `since` or later and answered again after that, to show what the
    /// later answers changed.
    #[must_use]
    pub fn first_answers(&self, files: &[Arc<LedgerFile>], since: DateTime<Utc>) -> Vec<Arc<LedgerFile>> {
        let again = self.second_answers(files, Some(since));
        let is_first = |(place, file): &(usize, &Arc<LedgerFile>)| {
            file.came() >= since
                && !files[..*place].iter().any(|older| self.overlap(older, file))
                && again.iter().any(|later| self.overlap(file, later))
        };
        files.iter().enumerate().filter(is_first).map(|(_, file)| Arc::clone(file)).collect()
    }

    /// Whether two files may hold the same rows. If versions are kept, a key may occur in the answers for several days.
    fn overlap(&self, one: &LedgerFile, other: &LedgerFile) -> bool {
        if one.file.path == other.file.path {
            return false;
        }
        let axes = [one, other].map(|file| self.table.sources[file.source].contract.ask.axis);
        if !one.file.span && !other.file.span {
            let is_one_slice = axes == [Axis::Snapshot; 2] && self.table.event.is_none();
            let may_share_keys = self.table.versions.is_some() && axes.iter().any(|axis| *axis != Axis::Period);
            return one.file.day == other.file.day || is_one_slice || may_share_keys;
        }
        // The headers of answers by month and security tell which ones. Other files may be about anything.
        let calls = [one, other].map(|file| {
            let provenance = file.provenance()?;
            let calls: BTreeSet<Vec<(&str, &str)>> = provenance.params.iter().collect();
            (!calls.is_empty() && one.source == other.source).then_some(calls)
        });
        match calls {
            [Some(one), Some(other)] => !one.is_disjoint(&other),
            _ => true,
        }
    }
}
