//! `diff`: what later fetches changed, and where two vendors disagree. How rows are compared is decided in `normalise`.

use anyhow::Result;
use chrono::NaiveDate;
use clap::Args;
use pitlake_contract::counted;

use super::config;
use super::context::{Context, Format, day, plain, print};
use super::language::{labelled, listed, local, say};
use crate::ops::diff::{self, Against, BothValues, Diff, RowDiff};
use crate::report::Exit;
use crate::spec::DateRange;
use crate::world::Misuse;

/// Show what later fetches changed, or where two vendors disagree; reads bronze only
///
/// Bronze is read only where a slice was answered more than once.
#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// Tables [default: all in which something differs]
    #[arg(value_name = "TABLE")]
    tables: Vec<String>,
    /// Only fetches since the start of this run or day [default: all fetches after the first of a slice]
    #[arg(long, value_name = "RUN|DATE")]
    since: Option<String>,
    /// Compare the rows of two vendors by key, as in tushare,asharehub, or imports,answers
    #[arg(long, value_name = "VENDOR,VENDOR", conflicts_with = "since")]
    between: Option<String>,
    /// First event day [default: the first]
    #[arg(long, value_parser = day, value_name = "DAY")]
    start: Option<NaiveDate>,
    /// Last event day [default: the last]
    #[arg(long, value_parser = day, value_name = "DAY")]
    end: Option<NaiveDate>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl DiffArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let world = config::existing(context)?;
        let tables = if self.tables.is_empty() { Vec::new() } else { config::tables(&world.catalog, &self.tables)? };
        let against = match (self.since, self.between) {
            (Some(since), _) => Against::Since(since),
            (None, Some(vendors)) => {
                let vendors: Vec<String> = vendors.split(',').map(|vendor| vendor.trim().to_owned()).collect();
                let wrong =
                    |_| Misuse("invalid --between: expected two vendors that differ, such as tushare,asharehub".into());
                Against::Vendors(vendors.try_into().map_err(wrong)?)
            }
            (None, None) => Against::First,
        };
        let is_between = matches!(against, Against::Vendors(_));
        let range = match (self.start, self.end) {
            (None, None) => None,
            (start, end) => Some(DateRange::new(start.unwrap_or(NaiveDate::MIN), end.unwrap_or(NaiveDate::MAX))),
        };
        if let Some(range) = range.filter(|range| range.is_empty()) {
            let message = format!("invalid date range: --end {} is before --start {}", range.last, range.first);
            return Err(Misuse(message).into());
        }
        let mut diffs = Vec::new();
        for table in &tables {
            diffs.push(diff::diff(&world, table, against.clone(), range).await?);
        }
        if tables.is_empty() {
            diffs = diff::all(&world, against, range).await?;
        }
        let nothing = local(if is_between { "no difference" } else { "no table changed" });
        print(&match (self.format, diffs.as_slice()) {
            (Format::Json, [diff]) if tables.len() == 1 => serde_json::to_string_pretty(diff)?,
            (Format::Json, diffs) => serde_json::to_string_pretty(diffs)?,
            (Format::Text, []) => nothing,
            (Format::Text, diffs) => diffs.iter().map(text).collect::<Vec<_>>().join("\n"),
        })?;
        Ok(Exit::Done)
    }
}

/// A line for each row that differs, then the totals.
fn text(diff: &Diff) -> String {
    let mut lines: Vec<String> = diff.differences.iter().map(|row| line(row, diff.between.is_some())).collect();
    let counts = &diff.counts;
    let is_between = diff.between.is_some();
    let same = counted(counts.same, "row");
    let mut sums = vec![if is_between { say!("{same} agree") } else { say!("{same} unchanged") }];
    let kind = |(name, n): (&String, &usize)| match (is_between, name.as_str()) {
        (true, name) => say!("{n} only from {name}"),
        (false, "before") => say!("{n} gone"),
        (false, _) => say!("{n} added"),
    };
    let differ = counts.differ;
    sums.push(if is_between { say!("{differ} differ") } else { say!("{differ} changed") });
    sums.extend(counts.only.iter().map(kind));
    if diff.unread > 0 {
        sums.push(say!("{} without a second answer", counted(diff.unread, "partition")));
    }
    lines.push(labelled(&diff.table, &listed(&sums)));
    for (name, n) in counts.apart.iter().filter(|(_, n)| **n > 0) {
        let rows = counted(*n, "row");
        lines.push(match (is_between, name.as_str()) {
            (true, name) => say!("{rows} of days or securities that only {name} covers (not listed)"),
            (false, "before") => say!("{rows} of days or securities that later fetches do not cover (not listed)"),
            (false, _) => say!("{rows} of days or securities that earlier fetches do not cover (not listed)"),
        });
    }
    if !counts.columns.is_empty() {
        let columns: Vec<String> = counts.columns.iter().map(|(column, n)| format!("{column} {n}")).collect();
        lines.push(say!("by column: {}", columns.join(", ")));
    }
    lines.join("\n")
}

fn line(row: &RowDiff, is_between: bool) -> String {
    let key = row.key.iter().map(|(_, value)| plain(value));
    let revision = row.revision.map(|revision| say!("revision {revision}"));
    let known = row.known_on.map(|known| say!("known {known}"));
    let line = key.chain(revision).chain(known).collect::<Vec<_>>().join(" ");
    let vendor = row.vendor.as_deref().unwrap_or_default();
    let column = |(name, BothValues([first, second])): &(String, BothValues)| {
        if is_between {
            return format!("{name} {} {}, {} {}", first.0, plain(&first.1), second.0, plain(&second.1));
        }
        format!("{name} {} -> {}", plain(&first.1), plain(&second.1))
    };
    let columns: Vec<String> = row.columns.iter().map(column).collect();
    match row.what {
        "only" => say!("{line}: only {vendor}"),
        "added" => say!("{line}: added ({vendor})"),
        "gone" => say!("{line}: gone ({vendor})"),
        _ => format!("{line}: {}", columns.join("; ")),
    }
}
