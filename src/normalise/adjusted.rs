//! Detects adjusted prices among raw ones. A day's average price, amount / volume, is never adjusted, and lies between
//! its low and high only if those are not adjusted either. What to do about it is decided elsewhere.

use arrow::array::{Array as _, AsArray as _, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use arrow::record_batch::RecordBatch;

use crate::spec::Table;

/// How far the average may lie outside the range, because prices and amounts are rounded.
const TOLERANCE: f64 = 0.002;

/// The number of rows whose average price lies outside their low and high, and of rows that have all these figures.
/// `None` for a table without them.
#[must_use]
pub fn outside(table: &Table, batch: &RecordBatch) -> Option<(usize, usize)> {
    let [amount, volume] = table.traded()?;
    let numbers = |name: &str| -> Option<Float64Array> {
        let numbers = cast(batch.column_by_name(name)?, &DataType::Float64).ok()?;
        Some(numbers.as_primitive::<Float64Type>().clone())
    };
    let of = |column: usize| numbers(&table.columns[column].name);
    let (amount, volume, low, high) = (of(amount)?, of(volume)?, numbers("low")?, numbers("high")?);
    let (mut outside, mut rows) = (0, 0);
    for row in 0..batch.num_rows() {
        if [&amount, &volume, &low, &high].iter().any(|column| column.is_null(row)) || volume.value(row) <= 0.0 {
            continue;
        }
        let average = amount.value(row) / volume.value(row);
        rows += 1;
        let is_inside = low.value(row) * (1.0 - TOLERANCE) <= average && average <= high.value(row) * (1.0 + TOLERANCE);
        outside += usize::from(!is_inside);
    }
    Some((outside, rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::{Input, read};
    use crate::spec::{Catalog, InterfaceId};

    fn of(lines: &str) -> Option<(usize, usize)> {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        let id = InterfaceId::parse("tushare/daily").unwrap();
        let table = catalog.fed_by(&id).unwrap();
        let source = table.source(&id).unwrap();
        outside(table, &read(table, Input::new("f", source), lines.as_bytes()).unwrap().batch)
    }

    fn bar(day: u32, low: &str, high: &str, vol: &str, amount: &str) -> String {
        format!(
            "{{\"ts_code\":\"600001.SH\",\"trade_date\":\"2024010{day}\",\"low\":{low},\"high\":{high},\"close\":{low},\
             \"vol\":{vol},\"amount\":{amount}}}\n"
        )
    }

    #[test]
    fn an_average_outside_low_and_high_is_counted() {
        // Shares are in lots of 100 and money in thousands, so the average is ten times amount / vol.
        let raw = bar(2, "9.9", "10.3", "1234.0", "1250.5");
        let adjusted = bar(3, "8.415", "8.755", "1234.0", "1253.4");
        assert_eq!(of(&raw), Some((0, 1)));
        assert_eq!(of(&[raw.as_str(), &adjusted].concat()), Some((1, 2)));
    }

    #[test]
    fn rows_without_trade_and_rounded_ones_count_as_nothing() {
        assert_eq!(of(&bar(2, "9.9", "10.3", "0", "0")), Some((0, 0)));
        assert_eq!(of(&bar(2, "9.9", "10.3", "null", "5")), Some((0, 0)));
        // The whole day at one price, with the amount rounded to thousands.
        assert_eq!(of(&bar(2, "9.99", "9.99", "3.0", "3.0")), Some((0, 1)));
    }
}
