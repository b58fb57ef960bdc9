//! Which slices bronze holds, and since when. Which ones it should hold is not decided here.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use pitlake_contract::{Answered, Slice};

use super::{Ledger, LedgerFile};
use crate::bronze::{Findings, Mark, Provenance};
use crate::clock::shanghai_day;
use crate::spec::{Axis, Contract};

/// Number of days on which looks must agree before we believe that the vendor has no more, or no better rows.
pub const PATIENCE: usize = 3;

/// The slices held of an interface.
pub type Held = BTreeMap<Slice, Holding>;

/// What bronze holds for a slice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holding {
    /// When the newest answer was received, if the name of its file tells.
    pub at: Option<DateTime<Utc>>,
    /// Set if the newest answer is not plainly whole.
    pub mark: Option<Mark>,
    /// Details about the newest answer if it is not plainly whole. Boxed, because few among hundreds of thousands need
    /// it.
    pub shortfall: Option<Box<Shortfall>>,
}

/// Details about an answer that is not plainly whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shortfall {
    /// What was found wrong with it.
    pub found: Option<Findings>,
    /// Its digest.
    pub digest: Option<String>,
    /// The days of the newest looks that agree.
    pub looks: BTreeSet<NaiveDate>,
}

impl Holding {
    /// An answer that is plainly whole.
    #[must_use]
    pub fn whole(at: Option<DateTime<Utc>>) -> Self {
        Self { at, ..Self::default() }
    }

    /// Whether to keep asking: it is not plainly whole, and may not be all that the vendor has.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self.mark {
            None | Some(Mark::Short) => false,
            Some(Mark::Due) => true,
            Some(Mark::Damaged) => self.shortfall.as_ref().is_none_or(|shortfall| shortfall.looks.len() < PATIENCE),
        }
    }

    /// Adds a newer file of the slice.
    fn add(&mut self, file: &LedgerFile) {
        self.at = file.file.fetched_at.map(|_| file.came());
        self.mark = file.file.mark;
        if self.mark.is_none() {
            self.shortfall = None;
            return;
        }
        let shortfall = self.shortfall.get_or_insert_default();
        let provenance = file.provenance();
        shortfall.found = provenance.and_then(|provenance| provenance.found.clone());
        let digest = provenance.map(|provenance| provenance.digest.clone());
        if digest.is_none() || digest != shortfall.digest {
            shortfall.looks.clear();
        }
        shortfall.digest = digest;
        shortfall.looks.extend(self.at.map(shanghai_day));
    }
}

impl Ledger {
    /// The slices held of a source. Imports do not count as held, nor do interfaces of lower preference. An answer must
    /// cover every value in `wanted`: parameters, and the values requested one by one.
    #[must_use]
    pub fn slices(&self, source: usize, wanted: &[(String, Vec<String>)]) -> Held {
        let contract = self.contract(source);
        let mut held = Held::new();
        let mut parts = Held::new();
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
                            held.entry(slice).or_default().add(file);
                        } else if axis == Axis::Month {
                            // Only the newest answer to a month counts, and it lacks some values.
                            held.remove(&slice);
                        }
                    }
                }
                // Other programs' snapshots may be of anything; only ours count.
                Axis::Snapshot if is_ours => {
                    held.entry(Slice::Snapshot(file.file.day)).or_default().add(file);
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
                        if self.is_foreign(file) {
                            parts.insert(slice, Holding::whole(file.file.fetched_at));
                        } else {
                            held.entry(slice).or_default().add(file);
                        }
                    }
                }
            }
        }
        // Another program's file says nothing about our answers, whatever its age and name.
        for (slice, part) in parts {
            held.entry(slice).or_insert(part);
        }
        held
    }

    /// Whether another program wrote a file, judging by its name and header.
    fn is_foreign(&self, file: &LedgerFile) -> bool {
        !file.file.is_named_like(self.contract(file.source)) || matches!(file.checked(), Ok(None) if file.is_read())
    }

    fn is_less_preferred(&self, source: usize, file: &LedgerFile) -> bool {
        let mut less = self.table.sharing(source).filter(|other| *other > source);
        less.any(|other| file.file.is_named_like(self.contract(other)))
    }

    /// Whether the file belongs to an interface that slices its answers along another axis, and so answers other
    /// slices.
    fn answers_another_axis(&self, source: usize, file: &LedgerFile) -> bool {
        let axis = self.contract(source).ask.axis;
        let mut others = self.table.sharing(source).map(|other| self.contract(other));
        others.any(|other| other.ask.axis != axis && file.file.is_named_like(other))
    }
}

/// The slices answered by a file that covers many days.
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

/// The securities that a file answers for, in canonical spelling.
pub(super) fn codes(contract: &Contract, provenance: &Provenance) -> BTreeSet<String> {
    let Some((param, template)) = contract.ask.send.iter().find(|(_, template)| template.has_codes()) else {
        return BTreeSet::new();
    };
    provenance.params.values(param).into_iter().flat_map(|codes| template.read_codes(codes)).collect()
}

fn covers(provenance: &Provenance, wanted: &[(String, Vec<String>)]) -> bool {
    wanted.iter().all(|(name, values)| {
        let asked = provenance.params.values(name);
        values.iter().all(|value| asked.contains(value.as_str()))
    })
}
