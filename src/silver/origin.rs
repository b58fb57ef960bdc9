//! What a partition was made from, as one digest. The file carries it, so the file itself shows whether it is
//! current. Never here: which files those are.

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use crate::normalise::{Partition, RULES};
use crate::spec::Table;

/// Digest of the inputs: sorted (path, size) of the bronze files, contract, pipeline, version of the rules, the
/// order of vendors where `jobs.toml` sets one, and the days of the calendar where they were used. The same inputs
/// give the same bytes.
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
    // An order other than the pipeline's; that one is in the table's digest already.
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
