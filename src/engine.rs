//! Something that runs pieces of work elsewhere. It carries them there, and their answers back, as text, and looks into
//! neither. Never what the work is.

use std::fmt::Debug;

use anyhow::Result;
use async_trait::async_trait;

/// Something that runs pieces of work elsewhere: a cluster.
#[async_trait]
pub trait Engine: Debug + Send + Sync {
    /// Runs the pieces of a job side by side, each at least once; the answers are in their order. `job` is what all of them
    /// need.
    ///
    /// # Errors
    /// When it cannot be reached, or a piece was given up.
    async fn run(&self, job: String, pieces: Vec<String>) -> Result<Vec<String>>;
}
