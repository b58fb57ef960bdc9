//! What a partition was made from, as one digest. The file carries it, so the file itself shows whether it is
//! current. Never here: which files those are.

use chrono::{DateTime, NaiveDate, Utc};
use sha2::{Digest, Sha256};

use crate::normalise::{Partition, RULES};
use crate::spec::Table;

/// A bronze file as an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OriginFile<'a> {
    /// Path in the lake.
    pub path: &'a str,
    /// Bytes.
    pub size: u64,
    /// When the store says that it was written, where rows depend on it.
    pub modified: Option<DateTime<Utc>>,
}

/// Digest of the inputs: sorted (path, size) of the bronze files, contract, pipeline, version of the rules, the
/// order of vendors where `jobs.toml` sets one, and the days of the calendar where they were used. The same inputs
/// give the same bytes.
#[must_use]
pub fn origin<'a>(
    table: &Table,
    partition: Partition,
    inputs: impl Iterator<Item = OriginFile<'a>>,
    calendar: impl Iterator<Item = (NaiveDate, bool)>,
) -> String {
    let mut inputs: Vec<OriginFile<'_>> = inputs.collect();
    inputs.sort_unstable();
    let mut hash = Sha256::new();
    hash.update(format!("{}\n{partition}\n{}\nrules {RULES}\n", table.name, table.digest));
    // An order other than the pipeline's; that one is in the table's digest already.
    if let Some(order) = &table.preferred {
        hash.update(format!("vendors {}\n", order.join(" ")));
    }
    for OriginFile { path, size, modified } in inputs {
        let modified = modified.map(|at| format!("{} ", at.timestamp_millis())).unwrap_or_default();
        hash.update(format!("{size} {modified}{path}\n"));
    }
    for (day, is_open) in calendar {
        hash.update(format!("{day} {is_open}\n"));
    }
    hash.finalize().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
