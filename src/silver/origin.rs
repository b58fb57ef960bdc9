//! What a partition was made from, as one digest: the answer to "is it current?" lies in the file.

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use crate::normalise::{Partition, RULES};
use crate::spec::Table;

/// Digest of the inputs: sorted (path, size) of the bronze files, contract, pipeline, rules version, the
/// order of vendors where `jobs.toml` has its own, and the days of the calendar where they were used. Same inputs, same bytes.
#[must_use]
pub fn origin<'a>(
    table: &Table,
    partition: Partition,
    inputs: impl Iterator<Item = (&'a str, u64)>,
    calendar: impl Iterator<Item = (NaiveDate, bool)>,
) -> String {
    let mut inputs: Vec<(&str, u64)> = inputs.collect();
    inputs.sort_unstable();
    let mut hash = Sha256::new();
    hash.update(format!("{}\n{partition}\n{}\nrules {RULES}\n", table.name, table.digest));
    // Only another order than the pipeline's, whose text is in the digest already.
    if let Some(order) = &table.preferred {
        hash.update(format!("vendors {}\n", order.join(" ")));
    }
    for (path, size) in inputs {
        hash.update(format!("{size} {path}\n"));
    }
    for (day, is_open) in calendar {
        hash.update(format!("{day} {is_open}\n"));
    }
    hash.finalize().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}
