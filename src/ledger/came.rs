//! When answers came, also where a run with a wrong clock wrote some: names tell the order of the answers to a slice, headers
//! the time. Never what the answers say.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use pitlake_contract::Slice;

use super::repeats::SliceKey;
use super::{Ledger, LedgerFile};
use crate::bronze::Provenance;
use crate::store::Store;

impl LedgerFile {
    /// When it was written: by its header where that was read, else by its name, else the start of its folder's day.
    #[must_use]
    pub fn came(&self) -> DateTime<Utc> {
        let named = self.file.written_at();
        self.provenance().filter(|_| self.file.fetched_at.is_some()).map_or(named, |provenance| provenance.fetched_at)
    }

    /// When the vendor showed its rows, by its header or its name.
    #[must_use]
    pub fn observed(&self) -> Option<DateTime<Utc>> {
        self.provenance().map(Provenance::observed_at).or(self.file.fetched_at)
    }

    /// Whether its name is later than it came, since it follows an answer from the future.
    #[must_use]
    pub fn follows_the_future(&self) -> bool {
        self.came() < self.file.written_at()
    }
}

impl Ledger {
    /// Reads the headers of files that are older than their names say.
    pub(super) async fn read_misdated(&self, store: &Store) {
        // The clocks of this machine and of the store may differ somewhat.
        let is_ahead = |file: &LedgerFile| {
            file.file.fetched_at.is_some_and(|named| named > file.file.modified + TimeDelta::hours(1))
        };
        self.read(store, is_ahead).await;
    }

    /// The time in the name of a new answer to some slices that were asked together: now, or a millisecond after the newest
    /// answer to one of them. Needs the headers of spans.
    #[must_use]
    pub fn stamp(&self, source: usize, slices: &[Slice], now: DateTime<Utc>) -> DateTime<Utc> {
        let contract = self.contract(source);
        let asked: Vec<SliceKey<'_>> = slices
            .iter()
            .map(|slice| {
                let day = match slice {
                    Slice::Session(day) | Slice::Day(day) | Slice::Period(day) => Some(*day),
                    Slice::Month(month) | Slice::SecurityMonth(_, month) => Some(*month),
                    Slice::Security(_) | Slice::Snapshot(_) => None,
                };
                let code = slice.code().map(str::to_owned);
                (contract.id.vendor.as_str(), contract.kind.as_str(), contract.ask.axis, day, code)
            })
            .collect();
        let answers =
            |file: &&LedgerFile| !self.is_part(file) && self.slices_of(file).iter().any(|slice| asked.contains(slice));
        // From the newest on: nearly always that is older than now.
        let later = self.beside(source).rev().take_while(|file| file.file.written_at() > now);
        let newest = later.filter(answers).map(|file| file.file.written_at()).next();
        newest.map_or(now, |newest| newest + TimeDelta::milliseconds(1))
    }

    /// When the vendor showed each of some files, oldest first; `None` where nothing tells. An answer cannot have come after
    /// the one that followed it: whatever its header says, it came when that did at the latest. Needs the headers of
    /// contested files.
    #[must_use]
    pub fn observed(&self, files: &[Arc<LedgerFile>]) -> Vec<Option<DateTime<Utc>>> {
        let mut observed: Vec<Option<DateTime<Utc>>> = files.iter().map(|file| file.observed()).collect();
        if !files.iter().any(|file| file.follows_the_future()) {
            return observed;
        }
        let mut latest: HashMap<SliceKey<'_>, DateTime<Utc>> = HashMap::new();
        for (file, at) in files.iter().zip(&mut observed).rev().filter(|(file, _)| !self.is_part(file)) {
            let slices = self.slices_of(file);
            let end = slices.iter().filter_map(|slice| latest.get(slice)).min();
            *at = at.zip(end).map(|(at, end)| at.min(*end)).or(*at);
            if file.follows_the_future() {
                let came = at.unwrap_or_else(|| file.came());
                for slice in slices {
                    let end = latest.entry(slice).or_insert(came);
                    *end = came.min(*end);
                }
            }
        }
        observed
    }
}
