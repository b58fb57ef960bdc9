//! Whether an answer is believed, and its way into bronze. Never which slices are asked for, or what a row means.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::NaiveDate;
use pitlake_contract::spelling::day_in;
use pitlake_contract::{Answered, Slice};

use super::answers::{Asking, GroupAnswer};
use super::{Failure, Reply};
use crate::bronze::{self, NewFile, Provenance, Span};
use crate::ledger::LedgerFile;
use crate::plan::Why;
use crate::report::{Exit, TableReport};
use crate::spec::{Contract, DateRange, Empty, Values};
use crate::wire::Call;

/// The newest answer to a slice before this one.
type Before<'a> = Option<(&'a LedgerFile, &'a Provenance)>;

impl Asking<'_> {
    /// Keeps the answer to a slice that has a file of its own.
    pub(super) async fn keep(&self, answer: GroupAnswer) -> Result<()> {
        let GroupAnswer { group, calls, reply } = answer;
        let Some(slice) = group.slices.first() else { return Ok(()) };
        let mut reply = match reply {
            Ok(reply) => reply,
            Err(failure) => {
                self.fail(slice, failure.to_string(), failure.exit()).await;
                return Ok(());
            }
        };
        let Some(day) = slice.day() else { return Ok(()) };
        if self.is_empty(slice, &reply) && !may_be_empty(self.question.contract(), slice) {
            match slice {
                Slice::Snapshot(_) => {
                    let reason = "the vendor sent no rows, and a snapshot has some".to_owned();
                    self.fail(slice, reason, Exit::Incomplete).await;
                }
                _ => self.not_published(day, None).await,
            }
            return Ok(());
        }
        let before = match group.why {
            Why::Missing | Why::Now => None,
            _ => self.question.ledger.newest(self.question.source, &group.slices),
        };
        let least = self.least(slice, before);
        if reply.rows < least {
            match self.short(slice, &calls, reply, least).await {
                Some(fuller) => reply = fuller,
                None => return Ok(()),
            }
        }
        let is_span = self.is_span(slice);
        let is_event = !matches!(slice, Slice::Snapshot(_)) && reply.rows > 0;
        let (event_days, span) = if is_span {
            let (days, span) = spread(&reply, slice.days().map_or(day, |days| days.first), true);
            (days, Some(span))
        } else {
            (is_event.then(|| DateRange::day(day)), None)
        };
        let answer = NewFile {
            slice: Answered::Slice(slice.clone()).to_string(),
            day,
            params: calls.into_iter().map(|call| call.params).collect(),
            rows_of: std::mem::take(&mut reply.rows_of),
            pages: reply.pages,
            lines: std::mem::take(&mut reply.lines),
            event_days,
            span,
            found: None,
            mark: None,
        };
        self.write(answer, 1, &reply, self.comparable(before, is_span)).await
    }

    /// Keeps the answers to many securities in one file.
    pub(super) async fn keep_batch(&self, answers: Vec<GroupAnswer>) -> Result<()> {
        let mut whole = Reply::default();
        let mut params = Vec::new();
        let mut kept: Vec<Slice> = Vec::new();
        for GroupAnswer { group, calls, reply } in answers {
            match reply {
                Ok(reply) => {
                    whole.rows_of.resize(params.len(), 0);
                    whole.add(reply);
                    params.extend(calls.into_iter().map(|call| call.params));
                    whole.rows_of.resize(params.len(), 0);
                    kept.extend(group.slices);
                }
                Err(failure) => {
                    for slice in &group.slices {
                        self.fail(slice, failure.to_string(), failure.exit()).await;
                    }
                }
            }
        }
        kept.sort_unstable();
        let (Some(first), Some(last)) = (kept.first(), kept.last()) else { return Ok(()) };
        let codes: BTreeSet<&str> = kept.iter().filter_map(Slice::code).collect();
        let ends = [first, last].map(|slice| slice.code().unwrap_or_default().to_owned());
        let answered = Answered::Securities { month: first.month(), count: codes.len(), ends };
        let before = self.question.ledger.newest(self.question.source, &kept);
        let today = first.days().map_or(self.run.world.clock.today(), |days| days.first);
        let (event_days, span) = spread(&whole, today, first.days().is_some());
        let answer = NewFile {
            slice: answered.to_string(),
            day: today,
            params,
            rows_of: std::mem::take(&mut whole.rows_of),
            pages: whole.pages,
            lines: std::mem::take(&mut whole.lines),
            event_days,
            span: Some(span),
            found: None,
            mark: None,
        };
        self.write(answer, kept.len(), &whole, self.comparable(before, true)).await
    }

    /// Whether an answer has no rows, or lacks those of its main call. Of calls for fixed values the first is the main one:
    /// listed securities, or the days of SSE. Of calls for values of another table any may be empty.
    fn is_empty(&self, slice: &Slice, reply: &Reply) -> bool {
        let each = &self.question.contract().ask.each;
        let is_fixed = each.iter().all(|(_, values)| matches!(values, Values::Fixed(_)));
        let lacks_main = is_fixed && reply.rows_of.first() == Some(&0);
        reply.rows == 0 || (matches!(slice, Slice::Snapshot(_)) && lacks_main)
    }

    /// What becomes of an answer with too few rows: a fuller one, or itself where the same came again; `None` where it is
    /// not kept, and reported.
    async fn short(&self, slice: &Slice, calls: &[Call], reply: Reply, least: usize) -> Option<Reply> {
        let part = format!("{slice}: {} rows, expected {least}", reply.rows);
        if let Slice::Session(day) = slice
            && !self.is_settled(*day)
        {
            self.not_published(*day, Some(part)).await;
            return None;
        }
        match self.again(slice, calls, &reply, least).await {
            Ok(Some(fuller)) => Some(fuller),
            Ok(None) => {
                let note = format!("{part}; a second request returned the same");
                self.run.journal.table(&self.question.table().name, |report| report.notes.extend([note])).await;
                Some(reply)
            }
            Err(failure) => {
                self.fail(slice, format!("{failure} ({part})"), failure.exit()).await;
                None
            }
        }
    }

    /// Asks once more for what came short. `None` where the same came again: then the vendor has no more.
    async fn again(
        &self,
        slice: &Slice,
        calls: &[Call],
        reply: &Reply,
        least: usize,
    ) -> Result<Option<Reply>, Failure> {
        let expect = self.expect(std::slice::from_ref(slice));
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

    /// The answer that a new one can be the same as: where another interface of the folder has answered since, the same
    /// again is news.
    fn comparable<'b>(&self, before: Before<'b>, is_span: bool) -> Before<'b> {
        let Self { question, .. } = self;
        before.filter(|(_, earlier)| !question.ledger.answered_since(question.source, earlier.fetched_at, is_span))
    }

    /// Whether the rows of an answer leave the day of its folder.
    pub(super) fn is_span(&self, slice: &Slice) -> bool {
        match slice {
            Slice::Month(_) | Slice::Security(_) | Slice::SecurityMonth(..) => true,
            Slice::Snapshot(_) => self.question.table().event.is_some(),
            Slice::Session(_) | Slice::Day(_) | Slice::Period(_) => false,
        }
    }

    async fn write(&self, answer: NewFile, slices: usize, reply: &Reply, before: Before<'_>) -> Result<()> {
        let (store, now) = (&self.run.world.store, self.run.world.clock.now());
        let before = before.map(|(file, provenance)| (file.file.path.as_str(), provenance));
        let written = bronze::write(store, self.question.contract(), answer, now, before).await?;
        self.run
            .journal
            .table(&self.question.table().name, |report| {
                report.fetched += slices;
                report.rows_fetched += reply.rows;
                report.unchanged += if written.same_as { slices } else { 0 };
                report.unknown_fields.extend(reply.unknown.iter().cloned());
                report.absent_fields.extend(reply.absent.iter().cloned());
            })
            .await;
        Ok(())
    }

    async fn fail(&self, slice: &Slice, reason: String, exit: Exit) {
        let fail = |report: &mut TableReport| report.fail(slice.to_string(), reason, exit);
        self.run.journal.table(&self.question.table().name, fail).await;
    }

    async fn not_published(&self, day: NaiveDate, part: Option<String>) {
        let is_named = self.question.named.is_some_and(|named| named.contains(day));
        self.run
            .journal
            .table(&self.question.table().name, |report| {
                if is_named { &mut report.not_published } else { &mut report.passed_over }.extend([day]);
                report.notes.extend(part.map(|part| format!("only a part is published: {part}")));
            })
            .await;
    }

    fn is_settled(&self, day: NaiveDate) -> bool {
        let lookback = self.facts.jobs.lookback(&self.question.table().name);
        let settles = if lookback == 0 { Some(day) } else { self.facts.calendar.after(day, lookback) };
        settles.is_some_and(|settles| settles <= self.run.world.clock.today())
    }
}

/// For a calendar day, a month, a period or a security, before the history begins, and where the contract says so, an
/// answer without rows is one. On an open day it means that the day is not published.
fn may_be_empty(contract: &Contract, slice: &Slice) -> bool {
    match (contract.publication.empty, slice) {
        (Empty::Unpublished, Slice::Session(day)) => *day < contract.publication.history_from,
        (Empty::Unpublished, Slice::Snapshot(_)) => false,
        _ => true,
    }
}

/// First and last event day of the rows, and the months that have one; where they are few, the days. Without rows it is
/// an answer all the same, for `day`.
fn spread(reply: &Reply, day: NaiveDate, by_day: bool) -> (Option<DateRange>, Span) {
    let days: BTreeSet<NaiveDate> = reply.events.iter().filter_map(|text| day_in(text)).collect();
    let covered = days.iter().copied().chain(days.is_empty().then_some(day));
    let span = if by_day { Span::days(covered) } else { Span::months(covered) };
    (DateRange::around(days), span)
}
