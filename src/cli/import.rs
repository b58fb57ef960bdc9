//! `import`: captures people already have, into bronze.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::{Context, Format, config, print};
use crate::run::{self, Exit};

/// Take captures you already have into bronze: CSV, JSON lines, raw JSON replies; gzip or not
#[derive(Debug, Args)]
pub(super) struct Import {
    /// Whose rows they are, as in tushare/daily
    #[arg(long, value_name = "VENDOR/INTERFACE")]
    interface: String,
    /// Files
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Import {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let world = config::world(context)?;
        let imported = run::import(&world, &self.interface, &self.files).await?;
        if self.format == Format::Json {
            print(&serde_json::to_string_pretty(&imported)?)?;
            return Ok(Exit::Done);
        }
        for file in &imported {
            let days = file.days.map_or_else(String::new, |(first, last)| format!(", {first} to {last}"));
            let known = if file.known { "imported before as" } else { "->" };
            print(&format!("{}: {} rows{days} {known} {}", file.file, file.rows, file.bronze))?;
            if !file.unknown.is_empty() {
                print(&format!("  columns of no contract, kept: {}", file.unknown.join(", ")))?;
            }
        }
        print("now `pitlake normalize` builds silver from it")?;
        Ok(Exit::Done)
    }
}
