//! Rows to the bytes of a Parquet file, columns in parallel, with the same bytes on any number of threads. The
//! `parquet` crate writes footer and indexes. Columns are encoded here, because the crate takes twice as long
//! (`docs/decisions/page-checksums.md`). Which rows there are, and what the footer says of them, is up to the caller.

mod column;
mod delta;
mod dictionary;
mod hybrid;
mod page;
mod rank;
mod value;

use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use arrow::array::ArrayRef;
use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;

use super::checksum::Sealed;
use crate::normalise::{Decimals, Finished, NumberedTexts};
use crate::parallel::Threads;
use column::{EncodedColumn, Workspace};

/// Rows that are materialised on demand.
pub(super) trait Columns: Sync {
    fn schema(&self) -> SchemaRef;

    fn num_rows(&self) -> usize;

    /// A range of rows of a column.
    ///
    /// # Errors
    /// When they cannot be decoded.
    fn column(&self, index: usize, rows: Range<usize>) -> Result<ArrayRef>;

    /// A range of rows of a column of numbered texts; `None` for any other column.
    fn texts(&self, _index: usize, _rows: Range<usize>) -> Option<NumberedTexts<'_>> {
        None
    }

    /// A range of rows of a column as multiples of a power of ten; `None` if they cannot be given so.
    fn decimals(&self, _index: usize, _rows: Range<usize>) -> Option<Decimals> {
        None
    }
}

impl Columns for RecordBatch {
    fn schema(&self) -> SchemaRef {
        self.schema()
    }

    fn num_rows(&self) -> usize {
        self.num_rows()
    }

    fn column(&self, index: usize, rows: Range<usize>) -> Result<ArrayRef> {
        Ok(self.column(index).slice(rows.start, rows.len()))
    }
}

impl Columns for Finished<'_> {
    fn schema(&self) -> SchemaRef {
        self.schema()
    }

    fn num_rows(&self) -> usize {
        self.num_rows()
    }

    fn column(&self, index: usize, rows: Range<usize>) -> Result<ArrayRef> {
        Ok(self.column(index, rows))
    }

    fn texts(&self, index: usize, rows: Range<usize>) -> Option<NumberedTexts<'_>> {
        self.texts(index, rows)
    }

    fn decimals(&self, index: usize, rows: Range<usize>) -> Option<Decimals> {
        self.decimals(index, rows)
    }
}

/// Row groups in memory at the same time.
const GROUPS: usize = 4;

/// Writes the rows as a file, in row groups of at most `group` rows. Some groups are written while the next are
/// encoded.
pub(super) fn write<W: Write + Send>(
    rows: &impl Columns,
    mut properties: WriterProperties,
    (group, threads): (usize, Threads),
    out: W,
) -> Result<W> {
    let schema = ArrowSchemaConverter::new().convert(&rows.schema())?;
    add_encoded_arrow_schema_to_metadata(&rows.schema(), &mut properties);
    let starts: Vec<usize> = (0..rows.num_rows()).step_by(group).collect();
    let width = rows.schema().fields().len();
    let mut writer = SerializedFileWriter::new(Sealed::new(out), schema.root_schema_ptr(), Arc::new(properties))?;
    let works = (0..threads.at_most(starts.len() * width).count()).map(|_| Workspace::new());
    let mut works: Vec<Workspace> = works.collect::<io::Result<_>>().context("cannot compress")?;
    let mut before = Vec::new();
    for starts in starts.chunks(GROUPS) {
        let encode = |work: &mut Workspace, place: usize| {
            let (start, index) = (starts[place / width], place % width);
            let (of_group, column) = (start..rows.num_rows().min(start + group), schema.column(index));
            if let Some(texts) = rows.texts(index, of_group.clone()) {
                return column::encode_texts(&texts, &column, work);
            }
            let decimals = rows.decimals(index, of_group.clone());
            if let Some(encoded) = decimals.and_then(|decimals| column::encode_decimals(&decimals, &column, work)) {
                return encoded;
            }
            column::encode(&rows.column(index, of_group)?, &column, work)
        };
        let encode = || threads.map_with(&mut works, starts.len() * width, encode);
        let (encoded, written) = threads.both(encode, || append(&mut writer, before, width));
        written?;
        before = encoded;
    }
    append(&mut writer, before, width)?;
    writer.flush()?;
    writer.inner_mut().begin_footer()?;
    writer.into_inner()?.finish()
}

/// Appends encoded columns as row groups.
fn append<W: Write + Send>(
    writer: &mut SerializedFileWriter<W>,
    encoded: Vec<Result<EncodedColumn>>,
    width: usize,
) -> Result<()> {
    let mut encoded = encoded.into_iter().peekable();
    while encoded.peek().is_some() {
        let mut group = writer.next_row_group()?;
        for column in encoded.by_ref().take(width) {
            let EncodedColumn { bytes, close } = column?;
            group.append_column(&Bytes::from(bytes), close)?;
        }
        group.close()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
