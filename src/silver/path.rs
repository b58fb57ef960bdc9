//! Paths of silver files, from a partition and back (`docs/lake-format.md`). Never here: what is in them.

use chrono::NaiveDate;

use crate::normalise::Partition;
use crate::spec::{PartitionBy, Table};

const FILE: &str = "part-0.parquet";

/// The folder of a table; nothing but its data files may lie below it.
pub(super) fn folder(table: &Table) -> String {
    format!("silver/{}", table.name)
}

/// The file of a partition.
#[must_use]
pub fn path(table: &Table, partition: Partition) -> String {
    match partition {
        Partition::Whole => format!("{}/{FILE}", folder(table)),
        _ => format!("{}/{partition}/{FILE}", folder(table)),
    }
}

/// The file of a partition's rejected rows.
#[must_use]
pub fn rejects_path(table: &Table, partition: Partition) -> String {
    format!("rejects/{}/{partition}.jsonl.gz", table.name)
}

/// The partition that a path holds, if the path belongs to the table's present partitioning.
pub(super) fn partition(table: &Table, file: &str) -> Option<Partition> {
    let inner = file.strip_prefix(&folder(table))?.strip_prefix('/')?.strip_suffix(FILE)?;
    let parts: Vec<(&str, &str)> = inner.split('/').filter_map(|part| part.split_once('=')).collect();
    let day = match parts[..] {
        [] if inner.is_empty() => return (table.partition == PartitionBy::None).then_some(Partition::Whole),
        [("year", year)] => NaiveDate::from_ymd_opt(year.parse().ok()?, 1, 1)?,
        [("year", year), ("month", month)] => NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1)?,
        [("date", day)] => day.parse().ok()?,
        _ => return None,
    };
    // `year=02024` names a year too, and is not a path of ours.
    Some(Partition::of(table, day)).filter(|partition| path(table, *partition) == file)
}
