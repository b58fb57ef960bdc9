//! What is said of tables and columns to people, in a language that others choose. Never what programs read.

/// The words for titles, units and columns; by default English, as the catalogue has them.
#[derive(Debug, Clone, Copy)]
pub struct Glossary {
    /// For a title, or another text that stands alone.
    pub text: fn(&str) -> String,
    /// For a unit.
    pub unit: fn(&str) -> String,
    /// For a column: its name, its description and its unit.
    pub column: fn(&str, &str, Option<&str>) -> String,
}

impl Default for Glossary {
    fn default() -> Self {
        Self {
            text: str::to_owned,
            unit: str::to_owned,
            column: |_, description, unit| {
                unit.map_or_else(|| description.to_owned(), |unit| format!("{description} [{unit}]"))
            },
        }
    }
}
