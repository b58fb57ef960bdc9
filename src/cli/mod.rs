//! The command line: arguments and environment in; results to stdout, logs to stderr, and exit codes out. The only
//! module that prints, and the only one that reads the environment.
//!
//! What commands do is decided elsewhere: each one builds the world and makes a single call.

mod announced;
mod catalogue;
mod check;
mod cluster;
mod config;
mod configure;
mod context;
mod demo;
mod diff;
mod doctor;
mod import;
mod language;
mod plan;
mod query;
mod reach;
mod rejects;
mod sandbox;
mod schedule;
mod shell;
mod signals;
mod status;
mod strip;
mod summary;
mod verify;
mod work;

use std::fmt;
use std::io::{self, Write as _};
use std::pin::pin;
use std::process::ExitCode;

use anyhow::Result;
use chrono::SecondsFormat;
use clap::{Args, Parser, Subcommand};
use tracing::field::Field;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::fmt::time::FormatTime;

use crate::clock::{Clock, SHANGHAI};
use crate::interrupt::{Interrupt, Interrupted};
use crate::memory;
use crate::panics;
use crate::progress::Progress;
use crate::report::Exit;
use crate::run::exit_of;
use crate::store::lease::given_back;
pub use cluster::Cluster;
use cluster::{Extended, NoOptions};
pub use config::catalog_beside;
use context::{Context, Global, LogFormat};
use language::{local, local_error, say};

const EXIT_CODES: &str = "\
Exit codes:
  0  done, or nothing to do
  1  unexpected failure, or a lake that cannot be written
  2  invalid command line or configuration; nothing was done
  3  incomplete: some slices or partitions failed, the others are safe; run again
  4  a data check failed; the affected partition was not published
  5  token rejected, or the account may not call an interface
  6  daily quota used up
  7  another run is writing to the lake
  8  data that is due is late: not published yet, or only in part
  129  ended by SIGHUP; what was fetched and built is safe
  130  ended by SIGINT (Ctrl-C); what was fetched and built is safe
  143  ended by SIGTERM; what was fetched and built is safe
If several apply, the first of 5, 4, 1, 3, 6, 8, 7 is returned; the report under runs/ lists all.";

/// A lake of Chinese A-share data: the vendors' rows byte for byte in bronze, exact units and known days in silver
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Run(work::RunArgs),
    Schedule(schedule::ScheduleArgs),
    Backfill(work::BackfillArgs),
    Plan(plan::PlanArgs),
    Fetch(work::FetchArgs),
    Normalize(work::NormalizeArgs),
    Import(import::ImportArgs),
    Status(status::StatusArgs),
    Rejects(rejects::RejectsArgs),
    Diff(diff::DiffArgs),
    Check(check::CheckArgs),
    Verify(verify::VerifyArgs),
    Query(query::QueryArgs),
    Tables(catalogue::TablesArgs),
    Doctor(doctor::DoctorArgs),
    Config(configure::ConfigArgs),
    Sandbox(sandbox::SandboxArgs),
    Completions(shell::CompletionsArgs),
    Man(shell::ManArgs),
}

impl Command {
    /// What is safe after a signal, and how to continue. Runs say more themselves.
    fn state(&self) -> &'static str {
        match self {
            Self::Import(_) => {
                "each file is imported completely or not at all; import the same files again to continue"
            }
            Self::Schedule(_) => "no run was in progress; start it again to continue",
            Self::Sandbox(_) => "the simulated vendors have stopped",
            _ => "the unfinished work did not change the lake; run the same command again",
        }
    }
}

/// Parses the command line, runs the command and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    main_on(|NoOptions {}| Ok(Cluster::default()))
}

/// Like [`main`], for a program with its own options, which select the cluster that builds and answers queries.
#[must_use]
pub fn main_on<O: Args>(cluster: impl FnOnce(O) -> Result<Cluster>) -> ExitCode {
    memory::return_freed();
    language::choose(config::variable);
    panics::end_with(Exit::Failed as i32, |text| {
        print_error(&say!("internal error: {text}; the lake is not affected, run again"));
    });
    let Extended { cli, own } = match language::parse::<Extended<Cli, O>>() {
        Ok(parsed) => parsed,
        Err(exit) => return exit,
    };
    let cluster = match cluster(own) {
        Ok(cluster) => cluster,
        Err(error) => {
            print_error(&local_error(&error));
            return ExitCode::from(exit_of(&error) as u8);
        }
    };
    let progress = match (cli.global.quiet, cli.global.log_format) {
        (true, _) => Progress::silent(),
        (_, LogFormat::Json) => Progress::in_log(),
        (_, LogFormat::Text) => Progress::on_stderr(local),
    };
    language::name_with(cli.global.options());
    log(&cli.global, &progress);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            print_error(&say!("cannot start: {error}"));
            return ExitCode::from(Exit::Failed as u8);
        }
    };
    let interrupt = Interrupt::default();
    let done = runtime.block_on(async {
        let done = interruptible((cli, cluster), progress, interrupt).await;
        given_back().await;
        done
    });
    // Its threads end with the process. Detaching them from here races with process exit: one of five thousand commands
    // crashed with a segmentation fault, after finishing all its work.
    std::mem::forget(runtime);
    let exit = match done {
        Ok(exit) => exit,
        // `| head` closes the pipe early, which is not an error.
        Err(error) if is_broken_pipe(&error) => Exit::Done,
        Err(error) => {
            match error.downcast_ref::<Interrupted>() {
                Some(interrupted) => print_line(&local(&interrupted.to_string())),
                None => print_error(&local_error(&error)),
            }
            exit_of(&error)
        }
    };
    ExitCode::from(exit as u8)
}

