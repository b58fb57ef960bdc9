//! What is known about a slice before its answer is judged: earlier looks, the securities in the newest answer, the
//! rows of the session before. Whether an answer is whole is decided in `judge`, not here.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::NaiveDate;
use pitlake_contract::Slice;

use super::Reply;
use super::answers::Asking;
use crate::bronze::{self, Provenance};
use crate::ledger::{LedgerFile, PATIENCE};
use crate::plan::UNIVERSE;
use crate::store::is_passing;

/// The newest earlier answer to a slice.
pub(super) type Before<'a> = Option<(&'a LedgerFile, &'a Provenance)>;

impl Asking<'_> {
    /// The days on which looks at a slice gave these rows, including this look.
    ///
    /// # Errors
    /// When the reports of earlier runs cannot be read.
    pub(super) async fn looks(&self, slice: &Slice, digest: &str) -> Result<BTreeSet<NaiveDate>> {
        let mut days = self.run.journal.looks(&self.question.table().name, &slice.to_string(), digest).await?;
        let before = self.question.held.get(slice).and_then(|held| held.shortfall.as_ref());
        if let Some(before) = before.filter(|before| before.digest.as_deref() == Some(digest)) {
            days.extend(&before.looks);
        }
        days.insert(self.run.world.clock.today());
        Ok(days)
    }

    /// Whether to accept that the vendor has no more of a slice: it is settled, and looks on three days agree.
    pub(super) fn is_patient_enough(&self, slice: &Slice, looks: &BTreeSet<NaiveDate>) -> bool {
        looks.len() >= PATIENCE && self.judge.is_settled(slice)
    }

    /// The rows of the last held session before a day.
    pub(super) async fn rows_before(&self, day: NaiveDate) -> Option<usize> {
        let (ledger, source) = (&self.question.ledger, self.question.source);
        let before = ledger.session_before(source, day)?;
        ledger.read(&self.run.world.store, |file| file.file.day == before).await;
        let (_, provenance) = ledger.newest(source, &[Slice::Session(before)])?;
        Some(provenance.found.as_ref().map_or(provenance.rows, |found| found.keys)).filter(|rows| *rows > 0)
    }

    /// The securities that an answer must have, according to what came before. For a period, companies in the
    /// disclosure plan and in the newest answer; for a list of securities, those in the newest list.
    pub(super) async fn shown_before(&self, slice: &Slice, before: Before<'_>) -> Result<BTreeSet<String>> {
        let mut shown = self.judge.reported(slice);
        match slice {
            Slice::Period(_) => shown.extend(self.codes_of(before).await?),
            Slice::Snapshot(_) if self.question.table().name == UNIVERSE => {
                let (ledger, source) = (&self.question.ledger, self.question.source);
                let newest = ledger.newest_snapshot(source).map(Slice::Snapshot);
                shown.extend(self.codes_of(newest.and_then(|newest| ledger.newest(source, &[newest]))).await?);
            }
            _ => {}
        }
        Ok(shown)
    }

    /// The securities in an answer.
    async fn codes_of(&self, answer: Before<'_>) -> Result<BTreeSet<String>> {
        let Some((file, provenance)) = answer else { return Ok(BTreeSet::new()) };
        let path = match &provenance.same_as {
            Some(name) => file.file.beside(name),
            None => file.file.path.clone(),
        };
        let mut lines = Vec::new();
        // A damaged file tells nothing. The build reports it.
        match self.run.world.store.read(&path).await {
            Ok(body) if bronze::read(&body, &mut lines).is_ok() => {}
            Err(error) if is_passing(&error) => return Err(error),
            _ => return Ok(BTreeSet::new()),
        }
        let mut earlier = Reply { lines, rows_of: provenance.rows_of.clone(), ..Reply::default() };
        Ok(self.judge.found(Vec::new(), &mut earlier).await?.1)
    }
}
