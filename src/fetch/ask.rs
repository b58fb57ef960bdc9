//! The first half of a run: fetches and keeps what questions lack. A slice that fails is reported and left for the next
//! run, while the others go on. Which slices to fetch is decided by the plan.

use anyhow::Result;
use chrono::NaiveDate;
use futures::future::try_join;
use pitlake_contract::{Slice, counted};
use tokio::sync::mpsc;

use super::Accounts;
use super::answers::{Asking, Group, SLICES};
use super::batch::{BATCH, batches};
use super::gather::Coming;
use super::left::unfinished;
use crate::plan::{Facts, Question, Why};
use crate::report::{Exit, Journal};
use crate::spec::Axis;
use crate::world::Run;

/// First pages to wait for before judging whether one is the last: a page shorter than another proves itself. Fewer for
/// tables with many columns, because the pages wait in memory, and no more than the account may call for within a
/// second, because a run that is killed has to fetch them again.
const TOGETHER: usize = 32;

/// Number of columns for which [`TOGETHER`] slices may wait.
const COLUMNS: usize = 40;

/// Fetches what the questions lack. Each interface has a pace of its own, so interfaces run concurrently.
///
/// # Errors
/// When the lake cannot be written. A failed slice goes into the report.
pub async fn ask(run: Run<'_>, accounts: &Accounts, facts: Facts<'_>, questions: &[Question]) -> Result<()> {
    for question in questions {
        note(question, run.journal).await;
    }
    let asked = questions.iter().filter(|question| !question.plan.ask.is_empty());
    let asked = asked.filter_map(|question| Asking::of(run, accounts, facts, (question, &run.world.progress)));
    let asking: Vec<Asking<'_>> = asked.collect();
    run.world.progress.announce();
    let done = futures::future::join_all(asking.iter().map(one)).await;
    for asking in &asking {
        if let Some(paused) = asking.interface.paused().await {
            let id = &asking.question.contract().id;
            let note = format!("the vendor asked to slow down: calls to {id} paused for {paused} in total");
            run.journal.table(&asking.question.table().name, |report| report.notes.extend([note])).await;
        }
    }
    for asking in &asking {
        let vendor = &asking.question.contract().id.vendor;
        if let Some(off) = asking.client.clock_off().filter(|_| !run.world.clock.is_given()) {
            run.journal.clock_off(vendor, off).await;
        }
        run.ledgers.written(asking.question.contract()).await;
        if let Some(failure) = asking.client.stopped.get() {
            run.journal.stopped(vendor, failure.to_string()).await;
        }
    }
    done.into_iter().collect()
}

async fn one(asking: &Asking<'_>) -> Result<()> {
    let contract = asking.question.contract();
    let (slices, at_once) = (&asking.question.plan.ask, contract.ask.together);
    let wide = (TOGETHER * COLUMNS / contract.fields.len().max(1)).clamp(SLICES, TOGETHER);
    let together = wide.min(asking.question.allowance.a_second());
    if contract.ask.axis.by_security() {
        return by_security(asking, (slices, at_once), together).await;
    }
    let groups: Vec<Group> = slices.chunks(1).map(Group::of).collect();
    // Calls go out while earlier answers are judged, compressed and written.
    let (sender, mut answers) = mpsc::unbounded_channel();
    let ask = async {
        asking.each(&groups, (together, wide), sender).await;
        Ok(())
    };
    let keep = async {
        while let Some(answer) = answers.recv().await {
            asking.keep(answer).await?;
        }
        Ok(())
    };
    try_join(ask, keep).await.map(|_| ())
}

/// Fetches answers by security, which share files.
async fn by_security(asking: &Asking<'_>, (slices, at_once): (&[(Slice, Why)], usize), together: usize) -> Result<()> {
    let (sender, answers) = mpsc::unbounded_channel();
    let ask = async move {
        let mut left = unfinished(asking.run, asking.question).await;
        for mut batch in batches(slices, BATCH) {
            if let Some(place) = left.iter().position(|left| left.is_of(&batch)) {
                let unfinished = left.swap_remove(place);
                batch.retain(|(slice, _)| !unfinished.slices().contains(slice));
                drop(sender.send(Coming::Unfinished(unfinished)));
            }
            let groups: Vec<Group> = batch.chunks(at_once).map(Group::of).collect();
            asking.answers(&groups, together, |answer| drop(sender.send(Coming::Answer(answer)))).await;
            // The file is complete.
            drop(sender.send(Coming::End));
        }
        Ok(())
    };
    try_join(ask, asking.gather(answers)).await.map(|_| ())
}

/// Reports what the plan says about a table besides the slices to fetch.
async fn note(question: &Question, journal: &Journal) {
    let named = |day: &NaiveDate| question.named.is_some_and(|named| named.contains(*day));
    let (is_named, other): (Vec<NaiveDate>, Vec<NaiveDate>) = question.plan.not_due.iter().copied().partition(named);
    journal
        .table(&question.table().name, |report| {
            report.held += question.plan.held;
            if question.lacks_universe {
                let reason = "no list of securities in the lake, so what to ask for is unknown: fetch or import \
                              `stock_basic_cn`, or set `symbols` in the job";
                report.fail("securities".into(), reason.into(), Exit::Incomplete);
            }
            // Only for sessions: other ranges naturally include periods to come and days before their hour.
            if question.contract().ask.axis == Axis::Session {
                report.not_published.extend(is_named);
            }
            report.passed_over.extend(other);
            if let (Some(first), Some(last)) = (question.left_behind.first(), question.left_behind.last()) {
                let (count, table) = (question.left_behind.len(), &question.table().name);
                let sessions = counted(count, "session");
                report.notes.insert(format!(
                    "missing before the days that `run` covers: {sessions} from {first} to {last}; run `pitlake \
                     backfill {table} --start {first} --end {last}`"
                ));
            }
            report.notes.extend(question.ledger.stamped_ahead().map(|ahead| ahead.text()));
            report.beyond_calendar.extend(question.plan.beyond_calendar.iter().copied());
        })
        .await;
}
