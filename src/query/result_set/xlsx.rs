//! Rows as an Excel file. Where it is written is decided elsewhere.

use anyhow::{Result, bail};
use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Float64Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet};

use super::ResultSet;

/// The most rows on a sheet, including the heading.
const ROWS: usize = 1_048_576;

/// Excel has only doubles, which hold every integer up to here.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// Excel's number for 1970-01-01.
const EPOCH: i32 = 25_569;

/// Excel's number for 1900-03-01. Before it, Excel counts a day that never existed.
const FIRST: i32 = 61;

impl ResultSet {
    /// The bytes of a workbook with one sheet: numbers and dates as such, other values as text, nulls empty.
    ///
    /// # Errors
    /// When there are more rows than a sheet holds.
    pub fn xlsx(&self) -> Result<Vec<u8>> {
        let rows: usize = self.batches.iter().map(arrow::array::RecordBatch::num_rows).sum();
        if rows >= ROWS {
            bail!("{rows} rows: an Excel sheet holds {}; write Parquet or CSV, or select fewer", ROWS - 1);
        }
        let mut book = Workbook::new();
        let (bold, day) = (Format::new().set_bold(), Format::new().set_num_format("yyyy-mm-dd"));
        let sheet = book.add_worksheet();
        sheet.set_freeze_panes(1, 0)?;
        for (column, field) in (0u16..).zip(self.schema.fields()) {
            sheet.write_with_format(0, column, field.name(), &bold)?;
            if field.data_type() == &DataType::Date32 {
                sheet.set_column_width(column, 11)?;
            }
        }
        let mut first = 1u32;
        for batch in &self.batches {
            for (column, array) in (0u16..).zip(batch.columns()) {
                write(sheet, (first, column), array.as_ref(), &day)?;
            }
            first += u32::try_from(batch.num_rows())?;
        }
        Ok(book.save_to_buffer()?)
    }
}

/// Writes an array into a column.
fn write(sheet: &mut Worksheet, (first, column): (u32, u16), array: &dyn Array, day: &Format) -> Result<()> {
    let options = FormatOptions::new();
    let texts = ArrayFormatter::try_new(array, &options)?;
    let numbers = array.data_type().is_numeric().then(|| cast(array, &DataType::Float64)).transpose()?;
    let numbers = numbers.as_ref().map(AsArray::as_primitive::<Float64Type>);
    let days = array.as_primitive_opt::<Date32Type>();
    let is_whole = array.data_type().is_integer();
    for (row, at) in (first..).zip(0..array.len()) {
        if array.is_null(at) {
            continue;
        }
        let number = numbers.map(|numbers| numbers.value(at));
        let number = number.filter(|number| number.is_finite() && !(is_whole && number.abs() >= WHOLE));
        let serial = days.map(|days| days.value(at).saturating_add(EPOCH)).filter(|serial| *serial >= FIRST);
        if let Some(number) = number {
            sheet.write_number(row, column, number)?;
        } else if let Some(serial) = serial {
            sheet.write_with_format(row, column, &ExcelDateTime::from_serial_datetime(serial)?, day)?;
        } else {
            sheet.write_string(row, column, texts.value(at).try_to_string()?)?;
        }
    }
    Ok(())
}
