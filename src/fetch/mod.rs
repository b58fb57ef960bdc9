//! A slice to a complete answer: pages until something proves the end, paced, retried, or a failure
//! that says what to do. All pages or none.
//!
//! Never here: bronze or silver. What is missing is decided by [`crate::plan`], what is kept by
//! [`crate::run`].

mod client;
mod http;
mod pace;
mod page;
mod whole;

use std::collections::BTreeSet;

use crate::vendor::Refusal;
pub use client::{Client, Interface};
pub use pace::Allowance;
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
