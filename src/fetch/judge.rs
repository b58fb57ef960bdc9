//! Whether an answer is whole, judged by the rows that would reach silver: kept, kept with a mark, or not kept. How it
//! is written is up to `keep`; what earlier looks showed, to `earlier`.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use chrono::NaiveDate;
use pitlake_contract::Slice;
use pitlake_contract::period::deadline;

use super::Reply;
use crate::bronze::{Findings, Mark};
use crate::normalise::{AnswerText, Judged, Stop, judge};
use crate::plan::Facts;
use crate::real;
use crate::spec::{Contract, Covered, Empty, Table, TableSource, Values, WireFormat};

/// Least rows of a session, in percent of a neighbouring one, if suspensions are not known. In July 2015 a third of the
/// market was suspended within three days, the most ever.
const LEAST: usize = 70;

/// Least rows in percent of listed securities, if no neighbouring session is known.
const LEAST_LISTED: usize = 45;

/// What to do with an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is whole.
    Whole,
    /// Keep it, with a mark in its name for what is not whole.
    Kept(Mark),
    /// Too much is missing: do not keep it, and fetch the slice again.
    Partial,
}

/// Judges the answers of an interface.
pub(super) struct Judge<'a> {
    pub(super) facts: Facts<'a>,
    table: &'a Arc<Table>,
    source: &'a TableSource,
    /// What answers for newer days showed. Those are judged first.
    newer: Mutex<Newer>,
}

/// What answers for newer days showed.
#[derive(Debug, Default)]
struct Newer {
    codes: BTreeSet<String>,
    /// Number of rows in the last one.
    rows: Option<usize>,
}

impl<'a> Judge<'a> {
    /// A judge for the answers of a table's source.
    pub(super) fn new(facts: Facts<'a>, table: &'a Arc<Table>, source: &'a TableSource) -> Self {
        Self { facts, table, source, newer: Mutex::default() }
    }

