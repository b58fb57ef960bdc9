//! `import`: files that users already have, into bronze. Never how a file is read.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::config;
use super::context::{Context, Format, print};
use crate::ops::import;
use crate::report::Exit;

/// Import files you already have into bronze: CSV, JSON lines or raw JSON replies, gzipped or not
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The interface that the rows come from, as in tushare/daily
    #[arg(long, value_name = "VENDOR/INTERFACE")]
    interface: String,
    /// Files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl ImportArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let world = config::world(context)?;
        let imported = import::import(&world, &self.interface, &self.files).await?;
        if self.format == Format::Json {
            print(&serde_json::to_string_pretty(&imported)?)?;
            return Ok(Exit::Done);
        }
        for file in &imported {
            let days = file.days.map_or_else(String::new, |days| format!(", {days}"));
            let known = if file.known { "was already imported as" } else { "->" };
            print(&format!("{}: {} rows{days} {known} {}", file.file, file.rows, file.bronze))?;
            if !file.unknown.is_empty() {
                print(&format!("  columns outside the contract, kept: {}", file.unknown.join(", ")))?;
            }
        }
        print("run `pitlake normalize` to build silver")?;
        Ok(Exit::Done)
    }
}
