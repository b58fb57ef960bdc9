//! The interface for running query plans elsewhere. What is queried is not known here.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::common::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionConfig;

use crate::store::Store;

/// The URL of the lake inside the engine. Files outside the lake have no URL there.
pub const LAKE: &str = "lake://home/";

/// Runs query plans on other machines.
#[async_trait]
pub trait Remote: Debug + Send + Sync {
    /// Session options for planning for these machines.
    fn options(&self, here: SessionConfig) -> SessionConfig;

    /// Runs a plan. It refers to the files of `lake` below [`LAKE`].
    ///
    /// # Errors
    /// When the machines cannot be reached, or the plan cannot run there.
    async fn run(
        &self,
        lake: &Store,
        plan: Arc<dyn ExecutionPlan>,
        options: &SessionConfig,
    ) -> Result<SendableRecordBatchStream>;
}
