//! From calls to a complete reply: pages are requested until their end is proven, paced and retried, or there is a
//! failure that says what to do. All pages or none.
//!
//! `ask` carries out the questions of a run using `accounts`. `answers` asks until answers are whole; `expect`,
//! `earlier` and `judge` decide which to believe; `keep` writes them to bronze, and `gather` those by security, from a
//! `spool` or what was `left` in one. `again` judges those already there. Below them, `client`, `http`, `pace`,
//! `tally`, `room`, `page`, `checks` and `whole` turn calls into one complete reply. What is missing is decided by
//! [`crate::plan`], and nothing here knows silver.

mod accounts;
mod again;
mod answers;
mod ask;
mod batch;
mod breaker;
mod checks;
mod client;
mod earlier;
mod echo;
mod expect;
mod gather;
mod http;
#[cfg(test)]
pub(crate) mod in_process;
mod judge;
mod keep;
mod left;
mod pace;
mod page;
mod room;
mod spool;
mod tally;
mod whole;

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::report::Exit;
use crate::wire::Refusal;
pub use accounts::{AccountError, Accounts, lease, line};
pub use again::judge_again;
pub use ask::ask;
pub use checks::{Expect, RowCounts};
pub use client::{Client, Interface};
pub use http::client as http_client;
pub use left::keep_left;
use room::Share;
pub use whole::Pages;

/// Why there is no reply to some calls.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum Failure {
    /// The vendor refused, or its reply is unusable.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The vendor's address could not be reached.
    #[error("cannot reach {place}: {cause}; {hint}")]
    Unreachable {
        /// The base URL.
        place: String,
        /// The system's error.
        cause: String,
        /// What to check.
        hint: String,
    },
    /// The rows cannot be complete and correct.
    #[error("{0}")]
    Untrusted(String),
    /// The vendor asks to slow down for longer than a run will wait.
    #[error("{0}")]
    Paused(String),
    /// The reply, or a value in it, is larger than allowed. It is not requested again.
    #[error("{0}")]
    TooLarge(String),
    /// Too many consecutive pages failed. The rest is left for a later run.
    #[error(
        "{count} pages in a row failed, so {what} is skipped for the rest of this run; last error: {last}; run again \
         later"
    )]
    Resting {
        /// The interface or the vendor.
        what: String,
        /// Whether it is the vendor.
        is_vendor: bool,
        /// Number of consecutive failed pages.
        count: usize,
        /// The last failure.
        last: String,
    },
}

impl Failure {
    /// The exit code for a slice that failed this way.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Refused(Refusal::Forbidden(_) | Refusal::Rejected(_)) => Exit::NoRight,
            Self::Refused(Refusal::QuotaSpent(_) | Refusal::AccountSpent(_)) => Exit::QuotaSpent,
            _ => Exit::Incomplete,
        }
    }

    /// Whether the message already says what to do.
    #[must_use]
    pub fn names_way_out(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Refused(Refusal::Rejected(_)))
    }

    /// Whether every further call to the interface would fail as well.
    #[must_use]
    pub fn stops_interface(&self) -> bool {
        self.stops_vendor()
            || matches!(
                self,
                Self::Refused(Refusal::Forbidden(_) | Refusal::NoPath(_) | Refusal::QuotaSpent(_))
                    | Self::Paused(_)
                    | Self::Resting { .. }
            )
    }

    /// Whether every further call to the vendor would fail as well.
    #[must_use]
    pub fn stops_vendor(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Refused(Refusal::Rejected(_) | Refusal::AccountSpent(_))
                | Self::Resting { is_vendor: true, .. }
        )
    }
}

/// A complete reply to the calls for a slice.
#[derive(Debug, Default)]
pub struct Reply {
    /// One JSON object per line, call by call.
    pub lines: Vec<u8>,
    /// The number of rows.
    pub rows: usize,
    /// The number of rows of each call.
    pub rows_of: Vec<usize>,
    /// The number of pages with rows.
    pub pages: usize,
    /// Fields of the reply that are not in the contract.
    pub unknown: BTreeSet<String>,
    /// Fields of the contract that are not in the reply.
    pub absent: BTreeSet<String>,
    /// The event days of the rows, if wanted.
    pub events: BTreeSet<NaiveDate>,
    /// The memory held for the lines.
    shares: Vec<Share>,
}

impl Reply {
    /// Bytes held by the shares.
    fn held(&self) -> usize {
        self.shares.iter().map(Share::bytes).sum()
    }

    /// The same without its shares. The caller accounts for the memory from now on.
    fn without_share(self) -> Self {
        Self { shares: Vec::new(), ..self }
    }

    /// Appends the answer to further calls.
    fn add(&mut self, other: Self) {
        if self.lines.is_empty() {
            self.lines = other.lines;
        } else {
            self.lines.extend_from_slice(&other.lines);
        }
        self.shares.extend(other.shares);
        self.rows += other.rows;
        self.rows_of.extend(other.rows_of);
        self.pages += other.pages;
        self.unknown.extend(other.unknown);
        self.absent.extend(other.absent);
        self.events.extend(other.events);
    }
}
