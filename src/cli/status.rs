//! `status`: what the lake holds, and what is missing. How that is determined is in `ops`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use anyhow::Result;
use chrono::NaiveDate;
use clap::Args;
use pitlake_contract::counted;

use super::config;
use super::context::{Context, Format, print};
use super::language::{chinese, heading, listed, local, padded, say, width, wrapped};
use super::strip::Draw;
use crate::ops::page;
use crate::ops::status::{self, Seen, Slices, Status, Stretch, Trust};
use crate::plan::Calendar;
use crate::reference;
use crate::report::Exit;
use crate::store::whole;
use crate::world::World;

/// The default width of a terminal.
const WIDTH: usize = 80;

/// The most slices of a table whose missing securities are listed; `--holes` lists all.
const NAMED: usize = 3;

/// The most stretches of days of a table that `--holes` lists on a terminal.
const STRETCHES: usize = 10;

/// The most unread paths of a table, or stretches of days, in text output; JSON has all.
const SOME: usize = 3;

/// Show what the lake holds, and what is missing
#[derive(Debug, Args)]
pub(super) struct StatusArgs {
    /// Tables or jobs [default: tables with data in the lake]
    #[arg(value_name = "TABLE|JOB")]
    tables: Vec<String>,
    /// Show every table
    #[arg(long, conflicts_with = "tables")]
    all: bool,
    /// List the days that lack something, with what is wrong
    #[arg(long)]
    holes: bool,
    /// Draw the coverage of each table in a line
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto", default_missing_value = "always", num_args = 0..=1, require_equals = true)]
    draw: Draw,
    /// Exit 3 if a table of a job lacks a day that it should have by now, or has stale partitions
    #[arg(long)]
    fail_if_stale: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write an HTML page with a calendar of every table instead; `-` for stdout
    #[arg(long, value_name = "FILE", conflicts_with_all = ["format", "holes"])]
    html: Option<PathBuf>,
}

impl StatusArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let mut world = config::existing(context)?;
        world.store = world.store.glance();
        let tables = config::tables_or_jobs(&world, &self.tables)?;
        let mut seen =
            status::seen(&world, &tables, if self.html.is_some() { Trust::Names } else { Trust::None }).await?;
        if self.tables.is_empty() && !self.all {
            let in_jobs: BTreeSet<&str> =
                world.jobs.jobs.values().flat_map(|job| job.tables.iter().map(String::as_str)).collect();
            seen.tables.retain(|one| holds(one) || in_jobs.contains(one.table.as_str()));
        }
        if let Some(file) = &self.html {
            let exit = self.exit(&world, (&seen.tables, &seen.calendar));
            let html = page::page(&world, seen, &context.global.options(), &chinese)?;
            if file == Path::new("-") {
                print(&html)?;
            } else {
                whole(file, |staged| Ok(fs::write(staged, &html)?))?;
            }
            return Ok(exit);
        }
        let Seen { tables: mut status, calendar, .. } = seen;
        let remarks = reference::calendar_remarks(&world).await;
        if self.format == Format::Json {
            for remark in remarks {
                tracing::warn!("{remark}");
            }
            print(&serde_json::to_string_pretty(&status)?)?;
            return Ok(self.exit(&world, (&status, &calendar)));
        }
        let exit = self.exit(&world, (&status, &calendar));
        let all = status.len();
        let mut late = late(&world, (&status, &calendar));
        if !self.holes {
            // Their rows are empty, or a single line counts them.
            late.retain(|(days, _)| days.is_some());
        }
        if self.tables.is_empty() && !self.all {
            status.retain(holds);
        }
        print(&text(&world, &status, &remarks))?;
        late.iter().filter(|_| !status.is_empty()).try_for_each(|(_, line)| print(line))?;
        let empty = all - status.len();
        if all > status.len() && !status.is_empty() {
            print(&say!(
                "the lake holds no data yet for {} of your jobs (--all lists them)",
                counted(empty, "more table")
            ))?;
        }
        if let Some(strips) = self.draw.strips(&status) {
            print(&format!("\n{strips}"))?;
        }
        if self.holes {
            let most = if io::stdout().is_terminal() { STRETCHES } else { usize::MAX };
            for one in &status {
                lacking((&one.table, &one.lacking(&calendar)), most).iter().try_for_each(|line| print(line))?;
            }
        }
        Ok(exit)
    }

    /// The exit code for schedulers. Also names what should be there.
    fn exit(&self, world: &World, (status, calendar): (&[Status], &Calendar)) -> Exit {
        if !self.fail_if_stale {
            return Exit::Done;
        }
        let mut exit = Exit::Done;
        for one in status.iter().filter(|one| world.jobs.jobs.values().any(|job| job.tables.contains(&one.table))) {
            let missing = one.missing(calendar);
            if let (Some(first), Some(last)) = (missing.first(), missing.iter().map(|stretch| stretch.last).max()) {
                tracing::error!(
                    "`{0}` lacks {1}: run `pitlake backfill {0} --start {2} --end {last}`",
                    one.table,
                    some(&missing),
                    first.first
                );
                exit = Exit::Incomplete;
            }
            if one.is_never_fetched() {
                tracing::error!("`{}` was never fetched", one.table);
            } else if !one.late.is_empty() {
                tracing::error!("`{}` lacks {}, which should be there by now", one.table, some(&one.late(calendar)));
            }
            if one.stale > 0 {
                tracing::error!(
                    "`{}` has {}: run `pitlake normalize`",
                    one.table,
                    counted(one.stale, "stale partition")
                );
                exit = Exit::Incomplete;
            }
        }
        let late = status::late_jobs(&world.jobs, status);
        if !late.is_empty() {
            tracing::error!("to fetch what is late, run `pitlake run {}`", late.join(" "));
            exit = Exit::Incomplete;
        }
        exit
    }
}

