//! Reads Parquet, Feather and Arrow streams: columns become JSON values with their digits unchanged. What a value means
//! is decided in `normalise`, not here.

use std::fmt::Display;
use std::io::Cursor;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray as _, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Date64Type, Float16Type, Float32Type, Float64Type, Int64Type, TimeUnit};
use arrow::error::ArrowError;
use arrow_ipc::reader::{FileReader, StreamReader};
use bytes::Bytes;
use chrono::{DateTime, FixedOffset, Offset as _, Utc};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pitlake_contract::spelling::instant::SHANGHAI;

use super::format::Format;
use super::{AGAIN, CaptureError, CaptureReader, json_string};
use super::{claims, pages};
use crate::panics::caught;

/// Rows converted at a time. A batch may claim any number of rows that take no bytes.
const TOGETHER: usize = 8 << 10;

/// Names of time zones whose clocks show Shanghai's time.
const OF_SHANGHAI: [&str; 8] = [
    "Asia/Shanghai",
    "Asia/Chongqing",
    "Asia/Harbin",
    "Asia/Hong_Kong",
    "Asia/Taipei",
    "Asia/Macau",
    "PRC",
    "Hongkong",
];

impl CaptureReader<'_> {
    pub(super) fn columnar(&mut self, body: Bytes, format: Format) -> Result<(), CaptureError> {
        // The readers panic on some damaged files.
        let read = caught(|| self.read_columnar(body, format));
        read.unwrap_or_else(|| Err(self.error(None, "the file is damaged".into(), AGAIN)))
    }

    fn read_columnar(&mut self, body: Bytes, format: Format) -> Result<(), CaptureError> {
        let claimed = match format {
            Format::ArrowStream => claims::of_stream(&body, self.most as u64),
            Format::Feather => claims::of_file(&body, self.most as u64),
            Format::Parquet => pages::of_footer(&body),
            Format::Text => Ok(()),
        };
        claimed.map_err(|problem| self.damaged(&problem))?;
        let read = match format {
            Format::Parquet => {
                let file = ParquetRecordBatchReaderBuilder::try_new(body.clone())
                    .map_err(|error| self.damaged(&ArrowError::from(error)))?;
                let claimed = pages::of_pages(&body, file.metadata(), self.most as u64);
                claimed.map_err(|problem| self.damaged(&problem))?;
                file.build().map_err(ArrowError::from).map(|batches| self.batches(batches))
            }
            Format::ArrowStream => StreamReader::try_new(Cursor::new(body), None).map(|batches| self.batches(batches)),
            Format::Feather | Format::Text => {
                FileReader::try_new(Cursor::new(body), None).map(|batches| self.batches(batches))
            }
        };
        read.unwrap_or_else(|error| Err(self.damaged(&error)))
    }

    fn batches(&mut self, batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>) -> Result<(), CaptureError> {
        for batch in batches {
            let batch = batch.map_err(|error| self.damaged(&error))?;
            self.batch(&batch)?;
        }
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<(), CaptureError> {
        let schema = batch.schema();
        // pandas gives an unnamed index a name of this form.
        let named = schema.fields().iter().zip(batch.columns());
        let named: Vec<_> = named.filter(|(field, _)| !field.name().starts_with("__index_level_")).collect();
        let fields = self.header(named.iter().map(|(field, _)| field.name().as_str()))?;
        for first in (0..batch.num_rows()).step_by(TOGETHER) {
            let rows = TOGETHER.min(batch.num_rows() - first);
            let mut columns = Vec::with_capacity(named.len());
            for (field, column) in &named {
                columns.push(values(&column.slice(first, rows)).map_err(|problem| {
                    self.error(None, format!("column `{}`: {problem}", field.name()), "save it as JSON lines")
                })?);
            }
            for row in 0..rows {
                let cells = fields.iter().zip(&columns).map(|(field, column)| (*field, column[row].as_str().into()));
                self.row(cells)?;
            }
        }
        Ok(())
    }

    fn damaged(&self, error: &impl Display) -> CaptureError {
        self.error(None, format!("the file is damaged: {error}"), AGAIN)
    }
}

