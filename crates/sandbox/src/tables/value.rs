//! What a row says in a column, and how the column's contract has it written.
//!
//! A maker states a figure in plain units (CNY, shares, parts of a whole) with as many decimal places as it likes; the
//! unit on the wire comes from the contract. Which figure a row has is never decided here.

use super::text::{Pen, decimal, integer};
use crate::Cell;
use crate::market::calendar::stamp;
use crate::market::walk::divide;
use chrono::NaiveDate;
use pitlake_contract::{Dimension, Field, FieldType, Unit};
use std::collections::BTreeMap;

/// The content of a column before it is spelled.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    /// JSON null.
    Null,
    /// A code, name, day or anything else in words.
    Text(String),
    /// So many units of the given number of decimal places: `(123, 2)` is 1.23 CNY, shares, or wholes.
    Figure(i64, u32),
    /// The same without digits that it does not have: a rounded figure.
    Rounded(i64, u32),
    /// A number in its plain spelling: where a vendor's oddity needs it.
    Digits(String),
}

/// A row by the names of its columns; a column that is not named is null.
pub(crate) type Line<'a> = BTreeMap<&'a str, Value>;

/// A line of columns and what becomes their values: `line! { ann_date: day, holder_name: name }`.
macro_rules! line {
    ($($column:ident: $value:expr),* $(,)?) => {
        $crate::tables::value::Line::from([$((stringify!($column), $crate::tables::value::Value::from($value))),*])
    };
}
pub(crate) use line;

/// An amount of money in fen.
pub(crate) fn fen(units: i64) -> Value {
    Value::Figure(units, 2)
}

/// A whole number of shares, CNY, holders or anything else.
pub(crate) fn whole(units: i64) -> Value {
    Value::Figure(units, 0)
}

/// A part of a whole, or another plain number, in millionths. A percentage with four decimals is one.
pub(crate) fn millionths(units: i64) -> Value {
    Value::Figure(units, 6)
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<NaiveDate> for Value {
    fn from(day: NaiveDate) -> Self {
        Self::Text(stamp(day))
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl Pen {
    /// Writes a value as the contract of its column says. Every value of a number draws, nulls too: so that the columns
    /// after a gap are spelled as if it were none.
    pub(crate) fn cell(&mut self, field: &Field, value: Value) -> Cell {
        match (value, field.kind, field.unit) {
            (Value::Text(text), ..) => Cell::Text(text),
            (Value::Digits(digits), ..) => Cell::Number(digits),
            (Value::Null, FieldType::Number, _) => {
                self.float(0, 0);
                Cell::Null
            }
            (Value::Null, ..) => Cell::Null,
            (Value::Figure(units, places), FieldType::Number, Some(unit)) => {
                let (units, scale) = in_unit(units, places, unit);
                // The one unit whose numbers come in quotes.
                if unit == Unit::Cny1e6 { Cell::Text(decimal(units, scale)) } else { self.float(units, scale) }
            }
            (Value::Rounded(units, places), FieldType::Number, Some(unit)) => {
                let (units, scale) = in_unit(units, places, unit);
                self.float(units, scale);
                Cell::Number(decimal(units, scale))
            }
            (Value::Figure(units, _) | Value::Rounded(units, _), FieldType::Text, _) => Cell::Text(units.to_string()),
            (Value::Figure(units, places) | Value::Rounded(units, places), ..) => integer(units / 10_i64.pow(places)),
        }
    }
}

/// A plain figure in a unit: the units and their decimal places.
fn in_unit(units: i64, places: u32, unit: Unit) -> (i64, u32) {
    let plain = if unit.dimension() == Dimension::Fraction { Unit::Ratio } else { unit.canonical() };
    let shift = unit.shift_to(plain).map_or(0, i32::from);
    let scale = i32::try_from(places).unwrap_or_default() + shift;
    let most = decimals(unit);
    match u32::try_from(scale) {
        Ok(scale) if scale > most => (divide(units, 10_i64.pow(scale - most)), most),
        Ok(scale) => (units, scale),
        Err(_) => (units * 10_i64.pow(scale.unsigned_abs()), 0),
    }
}

/// Most decimal places that the vendor gives in a unit.
fn decimals(unit: Unit) -> u32 {
    match unit {
        Unit::Cny | Unit::Lot100 | Unit::Cny1e6 => 2,
        Unit::Cny1e3 => 3,
        Unit::Share | Unit::Count => 0,
        Unit::Ratio | Unit::Number | Unit::CnyPerShare | Unit::HkdPerShare | Unit::Point | Unit::SharePerShare => 6,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_go_out_in_the_contracts_unit() {
        let cases = [
            (fen(1_234_500), Unit::Cny, "12345.0"),
            (fen(1_234_500), Unit::Cny1e3, "12.345"),
            (fen(1_234_567), Unit::Cny1e4, "1.2346"),
            (whole(1_250), Unit::Lot100, "12.5"),
            (whole(3), Unit::Share, "3.0"),
            (millionths(12_345), Unit::Percent, "1.2345"),
            (millionths(12_345), Unit::Ratio, "0.012345"),
            (whole(2), Unit::Percent, "200.0"),
        ];
        for (value, unit, expected) in cases {
            let Value::Figure(units, places) = value else { unreachable!() };
            let (units, scale) = in_unit(units, places, unit);
            assert_eq!(decimal(units, scale), expected, "{unit}");
        }
    }
}