/// The first few stretches of days; if there are more, the number of days.
fn some(stretches: &[Stretch]) -> String {
    let mut named: Vec<String> = stretches.iter().take(SOME).map(ToString::to_string).collect();
    if stretches.len() > SOME {
        let more: usize = stretches.iter().skip(SOME).map(|stretch| stretch.count).sum();
        named.push(format!("{more} more"));
    }
    named.join(", ")
}

/// Lines for the tables that are late, with tables that lack the same days in one line, and how to fetch these. Tables
/// without days were never fetched.
fn late(world: &World, (status, calendar): (&[Status], &Calendar)) -> Vec<(Option<Vec<Stretch>>, String)> {
    let mut by_days: BTreeMap<Option<Vec<Stretch>>, Vec<&Status>> = BTreeMap::new();
    for one in status.iter().filter(|one| !one.late.is_empty()) {
        let days = (!one.is_never_fetched()).then(|| one.late(calendar));
        by_days.entry(days).or_default().push(one);
    }
    let line = |(days, tables): (Option<Vec<Stretch>>, Vec<&Status>)| {
        let named: Vec<&str> = tables.iter().map(|one| one.table.as_str()).collect();
        let jobs: Vec<&str> = status::late_jobs(&world.jobs, tables.iter().copied());
        let (tables, jobs) = (named.join(", "), jobs.join(" "));
        let text = match &days {
            Some(days) => say!("late: {} of {tables}; run `pitlake run {jobs}`", some(days)),
            None => say!("late: never fetched: {tables}; run `pitlake run {jobs}`"),
        };
        (days, wrapped(&text, "! ", WIDTH))
    };
    by_days.into_iter().map(line).collect()
}

/// Lines for the stretches of missing days of a table, up to a limit.
fn lacking((table, stretches): (&str, &[Stretch]), most: usize) -> Vec<String> {
    let mut lines: Vec<String> =
        stretches.iter().take(most).map(|one| format!("{table} {} {}", say!("{one}"), local(&one.what))).collect();
    if stretches.len() > most {
        let days: usize = stretches.iter().skip(most).map(|one| one.count).sum();
        lines.push(say!("{table} and {days} more, which --format json lists"));
    }
    lines
}

/// Whether the lake holds anything for a table.
fn holds(one: &Status) -> bool {
    one.rows > 0 || one.slices != Slices::default() || one.unproven > 0 || one.stale > 0 || !one.unread.is_empty()
}

