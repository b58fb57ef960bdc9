//! `status`: what the lake holds, and what is missing. Never how that is found out.

use anyhow::Result;
use clap::Args;
use comfy_table::{CellAlignment, Table, presets};

use super::config;
use super::context::{Context, Format, print};
use crate::ops::status::{self, Status};
use crate::report::Exit;

/// Show what the lake holds, and what is missing
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Tables [default: all]
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,
    /// List missing days
    #[arg(long)]
    holes: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl StatusArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let world = config::world(context)?;
        let tables = config::tables(&world.catalog, &self.tables)?;
        let status = status::status(&world, &tables).await?;
        if self.format == Format::Json {
            print(&serde_json::to_string_pretty(&status)?)?;
            return Ok(Exit::Done);
        }
        print(&overview(&status))?;
        if self.holes {
            for table in &status {
                for day in &table.holes {
                    print(&format!("{} {day}", table.table))?;
                }
            }
        }
        Ok(Exit::Done)
    }
}

pub(super) fn overview(status: &[Status]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let heads =
        ["table", "first", "last", "lag", "rows", "revisions", "held", "missing", "due", "failed", "unproven", "stale"];
    table.set_header(heads);
    for one in status {
        let day = |day: Option<chrono::NaiveDate>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
        table.add_row([
            one.table.clone(),
            day(one.first),
            day(one.last),
            one.lag.map_or_else(|| "-".to_owned(), |lag| lag.to_string()),
            one.rows.to_string(),
            one.revisions.to_string(),
            one.slices.held.to_string(),
            one.slices.missing.to_string(),
            one.slices.due.to_string(),
            one.slices.failed.to_string(),
            one.unproven.to_string(),
            one.stale.to_string(),
        ]);
    }
    for column in table.column_iter_mut().skip(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}
