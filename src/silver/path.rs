//! Paths of silver files, from a partition and back (`docs/lake-format.md`). Opens no file.

use chrono::NaiveDate;

use crate::normalise::Partition;
use crate::spec::{PartitionBy, Table};

const FILE: &str = "part-0.parquet";
const REJECTS: &str = ".jsonl.gz";

/// The folder of a table. Only its data files may be below it.
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

/// The file of a partition's former states, if the table has a companion.
#[must_use]
pub fn companion_path(table: &Table, partition: Partition) -> Option<String> {
    Some(file(&companion_folder(table)?, partition))
}

/// The folder of a table's companion.
pub(super) fn companion_folder(table: &Table) -> Option<String> {
    Some(format!("silver/{}", table.companion()?))
}

/// The file of a partition's rejects.
#[must_use]
pub fn rejects_path(table: &Table, partition: Partition) -> String {
    format!("rejects/{}/{partition}{REJECTS}", table.name)
}

/// Whether a path below a table's folder looks like ours, in the present partitioning or a former one.
pub(super) fn is_ours(folder: &str, path: &str) -> bool {
    let inner = path.strip_prefix(folder).and_then(|path| path.strip_prefix('/'));
    let Some(inner) = inner.and_then(|inner| inner.strip_suffix(FILE)) else { return false };
    let is_key = |part: &str| ["year=", "month=", "date="].iter().any(|key| part.starts_with(key));
    inner.is_empty() || (inner.ends_with('/') && inner.trim_end_matches('/').split('/').all(is_key))
}

/// Whether readers and people ignore a file: `.DS_Store`, but not a `.parquet` that a glob would match.
pub(super) fn is_hidden(path: &str) -> bool {
    !path.ends_with(".parquet") && path.rsplit('/').next().is_some_and(|name| name.starts_with('.'))
}

/// Whether a path is one of rejects. Others may leave files beside them.
pub(super) fn is_of_rejects(path: &str) -> bool {
    path.ends_with(REJECTS) && path.rsplit('/').next().is_some_and(|name| !name.starts_with('.'))
}

/// The partition for a path below a table's folder, if it belongs to the present partitioning.
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
    // `year=02024` parses as a year too, but is not a path of ours.
    Some(Partition::of(table, day)).filter(|partition| file(folder, *partition) == path)
}