/// The overview, and what is wrong with the calendar it is based on.
fn text(world: &World, status: &[Status], remarks: &[String]) -> String {
    if status.is_empty() {
        let name = world.store.name();
        return say!("the lake at `{name}` holds nothing yet: run `pitlake run` or `pitlake backfill`");
    }
    let mut out = overview(status);
    for one in status.iter().filter(|one| !one.unread.is_empty()) {
        let mut lines: Vec<String> = one.unread.iter().take(SOME).cloned().collect();
        if one.unread.len() > SOME {
            lines.push(say!("{} more of {}", one.unread.len() - SOME, one.table));
        }
        for line in lines {
            out.push_str("\n! ");
            out.push_str(&say!("not read: {line}"));
        }
    }
    for one in status {
        if let (Some(first), Some(last)) = (one.unproven_days().min(), one.unproven_days().max()) {
            let days = counted(one.unproven, "day");
            let text = say!(
                "unproven: files of other programs hold {days} of {0}; `pitlake backfill {0} --start {first} --end {last} \
                 --refetch` fetches them",
                one.table
            );
            out.push('\n');
            out.push_str(&wrapped(&text, "! ", WIDTH));
        }
    }
    let ends = status
        .iter()
        .find_map(|one| one.calendar_ends)
        .map(|last| format!("the calendar ends {last}, and `lag` counts up to there; run `pitlake fetch trade_cal`, with --refetch if it was fetched today"));
    for remark in remarks.iter().chain(&ends).chain(status.iter().filter_map(|one| one.large.as_ref())) {
        out.push('\n');
        out.push_str(&wrapped(&local(remark), "! ", WIDTH));
    }
    out
}

/// A line for each table, followed by what is not held and settled, in the width of a terminal.
pub(super) fn overview(status: &[Status]) -> String {
    let heads = ["heading: table", "heading: first", "heading: last", "heading: lag", "heading: rows", "heading: held"];
    let heads = heads.map(heading);
    let heads = heads.each_ref().map(String::as_str);
    let widest = status.iter().map(|one| one.table.len()).max().unwrap_or(0).max(width(heads[0]));
    let row = |[table, first, last, lag, rows, held]: [&str; 6]| {
        let (table, first, last) = (padded(table, widest), padded(first, 10), padded(last, 10));
        let right = |text: &str, columns: usize| format!("{:1$}{text}", "", columns.saturating_sub(width(text)));
        format!(
            "{table}  {first}  {last}  {}  {}  {}",
            right(lag, width(heads[3]).max(3)),
            right(rows, 10),
            right(held, 6)
        )
    };
    let day = |day: Option<NaiveDate>| day.map_or_else(|| "-".to_owned(), |day| day.to_string());
    let mut lines = vec![row(heads)];
    for one in status {
        let lag = one.lag.map_or_else(|| "-".to_owned(), |lag| lag.to_string());
        let (rows, held) = (one.rows.to_string(), one.slices.held.to_string());
        lines.push(row([&one.table, &day(one.first), &day(one.last), &lag, &rows, &held]));
        let mark = " ".repeat(widest + 2);
        for lacking in one.lacking.iter().rev().filter(|lacking| !lacking.codes.is_empty()).take(NAMED) {
            lines.push(wrapped(&local(&lacking.text()), &mark, WIDTH));
        }
        let counts = counts(one);
        if !counts.is_empty() {
            lines.push(wrapped(&listed(&counts), &mark, WIDTH));
        }
    }
    lines.join("\n")
}

/// What is not held and settled.
fn counts(one: &Status) -> Vec<String> {
    let slices = &one.slices;
    let counts = [
        (slices.missing as u64, say!("{} missing", slices.missing)),
        (slices.due as u64, say!("{} due", slices.due)),
        (slices.failed as u64, say!("{} failed", slices.failed)),
        (slices.damaged as u64, say!("{} damaged", slices.damaged)),
        (slices.short as u64, say!("{} short", slices.short)),
        (one.rejected as u64, say!("{} set aside", one.rejected)),
        (one.unproven as u64, say!("{} unproven", one.unproven)),
        (one.stale as u64, say!("{} stale", one.stale)),
        (one.revisions, local(&counted(one.revisions, "revision"))),
        (one.former_states, local(&counted(one.former_states, "former state"))),
    ];
    counts.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_overview_fits_a_terminal() {
        let mut one = Status { table: "f10_valuation_market_section".into(), ..Status::default() };
        one.first = NaiveDate::from_ymd_opt(1990, 12, 19);
        one.last = one.first;
        (one.lag, one.rows, one.revisions) = (Some(250), 9_999_999_999, 9_999_999);
        one.former_states = 9_999_999;
        one.slices.held = 999_999;
        (one.slices.missing, one.slices.due, one.slices.failed) = (999_999, 999_999, 999_999);
        (one.unproven, one.stale) = (999_999, 999_999);
        let printed = overview(&[one, Status { table: "trade_cal".into(), ..Status::default() }]);
        assert!(printed.lines().all(|line| line.chars().count() <= WIDTH), "{printed}");
        for part in ["999999 missing, 999999 due", "9999999 revisions", "\ntrade_cal "] {
            assert!(printed.contains(part), "{printed}");
        }
        assert_eq!(printed.lines().last().unwrap().split_whitespace().count(), 6);
    }
}
