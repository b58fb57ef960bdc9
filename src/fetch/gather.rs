//! Gathers answers by security that share a file, and keeps them together. On a lake with append each is in a spool
//! until then, so a killed run loses none; elsewhere the file is kept sooner. Which slices share a file is decided in
//! `batch`, not here.

use std::collections::BTreeSet;
use std::future::pending;
use std::mem;
use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::{DateTime, Utc};
use futures::future::{Either, select};
use pitlake_contract::{Answered, Slice};
use tokio::sync::mpsc::UnboundedReceiver as Receiver;

use super::Reply;
use super::answers::{Asking, GroupAnswer};
use super::keep::spread;
use super::left::Unfinished;
use super::room::Gathered;
use super::spool::{self, SharedAnswer};
use crate::bronze::{self, Findings, Mark, NewFile};
use crate::clock::shanghai_day;
use crate::ledger::PATIENCE;
use crate::real;
use crate::report::Marked;
use crate::store::{Left, Spool};

/// How long answers may be gathered in memory alone: as long as an account with 500 calls a minute takes for a full
/// file at five calls per security. A run killed meanwhile loses these answers.
const LONGEST: Duration = Duration::from_mins(2);

/// What arrives for securities that share a file, in order.
#[derive(Debug)]
pub(super) enum Coming {
    /// What a killed run had gathered for the file.
    Unfinished(Unfinished),
    /// An answer.
    Answer(GroupAnswer),
    /// The file is complete.
    End,
}

/// Answers by security that share a file.
#[derive(Debug, Default)]
struct Batch {
    whole: Reply,
    params: Vec<Vec<(String, String)>>,
    slices: Vec<Slice>,
    found: Findings,
}

/// Answers being gathered for a file.
#[derive(Debug)]
struct Gathering {
    answers: Vec<SharedAnswer>,
    memory: Gathered,
    /// Holds them until they are kept.
    spool: Option<Spool>,
    /// Holds some that a killed run left, if its spool could not be taken over.
    left: Option<Left>,
    /// When they have to be kept at the latest.
    until: Option<Instant>,
}

