//! Extends a published partition by new days. If nothing else arrived since, their rows are merged into its file,
//! giving the same bytes as a build from all of its bronze. In any doubt the partition is built in full. What the rows
//! of a day are is not decided here.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;
use chrono::NaiveDate;
use pitlake_contract::spelling::day;

use super::fill::fill;
use super::input::TaskFile;
use super::origin::origin_of;
use super::survey::Survey;
use crate::bronze::Provenance;
use crate::ledger::{Ledger, LedgerFile};
use crate::normalise::{Builder, Partition};
use crate::parallel::Threads;
use crate::plan::Calendar;
use crate::silver::{self, Encoded};
use crate::spec::{Axis, Known, Table};
use crate::store::{Draft, Entry, Store};

/// A published file of up to this many bytes is always small enough.
const SMALL: u64 = 1 << 20;

/// How many of the newest files may be new.
const MOST: usize = 64;

/// A published partition that lacks nothing but new days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Onto {
    rows: Entry,
    companion: Option<Entry>,
    /// Digest of what it was built from.
    origin: String,
    /// Paths of the new answers.
    new: BTreeSet<String>,
    /// The days they answer, counted from 1970-01-01.
    days: BTreeSet<i32>,
}

/// A partition extended by its new days.
pub(super) struct Extended {
    pub(super) encoded: Encoded<Draft>,
    /// Number of rows.
    pub(super) count: usize,
}

impl Onto {
    /// The partition, if its stale file holds everything that came before its new days. `None` if it has to be built
    /// from all of its bronze. Needs the headers of contested files.
    pub(super) async fn of(
        store: &Store,
        ledger: &Ledger,
        survey: &Survey,
        (partition, files): (Partition, &[Arc<LedgerFile>]),
        calendar: &Calendar,
    ) -> Option<Self> {
        let table = ledger.table();
        let (file, footer) = survey.published.iter().find(|(file, _)| file.partition == Some(partition))?;
        let (rows, footer) = (&file.entry, footer.as_ref().ok()?);
        let companion = survey.companions.iter().find(|file| file.partition == Some(partition));
        let is_of_market = matches!(table.known, Known::Event | Known::NextSession);
        if !is_of_market || !silver::can_be_extended(table) || footer.is_noted {
            return None;
        }
        let telling = ledger.telling(files);
        let is_plain = |file: &LedgerFile| {
            let contract = &table.sources[file.source].contract;
            contract.ask.axis == Axis::Session && !file.file.span
        };
        let most = telling.iter().skip(1).rev().take(MOST).take_while(|file| is_plain(file)).count();
        let made_from =
            |count: &usize| origin_of(ledger, partition, &telling[..telling.len() - count], calendar) == footer.origin;
        let count = (1..=most).find(made_from)?;
        let (before, new) = telling.split_at(telling.len() - count);
        let paths: BTreeSet<String> = new.iter().map(|file| file.file.path.clone()).collect();
        let days: BTreeSet<NaiveDate> = new.iter().map(|file| file.file.day).collect();
        let is_of_others = |file: &Arc<LedgerFile>| is_plain(file) && !days.contains(&file.file.day);
        // Extending must not cost more memory than a build from bronze.
        let is_small = rows.size <= before.iter().map(|file| file.file.size).sum::<u64>().max(SMALL);
        if !is_small || !before.iter().all(is_of_others) {
            return None;
        }
        ledger.read(store, |file| paths.contains(&file.file.path)).await;
        let is_answer = |provenance: &Provenance| !provenance.is_import() && provenance.same_as.is_none();
        if !new.iter().all(|file| file.provenance().is_some_and(is_answer)) {
            return None;
        }
        // Rejects without a note in the footer were left by a build that did not finish.
        let rejects = silver::rejected(store, table).await.ok()?;
        if rejects.contains(&silver::rejects_path(table, partition)) {
            return None;
        }
        let days = days.into_iter().map(day::days).collect();
        Some(Self {
            rows: rows.clone(),
            companion: companion.map(|file| file.entry.clone()),
            origin: footer.origin.clone(),
            new: paths,
            days,
        })
    }

    /// Builds the new files among `files` and merges them in. `None` if they bring anything to report besides rows, or
    /// if there is more to do than adding them.
    ///
    /// # Errors
    /// When a file cannot be read, or the partition cannot be built.
    pub(super) async fn extended(
        &self,
        store: &Store,
        (table, partition, digest): (&Arc<Table>, Partition, &str),
        files: &[TaskFile],
        (calendar, threads): (&Arc<Calendar>, Threads),
    ) -> Result<Option<Extended>> {
        let files: Vec<TaskFile> = files.iter().filter(|file| self.new.contains(&file.path)).cloned().collect();
        if files.len() != self.new.len() {
            return Ok(None);
        }
        let own = (&self.rows, self.companion.as_ref());
        let Some(base) = silver::Base::read(store, table, own, &self.origin).await? else { return Ok(None) };
        let (of, calendar, days) = (Arc::clone(table), Arc::clone(calendar), self.days.clone());
        let (into, digest) = (store.clone(), digest.to_owned());
        let finish = move |builder: Builder<'_>| {
            let new = builder.finish_with_companion(&|day| calendar.next_session(day), threads)?;
            if !new.details.is_empty() || new.companion.is_some() {
                return Ok(None);
            }
            let Some(rows) = silver::Extended::of(&base, &of, &new, (&days, threads))? else { return Ok(None) };
            let out = into.draft(&silver::path(&of, partition))?;
            let encoded = silver::encode_extended(&of, &rows, (&digest, threads), out)?;
            Ok(Some(Extended { encoded, count: rows.num_rows() }))
        };
        fill(store, (table, partition), files, threads, finish).await
    }
}

#[cfg(test)]
mod tests;
