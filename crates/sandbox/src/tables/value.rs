//! The value of a row's column, and how the column's contract spells it.
//!
//! A maker states a figure in plain units (CNY, shares, fractions) with any number of decimal places. The unit on the
//! wire comes from the contract. Which figure a row has is not decided here.

use super::{decimal, float, integer};
use crate::Cell;
use crate::market::{Dice, divide, stamp};
use chrono::NaiveDate;
use pitlake_contract::{Dimension, Field, FieldType, Unit};
use std::collections::BTreeMap;

/// The content of a column before it is spelled.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    /// JSON null.
    Null,
    /// A code, name, date or any other text.
    Text(String),
    /// An integer and its number of decimal places: `(123, 2)` is 1.23 CNY, shares, or a fraction.
    Figure(i64, u32),
    /// The same, rounded to the digits it has.
    Rounded(i64, u32),
    /// A number spelled as is, for the vendor's quirks.
    Digits(String),
}

/// A row by column name. Columns that are not named are null.
pub(crate) type Line<'a> = BTreeMap<&'a str, Value>;

/// A line from columns and convertible values: `line! { ann_date: day, holder_name: name }`.
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

/// A fraction, or another plain number, in millionths. This includes a percentage with four decimals.
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

impl Value {
    /// The cell as the contract spells it. Every number draws from the dice, nulls too, so that a gap does not change
    /// the spelling of the columns after it.
    pub(crate) fn cell(self, field: &Field, dice: &mut Dice) -> Cell {
        match (self, field.kind, field.unit) {
            (Self::Text(text), ..) => Cell::Text(text),
            (Self::Digits(digits), ..) => Cell::Number(digits),
            (Self::Null, FieldType::Number, _) => {
                float(0, 0, dice);
                Cell::Null
            }
            (Self::Null, ..) => Cell::Null,
            (Self::Figure(units, places), FieldType::Number, Some(unit)) => {
                let (units, scale) = in_unit(units, places, unit);
                // The only unit whose numbers are quoted.
                if unit == Unit::Cny1e6 { Cell::Text(decimal(units, scale)) } else { float(units, scale, dice) }
            }
            (Self::Rounded(units, places), FieldType::Number, Some(unit)) => {
                let (units, scale) = in_unit(units, places, unit);
                float(units, scale, dice);
                Cell::Number(decimal(units, scale))
            }
            (Self::Figure(units, _) | Self::Rounded(units, _), FieldType::Text, _) => Cell::Text(units.to_string()),
            (Self::Figure(units, places) | Self::Rounded(units, places), ..) => integer(units / 10_i64.pow(places)),
        }
    }
}

/// A plain figure in a unit: the number and its decimal places.
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

/// The most decimal places the vendor gives in a unit.
fn decimals(unit: Unit) -> u32 {
    match unit {
        Unit::Cny | Unit::Lot100 | Unit::Cny1e6 => 2,
        Unit::Cny1e3 => 3,
        Unit::Share | Unit::Count => 0,
        Unit::Ratio | Unit::Number | Unit::CnyPerShare | Unit::HkdPerShare | Unit::Point | Unit::SharePerShare => 6,
        _ => 4,
    }
}
