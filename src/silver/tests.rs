//! Publishing partitions and reading them back.

use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector};
use ::parquet::file::metadata::{KeyValue, PageIndexPolicy, ParquetMetaDataReader, RowGroupMetaData, SortingColumn};
use ::parquet::file::properties::WriterProperties;
use arrow::array::{ArrayRef, Date32Array, Float64Array, StringArray, new_null_array};
use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use chrono::NaiveDate;
use proptest::prelude::*;

use super::*;
use crate::normalise::{RULES, schema};
use crate::spec::{Catalog, DateRange};

fn table() -> Arc<Table> {
    let (catalog, _) = Catalog::load(&[], None).unwrap();
    Arc::clone(catalog.table("stock_daily_cn").unwrap())
}

/// Two rows, for 2024-01-02 and the day after.
fn rows(table: &Table) -> RecordBatch {
    let fields = schema(table).fields().iter().map(|field| Field::clone(field).with_nullable(true)).collect::<Vec<_>>();
    let column = |field: &Field| -> ArrayRef {
        match field.name().as_str() {
            "ts_code" => Arc::new(StringArray::from(vec!["000001.SZ", "000002.SZ"])),
            "trade_date" => Arc::new(Date32Array::from(vec![19_724, 19_725])),
            _ => new_null_array(field.data_type(), 2),
        }
    };
    let columns = fields.iter().map(column).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

fn bytes(rows: &RecordBatch) -> Bytes {
    let stamp = parquet::Stamp { origin: "abc", has_companion: false, is_noted: false };
    parquet::write(&table(), rows, stamp, (Threads::ONE, Vec::new())).unwrap().into()
}

async fn published(store: &Store, rejects: &[Reject]) {
    let table = table();
    let mut draft = store.draft(&path(&table, Partition::Year(2024))).unwrap();
    draft.write_all(&bytes(&rows(&table))).unwrap();
    let encoded = Encoded { rows: draft, companion: None, rejects: encode_rejects(rejects).unwrap() };
    publish(store, &table, Partition::Year(2024), encoded).await.unwrap();
}

/// As version 0.1.0 wrote it, before the project was renamed.
fn with_former_keys(rows: &RecordBatch) -> Bytes {
    let key = concat!("ashare", "-lake.origin").to_owned();
    let pairs = vec![KeyValue::new(key, "abc".to_owned())];
    let properties = WriterProperties::builder().set_key_value_metadata(Some(pairs)).build();
    let mut out = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut out, rows.schema(), Some(properties)).unwrap();
    writer.write(rows).unwrap();
    writer.close().unwrap();
    out.into()
}

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 1, day).unwrap()
}

#[tokio::test]
async fn a_published_partition_tells_its_rows_days_and_origin() {
    let (table, store, year) = (table(), Store::memory(), Partition::Year(2024));
    let reject = Reject { file: "bronze/x.jsonl.gz".into(), line: 1, reason: "a null key".into(), row: "{}".into() };
    published(&store, &[reject]).await;
    let files = list(&store, &table).await.unwrap();
    assert_eq!((files.len(), files[0].partition), (1, Some(year)));
    assert_eq!(files[0].entry.path, "silver/stock_daily_cn/year=2024/part-0.parquet");
    let expected = Footer {
        origin: "abc".into(),
        rules: RULES,
        rows: 2,
        revisions: 0,
        events: Some(DateRange::new(day(2), day(3))),
        has_companion: false,
        is_noted: false,
    };
    assert_eq!(footer(&store, &table, &files[0].entry).await.unwrap(), expected);
    let body = store.read(&files[0].entry.path).await.unwrap();
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&body).unwrap();
    let by = |column_idx| SortingColumn { column_idx, descending: false, nulls_first: false };
    assert_eq!(metadata.row_group(0).sorting_columns(), Some(&vec![by(0), by(1)]));
    assert_eq!(store.list("rejects").await.unwrap()[0].path, "rejects/stock_daily_cn/year=2024.jsonl.gz");
    let first = store.read(&files[0].entry.path).await.unwrap();
    published(&store, &[]).await;
    assert!(store.list("rejects").await.unwrap().is_empty());
    assert_eq!(store.read(&files[0].entry.path).await.unwrap(), first, "the same rows give the same bytes");
}

#[tokio::test]
async fn a_file_with_the_former_metadata_keys_is_stale() {
    let (table, store, year) = (table(), Store::memory(), Partition::Year(2024));
    let now = bytes(&rows(&table));
    for (body, origin) in [(now, "abc"), (with_former_keys(&rows(&table)), "")] {
        store.put(&path(&table, year), body).await.unwrap();
        let files = list(&store, &table).await.unwrap();
        let footer = footer(&store, &table, &files[0].entry).await.unwrap();
        assert_eq!((footer.origin.as_str(), footer.rows), (origin, 2));
    }
}

#[tokio::test]
async fn a_damaged_file_is_an_error_that_names_it() {
    let (table, store) = (table(), Store::memory());
    let body = bytes(&rows(&table));
    for end in [0, 4, 100, body.len() - 1] {
        store.put("silver/stock_daily_cn/year=2024/part-0.parquet", body.slice(..end)).await.unwrap();
        let entry = list(&store, &table).await.unwrap().remove(0).entry;
        let error = format!("{:#}", footer(&store, &table, &entry).await.unwrap_err());
        assert!(error.starts_with("cannot read the footer of `silver/stock_daily_cn/year=2024/"), "{error}");
    }
}

