//! `doctor`: checks that everything a run needs works. The checks themselves are in `ops`.

use anyhow::Result;
use clap::Args;

use super::config;
use super::context::{Context, Format, print};
use super::language::{local, padded, width};
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
            let lines: Vec<_> = findings.iter().map(|one| (one.exit, local(&one.what), local(&one.message))).collect();
            let widest = lines.iter().map(|(_, what, _)| width(what)).max().unwrap_or(0);
            for (exit, what, message) in &lines {
                let mark = if *exit == Exit::Done { " " } else { "!" };
                print(&format!("{mark} {}  {message}", padded(what, widest)))?;
            }
        }
        Ok(Exit::worst(findings.iter().map(|finding| finding.exit)))
    }
}
