//! Calls to a complete reply: pages until their end is proven, paced and retried, or a failure that says what to do.
//! All pages or none.
//!
//! `ask` carries out the questions of a run over `accounts`; `answers` asks until answers are whole, `expect`, `earlier`
//! and `judge` decide which are believed, and `keep` writes them to bronze, `gather` those by security
//! from a `spool` or what was `left` in one; `again` judges those that are there. Below them
//! `client`, `http`, `pace`, `tally`, `room`, `page`, `checks` and `whole` turn calls into one complete reply. Never here: what is missing,
//! which [`crate::plan`] decides, or silver.

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

/// Why calls have no reply.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum Failure {
    /// The vendor refused, or its reply cannot be used.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// No connection to the vendor's address.
    #[error("cannot reach {place}: {cause}; {hint}")]
    Unreachable {
        /// The base URL.
        place: String,
        /// The system's error.
        cause: String,
        /// What to check.
        hint: String,
    },
    /// The rows cannot be the complete and right ones.
    #[error("{0}")]
    Untrusted(String),
    /// The vendor asks to slow down for longer than a run waits.
    #[error("{0}")]
    Paused(String),
    /// The reply, or a value in it, is larger than any can be; it is not asked for again.
    #[error("{0}")]
    TooLarge(String),
    /// So many pages in a row did not come that the rest is left for a later run.
    #[error("{count} pages in a row did not come, so {what} is left alone for now; the last: {last}; run again later")]
    Resting {
        /// The interface or the vendor.
        what: String,
        /// Whether it is the vendor.
        is_vendor: bool,
        /// Pages in a row.
        count: usize,
        /// What happened to the last.
        last: String,
    },
}

impl Failure {
    /// The exit code of a slice that failed so.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Refused(Refusal::Forbidden(_) | Refusal::Rejected(_)) => Exit::NoRight,
            Self::Refused(Refusal::QuotaSpent(_) | Refusal::AccountSpent(_)) => Exit::QuotaSpent,
            _ => Exit::Incomplete,
        }
    }

    /// Whether it says itself what to do about it.
    #[must_use]
    pub fn names_way_out(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Refused(Refusal::Rejected(_)))
    }

    /// Whether every further call of the interface would fail alike.
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

    /// Whether every further call to the vendor would fail alike.
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

/// A complete reply to the calls of a slice.
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
    /// Fields of the reply that the contract lacks.
    pub unknown: BTreeSet<String>,
    /// Fields of the contract that the reply lacked.
    pub absent: BTreeSet<String>,
    /// The event days of the rows, if they were requested.
    pub events: BTreeSet<NaiveDate>,
    /// The memory that the lines take.
    shares: Vec<Share>,
}

impl Reply {
    /// Bytes of memory that the shares have.
    fn held(&self) -> usize {
        self.shares.iter().map(Share::bytes).sum()
    }

    /// The same, whose memory something else holds from now on.
    fn without_share(self) -> Self {
        Self { shares: Vec::new(), ..self }
    }

    /// Adds the answer to further calls.
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
