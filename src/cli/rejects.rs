//! `rejects`: rejected rows with reasons. Why rows are rejected is decided in `normalise`.

use anyhow::Result;
use clap::Args;
use pitlake_contract::counted;

use super::config;
use super::context::{Context, Format, print};
use super::language::{labelled, local, say};
use super::reach::work;
use crate::ops::rejects::{self, Rejected, Replayed};
use crate::plan::{Halves, Rebuild};
use crate::report::Exit;

/// The most reasons listed by --replay in text output; JSON has all.
const SOME: usize = 5;

/// List rejected rows, with reasons
///
/// With --replay, read them again after a contract in `schemas/` was corrected or pitlake was upgraded.
#[derive(Debug, Args)]
pub(super) struct RejectsArgs {
    /// Tables [default: all]
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,
    /// Build the partitions with rejected rows again; exits with 3 if rows are still rejected
    #[arg(long)]
    replay: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl RejectsArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let mut world = config::existing(context)?;
        let tables = config::tables(&world.catalog, &self.tables)?;
        if self.replay {
            let mut work = work("rejects --replay", Halves::Build, (None, None), context);
            (work.tables, work.rebuild) = (tables, Rebuild::Rejected);
            let (replayed, exit) = rejects::replay(&world, &work).await?;
            print(&match self.format {
                Format::Json => serde_json::to_string_pretty(&replayed)?,
                Format::Text => replay(&replayed),
            })?;
            return Ok(exit);
        }
        let mut all = Vec::new();
        world.store = world.store.glance();
        for table in tables {
            all.extend(rejects::rejects(&world, &table).await?);
        }
        print(&match self.format {
            Format::Json => serde_json::to_string_pretty(&all)?,
            Format::Text => list(&all),
        })?;
        Ok(Exit::Done)
    }
}

/// Every rejected row, and the total.
fn list(all: &[Rejected]) -> String {
    let mut lines = Vec::new();
    for Rejected { table, partition, reason, file, line, row } in all {
        let what = labelled(&format!("{table} {partition}"), &local(reason));
        lines.push(format!("{what}\n  {file}:{line}\n  {row}"));
    }
    lines.push(match all.len() {
        0 => local("no rejected rows"),
        n => local(&counted(n, "rejected row")),
    });
    lines.join("\n")
}

/// What became of each table, followed by why rows are still rejected.
fn replay(replayed: &[Replayed]) -> String {
    let mut lines = Vec::new();
    for Replayed { table, built, came_back, set_aside, failed, notes } in replayed {
        let left: usize = set_aside.iter().map(|one| one.rows).sum();
        let built = counted(built.len(), "partition");
        lines.push(say!("{table}: {} came back, {left} still rejected ({built} written)", counted(*came_back, "row")));
        for one in set_aside.iter().take(SOME) {
            lines.push(say!("  still rejected: {}: {}", counted(one.rows, "row"), one.reason));
        }
        let more: usize = set_aside.iter().skip(SOME).map(|one| one.rows).sum();
        if more > 0 {
            lines.push(say!("  still rejected: {}, for other reasons (see --format json)", counted(more, "row")));
        }
        for failed in failed {
            lines.push(say!("  failed: {}: {}", failed.what.join(", "), failed.reason));
        }
        lines.extend(notes.iter().map(|note| say!("  {note}")));
    }
    if lines.is_empty() {
        lines.push(local("no rejected rows"));
    }
    lines.join("\n")
}
