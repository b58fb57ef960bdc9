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
    file(&folder(table), partition)
}

fn file(folder: &str, partition: Partition) -> String {
    match partition {
        Partition::Whole => format!("{folder}/{FILE}"),
        _ => format!("{folder}/{partition}/{FILE}"),
    }
}

/// The file of a partition's former states, where the table has a companion.
#[must_use]
pub fn companion_path(table: &Table, partition: Partition) -> Option<String> {
    Some(file(&companion_folder(table)?, partition))
}

/// The folder of a table's companion.
pub(super) fn companion_folder(table: &Table) -> Option<String> {
    Some(format!("silver/{}", table.companion()?))
}

/// The file of a partition's rejected rows.
#[must_use]
pub fn rejects_path(table: &Table, partition: Partition) -> String {
    format!("rejects/{}/{partition}.jsonl.gz", table.name)
}

/// The partition that a path below a folder of the table holds, if the path belongs to the table's present partitioning.
pub(super) fn partition(table: &Table, folder: &str, path: &str) -> Option<Partition> {
    let inner = path.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(FILE)?;
    let parts: Vec<(&str, &str)> = inner.split('/').filter_map(|part| part.split_once('=')).collect();
    let day = match parts[..] {
        [] if inner.is_empty() => return (table.partition == PartitionBy::None).then_some(Partition::Whole),
        [("year", year)] => NaiveDate::from_ymd_opt(year.parse().ok()?, 1, 1)?,
        [("year", year), ("month", month)] => NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1)?,
        [("date", day)] => day.parse().ok()?,
        _ => return None,
    };
    // `year=02024` names a year too, and is not a path of ours.
    Some(Partition::of(table, day)).filter(|partition| file(folder, *partition) == path)
}
