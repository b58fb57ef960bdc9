//! Which slices bronze holds, and since when. Never which ones it should.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use pitlake_contract::{Answered, Slice};

use super::{Ledger, LedgerFile};
use crate::bronze::Provenance;
use crate::spec::{Axis, Contract};

/// The slices an interface holds, with the time of the newest answer where the name of a file tells it.
pub type Held = BTreeMap<Slice, Option<DateTime<Utc>>>;

impl Ledger {
    /// The slices that a source holds. An import holds none, nor does an interface that the table prefers less. An answer
    /// must cover every value of `wanted`: parameters, and the values that were asked one by one.
    #[must_use]
    pub fn slices(&self, source: usize, wanted: &[(String, Vec<String>)]) -> Held {
        let contract = self.contract(source);
        let mut held = Held::new();
        for file in self.beside(source) {
            let axis = contract.ask.axis;
            if file.file.span && self.is_part(file) {
                continue;
            }
            let is_ours = file.file.is_named_like(contract);
            match axis {
                Axis::Security | Axis::SecurityMonth | Axis::Month if file.file.span && is_ours => {
                    let Some(provenance) = file.provenance() else { continue };
                    let is_whole = covers(provenance, wanted);
                    for slice in spanned(contract, file, provenance) {
                        if is_whole {
                            held.insert(slice, file.file.fetched_at);
                        } else if axis == Axis::Month {
                            // The newest answer to a month counts alone, and it lacks some values.
                            held.remove(&slice);
                        }
                    }
                }
                // Snapshots of other programs may be of anything: only our own count.
                Axis::Snapshot if is_ours => {
                    held.insert(Slice::Snapshot(file.file.day), file.file.fetched_at);
                }
                Axis::Security | Axis::SecurityMonth | Axis::Month | Axis::Snapshot => {}
                _ if file.file.span || self.answers_another_axis(source, file) => {}
                Axis::Session if self.is_less_preferred(source, file) => {}
                _ => {
                    if wanted.is_empty() || file.provenance().is_none_or(|provenance| covers(provenance, wanted)) {
                        let slice = match axis {
                            Axis::Period => Slice::Period(file.file.day),
                            Axis::Day => Slice::Day(file.file.day),
                            _ => Slice::Session(file.file.day),
                        };
                        held.insert(slice, file.file.fetched_at);
                    }
                }
            }
        }
        held
    }

    fn is_less_preferred(&self, source: usize, file: &LedgerFile) -> bool {
        let mut less = self.table.sharing(source).filter(|other| *other > source);
        less.any(|other| file.file.is_named_like(self.contract(other)))
    }

    /// An interface that cuts its answers along another axis answers other slices.
    fn answers_another_axis(&self, source: usize, file: &LedgerFile) -> bool {
        let axis = self.contract(source).ask.axis;
        let mut others = self.table.sharing(source).map(|other| self.contract(other));
        others.any(|other| other.ask.axis != axis && file.file.is_named_like(other))
    }
}

/// The slices that a file over many days answers.
fn spanned(contract: &Contract, file: &LedgerFile, provenance: &Provenance) -> Vec<Slice> {
    let codes = || codes(contract, provenance).into_iter();
    let answered = answered(contract, file, provenance);
    match (contract.ask.axis, answered.month()) {
        (Axis::Month, Some(month)) => vec![Slice::Month(month)],
        (Axis::SecurityMonth, Some(month)) => codes().map(|code| Slice::SecurityMonth(code, month)).collect(),
        (Axis::Security, _) => codes().map(Slice::Security).collect(),
        _ => Vec::new(),
    }
}

/// What a file answers.
pub(super) fn answered(contract: &Contract, file: &LedgerFile, provenance: &Provenance) -> Answered {
    Answered::parse(&provenance.slice, contract.ask.axis, file.file.day)
}

/// The securities that a file answers for, in our own spelling.
pub(super) fn codes(contract: &Contract, provenance: &Provenance) -> BTreeSet<String> {
    let Some((param, template)) = contract.ask.send.iter().find(|(_, template)| template.has_codes()) else {
        return BTreeSet::new();
    };
    asked(provenance, param).into_iter().flat_map(|codes| template.read_codes(codes)).collect()
}

/// The values of a parameter over all calls of an answer.
fn asked<'a>(provenance: &'a Provenance, param: &str) -> BTreeSet<&'a str> {
    provenance.params.iter().flatten().filter(|(name, _)| name == param).map(|(_, value)| value.as_str()).collect()
}

fn covers(provenance: &Provenance, wanted: &[(String, Vec<String>)]) -> bool {
    wanted.iter().all(|(name, values)| {
        let asked = asked(provenance, name);
        values.iter().all(|value| asked.contains(value.as_str()))
    })
}
