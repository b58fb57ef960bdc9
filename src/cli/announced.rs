//! A run whose end others are told of: the options that name them, and the text that people read. Never how they are told.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use pitlake_contract::counted;
use secrecy::SecretString;

use super::config;
use super::language::local;
use crate::announce::{Audience, Ended, Lineage, Target, Webhook};
use crate::plan::Work;
use crate::report::{Report, TableReport};
use crate::run;
use crate::spec::{Form, Notify, is_url};
use crate::store::Store;
use crate::world::World;

/// Lines about tables, at most.
const LINES: usize = 20;

/// Who is told of a run, besides `[notify]` of jobs.toml.
#[derive(Debug, Clone, Args)]
pub(super) struct Announcing {
    /// Write the metrics of the run to a file, for the node exporter of Prometheus
    #[arg(long, value_name = "FILE", env = "PITLAKE_METRICS")]
    metrics: Option<PathBuf>,
    // Help is not Markdown.
    #[allow(clippy::doc_markdown)]
    /// Add events of OpenLineage to a file, or send them to an address
    #[arg(long, value_name = "FILE|URL", env = "PITLAKE_LINEAGE", hide_env_values = true)]
    lineage: Option<String>,
}

impl Announcing {
    fn audience(&self, world: &World) -> Result<Audience> {
        let target = |text: &String| if is_url(text) { Target::Url(text.clone()) } else { Target::File(text.into()) };
        let lineage = self.lineage.as_ref().map(target);
        let lineage = lineage.map(|target| Lineage::new(target, world.store.name(), world.clock.now())).transpose()?;
        let notify = world.jobs.notify.clone();
        let webhook = match &notify {
            Some(notify) => webhook(notify)?,
            None => None,
        };
        Ok(Audience { notify, webhook, metrics: self.metrics.clone(), lineage })
    }

    /// Runs, and tells how it began and ended.
    pub(super) async fn run(&self, world: &World, work: &Work) -> Result<Report> {
        let audience = self.audience(world)?;
        if let Some(lineage) = &audience.lineage {
            lineage.started((&work.command, &work.jobs), world.clock.now()).await;
        }
        let done = run::run(world, work).await;
        let ended = Ended {
            command: &work.command,
            jobs: &work.jobs,
            report: done.as_ref().ok(),
            error: done.as_ref().err().map(|error| format!("{error:#}")),
            exit: done.as_ref().map_or_else(run::exit_of, Report::exit_code),
            at: world.clock.now(),
        };
        audience.tell(&ended, &text(&ended, &world.store)).await;
        done
    }
}

/// The webhook, where its variable is set.
fn webhook(notify: &Notify) -> Result<Option<Webhook>> {
    let form = notify.form.unwrap_or(Form::Json);
    let Some((url, _)) = config::secret(&notify.webhook_env)?.filter(|_| notify.form.is_some()) else {
        return Ok(None);
    };
    let secret = config::secret(&notify.secret_env)?.map(|(secret, _)| SecretString::from(secret));
    Ok(Some(Webhook { url: url.into(), secret, form }))
}

/// What people read of a run.
fn text(ended: &Ended<'_>, store: &Store) -> String {
    let words = std::iter::once(ended.command).chain(ended.jobs.iter().map(String::as_str));
    let words = words.collect::<Vec<_>>().join(" ");
    let mut lines = vec![format!("pitlake {words}: exit {}, {}", u8::from(ended.exit), ended.exit.meaning())];
    lines.extend(ended.error.clone());
    if let Some(report) = ended.report {
        let told: Vec<String> = report.tables.iter().flat_map(|(name, table)| of_table(name, table)).collect();
        lines.extend(told.iter().take(LINES).cloned());
        if told.len() > LINES {
            lines.push(format!("and {} more", told.len() - LINES));
        }
        lines.push(format!("report: {}", store.location(&format!("runs/{}.json", report.run))));
    }
    lines.iter().map(|line| local(line)).collect::<Vec<_>>().join("\n")
}

fn of_table(name: &str, table: &TableReport) -> Vec<String> {
    let failed = table.failed.iter().map(|failed| {
        let what = failed.what.first().map_or("", String::as_str);
        let more = if failed.what.len() > 1 { format!(" and {} more", failed.what.len() - 1) } else { String::new() };
        format!("{name}: failed: {what}{more}: {}", failed.reason)
    });
    let mut lines: Vec<String> = failed.collect();
    let late: Vec<String> = table.not_published.union(&table.beyond_calendar).map(ToString::to_string).collect();
    if !late.is_empty() {
        lines.push(format!("{name}: late: {}", late.join(", ")));
    }
    if table.newly_rejected > 0 {
        lines.push(format!("{name}: {} rejected", counted(table.newly_rejected, "row")));
    }
    let changed = table.drift.rows + table.drift.withdrawn;
    if changed > 0 {
        lines.push(format!("{name}: the past changed in {}; see `pitlake diff {name}`", counted(changed, "row")));
    }
    lines
}
