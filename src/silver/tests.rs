//! Partitions that are published and read back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ::parquet::arrow::ArrowWriter;
use ::parquet::file::metadata::KeyValue;
use ::parquet::file::properties::WriterProperties;
use arrow::array::{ArrayRef, Date32Array, StringArray, new_null_array};
use arrow::datatypes::{Field, Schema};
use arrow::record_batch::RecordBatch;
use chrono::NaiveDate;

use super::*;
use crate::normalise::{Remarks, schema};
use crate::spec::{Catalog, DateRange};

fn table() -> Arc<Table> {
    let (catalog, _) = Catalog::load(&[], None).unwrap();
    Arc::clone(catalog.table("stock_daily_cn").unwrap())
}

/// Two rows, of 2024-01-02 and the day after.
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

fn built(table: &Table, rejects: Vec<Reject>) -> Built {
    Built {
        batch: rows(table),
        rejects,
        unknown: BTreeMap::new(),
        remarks: Remarks::default(),
        lacking: BTreeSet::new(),
    }
}

/// As version 0.1.0 wrote it before the project was renamed.
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
    publish(&store, &table, year, built(&table, vec![reject]), "abc".into()).await.unwrap();
    let files = list(&store, &table).await.unwrap();
    assert_eq!((files.len(), files[0].partition), (1, Some(year)));
    assert_eq!(files[0].entry.path, "silver/stock_daily_cn/year=2024/part-0.parquet");
    let expected = Footer { origin: "abc".into(), rows: 2, revisions: 0, events: Some(DateRange::new(day(2), day(3))) };
    assert_eq!(footer(&store, &table, &files[0].entry).await.unwrap(), expected);
    assert_eq!(store.list("rejects").await.unwrap()[0].path, "rejects/stock_daily_cn/year=2024.jsonl.gz");
    let first = store.read(&files[0].entry.path).await.unwrap();
    publish(&store, &table, year, built(&table, Vec::new()), "abc".into()).await.unwrap();
    assert!(store.list("rejects").await.unwrap().is_empty());
    assert_eq!(store.read(&files[0].entry.path).await.unwrap(), first, "the same rows give the same bytes");
}

#[tokio::test]
async fn a_file_with_the_former_metadata_keys_is_stale() {
    let (table, store, year) = (table(), Store::memory(), Partition::Year(2024));
    let now = parquet::encode(&table, &rows(&table), "abc").unwrap();
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
    let body = parquet::encode(&table, &rows(&table), "abc").unwrap();
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
    let file = |inner: &str| path::partition(&table, &format!("silver/stock_daily_cn/{inner}"));
    assert_eq!(file("year=2024/part-0.parquet"), Some(Partition::Year(2024)));
    for other in ["part-0.parquet", "year=02024/part-0.parquet", "year=2024/month=6/part-0.parquet", "year=2024/x"] {
        assert_eq!(file(other), None, "{other}");
    }
}
