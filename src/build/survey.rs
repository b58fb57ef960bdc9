//! Finds the stale partitions of a table: their bronze changed since they were built, or they were never built. Reads
//! listings, headers and footers; writes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, Utc};
use pitlake_contract::counted;

use super::large;
use super::origin::origin;
use super::rows::read_contested;
use crate::ledger::{Inputs, Ledger, LedgerFile};
use crate::normalise::Partition;
use crate::plan::{Calendar, Rebuild};
use crate::silver::{self, Footer, SilverFile};
use crate::spec::DateRange;
use crate::store::Store;

/// The first version of the rules under which answers are judged by their rows.
const JUDGED: u32 = 3;

/// Which partitions to look at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope {
    /// Only those with event days in this range, if there is one.
    pub range: Option<DateRange>,
    /// Which of those to build.
    pub rebuild: Rebuild,
}

/// The state of a table's partitions.
#[derive(Debug, Default)]
pub struct Survey {
    /// Files of the table, with their footers.
    pub published: Vec<(SilverFile, Result<Footer>)>,
    /// Files of its companion.
    pub companions: Vec<SilverFile>,
    /// Partitions to build, with their files.
    pub stale: BTreeMap<Partition, Vec<Arc<LedgerFile>>>,
    /// Of these, the ones that were never built by a version that judges answers by their rows.
    pub former: BTreeSet<Partition>,
    /// Number of current partitions.
    pub current: usize,
    /// Published partitions that no bronze feeds any more, to be removed in a full rebuild.
    pub lost: Vec<Partition>,
    /// Files of a former partitioning.
    pub obsolete: Vec<String>,
    /// Other files in the table's silver folders.
    pub strays: Vec<String>,
    /// Bronze files that do not tell which partitions they feed, with the reason.
    pub unplaced: Vec<(String, String)>,
    /// Advice if partitions are too large for one machine.
    pub large: Option<String>,
    /// Remarks for the user.
    pub notes: BTreeSet<String>,
}

impl Survey {
    /// Compares what bronze feeds with what silver was built from.
    ///
    /// # Errors
    /// When silver cannot be listed.
    pub async fn of(store: &Store, ledger: &Ledger, calendar: &Calendar, scope: Scope) -> Result<Self> {
        let table = ledger.table();
        let Inputs { partitions, unplaced } = ledger.inputs();
        let silver::Listing { files: published, strays } = silver::listing(store, table).await?;
        let silver::Listing { files: companions, strays: others } = silver::companion_listing(store, table).await?;
        let strays = [strays, others].concat();
        let large = large::remark(table, &partitions, large::MOST);
        let mut survey = Self { strays, unplaced, large, ..Self::default() };
        let files = published.iter().chain(&companions);
        let there: BTreeSet<Partition> = files.clone().filter_map(|file| file.partition).collect();
        let obsolete = files.filter(|file| file.partition.is_none());
        survey.obsolete = obsolete.map(|file| file.entry.path.clone()).collect();
        let footers = silver::footers(store, table, &published).await;
        survey.published = published.into_iter().zip(footers).collect();
        survey.companions = companions;
        let lost = there.into_iter().filter(|one| !partitions.contains_key(one));
        for partition in lost.filter(|partition| scope.holds(*partition)) {
            // A file that cannot be placed may still feed it.
            if scope.rebuild == Rebuild::All && survey.unplaced.is_empty() {
                survey.lost.push(partition);
                continue;
            }
            survey.notes.insert(format!(
                "{} is kept, but no bronze feeds it any more; `normalize {} --full` removes it",
                silver::path(table, partition),
                table.name
            ));
        }
        let is_replay = scope.rebuild == Rebuild::Rejected;
        let rejected = if is_replay { silver::rejected(store, table).await? } else { BTreeSet::new() };
        let mut others = 0;
        for (partition, files) in partitions.into_iter().filter(|(partition, _)| scope.holds(*partition)) {
            let entry = survey.published.iter().find(|(file, _)| file.partition == Some(partition));
            let is_new = entry.is_none();
            // A file with an unreadable footer is rebuilt.
            let footer = entry.and_then(|(_, footer)| footer.as_ref().ok());
            let is_former = footer.is_none_or(|footer| footer.rules < JUDGED);
            // A partition published with a companion is incomplete without it.
            let is_there = survey.companions.iter().any(|file| file.partition == Some(partition));
            let is_whole = is_there || footer.is_some_and(|footer| !footer.has_companion);
            let made_from = footer.filter(|_| is_whole).map(|footer| footer.origin.clone());
            let mut is_current = made_from.is_some() && made_from == Some(origin(ledger, partition, &files, calendar));
            if !is_current && made_from.is_some() {
                // Headers tell which answers only repeat another.
                read_contested(store, ledger, &files).await;
                is_current = made_from == Some(origin(ledger, partition, &files, calendar));
            }
            let is_rejected = rejected.contains(&silver::rejects_path(table, partition));
            if is_replay && !is_rejected {
                others += usize::from(!is_current);
            } else if is_current && scope.rebuild != Rebuild::All && !is_rejected {
                survey.current += 1;
            } else if is_new || survey.unplaced.is_empty() {
                survey.former.extend(is_former.then_some(partition));
                survey.stale.insert(partition, files);
            }
            // Otherwise a file that may feed the partition cannot be placed, so what is published stays.
        }
        if others > 0 {
            let others = counted(others, "more partition");
            survey.notes.insert(format!("stale: {others}; run `pitlake normalize {}`", table.name));
        }
        Ok(survey)
    }

    /// The answers to judge before the build, newest first: those kept by a former version. Answers written since
    /// `began` are this run's own.
    pub async fn unjudged(&self, store: &Store, ledger: &Ledger, began: DateTime<Utc>) -> Vec<Arc<LedgerFile>> {
        let fed = self.stale.iter().filter(|(partition, _)| self.former.contains(partition));
        let own = |file: &LedgerFile| file.file.is_named_like(&ledger.table().sources[file.source].contract);
        let paths: BTreeSet<&str> = fed
            .flat_map(|(_, files)| files)
            .filter(|file| own(file) && file.file.written_at() < began)
            .map(|file| file.file.path.as_str())
            .collect();
        if paths.is_empty() {
            return Vec::new();
        }
        ledger.read(store, |file| paths.contains(file.file.path.as_str())).await;
        let unjudged = ledger.unjudged(ledger.files());
        unjudged.into_iter().filter(|file| paths.contains(file.file.path.as_str())).collect()
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
