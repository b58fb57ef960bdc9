//! The engine for a query: its limits, its options and the lake it reads. Tables are in `silver`.

use std::sync::Arc;

use anyhow::Result;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::remote::{LAKE, Remote};
use crate::store::Store;

/// The memory for one query. Larger sorts and joins spill to the system's temporary folder.
pub(super) const MEMORY: usize = 4 << 30;

pub(super) fn context(store: &Store, remote: Option<&dyn Remote>) -> Result<SessionContext> {
    let mut config = SessionConfig::new().with_collect_statistics(true);
    let options = config.options_mut();
    options.execution.parquet.pushdown_filters = true;
    // Use plain strings, which every consumer of the result understands.
    options.execution.parquet.schema_force_view_types = false;
    options.sql_parser.map_string_types_to_utf8view = false;
    // Makes errors tell their position in the SQL.
    options.sql_parser.collect_spans = true;
    if let Some(remote) = remote {
        config = remote.options(config);
    }
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(FairSpillPool::new(MEMORY))).build_arc()?;
    runtime.register_object_store(ObjectStoreUrl::parse(LAKE)?.as_ref(), store.objects());
    Ok(SessionContext::new_with_config_rt(config, runtime))
}
