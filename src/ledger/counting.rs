//! Which files of a partition count: of the answers to one slice the newest, and every part. Never what their rows say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};

use super::{Ledger, LedgerFile};
use crate::spec::{Axis, Contract};

/// What all answers to one slice have in common. Interfaces of one folder answer the same slices; all snapshots are one.
type SliceOf<'a> = (&'a str, &'a str, Axis, Option<NaiveDate>);

type Files = Vec<Arc<LedgerFile>>;

impl Ledger {
    /// Whether several files may answer the slice of this one, so that its header decides which of them counts.
    #[must_use]
    pub fn is_contested(&self, file: &LedgerFile, files: &[Arc<LedgerFile>]) -> bool {
        let contract = self.contract(file.source);
        let slice = slice_of(contract, file);
        let same = |other: &&Arc<LedgerFile>| slice_of(self.contract(other.source), other) == slice;
        !file.file.span && files.iter().filter(same).count() > 1
    }

    /// The files whose rows count, oldest first. Of the answers to one slice only the newest counts, and one that
    /// repeats an earlier one stands for that; files of other programs and imports are parts, and all of them count.
    /// Needs the headers of contested files.
    ///
    /// # Errors
    /// When a header that decides cannot be read.
    pub fn counting(&self, files: &[Arc<LedgerFile>]) -> Result<Files> {
        let mut slices: BTreeMap<SliceOf<'_>, Files> = BTreeMap::new();
        let mut counting = Files::new();
        let names: BTreeSet<&str> = files.iter().map(|file| file.file.name()).collect();
        for file in files {
            let contract = self.contract(file.source);
            let axis = contract.ask.axis;
            // An answer to many securities that repeats another one adds nothing to it.
            let same_as = file.provenance().and_then(|provenance| provenance.same_as.as_deref());
            if file.file.span && axis == Axis::SecurityMonth && same_as.is_some_and(|name| names.contains(name)) {
                continue;
            }
            // Months are spans too, and only the newest answer to a month counts.
            let is_month = axis == Axis::Month && file.file.span && file.provenance().is_some();
            // Snapshots of a table with an event day add up.
            let adds_up = axis == Axis::Snapshot && self.table.event.is_some();
            if (file.file.span && !is_month) || adds_up || !file.file.is_named_like(contract) {
                counting.push(Arc::clone(file));
            } else {
                slices.entry(slice_of(contract, file)).or_default().push(Arc::clone(file));
            }
        }
        for mut answers in slices.into_values() {
            if answers.len() == 1 {
                counting.append(&mut answers);
                continue;
            }
            let mut ours = Vec::new();
            for file in answers.into_iter().rev() {
                if file.checked()?.is_some() { ours.push(file) } else { counting.push(file) }
            }
            // The newest counts, or the file it points to; where that is gone, reading the pointer fails with the reason.
            let target = ours.first().and_then(|file| file.provenance()?.same_as.clone());
            let pointed = target.and_then(|name| ours.iter().position(|file| file.file.name() == name));
            counting.extend(ours.into_iter().nth(pointed.unwrap_or(0)));
        }
        counting.sort_by(|a, b| a.file.by_age(&b.file));
        Ok(counting)
    }

    /// Of some files, those written before a moment; without one, the first answer to each slice.
    #[must_use]
    pub fn earlier(&self, files: &[Arc<LedgerFile>], since: Option<DateTime<Utc>>) -> Files {
        let mut slices = BTreeSet::new();
        let mut is_earlier = |file: &&Arc<LedgerFile>| match since {
            Some(since) => file.file.written_at() < since,
            None => {
                let (vendor, kind, _, day) = slice_of(self.contract(file.source), file);
                slices.insert((vendor, kind, day, file.file.span))
            }
        };
        files.iter().filter(|file| is_earlier(file)).cloned().collect()
    }
}

fn slice_of<'a>(contract: &'a Contract, file: &LedgerFile) -> SliceOf<'a> {
    let day = (contract.ask.axis != Axis::Snapshot).then_some(file.file.day);
    (&contract.id.vendor, &contract.kind, contract.ask.axis, day)
}