#[test]
fn a_path_leads_back_to_its_partition() {
    let table = table();
    let file =
        |inner: &str| path::partition(&table, "silver/stock_daily_cn", &format!("silver/stock_daily_cn/{inner}"));
    assert_eq!(file("year=2024/part-0.parquet"), Some(Partition::Year(2024)));
    for other in ["part-0.parquet", "year=02024/part-0.parquet", "year=2024/month=6/part-0.parquet", "year=2024/x"] {
        assert_eq!(file(other), None, "{other}");
    }
}

/// Many rows: several row groups, with and without dictionaries; texts, days, doubles and gaps.
fn many(table: &Table, rows: usize) -> RecordBatch {
    let schema = schema(table);
    let column = |field: &Arc<Field>| -> ArrayRef {
        let steps = 0..u32::try_from(rows).unwrap();
        match field.name().as_str() {
            "ts_code" => Arc::new(StringArray::from_iter_values(steps.map(|row| format!("{:06}.SZ", row / 250)))),
            "trade_date" => {
                Arc::new(Date32Array::from_iter_values(steps.map(|row| 19_724 + (row % 250).cast_signed())))
            }
            "close" => Arc::new(Float64Array::from_iter_values(steps.map(|row| f64::from(row % 97) / 8.0))),
            "amount" => {
                let amount =
                    |row: u32| (!row.is_multiple_of(5)).then(|| f64::from(row.wrapping_mul(2_654_435_761)) / 7.0);
                Arc::new(steps.map(amount).collect::<Float64Array>())
            }
            _ => new_null_array(field.data_type(), rows),
        }
    };
    let fields = schema.fields().iter().map(|field| Field::clone(field).with_nullable(true)).collect::<Vec<_>>();
    let columns = schema.fields().iter().map(column).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

#[test]
fn rows_are_read_back_from_pages_with_checksums() {
    let table = table();
    for rows in [0, 1, 70_000] {
        let batch = many(&table, rows);
        let body = bytes(&batch);
        let whole = Inspection { damage: Vec::new(), has_checksums: true, rows: rows as u64 };
        assert_eq!(parquet::inspect(&table, &body), whole);
        let read = |selected: Option<RowSelection>| {
            let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
            let mut reader = ParquetRecordBatchReaderBuilder::try_new_with_options(body.clone(), options).unwrap();
            if let Some(selected) = selected {
                reader = reader.with_row_selection(selected);
            }
            let schema = Arc::clone(reader.schema());
            let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
            concat_batches(&schema, &batches).unwrap()
        };
        assert_eq!(read(None).columns(), batch.columns());
        if rows > 60_000 {
            // The page index leads to a single page.
            let selected = RowSelection::from(vec![RowSelector::skip(50_000), RowSelector::select(10)]);
            assert_eq!(read(Some(selected)).columns(), batch.slice(50_000, 10).columns());
        }
    }
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    let table = table();
    let body = bytes(&many(&table, 300));
    for place in 0..body.len() {
        let mut damaged = body.to_vec();
        damaged[place] ^= 1 << (place % 8);
        let inspection = parquet::inspect(&table, &damaged.into());
        assert!(!inspection.damage.is_empty(), "byte {place} of {}", body.len());
    }
}

#[test]
fn a_footer_that_is_read_does_not_make_readers_panic() {
    let table = table();
    let body = bytes(&many(&table, 300));
    let footer = body.len() - 8 - u32::from_le_bytes(*body[body.len() - 8..].first_chunk().unwrap()) as usize;
    let mut accepted = 0;
    for place in footer..body.len() {
        let mut damaged = body.to_vec();
        damaged[place] ^= 1 << (place % 8);
        let damaged = Bytes::from(damaged);
        if let Some(Ok(_)) = parquet::footer_in(&table, "a", &damaged) {
            accepted += 1;
            let read = crate::panics::caught(|| ParquetRecordBatchReaderBuilder::try_new(damaged).is_ok());
            assert!(read.is_some(), "byte {place} of {}", body.len());
        }
    }
    assert!(accepted > 100, "{accepted}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn damaged_pages_are_named_by_column(place in 0.0..1.0f64, mask in 1u8.., rows in 1usize..70_000) {
        let table = table();
        let body = bytes(&many(&table, rows));
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&body).unwrap();
        let columns: Vec<_> = metadata.row_groups().iter().flat_map(RowGroupMetaData::columns).collect();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let column = columns[(place * columns.len() as f64) as usize];
        let (start, length) = column.byte_range();
        let mut damaged = body.to_vec();
        // The last byte of a column is always data, not a header.
        damaged[usize::try_from(start + length).unwrap() - 1] ^= mask;
        let damage = parquet::inspect(&table, &damaged.into()).damage;
        prop_assert_eq!(damage.len(), 1);
        prop_assert!(damage[0].starts_with(&format!("column `{}`, rows ", column.column_path().string())), "{:?}", damage);
    }
}
