//! Warns of partitions too large for one machine, and says what would help. Builds nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use pitlake_contract::counted;

use super::machine::{Need, fed};
use crate::ledger::LedgerFile;
use crate::normalise::Partition;
use crate::spec::{PartitionBy, Table};

/// Memory that a task should not exceed, so that a machine can run several.
pub(super) const MOST: u64 = 1 << 30;

/// The warning for a table whose partitions need more memory than `most`. None if each day has a file of its own.
pub(super) fn remark(
    table: &Table,
    partitions: &BTreeMap<Partition, Vec<Arc<LedgerFile>>>,
    most: u64,
) -> Option<String> {
    let fed = fed(partitions.iter());
    let large = partitions.values().filter(|files| Need::of(table, files, &fed).memory > most).count();
    let finer = match table.partition {
        PartitionBy::None => "year",
        PartitionBy::Year => "month",
        PartitionBy::Month => "day",
        PartitionBy::Day => return None,
    };
    (large > 0).then(|| {
        format!(
            "building {1} of `{0}` takes more than {2} MiB of memory: set `partition = \"{finer}\"` in your own \
             pipelines/{0}.toml, so that cores and machines build the parts in parallel",
            table.name,
            counted(large, "partition"),
            most >> 20
        )
    })
}
