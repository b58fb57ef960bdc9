//! `check`: data checks on silver. The checks themselves are in `ops`.

use anyhow::Result;
use clap::Args;
use pitlake_contract::counted;

use super::config;
use super::context::{Context, Format, plain, print};
use super::language::say;
use crate::ops::check::{self, Checked, Finding, Level};
use crate::report::Exit;

/// Check the rows of silver: keys, units, prices, days
///
/// Exits with 4 if a table breaks a rule. Warnings are about single rows, such as an average price outside the day's
/// range, and do not change the exit code.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Tables [default: all]
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl CheckArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let world = config::existing(context)?;
        let tables = config::tables(&world.catalog, &self.tables)?;
        let checked = check::check(&world, &tables).await?;
        print(&match self.format {
            Format::Json => serde_json::to_string_pretty(&checked.findings)?,
            Format::Text => text(&checked),
        })?;
        let is_broken = checked.findings.iter().any(|finding| finding.level == Level::Error);
        Ok(if is_broken { Exit::BadData } else { Exit::Done })
    }
}

/// Each finding with its first rows, then the totals.
fn text(checked: &Checked) -> String {
    let mut lines = Vec::new();
    for finding in &checked.findings {
        let Finding { table, level, problem, count, rows, .. } = finding;
        lines.push(match level {
            Level::Error => say!("{table}: error: {problem} ({count})"),
            Level::Warning => say!("{table}: warning: {problem} ({count})"),
        });
        for row in rows {
            let values: Vec<String> = row.0.iter().map(|(name, value)| format!("{name} {}", plain(value))).collect();
            lines.push(format!("  {}", values.join(", ")));
        }
        if *count > rows.len() {
            lines.push(say!("  and {} more", count - rows.len()));
        }
    }
    let of = |level: Level| checked.findings.iter().filter(|finding| finding.level == level).count();
    lines.push(say!(
        "{} of {} checked: {}, {}",
        counted(checked.rows, "row"),
        counted(checked.tables, "table"),
        counted(of(Level::Error), "error"),
        counted(of(Level::Warning), "warning")
    ));
    lines.join("\n")
}
