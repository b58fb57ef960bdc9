//! Puts an answer into bronze: whole, with a mark, or not at all. Which slices are fetched, whether an answer is whole,
//! and what a row means is decided elsewhere.

use std::fmt;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use pitlake_contract::{Answered, Slice, counted};

use super::Reply;
use super::answers::{Asking, GroupAnswer};
use super::earlier::Before;
use super::judge::Verdict;
use crate::bronze::{self, Findings, Mark, NewFile, Span};
use crate::ledger::PATIENCE;
use crate::plan::Why;
use crate::report::{Exit, Look, Marked, TableReport};
use crate::spec::DateRange;
use crate::store::{Obstructed, is_passing};

impl Asking<'_> {
    /// Keeps the answer to a slice with a file of its own. If it cannot be compared with earlier answers because the
    /// store cannot give them right now, the next run fetches it again.
    pub(super) async fn keep(&self, answer: GroupAnswer) -> Result<()> {
        let slices = answer.group.slices.clone();
        self.or_fail(&slices, self.judged(answer).await).await
    }

    /// Fails these slices if the store could not give a file right now.
    pub(super) async fn or_fail(&self, slices: &[Slice], done: Result<()>) -> Result<()> {
        match done {
            Err(error) if is_passing(&error) => {
                for slice in slices {
                    self.fail(slice, format!("{error:#}"), Exit::Incomplete).await;
                }
                Ok(())
            }
            done => done,
        }
    }

    async fn judged(&self, answer: GroupAnswer) -> Result<()> {
        let GroupAnswer { group, calls, reply, turn: _turn, slot: _slot } = answer;
        let Some(slice) = group.slices.first() else { return Ok(()) };
        let mut reply = match reply {
            Ok(reply) => reply,
            Err(failure) => {
                self.fail(slice, failure.to_string(), failure.exit()).await;
                return Ok(());
            }
        };
        let Some(day) = slice.day() else { return Ok(()) };
        let before = match group.why {
            Why::Missing | Why::Now => None,
            _ => self.question.ledger.newest(self.question.source, &group.slices),
        };
        let calls: Vec<_> = calls.into_iter().map(|call| call.params).collect();
        let (mut found, codes) = self.judge.found(calls.clone(), &mut reply).await?;
        self.judge.compare(slice, &codes, &mut found);
        let shown = self.shown_before(slice, before).await?;
        if !shown.is_empty() {
            self.judge.compare_before(&shown, &codes, &mut found);
        }
        if self.judge.is_judged_by_rows(slice, &found) && reply.rows > 0 {
            let before = self.rows_before(day).await;
            self.judge.compare_rows(day, before, &mut found);
        }
        let Some(mark) = self.mark(slice, &reply, &found).await? else { return Ok(()) };
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
            params: calls,
            rows_of: std::mem::take(&mut reply.rows_of),
            pages: reply.pages,
            lines: std::mem::take(&mut reply.lines),
            event_days,
            span,
            found: Some(found),
            mark,
            captured_on: None,
            ordinal: 0,
        };
        let now = self.run.world.clock.now();
        self.write(answer, now, (&group.slices, &reply), self.comparable(before, is_span)).await
    }

    /// The mark to keep an answer under, if any. The outer `None` means not to keep it. What is missing goes into the
    /// report.
    async fn mark(&self, slice: &Slice, reply: &Reply, found: &Findings) -> Result<Option<Option<Mark>>> {
        let name = &self.question.table().name;
        let unknown = unknown(found).map(|unknown| format!("{slice}: {unknown}"));
        self.run.journal.table(name, |report| report.notes.extend(unknown)).await;
        let verdict = self.judge.verdict(slice, reply, found);
        if verdict == Verdict::Whole {
            return Ok(Some(None));
        }
        if let Slice::Snapshot(_) = slice
            && verdict == Verdict::Partial
        {
            let lacking = found.text().filter(|_| reply.rows > 0);
            let reason = lacking.unwrap_or_else(|| "the vendor sent no rows, but a snapshot is never empty".to_owned());
            self.fail(slice, reason, Exit::Incomplete).await;
            return Ok(None);
        }
        let digest = bronze::digest(&reply.lines);
        let looks = self.looks(slice, &digest).await?;
        let is_enough = !found.is_unjudged && self.is_patient_enough(slice, &looks);
        let lacking = found.text().unwrap_or_else(|| "no rows".to_owned());
        let mark = match verdict {
            Verdict::Kept(Mark::Damaged) => Mark::Damaged,
            _ if is_enough => Mark::Short,
            Verdict::Kept(mark) => mark,
            Verdict::Partial | Verdict::Whole => {
                let look = Look { slice: slice.to_string(), day: self.run.world.clock.today(), digest };
                let part = (reply.rows > 0).then(|| format!("{slice}: {lacking}"));
                self.not_published(slice, part, look).await;
                return Ok(None);
            }
        };
        let agreed = match mark {
            Mark::Damaged => looks.len() >= PATIENCE,
            _ => is_enough,
        };
        let marked = Marked { slice: slice.to_string(), mark, lacking, agreed };
        self.run.journal.table(name, |report| report.marked.push(marked)).await;
        Ok(Some(Some(mark)))
    }

    /// The earlier answer that a new one may repeat. None if another interface of the folder answered since, because
    /// then the same rows are news.
    pub(super) fn comparable<'b>(&self, before: Before<'b>, is_span: bool) -> Before<'b> {
        let Self { question, .. } = self;
        before.filter(|(file, _)| !question.ledger.answered_since(question.source, file.file.written_at(), is_span))
    }

    /// Whether the rows of an answer leave the day of its folder.
    pub(super) fn is_span(&self, slice: &Slice) -> bool {
        match slice {
            Slice::Month(_) | Slice::Security(_) | Slice::SecurityMonth(..) => true,
            Slice::Snapshot(_) => self.question.table().event.is_some(),
            Slice::Session(_) | Slice::Day(_) | Slice::Period(_) => false,
        }
    }

    /// Writes an answer whose fetch finished at `at`.
    pub(super) async fn write(
        &self,
        answer: NewFile,
        at: DateTime<Utc>,
        (slices, reply): (&[Slice], &Reply),
        before: Before<'_>,
    ) -> Result<()> {
        let store = &self.run.world.store;
        let at = (at, self.question.ledger.stamp(self.question.source, slices, at));
        let before = before.map(|(file, provenance)| (file.file.path.as_str(), provenance));
        let slice = answer.slice.clone();
        let written = match bronze::write_named(store, self.question.contract(), answer, at, before).await {
            Err(error) if error.is::<Obstructed>() => {
                self.fail(&slice, format!("{error:#}"), Exit::Incomplete).await;
                return Ok(());
            }
            written => written?,
        };
        let (name, same) = (&self.question.table().name, if written.same_as { ", unchanged" } else { "" });
        tracing::debug!("{name}: fetched {slice}: {}{same}", counted(reply.rows, "row"));
        self.run
            .journal
            .table(&self.question.table().name, |report| {
                report.fetched += slices.len();
                report.rows_fetched += reply.rows;
                report.unchanged += if written.same_as { slices.len() } else { 0 };
                report.unknown_fields.extend(reply.unknown.iter().cloned());
                report.absent_fields.extend(reply.absent.iter().cloned());
            })
            .await;
        Ok(())
    }

    pub(super) async fn fail(&self, slice: impl fmt::Display, reason: String, exit: Exit) {
        tracing::debug!("{}: failed {slice}: {reason}", self.question.table().name);
        let fail = |report: &mut TableReport| report.fail(slice.to_string(), reason, exit);
        self.run.journal.table(&self.question.table().name, fail).await;
    }

    async fn not_published(&self, slice: &Slice, part: Option<String>, look: Look) {
        self.run
            .journal
            .table(&self.question.table().name, |report| {
                report.not_published.extend(slice.day());
                report.looks.insert(look);
                report.notes.extend(part.map(|part| format!("not saved because too much is missing: {part}")));
            })
            .await;
    }
}

/// A note about unknown securities.
fn unknown(found: &Findings) -> Option<String> {
    let first = found.unknown.first()?;
    let more = found.unknown_codes - 1;
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!("`{first}`{more} not in the list of securities"))
}

/// First and last event day of the rows, and the months with events, or the days if they are few. An answer without
/// rows counts as one for `day`.
pub(super) fn spread(reply: &Reply, day: NaiveDate, by_day: bool) -> (Option<DateRange>, Span) {
    let days = &reply.events;
    let covered = days.iter().copied().chain(days.is_empty().then_some(day));
    let span = if by_day { Span::days(covered) } else { Span::months(covered) };
    (DateRange::around(days.iter().copied()), span)
}
