//! What an answer must show to be believed: its day or security, and its key. What becomes of one that does not is
//! decided elsewhere.

use pitlake_contract::Slice;

use super::answers::{Asking, Group};
use super::{Expect, RowCounts};
use crate::normalise::event_field;
use crate::plan::Why;
use crate::spec::Field;

impl Asking<'_> {
    /// What an answer to these slices, asked together, must show.
    pub(super) fn expect(&self, group: &Group) -> Expect {
        let (question, slices) = (self.question, &group.slices);
        let (table, source, contract) = (question.table(), question.source(), question.contract());
        let Some(slice) = slices.first() else { return Expect::default() };
        let field = |column: &usize| {
            let plan = source.fields.iter().find(|plan| plan.column == *column)?;
            Some(&contract.fields[plan.field])
        };
        // Nested fields, and those not in the reply, cannot be checked in a page.
        let in_page = |field: &&Field| field.param.is_none() && !field.name.contains('.');
        let key: Vec<_> = table.key.iter().filter_map(field).filter(in_page).collect();
        let is_deep = table.key.iter().filter_map(field).any(|field| !in_page(&field));
        let most = match slice {
            // The key is the day alone, so there is one row.
            Slice::Session(_) if key.len() == 1 && contract.ask.field.as_ref() == Some(&key[0].name) => Some(1),
            Slice::Session(day) => self.judge.facts.universe.expected(contract, *day).most,
            _ => None,
        };
        let newest = match slice {
            // All snapshots are one slice.
            Slice::Snapshot(_) => question.ledger.newest_snapshot(question.source).map(Slice::Snapshot),
            Slice::Session(_) | Slice::Day(_) | Slice::Period(_) => Some(slice.clone()),
            Slice::Security(_) | Slice::SecurityMonth(..) | Slice::Month(_) => None,
        };
        let before = newest.and_then(|slice| question.ledger.newest(question.source, &[slice]));
        // Another interface's answer in the same folder has other rows, and an answer that is not whole proves no
        // number. A slice that is fetched over and over must prove its own end, because the first answer may have been
        // cut without a trace.
        let is_passing = matches!(group.why, Why::Missing | Why::Now | Why::Unsettled | Why::Settled);
        let before = before.filter(|(file, provenance)| {
            is_passing && file.file.mark.is_none() && provenance.interface == contract.id.name
        });
        let event = event_field(table, source).map(|field| field.name.clone());
        let shown = contract.ask.field.clone();
        let codes: Vec<&str> = slices.iter().filter_map(Slice::code).collect();
        let fixed = shown.clone().filter(|_| !codes.is_empty());
        let within = match slice {
            Slice::Month(_) | Slice::SecurityMonth(..) => event.clone(),
            _ => shown,
        };
        Expect {
            key: key.iter().map(|field| field.name.clone()).collect(),
            optional: key.iter().filter(|field| field.nullable).map(|field| field.name.clone()).collect(),
            fixed: fixed.map(|field| (field, codes.iter().flat_map(|code| Expect::codes(code)).collect())),
            within: within.and_then(|field| Some((field, slice.days()?))),
            event: event.filter(|_| self.is_span(slice)),
            judged: matches!(slice, Slice::Session(day) if self.judge.facts.universe.expected(contract, *day).least.is_some()),
            repeats: table.versions.is_some() || table.occurrence || is_deep,
            rows: RowCounts { most, before: before.map(|(_, provenance)| provenance.rows) },
        }
    }
}
