//! A slice to a complete answer: pages until something proves the end, paced, retried, or a failure
//! that says what to do. All pages or none.
//!
//! `ask` carries out the questions of a run over `accounts`; `answers` asks until answers are whole, `expect` and `keep`
//! decide which are believed and write them to bronze. Below them `client`, `http`, `pace`, `page` and `whole` turn calls
//! into one whole answer. Never here: what is missing, which [`crate::plan`] decides, or silver.

mod accounts;
mod answers;
mod ask;
mod batch;
mod client;
mod expect;
mod http;
mod keep;
mod pace;
mod page;
mod whole;

use std::collections::BTreeSet;

use crate::report::Exit;
use crate::vendor::Refusal;
pub use accounts::{AccountError, Accounts, line};
pub use ask::ask;
pub use client::{Client, Interface};
pub use page::{Expect, Rows};
pub use whole::Pages;

/// Why a slice has no answer.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum Failure {
    /// The vendor said no, or nothing that can be read.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// Nobody listens at the vendor's address.
    #[error("cannot reach {place}: {cause}")]
    Unreachable {
        /// The base URL.
        place: String,
        /// What the system said.
        cause: String,
    },
    /// Replies came that cannot be the whole truth.
    #[error("{0}")]
    Untrusted(String),
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

    /// Whether every further call of the interface would fail alike.
    #[must_use]
    pub fn stops_interface(&self) -> bool {
        self.stops_vendor()
            || matches!(self, Self::Refused(Refusal::Forbidden(_) | Refusal::NoPath(_) | Refusal::QuotaSpent(_)))
    }

    /// Whether every further call to the vendor would fail alike.
    #[must_use]
    pub fn stops_vendor(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Refused(Refusal::Rejected(_) | Refusal::AccountSpent(_)))
    }
}

/// A complete answer to one slice.
#[derive(Debug, Default)]
pub struct Reply {
    /// One JSON object a line, call by call.
    pub lines: Vec<u8>,
    /// Rows.
    pub rows: usize,
    /// Rows of each call.
    pub rows_of: Vec<usize>,
    /// Pages that held rows.
    pub pages: usize,
    /// Fields of the reply that the contract does not know.
    pub unknown: BTreeSet<String>,
    /// Fields of the contract that the reply lacked.
    pub absent: BTreeSet<String>,
    /// The event days of the rows as the vendor writes them, where they were wanted.
    pub events: BTreeSet<String>,
}

impl Reply {
    /// Adds the answer to further calls.
    fn add(&mut self, other: Self) {
        self.lines.extend_from_slice(&other.lines);
        self.rows += other.rows;
        self.rows_of.extend(other.rows_of);
        self.pages += other.pages;
        self.unknown.extend(other.unknown);
        self.absent.extend(other.absent);
        self.events.extend(other.events);
    }
}
