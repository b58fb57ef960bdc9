//! Silver paths, both ways (`design.md` 4).

use chrono::NaiveDate;

use crate::normalise::Partition;
use crate::spec::Table;

const FILE: &str = "part-0.parquet";

/// The folder of a table: nothing but its data files lies below.
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

/// Where rejected rows of a partition are kept.
#[must_use]
pub fn rejects_path(table: &Table, partition: Partition) -> String {
    format!("rejects/{}/{partition}.jsonl.gz", table.name)
}

/// The partition a path holds, if it is of the table's present partitioning.
pub(super) fn partition(table: &Table, file: &str) -> Option<Partition> {
    let inner = file.strip_prefix(&folder(table))?.strip_prefix('/')?.strip_suffix(FILE)?;
    let parts: Vec<(&str, &str)> = inner.split('/').filter_map(|part| part.split_once('=')).collect();
    let day = match parts[..] {
        [] if inner.is_empty() => return Some(Partition::Whole).filter(|p| path(table, *p) == file),
        [("year", year)] => NaiveDate::from_ymd_opt(year.parse().ok()?, 1, 1)?,
        [("year", year), ("month", month)] => NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1)?,
        [("date", day)] => day.parse().ok()?,
        _ => return None,
    };
    // Written again in today's partitioning it must be the same path.
    Some(Partition::of(table, day)).filter(|partition| path(table, *partition) == file)
}
