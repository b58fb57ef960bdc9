//! The command line: argv and environment in, results on stdout, logs on stderr, exit codes. The only
//! place that prints, and the only one that reads the environment.
//!
//! Never here: what a command does. Each verb builds the world and makes one call.

mod catalogue;
mod config;
mod demo;
mod diff;
mod doctor;
mod import;
mod plan;
mod query;
mod rejects;
mod sandbox;
mod status;
mod summary;
mod work;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::clock::Clock;
use crate::progress::Progress;
use crate::run::{Exit, exit_of_error};

const EXIT_CODES: &str = "\
Exit codes:
  0  done, or nothing to do
  1  unexpected failure, or a lake that cannot be written
  2  wrong command line or configuration; nothing was done
  3  incomplete: some slices or partitions failed, the others are safe; run again
  4  a data check failed; the bad partition was not published
  5  token rejected, or no right
  6  quota spent
  7  another run holds the lease
  8  not published yet
Several: the most severe of 5 > 4 > 1 > 3 > 6 > 8 > 7; all of them are in the report under runs/.";

/// Keeps a lake of Chinese A-share data: bronze is what the vendor said, silver is what it means
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// Flags of every command.
#[derive(Debug, Args)]
struct Global {
    /// Jobs, vendors and the lake; `schemas/` and `pipelines/` beside it add to the shipped ones [default: jobs.toml]
    #[arg(long, global = true, value_name = "FILE", env = "PITLAKE_CONFIG")]
    config: Option<PathBuf>,
    /// The lake's folder [default: the one of the configuration, else `data`]
    #[arg(long, global = true, value_name = "URL", env = "PITLAKE_LAKE")]
    lake: Option<String>,
    /// A fixed clock for dates, due hours and stamps, as in 2024-06-28T20:00:00+08:00
    #[arg(long, global = true, value_name = "RFC3339")]
    now: Option<DateTime<Utc>>,
    /// How logs are written to stderr
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
    /// Errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// More of what goes on
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Fill a small lake from a made-up vendor and show what it can do: no token, no network, no configuration
    Demo(demo::Demo),
    /// What is due for the jobs: ask, build, check. What cron and Airflow call
    Run(work::Run),
    /// Ask for what is missing in a range, and build it
    Backfill(work::Backfill),
    /// What `run` or `backfill` would do, why, and what it costs
    Plan(plan::PlanArgs),
    /// Ask for what is missing; build nothing
    Fetch(work::Fetch),
    /// Build what is stale; ask nobody
    Normalize(work::Normalize),
    /// Take captures you already have into bronze
    Import(import::Import),
    /// What the lake holds, and what is missing
    Status(status::StatusArgs),
    /// Rows that were set aside, and why
    Rejects(rejects::RejectsArgs),
    /// What later fetches changed, or where two vendors disagree
    Diff(diff::DiffArgs),
    /// SQL over silver
    Query(query::Query),
    /// Tables with columns, types, units, keys, sources and traps
    Tables(catalogue::Tables),
    /// Token, rights, limits, clock, store: says what to mend
    Doctor(doctor::Doctor),
    /// A made-up vendor on loopback, to try everything without a token
    Sandbox(sandbox::Sandbox),
}

/// Parses, runs and says how it ended.
#[must_use]
pub fn main() -> ExitCode {
    // Help and usage errors are clap's own: 0 and 2.
    let cli = Cli::parse();
    let progress = if cli.global.quiet { Progress::silent() } else { Progress::on_terminal() };
    log(&cli.global, &progress);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("cannot start: {error}"));
            return ExitCode::from(Exit::Failed as u8);
        }
    };
    let done = runtime.block_on(run(cli, progress));
    runtime.shutdown_background();
    let exit = match done {
        Ok(exit) => exit,
        // A reader that has seen enough is no failure.
        Err(error) if is_broken_pipe(&error) => Exit::Done,
        Err(error) => {
            complain(&format!("{error:#}"));
            exit_of_error(Some(&error))
        }
    };
    ExitCode::from(exit as u8)
}

async fn run(cli: Cli, progress: Progress) -> Result<Exit> {
    let clock = cli.global.now.map_or_else(Clock::default, Clock::fixed);
    let context = Context { global: cli.global, clock, progress };
    match cli.verb {
        Verb::Demo(args) => args.run(&context).await,
        Verb::Run(args) => args.run(&context).await,
        Verb::Plan(args) => args.run(&context).await,
        Verb::Backfill(args) => args.run(&context).await,
        Verb::Fetch(args) => args.run(&context).await,
        Verb::Normalize(args) => args.run(&context).await,
        Verb::Import(args) => args.run(&context).await,
        Verb::Status(args) => args.run(&context).await,
        Verb::Rejects(args) => args.run(&context).await,
        Verb::Diff(args) => args.run(&context).await,
        Verb::Query(args) => args.run(&context).await,
        Verb::Tables(args) => args.run(&context),
        Verb::Doctor(args) => args.run(&context).await,
        Verb::Sandbox(args) => args.run(&context).await,
    }
}

/// What every verb may look at.
#[derive(Debug)]
struct Context {
    global: Global,
    clock: Clock,
    progress: Progress,
}

fn log(global: &Global, progress: &Progress) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (_, true) => "warn,pitlake=debug",
        _ => "warn,pitlake=info",
    };
    let writer = progress.clone();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(level))
        .with_target(false)
        .with_ansi(false)
        .with_writer(move || writer.log_writer());
    match global.log_format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
}

/// Prints a result.
fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}

fn complain(text: &str) {
    // There is nobody left to tell if stderr is gone.
    let _ = writeln!(io::stderr(), "error: {text}");
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// A Shanghai day: `2024-06-28` or `20240628`.
fn day(text: &str) -> Result<NaiveDate, String> {
    let read = |format| NaiveDate::parse_from_str(text, format).ok();
    read("%Y-%m-%d").or_else(|| read("%Y%m%d")).ok_or_else(|| format!("`{text}` is no day; write 2024-06-28"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn days_are_read_in_both_forms() {
        assert_eq!(day("20240628"), day("2024-06-28"));
        assert!(day("2024-06-31").is_err());
    }
}
