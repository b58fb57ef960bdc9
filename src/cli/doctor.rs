//! `doctor`: whether everything that a run needs works. Never the checks themselves.

use anyhow::Result;
use clap::Args;

use super::config;
use super::context::{Context, Format, print};
use crate::ops::doctor;
use crate::report::Exit;

/// Check token, permissions, limits, clock and store, and suggest fixes
///
/// Sends one small call to each interface that the account's points cover.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Only the interfaces of these tables [default: those of the jobs, else all]
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl DoctorArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let world = config::world(context)?;
        let tables = if self.tables.is_empty() && !world.jobs.jobs.is_empty() {
            config::jobs(&world, &[])?
        } else {
            config::tables(&world.catalog, &self.tables)?
        };
        let findings = doctor::doctor(&world, &tables).await?;
        if self.format == Format::Json {
            print(&serde_json::to_string_pretty(&findings)?)?;
        } else {
            let width = findings.iter().map(|finding| finding.what.len()).max().unwrap_or(0);
            for finding in &findings {
                let mark = if finding.exit == Exit::Done { " " } else { "!" };
                print(&format!("{mark} {:width$}  {}", finding.what, finding.message))?;
            }
        }
        Ok(Exit::worst(findings.iter().map(|finding| finding.exit)))
    }
}
