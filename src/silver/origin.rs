//! What a partition was made from, as one digest. The file carries it, so the file alone shows whether it is current.
//! Which files are inputs is decided by the caller.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use crate::normalise::{Partition, RULES};
use crate::spec::Table;

/// A bronze file as an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OriginFile<'a> {
    /// Path relative to the lake.
    pub path: &'a str,
    /// Size in bytes.
    pub size: u64,
    /// Last modified according to the store, if rows depend on it.
    pub modified: Option<DateTime<Utc>>,
}

/// Digest of the inputs: sorted (path, size) of the bronze files, contract, pipeline, version of the rules, the order
/// of vendors if `jobs.toml` sets one, and the days of the calendar, as text, if they were used. The same inputs give
/// the same digest.
/// give the same bytes.
#[must_use]
pub fn origin<'a>(
    table: &Table,
    partition: Partition,
    inputs: impl Iterator<Item = OriginFile<'a>>,
    days: &str,
) -> String {
    let mut inputs: Vec<OriginFile<'_>> = inputs.collect();
    inputs.sort_unstable();
    let mut hash = Sha256::new();
    hash.update(format!("{}\n{partition}\n{}\nrules {RULES}\n", table.name, table.digest));
    // The pipeline's own order is already in the table's digest.
    if let Some(order) = &table.preferred {
        hash.update(format!("vendors {}\n", order.join(" ")));
    }
    let mut line = String::new();
    for OriginFile { path, size, modified } in inputs {
        line.clear();
        // Writing to a `String` cannot fail.
        let _ = match modified {
            Some(at) => writeln!(line, "{size} {} {path}", at.timestamp_millis()),
            None => writeln!(line, "{size} {path}"),
        };
        hash.update(&line);
    }
    hash.update(days);
    hash.finalize().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
