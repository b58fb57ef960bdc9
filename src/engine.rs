//! The interface of an engine that runs work elsewhere, such as a cluster. Work and answers travel as text that the
//! engine does not interpret.

use std::fmt::Debug;

use anyhow::Result;
use async_trait::async_trait;

/// Runs pieces of work elsewhere, such as on a cluster.
#[async_trait]
pub trait Engine: Debug + Send + Sync {
    /// Runs the pieces of a job concurrently, each at least once, and returns the answers in order. `job` is what all
    /// pieces need.
    ///
    /// # Errors
    /// When the engine cannot be reached, or a piece was given up.
    async fn run(&self, job: String, pieces: Vec<String>) -> Result<Vec<String>>;
}
