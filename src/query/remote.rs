//! Where plans of queries run that do not run here. Never what is asked.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::common::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionConfig;

use crate::store::Store;

/// The URL of the lake inside the engine: no file outside the lake has a URL there.
pub const LAKE: &str = "lake://home/";

/// Something that runs plans of queries on other machines.
#[async_trait]
pub trait Remote: Debug + Send + Sync {
    /// The options of a session that plans for those machines.
    fn options(&self, here: SessionConfig) -> SessionConfig;

    /// Runs a plan; files of `lake` are below [`LAKE`] in it.
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
