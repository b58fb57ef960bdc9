//! What the first rows of a capture would become in silver, column by column, next to the file's values. Uses the
//! build's own code. Whether the file is accepted is up to `judgement`.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use arrow::record_batch::RecordBatch;
use serde::Serialize;
use serde_json::value::RawValue;

use super::judgement::Target;
use crate::bronze::Capture;
use crate::normalise::{Input, read};

/// How many rows to show.
const ROWS: usize = 3;

/// A line of bronze or silver, with values as written.
type Line = BTreeMap<String, Box<RawValue>>;

/// What a row would become.
#[derive(Debug, Clone, Serialize)]
pub struct PreviewRow {
    /// Its number in the file, from 1.
    pub row: usize,
    /// Why it would be rejected.
    pub set_aside: Option<String>,
    /// The columns filled by the interface.
    pub values: Vec<PreviewValue>,
}

/// A value in the file and in silver, each `None` if absent.
#[derive(Debug, Clone, Serialize)]
pub struct PreviewValue {
    /// The column of the table.
    pub column: String,
    /// Its unit.
    pub unit: Option<String>,
    /// The vendor's field.
    pub field: String,
    /// As written in the file, as JSON.
    pub file: Option<Box<RawValue>>,
    /// As stored in silver, as JSON.
    pub silver: Option<Box<RawValue>>,
}

impl Target<'_> {
    /// What the first rows of a capture would become.
    ///
    /// # Errors
    /// When a row cannot be formatted, which would be a bug.
    pub(super) fn preview(&self, name: &str, capture: &Capture) -> Result<Vec<PreviewRow>> {
        let lines = capture.lines.split(|byte| *byte == b'\n').take(ROWS).filter(|line| !line.is_empty());
        lines.zip(1..).map(|(line, row)| self.preview_row(name, line, row)).collect()
    }

    fn preview_row(&self, name: &str, line: &[u8], row: usize) -> Result<PreviewRow> {
        let reading = read(self.table, Input::new(name, self.source), line)?;
        let set_aside = reading.rejects.into_iter().next().map(|reject| reject.reason);
        let mut silver = first_row(&reading.batch)?;
        let mut file: Line = serde_json::from_slice(line).with_context(|| format!("`{name}`, row {row}"))?;
        let contract = self.contract;
        let values = self.source.fields.iter().map(|plan| {
            let column = &self.table.columns[plan.column];
            let of_file = file.keys().find(|name| contract.field(name) == Some(plan.field)).cloned();
            PreviewValue {
                column: column.name.clone(),
                unit: column.unit.map(|unit| unit.to_string()),
                field: contract.fields[plan.field].name.clone(),
                file: of_file.and_then(|name| file.remove(&name)),
                silver: silver.remove(&column.name),
            }
        });
        let values = values.collect();
        Ok(PreviewRow { row, set_aside, values })
    }
}

/// The first row of a batch, or nothing if it is empty.
fn first_row(batch: &RecordBatch) -> Result<Line> {
    if batch.num_rows() == 0 {
        return Ok(Line::new());
    }
    let mut out = Vec::new();
    let builder = arrow::json::WriterBuilder::new().with_explicit_nulls(true);
    let mut writer = builder.build::<_, arrow::json::writer::LineDelimited>(&mut out);
    writer.write(&batch.slice(0, 1))?;
    writer.finish()?;
    Ok(serde_json::from_slice(&out)?)
}
