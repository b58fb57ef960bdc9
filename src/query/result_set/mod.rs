//! The rows of a query, and the formats in which they are printed or written. Where they come from is not known here.

mod text;
mod xlsx;

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::store::whole;

/// The rows of a query. Column names are unique.
#[derive(Debug)]
pub struct ResultSet {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
    /// Whether the query has more rows than requested.
    pub has_more: bool,
    /// Whether the rows describe tables or columns, instead of coming from a table.
    pub is_catalogue: bool,
}

impl ResultSet {
    /// No rows yet.
    pub(super) fn empty(schema: SchemaRef) -> Self {
        Self { schema, batches: Vec::new(), has_more: false, is_catalogue: false }
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batches.iter().all(|batch| batch.num_rows() == 0)
    }

    /// JSON: an array of objects with keys in column order, including nulls; no line break at the end.
    ///
    /// # Errors
    /// When JSON cannot represent the type of a column.
    pub fn json(&self) -> Result<String> {
        let builder = arrow::json::WriterBuilder::new().with_explicit_nulls(true);
        let mut writer = builder.build::<_, arrow::json::writer::JsonArray>(Vec::new());
        self.batches.iter().try_for_each(|batch| writer.write(batch))?;
        writer.finish()?;
        Ok(String::from_utf8(writer.into_inner())?)
    }

    /// JSON lines: one object per row, as in [`Self::json`]; no line break at the end.
    ///
    /// # Errors
    /// When JSON cannot represent the type of a column.
    pub fn json_lines(&self) -> Result<String> {
        let builder = arrow::json::WriterBuilder::new().with_explicit_nulls(true);
        let mut writer = builder.build::<_, arrow::json::writer::LineDelimited>(Vec::new());
        self.batches.iter().try_for_each(|batch| writer.write(batch))?;
        writer.finish()?;
        Ok(String::from_utf8(writer.into_inner())?.trim_end().to_owned())
    }

    /// CSV: a header and one line per row, with nulls empty; no line break at the end.
    ///
    /// # Errors
    /// When CSV cannot represent the type of a column.
    pub fn csv(&self) -> Result<String> {
        let mut text = Vec::new();
        let mut writer = arrow::csv::Writer::new(&mut text);
        // The header is written with the first batch, so write one even if there are no rows.
        writer.write(&RecordBatch::new_empty(Arc::clone(&self.schema)))?;
        self.batches.iter().try_for_each(|batch| writer.write(batch))?;
        drop(writer);
        text.pop_if(|byte| *byte == b'\n');
        Ok(String::from_utf8(text)?)
    }

    /// Writes a Parquet file (zstd) atomically, replacing an existing one.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn parquet(&self, path: &Path) -> Result<()> {
        whole(path, |staged| self.write(staged))
    }

    /// Writes the rows, already in one of the other formats, to a file atomically.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn file(path: &Path, bytes: &[u8]) -> Result<()> {
        whole(path, |staged| Ok(fs::write(staged, bytes)?))
    }

    fn write(&self, path: &Path) -> Result<()> {
        let zstd = Compression::ZSTD(ZstdLevel::default());
        let properties = WriterProperties::builder().set_compression(zstd).build();
        let mut writer = ArrowWriter::try_new(File::create(path)?, Arc::clone(&self.schema), Some(properties))?;
        self.batches.iter().try_for_each(|batch| writer.write(batch))?;
        Ok(writer.into_inner()?.sync_all()?)
    }
}
