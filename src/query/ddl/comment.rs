//! What views say of themselves. Never the words of an engine.

use arrow::datatypes::Field;

use crate::spec::Table;

/// A column's meaning and unit, on one line.
pub(super) fn of_column(field: &Field) -> Option<String> {
    let description = field.metadata().get("description")?;
    let unit = field.metadata().get("unit").map(|unit| format!(" [{unit}]")).unwrap_or_default();
    Some(format!("{}{unit}", description.split_whitespace().collect::<Vec<_>>().join(" ")))
}

/// A line about a table, or about its companion.
pub(super) fn of_table(table: &Table, name: &str) -> String {
    if name == table.name {
        return table.title.clone();
    }
    format!("{}: former states of {}", table.title, table.name)
}
