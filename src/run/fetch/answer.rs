//! The answers to an errand: asked until whole, judged, and kept in bronze or told as missing. Never
//! which slices are asked for.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use futures::StreamExt as _;

use crate::bronze::{self, BronzeFile, NewFile, Span};
use crate::fetch::{Client, Failure, Interface, Reply};
use crate::plan::{self, Slice, Why};
use crate::progress::Bar;
use crate::run::choice::wants;
use crate::run::errand::{Errand, Surroundings};
use crate::run::report::{Exit, Journal, TableReport, exit_of};
use crate::run::{World, held};
use crate::spec::{Contract, Values};
use crate::vendor::{Call, Refusal};
use pitlake_contract::spelling::day_in;

use super::expect::may_be_empty;

/// Slices of one interface under way at once; the account's own limit holds over all interfaces.
pub(super) const SLICES: usize = 8;

/// An errand under way.
pub(super) struct Run<'a> {
    pub(super) world: &'a World,
    pub(super) errand: &'a Errand<'a>,
    pub(super) around: Surroundings<'a>,
    pub(super) client: &'a Client,
    pub(super) interface: Interface,
    pub(super) journal: &'a Journal,
    pub(super) bar: Bar,
}

/// Slices that are asked together, and why: one, or securities that one call may name.
pub(super) type Group = (Vec<Slice>, Why);

/// A group, how it was asked, and what came.
pub(super) type Told = (Group, Vec<Call>, Result<Reply, Failure>);

