//! Cells to Arrow: the one place where a decimal becomes a column's value. Never which rows.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use super::cells::{Cell, Cells, Texts};
use super::decimal::{wide_to_f64, wide_to_i64};
use crate::spec::{Column, ColumnType, Table, TableSource};

/// The column that says which vendor a row came from.
pub const VENDOR: &str = "vendor";

/// The Arrow schema of a table's files: unit and description in each field's metadata.
#[must_use]
pub fn schema(table: &Table) -> SchemaRef {
    let field = |column: &Column| {
        let kind = match column.kind {
            ColumnType::Utf8 => DataType::Utf8,
            ColumnType::Date => DataType::Date32,
            ColumnType::Int64 => DataType::Int64,
            ColumnType::Float64 => DataType::Float64,
            ColumnType::Boolean => DataType::Boolean,
        };
        let mut metadata = HashMap::from([("description".to_owned(), column.description.clone())]);
        if let Some(unit) = column.unit {
            metadata.insert("unit".to_owned(), unit.to_string());
        }
        Field::new(&column.name, kind, true).with_metadata(metadata)
    };
    let mut fields: Vec<Field> = table.columns.iter().map(field).collect();
    let said = HashMap::from([("description".to_owned(), VENDOR_SAYS.to_owned())]);
    fields.push(Field::new(VENDOR, DataType::Utf8, true).with_metadata(said));
    Arc::new(Schema::new(fields))
}

/// The description of the column `vendor`.
pub const VENDOR_SAYS: &str = "the vendor the row came from";

/// Whether a cell fits its column; the value and the reason where it does not.
pub(super) fn check(cell: Cell, kind: ColumnType, shift: i8, texts: &Texts) -> Result<(), String> {
    let fits = match (cell, kind) {
        (Cell::Number(decimal), ColumnType::Int64) => decimal.to_i64(shift).is_some(),
        (Cell::Wide(id), ColumnType::Int64) => wide_to_i64(texts.get(id), shift).is_some(),
        (Cell::Wide(id), ColumnType::Float64) => wide_to_f64(texts.get(id), shift).is_some(),
        _ => true,
    };
    if fits {
        return Ok(());
    }
    let value = match cell {
        Cell::Number(decimal) => format!("{}e{}", decimal.mantissa, decimal.exponent),
        Cell::Wide(id) => texts.get(id).to_owned(),
        _ => String::new(),
    };
    let reason = if kind == ColumnType::Int64 { "is no whole number that fits" } else { "is out of range" };
    Err(format!("{value} x 10^{shift} {reason}"))
}

/// The rows of `order`, typed.
pub(super) fn batch(
    table: &Table,
    columns: &[Cells],
    texts: &Texts,
    order: &[u32],
    origin: &[(u32, u32)],
    sources: &[&TableSource],
) -> Result<RecordBatch, ArrowError> {
    // A column may come in different units from different sources: the shift goes with the file.
    let shifts = |column: usize| -> Vec<i8> {
        let of = |source: &&TableSource| source.fields.iter().find(|p| p.column == column).map_or(0, |p| p.shift);
        sources.iter().map(of).collect()
    };
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(columns.len() + 1);
    for (index, (column, cells)) in table.columns.iter().zip(columns).enumerate() {
        let shifts = shifts(index);
        let rows = order.iter().map(|row| (cells.get(*row as usize), shifts[origin[*row as usize].0 as usize]));
        arrays.push(array(column.kind, rows, order.len(), texts));
    }
    let mut vendor = StringBuilder::with_capacity(order.len(), order.len() * 8);
    for row in order {
        vendor.append_value(&sources[origin[*row as usize].0 as usize].contract.id.vendor);
    }
    arrays.push(Arc::new(vendor.finish()));
    RecordBatch::try_new(schema(table), arrays)
}

fn array(kind: ColumnType, rows: impl Iterator<Item = (Cell, i8)>, len: usize, texts: &Texts) -> ArrayRef {
    match kind {
        ColumnType::Utf8 => {
            let mut out = StringBuilder::with_capacity(len, len * 9);
            for (cell, _) in rows {
                out.append_option(if let Cell::Text(id) = cell { Some(texts.get(id)) } else { None });
            }
            Arc::new(out.finish())
        }
        ColumnType::Date => {
            let mut out = Date32Builder::with_capacity(len);
            for (cell, _) in rows {
                out.append_option(if let Cell::Date(day) = cell { Some(day) } else { None });
            }
            Arc::new(out.finish())
        }
        ColumnType::Boolean => {
            let mut out = BooleanBuilder::with_capacity(len);
            for (cell, _) in rows {
                out.append_option(if let Cell::Flag(flag) = cell { Some(flag) } else { None });
            }
            Arc::new(out.finish())
        }
        ColumnType::Int64 => {
            let mut out = Int64Builder::with_capacity(len);
            for (cell, shift) in rows {
                out.append_option(match cell {
                    Cell::Number(decimal) => decimal.to_i64(shift),
                    Cell::Wide(id) => wide_to_i64(texts.get(id), shift),
                    _ => None,
                });
            }
            Arc::new(out.finish())
        }
        ColumnType::Float64 => {
            let mut out = Float64Builder::with_capacity(len);
            for (cell, shift) in rows {
                out.append_option(match cell {
                    Cell::Number(decimal) => Some(decimal.to_f64(shift)),
                    Cell::Wide(id) => wide_to_f64(texts.get(id), shift),
                    _ => None,
                });
            }
            Arc::new(out.finish())
        }
    }
}