    fn contract(&self) -> &'a Contract {
        &self.source.contract
    }

    /// What an answer contains, according to the code that builds every table it feeds, and the securities in it.
    ///
    /// # Errors
    /// When the thread that reads it fails.
    pub(super) async fn found(
        &self,
        calls: Vec<Vec<(String, String)>>,
        reply: &mut Reply,
    ) -> Result<(Findings, BTreeSet<String>)> {
        let contract = self.contract();
        let mut tables: Vec<Arc<Table>> = vec![Arc::clone(self.table)];
        let feeds = |table: &&Arc<Table>| table.source(&contract.id).is_some();
        let more = self.facts.catalog.tables().filter(feeds).filter(|table| table.name != tables[0].name);
        let more: Vec<Arc<Table>> = more.cloned().collect();
        tables.extend(more);
        let (id, lines, rows_of) = (contract.id.clone(), std::mem::take(&mut reply.lines), reply.rows_of.clone());
        let read = real::apart(move || {
            let answer = AnswerText { lines: &lines, calls: &calls, rows_of: &rows_of };
            let judged: Vec<Result<Judged, Stop>> =
                tables.iter().filter_map(|table| Some(judge(table, table.source(&id)?, answer))).collect();
            (judged, lines)
        });
        let (judged, lines) = read.await?;
        reply.lines = lines;
        let mut found = Findings::default();
        let mut codes = BTreeSet::new();
        for (place, judged) in judged.into_iter().enumerate() {
            match judged {
                Ok(judged) => {
                    if place == 0 {
                        (found.keys, found.repeated, codes) = (judged.keys, judged.repeated, judged.codes);
                    }
                    found.set_aside += judged.set_aside.len();
                    found.reason = found.reason.or(judged.set_aside.into_iter().next().map(|(_, reason)| reason));
                }
                // The build will stop at it and say so.
                Err(stop) => {
                    found.set_aside = reply.rows;
                    found.reason = Some(stop.to_string());
                }
            }
        }
        found.columns = self.absent(reply);
        Ok((found, codes))
    }

    /// Columns requested by name that did not come. Not key columns, which may be null because later versions of some
    /// interfaces added them.
    fn absent(&self, reply: &Reply) -> Vec<String> {
        let contract = self.contract();
        let names_fields =
            self.facts.catalog.vendor(&contract.id.vendor).is_some_and(|vendor| vendor.wire == WireFormat::Tushare);
        let is_key = |name: &str| {
            let field = contract.field(name);
            let plan = self.source.fields.iter().find(|plan| Some(plan.field) == field);
            plan.is_some_and(|plan| self.table.key.contains(&plan.column))
        };
        reply.absent.iter().filter(|name| names_fields && !is_key(name)).cloned().collect()
    }

    /// Securities to expect on older days, even if they are about to be delisted.
    pub(super) fn expect(&self, codes: BTreeSet<String>) {
        self.newer.lock().unwrap_or_else(PoisonError::into_inner).codes.extend(codes);
    }

    /// Adds what the market tells about an answer: missing securities, and unknown ones.
    pub(super) fn compare(&self, slice: &Slice, codes: &BTreeSet<String>, found: &mut Findings) {
        let Slice::Session(day) = slice else { return };
        let cover = self.facts.universe.cover(self.contract(), *day, codes);
        // Between its last trade and its delisting a security has no rows. Newer days were judged first and did not
        // have it.
        let mut newer = self.newer.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = |code: &String| self.facts.universe.is_ending(code, *day) && !newer.codes.contains(code);
        let lacking: Vec<String> = cover.lacking.into_iter().filter(|code| !ended(code)).collect();
        found.expected = cover.expected;
        found.is_unjudged = self.facts.universe.cannot_judge(self.contract(), *day);
        found.lack(lacking);
        found.meet(cover.unknown);
        newer.codes.extend(self.facts.universe.known(codes));
    }

    /// Whether a partial answer can only be told by its number of rows, because suspensions are not known.
    pub(super) fn is_judged_by_rows(&self, slice: &Slice, found: &Findings) -> bool {
        let is_traded = self.contract().publication.covers == Some(Covered::Traded);
        matches!(slice, Slice::Session(_)) && is_traded && found.expected.is_none()
    }

    /// Compares the number of rows with the session before if held, else with the newer one, else with the list of
    /// securities.
    pub(super) fn compare_rows(&self, day: NaiveDate, before: Option<usize>, found: &mut Findings) {
        let mut newer = self.newer.lock().unwrap_or_else(PoisonError::into_inner);
        let listed = || Some((self.facts.universe.expected(self.contract(), day).most?, LEAST_LISTED));
        let least = before.or(newer.rows).map(|rows| (rows, LEAST)).or_else(listed);
        found.beside = least.filter(|(rows, share)| found.keys * 100 < rows * share).map(|(rows, _)| rows);
        newer.rows = Some(found.keys).filter(|_| found.beside.is_none()).or(newer.rows);
    }

    /// Adds what earlier answers tell about an answer for a period: a company that has reported stays in the report.
    /// Codes that the universe does not know are ignored.
    pub(super) fn compare_before(&self, before: &BTreeSet<String>, codes: &BTreeSet<String>, found: &mut Findings) {
        let [before, codes] = [before, codes].map(|codes| self.facts.universe.present(codes));
        if !before.is_empty() {
            found.expected = Some(before.union(&codes).count());
            found.lack(before.difference(&codes).cloned());
        }
    }

    /// Whether an answer is whole.
    pub(super) fn verdict(&self, slice: &Slice, reply: &Reply, found: &Findings) -> Verdict {
        let contract = self.contract();
        if self.is_empty(slice, reply) && !self.may_be_empty(slice) {
            return Verdict::Partial;
        }
        let tolerated = contract.publication.tolerated(found.expected.unwrap_or(0));
        let lacks_many = found.beside.is_some() || found.lacking_codes.saturating_sub(found.set_aside) > tolerated;
        // An incomplete list removes nothing until looks agree, and exchanges have renumbered hundreds of codes in a
        // day.
        if lacks_many && !matches!(slice, Slice::Snapshot(_)) {
            Verdict::Partial
        } else if found.is_damaged() {
            Verdict::Kept(Mark::Damaged)
        } else if found.lacking_codes > 0 || found.is_unjudged {
            Verdict::Kept(Mark::Due)
        } else {
            Verdict::Whole
        }
    }

    /// Companies that must be in an answer for a period past its deadline: those that have reported according to the
    /// disclosure plan.
    pub(super) fn reported(&self, slice: &Slice) -> BTreeSet<String> {
        match slice {
            Slice::Period(period)
                if self.contract().publication.covers == Some(Covered::Reporting) && self.is_settled(slice) =>
            {
                self.facts.universe.reported(*period).cloned().unwrap_or_default()
            }
            _ => BTreeSet::new(),
        }
    }

    /// Whether the vendor's data for a slice should no longer change.
    pub(super) fn is_settled(&self, slice: &Slice) -> bool {
        let today = self.facts.clock.today();
        match slice {
            Slice::Period(day) => deadline(*day).is_some_and(|deadline| deadline < today),
            _ => slice.day().is_some_and(|day| {
                let lookback = self.facts.jobs.lookback(&self.table.name);
                let settles = if lookback == 0 { Some(day) } else { self.facts.calendar.after(day, lookback) };
                settles.is_some_and(|settles| settles <= today)
            }),
        }
    }

    /// Whether an answer has no rows, or none from its main call. With fixed parameter values the first call is the
    /// main one: listed securities, or the days of SSE. With values from another table any call may be empty.
    pub(super) fn is_empty(&self, slice: &Slice, reply: &Reply) -> bool {
        let each = &self.contract().ask.each;
        let is_fixed = each.iter().all(|(_, values)| matches!(values, Values::Fixed(_)));
        let lacks_main = is_fixed && reply.rows_of.first() == Some(&0);
        reply.rows == 0 || (matches!(slice, Slice::Snapshot(_)) && lacks_main)
    }

    /// Whether an answer without rows is a valid one: for a calendar day, month or security, before the history begins,
    /// and where the contract says so. On an open day it means that the day is not published yet; for a period past its
    /// deadline on which every company reports, that the vendor lost it.
    fn may_be_empty(&self, slice: &Slice) -> bool {
        let publication = &self.contract().publication;
        match (publication.empty, slice) {
            (_, Slice::Period(day)) => {
                publication.covers != Some(Covered::Reporting)
                    || *day < publication.history_from
                    || !self.is_settled(slice)
                    || !self.facts.universe.was_there(*day)
            }
            (Empty::Unpublished, Slice::Session(day)) => *day < publication.history_from,
            (Empty::Unpublished, Slice::Snapshot(_)) => false,
            _ => true,
        }
    }
}
