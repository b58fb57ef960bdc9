//! New days of a partition that is published: where nothing else came since, their rows are put among those of its file, to
//! the same bytes as from all of its bronze. Never what the rows of a day are; and in any doubt, nothing.

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

/// Bytes of a published file that fit beside any others.
const SMALL: u64 = 1 << 20;

/// New files are looked for among so many of the newest.
const MOST: usize = 64;

/// A published partition to which only days came that it has not had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Onto {
    rows: Entry,
    companion: Option<Entry>,
    /// Digest of what it was made from.
    origin: String,
    /// Paths of the new answers.
    new: BTreeSet<String>,
    /// The days that they answer, since 1970.
    days: BTreeSet<i32>,
}

/// A partition with the rows of its new days.
pub(super) struct Extended {
    pub(super) encoded: Encoded<Draft>,
    /// Rows.
    pub(super) count: usize,
}

impl Onto {
    /// A partition whose stale file holds all that came before its new days; `None` where it is to be built from all of its
    /// bronze. Needs the headers of contested files.
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
        // What it takes is no more than what a build from bronze does.
        let is_small = rows.size <= before.iter().map(|file| file.file.size).sum::<u64>().max(SMALL);
        if !is_small || !before.iter().all(is_of_others) {
            return None;
        }
        ledger.read(store, |file| paths.contains(&file.file.path)).await;
        let is_answer = |provenance: &Provenance| !provenance.is_import() && provenance.same_as.is_none();
        if !new.iter().all(|file| file.provenance().is_some_and(is_answer)) {
            return None;
        }
        // A list that was left behind: who wrote it was not done.
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

    /// The partition with its new days, made from `files` of which all but those are in it; `None` where anything but their
    /// rows is to be told of them, or they are not all that there is to do.
    ///
    /// # Errors
    /// When a file cannot be read, or stops the partition.
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
