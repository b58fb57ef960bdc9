//! Writes the metrics of a run to a text file for the Prometheus node exporter
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>). There is no server.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::ended::Ended;
use crate::report::TableReport;
use crate::store::whole;

/// Writes the file atomically.
pub(super) fn write(path: &Path, ended: &Ended<'_>) -> Result<()> {
    whole(path, |staged| Ok(fs::write(staged, text(ended))?))
}

/// A metric of a table: its name, its help, and how to get its value.
type OfTable = (&'static str, &'static str, fn(&TableReport) -> usize);

const OF_TABLES: [OfTable; 7] = [
    ("slices_fetched", "Slices fetched by the last run", |table| table.fetched),
    ("slices_failed", "Slices and partitions that failed in the last run", |table| {
        table.failed.iter().map(|failed| failed.what.len()).sum()
    }),
    ("days_late", "Days due and not published in the last run", |table| {
        table.not_published.len() + table.beyond_calendar.len()
    }),
    ("rows_fetched", "Rows fetched by the last run", |table| table.rows_fetched),
    ("rows_built", "Rows of the partitions that the last run wrote", |table| table.rows_built),
    ("rows_rejected", "Rows rejected in the partitions that the last run wrote", |table| table.rejected),
    ("old_rows_changed", "Rows that readers saw before and that the last run changed or withdrew", |table| {
        table.drift.rows + table.drift.withdrawn
    }),
];

fn text(ended: &Ended<'_>) -> String {
    let run = format!("command=\"{}\",job=\"{}\"", ended.command, label(&ended.jobs.join(",")));
    let mut out = String::new();
    let mut metric = |name: &str, help: &str, values: &[(String, f64)]| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "# HELP pitlake_run_{name} {help}.\n# TYPE pitlake_run_{name} gauge");
        for (labels, value) in values {
            let more = if labels.is_empty() { String::new() } else { format!(",{labels}") };
            let _ = writeln!(out, "pitlake_run_{name}{{{run}{more}}} {value}");
        }
    };
    let one = |value: f64| [(String::new(), value)];
    metric("exit_code", "Exit code of the last run", &one(u8::from(ended.exit).into()));
    metric("ended_timestamp_seconds", "When the last run ended", &one(seconds(ended.at)));
    let Some(report) = ended.report else { return out };
    metric("started_timestamp_seconds", "When the last run began", &one(seconds(report.started)));
    let calls: Vec<(String, f64)> =
        report.calls.iter().map(|(name, calls)| (format!("interface=\"{}\"", label(name)), number(*calls))).collect();
    metric("calls", "Calls sent by the last run", &calls);
    for (name, help, of) in OF_TABLES {
        let value =
            |(table, done): (&String, &TableReport)| (format!("table=\"{}\"", label(table)), number(of(done) as u64));
        let values: Vec<(String, f64)> = report.tables.iter().map(value).collect();
        metric(name, help, &values);
    }
    out
}

/// Escapes the value of a label.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

// Milliseconds since 1970 stay below 2^53, which doubles hold exactly.
#[allow(clippy::cast_precision_loss)]
fn seconds(at: DateTime<Utc>) -> f64 {
    at.timestamp_millis() as f64 / 1000.0
}

// Rows and calls of a run stay below 2^53.
#[allow(clippy::cast_precision_loss)]
fn number(count: u64) -> f64 {
    count as f64
}
