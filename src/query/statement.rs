//! Splits a text into statements, and handles the two that the catalogue answers: `SHOW TABLES` and `DESCRIBE TABLE`.
//! SQL that reads rows is handled by the engine.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, RecordBatch, StringArray};
use arrow::datatypes::Schema;
use arrow::error::ArrowError;

use super::{Glossary, ResultSet};
use crate::normalise::{Added, added, added_to_states};
use crate::spec::{Catalog, Table};

/// The statements in a text, without semicolons, and what follows the last semicolon. Semicolons in quotes or comments
/// do not end a statement, and comments and blanks alone are not one.
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

/// What a semicolon may be inside of.
enum Within {
    Nothing,
    Quotes(u8),
    Line,
    Block,
}

/// Positions where statements end.
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

/// Whether a text has only comments and blanks.
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
    /// What a statement asks the catalogue; `None` for SQL.
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

/// The columns of a table or companion, with units and meanings as far as the catalogue has them.
pub(super) fn columns(catalog: &Catalog, name: &str, schema: &Schema) -> Result<ResultSet, ArrowError> {
    let is_meant = |table: &&Table| table.name == name || table.companion().as_deref() == Some(name);
    let table = catalog.tables().map(std::convert::AsRef::as_ref).find(is_meant);
    let column = |name: &str| table.and_then(|table| table.columns.iter().find(|column| column.name == name));
    let fields = schema.fields();
    let unit = |name: &str| column(name).and_then(|column| column.unit).map(|unit| unit.to_string());
    let companion = table.filter(|table| table.name != name);
    let added: Vec<Added> = table.map(added).into_iter().chain(companion.map(added_to_states)).flatten().collect();
    let meaning = |name: &str| match column(name) {
        Some(column) => Some(column.description.clone()),
        None => added.iter().find(|column| column.name == name).map(|column| column.description.to_owned()),
    };
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
    Ok(ResultSet { schema: batch.schema(), batches: vec![batch], has_more: false, is_catalogue: true })
}

/// Translates the catalogue's answer with a glossary.
///
/// # Errors
/// When the rows do not come from the catalogue.
pub fn said(rows: &ResultSet, glossary: &Glossary) -> Result<ResultSet, ArrowError> {
    let values = |head: &str| -> Vec<&str> {
        let cells = rows.batches.iter().filter_map(|batch| batch.column_by_name(head)?.as_string_opt::<i32>());
        cells.flatten().map(Option::unwrap_or_default).collect()
    };
    let column = |head: &str| -> Vec<String> {
        let cells = values(head).into_iter();
        match head {
            "title" => cells.map(glossary.text).collect(),
            "unit" => cells.map(glossary.unit).collect(),
            "description" => {
                cells.zip(values("column_name")).map(|(text, name)| (glossary.column)(name, text, None)).collect()
            }
            _ => cells.map(str::to_owned).collect(),
        }
    };
    texts(&rows.schema.fields().iter().map(|field| (field.name().as_str(), column(field.name()))).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field};

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

    #[test]
    fn columns_that_we_add_are_described_as_their_table_means_them() {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        let schema = Schema::new(vec![Field::new("known_on", DataType::Date32, true)]);
        for (table, meaning) in [
            ("income_cn", "first day on which this version may be used, from the end of that day"),
            (
                "stock_daily_cn_superseded",
                "first day on which this state may be used, from the end of that day; null where the calendar ends before",
            ),
            ("stock_daily_cn", ""),
        ] {
            let told = columns(&catalog, table, &schema).unwrap();
            assert_eq!(told.batches[0]["description"].as_string::<i32>().value(0), meaning, "{table}");
        }
    }
}
