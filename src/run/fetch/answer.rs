//! The answers to an errand: asked until whole, judged, and kept in bronze or told as missing. Never
//! which slices are asked for.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use futures::StreamExt as _;

use crate::bronze::{self, Answer, BronzeFile, Provenance};
use crate::fetch::{Client, Expect, Failure, Interface, Reply, Rows};
use crate::normalise::{day_of, event_field};
use crate::plan::{Slice, Why, deadline};
use crate::progress::Task;
use crate::run::errand::{Errand, Surroundings};
use crate::run::report::{Exit, Journal, exit_of};
use crate::run::{World, held};
use crate::spec::{Contract, Empty};
use crate::vendor::Call;

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
    pub(super) bar: Task,
}

/// A slice, why and how it was asked, and what came.
pub(super) type Told = (Slice, Why, Vec<Call>, Result<Reply, Failure>);

impl Run<'_> {
    fn contract(&self) -> &Arc<Contract> {
        &self.errand.source.contract
    }

    /// Whole answers to some slices: the first pages of all, then what their ends need.
    pub(super) async fn answers(&self, chunk: &[(Slice, Why)]) -> Vec<Told> {
        let first = |(slice, why): &(Slice, Why)| {
            let (slice, why) = (slice.clone(), *why);
            async move {
                let calls = slice.calls(self.contract(), &self.errand.values);
                let expect = self.expect(&slice).await;
                let first = self.client.first(&self.interface, &calls, &expect).await;
                (slice, why, calls, expect, first)
            }
        };
        let begun: Vec<_> = futures::stream::iter(chunk.iter().map(first)).buffered(SLICES).collect().await;
        let rest = begun.into_iter().map(|(slice, why, calls, expect, first)| async move {
            let reply = match first {
                Ok(first) => self.client.whole(&self.interface, &calls, &expect, first).await,
                // Pages that cannot be trusted are asked anew.
                Err(Failure::Untrusted(_)) => match self.client.first(&self.interface, &calls, &expect).await {
                    Ok(first) => self.client.whole(&self.interface, &calls, &expect, first).await,
                    Err(failure) => Err(failure),
                },
                Err(failure) => Err(failure),
            };
            self.bar.advance();
            (slice, why, calls, reply)
        });
        futures::stream::iter(rest).buffered(SLICES).collect().await
    }

    /// Keeps the answer to a slice that has a file of its own.
    pub(super) async fn keep(
        &self,
        slice: Slice,
        why: Why,
        calls: Vec<Call>,
        reply: Result<Reply, Failure>,
    ) -> Result<()> {
        let table = &self.errand.table.name;
        let mut reply = match reply {
            Ok(reply) => reply,
            Err(failure) => {
                self.journal.table(table, |r| r.fail(slice.name(), failure.to_string(), exit_of(&failure))).await;
                return Ok(());
            }
        };
        let Some(day) = slice.day() else { return Ok(()) };
        // Of several calls the first is the main one: no listed security, no day of SSE, is no snapshot.
        let is_empty = reply.rows == 0 || (matches!(slice, Slice::Snapshot(_)) && reply.first_rows == 0);
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
        let before = match why {
            Why::Missing => None,
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
        let before = before.filter(|(_, said)| !self.spoken_since(said.fetched_at, false));
        let is_event = !matches!(slice, Slice::Snapshot(_)) && reply.rows > 0;
        let answer = Answer {
            slice: slice.name(),
            day,
            params: calls.into_iter().map(|call| call.params).collect(),
            pages: reply.pages,
            lines: std::mem::take(&mut reply.lines),
            event_days: is_event.then_some((day, day)),
            months: Vec::new(),
        };
        self.write(answer, 1, &reply, before.as_ref()).await
    }

    /// The fewest rows that are believed at once: of a day those the market should have, of a period those
    /// it had before, and some once its deadline is past.
    fn least(&self, slice: &Slice, before: Option<&(String, Provenance)>) -> usize {
        match slice {
            Slice::Session(day) => self.around.market.count(self.contract(), *day).least.unwrap_or(0),
            Slice::Period(day) => {
                let is_over = deadline(*day).is_some_and(|deadline| deadline < self.world.clock.today());
                before.map_or(0, |(_, said)| said.rows).max(usize::from(is_over))
            }
            _ => 0,
        }
    }

    /// Asks once more for what came short. `None` where the same came again: then it is what the vendor has.
    async fn again(
        &self,
        slice: &Slice,
        calls: &[Call],
        reply: &Reply,
        least: usize,
    ) -> Result<Option<Reply>, Failure> {
        let expect = self.expect(slice).await;
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

    /// Keeps the answers to many securities in one file.
    pub(super) async fn keep_batch(&self, told: Vec<Told>) -> Result<()> {
        let table = &self.errand.table.name;
        let mut whole = Reply::default();
        let mut params = Vec::new();
        let mut codes: Vec<String> = Vec::new();
        for (slice, _, calls, reply) in told {
            match reply {
                Ok(reply) => {
                    whole.lines.extend_from_slice(&reply.lines);
                    whole.rows += reply.rows;
                    whole.pages += reply.pages;
                    whole.unknown.extend(reply.unknown);
                    whole.absent.extend(reply.absent);
                    whole.events.extend(reply.events);
                    params.extend(calls.into_iter().map(|call| call.params));
                    codes.push(slice.name());
                }
                Err(failure) => {
                    self.journal.table(table, |r| r.fail(slice.name(), failure.to_string(), exit_of(&failure))).await;
                }
            }
        }
        let (Some(first), Some(last)) = (codes.first(), codes.last()) else { return Ok(()) };
        let slice = format!("{} securities, {first} to {last}", codes.len());
        let asked: BTreeSet<&str> = codes.iter().map(String::as_str).collect();
        let before = held::newest_batch(&self.world.store, self.contract(), &self.errand.files, &asked).await;
        let before = before.filter(|(_, said)| !self.spoken_since(said.fetched_at, true));
        let today = self.world.clock.today();
        let days: BTreeSet<NaiveDate> = whole.events.iter().filter_map(|text| day_of(text)).collect();
        let mut months: BTreeSet<String> = days.iter().map(|day| day.format("%Y-%m").to_string()).collect();
        // A batch without rows is a span all the same: it answers for its codes.
        months.extend(days.is_empty().then(|| today.format("%Y-%m").to_string()));
        let answer = Answer {
            slice,
            day: today,
            params,
            pages: whole.pages,
            lines: std::mem::take(&mut whole.lines),
            event_days: days.first().copied().zip(days.last().copied()),
            months: months.into_iter().collect(),
        };
        self.write(answer, codes.len(), &whole, before.as_ref()).await
    }

    async fn write(
        &self,
        answer: Answer,
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

    async fn expect(&self, slice: &Slice) -> Expect {
        let contract = self.contract();
        let field = |column: &usize| {
            let plan = self.errand.source.fields.iter().find(|plan| plan.column == *column)?;
            Some(&contract.fields[plan.field])
        };
        let key: Vec<_> = self.errand.table.key.iter().filter_map(field).collect();
        let spelled = match slice {
            Slice::Security(code) => vec![format!("\"{code}\"")],
            Slice::Session(day) | Slice::Period(day) | Slice::Snapshot(day) => Expect::spelled(*day),
        };
        let most = match slice {
            Slice::Session(day) => self.around.market.count(contract, *day).most,
            _ => None,
        };
        let before = match slice {
            Slice::Security(_) => None,
            // All snapshots are one slice.
            Slice::Snapshot(_) => self.errand.files.iter().filter(|file| !file.span).map(|file| file.day).next_back(),
            Slice::Session(day) | Slice::Period(day) => Some(*day),
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
        Expect {
            key: key.iter().map(|field| field.name.clone()).collect(),
            optional: key.iter().filter(|field| field.nullable).map(|field| field.name.clone()).collect(),
            fixed: contract.ask.axis.names().map(|(_, field)| (field.to_owned(), spelled)),
            event: event.filter(|_| matches!(slice, Slice::Security(_))),
            repeats: self.errand.table.versions.is_some() || self.errand.table.occurrence,
            rows: Rows { most, before: before.map(|(_, said)| said.rows) },
        }
    }
}

/// On a closed day nobody asks; for a period or a security, before the history begins, and where the
/// contract says so, nothing is an answer. On an open day it means not published (`design.md` 6).
fn may_be_empty(contract: &Contract, slice: &Slice) -> bool {
    match (contract.publication.empty, slice) {
        (Empty::Answer, _) | (_, Slice::Period(_) | Slice::Security(_)) => true,
        (Empty::Unpublished, Slice::Session(day)) => *day < contract.publication.history_from,
        (Empty::Unpublished, Slice::Snapshot(_)) => false,
    }
}
