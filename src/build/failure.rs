//! The exit code for a partition that was not published. The reason is in the error itself.

use serde::{Deserialize, Serialize};

use crate::normalise::Stop;
use crate::report::Exit;

/// A task that failed on another machine.
#[derive(Debug, Clone, Serialize, Deserialize, thiserror::Error)]
#[error("{reason}")]
pub(super) struct Failure {
    reason: String,
    exit: Exit,
}

impl Failure {
    /// What is sent of an error that cannot be serialised.
    pub(super) fn of(error: &anyhow::Error) -> Self {
        Self { reason: format!("{error:#}"), exit: exit_of(error) }
    }
}

/// The exit code for a partition that was not published.
#[must_use]
pub fn exit_of(error: &anyhow::Error) -> Exit {
    match error.downcast_ref::<Failure>() {
        Some(failure) => failure.exit,
        None if error.is::<Stop>() => Exit::BadData,
        None => Exit::Incomplete,
    }
}