impl Run<'_> {
    pub(super) fn contract(&self) -> &Arc<Contract> {
        &self.errand.source.contract
    }

    /// Whole answers to some groups. One in which the vendor does not know a security is asked anew in
    /// halves, until that one is alone.
    pub(super) async fn answers(&self, groups: &[Group]) -> Vec<Told> {
        let mut all = Vec::new();
        let mut open = groups.to_vec();
        while !open.is_empty() {
            let mut halves = Vec::new();
            for ((slices, why), calls, reply) in self.asked(&open).await {
                match reply {
                    Err(Failure::Refused(Refusal::Unknown(_))) if slices.len() > 1 => {
                        let (left, right) = slices.split_at(slices.len() / 2);
                        halves.extend([(left.to_vec(), why), (right.to_vec(), why)]);
                    }
                    Err(Failure::Refused(Refusal::Unknown(_))) => {
                        let note = format!("the vendor knows no {}", slices[0].name());
                        self.journal.table(&self.errand.table.name, |report| report.notes.extend([note])).await;
                        all.push(((slices, why), calls, Ok(Reply::default())));
                    }
                    // Nothing for all of them may be the fault of one.
                    Ok(reply) if slices.len() > 1 && reply.rows == 0 => {
                        let (left, right) = slices.split_at(slices.len() / 2);
                        halves.extend([(left.to_vec(), why), (right.to_vec(), why)]);
                    }
                    reply => all.push(((slices, why), calls, reply)),
                }
            }
            open = halves;
        }
        all
    }

    /// The first pages of all, then what their ends need.
    async fn asked(&self, groups: &[Group]) -> Vec<Told> {
        let first = |(slices, why): &Group| {
            let (slices, why) = (slices.clone(), *why);
            async move {
                let expect = self.expect(&slices).await;
                let Some(chosen) = self.errand.values.at(&slices[0]) else {
                    let wanted: Vec<&str> = wants(self.contract()).collect();
                    let message = format!("nobody knows what to ask for: `fetch {}` first", wanted.join(" "));
                    return (slices, why, Vec::new(), expect, Err(Failure::Untrusted(message)));
                };
                let together: Vec<&Slice> = slices.iter().collect();
                let calls = plan::calls(self.contract(), &together, &chosen, self.world.clock.today());
                let first = self.client.first(&self.interface, &calls, &expect).await;
                (slices, why, calls, expect, first)
            }
        };
        let begun: Vec<_> = futures::stream::iter(groups.iter().map(first)).buffered(SLICES).collect().await;
        let rest = begun.into_iter().map(|(slices, why, calls, expect, first)| async move {
            let reply = match first {
                Ok(first) => self.client.whole(&self.interface, &calls, &expect, first).await,
                // Pages that cannot be trusted are asked anew.
                Err(Failure::Untrusted(_)) if !calls.is_empty() => {
                    match self.client.first(&self.interface, &calls, &expect).await {
                        Ok(first) => self.client.whole(&self.interface, &calls, &expect, first).await,
                        Err(failure) => Err(failure),
                    }
                }
                Err(failure) => Err(failure),
            };
            for _ in &slices {
                self.bar.advance();
            }
            ((slices, why), calls, reply)
        });
        futures::stream::iter(rest).buffered(SLICES).collect().await
    }

    /// Keeps the answer to a slice that has a file of its own.
    pub(super) async fn keep(&self, ((slices, why), calls, reply): Told) -> Result<()> {
        let Some(slice) = slices.into_iter().next() else { return Ok(()) };
        let table = &self.errand.table.name;
        let mut reply = match reply {
            Ok(reply) => reply,
            Err(failure) => {
                self.journal.table(table, |r| r.fail(slice.name(), failure.to_string(), exit_of(&failure))).await;
                return Ok(());
            }
        };
        let Some(day) = slice.day() else { return Ok(()) };
        // Of calls for fixed values the first is the main one: no listed security, no day of SSE, is no snapshot.
        // Of what another table names, any may be empty.
        let is_fixed = self.contract().ask.each.iter().all(|(_, values)| matches!(values, Values::Fixed(_)));
        let lacks_main = is_fixed && reply.rows_of.first() == Some(&0);
        let is_empty = reply.rows == 0 || (matches!(slice, Slice::Snapshot(_)) && lacks_main);
        if is_empty && !may_be_empty(self.contract(), &slice) {
            match slice {
                Slice::Snapshot(_) => {
                    let reason = "the vendor sent no rows where there must be some".to_owned();
                    self.journal.table(table, |r| r.fail(slice.name(), reason, Exit::Incomplete)).await;
                }
                _ => self.not_published(day, None).await,
            }
            return Ok(());
        }
        let before = match (why, &slice) {
            (Why::Missing | Why::Now, _) => None,
            (_, Slice::Month(_)) => {
                let files = &self.errand.files;
                held::newest_span(&self.world.store, self.contract(), files, &slice, &BTreeSet::new()).await
            }
            _ => held::newest(&self.world.store, self.errand.table, self.errand.index, &self.errand.files, day).await,
        };
        let least = self.least(&slice, before.as_ref());
        if reply.rows < least {
            let part = format!("{}: {} rows of {least}", slice.name(), reply.rows);
            if matches!(slice, Slice::Session(day) if !self.is_settled(day)) {
                self.not_published(day, Some(part)).await;
                return Ok(());
            }
            match self.again(&slice, &calls, &reply, least).await {
                Ok(Some(fuller)) => reply = fuller,
                Ok(None) => {
                    let note = format!("short, and so again when asked twice: {part}");
                    self.journal.table(table, |r| r.notes.extend([note])).await;
                }
                Err(failure) => {
                    let reason = format!("{failure} ({part})");
                    self.journal.table(table, |r| r.fail(slice.name(), reason, exit_of(&failure))).await;
                    return Ok(());
                }
            }
        }
        // Where another interface of the folder spoke since, the same again is news.
        let is_span = self.is_span(&slice);
        let before = before.filter(|(_, said)| !self.spoken_since(said.fetched_at, is_span));
        let is_event = !matches!(slice, Slice::Snapshot(_)) && reply.rows > 0;
        let (event_days, span) = if is_span {
            let (days, span) = spread(&reply, slice.days().map_or(day, |(first, _)| first), true);
            (days, Some(span))
        } else {
            (is_event.then_some((day, day)), None)
        };
        let answer = NewFile {
            slice: slice.name(),
            day,
            params: calls.into_iter().map(|call| call.params).collect(),
            rows_of: std::mem::take(&mut reply.rows_of),
            pages: reply.pages,
            lines: std::mem::take(&mut reply.lines),
            event_days,
            span,
        };
        self.write(answer, 1, &reply, before.as_ref()).await
    }

    /// Asks once more for what came short. `None` where the same came again: then it is what the vendor has.
    async fn again(
        &self,
        slice: &Slice,
        calls: &[Call],
        reply: &Reply,
        least: usize,
    ) -> Result<Option<Reply>, Failure> {
        let expect = self.expect(std::slice::from_ref(slice)).await;
        let first = self.client.first(&self.interface, calls, &expect).await?;
        let again = self.client.whole(&self.interface, calls, &expect, first).await?;
        if bronze::digest(&again.lines) == bronze::digest(&reply.lines) {
            return Ok(None);
        }
        if again.rows >= least {
            Ok(Some(again))
        } else {
            Err(Failure::Untrusted("two answers differ, both short".into()))
        }
    }

    /// Whether another interface of the folder, which cuts its answers another way, spoke since.
    fn spoken_since(&self, at: DateTime<Utc>, is_batch: bool) -> bool {
        let other = |file: &&BronzeFile| file.span != is_batch && file.fetched_at.is_some_and(|fetched| fetched > at);
        self.errand.table.versions.is_some() && self.errand.files.iter().any(|file| other(&file))
    }

    /// Whether the rows of an answer leave the day of its folder.
    pub(super) fn is_span(&self, slice: &Slice) -> bool {
        match slice {
            Slice::Month(_) | Slice::Security(_) | Slice::SecurityMonth(..) => true,
            Slice::Snapshot(_) => self.errand.table.event.is_some(),
            Slice::Session(_) | Slice::Day(_) | Slice::Period(_) => false,
        }
    }

    /// Keeps the answers to many securities in one file.
    pub(super) async fn keep_batch(&self, told: Vec<Told>) -> Result<()> {
        let table = &self.errand.table.name;
        let mut whole = Reply::default();
        let mut params = Vec::new();
        let mut kept: Vec<Slice> = Vec::new();
        for ((slices, _), calls, reply) in told {
            match reply {
                Ok(reply) => {
                    whole.lines.extend_from_slice(&reply.lines);
                    whole.rows += reply.rows;
                    whole.rows_of.extend(reply.rows_of);
                    whole.rows_of.resize(params.len() + calls.len(), 0);
                    whole.pages += reply.pages;
                    whole.unknown.extend(reply.unknown);
                    whole.absent.extend(reply.absent);
                    whole.events.extend(reply.events);
                    params.extend(calls.into_iter().map(|call| call.params));
                    kept.extend(slices);
                }
                Err(failure) => {
                    let (what, exit) = (&slices[..], exit_of(&failure));
                    let fail = |report: &mut TableReport| {
                        for slice in what {
                            report.fail(slice.name(), failure.to_string(), exit);
                        }
                    };
                    self.journal.table(table, fail).await;
                }
            }
        }
        kept.sort_unstable();
        let (Some(first), Some(last)) = (kept.first(), kept.last()) else { return Ok(()) };
        let codes: BTreeSet<String> = kept.iter().filter_map(|slice| slice.code()).map(str::to_owned).collect();
        let ends = [first, last].map(|slice| slice.code().unwrap_or_default());
        let month = first.month().map(|month| format!("{month}: ")).unwrap_or_default();
        let slice = format!("{month}{} securities, {} to {}", codes.len(), ends[0], ends[1]);
        let before = held::newest_span(&self.world.store, self.contract(), &self.errand.files, first, &codes).await;
        let before = before.filter(|(_, said)| !self.spoken_since(said.fetched_at, true));
        let today = first.days().map_or(self.world.clock.today(), |(first, _)| first);
        let (event_days, span) = spread(&whole, today, first.days().is_some());
        let answer = NewFile {
            slice,
            day: today,
            params,
            rows_of: std::mem::take(&mut whole.rows_of),
            pages: whole.pages,
            lines: std::mem::take(&mut whole.lines),
            event_days,
            span: Some(span),
        };
        self.write(answer, kept.len(), &whole, before.as_ref()).await
    }

    async fn write(
        &self,
        answer: NewFile,
        slices: usize,
        reply: &Reply,
        before: Option<&(String, bronze::Provenance)>,
    ) -> Result<()> {
        let (store, now) = (&self.world.store, self.world.clock.now());
        let written = bronze::write(store, self.contract(), answer, now, before).await?;
        self.journal
            .table(&self.errand.table.name, |report| {
                report.fetched += slices;
                report.rows_fetched += reply.rows;
                report.unchanged += if written.same_as { slices } else { 0 };
                report.unknown_fields.extend(reply.unknown.iter().cloned());
                report.absent_fields.extend(reply.absent.iter().cloned());
            })
            .await;
        Ok(())
    }

    async fn not_published(&self, day: NaiveDate, part: Option<String>) {
        let is_named = self.errand.named.is_some_and(|(start, end)| (start..=end).contains(&day));
        self.journal
            .table(&self.errand.table.name, |report| {
                if is_named { &mut report.not_published } else { &mut report.passed_over }.extend([day]);
                report.notes.extend(part.map(|part| format!("only a part is published: {part}")));
            })
            .await;
    }

    fn is_settled(&self, day: NaiveDate) -> bool {
        let lookback = self.world.jobs.lookback(&self.errand.table.name);
        let settles = if lookback == 0 { Some(day) } else { self.around.calendar.after(day, lookback) };
        settles.is_some_and(|settles| settles <= self.world.clock.today())
    }
}

/// First and last event day of the rows, and the months that have one; where they are few, the days. Without
/// rows it is an answer all the same, for `day`.
fn spread(reply: &Reply, day: NaiveDate, by_day: bool) -> (Option<(NaiveDate, NaiveDate)>, Span) {
    let days: BTreeSet<NaiveDate> = reply.events.iter().filter_map(|text| day_in(text)).collect();
    let covered = days.iter().copied().chain(days.is_empty().then_some(day));
    let span = if by_day { Span::days(covered) } else { Span::months(covered) };
    (days.first().copied().zip(days.last().copied()), span)
}
