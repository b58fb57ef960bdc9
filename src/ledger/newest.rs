//! The newest answer to a slice, to compare a new one with. Whether a new one is whole is not decided here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use pitlake_contract::Slice;

use super::slices::{answered, codes};
use super::{Ledger, LedgerFile, Mark};
use crate::bronze::Provenance;
use crate::spec::Axis;

impl Ledger {
    /// Our newest answer to slices that were requested together, if its rows still exist. Needs the headers of their
    /// days.
    #[must_use]
    pub fn newest(&self, source: usize, slices: &[Slice]) -> Option<(&LedgerFile, &Provenance)> {
        match slices.first()? {
            Slice::Session(day) | Slice::Day(day) | Slice::Period(day) | Slice::Snapshot(day) => {
                self.newest_of_day(source, *day)
            }
            first @ (Slice::Month(_) | Slice::Security(_) | Slice::SecurityMonth(..)) => {
                let all = slices.iter().filter_map(Slice::code).map(str::to_owned).collect();
                self.newest_of_span(source, first.month(), &all)
            }
        }
    }

    /// The day of the newest file of a source, except spans: all snapshots are one slice.
    #[must_use]
    pub fn newest_snapshot(&self, source: usize) -> Option<NaiveDate> {
        self.beside(source).filter(|file| !file.file.span).map(|file| file.file.day).next_back()
    }

    /// The last day before `day` with a file of this source, by its name, except spans.
    #[must_use]
    pub fn session_before(&self, source: usize, day: NaiveDate) -> Option<NaiveDate> {
        let contract = self.contract(source);
        let is_own = |file: &&LedgerFile| !file.file.span && file.file.is_named_like(contract);
        self.beside(source).filter(is_own).map(|file| file.file.day).filter(|other| *other < day).max()
    }

    /// Whether another interface of the folder, which slices its answers differently, has answered since.
    #[must_use]
    pub fn answered_since(&self, source: usize, at: DateTime<Utc>, is_span: bool) -> bool {
        let other = |file: &LedgerFile| file.file.span != is_span && file.file.fetched_at.is_some_and(|day| day > at);
        self.table.versions.is_some() && self.beside(source).any(other)
    }

    /// Our answers that are damaged and the newest for at least one of their slices, newest first.
    #[must_use]
    pub fn damaged(&self) -> Vec<Arc<LedgerFile>> {
        let mut newest = BTreeMap::new();
        for file in self.files().iter().filter(|file| !self.is_part(file)) {
            let is_snapshot = self.contract(file.source).ask.axis == Axis::Snapshot;
            for (vendor, kind, axis, day, code) in self.slices_of(file) {
                let day = day.or(is_snapshot.then_some(file.file.day));
                newest.insert((vendor, kind, axis, day, code), file);
            }
        }
        let newest = newest.into_values().filter(|file| file.file.mark == Some(Mark::Damaged));
        let paths: BTreeSet<&str> = newest.map(|file| file.file.path.as_str()).collect();
        self.files().iter().rev().filter(|file| paths.contains(file.file.path.as_str())).cloned().collect()
    }

    fn newest_of_day(&self, source: usize, day: NaiveDate) -> Option<(&LedgerFile, &Provenance)> {
        let of_day = self.beside(source).filter(move |file| file.file.day == day && !file.file.span);
        for file in of_day.clone().rev() {
            let is_named = |other: usize| file.file.is_named_like(self.contract(other));
            let Some(provenance) = file.provenance().filter(|_| self.table.sharing(source).any(is_named)) else {
                continue;
            };
            // An answer whose rows are gone cannot be repeated by a new one.
            let rows = provenance.same_as.as_deref().unwrap_or_else(|| file.file.name());
            return of_day.clone().any(|held| held.file.name() == rows).then_some((file, provenance));
        }
        None
    }

    fn newest_of_span(
        &self,
        source: usize,
        month: Option<NaiveDate>,
        all: &BTreeSet<String>,
    ) -> Option<(&LedgerFile, &Provenance)> {
        let contract = self.contract(source);
        let is_own = |file: &&LedgerFile| file.file.span && file.file.is_named_like(contract) && !self.is_part(file);
        for file in self.beside(source).rev().filter(is_own) {
            let Some(provenance) = file.provenance() else { continue };
            let is_of_month = month.is_none() || answered(contract, file, provenance).month() == month;
            if !is_of_month || codes(contract, provenance) != *all {
                continue;
            }
            let rows = provenance.same_as.as_deref().unwrap_or_else(|| file.file.name());
            return self.beside(source).any(|held| held.file.name() == rows).then_some((file, provenance));
        }
        None
    }
}
