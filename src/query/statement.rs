//! Statements in a text, and the two that the catalogue answers: `SHOW TABLES` and `DESCRIBE TABLE`. Never SQL that reads rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::Schema;
use arrow::error::ArrowError;

use super::ResultSet;
use crate::spec::Catalog;

/// The statements of a text, each without its semicolon, and what follows the last semicolon. A semicolon in quotes or in a
/// comment ends nothing, and what holds only comments and blanks is no statement.
#[must_use]
pub fn statements(text: &str) -> (Vec<&str>, &str) {
    let mut found = Vec::new();
    let mut start = 0;
    for end in semicolons(text) {
        found.extend(Some(text[start..end].trim()).filter(|statement| !is_blank(statement)));
        start = end + 1;
    }
    let rest = text[start..].trim();
    (found, if is_blank(rest) { "" } else { rest })
}

/// What a semicolon may stand in.
enum Within {
    Nothing,
    Quotes(u8),
    Line,
    Block,
}

/// Where statements end.
fn semicolons(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let mut within = Within::Nothing;
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        let pair = (byte, bytes.get(at + 1).copied().unwrap_or_default());
        let mut length = 1;
        within = match (within, pair) {
            (Within::Nothing, (b';', _)) => {
                found.push(at);
                Within::Nothing
            }
            (Within::Nothing, (b'\'' | b'"', _)) => Within::Quotes(byte),
            (Within::Nothing, (b'-', b'-')) => Within::Line,
            (Within::Nothing, (b'/', b'*')) => {
                length = 2;
                Within::Block
            }
            (Within::Quotes(quote), _) if quote == byte => Within::Nothing,
            (Within::Line, (b'\n', _)) => Within::Nothing,
            (Within::Block, (b'*', b'/')) => {
                length = 2;
                Within::Nothing
            }
            (within, _) => within,
        };
        at += length;
    }
    found
}

/// Whether a text holds comments and blanks only.
fn is_blank(text: &str) -> bool {
    let mut rest = text.trim_start();
    loop {
        let after = if rest.starts_with("--") {
            rest.split_once('\n').map_or("", |(_, after)| after)
        } else if rest.starts_with("/*") {
            rest.split_once("*/").map_or("", |(_, after)| after)
        } else {
            return rest.is_empty();
        };
        rest = after.trim_start();
    }
}

/// A question about the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown<'a> {
    /// `SHOW TABLES`
    Tables,
    /// `DESCRIBE TABLE` or `DESC TABLE`
    Columns(&'a str),
}

impl<'a> Shown<'a> {
    /// What a statement asks of the catalogue; `None` for SQL.
    pub(super) fn of(sql: &'a str) -> Option<Self> {
        let words: Vec<&str> = sql.trim_end_matches([';', ' ', '\n']).split_whitespace().collect();
        match words[..] {
            [show, tables] if show.eq_ignore_ascii_case("show") && tables.eq_ignore_ascii_case("tables") => {
                Some(Self::Tables)
            }
            [describe, table] if ["describe", "desc"].iter().any(|word| describe.eq_ignore_ascii_case(word)) => {
                Some(Self::Columns(table.trim_matches('"')))
            }
            _ => None,
        }
    }
}

/// The tables of the lake.
pub(super) fn tables(catalog: &Catalog) -> Result<ResultSet, ArrowError> {
    let mut tables: Vec<_> = catalog.tables().collect();
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    texts(&[
        ("table_name", tables.iter().map(|table| table.name.clone()).collect()),
        ("title", tables.iter().map(|table| table.title.clone()).collect()),
    ])
}

/// The columns of a table or companion, with units and meanings where the catalogue has them.
pub(super) fn columns(catalog: &Catalog, name: &str, schema: &Schema) -> Result<ResultSet, ArrowError> {
    let table = catalog.tables().find(|table| table.name == name || table.companion().as_deref() == Some(name));
    let column = |name: &str| table.and_then(|table| table.columns.iter().find(|column| column.name == name));
    let fields = schema.fields();
    let unit = |name: &str| column(name).and_then(|column| column.unit).map(|unit| unit.to_string());
    let meaning = |name: &str| column(name).map(|column| column.description.clone());
    texts(&[
        ("column_name", fields.iter().map(|field| field.name().clone()).collect()),
        ("data_type", fields.iter().map(|field| field.data_type().to_string()).collect()),
        ("unit", fields.iter().map(|field| unit(field.name()).unwrap_or_default()).collect()),
        ("description", fields.iter().map(|field| meaning(field.name()).unwrap_or_default()).collect()),
    ])
}

fn texts(columns: &[(&str, Vec<String>)]) -> Result<ResultSet, ArrowError> {
    let columns = columns.iter().map(|(name, values)| {
        let array: ArrayRef = Arc::new(StringArray::from_iter_values(values));
        (*name, array, false)
    });
    let batch = RecordBatch::try_from_iter_with_nullable(columns)?;
    Ok(ResultSet { schema: batch.schema(), batches: vec![batch], has_more: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_at_semicolons_outside_quotes_and_comments() {
        let text = "SELECT ';' AS \"a;b\" -- one;\n; /* two; */ SELECT 'it''s;' ;;\n SELECT 3 -- ; the end";
        let (found, rest) = statements(text);
        assert_eq!(found, ["SELECT ';' AS \"a;b\" -- one;", "/* two; */ SELECT 'it''s;'"]);
        assert_eq!(rest, "SELECT 3 -- ; the end");
        assert_eq!(statements(" -- nothing\n /* here */ ; "), (vec![], ""));
        assert_eq!(statements("SELECT '不;完"), (vec![], "SELECT '不;完"));
    }

    #[test]
    fn the_catalogue_answers_two_statements() {
        assert_eq!(Shown::of("show  TABLES;"), Some(Shown::Tables));
        assert_eq!(Shown::of("DESCRIBE income_cn"), Some(Shown::Columns("income_cn")));
        assert_eq!(Shown::of("desc \"income_cn\" ;"), Some(Shown::Columns("income_cn")));
        assert_eq!(Shown::of("SELECT 1"), None);
        assert_eq!(Shown::of("show columns from x"), None);
    }
}
