//! When answers were received, even if a run with a wrong clock wrote some of them: names give the order of the answers
//! to a slice, headers give the time. What the answers hold is not read.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use pitlake_contract::Slice;

use super::repeats::SliceKey;
use super::{Ledger, LedgerFile};
use crate::bronze::Provenance;
use crate::store::Store;

impl LedgerFile {
    /// When it was written: by its header if that was read, else by its name, else the start of its folder's day.
    #[must_use]
    pub fn came(&self) -> DateTime<Utc> {
        let named = self.file.written_at();
        self.provenance().filter(|_| self.file.fetched_at.is_some()).map_or(named, |provenance| provenance.fetched_at)
    }

    /// When its rows were observed, by its header or its name.
    #[must_use]
    pub fn observed(&self) -> Option<DateTime<Utc>> {
        self.provenance().map(Provenance::observed_at).or(self.file.fetched_at)
    }

    /// Whether its name is later than its actual time, because it follows an answer with a timestamp in the future.
    #[must_use]
    pub fn follows_the_future(&self) -> bool {
        self.came() < self.file.written_at()
    }
}

impl Ledger {
    /// Reads the headers of files that are older than their names say.
    pub(super) async fn read_misdated(&self, store: &Store) {
        // The clocks of this machine and the store may differ a little.
        let is_ahead = |file: &LedgerFile| {
            file.file.fetched_at.is_some_and(|named| named > file.file.modified + TimeDelta::hours(1))
        };
        self.read(store, is_ahead).await;
    }

    /// The time for the name of a new answer to slices that were requested together: now, or a millisecond after the
    /// newest answer to one of them. Needs the headers of spans.
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
        // From the newest back; nearly always the newest is already older than now.
        let later = self.beside(source).rev().take_while(|file| file.file.written_at() > now);
        let newest = later.filter(answers).map(|file| file.file.written_at()).next();
        newest.map_or(now, |newest| newest + TimeDelta::milliseconds(1))
    }

    /// When the rows of each file were observed, oldest first; `None` if nothing tells. An answer cannot be newer than
    /// the one after it, so its time is capped at that one's, whatever its header says. Needs the headers of contested
    /// files.
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
