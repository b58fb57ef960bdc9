//! Errors of the store that callers match on. How an `object_store` error is worded is in `cause`, not here.

use serde::{Deserialize, Serialize};

/// The lake could not be written. Exit code 1.
#[derive(Debug, Serialize, Deserialize, thiserror::Error)]
#[error("cannot write `{path}` in the lake {lake}: {cause}")]
pub struct WriteError {
    /// The lake, as the user named it.
    pub lake: String,
    /// The path within the lake.
    pub path: String,
    /// The reason given by the system.
    pub cause: String,
}

/// A request to the store failed, so nothing is known about the file.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} `{path}` in the lake {lake}: {cause}")]
pub struct StoreError {
    pub(super) verb: &'static str,
    pub(super) path: String,
    pub(super) lake: String,
    pub(super) cause: String,
    pub(super) is_passing: bool,
}

/// Whether the error is a store that cannot give a file right now but may later.
#[must_use]
pub fn is_passing(error: &anyhow::Error) -> bool {
    error.downcast_ref::<StoreError>().is_some_and(|error| error.is_passing)
}

/// Something is in the way of a file. This one cannot be written; others can.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{path}` in the lake {lake}: {cause}; move what is there out of the way")]
pub struct Obstructed {
    pub(super) lake: String,
    pub(super) path: String,
    pub(super) cause: String,
}
