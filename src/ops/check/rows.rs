//! The rows of a silver file by column, with typed access and rows to show. What is wrong with them is up to `rules`.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use arrow::array::{Array as _, AsArray as _, Float64Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, TimestampMicrosecondType};
use chrono::NaiveDate;
use pitlake_contract::spelling::{day, instant};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// A row, day or file to show: columns and values, in order.
#[derive(Debug)]
pub struct Shown(pub Vec<(String, Value)>);

impl Shown {
    pub(super) fn of<'n>(pairs: impl IntoIterator<Item = (&'n str, Value)>) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }
}

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// The rows of a file.
pub(super) struct Rows {
    pub(super) batch: RecordBatch,
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// A column as doubles, if the file has it.
    pub(super) fn numbers(&self, name: &str) -> Result<Option<Float64Array>> {
        let Some(column) = self.batch.column_by_name(name) else { return Ok(None) };
        Ok(Some(cast(column, &DataType::Float64)?.as_primitive().clone()))
    }

    /// The days of a column; for instants, the day in Shanghai. `None` if the file has no such column.
    pub(super) fn days(&self, name: &str) -> Option<Vec<Option<NaiveDate>>> {
        let column = self.batch.column_by_name(name)?;
        let of_row = |row: usize| {
            if column.is_null(row) {
                return None;
            }
            match column.data_type() {
                DataType::Date32 => day::day(column.as_primitive::<Date32Type>().value(row)),
                DataType::Timestamp(..) => {
                    day::day(instant::days_of(column.as_primitive::<TimestampMicrosecondType>().value(row))?)
                }
                _ => None,
            }
        };
        Some((0..self.len()).map(of_row).collect())
    }

    /// Some columns of a row, formatted as by `query`.
    pub(super) fn shown(&self, row: usize, columns: &[&str]) -> Result<Shown> {
        let schema = self.batch.schema();
        let mut taken = BTreeSet::new();
        let places = columns.iter().filter_map(|name| schema.index_of(name).ok());
        let places: Vec<usize> = places.filter(|place| taken.insert(*place)).collect();
        let mut writer = arrow::json::WriterBuilder::new()
            .with_explicit_nulls(true)
            .build::<_, arrow::json::writer::JsonArray>(Vec::new());
        writer.write(&self.batch.project(&places)?.slice(row, 1))?;
        writer.finish()?;
        let mut rows: Vec<Map<String, Value>> = serde_json::from_slice(&writer.into_inner())?;
        ensure!(rows.len() == 1, "a row cannot be shown");
        let mut values = rows.remove(0);
        let names = places.iter().map(|place| schema.field(*place).name());
        Ok(Shown(names.map(|name| (name.clone(), values.remove(name).unwrap_or_default())).collect()))
    }
}
