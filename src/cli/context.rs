//! What all commands share: the global options, the clock, the printing of results. The commands themselves are in
//! their own files.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use chrono::{DateTime, NaiveDate, Utc};
use clap::{ArgAction, Args, ValueEnum};
use pitlake_contract::spelling;

use super::cluster::Cluster;
use super::language::{self, Language};
use crate::clock::{Clock, SHANGHAI};
use crate::interrupt::Interrupt;
use crate::memory;
use crate::progress::Progress;
use crate::report::Exit;
use crate::store::Store;

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// Configuration file; `schemas/` and `pipelines/` beside it add to the built-in ones [default: jobs.toml]
    #[arg(long, global = true, value_name = "FILE", env = "PITLAKE_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// Folder of the lake [default: the one in the configuration, else `data`]
    #[arg(long, global = true, value_name = "URL", env = "PITLAKE_LAKE")]
    pub(super) lake: Option<String>,
    /// Use this time instead of the clock, such as 2024-06-28T20:30:00+08:00; a bare day is its end in Shanghai; `schedule`
    /// continues from it
    #[arg(long, global = true, value_parser = instant, value_name = "RFC3339")]
    pub(super) now: Option<DateTime<Utc>>,
    /// Format of the log on stderr
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub(super) log_format: LogFormat,
    /// Language of messages and help [default: that of the locale]
    #[arg(long, global = true, value_enum, env = language::VARIABLE, value_name = "LANGUAGE")]
    pub(super) lang: Option<Language>,
    /// Log errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Log more; twice for still more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(super) verbose: u8,
}

impl Global {
    /// The options with which a command finds the same lake and configuration.
    pub(super) fn options(&self) -> String {
        let config = self.config.as_ref().map(|file| format!(" --config {}", quoted(&file.display().to_string())));
        let lake = self.lake.as_ref().map(|lake| format!(" --lake {}", quoted(lake)));
        config.into_iter().chain(lake).collect()
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum LogFormat {
    Text,
    Json,
}

/// Options of commands that take much memory.
#[derive(Debug, Args)]
pub(super) struct Building {
    /// Memory for replies and for partitions built in parallel, such as 512MiB or 2GiB [default: a quarter of the machine's]
    #[arg(long, value_parser = memory::size, value_name = "SIZE", env = "PITLAKE_MEMORY_LIMIT")]
    memory_limit: Option<u64>,
}

impl Building {
    /// The limit in bytes.
    pub(super) fn memory_limit(&self) -> u64 {
        self.memory_limit.unwrap_or_else(memory::quarter)
    }
}

/// Options of commands that take leases.
#[derive(Debug, Args)]
pub(super) struct Waiting {
    /// Wait up to this long, such as 30s, 10m or 2h, for another run that fetches or builds the same data [default: no
    /// wait]
    #[arg(long, value_parser = duration, value_name = "DURATION", num_args = 0..=1, require_equals = true, default_missing_value = "365d")]
    wait: Option<Duration>,
}

impl Waiting {
    /// How long to wait.
    pub(super) fn longest(&self) -> Duration {
        self.wait.unwrap_or_default()
    }
}

/// Parses a duration.
fn duration(text: &str) -> Result<Duration, String> {
    let expected = || format!("invalid duration `{text}`: expected a whole number and s, m, h or d, such as 10m");
    let unit = text.chars().next_back().ok_or_else(expected)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(expected()),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| expected())?;
    Ok(Duration::from_secs(u64::from(number) * seconds))
}

/// Output format of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Text,
    Json,
}

/// What all commands share.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) global: Global,
    pub(super) clock: Clock,
    pub(super) progress: Progress,
    pub(super) interrupt: Interrupt,
    /// What builds partitions and answers queries, if not this machine.
    pub(super) cluster: Cluster,
    lake: Mutex<Option<Store>>,
}

impl Context {
    pub(super) fn new(
        global: Global,
        clock: Clock,
        (progress, interrupt): (Progress, Interrupt),
        cluster: Cluster,
    ) -> Self {
        Self { global, clock, progress, interrupt, cluster, lake: Mutex::default() }
    }

    /// Remembers the lake that the command has opened.
    pub(super) fn opened(&self, lake: &Store) {
        *self.lake.lock().unwrap_or_else(PoisonError::into_inner) = Some(lake.clone());
    }

    /// The exit code of the command, which is at least incomplete if it skipped something in the lake.
    pub(super) fn exit(&self, exit: Exit) -> Exit {
        let lake = self.lake.lock().unwrap_or_else(PoisonError::into_inner);
        let is_partial = lake.as_ref().is_some_and(|lake| !lake.passed_over().is_empty());
        if is_partial { Exit::worst([exit, Exit::Incomplete]) } else { exit }
    }
}

/// Prints a result.
pub(super) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let end: &[u8] = if text.ends_with('\n') { b"" } else { b"\n" };
    let written = out.write_all(text.as_bytes()).and_then(|()| out.write_all(end)).and_then(|()| out.flush());
    written.context("cannot write to stdout")
}

/// Quotes a word for a shell.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@=,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A value as text, without quotes.
pub(super) fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Parses a day in Shanghai: `2024-06-28` or `20240628`.
pub(super) fn day(text: &str) -> Result<NaiveDate, String> {
    spelling::day::date(text).ok_or_else(|| format!("invalid date `{text}`: expected YYYY-MM-DD"))
}

/// Parses an instant, or the end of a day in Shanghai.
fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    let end = |day: NaiveDate| day.and_hms_opt(23, 59, 59)?.and_local_timezone(SHANGHAI).single();
    let read = DateTime::parse_from_rfc3339(text).ok().or_else(|| end(spelling::day::date(text)?));
    read.map(|at| at.to_utc())
        .ok_or_else(|| format!("invalid time `{text}`: expected a time such as 2024-06-28T20:30:00+08:00, or a day"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_in_both_forms() {
        assert_eq!(day("20240628"), day("2024-06-28"));
        assert!(day("2024-06-31").is_err());
    }

    #[test]
    fn a_bare_day_is_its_end() {
        assert_eq!(instant("2024-06-28"), instant("2024-06-28T23:59:59+08:00"));
        assert_eq!(instant("2024-06-28T12:30:00Z"), instant("2024-06-28T20:30:00+08:00"));
        for text in ["2024-06-28T20:30:00", "2024-06-31", "now", ""] {
            assert!(instant(text).is_err_and(|error| error.contains("2024-06-28T20:30:00+08:00")), "{text}");
        }
    }
}