impl Asking<'_> {
    /// Gathers answers by security, and keeps them when a file is complete or takes too much memory.
    pub(super) async fn gather(&self, mut coming: Receiver<Coming>) -> Result<()> {
        let room = &self.client.room;
        let mut gathering = self.nothing_gathered();
        loop {
            let wanted = async {
                match gathering.until {
                    _ if gathering.answers.is_empty() => pending().await,
                    Some(until) => drop(real::by(until, room.wanted()).await),
                    None => room.wanted().await,
                }
            };
            let next = match select(pin!(coming.recv()), pin!(wanted)).await {
                Either::Left((next, _)) => next,
                Either::Right(_) => Some(Coming::End),
            };
            let (is_end, mut is_whole) = (next.is_none(), false);
            match next {
                Some(Coming::Unfinished(unfinished)) => self.go_on(&mut gathering, unfinished).await,
                Some(Coming::Answer(answer)) => self.came(&mut gathering, answer).await,
                Some(Coming::End) | None => is_whole = true,
            }
            if !is_whole && gathering.memory.bytes() < room.of_a_file() {
                continue;
            }
            let gathered = mem::replace(&mut gathering, self.nothing_gathered());
            self.keep_together(gathered.answers, self.run.world.clock.now()).await?;
            // Until here, a killed run leaves them to the next.
            gathered.spool.into_iter().for_each(Spool::remove);
            if let Some(Err(error)) = gathered.left.map(|left| left.remove()) {
                self.unspooled(&error.into());
            }
            if is_end {
                return Ok(());
            }
        }
    }

    fn nothing_gathered(&self) -> Gathering {
        Gathering { answers: Vec::new(), memory: self.client.room.gather(), spool: None, left: None, until: None }
    }

    /// Takes an answer and appends it to the spool.
    async fn came(&self, gathering: &mut Gathering, GroupAnswer { group, calls, reply, turn, slot }: GroupAnswer) {
        let reply = match reply {
            Ok(reply) => reply.without_share(),
            Err(failure) => {
                for slice in &group.slices {
                    self.fail(slice, failure.to_string(), failure.exit()).await;
                }
                return;
            }
        };
        drop((turn, slot));
        let params = calls.into_iter().map(|call| call.params).collect();
        let answer = SharedAnswer { slices: group.slices, params, reply };
        if let Err(error) = self.spooled(gathering, &answer) {
            // Probably a full disk, which writing the file will report as well.
            self.unspooled(&error);
            gathering.spool.take().into_iter().for_each(Spool::remove);
        }
        if gathering.spool.is_none() && gathering.until.is_none() {
            gathering.until = Some(real::instant() + LONGEST);
        }
        gathering.memory.add(answer.reply.lines.len());
        gathering.answers.push(answer);
    }

    fn spooled(&self, gathering: &mut Gathering, answer: &SharedAnswer) -> Result<()> {
        let contract = self.question.contract();
        // After a failure, do not start a new spool in the middle of a file.
        if gathering.answers.is_empty() && gathering.spool.is_none() {
            let Some(spool) = self.run.world.store.spool(&spool::name(contract)) else { return Ok(()) };
            gathering.spool.insert(spool?).append(&[&spool::begun(contract)?])?;
        }
        let Some(spool) = &mut gathering.spool else { return Ok(()) };
        let record = spool::record(answer, self.run.world.clock.now())?;
        Ok(spool.append(&[&record, &answer.reply.lines])?)
    }

    /// Starts with what a killed run had gathered for the same file.
    async fn go_on(&self, gathering: &mut Gathering, Unfinished { file, spooled }: Unfinished) {
        self.note_kept(&spooled).await;
        match file.go_on(&spooled.whole) {
            Ok(spool) => gathering.spool = Some(spool),
            Err(error) => {
                self.unspooled(&error.into());
                gathering.left = Some(file);
            }
        }
        for answer in spooled.answers {
            answer.slices.iter().for_each(|_| self.bar.advance());
            gathering.memory.add(answer.reply.lines.len());
            gathering.answers.push(answer);
        }
    }

    /// Notes that answers are held in memory alone.
    fn unspooled(&self, error: &anyhow::Error) {
        tracing::debug!("{}: cannot save answers as they arrive: {error:#}", self.question.table().name);
    }

    /// Keeps answers by security, the last of which came at `at`: whole ones in one file, the others in another.
    pub(super) async fn keep_together(&self, answers: Vec<SharedAnswer>, at: DateTime<Utc>) -> Result<()> {
        let mut batches = [Batch::default(), Batch::default()];
        for SharedAnswer { slices, params, mut reply } in answers {
            let (found, _) = self.judge.found(params.clone(), &mut reply).await?;
            batches[usize::from(found.is_damaged())].add(slices, params, (reply, found));
        }
        for batch in batches {
            let slices = batch.slices.clone();
            self.or_fail(&slices, self.write_batch(batch, at).await).await?;
        }
        Ok(())
    }

    async fn write_batch(&self, batch: Batch, at: DateTime<Utc>) -> Result<()> {
        let Batch { mut whole, params, slices: mut kept, found } = batch;
        kept.sort_unstable();
        let (Some(first), Some(last)) = (kept.first(), kept.last()) else { return Ok(()) };
        let codes: BTreeSet<&str> = kept.iter().filter_map(Slice::code).collect();
        let ends = [first, last].map(|slice| slice.code().unwrap_or_default().to_owned());
        let answered = Answered::Securities { month: first.month(), count: codes.len(), ends };
        let before = self.question.ledger.newest(self.question.source, &kept);
        let day = first.days().map_or(shanghai_day(at), |days| days.first);
        let (event_days, span) = spread(&whole, day, first.days().is_some());
        let mark = found.is_damaged().then_some(Mark::Damaged);
        if let Some(mark) = mark {
            let looks = self.looks(first, &bronze::digest(&whole.lines)).await?;
            let agreed = looks.len() >= PATIENCE;
            let lacking = found.text().unwrap_or_default();
            let slice = answered.to_string();
            let marked = Marked { slice, mark, lacking, agreed };
            self.run.journal.table(&self.question.table().name, |report| report.marked.push(marked)).await;
        }
        let answer = NewFile {
            slice: answered.to_string(),
            day,
            params,
            rows_of: mem::take(&mut whole.rows_of),
            pages: whole.pages,
            lines: mem::take(&mut whole.lines),
            event_days,
            span: Some(span),
            found: Some(found),
            mark,
            captured_on: None,
            ordinal: 0,
        };
        self.write(answer, at, (&kept, &whole), self.comparable(before, true)).await
    }
}

impl Batch {
    fn add(&mut self, slices: Vec<Slice>, params: Vec<Vec<(String, String)>>, (reply, found): (Reply, Findings)) {
        self.whole.rows_of.resize(self.params.len(), 0);
        self.whole.add(reply);
        self.params.extend(params);
        self.whole.rows_of.resize(self.params.len(), 0);
        self.slices.extend(slices);
        self.found.add(found);
    }
}
