//! Rows to Parquet bytes, and footers back to facts. The same rows always give the same bytes: no build time, no host,
//! no randomness. Where a file is stored is not decided here.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::Write;

use anyhow::{Context as _, Result, bail, ensure};
use arrow::array::{AsArray as _, RecordBatchReader as _};
use arrow::compute::concat_batches;
use arrow::datatypes::Int32Type;
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use chrono::NaiveDate;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ARROW_SCHEMA_META_KEY, ProjectionMask, parquet_to_arrow_schema};
use parquet::file::metadata::{
    FileMetaData, KeyValue, PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader, SortingColumn,
};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::statistics::Statistics;
use parquet::schema::types::SchemaDescPtr;

use super::checksum::{self, BLANK, KEY_CHECKSUM};
use super::encoding::{self, Columns};
use crate::normalise::RULES;
use crate::panics::caught;
use crate::parallel::Threads;
use crate::spec::{DateRange, Table};
use crate::store::Store;
use pitlake_contract::spelling::instant::days_of;

/// Small enough that a query for one stock skips nearly all of a file.
const ROW_GROUP: usize = 32_768;

/// Bytes at the end of a file that contain most footers whole: one request instead of two.
pub(super) const TAIL: u64 = 32 * 1024;

const KEY_TABLE: &str = "pitlake.table";
const KEY_SCHEMA: &str = "pitlake.schema";
const KEY_ORIGIN: &str = "pitlake.origin";
const KEY_RULES: &str = "pitlake.rules";
const KEY_REVISIONS: &str = "pitlake.revisions";
const KEY_COMPANION: &str = "pitlake.companion";
const KEY_NOTED: &str = "pitlake.noted";

/// The facts in a footer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footer {
    /// Digest of what the file was made from. Empty if the footer has none under the present keys, so that the file
    /// counts as stale.
    pub origin: String,
    /// Version of the rules that built it; 0 if the footer has none, as in former versions.
    pub rules: u32,
    /// Number of rows.
    pub rows: u64,
    /// Number of rows that are later versions of their key.
    pub revisions: u64,
    /// First and last event day, if the table has events.
    pub events: Option<DateRange>,
    /// Whether rows of its companion were published before it.
    pub has_companion: bool,
    /// Whether its build rejected rows or noted fields or values.
    pub is_noted: bool,
}

/// What the footer of a new file says, apart from its table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp<'s> {
    /// Digest of what it was made from.
    pub(super) origin: &'s str,
    /// Whether it has a companion.
    pub(super) has_companion: bool,
    /// Whether its build rejected rows or noted fields or values.
    pub(super) is_noted: bool,
}

/// The result of reading a file completely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// What is damaged.
    pub damage: Vec<String>,
    /// Whether checksums vouch for the rest. Files of former versions have none.
    pub has_checksums: bool,
    /// Number of rows according to the footer.
    pub rows: u64,
}

/// Writes a partition.
pub(super) fn write<W: Write + Send>(
    table: &Table,
    rows: &impl Columns,
    stamp: Stamp<'_>,
    (threads, out): (Threads, W),
) -> Result<W> {
    let properties = properties(table, (&table.name, &table.key), rows, stamp)?;
    encoding::write(rows, properties, (ROW_GROUP, threads), out)
}

/// The file of a companion's partition, whose rows are sorted by key and then by `known_on`.
pub(super) fn encode_companion(
    table: &Table,
    batch: &RecordBatch,
    (origin, threads): (&str, Threads),
) -> Result<Bytes> {
    let schema = batch.schema();
    let place = |name| schema.fields().iter().position(|field| field.name() == name);
    let own = ["occurrence", "known_on"].map(place);
    let sorting: Vec<usize> = table.key.iter().copied().chain(own.into_iter().flatten()).collect();
    let name = table.companion().unwrap_or_default();
    let stamp = Stamp { origin, has_companion: false, is_noted: false };
    let properties = properties(table, (&name, &sorting), batch, stamp)?;
    Ok(encoding::write(batch, properties, (ROW_GROUP, threads), Vec::new())?.into())
}

