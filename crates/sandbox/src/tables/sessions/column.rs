//! A column of an interface, and what generates its cells: the maker named in its entry, the one for its name and
//! measure, or only its contract: type, unit, and listed values.

use super::item::Row;
use super::makers::{self, Maker};
use crate::Cell;
use crate::market::{Dice, divide, on};
use crate::tables::{Value, fen, millionths, whole};
use pitlake_contract::{Contract, Dimension, Field, FieldType, Unit, Values};

/// A column and its maker.
pub(crate) struct MadeColumn {
    field: Field,
    /// `None` if cells are made up.
    maker: Option<Maker>,
    /// The name by which the maker was found.
    word: String,
    /// Values listed in the contract, for made-up cells.
    choices: Vec<String>,
    /// Whether made-up cells are missing now and then.
    gaps: bool,
}

impl MadeColumn {
    /// The column for a field, with the maker named in its entry, if any.
    pub(crate) fn new(contract: &Contract, field: &Field, entry: Option<&str>) -> Self {
        let (maker, word) = match entry {
            Some(word) => (Some(makers::named(word)), word),
            None => (makers::fitting(field), field.name.as_str()),
        };
        let filters = || contract.call.filters.iter().filter(|(_, other)| *other == field.name);
        let is_its = |param: &str| param == field.name || filters().any(|(filter, _)| filter == param);
        let choices =
            contract.ask.each.iter().filter(|(param, _)| is_its(param)).filter_map(|(_, values)| match values {
                Values::Fixed(values) => Some(values.clone()),
                _ => None,
            });
        // Filters must find every row.
        let gaps = field.nullable && filters().next().is_none();
        Self { field: field.clone(), maker, word: word.to_owned(), choices: choices.flatten().collect(), gaps }
    }

    pub(crate) fn name(&self) -> &str {
        &self.field.name
    }

    /// The cell for a known value, or a generated one.
    pub(crate) fn cell(&self, row: &Row<'_>, known: Option<Value>, dice: &mut Dice) -> Cell {
        let made = known.or_else(|| self.maker.and_then(|maker| maker(row, &self.word, dice)));
        let value = made.unwrap_or_else(|| {
            let value = made_up(row, &self.field, &self.choices, dice);
            if self.gaps && dice.once_in(40) { Value::Null } else { value }
        });
        value.cell(&self.field, dice)
    }
}

/// Meaningless words.
const WORDS: [&str; 6] = ["虚构", "无名", "远山", "云中", "海角", "天涯"];

/// A value of the field's type and unit, or one of those listed in its contract.
fn made_up(row: &Row<'_>, field: &Field, choices: &[String], dice: &mut Dice) -> Value {
    match field.kind {
        FieldType::Text if !choices.is_empty() => dice.one_of(choices).as_str().into(),
        FieldType::Text if field.values.is_some() => {
            let values = field.values.iter().flat_map(|values| &values.values).collect::<Vec<_>>();
            dice.one_of(&values).as_str().into()
        }
        FieldType::Text => (*dice.one_of(&WORDS)).into(),
        FieldType::Symbol => (&*row.item.code).into(),
        FieldType::Date => row.day.into(),
        FieldType::Time => format!("{} 15:00:00", row.day).into(),
        FieldType::Epoch => whole(on(row.day, 7, 0).and_utc().timestamp_millis()),
        FieldType::Flag => whole(dice.roll(0..=1)),
        FieldType::Integer => whole(dice.roll(0..=100)),
        FieldType::Number => field.unit.map(|unit| figure(row, unit, dice)).into(),
    }
}

fn figure(row: &Row<'_>, unit: Unit, dice: &mut Dice) -> Value {
    let quote = row.item.quote;
    match unit.dimension() {
        Dimension::Price | Dimension::HongKongPrice | Dimension::Level => {
            Value::Figure(divide(quote.bar.close * dice.roll(8_000..=12_000), 10_000), quote.scale)
        }
        Dimension::Money => fen(dice.roll(1..=999) * dice.roll(100_000_000..=9_999_999_999)),
        Dimension::Shares => whole(dice.roll(1..=999) * dice.roll(100_000..=9_999_999)),
        Dimension::Fraction if unit == Unit::Percent => millionths(dice.roll(-300_000..=300_000)),
        Dimension::Fraction => Value::Figure(dice.roll(5_000..=1_000_000), 4),
        Dimension::Number => millionths(dice.roll(-150_000_000..=150_000_000)),
        Dimension::Count => whole(dice.roll(0..=5_000)),
        Dimension::Time => Value::Figure(dice.roll(10..=400_000), 3),
        Dimension::SharesPerShare => Value::Figure(dice.roll(0..=10), 1),
    }
}