/// Runs the command until it is done or a signal ends it.
async fn interruptible((cli, cluster): (Cli, Cluster), progress: Progress, interrupt: Interrupt) -> Result<Exit> {
    signals::listen(interrupt.clone())?;
    let state = cli.command.state();
    let mut work = pin!(run((cli, cluster), progress, interrupt.clone()));
    loop {
        match interrupt.or(work.as_mut()).await {
            Ok(done) => return done,
            Err(_) if interrupt.is_orderly() => tokio::select! {
                done = work.as_mut() => return done,
                () = interrupt.resumed() => {}
            },
            Err(signal) => return Err(Interrupted { signal, state: state.to_owned() }.into()),
        }
    }
}

/// Parses the command line of another program, with help and errors in the same language as pitlake's. If clap ends the
/// program, it has printed why.
///
/// # Errors
/// The exit code.
pub fn parse<C: Parser>() -> Result<C, ExitCode> {
    language::choose(config::variable);
    language::parse()
}

async fn run((cli, cluster): (Cli, Cluster), progress: Progress, interrupt: Interrupt) -> Result<Exit> {
    let clock = cli.global.now.map_or_else(Clock::default, Clock::fixed);
    let context = Context::new(cli.global, clock, (progress, interrupt), cluster);
    let done = match cli.command {
        Command::Demo(args) => args.run(&context).await,
        Command::Run(args) => args.run(&context).await,
        Command::Schedule(args) => args.run(&context).await,
        Command::Plan(args) => args.run(&context).await,
        Command::Backfill(args) => args.run(&context).await,
        Command::Fetch(args) => args.run(&context).await,
        Command::Normalize(args) => args.run(&context).await,
        Command::Import(args) => args.run(&context).await,
        Command::Status(args) => args.run(&context).await,
        Command::Rejects(args) => args.run(&context).await,
        Command::Diff(args) => args.run(&context).await,
        Command::Check(args) => args.run(&context).await,
        Command::Verify(args) => args.run(&context).await,
        Command::Query(args) => args.run(&context).await,
        Command::Tables(args) => args.run(&context).await,
        Command::Doctor(args) => args.run(&context).await,
        Command::Config(args) => args.run(&context),
        Command::Sandbox(args) => args.run(&context).await,
        Command::Completions(args) => args.run::<Cli>(),
        Command::Man(args) => args.run::<Cli>(),
    };
    done.map(|exit| context.exit(exit))
}

fn log(global: &Global, progress: &Progress) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (_, 1) => "warn,pitlake=debug",
        (_, 2..) => "info,pitlake=trace",
        _ => "warn,pitlake=info",
    };
    let wanted = config::variable("RUST_LOG").filter(|_| !global.quiet && global.verbose == 0);
    let level = wanted.as_deref().unwrap_or(level);
    let writer = progress.clone();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(level))
        .with_target(false)
        .with_ansi(false)
        .with_timer(ShanghaiTime)
        // If stderr cannot be written, there is nowhere to say so, and a panic would end the run.
        .log_internal_errors(false)
        .with_writer(move || writer.log_writer());
    match global.log_format {
        // Fields are for programs; the message has the same information.
        LogFormat::Text => builder.fmt_fields(debug_fn(message)).init(),
        LogFormat::Json => builder.json().init(),
    }
}

/// The time of a log line, in Shanghai like schedules and reports.
struct ShanghaiTime;

impl FormatTime for ShanghaiTime {
    fn format_time(&self, out: &mut Writer<'_>) -> fmt::Result {
        let now = Clock::machine().with_timezone(&SHANGHAI);
        write!(out, "{}", now.to_rfc3339_opts(SecondsFormat::Millis, false))
    }
}

fn message(out: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug) -> fmt::Result {
    if field.name() == "message" { out.write_str(&say!("{value:?}")) } else { Ok(()) }
}

fn print_error(text: &str) {
    print_line(&language::labelled(&local("error"), text));
}

fn print_line(text: &str) {
    // If stderr is gone, there is nowhere to report it.
    let _ = writeln!(io::stderr(), "{text}");
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_valid() {
        Cli::command().debug_assert();
    }

    #[test]
    fn all_of_help_has_a_translation() {
        let lacking = language::lacking(&Cli::command());
        assert!(lacking.is_empty(), "add the Chinese of these to src/cli/language/zh.toml: {lacking:#?}");
    }
}