/// Writer properties for a table of this name, sorted by some columns.
fn properties(
    table: &Table,
    (name, sorting): (&str, &[usize]),
    rows: &impl Columns,
    Stamp { origin, has_companion, is_noted }: Stamp<'_>,
) -> Result<WriterProperties> {
    // For a key that is never null, declare nulls last, which is what `ORDER BY` asks for.
    let nulls_first = |column: usize| !table.columns.get(column).is_some_and(|column| column.required);
    let sorting = sorting.iter().map(|&column| {
        Ok(SortingColumn { column_idx: i32::try_from(column)?, descending: false, nulls_first: nulls_first(column) })
    });
    let pair = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
    let mut pairs = vec![
        pair(KEY_TABLE, name.to_owned()),
        pair(KEY_SCHEMA, table.digest.clone()),
        pair(KEY_ORIGIN, origin.to_owned()),
        pair(KEY_RULES, RULES.to_string()),
        pair(KEY_CHECKSUM, BLANK.to_owned()),
    ];
    if let Some((place, _)) = rows.schema().column_with_name("revision").filter(|_| table.versions.is_some()) {
        let revisions = rows.column(place, 0..rows.num_rows())?;
        let later = revisions.as_primitive::<Int32Type>().values().iter().filter(|revision| **revision > 1).count();
        pairs.push(pair(KEY_REVISIONS, later.to_string()));
    }
    if has_companion {
        pairs.push(pair(KEY_COMPANION, "true".to_owned()));
    }
    if is_noted {
        pairs.push(pair(KEY_NOTED, "true".to_owned()));
    }
    let builder = WriterProperties::builder()
        // Even old readers understand version 1 pages.
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by("pitlake".to_owned())
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_sorting_columns(Some(sorting.collect::<Result<_>>()?))
        .set_key_value_metadata(Some(pairs));
    Ok(builder.build())
}

/// Reads the footer of a silver file.
pub(super) async fn footer(store: &Store, table: &Table, path: &str, size: u64) -> Result<Footer> {
    let metadata = metadata(store, path, size).await.with_context(|| format!("cannot read the footer of `{path}`"))?;
    facts(table, path, &metadata)
}

/// Like [`footer`], from the end of a file. `None` if that is too short or damaged.
pub(super) fn footer_in(table: &Table, path: &str, end: &[u8]) -> Option<Result<Footer>> {
    Some(facts(table, path, &decoded(end).ok()??))
}

/// Extracts the facts from a parsed footer.
pub(super) fn facts(table: &Table, path: &str, metadata: &ParquetMetaData) -> Result<Footer> {
    let file = metadata.file_metadata();
    belongs(file, table).with_context(|| format!("cannot use `{path}`"))?;
    ensure!(is_decodable(file), "cannot read the footer of `{path}`: the Arrow schema is damaged");
    let value = |key| value(file, key);
    let origin = value(KEY_ORIGIN);
    let rules = value(KEY_RULES).and_then(|text| text.parse().ok()).unwrap_or(0);
    let revisions = value(KEY_REVISIONS).and_then(|text| text.parse().ok()).unwrap_or(0);
    let event = table.event.map(|column| table.columns[column].name.as_str());
    let column = event.and_then(|name| file.schema_descr().columns().iter().position(|c| c.name() == name));
    let groups = metadata.row_groups().iter().filter_map(|group| days(group.column(column?).statistics()?));
    let events = groups.reduce(DateRange::cover);
    let rows = u64::try_from(file.num_rows()).unwrap_or(0);
    let [has_companion, is_noted] = [KEY_COMPANION, KEY_NOTED].map(|key| value(key).is_some());
    Ok(Footer { origin: origin.unwrap_or_default(), rules, rows, revisions, events, has_companion, is_noted })
}

thread_local! {
    /// The last schemas found decodable, as Arrow's text and as Parquet's.
    static DECODABLE: RefCell<Option<(Option<String>, SchemaDescPtr)>> = const { RefCell::new(None) };
}

/// Whether readers can decode the Arrow schema. They do so first, and damage that is still well-formed makes them panic.
/// The files of a table mostly have the same schemas, and to decode them takes longer than everything else in a footer.
fn is_decodable(file: &FileMetaData) -> bool {
    let (text, descriptor) = (value(file, ARROW_SCHEMA_META_KEY), file.schema_descr_ptr());
    let is_last = |last: &Option<(Option<String>, SchemaDescPtr)>| {
        last.as_ref().is_some_and(|(of_arrow, of_parquet)| *of_arrow == text && *of_parquet == descriptor)
    };
    if DECODABLE.with_borrow(is_last) {
        return true;
    }
    let decoded = caught(|| parquet_to_arrow_schema(&descriptor, file.key_value_metadata()));
    let is_decodable = decoded.is_some_and(|decoded| decoded.is_ok());
    if is_decodable {
        DECODABLE.set(Some((text, descriptor)));
    }
    is_decodable
}

fn value(file: &FileMetaData, key: &str) -> Option<String> {
    let mut pairs = file.key_value_metadata().into_iter().flatten().filter(|pair| pair.key == key);
    pairs.find_map(|pair| pair.value.clone())
}

