//! Which partitions of a table are stale: their bronze changed since they were built, or they were never built.
//! Reads listings and footers, writes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;

use super::rows::read_contested;
use super::task::origin;
use crate::ledger::{Inputs, Ledger, LedgerFile};
use crate::normalise::Partition;
use crate::plan::Calendar;
use crate::silver;
use crate::spec::DateRange;
use crate::store::Store;

/// Which partitions are looked at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope {
    /// Those that hold event days of this range; all without one.
    pub range: Option<DateRange>,
    /// Current ones count as stale.
    pub full: bool,
}

/// The state of a table's partitions.
#[derive(Debug, Default)]
pub struct Survey {
    /// To build, with their files.
    pub stale: BTreeMap<Partition, Vec<Arc<LedgerFile>>>,
    /// How many are current.
    pub current: usize,
    /// Published, and no bronze feeds them any more: to remove where all is built anew.
    pub lost: Vec<Partition>,
    /// Files of a former partitioning.
    pub obsolete: Vec<String>,
    /// Bronze files that do not tell which partitions they feed, with the reason.
    pub unplaced: Vec<(String, String)>,
    /// What a user should know.
    pub notes: BTreeSet<String>,
}

impl Survey {
    /// Compares what bronze feeds with what silver was made from.
    ///
    /// # Errors
    /// When silver cannot be listed.
    pub async fn of(store: &Store, ledger: &Ledger, calendar: &Calendar, scope: Scope) -> Result<Self> {
        let table = ledger.table();
        let Inputs { partitions, unplaced } = ledger.inputs();
        let published = silver::list(store, table).await?;
        let mut survey = Self { unplaced, ..Self::default() };
        let lost = published.iter().filter_map(|file| file.partition).filter(|one| !partitions.contains_key(one));
        for partition in lost.filter(|partition| scope.holds(*partition)) {
            // A file that cannot be placed may feed it.
            if scope.full && survey.unplaced.is_empty() {
                survey.lost.push(partition);
                continue;
            }
            survey.notes.insert(format!(
                "{} is kept, but no bronze feeds it any more; `normalize {} --full` removes it",
                silver::path(table, partition),
                table.name
            ));
        }
        for (partition, files) in partitions.into_iter().filter(|(partition, _)| scope.holds(*partition)) {
            let entry = published.iter().find(|file| file.partition == Some(partition)).map(|file| &file.entry);
            let made_from = match entry {
                None => None,
                // A file whose footer cannot be read is built again.
                Some(entry) => silver::footer(store, table, entry).await.ok().map(|footer| footer.origin),
            };
            let mut is_current = made_from.is_some() && made_from == Some(origin(ledger, partition, &files, calendar));
            if !is_current && made_from.is_some() {
                // Headers tell which answers only repeat another one.
                read_contested(store, ledger, &files).await;
                is_current = made_from == Some(origin(ledger, partition, &files, calendar));
            }
            if is_current && !scope.full {
                survey.current += 1;
            } else if entry.is_none() || survey.unplaced.is_empty() {
                survey.stale.insert(partition, files);
            }
            // Else a file that may feed the partition cannot be placed: what is published stays.
        }
        let obsolete = published.into_iter().filter(|file| file.partition.is_none());
        survey.obsolete = obsolete.map(|file| file.entry.path).collect();
        Ok(survey)
    }

    /// Whether there is nothing to write, remove or report.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.stale.is_empty() && self.lost.is_empty() && self.obsolete.is_empty() && self.unplaced.is_empty()
    }
}

impl Scope {
    fn holds(self, partition: Partition) -> bool {
        match (self.range, partition.days()) {
            (Some(range), Some(days)) => range.intersect(days).is_some(),
            _ => true,
        }
    }
}
