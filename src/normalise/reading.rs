//! What the build will make of one file, before it is in the lake: its rows, their days, and those it sets aside. The
//! code is that of the build; only the partitions are left out. Never whether the file is taken.

use std::collections::BTreeSet;

use anyhow::Result;
use arrow::record_batch::RecordBatch;
use chrono::NaiveDate;

use super::{Builder, Input, Partition, Reject, Remarks};
use crate::spec::Table;
use pitlake_contract::spelling::day;

/// What the build will make of a file.
#[derive(Debug)]
pub struct Reading {
    /// The rows of all partitions, without sessions.
    pub batch: RecordBatch,
    /// Rows that are set aside.
    pub rejects: Vec<Reject>,
    /// The event days of the rows.
    pub days: BTreeSet<NaiveDate>,
    /// Values that a user should know of.
    pub remarks: Remarks,
}

/// Reads the lines of a file as the build of `table` will.
///
/// # Errors
/// [`Stop`](super::Stop) when the file as a whole cannot be trusted.
pub fn read(table: &Table, input: Input<'_, '_>, lines: &[u8]) -> Result<Reading> {
    let mut builder = Builder::new(table, Partition::Whole);
    builder.add(Input { span: true, ..input }, lines)?;
    let cells = table.event.map(|event| &builder.rows.columns[event]);
    let days = cells.into_iter().flat_map(|cells| (0..builder.rows.len()).filter_map(|row| cells.get(row).day()));
    let days = days.filter_map(day::day).collect();
    let mut built = builder.finish(&|_| None)?;
    // Rows that contradict each other are named by their lines alone.
    if built.rejects.iter().any(|reject| reject.row.is_empty()) {
        let lines: Vec<&[u8]> = lines.split(|byte| *byte == b'\n').collect();
        for reject in built.rejects.iter_mut().filter(|reject| reject.row.is_empty()) {
            reject.row = String::from_utf8_lossy(lines[reject.line - 1]).into_owned();
        }
    }
    Ok(Reading { batch: built.batch, rejects: built.rejects, days, remarks: built.remarks })
}
