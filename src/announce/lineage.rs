//! `OpenLineage` events (<https://openlineage.io/spec/2-0-2/OpenLineage.json>) about a run, the interfaces it read and
//! the tables it wrote, sent to a file or a URL. They contain no rows.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use chrono::{DateTime, SecondsFormat, Utc};
use rand::TryRng as _;
use rand::rngs::SysRng;
use serde_json::{Value, json};

use super::ended::Ended;
use crate::fetch::http_client;
use crate::report::{Exit, Report, TableReport};

const EVENT: &str = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent";
const ERROR: &str = "https://openlineage.io/spec/facets/1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet";
const STATISTICS: &str = "https://openlineage.io/spec/facets/1-0-2/OutputStatisticsOutputDatasetFacet.json\
                          #/$defs/OutputStatisticsOutputDatasetFacet";
const PRODUCER: &str = concat!("urn:pitlake:", env!("CARGO_PKG_VERSION"));

/// How long sending may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where events are sent.
#[derive(Debug, Clone)]
pub enum Target {
    /// A file, one event per line.
    File(PathBuf),
    /// A URL that accepts them by POST.
    Url(String),
}

/// The events of one run.
#[derive(Debug, Clone)]
pub struct Lineage {
    target: Target,
    /// The run id: a UUID, the same in all events of a run.
    run: String,
    /// The lake, as the namespace of its tables.
    lake: String,
}

impl Lineage {
    /// Prepares the events of a run that starts at `now`.
    ///
    /// # Errors
    /// When the system provides no random numbers.
    pub fn new(target: Target, lake: &str, now: DateTime<Utc>) -> Result<Self> {
        let lake =
            std::path::absolute(lake).map_or_else(|_| lake.to_owned(), |path| format!("file://{}", path.display()));
        Ok(Self { target, run: uuid(now)?, lake })
    }

    /// Sends the event that the run has started.
    pub async fn started(&self, (command, jobs): (&str, &[String]), at: DateTime<Utc>) {
        let event = self.event(("START", at), &name(command, jobs), (json!({}), Vec::new(), Vec::new()));
        self.send(&event).await;
    }

    /// Sends the event that the run has ended.
    pub(super) async fn ended(&self, ended: &Ended<'_>) {
        let kind = match ended.exit {
            Exit::Done => "COMPLETE",
            exit if exit.is_signal() => "ABORT",
            _ => "FAIL",
        };
        let facets = match (&ended.error, ended.exit) {
            (_, Exit::Done) => json!({}),
            (error, exit) => json!({ "errorMessage": {
                "_producer": PRODUCER,
                "_schemaURL": ERROR,
                "message": error.clone().unwrap_or_else(|| format!("exit {}, {}", u8::from(exit), exit.meaning())),
                "programmingLanguage": "Rust",
            } }),
        };
        let inputs = ended.report.map(inputs).unwrap_or_default();
        let outputs = ended.report.map(|report| self.outputs(report)).unwrap_or_default();
        let event = self.event((kind, ended.at), &name(ended.command, ended.jobs), (facets, inputs, outputs));
        self.send(&event).await;
    }

    /// The tables that were written.
    fn outputs(&self, report: &Report) -> Vec<Value> {
        let written = report.tables.iter().filter(|(_, table)| !table.built.is_empty());
        let output = |(name, table): (&String, &TableReport)| {
            json!({
                "namespace": self.lake,
                "name": format!("silver/{name}"),
                "outputFacets": { "outputStatistics": {
                    "_producer": PRODUCER, "_schemaURL": STATISTICS, "rowCount": table.rows_built, "fileCount": table.built.len(),
                } },
            })
        };
        written.map(output).collect()
    }

    fn event(
        &self,
        (kind, at): (&str, DateTime<Utc>),
        job: &str,
        (facets, inputs, outputs): (Value, Vec<Value>, Vec<Value>),
    ) -> Value {
        json!({
            "eventType": kind,
            "eventTime": at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "producer": PRODUCER,
            "schemaURL": EVENT,
            "run": { "runId": self.run, "facets": facets },
            "job": { "namespace": "pitlake", "name": job },
            "inputs": inputs,
            "outputs": outputs,
        })
    }

    async fn send(&self, event: &Value) {
        let sent = match &self.target {
            Target::File(path) => append(path, event),
            Target::Url(url) => post(url, event).await,
        };
        if let Err(error) = sent {
            tracing::warn!("cannot send an event of OpenLineage: {error:#}");
        }
    }
}

/// The `OpenLineage` name of a job: the command and its jobs.
fn name(command: &str, jobs: &[String]) -> String {
    std::iter::once(command).chain(jobs.iter().map(String::as_str)).collect::<Vec<_>>().join(".")
}

/// The interfaces that were called.
fn inputs(report: &Report) -> Vec<Value> {
    let asked = report.calls.keys().filter_map(|id| id.split_once('/'));
    asked.map(|(vendor, interface)| json!({ "namespace": vendor, "name": interface })).collect()
}

fn append(path: &PathBuf, event: &Value) -> Result<()> {
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    // A single write, so that the lines of concurrent runs do not mix.
    Ok(file.write_all(format!("{event}\n").as_bytes())?)
}

async fn post(url: &str, event: &Value) -> Result<()> {
    let request = http_client()?.post(url).timeout(PATIENCE).header("content-type", "application/json");
    let response = request.body(event.to_string()).send().await.map_err(reqwest::Error::without_url)?;
    if !response.status().is_success() {
        bail!("the address responded with {}", response.status());
    }
    Ok(())
}

/// A version 7 UUID: the time, then random bits.
fn uuid(now: DateTime<Utc>) -> Result<String> {
    let time = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    let (a, b) = (SysRng.try_next_u64()?, SysRng.try_next_u64()?);
    let text = format!("{:012x}7{:03x}{:016x}", time & 0xffff_ffff_ffff, a & 0xfff, (b & (u64::MAX >> 2)) | (1 << 63));
    let parts = [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]];
    Ok(parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_uuids_of_version_7() {
        let now = DateTime::from_timestamp_millis(1_700_000_000_123).unwrap();
        let (one, other) = (uuid(now).unwrap(), uuid(now).unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 36);
        assert!(one.starts_with("018bcfe5-687b-7") && "89ab".contains(&one[19..20]), "{one}");
    }
}
