//! What was verified, what is damaged, and what to do about it. Never how a file is read.

use serde::Serialize;

use crate::normalise::Partition;
use crate::parallel::Threads;
use crate::spec::Table;

/// What was verified of a table.
#[derive(Debug, Default, Serialize)]
pub struct Verified {
    /// The table.
    pub table: String,
    /// Files of silver.
    pub silver: Counts,
    /// Files of bronze.
    pub bronze: Counts,
    /// Partitions that were built again.
    pub rebuilt: usize,
    /// Files that are damaged.
    pub damaged: Vec<Damage>,
    /// What a user should know.
    pub notes: Vec<String>,
}

/// Files, and the rows they hold.
#[derive(Debug, Default, Serialize)]
pub struct Counts {
    /// Files.
    pub files: usize,
    /// Rows.
    pub rows: u64,
    /// Files without checksum or digest: of former versions, or of other programs.
    pub unproven: usize,
}

/// A file that is damaged.
#[derive(Debug, Serialize)]
pub struct Damage {
    /// Its path in the lake.
    pub file: String,
    /// What is wrong with it.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

/// The command that replaces a partition, or all of a table.
pub(super) fn build_again(table: &Table, partition: Option<Partition>) -> String {
    let days = partition.and_then(Partition::days);
    let range = days.map_or_else(String::new, |days| format!(" --start {} --end {}", days.first, days.last));
    format!("run `pitlake normalize {}{range} --full`", table.name)
}

/// Files read at the same time.
pub(super) fn at_once() -> usize {
    Threads::available().count()
}
