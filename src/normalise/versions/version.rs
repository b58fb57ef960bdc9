//! A version of a key, and what later looks tell about it. How versions are found is in `timeline`.

use chrono::{DateTime, Utc};

/// Which date a version is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::normalise) enum Basis {
    Announced,
    Observed,
}

/// One state of the figures of a key. Days count from 1970.
#[derive(Debug, Clone, Copy)]
pub(in crate::normalise) struct Version {
    pub(in crate::normalise) row: u32,
    pub(in crate::normalise) announced: Option<i32>,
    pub(in crate::normalise) known: Option<i32>,
    pub(in crate::normalise) basis: Basis,
    pub(in crate::normalise) observed: Option<DateTime<Utc>>,
    pub(in crate::normalise) revision: i32,
    /// The first day on which an answer that covers it no longer showed it.
    pub(in crate::normalise) withdrawn: Option<i32>,
    /// Its number among the rows with its key, from 1.
    pub(in crate::normalise) occurrence: i32,
}

/// A version while the looks at its key are processed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tracked {
    pub(super) version: Version,
    /// Whether a whole answer has shown it: parts and damaged answers may lack columns.
    pub(super) is_confirmed: bool,
    /// The day of the first doubted answer that lacked it.
    pub(super) missing_since: Option<i32>,
}

impl Tracked {
    /// Whether the vendor still shows it.
    pub(super) fn stands(&self) -> bool {
        self.version.withdrawn.is_none()
    }
}
