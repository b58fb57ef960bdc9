//! Rows to the bytes of a Parquet file, column by column and side by side: the same bytes on any number of threads. The
//! crate `parquet` writes footer and indexes; columns are encoded here, since its own way takes twice as long
//! (`docs/decisions/page-checksums.md`). Never which rows there are, or what a footer says of them.

mod column;
mod delta;
mod dictionary;
mod hybrid;
mod page;
mod value;

use std::ops::Range;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;

use crate::normalise::Finished;
use crate::parallel::Threads;
use column::{EncodedColumn, Workspace};

/// Rows that become values when they are asked for.
pub(super) trait Columns: Sync {
    fn schema(&self) -> SchemaRef;

    fn num_rows(&self) -> usize;

    /// Some rows of a column.
    fn column(&self, index: usize, rows: Range<usize>) -> ArrayRef;
}

impl Columns for RecordBatch {
    fn schema(&self) -> SchemaRef {
        self.schema()
    }

    fn num_rows(&self) -> usize {
        self.num_rows()
    }

    fn column(&self, index: usize, rows: Range<usize>) -> ArrayRef {
        self.column(index).slice(rows.start, rows.len())
    }
}

impl Columns for Finished<'_> {
    fn schema(&self) -> SchemaRef {
        self.schema()
    }

    fn num_rows(&self) -> usize {
        self.num_rows()
    }

    fn column(&self, index: usize, rows: Range<usize>) -> ArrayRef {
        self.column(index, rows)
    }
}

/// Row groups that are in memory side by side.
const GROUPS: usize = 4;

/// The rows as a file, in row groups of at most `group` rows.
pub(super) fn file(
    rows: &impl Columns,
    mut properties: WriterProperties,
    (group, threads): (usize, Threads),
) -> Result<Vec<u8>> {
    let schema = ArrowSchemaConverter::new().convert(&rows.schema())?;
    add_encoded_arrow_schema_to_metadata(&rows.schema(), &mut properties);
    let starts: Vec<usize> = (0..rows.num_rows()).step_by(group).collect();
    let width = rows.schema().fields().len();
    let mut out = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut out, schema.root_schema_ptr(), Arc::new(properties))?;
    for starts in starts.chunks(GROUPS) {
        let encode = |work: &mut std::io::Result<Workspace>, place: usize| {
            let work = work.as_mut().map_err(|error| anyhow!("cannot compress: {error}"))?;
            let (start, index) = (starts[place / width], place % width);
            let array = rows.column(index, start..rows.num_rows().min(start + group));
            column::encode(&array, &schema.column(index), work)
        };
        let mut encoded = threads.map(starts.len() * width, Workspace::new, encode).into_iter();
        for _ in starts {
            let mut group = writer.next_row_group()?;
            for column in encoded.by_ref().take(width) {
                let EncodedColumn { bytes, close } = column?;
                group.append_column(&Bytes::from(bytes), close)?;
            }
            group.close()?;
        }
    }
    writer.close()?;
    Ok(out)
}

#[cfg(test)]
mod tests;
