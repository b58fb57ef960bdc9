//! `executor`: Ballista's own, plus a worker that builds partitions, the codec for our plans, and the lakes of
//! sessions. What a task does is not decided here.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use ballista_executor::config::Config;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_executor::health::spawn_health_server;
use clap::Args;
use pitlake::build::Worker;
use pitlake::memory;
use pitlake::parallel::Threads;
use pitlake::world::Misuse;
use tokio::sync::oneshot;

use crate::codec::Codec;
use crate::{lake, logging};

/// Run tasks that a scheduler distributes
#[derive(Debug, Args)]
pub(crate) struct ExecutorArgs {
    /// The scheduler; instead of --scheduler-host and --scheduler-port
    #[arg(long, value_name = "HOST:PORT", env = "PITLAKE_SCHEDULER")]
    scheduler: Option<String>,
    /// Configuration file whose folder holds `schemas/` and `pipelines/` of your own, as for `pitlake`
    #[arg(long, value_name = "FILE", env = "PITLAKE_CONFIG")]
    config: Option<PathBuf>,
    /// Memory for partitions built in parallel, such as 512MiB or 2GiB [default: a quarter of the machine's]
    #[arg(long, value_parser = memory::size, value_name = "SIZE", env = "PITLAKE_MEMORY_LIMIT")]
    memory_limit: Option<u64>,
    #[command(flatten)]
    own: Config,
}

impl ExecutorArgs {
    pub(crate) fn run(self) -> Result<()> {
        logging::start(&self.own.log_level_setting);
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.enable_all().build()?.block_on(self.serve())
    }

    async fn serve(mut self) -> Result<()> {
        if let Some(scheduler) = &self.scheduler {
            let (host, port) = host_and_port(scheduler)?;
            (self.own.scheduler_host, self.own.scheduler_port) = (host.to_owned(), port);
        }
        let catalog = pitlake::cli::catalog_beside(self.config.as_deref())?;
        let memory = self.memory_limit.unwrap_or_else(memory::quarter);
        let worker = Worker::new(catalog, lake::access(), (Threads::available(), memory));
        let (host, port) = (&self.own.bind_host, self.own.bind_health_port);
        let health: SocketAddr =
            format!("{host}:{port}").parse().with_context(|| format!("invalid --bind-host `{host}`"))?;
        let mut config: ExecutorProcessConfig = self.own.try_into()?;
        config.override_physical_codec = Some(Arc::new(Codec::of(worker)));
        config.override_config_producer = Some(Arc::new(lake::options));
        config.override_runtime_producer = Some(Arc::new(lake::runtime));
        let (stop, stopped) = oneshot::channel();
        let probes = spawn_health_server(health, config.health.clone(), stopped);
        let done = start_executor_process(Arc::new(config)).await;
        // Nobody is waiting if it has already ended.
        let _ = stop.send(());
        probes.await?.context("cannot answer health probes")?;
        done.map_err(|error| anyhow!("cannot serve: {error}"))
    }
}

/// Splits `HOST:PORT`.
pub(crate) fn host_and_port(text: &str) -> Result<(&str, u16), Misuse> {
    let parts = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let parts = parts.filter(|(host, _)| !host.is_empty());
    parts.ok_or_else(|| Misuse(format!("invalid scheduler `{text}`: expected HOST:PORT, such as localhost:50050")))
}
