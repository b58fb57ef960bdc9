//! Announces runs: the options for it, and the text for people. How the announcement is sent is in `announce`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use pitlake_contract::counted;
use secrecy::SecretString;

use super::config;
use super::language::local;
use crate::announce::{Audience, Ended, Lineage, Target, Webhook};
use crate::ops::changed::changed;
use crate::plan::Work;
use crate::report::{Failed, Report, TableReport};
use crate::run;
use crate::spec::{Form, Notify, is_url};
use crate::store::Store;
use crate::world::World;

/// How long announcing may take after a signal ended the run.
const BRIEFLY: Duration = Duration::from_secs(1);

/// The most lines about tables.
const LINES: usize = 20;

/// Who is told of a run, besides `[notify]` of jobs.toml.
#[derive(Debug, Clone, Args)]
pub(super) struct Announcing {
    /// Write the metrics of the run to a file, for the node exporter of Prometheus
    #[arg(long, value_name = "FILE", env = "PITLAKE_METRICS")]
    metrics: Option<PathBuf>,
    // Not in backticks: help is not Markdown.
    #[allow(clippy::doc_markdown)]
    /// Append OpenLineage events to a file, or send them to a URL
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

    /// Runs, and announces the start and the end.
    pub(super) async fn run(&self, world: &World, work: &Work) -> Result<Report> {
        let audience = self.audience(world)?;
        if let Some(lineage) = &audience.lineage {
            lineage.started((&work.command, &work.jobs), world.clock.now()).await;
        }
        let done = run::run(world, work).await;
        let report = done.as_ref().map_or_else(|failure| failure.report.as_ref(), Some);
        let changed = match report {
            Some(report) if audience.notify.is_some() => changed(world, report).await,
            _ => BTreeSet::new(),
        };
        let ended = Ended {
            command: &work.command,
            jobs: &work.jobs,
            report,
            changed: &changed,
            error: done.as_ref().err().map(|failure| format!("{:#}", failure.error)),
            exit: done.as_ref().map_or_else(|failure| run::exit_of(&failure.error), Report::exit_code),
            at: world.clock.now(),
        };
        let text = text(&ended, &world.store);
        let told = audience.tell(&ended, &text);
        if ended.exit.is_signal() {
            // A user who ended the run should not wait for an address that does not answer.
            let _ = tokio::time::timeout(BRIEFLY, told).await;
        } else {
            told.await;
        }
        Ok(done?)
    }
}

/// The webhook, if its variable is set.
fn webhook(notify: &Notify) -> Result<Option<Webhook>> {
    let form = notify.form.unwrap_or(Form::Json);
    let Some((url, _)) = config::secret(&notify.webhook_env)?.filter(|_| notify.form.is_some()) else {
        return Ok(None);
    };
    let secret = config::secret(&notify.secret_env)?.map(|(secret, _)| SecretString::from(secret));
    Ok(Some(Webhook { url: url.into(), secret, form }))
}

/// The text about a run.
fn text(ended: &Ended<'_>, store: &Store) -> String {
    let words = std::iter::once(ended.command).chain(ended.jobs.iter().map(String::as_str));
    let words = words.collect::<Vec<_>>().join(" ");
    let mut lines = vec![format!("pitlake {words}: exit {}, {}", u8::from(ended.exit), ended.exit.meaning())];
    lines.extend(ended.error.clone());
    if let Some(report) = ended.report {
        let of_table =
            |(name, table): (&String, &TableReport)| of_table((name, table), ended.changed.contains(name), &report.run);
        let mut told = failed(report);
        told.extend(late(report));
        told.extend(report.tables.iter().flat_map(of_table));
        lines.extend(told.iter().take(LINES).cloned());
        if told.len() > LINES {
            lines.push(format!("and {} more", told.len() - LINES));
        }
        lines.push(format!("report: {}", store.location(&format!("runs/{}.json", report.run))));
    }
    lines.iter().map(|line| local(line)).collect::<Vec<_>>().join("\n")
}

/// A line for each reason of failures: what failed for a table, or how many tables failed.
fn failed(report: &Report) -> Vec<String> {
    let mut by_reason: Vec<(&str, Vec<(&str, &Failed)>)> = Vec::new();
    for (name, failed) in report.tables.iter().flat_map(|(name, table)| table.failed.iter().map(move |one| (name, one)))
    {
        match by_reason.iter_mut().find(|(reason, _)| *reason == failed.reason) {
            Some((_, all)) => all.push((name, failed)),
            None => by_reason.push((&failed.reason, vec![(name, failed)])),
        }
    }
    let line = |(reason, all): (&str, Vec<(&str, &Failed)>)| match all.as_slice() {
        [(name, Failed { what, .. })] => {
            let first = what.iter().min().map_or("", String::as_str);
            let more = if what.len() > 1 { format!(" and {} more", what.len() - 1) } else { String::new() };
            format!("{name}: failed: {first}{more}: {reason}")
        }
        [(first, _), rest @ ..] => format!("{first} and {}: failed: {reason}", counted(rest.len(), "more table")),
        [] => String::new(),
    };
    by_reason.into_iter().map(line).collect()
}

/// A line for the late days of a table, or of several tables with the same ones.
fn late(report: &Report) -> Vec<String> {
    let mut by_days: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (name, table) in &report.tables {
        let days: Vec<String> = table.not_published.union(&table.beyond_calendar).map(ToString::to_string).collect();
        if !days.is_empty() {
            by_days.entry(days.join(", ")).or_default().push(name);
        }
    }
    let line = |(days, tables): (String, Vec<&str>)| match tables.as_slice() {
        [first, rest @ ..] if !rest.is_empty() => {
            format!("{first} and {}: late: {days}", counted(rest.len(), "more table"))
        }
        tables => format!("{}: late: {days}", tables.concat()),
    };
    by_days.into_iter().map(line).collect()
}

fn of_table((name, table): (&str, &TableReport), is_changed: bool, run: &str) -> Vec<String> {
    let mut lines = Vec::new();
    if table.newly_rejected > 0 {
        lines.push(format!("{name}: {} rejected", counted(table.newly_rejected, "row")));
    }
    if is_changed {
        let rows = counted(table.drift.rows + table.drift.withdrawn, "row");
        lines.push(match table.fetched {
            0 => format!("{name}: {rows} of earlier data changed; see `pitlake diff {name}`"),
            _ => format!("{name}: {rows} of earlier data changed; see `pitlake diff {name} --since {run}`"),
        });
    }
    lines
}
