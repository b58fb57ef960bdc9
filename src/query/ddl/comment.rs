//! Comments that describe views. Each engine's syntax is in its own module.

use arrow::datatypes::Field;

use crate::query::glossary::Glossary;
use crate::spec::Table;

/// A text as lines of an SQL comment.
pub(super) fn lines(text: &str, glossary: &Glossary) -> String {
    text.lines().flat_map(|line| ["-- ".to_owned(), (glossary.text)(line), "\n".to_owned()]).collect()
}

/// A column's meaning and unit, in one line.
pub(super) fn of_column(field: &Field, glossary: &Glossary) -> Option<String> {
    let description = field.metadata().get("description")?.split_whitespace().collect::<Vec<_>>().join(" ");
    let unit = field.metadata().get("unit").map(String::as_str);
    Some((glossary.column)(field.name(), &description, unit))
}

/// A line about a table or its companion.
pub(super) fn of_table(table: &Table, name: &str, glossary: &Glossary) -> String {
    if name == table.name {
        return (glossary.text)(&table.title);
    }
    (glossary.text)(&format!("{}: former states of {}", table.title, table.name))
}
