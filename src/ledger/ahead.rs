//! Answers that a run with a wrong clock wrote: their stamps lie after now, and until then they count as the newest. Never
//! which answer is right.

use chrono::{DateTime, TimeDelta, Utc};
use pitlake_contract::spelling::instant::SHANGHAI;

use super::{Ledger, LedgerFile};

/// Clocks of machines that share a lake may differ by so much.
const APART: TimeDelta = TimeDelta::hours(1);

/// Answers from the future.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    /// How many files.
    pub files: usize,
    /// The newest stamp.
    pub last: DateTime<Utc>,
    /// The newest file.
    pub path: String,
}

impl Ahead {
    /// What a user should know.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { files, last, path } = self;
        let last = last.with_timezone(&SHANGHAI).format("%Y-%m-%d %H:%M");
        format!(
            "{files} of its bronze files have stamps after now, up to {last}: a run with a wrong clock wrote them, and they count \
             as the newest until then; remove them ({path}) and run again"
        )
    }
}

impl Ledger {
    /// The files whose stamps lie after `now`, which is that of the machine whatever `--now` says.
    #[must_use]
    pub fn stamped_ahead(&self, now: DateTime<Utc>) -> Option<Ahead> {
        let is_ahead = |file: &&LedgerFile| file.file.fetched_at.is_some_and(|at| at > now + APART);
        let ahead: Vec<&LedgerFile> = self.files().iter().map(AsRef::as_ref).filter(is_ahead).collect();
        let newest = ahead.iter().max_by_key(|file| file.file.fetched_at)?;
        Some(Ahead { files: ahead.len(), last: newest.file.fetched_at?, path: newest.file.path.clone() })
    }
}
