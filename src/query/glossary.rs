//! Descriptions of tables and columns for people, in a language that the caller chooses. Output for programs does not
//! use it.

/// The words for titles, units and columns. By default they are English, as in the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Glossary {
    /// For a title or another text on its own.
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
