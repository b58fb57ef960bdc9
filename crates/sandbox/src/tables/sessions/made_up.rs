//! Cells that follow from nothing but their contract: its type, its unit, and the values it names.

use super::item::Row;
use crate::market::moments::on;
use crate::market::walk::divide;
use crate::tables::text::Pen;
use crate::tables::value::{Value, fen, millionths, whole};
use pitlake_contract::{Dimension, Field, FieldType, Unit};

/// Texts for nothing in particular.
const WORDS: [&str; 6] = ["虚构", "无名", "远山", "云中", "海角", "天涯"];

/// A value of the field's type, in its unit, or one of those that its contract names.
pub(super) fn value(row: &Row<'_>, field: &Field, choices: &[String], pen: &mut Pen) -> Value {
    match field.kind {
        FieldType::Text if !choices.is_empty() => choices[pen.place(choices.len())].as_str().into(),
        FieldType::Text if field.values.is_some() => {
            let values = field.values.iter().flat_map(|values| &values.values).collect::<Vec<_>>();
            values[pen.place(values.len())].as_str().into()
        }
        FieldType::Text => WORDS[pen.place(WORDS.len())].into(),
        FieldType::Symbol => (&*row.item.code).into(),
        FieldType::Date => row.day.into(),
        FieldType::Time => format!("{} 15:00:00", row.day).into(),
        FieldType::Epoch => whole(on(row.day, 7, 0).and_utc().timestamp_millis()),
        FieldType::Flag => whole(pen.between(0, 1)),
        FieldType::Integer => whole(pen.between(0, 100)),
        FieldType::Number => field.unit.map(|unit| figure(row, unit, pen)).into(),
    }
}

fn figure(row: &Row<'_>, unit: Unit, pen: &mut Pen) -> Value {
    let quote = row.item.quote;
    match unit.dimension() {
        Dimension::Price | Dimension::HongKongPrice | Dimension::Level => {
            Value::Figure(divide(quote.bar.close * pen.between(8_000, 12_000), 10_000), quote.scale)
        }
        Dimension::Money => fen(pen.between(1, 999) * pen.between(100_000_000, 9_999_999_999)),
        Dimension::Shares => whole(pen.between(1, 999) * pen.between(100_000, 9_999_999)),
        Dimension::Fraction if unit == Unit::Percent => millionths(pen.between(-300_000, 300_000)),
        Dimension::Fraction => Value::Figure(pen.between(5_000, 1_000_000), 4),
        Dimension::Number => millionths(pen.between(-150_000_000, 150_000_000)),
        Dimension::Count => whole(pen.between(0, 5_000)),
        Dimension::Time => Value::Figure(pen.between(10, 400_000), 3),
        Dimension::SharesPerShare => Value::Figure(pen.between(0, 10), 1),
    }
}
