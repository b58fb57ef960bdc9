//! The client side: sends plans to a scheduler and reads the results. What a plan does is not decided here.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use ballista_core::execution_plans::execute_physical_plan;
use ballista_core::extension::SessionConfigExt as _;
use ballista_core::ids::new_instance_id;
use datafusion::common::Result as PlanResult;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionConfig;
use datafusion_proto::protobuf::PhysicalPlanNode;
use futures::TryStreamExt as _;
use pitlake::engine::Engine;
use pitlake::query::Remote;
use pitlake::store::Store;
use pitlake::world::Misuse;

use crate::build;
use crate::codec::Codec;
use crate::executor::host_and_port;
use crate::lake;

/// Bytes of work per plan. A message holds at most 16 MiB.
const MOST: usize = 8 << 20;

/// How many times a plan is sent.
const ATTEMPTS: u32 = 3;

/// A cluster.
#[derive(Debug)]
pub struct Ballista {
    scheduler: String,
}

impl Ballista {
    /// The cluster of a scheduler, as `HOST:PORT`.
    ///
    /// # Errors
    /// When it is not in that form.
    pub fn new(scheduler: &str) -> Result<Self, Misuse> {
        let (host, port) = host_and_port(scheduler)?;
        Ok(Self { scheduler: format!("http://{host}:{port}") })
    }

    /// The answers to all pieces of a plan. If an executor dies, the answers it held are lost, so the plan is sent
    /// again. Work that was published is found, not built twice.
    async fn answers(&self, plan: Arc<dyn ExecutionPlan>) -> Result<Vec<(u64, String)>> {
        let mut attempt = 1;
        loop {
            let sent = self.send(Arc::clone(&plan), lake::options()).await;
            let batches = sent.with_context(|| {
                format!(
                    "cannot use the scheduler at {}: check that `pitlake-cluster scheduler` runs there",
                    self.scheduler
                )
            })?;
            match batches.try_collect::<Vec<_>>().await {
                Ok(batches) => return Ok(build::read(&batches)),
                Err(error) if attempt < ATTEMPTS && !build::is_refused(&error) => {
                    tracing::warn!("the cluster did not finish the work ({error}); it is submitted again");
                    attempt += 1;
                }
                Err(error) => return Err(error).context("the cluster did not finish the work"),
            }
        }
    }

    async fn send(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        session: SessionConfig,
    ) -> PlanResult<SendableRecordBatchStream> {
        let (config, id) = (session.ballista_config(), new_instance_id());
        execute_physical_plan::<PhysicalPlanNode>(self.scheduler.clone(), &config, plan, &Codec::default(), id, session)
            .await
    }
}

#[async_trait]
impl Engine for Ballista {
    async fn run(&self, job: String, pieces: Vec<String>) -> Result<Vec<String>> {
        let count = pieces.len();
        let mut answers: Vec<Option<String>> = vec![None; count];
        let pieces: Vec<(u64, Vec<u8>)> =
            (0..).zip(&pieces).map(|(number, piece)| Ok((number, build::packed(piece)?))).collect::<Result<_>>()?;
        let mut left = &pieces[..];
        while !left.is_empty() {
            let sizes = left.iter().scan(0, |size, (_, piece)| {
                *size += piece.len();
                Some(*size)
            });
            let (plan, rest) = left.split_at(sizes.take_while(|size| *size <= MOST).count().max(1));
            left = rest;
            for (number, answer) in self.answers(build::plan(&job, plan)?).await? {
                if let Some(place) = usize::try_from(number).ok().and_then(|number| answers.get_mut(number)) {
                    *place = Some(answer);
                }
            }
        }
        let answers: Vec<String> = answers.into_iter().flatten().collect();
        ensure!(answers.len() == count, "the cluster answered {} of {count} pieces of work: run again", answers.len());
        Ok(answers)
    }
}

#[async_trait]
impl Remote for Ballista {
    fn options(&self, here: SessionConfig) -> SessionConfig {
        here.upgrade_for_ballista()
    }

    async fn run(
        &self,
        lake: &Store,
        plan: Arc<dyn ExecutionPlan>,
        options: &SessionConfig,
    ) -> PlanResult<SendableRecordBatchStream> {
        let address = lake.address().map_err(|error| datafusion::common::DataFusionError::External(error.into()))?;
        self.send(plan, lake::with_lake(options.clone(), &address)).await
    }
}