/// The values of a column as JSON.
fn values(column: &ArrayRef) -> Result<Vec<String>, String> {
    let as_type = |kind: &DataType| cast(column, kind).map_err(|error| error.to_string());
    Ok(match column.data_type() {
        DataType::Null => vec!["null".to_owned(); column.len()],
        DataType::Boolean => {
            let flags = column.as_boolean();
            (0..column.len()).map(|row| or_null(flags.is_valid(row), || flags.value(row).to_string())).collect()
        }
        kind if kind.is_integer() || kind.is_decimal() => {
            let digits = as_type(&DataType::Utf8)?;
            let digits = digits.as_string::<i32>();
            (0..column.len()).map(|row| or_null(digits.is_valid(row), || digits.value(row).to_owned())).collect()
        }
        DataType::Float16 => each::<Float16Type>(column, |value| number(value.to_f32(), value.to_f32().is_finite())),
        DataType::Float32 => each::<Float32Type>(column, |value| number(value, value.is_finite())),
        DataType::Float64 => each::<Float64Type>(column, |value| number(value, value.is_finite())),
        DataType::Date32 => each::<Date32Type>(column, |days| text(Date32Type::to_naive_date_opt(days))),
        DataType::Date64 => each::<Date64Type>(column, |millis| text(Date64Type::to_naive_date_opt(millis))),
        DataType::Timestamp(unit, zone) => {
            let unit = *unit;
            let zone = zone.as_deref().map(zone_of);
            let counts = as_type(&DataType::Int64)?;
            each::<Int64Type>(&counts, |count| instant(count, unit, zone))
        }
        DataType::Dictionary(_, of) => values(&as_type(of)?)?,
        DataType::RunEndEncoded(_, of) => values(&as_type(of.data_type())?)?,
        DataType::Utf8
        | DataType::LargeUtf8
        | DataType::Utf8View
        | DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => {
            let texts = as_type(&DataType::Utf8)?;
            let texts = texts.as_string::<i32>();
            (0..column.len()).map(|row| or_null(texts.is_valid(row), || json_string(texts.value(row)))).collect()
        }
        other => return Err(format!("values of the type {other} are not supported")),
    })
}

fn or_null(is_valid: bool, value: impl Fn() -> String) -> String {
    if is_valid { value() } else { "null".to_owned() }
}

/// The values of a column of a primitive type.
fn each<T: ArrowPrimitiveType>(column: &ArrayRef, value: impl Fn(T::Native) -> String) -> Vec<String> {
    column.as_primitive::<T>().iter().map(|one| one.map_or_else(|| "null".to_owned(), &value)).collect()
}

/// A float in its shortest form that round-trips. NaN and infinities become text.
fn number<T: serde::Serialize + Display>(value: T, is_finite: bool) -> String {
    let written = if is_finite { serde_json::to_string(&value).ok() } else { None };
    written.unwrap_or_else(|| json_string(&value.to_string()))
}

fn text<T: Display>(value: Option<T>) -> String {
    value.map_or_else(|| "null".to_owned(), |value| json_string(&value.to_string()))
}

/// The offset of a zone. UTC if the offset changes with the season.
fn zone_of(name: &str) -> FixedOffset {
    if OF_SHANGHAI.contains(&name) {
        return SHANGHAI;
    }
    name.parse().unwrap_or(Utc.fix())
}

/// An instant as ISO text: with an offset if the column has a zone, otherwise as local time.
fn instant(count: i64, unit: TimeUnit, zone: Option<FixedOffset>) -> String {
    let at = match unit {
        TimeUnit::Second => DateTime::from_timestamp(count, 0),
        TimeUnit::Millisecond => DateTime::from_timestamp_millis(count),
        TimeUnit::Microsecond => DateTime::from_timestamp_micros(count),
        TimeUnit::Nanosecond => Some(DateTime::from_timestamp_nanos(count)),
    };
    text(at.map(|at| match zone {
        Some(zone) => at.with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S%.f%:z").to_string(),
        None => at.format("%Y-%m-%d %H:%M:%S%.f").to_string(),
    }))
}
