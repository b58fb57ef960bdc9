//! Answers that repeat an earlier one and therefore hold no rows: which file they repeat, and whether they tell
//! anything new. How rows are built is not decided here.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;

use super::slices::{answered, codes};
use super::{Ledger, LedgerFile};
use crate::clock::shanghai_day;
use crate::spec::Axis;

/// What a file answers, to find files that answer the same: vendor and type; the day of its folder, or the month of an
/// answer by security and month; the security.
pub(super) type SliceKey<'a> = (&'a str, &'a str, Axis, Option<NaiveDate>, Option<String>);

impl Ledger {
    /// The file whose rows an answer repeats, if it still exists.
    #[must_use]
    pub fn repeated(&self, file: &LedgerFile) -> Option<&Arc<LedgerFile>> {
        let provenance = file.provenance()?;
        let same_as = provenance.same_as.as_deref()?;
        let kind = |file: &LedgerFile| &self.contract(file.source).kind;
        let named: Vec<_> = self.named(same_as).filter(|other| kind(other) == kind(file)).collect();
        let folder = |file: &LedgerFile| file.file.path.len() - file.file.name().len();
        let beside = |other: &&&Arc<LedgerFile>| other.file.path[..folder(other)] == file.file.path[..folder(file)];
        let in_folder = named.iter().find(beside);
        let has_rows =
            |other: &&&Arc<LedgerFile>| other.provenance().is_some_and(|rows| rows.digest == provenance.digest);
        in_folder.or_else(|| named.iter().find(has_rows)).copied()
    }

    /// The slices that one of our answers is for.
    pub(super) fn slices_of(&self, file: &LedgerFile) -> Vec<SliceKey<'_>> {
        let contract = self.contract(file.source);
        let axis = contract.ask.axis;
        let key = |day, code| (contract.id.vendor.as_str(), contract.kind.as_str(), axis, day, code);
        match file.provenance().filter(|_| axis.by_security()) {
            Some(provenance) => {
                let month = answered(contract, file, provenance).month();
                codes(contract, provenance).into_iter().map(|code| key(month, Some(code))).collect()
            }
            None => vec![key((axis != Axis::Snapshot).then_some(file.file.day), None)],
        }
    }

    /// The files of a partition that tell something new. Left out are repeats with no other answer to their slices in
    /// between (for parts, no other part). Needs the headers of contested files.
    #[must_use]
    pub fn telling(&self, files: &[Arc<LedgerFile>]) -> Vec<Arc<LedgerFile>> {
        if !files.iter().any(|file| file.provenance().is_some_and(|provenance| provenance.same_as.is_some())) {
            return files.to_vec();
        }
        let mut chains = Chains::default();
        let mut is_echo: Vec<bool> =
            files.iter().enumerate().map(|(at, file)| chains.is_echo(self, at, file)).collect();
        // If another answer came in between, an earlier repeat counts as a look of its own.
        let mut later = Later::default();
        for (file, is_echo) in files.iter().zip(&mut is_echo).rev() {
            let (is_part, slices) = (self.is_part(file), self.slices_of(file));
            *is_echo &= !later.touches(is_part, &slices);
            if !*is_echo {
                later.add(is_part, slices);
            }
        }
        files.iter().zip(is_echo).filter(|(_, is_echo)| !is_echo).map(|(file, _)| Arc::clone(file)).collect()
    }
}

/// Consecutive files that say the same. A chain is identified by the path of the file that holds the rows.
#[derive(Debug, Default)]
struct Chains<'a> {
    /// The newest chain of each slice.
    last: HashMap<SliceKey<'a>, String>,
    last_part: Option<String>,
    /// For each folder and axis, when an answer last told something new.
    told: BTreeMap<(&'a str, &'a str, Axis), usize>,
    /// When each chain last told something new.
    heard: HashMap<String, Heard>,
}

/// When a chain last told something new.
#[derive(Debug)]
struct Heard {
    at: usize,
    is_marked: bool,
    /// The day it first did, if a look on another day may still confirm what the answer lacks
    /// (`docs/point-in-time.md`).
    unconfirmed: Option<NaiveDate>,
}

impl<'a> Chains<'a> {
    /// Whether a file repeats what the previous one for its slices said. Files come oldest first.
    fn is_echo(&mut self, ledger: &'a Ledger, at: usize, file: &'a LedgerFile) -> bool {
        let repeated = ledger.repeated(file);
        let chain = repeated.map_or(&file.file.path, |rows| &rows.file.path);
        let is_part = ledger.is_part(file);
        let slices = if is_part { Vec::new() } else { ledger.slices_of(file) };
        let contract = ledger.contract(file.source);
        let (vendor, kind, axis) = (contract.id.vendor.as_str(), contract.kind.as_str(), contract.ask.axis);
        let is_marked = file.file.mark.is_some();
        let day = shanghai_day(file.came());
        // If it follows an answer with a timestamp in the future, it tells that this one was received earlier.
        let is_echo = repeated.is_some()
            && !file.follows_the_future()
            && self.heard.get(chain).is_none_or(|heard| {
                let is_last = |slice: &SliceKey<'a>| self.last.get(slice).is_some_and(|last| last == chain);
                let is_other = |of: &(&str, &str, Axis)| (of.0, of.1) == (vendor, kind) && of.2 != axis;
                let other_axis = self.told.iter().any(|(of, at)| is_other(of) && *at > heard.at);
                let is_newest = if is_part {
                    self.last_part.as_ref() == Some(chain)
                } else {
                    !other_axis && slices.iter().all(is_last)
                };
                let confirms = heard.unconfirmed.is_some_and(|first| first != day);
                is_newest && heard.is_marked == is_marked && !confirms
            });
        if !is_echo {
            // What a later answer to a slice lacks is withdrawn once a look on another day agrees.
            let is_first = slices.iter().all(|slice| !self.last.contains_key(slice));
            let has_confirmed = self.heard.get(chain).is_some_and(|heard| {
                heard.unconfirmed.is_some_and(|first| first != day)
                    && slices.iter().all(|slice| self.last.get(slice) == Some(chain))
            });
            let may_doubt = ledger.table.versions.is_some() && !is_part && !is_first && !has_confirmed;
            let unconfirmed = may_doubt.then_some(day);
            if is_part {
                self.last_part = Some(chain.clone());
            } else {
                self.told.insert((vendor, kind, axis), at);
            }
            self.last.extend(slices.into_iter().map(|slice| (slice, chain.clone())));
            self.heard.insert(chain.clone(), Heard { at, is_marked, unconfirmed });
        }
        is_echo
    }
}

/// What the files after a given one are about.
#[derive(Debug, Default)]
struct Later {
    has_part: bool,
    has_answer: bool,
    axes: BTreeSet<Axis>,
    slices: HashSet<(Axis, Option<NaiveDate>, Option<String>)>,
}

impl Later {
    fn touches(&self, is_part: bool, slices: &[SliceKey<'_>]) -> bool {
        if is_part || self.has_part {
            return self.has_part || self.has_answer;
        }
        slices.iter().any(|(_, _, axis, day, code)| {
            self.axes.iter().any(|other| other != axis) || self.slices.contains(&(*axis, *day, code.clone()))
        })
    }

    fn add(&mut self, is_part: bool, slices: Vec<SliceKey<'_>>) {
        if is_part {
            self.has_part = true;
            return;
        }
        self.has_answer = true;
        self.axes.extend(slices.iter().map(|slice| slice.2));
        self.slices.extend(slices.into_iter().map(|(_, _, axis, day, code)| (axis, day, code)));
    }
}
