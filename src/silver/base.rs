//! A published file that new rows are merged into: verified by its checksums and decoded column by column. What is
//! merged is up to `extended`.

use std::ops::Range;
use std::sync::Arc;

use ::parquet::arrow::ProjectionMask;
use ::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use ::parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};
use anyhow::{Result, ensure};
use arrow::array::{Array, ArrayRef, AsArray as _};
use arrow::compute::concat;
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use bytes::Bytes;

use super::{checksum, parquet};
use crate::normalise::{NumberedTexts, RULES, companion_schema};
use crate::panics::caught;
use crate::spec::Table;
use crate::store::{Entry, Store};

/// The files of a published partition.
pub struct Base {
    file: Bytes,
    metadata: ArrowReaderMetadata,
    /// The same, with texts read as dictionary keys.
    numbered: ArrowReaderMetadata,
    /// The first row of each row group, then the total number of rows.
    starts: Vec<usize>,
    companion: Option<Bytes>,
}

impl Base {
    /// Reads the files of a partition. `None` unless they were made from `origin`, by the present rules, with nothing
    /// noted.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub async fn read(
        store: &Store,
        table: &Table,
        (entry, companion): (&Entry, Option<&Entry>),
        origin: &str,
    ) -> Result<Option<Self>> {
        let file = store.read(&entry.path).await?;
        let options = || ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
        // The footer's Arrow schema is decoded before any checksum is verified: what damage made of it may panic.
        let load = |file: &Bytes, options| caught(|| ArrowReaderMetadata::load(file, options));
        let Some(metadata) = load(&file, options()) else { return Ok(None) };
        let metadata = metadata?;
        let footer = parquet::facts(table, &entry.path, metadata.metadata())?;
        let is_whole = footer.has_companion == companion.is_some();
        if footer.origin != origin || footer.rules != RULES || footer.is_noted || footer.rows == 0 || !is_whole {
            return Ok(None);
        }
        let companion = match companion {
            Some(entry) => {
                let file = store.read(&entry.path).await?;
                let Some(metadata) = load(&file, ArrowReaderOptions::new()) else { return Ok(None) };
                if parquet::facts(table, &entry.path, metadata?.metadata())?.origin != origin {
                    return Ok(None);
                }
                Some(file)
            }
            None => None,
        };
        let numbered = |field: &Arc<Field>| match field.data_type() {
            DataType::Utf8 => {
                let kind = DataType::Dictionary(DataType::Int32.into(), DataType::Utf8.into());
                Field::new(field.name(), kind, true)
            }
            other => Field::new(field.name(), other.clone(), true),
        };
        let schema = Schema::new(metadata.schema().fields().iter().map(numbered).collect::<Vec<_>>());
        let numbered = options().with_schema(Arc::new(schema));
        let numbered = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), numbered)?;
        let mut starts = vec![0];
        for group in metadata.metadata().row_groups() {
            starts.push(starts[starts.len() - 1] + usize::try_from(group.num_rows())?);
        }
        Ok(Some(Self { file, metadata, numbered, starts, companion }))
    }

    /// The schema of the file.
    pub(super) fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    /// The number of rows.
    pub(super) fn num_rows(&self) -> usize {
        self.starts[self.starts.len() - 1]
    }

    /// A range of rows of a column. The range must not be empty.
    pub(super) fn column(&self, index: usize, rows: Range<usize>) -> Result<ArrayRef> {
        self.decoded(&self.metadata, index, rows)
    }

    /// The rows of the companion, if there is one.
    pub(super) fn companion(&self, table: &Table) -> Result<Option<RecordBatch>> {
        let Some((file, schema)) = self.companion.clone().zip(companion_schema(table)) else { return Ok(None) };
        let names = schema.fields().iter().map(|field| field.name().clone()).collect();
        let rows = parquet::rows(table, file, &names)?;
        Ok(Some(RecordBatch::try_new(schema, rows.columns().to_vec())?))
    }

    /// Whether the checksums of both files match.
    pub(super) fn is_intact(&self) -> bool {
        let is_whole =
            |file: &Bytes, metadata: &_| checksum::damage(file, metadata).is_some_and(|damage| damage.is_empty());
        let policy = PageIndexPolicy::Optional;
        is_whole(&self.file, self.metadata.metadata())
            && self.companion.as_ref().is_none_or(|file| {
                let read = ParquetMetaDataReader::new().with_page_index_policy(policy).parse_and_finish(file);
                read.is_ok_and(|metadata| is_whole(file, &metadata))
            })
    }

    /// The texts of a column as numbers assigned by `name`. Each row group has its own dictionary.
    pub(super) fn texts(&self, index: usize, mut name: impl FnMut(&str) -> Result<i32>) -> Result<Vec<i32>> {
        let mut numbers = Vec::with_capacity(self.num_rows());
        for group in self.starts.windows(2) {
            let texts = self.decoded(&self.numbered, index, group[0]..group[1])?;
            let texts = texts.as_dictionary::<Int32Type>();
            let own = texts.values().as_string::<i32>();
            let own: Vec<i32> = own.iter().map(|text| name(text.unwrap_or_default())).collect::<Result<_>>()?;
            let place = |key: Option<i32>| usize::try_from(key?).ok();
            let number = |key| place(key).map_or(NumberedTexts::MISSING, |place| own[place]);
            numbers.extend(texts.keys().iter().map(number));
        }
        Ok(numbers)
    }

    /// A range of rows of a column. The range must not be empty.
    fn decoded(&self, metadata: &ArrowReaderMetadata, index: usize, rows: Range<usize>) -> Result<ArrayRef> {
        let first = self.starts.partition_point(|start| *start <= rows.start).saturating_sub(1);
        let end = self.starts.partition_point(|start| *start < rows.end);
        let mask = ProjectionMask::leaves(metadata.parquet_schema(), [index]);
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(self.file.clone(), metadata.clone())
            .with_projection(mask)
            .with_row_groups((first..end).collect())
            .with_offset(rows.start - self.starts[first])
            .with_limit(rows.len())
            .with_batch_size(rows.len())
            .build()?;
        let batches: Vec<RecordBatch> = reader.collect::<Result<_, _>>()?;
        let columns: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(0).as_ref()).collect();
        let column = if let [_] = columns[..] { Arc::clone(batches[0].column(0)) } else { concat(&columns)? };
        ensure!(column.len() == rows.len(), "a published file lacks rows that its footer counts");
        Ok(column)
    }
}
