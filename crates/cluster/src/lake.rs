//! The lake of a session, the same on all machines: an option of the session that travels with each task, and the store
//! opened from it. What is read there is not decided here.

use std::any::Any;
use std::sync::Arc;

use ballista_core::extension::SessionConfigExt as _;
use datafusion::common::{DataFusionError, Result, config_err};
use datafusion::config::{ConfigEntry, ConfigExtension, ExtensionOptions};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::SessionConfig;
use pitlake::query::LAKE;
use pitlake::store::{Access, Address, Store};

/// The session's options about the lake. Written by hand, because those made by the macro lose their prefix in
/// transport.
#[derive(Debug, Clone, Default)]
struct LakeOptions {
    /// Its address as text.
    lake: String,
}

const FIELD: &str = "lake";

impl ConfigExtension for LakeOptions {
    const PREFIX: &'static str = "pitlake";
}

impl ExtensionOptions for LakeOptions {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, value: &str) -> Result<()> {
        if key != FIELD {
            return config_err!("no option `{}.{key}`", Self::PREFIX);
        }
        value.clone_into(&mut self.lake);
        Ok(())
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        let key = format!("{}.{FIELD}", Self::PREFIX);
        vec![ConfigEntry { key, value: Some(self.lake.clone()), description: "The lake of the session" }]
    }
}

/// A session configuration that can hold a lake.
pub(crate) fn options() -> SessionConfig {
    SessionConfig::new_with_ballista().with_option_extension(LakeOptions::default())
}

/// Adds a lake to a session configuration.
pub(crate) fn with_lake(session: SessionConfig, lake: &Address) -> SessionConfig {
    session.with_option_extension(LakeOptions { lake: lake.to_string() })
}

/// How to open object stores on this machine: from its own environment. The settings of `[lake]` come with the address.
pub(crate) fn access() -> Access {
    Access { variables: std::env::vars().collect(), ..Access::default() }
}

/// The runtime with which this machine reads the lake of a session.
pub(crate) fn runtime(session: &SessionConfig) -> Result<Arc<RuntimeEnv>> {
    let runtime = RuntimeEnvBuilder::new().build_arc()?;
    let options = session.options().extensions.get::<LakeOptions>();
    if let Some(lake) = options.map(|options| options.lake.as_str()).filter(|lake| !lake.is_empty()) {
        let store = lake.parse().and_then(|address| Store::at(&address, &access()));
        let store = store.map_err(|error| DataFusionError::External(error.into()))?;
        runtime.register_object_store(ObjectStoreUrl::parse(LAKE)?.as_ref(), store.objects());
    }
    Ok(runtime)
}
