//! What a store could not do, as errors that somebody decides on. Never what an error of a store says: that is `cause`'s.

use serde::{Deserialize, Serialize};

/// The lake could not be written: exit 1, with the reason.
#[derive(Debug, Serialize, Deserialize, thiserror::Error)]
#[error("cannot write `{path}` in the lake {lake}: {cause}")]
pub struct WriteError {
    /// The lake as the user named it.
    pub lake: String,
    /// The file in the lake.
    pub path: String,
    /// The reason the system gave.
    pub cause: String,
}

/// The store did not do what was asked of it: nothing is known of what a file holds.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} `{path}` in the lake {lake}: {cause}")]
pub struct StoreError {
    pub(super) verb: &'static str,
    pub(super) path: String,
    pub(super) lake: String,
    pub(super) cause: String,
    pub(super) is_passing: bool,
}

/// Whether an error is a store that does not give a file for the moment, and may another time.
#[must_use]
pub fn is_passing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<StoreError>().is_some_and(|error| error.is_passing)
}

/// Something lies where a file should go: that one cannot be written, others can.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{path}` in the lake {lake}: {cause}; move what lies there away")]
pub struct Obstructed {
    pub(super) lake: String,
    pub(super) path: String,
    pub(super) cause: String,
}
