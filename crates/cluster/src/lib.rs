//! pitlake on a cluster: Apache `DataFusion` Ballista processes that know our tasks and lakes, and the `pitlake`
//! commands that use them. Ballista schedules, retries and survives lost machines; what a task does is up to the
//! library.

pub mod ballista;
mod build;
mod codec;
mod executor;
mod lake;
mod logging;
mod scheduler;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use pitlake::cli::Cluster;
use pitlake::world::Misuse;

use ballista::Ballista;

const ABOUT: &str = "Build and query a pitlake lake on an Apache DataFusion Ballista cluster";

const PITLAKE: &str = "\
The commands of pitlake work here too. These use the cluster, with --scheduler HOST:PORT:
  normalize  Build stale partitions
  run        Fetch what is due on this machine, and build it on the cluster
  backfill   Fetch what is missing on this machine, and build it on the cluster
  query      Query silver with SQL";

#[derive(Debug, Parser)]
#[command(name = "pitlake-cluster", version, about = ABOUT, after_help = PITLAKE)]
struct Program {
    /// Language of messages and help [default: that of the locale]
    #[arg(long, global = true, value_parser = ["en", "zh"], value_name = "LANGUAGE", env = "PITLAKE_LANG")]
    lang: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Distribute tasks to executors, and monitor them
    Scheduler(Box<scheduler::SchedulerArgs>),
    /// Run tasks that a scheduler distributes
    Executor(Box<executor::ExecutorArgs>),
}

/// Options beside those of `pitlake`.
#[derive(Debug, Args)]
struct OnCluster {
    /// The scheduler of the cluster that builds partitions and answers queries
    #[arg(long, global = true, value_name = "HOST:PORT", env = "PITLAKE_SCHEDULER")]
    scheduler: Option<String>,
}

/// The `pitlake` commands that can use the cluster.
const ON_CLUSTER: [&str; 4] = ["backfill", "normalize", "query", "run"];

/// Parses the command line, runs the command and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let own = ["scheduler", "executor", "help", "-h", "--help", "-V", "--version"];
    if first(&words).is_some_and(|word| own.iter().all(|own| word != own)) {
        let uses_cluster = words.iter().any(|word| ON_CLUSTER.iter().any(|command| word == command));
        return pitlake::cli::main_on(|options| cluster(options, uses_cluster));
    }
    // The library has handled the language.
    let Program { command, lang: _ } = match pitlake::cli::parse() {
        Ok(program) => program,
        Err(exit) => return exit,
    };
    let done = match command {
        Command::Scheduler(args) => args.run(),
        Command::Executor(args) => args.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            logging::print_error(&error);
            ExitCode::FAILURE
        }
    }
}

/// The first argument that does not choose a language.
fn first(words: &[OsString]) -> Option<&OsString> {
    let is_language = |word: &OsString| word.to_string_lossy().starts_with("--lang=");
    match words {
        [option, _, rest @ ..] if option == "--lang" => first(rest),
        [option, rest @ ..] if is_language(option) => first(rest),
        words => words.first(),
    }
}

fn cluster(options: OnCluster, uses_cluster: bool) -> Result<Cluster> {
    match options.scheduler {
        Some(scheduler) => {
            let cluster = Arc::new(Ballista::new(&scheduler)?);
            Ok(Cluster { engine: Some(Arc::clone(&cluster) as _), remote: Some(cluster) })
        }
        None if uses_cluster => {
            let message = "no scheduler: pass --scheduler HOST:PORT, or use `pitlake` to work on this machine";
            Err(Misuse(message.into()).into())
        }
        None => Ok(Cluster::default()),
    }
}
