//! What a build will make of a file before it is in the lake: its rows, their days, and the rejects. Uses the same code
//! as the build, without partitions. Whether the file is accepted is decided elsewhere.

use std::collections::BTreeSet;

use anyhow::Result;
use arrow::record_batch::RecordBatch;
use chrono::NaiveDate;

use super::{Builder, Input, Partition, Reject, Remarks};
use crate::spec::Table;
use pitlake_contract::spelling::day;

/// What a build will make of a file.
#[derive(Debug)]
pub struct Reading {
    /// The rows for all partitions, without session dates.
    pub batch: RecordBatch,
    /// Rejected rows.
    pub rejects: Vec<Reject>,
    /// The event days of the rows.
    pub days: BTreeSet<NaiveDate>,
    /// Values to report to the user.
    pub remarks: Remarks,
}

/// Reads the lines of a file as a build of `table` would.
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
    // Rows that contradict each other are reported only by line number, so look up their text.
    if built.rejects.iter().any(|reject| reject.row.is_empty()) {
        let lines: Vec<&[u8]> = lines.split(|byte| *byte == b'\n').collect();
        for reject in built.rejects.iter_mut().filter(|reject| reject.row.is_empty()) {
            reject.row = String::from_utf8_lossy(lines[reject.line - 1]).into_owned();
        }
    }
    Ok(Reading { batch: built.batch, rejects: built.rejects, days, remarks: built.remarks })
}
