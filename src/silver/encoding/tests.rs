//! Columns of every type, encoded here and read back by the `parquet` crate.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    Array, AsArray as _, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector};
use parquet::file::metadata::{KeyValue, PageIndexPolicy};
use proptest::prelude::*;

use super::super::checksum::{BLANK, KEY_CHECKSUM};
use super::*;

/// How the values of a column are distributed.
#[derive(Debug, Clone, Copy)]
struct Spread {
    /// Number of distinct values. If there are fewer rows, all differ.
    distinct: u64,
    /// One value in this many is null; 0 means none.
    missing: u64,
    seed: u64,
}

impl Spread {
    /// One number per row.
    fn numbers(self, rows: usize) -> impl Iterator<Item = Option<i64>> {
        (0..rows as u64).map(move |row| {
            let mixed = (row ^ self.seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let is_missing = self.missing > 0 && (mixed >> 40).is_multiple_of(self.missing);
            let value = if self.distinct > 1 << 40 { mixed } else { (mixed >> 20) % self.distinct };
            (!is_missing).then_some(value.cast_signed())
        })
    }
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
fn batch(rows: usize, spread: Spread) -> RecordBatch {
    let numbers = || spread.numbers(rows);
    let text = |number: i64| if number % 7 == 3 { "长".repeat(30) + &number.to_string() } else { number.to_string() };
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("double", Arc::new(numbers().map(|n| n.map(|n| n as f64 / 100.0)).collect::<Float64Array>())),
        ("whole", Arc::new(numbers().collect::<Int64Array>())),
        ("small", Arc::new(numbers().map(|n| n.map(|n| n as i32)).collect::<Int32Array>())),
        ("day", Arc::new(numbers().map(|n| n.map(|n| n as i32)).collect::<Date32Array>())),
        ("at", Arc::new(numbers().collect::<TimestampMicrosecondArray>().with_timezone("UTC"))),
        ("flag", Arc::new(numbers().map(|n| n.map(|n| n & 1 == 1)).collect::<BooleanArray>())),
        ("text", Arc::new(numbers().map(|n| n.map(text)).collect::<StringArray>())),
    ];
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

fn encoded(rows: &impl Columns, group: usize, threads: Threads) -> Bytes {
    let checksum = KeyValue::new(KEY_CHECKSUM.to_owned(), BLANK.to_owned());
    let properties = WriterProperties::builder().set_key_value_metadata(Some(vec![checksum])).build();
    write(rows, properties, (group, threads), Vec::new()).unwrap().into()
}

/// Rows whose texts are numbered in no particular order, and whose numbers are multiples of a power of ten.
struct Numbered(RecordBatch);

impl Columns for Numbered {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }

    fn num_rows(&self) -> usize {
        self.0.num_rows()
    }

    fn column(&self, index: usize, rows: Range<usize>) -> Result<ArrayRef> {
        Columns::column(&self.0, index, rows)
    }

    fn texts(&self, index: usize, rows: Range<usize>) -> Option<NumberedTexts<'_>> {
        let texts = self.0.column(index).as_string_opt::<i32>()?;
        let mut known: Vec<&str> = Vec::new();
        let mut places: HashMap<&str, i32> = HashMap::new();
        for text in texts.iter().rev().flatten() {
            places.entry(text).or_insert_with(|| {
                known.push(text);
                i32::try_from(known.len() - 1).unwrap()
            });
        }
        let numbers =
            rows.map(|row| if texts.is_null(row) { NumberedTexts::MISSING } else { places[texts.value(row)] });
        Some(NumberedTexts {
            numbers: numbers.collect(),
            text: Box::new(move |number| known[usize::try_from(number).unwrap()]),
        })
    }

    fn decimals(&self, index: usize, rows: Range<usize>) -> Option<Decimals> {
        decimals(&self.0.column(index).slice(rows.start, rows.len()))
    }
}

/// Numbers as multiples of a power of ten, if all of them are.
fn decimals(array: &dyn Array) -> Option<Decimals> {
    let (power, numbers): (i32, Vec<Option<i64>>) = match array.data_type() {
        #[allow(clippy::cast_possible_truncation)]
        DataType::Float64 => {
            let hundredths = |value: f64| (value * 100.0).round() as i64;
            (-2, array.as_primitive::<Float64Type>().iter().map(|value| value.map(hundredths)).collect())
        }
        DataType::Int64 => (0, array.as_primitive::<Int64Type>().iter().collect()),
        _ => return None,
    };
    let numbers = numbers.into_iter().map(|number| i32::try_from(number.unwrap_or_default()).ok());
    Some(Decimals { numbers: numbers.collect::<Option<_>>()?, power, nulls: array.nulls().cloned() })
}

fn reader(body: &Bytes) -> ParquetRecordBatchReaderBuilder<Bytes> {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    ParquetRecordBatchReaderBuilder::try_new_with_options(body.clone(), options).unwrap()
}

fn read(builder: ParquetRecordBatchReaderBuilder<Bytes>) -> RecordBatch {
    let schema = Arc::clone(builder.schema());
    let batches: Vec<RecordBatch> = builder.build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

fn spread() -> impl Strategy<Value = Spread> {
    let distinct = prop_oneof![Just(1), 2u64..300, 300u64..40_000, Just(u64::MAX)];
    let missing = prop_oneof![Just(0), Just(1), 2u64..2000];
    (distinct, missing, any::<u64>()).prop_map(|(distinct, missing, seed)| Spread { distinct, missing, seed })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn columns_are_read_back(rows in prop_oneof![0usize..40, 16_000usize..40_000], spread in spread(), at in 0.0..1.0f64) {
        let batch = batch(rows, spread);
        let body = encoded(&batch, 20_000, Threads::ONE);
        prop_assert_eq!(&encoded(&batch, 20_000, Threads::available().at_most(3)), &body);
        prop_assert_eq!(&encoded(&Numbered(batch.clone()), 20_000, Threads::ONE), &body);
        let whole = read(reader(&body));
        prop_assert_eq!(whole.columns(), batch.columns());
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let start = (at * rows as f64) as usize;
        let length = 5.min(rows - start);
        let selection = RowSelection::from(vec![RowSelector::skip(start), RowSelector::select(length)]);
        let some = read(reader(&body).with_row_selection(selection));
        let expected = batch.slice(start, length);
        prop_assert_eq!(some.columns(), expected.columns());
    }

    #[test]
    fn bounds_are_those_of_the_values(rows in 1usize..40_000, spread in spread()) {
        let batch = batch(rows, spread);
        let reader = reader(&encoded(&batch, 20_000, Threads::ONE));
        let groups = reader.metadata().row_groups();
        for (name, column) in ["double", "whole", "small", "day", "at"].iter().zip(batch.columns()) {
            let converter = StatisticsConverter::try_new(name, reader.schema(), reader.parquet_schema()).unwrap();
            let (least, most) = (converter.row_group_mins(groups).unwrap(), converter.row_group_maxes(groups).unwrap());
            let nulls = converter.row_group_null_counts(groups).unwrap();
            for group in 0..groups.len() {
                let start = group * 20_000;
                let values = column.slice(start, 20_000.min(rows - start));
                let sorted = arrow::compute::sort(&values, None).unwrap();
                let first = sorted.null_count();
                prop_assert_eq!(nulls.value(group), first as u64);
                if first < values.len() {
                    prop_assert_eq!(&least.slice(group, 1), &sorted.slice(first, 1));
                    prop_assert_eq!(&most.slice(group, 1), &sorted.slice(sorted.len() - 1, 1));
                }
            }
        }
    }
}
