//! Announces runs: to people by a command or a chat robot, to Prometheus by a file, by `OpenLineage` events. Never
//! affects a run or its exit code: a message that cannot be sent is only a warning.

mod command;
mod ended;
mod lineage;
mod metrics;
mod robot;

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::spec::{Event, Notify};
pub use ended::Ended;
pub use lineage::{Lineage, Target};
pub use robot::Webhook;

/// Who is told about runs.
#[derive(Debug, Clone, Default)]
pub struct Audience {
    /// `[notify]` of `jobs.toml`.
    pub notify: Option<Notify>,
    /// The webhook, if there is one.
    pub webhook: Option<Webhook>,
    /// The file that Prometheus reads.
    pub metrics: Option<PathBuf>,
    /// Where `OpenLineage` events go.
    pub lineage: Option<Lineage>,
}

impl Audience {
    /// Announces a finished run. `text` is for people.
    pub async fn tell(&self, ended: &Ended<'_>, text: &str) {
        if let Some(path) = &self.metrics
            && let Err(error) = metrics::write(path, ended)
        {
            tracing::warn!("cannot write the metrics to `{}`: {}", path.display(), error.root_cause());
        }
        if let Some(lineage) = &self.lineage {
            lineage.ended(ended).await;
        }
        let Some(notify) = &self.notify else { return };
        let events: BTreeSet<Event> = ended.events().intersection(&notify.on).copied().collect();
        if events.is_empty() {
            return;
        }
        if !notify.command.is_empty()
            && let Err(error) = command::run(&notify.command, text).await
        {
            tracing::warn!("cannot notify by `{}`: {error:#}", notify.command.join(" "));
        }
        match (&self.webhook, notify.form) {
            (Some(webhook), _) => {
                if let Err(error) = webhook.send(ended, &events, text).await {
                    tracing::warn!("cannot notify by the webhook: {error:#}");
                }
            }
            (None, Some(_)) => {
                let name = &notify.webhook_env;
                tracing::warn!("cannot notify by the webhook: set {name}, or {name}_FILE, to its address");
            }
            (None, None) => {}
        }
    }
}
