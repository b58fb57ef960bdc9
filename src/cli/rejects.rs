//! `rejects`: rejected rows, with reasons. Never why a row is rejected.

use anyhow::Result;
use clap::Args;

use super::config;
use super::context::{Context, Format, print};
use crate::ops::rejects;
use crate::report::Exit;

/// List rejected rows, with reasons
#[derive(Debug, Args)]
pub(super) struct RejectsArgs {
    /// One table [default: all]
    #[arg(value_name = "TABLE")]
    table: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl RejectsArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let world = config::world(context)?;
        let names: Vec<String> = self.table.into_iter().collect();
        let mut all = Vec::new();
        for table in config::tables(&world.catalog, &names)? {
            all.extend(rejects::rejects(&world, &table).await?);
        }
        if self.format == Format::Json {
            print(&serde_json::to_string_pretty(&all)?)?;
            return Ok(Exit::Done);
        }
        for rejected in &all {
            let (table, partition, reason) = (&rejected.table, &rejected.partition, &rejected.reason);
            print(&format!(
                "{table} {partition}: {reason}\n  {}:{}\n  {}",
                rejected.file, rejected.line, rejected.row
            ))?;
        }
        print(&match all.len() {
            0 => "no rejected rows".to_owned(),
            1 => "1 rejected row".to_owned(),
            n => format!("{n} rejected rows"),
        })?;
        Ok(Exit::Done)
    }
}
