//! `verify`: checksums, digests and row counts of silver and bronze. Never how they are computed.

use anyhow::Result;
use clap::Args;
use pitlake_contract::counted;

use super::config;
use super::context::{Context, Format, print};
use crate::ops::verify::{self, Counts, Verified};
use crate::report::Exit;

/// Verify checksums, digests and row counts of silver and bronze
///
/// Every file is read completely. Exits with 3 if a file is damaged, and says how to replace it.
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Tables [default: all]
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,
    /// Also build this share of the current partitions again, and compare the bytes, as in 5%
    #[arg(long, value_parser = share, value_name = "N%")]
    rebuild: Option<f64>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl VerifyArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let world = config::existing(context)?;
        let tables = config::tables(&world.catalog, &self.tables)?;
        let mut verified = verify::verify(&world, &tables, self.rebuild.unwrap_or(0.0)).await?;
        if self.tables.is_empty() {
            verified.retain(|one| one.silver.files + one.bronze.files > 0);
        }
        print(&match self.format {
            Format::Json => serde_json::to_string_pretty(&verified)?,
            Format::Text => text(&verified),
        })?;
        let is_damaged = verified.iter().any(|one| !one.damaged.is_empty());
        Ok(if is_damaged { Exit::Incomplete } else { Exit::Done })
    }
}

/// A line for each table, then the damaged files, then the totals.
fn text(verified: &[Verified]) -> String {
    let mut lines = Vec::new();
    let files = |room: &str, counts: &Counts| {
        let unproven = match counts.unproven {
            0 => String::new(),
            n => format!(", {n} without a checksum"),
        };
        format!("{} ({}{unproven})", counted(counts.files, &format!("{room} file")), counted(counts.rows, "row"))
    };
    for one in verified {
        let rebuilt = match one.rebuilt {
            0 => String::new(),
            n => format!(", {} built again", counted(n, "partition")),
        };
        let state = if one.damaged.is_empty() { "whole" } else { "damaged" };
        let (silver, bronze) = (files("silver", &one.silver), files("bronze", &one.bronze));
        lines.push(format!("{}: {silver}, {bronze}{rebuilt}: {state}", one.table));
        lines.extend(one.notes.iter().map(|note| format!("  note: {note}")));
        for damage in &one.damaged {
            lines.push(format!("  `{}` is damaged: {}", damage.file, damage.problem));
            lines.push(format!("    {}", damage.remedy));
        }
    }
    let damaged: usize = verified.iter().map(|one| one.damaged.len()).sum();
    lines.push(match damaged {
        0 => "no damaged file".to_owned(),
        n => counted(n, "damaged file"),
    });
    lines.join("\n")
}

/// A share such as `5%`, as a part of one.
fn share(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix('%').unwrap_or(text.trim()).parse::<f64>().ok();
    let share = number.filter(|percent| (0.0..=100.0).contains(percent));
    share
        .map(|percent| percent / 100.0)
        .ok_or_else(|| format!("invalid share `{text}`: expected a percentage such as 5%"))
}
