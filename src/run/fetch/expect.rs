//! What an answer must show to be believed: its day or security, its key, how many rows. Never what becomes of
//! one that does not.

use crate::bronze::Provenance;
use crate::fetch::{Expect, Rows};
use crate::normalise::event_field;
use crate::plan::{Slice, deadline};
use crate::run::held;
use crate::spec::{Contract, Empty, Field};

use super::answer::Run;

impl Run<'_> {
    /// The fewest rows that are believed at once: of a day those the market should have, of a period those
    /// it had before, and some once its deadline is past.
    pub(super) fn least(&self, slice: &Slice, before: Option<&(String, Provenance)>) -> usize {
        match slice {
            Slice::Session(day) => self.around.market.count(self.contract(), *day).least.unwrap_or(0),
            Slice::Period(day) => {
                let is_over = deadline(*day).is_some_and(|deadline| deadline < self.world.clock.today());
                before.map_or(0, |(_, said)| said.rows).max(usize::from(is_over))
            }
            _ => 0,
        }
    }

    pub(super) async fn expect(&self, slices: &[Slice]) -> Expect {
        let contract = self.contract();
        let Some(slice) = slices.first() else { return Expect::default() };
        let field = |column: &usize| {
            let plan = self.errand.source.fields.iter().find(|plan| plan.column == *column)?;
            Some(&contract.fields[plan.field])
        };
        // What lies deeper in a reply, or is not in it, cannot be looked at in a page.
        let in_page = |field: &&Field| field.param.is_none() && !field.name.contains('.');
        let key: Vec<_> = self.errand.table.key.iter().filter_map(field).filter(in_page).collect();
        let is_deep = self.errand.table.key.iter().filter_map(field).any(|field| !in_page(&field));
        let most = match slice {
            // The key is the day itself: there is one row.
            Slice::Session(_) if key.len() == 1 && contract.ask.field.as_ref() == Some(&key[0].name) => Some(1),
            Slice::Session(day) => self.around.market.count(contract, *day).most,
            _ => None,
        };
        let before = match slice {
            // All snapshots are one slice.
            Slice::Snapshot(_) => self.errand.files.iter().filter(|file| !file.span).map(|file| file.day).next_back(),
            Slice::Session(day) | Slice::Day(day) | Slice::Period(day) => Some(*day),
            Slice::Security(_) | Slice::SecurityMonth(..) | Slice::Month(_) => None,
        };
        let before = match before {
            Some(day) => {
                held::newest(&self.world.store, self.errand.table, self.errand.index, &self.errand.files, day).await
            }
            None => None,
        };
        // Another interface of the folder has other rows.
        let before = before.filter(|(_, said)| said.interface == contract.id.name);
        let event = event_field(self.errand.table, self.errand.source).map(|field| field.name.clone());
        let shown = contract.ask.field.clone();
        let codes: Vec<&str> = slices.iter().filter_map(|slice| slice.code()).collect();
        let fixed = shown.clone().filter(|_| !codes.is_empty());
        let within = match slice {
            Slice::Month(_) | Slice::SecurityMonth(..) => event.clone(),
            _ => shown,
        };
        Expect {
            key: key.iter().map(|field| field.name.clone()).collect(),
            optional: key.iter().filter(|field| field.nullable).map(|field| field.name.clone()).collect(),
            fixed: fixed.map(|field| (field, codes.iter().flat_map(|code| Expect::spelled(code)).collect())),
            within: within.and_then(|field| Some((field, slice.days()?))),
            event: event.filter(|_| self.is_span(slice)),
            repeats: self.errand.table.versions.is_some() || self.errand.table.occurrence || is_deep,
            rows: Rows { most, before: before.map(|(_, said)| said.rows) },
        }
    }
}

/// On a closed day nobody asks; for a day of the calendar, a month, a period or a security, before the history
/// begins, and where the contract says so, nothing is an answer. On an open day it means not published
/// (`design.md` 6).
pub(super) fn may_be_empty(contract: &Contract, slice: &Slice) -> bool {
    match (contract.publication.empty, slice) {
        (Empty::Unpublished, Slice::Session(day)) => *day < contract.publication.history_from,
        (Empty::Unpublished, Slice::Snapshot(_)) => false,
        _ => true,
    }
}
