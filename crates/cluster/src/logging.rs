//! Logging of the long-running processes to stderr, and the error that ends one.

use std::io::{self, Write as _};

use anyhow::Error;
use tracing_subscriber::EnvFilter;

/// Starts logging to stderr, as `RUST_LOG` says, else at `level`.
pub(crate) fn start(level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let builder = tracing_subscriber::fmt().with_ansi(false).with_target(false).with_env_filter(filter);
    builder.log_internal_errors(false).with_writer(io::stderr).init();
}

/// Prints why the program ends.
pub(crate) fn print_error(error: &Error) {
    // If stderr is gone, there is nowhere to report it.
    let _ = writeln!(io::stderr(), "error: {error:#}");
}
