//! `scheduler`: Ballista's own, plus the codec for our plans and the lakes of sessions. How tasks are scheduled is up
//! to Ballista.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use ballista_core::extension::{ballista_aggregate_functions, ballista_scalar_functions, ballista_window_functions};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::{Config, SchedulerConfig};
use ballista_scheduler::scheduler_process::start_server;
use clap::Args;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::prelude::SessionConfig;

use crate::codec::Codec;
use crate::{lake, logging};

/// Distribute tasks to executors, and monitor them
#[derive(Debug, Args)]
pub(crate) struct SchedulerArgs {
    #[command(flatten)]
    own: Config,
}

/// Plans are processed recursively, and deep ones need a large stack.
const STACK: usize = 32 << 20;

impl SchedulerArgs {
    pub(crate) fn run(self) -> Result<()> {
        logging::start(&self.own.log_level_setting);
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.enable_all().thread_stack_size(STACK).build()?.block_on(self.serve())
    }

    async fn serve(self) -> Result<()> {
        let (host, port) = (&self.own.bind_host, self.own.bind_port);
        let address: SocketAddr =
            format!("{host}:{port}").parse().with_context(|| format!("invalid --bind-host `{host}`"))?;
        let mut config: SchedulerConfig = self.own.try_into()?;
        config.override_physical_codec = Some(Arc::new(Codec::default()));
        config.override_config_producer = Some(Arc::new(lake::options));
        config.override_session_builder = Some(Arc::new(session));
        let cluster = BallistaCluster::new_from_config(&config).await?;
        start_server(cluster, address, Arc::new(config)).await.map_err(|error| anyhow!("cannot serve: {error}"))
    }
}

fn session(options: SessionConfig) -> datafusion::common::Result<SessionState> {
    let runtime = lake::runtime(&options)?;
    let builder = SessionStateBuilder::new().with_runtime_env(runtime).with_config(options).with_default_features();
    let builder = builder.with_scalar_functions(ballista_scalar_functions());
    let builder = builder.with_aggregate_functions(ballista_aggregate_functions());
    Ok(builder.with_window_functions(ballista_window_functions()).build())
}
