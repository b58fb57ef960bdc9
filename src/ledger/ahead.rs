//! Answers with timestamps in the future, written by a run with a wrong clock. Which answer is right is not decided
//! here.

use chrono::{DateTime, Utc};
use pitlake_contract::counted;
use pitlake_contract::spelling::instant::SHANGHAI;

use super::{Ledger, LedgerFile};
use crate::clock::Clock;

/// Answers from the future.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ahead {
    /// The number of files.
    pub files: usize,
    /// The newest timestamp.
    pub last: DateTime<Utc>,
    /// The newest file.
    pub path: String,
}

impl Ahead {
    /// The message for the user.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { files, last, path } = self;
        let last = last.with_timezone(&SHANGHAI).format("%Y-%m-%d %H:%M");
        format!(
            "{} with timestamps in the future, up to {last}: a run with a wrong clock wrote them; runs that cover \
             those days request them again, and the new answers count; to silence this note, remove such files \
             ({path})",
            counted(*files, "bronze file")
        )
    }
}

impl Ledger {
    /// The files written after now, by the machine's clock whatever `--now` says.
    #[must_use]
    pub fn stamped_ahead(&self) -> Option<Ahead> {
        let latest = Clock::default().latest();
        let is_ahead = |file: &&LedgerFile| file.file.fetched_at.is_some() && file.came() > latest;
        let ahead: Vec<&LedgerFile> = self.files().iter().map(AsRef::as_ref).filter(is_ahead).collect();
        let newest = ahead.iter().max_by_key(|file| file.came())?;
        Some(Ahead { files: ahead.len(), last: newest.came(), path: newest.file.path.clone() })
    }
}
