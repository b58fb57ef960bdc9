//! The rows of a query, and the formats they are printed or written in. Never here: where the rows come from.

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use comfy_table::{Cell, CellAlignment, presets};
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
}

impl ResultSet {
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

    /// An aligned table, numbers right-aligned, nulls as `null`; no line break at the end.
    ///
    /// # Errors
    /// When a value cannot be printed.
    pub fn text(&self) -> Result<String> {
        let mut table = comfy_table::Table::new();
        table.load_preset(presets::ASCII_MARKDOWN);
        table.set_header(self.schema.fields().iter().map(|field| field.name()));
        let options = FormatOptions::new().with_null("null");
        for batch in &self.batches {
            let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            for row in 0..batch.num_rows() {
                let cells = columns.iter().map(|column| column.value(row).try_to_string().map(Cell::new));
                table.add_row(cells.collect::<Result<Vec<_>, _>>()?);
            }
        }
        for (field, column) in self.schema.fields().iter().zip(table.column_iter_mut()) {
            if field.data_type().is_numeric() {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        Ok(table.to_string())
    }

    /// Writes a Parquet file (zstd), whole or not at all; replaces one of that name.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn parquet(&self, path: &Path) -> Result<()> {
        whole(path, |staged| self.write(staged))
    }

    /// A text of the rows, as a file that appears whole.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn file(&self, path: &Path, text: &str) -> Result<()> {
        whole(path, |staged| Ok(fs::write(staged, format!("{text}\n"))?))
    }

    fn write(&self, path: &Path) -> Result<()> {
        let zstd = Compression::ZSTD(ZstdLevel::default());
        let properties = WriterProperties::builder().set_compression(zstd).build();
        let mut writer = ArrowWriter::try_new(File::create(path)?, Arc::clone(&self.schema), Some(properties))?;
        self.batches.iter().try_for_each(|batch| writer.write(batch))?;
        Ok(writer.into_inner()?.sync_all()?)
    }
}
