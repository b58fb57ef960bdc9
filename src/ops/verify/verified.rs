//! What was verified, what is damaged, and what to do about it. How files are read is up to `files`.

use serde::Serialize;

use crate::normalise::Partition;
use crate::parallel::Threads;
use crate::spec::Table;

/// The result for one table.
#[derive(Debug, Default, Serialize)]
pub struct Verified {
    /// The table.
    pub table: String,
    /// Silver files.
    pub silver: Counts,
    /// Bronze files.
    pub bronze: Counts,
    /// Number of rebuilt partitions.
    pub rebuilt: usize,
    /// Damaged files.
    pub damaged: Vec<Damage>,
    /// Remarks for the user.
    pub notes: Vec<String>,
}

/// Number of files, and of rows in them.
#[derive(Debug, Default, Serialize)]
pub struct Counts {
    /// Number of files.
    pub files: usize,
    /// Number of rows.
    pub rows: u64,
    /// Files without checksum or digest, from former versions or other programs.
    pub unproven: usize,
}

/// A damaged file.
#[derive(Debug, Serialize)]
pub struct Damage {
    /// Path relative to the lake.
    pub file: String,
    /// What is wrong with it.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

/// The command that rebuilds a partition, or a whole table.
pub(super) fn build_again(table: &Table, partition: Option<Partition>) -> String {
    let days = partition.and_then(Partition::days);
    let range = days.map_or_else(String::new, |days| format!(" --start {} --end {}", days.first, days.last));
    format!("run `pitlake normalize {}{range} --full`", table.name)
}

/// How many files to read concurrently.
pub(super) fn at_once() -> usize {
    Threads::available().count()
}
