//! What killed runs left of files of answers by security. It is continued if the plan still asks for the same file and
//! the run was recent, and otherwise kept as is. How it is encoded is up to `spool`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use chrono::TimeDelta;
use pitlake_contract::{Slice, counted};

use super::Accounts;
use super::answers::Asking;
use super::batch::{BATCH, batches};
use super::spool::{self, Spooled};
use crate::clock::{Clock, shanghai_day};
use crate::plan::{Facts, Question, Why};
use crate::progress::Progress;
use crate::store::Left;
use crate::store::lease::Lease;
use crate::world::Run;

/// How long a file may be continued: its time is that of its last answer, and fetching one may take as long.
const LASTS: TimeDelta = TimeDelta::hours(1);

/// Part of a file, and its spool.
#[derive(Debug)]
pub(super) struct Unfinished {
    pub(super) file: Left,
    pub(super) spooled: Spooled,
}

impl Unfinished {
    /// The slices it answers.
    pub(super) fn slices(&self) -> BTreeSet<&Slice> {
        self.spooled.answers.iter().flat_map(|answer| &answer.slices).collect()
    }

    /// Whether it belongs to the file of these slices.
    pub(super) fn is_of(&self, file: &[(Slice, Why)]) -> bool {
        let asked: BTreeSet<&Slice> = file.iter().map(|(slice, _)| slice).collect();
        self.slices().is_subset(&asked)
    }

    /// Whether it is recent enough to share a file with new answers.
    fn is_of_just_now(&self, clock: Clock) -> bool {
        let (at, now) = (self.spooled.at, clock.now());
        at <= now && now - at < LASTS && shanghai_day(at) == clock.today()
    }
}

/// Keeps what killed runs left and cannot be continued, the way they would have kept it. Returns whether there was any.
/// Only the holder of a vendor's lease asks the vendor, so anything found belongs to a run that has ended.
///
/// # Errors
/// When the lake cannot be written.
pub async fn keep_left(
    run: Run<'_>,
    accounts: &Accounts,
    facts: Facts<'_>,
    (questions, leases): (&[Question], &BTreeMap<String, Lease>),
) -> Result<bool> {
    let mut is_kept = false;
    for question in questions.iter().filter(|question| leases.contains_key(&question.contract().id.vendor)) {
        let mut files = batches(&question.plan.ask, BATCH);
        for unfinished in unfinished(run, question).await {
            let file = files.iter().position(|file| unfinished.is_of(file));
            if let Some(file) = file.filter(|_| unfinished.is_of_just_now(run.world.clock)) {
                // Another one left for the same file gets a file of its own.
                files.swap_remove(file);
                continue;
            }
            let Some(asking) = Asking::of(run, accounts, facts, (question, &Progress::silent())) else { continue };
            let Unfinished { file, spooled } = unfinished;
            asking.note_kept(&spooled).await;
            asking.keep_together(spooled.answers, spooled.at).await?;
            // Otherwise it would be kept again by every run.
            file.remove().with_context(|| format!("cannot remove `{}`", file.name()))?;
            run.ledgers.written(question.contract()).await;
            is_kept = true;
        }
    }
    Ok(is_kept)
}

/// What was left of a question's files. Those that cannot be parsed are reported and removed.
pub(super) async fn unfinished(run: Run<'_>, question: &Question) -> Vec<Unfinished> {
    let contract = question.contract();
    let mut all = Vec::new();
    if !contract.ask.axis.by_security() {
        return all;
    }
    for file in run.world.store.spools(&spool::name(contract)) {
        // The next run may be able to read it.
        let Ok(bytes) = file.read() else { continue };
        match spool::read(bytes, contract) {
            // It has no answers.
            Ok(spooled) if spooled.answers.is_empty() => drop(file.remove()),
            Ok(spooled) => all.push(Unfinished { file, spooled }),
            Err(problem) => {
                drop(file.remove());
                let note = format!(
                    "removed `{}`, answers of a run that was killed, which will be requested again: {problem}",
                    file.name()
                );
                run.journal.table(&question.table().name, |report| report.notes.extend([note])).await;
            }
        }
    }
    all
}

impl Asking<'_> {
    /// Reports answers that another run paid for.
    pub(super) async fn note_kept(&self, spooled: &Spooled) {
        let answers = spooled.answers.iter().map(|answer| answer.slices.len()).sum::<usize>();
        let note = format!("kept {} from a run that was killed", counted(answers, "answer"));
        self.run.journal.table(&self.question.table().name, |report| report.notes.extend([note])).await;
    }
}
