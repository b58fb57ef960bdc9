//! `verify`: checksums, digests and row counts of silver and bronze. How they are computed is decided in `ops`.

use anyhow::Result;
use clap::Args;
use pitlake_contract::counted;

use super::config;
use super::context::{Context, Format, print};
use super::language::{aside, listed, local, say};
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
    /// Also rebuild this share of the current partitions, such as 5%, and compare the bytes
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
        let (files, rows) = (local(&counted(counts.files, room)), local(&counted(counts.rows, "row")));
        match counts.unproven {
            0 => aside(&files, &[rows]),
            n => aside(&files, &[rows, say!("{n} without a checksum")]),
        }
    };
    for one in verified {
        let (silver, bronze) = (files("silver file", &one.silver), files("bronze file", &one.bronze));
        let mut parts = vec![silver, bronze];
        if one.rebuilt > 0 {
            parts.push(say!("{} built again", counted(one.rebuilt, "partition")));
        }
        let parts = listed(&parts);
        lines.push(if one.damaged.is_empty() {
            say!("{}: {parts}: ok", one.table)
        } else {
            say!("{}: {parts}: damaged", one.table)
        });
        lines.extend(one.notes.iter().map(|note| say!("  note: {note}")));
        for damage in &one.damaged {
            lines.push(say!("  `{}` is damaged: {}", damage.file, damage.problem));
            lines.push(format!("    {}", local(&damage.remedy)));
        }
    }
    let damaged: usize = verified.iter().map(|one| one.damaged.len()).sum();
    lines.push(match damaged {
        0 => local("no damaged file"),
        n => local(&counted(n, "damaged file")),
    });
    lines.join("\n")
}

/// Parses a percentage such as `5%` into a fraction.
fn share(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix('%').unwrap_or(text.trim()).parse::<f64>().ok();
    let share = number.filter(|percent| (0.0..=100.0).contains(percent));
    share
        .map(|percent| percent / 100.0)
        .ok_or_else(|| format!("invalid share `{text}`: expected a percentage such as 5%"))
}
