//! The rows of a query, and the formats they are printed or written in. Never here: where the rows come from.

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

/// The rows of a query; no two columns have the same name.
#[derive(Debug)]
pub struct ResultSet {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
    /// Whether the query has more rows than were asked for.
    pub has_more: bool,
    /// Whether they are what the catalogue says of tables or of columns, not rows of a table.
    pub is_catalogue: bool,
}

impl ResultSet {
    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.batches.iter().all(|batch| batch.num_rows() == 0)
    }

    /// JSON: one array of objects, keys in the order of the columns, nulls written; no line break at the end.
    ///
    /// # Errors
    /// When JSON has no form for the type of a column.
    pub fn json(&self) -> Result<String> {
        let builder = arrow::json::WriterBuilder::new().with_explicit_nulls(true);
        let mut writer = builder.build::<_, arrow::json::writer::JsonArray>(Vec::new());
        self.batches.iter().try_for_each(|batch| writer.write(batch))?;
        writer.finish()?;
        Ok(String::from_utf8(writer.into_inner())?)
    }

    /// JSON lines: an object a row, as in [`Self::json`]; no line break at the end.
    ///
    /// # Errors
    /// When JSON has no form for the type of a column.
    pub fn json_lines(&self) -> Result<String> {
        let builder = arrow::json::WriterBuilder::new().with_explicit_nulls(true);
        let mut writer = builder.build::<_, arrow::json::writer::LineDelimited>(Vec::new());
        self.batches.iter().try_for_each(|batch| writer.write(batch))?;
        writer.finish()?;
        Ok(String::from_utf8(writer.into_inner())?.trim_end().to_owned())
    }

    /// CSV: a header and one line per row, nulls empty; no line break at the end.
    ///
    /// # Errors
    /// When CSV has no form for the type of a column.
    pub fn csv(&self) -> Result<String> {
        let mut text = Vec::new();
        let mut writer = arrow::csv::Writer::new(&mut text);
        // The header comes with the first batch, and is written even where there are no rows.
        writer.write(&RecordBatch::new_empty(Arc::clone(&self.schema)))?;
        self.batches.iter().try_for_each(|batch| writer.write(batch))?;
        drop(writer);
        text.pop_if(|byte| *byte == b'\n');
        Ok(String::from_utf8(text)?)
    }

    /// Writes a Parquet file (zstd), whole or not at all; replaces one of that name.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn parquet(&self, path: &Path) -> Result<()> {
        whole(path, |staged| self.write(staged))
    }

    /// The rows in one of the other formats, as a file that appears whole.
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