/// Checks that a file belongs to a table or its companion. Files of former versions do not tell.
fn belongs(file: &FileMetaData, table: &Table) -> Result<()> {
    let other = value(file, KEY_TABLE).filter(|name| *name != table.name && table.companion().as_ref() != Some(name));
    if let Some(other) = other {
        bail!("it holds rows of `{other}`");
    }
    let columns = file.schema_descr().columns();
    let mut key = table.key.iter().map(|column| table.columns[*column].name.as_str());
    if let Some(lacking) = key.find(|key| columns.iter().all(|column| column.name() != *key)) {
        bail!("it has another schema, without the column `{lacking}`");
    }
    Ok(())
}

/// Checks the checksums, then decodes every row. Files of former versions have no checksums.
pub(super) fn inspect(table: &Table, file: &Bytes) -> Inspection {
    let policy = PageIndexPolicy::Optional;
    let metadata = match ParquetMetaDataReader::new().with_page_index_policy(policy).parse_and_finish(file) {
        Ok(metadata) => metadata,
        Err(error) => {
            let damage = vec![format!("the footer cannot be read: {error}")];
            return Inspection { damage, has_checksums: true, rows: 0 };
        }
    };
    let damage = checksum::damage(file, &metadata);
    let has_checksums = damage.is_some();
    let mut damage = damage.unwrap_or_default();
    let rows = u64::try_from(metadata.file_metadata().num_rows()).unwrap_or(0);
    if damage.is_empty()
        && let Err(error) = belongs(metadata.file_metadata(), table).and_then(|()| decode(file, rows))
    {
        damage.push(format!("{error:#}"));
    }
    Inspection { damage, has_checksums, rows }
}

/// The rows of a file, limited to those of the `wanted` columns that it has.
pub(super) fn rows(table: &Table, file: Bytes, wanted: &BTreeSet<String>) -> Result<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)?;
    belongs(reader.metadata().file_metadata(), table)?;
    let names = reader.schema().fields().iter().map(|field| field.name().as_str());
    let mask = ProjectionMask::columns(reader.parquet_schema(), names.filter(|name| wanted.contains(*name)));
    let reader = reader.with_projection(mask).build()?;
    let schema = reader.schema();
    let batches: Vec<RecordBatch> = reader.collect::<Result<_, _>>()?;
    Ok(concat_batches(&schema, &batches)?)
}

/// Decodes all rows and checks their number.
fn decode(file: &Bytes, rows: u64) -> Result<()> {
    let mut decoded = 0;
    for batch in ParquetRecordBatchReaderBuilder::try_new(file.clone())?.build()? {
        decoded += batch?.num_rows() as u64;
    }
    ensure!(decoded == rows, "it holds {decoded} rows, but its footer says {rows}");
    Ok(())
}

/// The event days of a row group.
fn days(events: &Statistics) -> Option<DateRange> {
    let (first, last) = match events {
        Statistics::Int32(days) => (*days.min_opt()?, *days.max_opt()?),
        // An instant belongs to its day in Shanghai.
        Statistics::Int64(micros) => (days_of(*micros.min_opt()?)?, days_of(*micros.max_opt()?)?),
        _ => return None,
    };
    Some(DateRange::new(NaiveDate::from_epoch_days(first)?, NaiveDate::from_epoch_days(last)?))
}

/// Length of the footer, read from the end of a file.
fn length(end: &[u8]) -> Option<usize> {
    end.len()
        .checked_sub(8)
        .map(|at| end[at..].first_chunk::<4>().map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize))
}

/// Parses the footer at the end of a file. `None` if it begins before `end`.
fn decoded(end: &[u8]) -> Result<Option<ParquetMetaData>> {
    let length = length(end).context("the file is truncated")?;
    let at = end.len() - 8;
    let Some(start) = at.checked_sub(length) else { return Ok(None) };
    Ok(Some(ParquetMetaDataReader::decode_metadata(&end[start..at])?))
}

async fn metadata(store: &Store, path: &str, size: u64) -> Result<ParquetMetaData> {
    let tail = store.read_range(path, size.saturating_sub(TAIL)..size).await?;
    if let Some(metadata) = decoded(&tail)? {
        return Ok(metadata);
    }
    let length = length(&tail).context("the file is truncated")?;
    let start = size.checked_sub(length as u64 + 8).context("the footer is longer than the file: it is damaged")?;
    let footer = store.read_range(path, start..size - 8).await?;
    Ok(ParquetMetaDataReader::decode_metadata(&footer)?)
}
