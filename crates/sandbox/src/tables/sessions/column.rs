//! A column of an interface and what makes its cells: the maker that its entry names, or the one that has its name and
//! measure, or nothing but its contract.

use super::item::Row;
use super::made_up;
use super::makers::{self, Maker};
use crate::Cell;
use crate::tables::text::Pen;
use crate::tables::value::Value;
use pitlake_contract::{Contract, Field, Values};

/// A column and its maker.
pub(crate) struct MadeColumn {
    field: Field,
    /// None where cells are made up.
    maker: Option<Maker>,
    /// The word that the maker was found by.
    word: String,
    /// Values that the contract names, for cells that are made up.
    choices: Vec<String>,
    /// Whether cells that are made up are missing now and then.
    gaps: bool,
}

impl MadeColumn {
    /// The column of a field, with the word of the entry if it has one.
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
        // A filter finds every row.
        let gaps = field.nullable && filters().next().is_none();
        Self { field: field.clone(), maker, word: word.to_owned(), choices: choices.flatten().collect(), gaps }
    }

    pub(crate) fn name(&self) -> &str {
        &self.field.name
    }

    /// The cell of a value, or one that is made.
    pub(crate) fn cell(&self, row: &Row<'_>, known: Option<Value>, pen: &mut Pen) -> Cell {
        let made = known.or_else(|| self.maker.and_then(|maker| maker(row, &self.word, pen)));
        let value = made.unwrap_or_else(|| {
            let value = made_up::value(row, &self.field, &self.choices, pen);
            if self.gaps && pen.once_in(40) { Value::Null } else { value }
        });
        pen.cell(&self.field, value)
    }
}
