//! Temporary views for reading the lake with Spark, in its newest state or as of a day. The SQL of readings is shared
//! by all engines and not written here.

use std::fmt::Write as _;

use anyhow::Result;
use arrow::datatypes::{DataType, Field, SchemaRef};

use super::built::built;
use super::comment;
use crate::normalise::{companion_schema, schema};
use crate::query::day::{Day, quoted};
use crate::query::derived::{self, BARS, FACTORS};
use crate::query::dialect::Dialect;
use crate::query::glossary::Glossary;
use crate::query::horizon::Horizon;
use crate::query::reading::{self, AsOf};
use crate::query::silver::{partition_columns, promised};
use crate::spec::{Catalog, Table};
use crate::store::Store;

/// One statement per line, for the tables and companions that have files. With a day, `TABLE` is what was known at its
/// end, and `TABLE_files` has everything in the files.
///
/// # Errors
/// When the lake cannot be listed.
pub async fn spark(catalog: &Catalog, store: &Store, horizon: &Horizon, glossary: &Glossary) -> Result<String> {
    let built = built(store).await?;
    let head = match horizon.day {
        None => "Views over the lake for Spark 3.5 or newer. Written by `pitlake tables --ddl spark`.".to_owned(),
        Some(day) => format!(
            "Views over the lake for Spark 3.5 or newer, as known at the end of {day}; `TABLE_files` hold everything. \
             Written by `pitlake tables --ddl spark --as-of {day}`."
        ),
    };
    let mut text = comment::lines(&head, glossary);
    let day = horizon.day.map(|day| Day::Spark(day, (horizon.next_morning)(day)));
    let mut priced = Vec::new();
    for table in catalog.tables().filter(|table| built.contains(&table.name)) {
        writeln!(text, "-- {}: {}", table.name, comment::of_table(table, &table.name, glossary))?;
        let own = promised(&schema(table), partition_columns(table.partition));
        let companion = table.companion().filter(|name| built.contains(name));
        let states = companion_schema(table).map(|states| promised(&states, partition_columns(table.partition)));
        let states = companion.zip(states);
        files(&mut text, day, (&table.name, &own), store.name(), glossary)?;
        if let Some((name, schema)) = &states {
            files(&mut text, day, (name, schema), store.name(), glossary)?;
        }
        let is_seen = match day {
            None => true,
            Some(day) => as_of(&mut text, table, (&own, states.as_ref()), day, glossary)?,
        };
        if is_seen && [BARS, FACTORS].contains(&table.name.as_str()) {
            priced.push(table);
        }
    }
    if let ([_, _], Some(bars)) = (&priced[..], priced.iter().find(|table| table.name == BARS)) {
        adjusted(&mut text, bars, day)?;
    }
    Ok(text)
}

/// The name of the view over a table's files.
fn source(name: &str, day: Option<Day>) -> String {
    if day.is_some() { format!("{name}_files") } else { name.to_owned() }
}

/// The view over the files of a table or companion, with its current columns: files written by former versions lack
/// some.
fn files(
    text: &mut String,
    day: Option<Day>,
    (name, schema): (&str, &SchemaRef),
    lake: &str,
    glossary: &Glossary,
) -> Result<()> {
    let columns: Vec<String> = schema.fields().iter().map(|field| column(field, glossary)).collect();
    let path = literal(&format!("{}/silver/{name}", plain(lake.trim_end_matches('/'))));
    let (view, columns) = (source(name, day), columns.join(", "));
    writeln!(text, "CREATE OR REPLACE TEMPORARY VIEW `{view}` ({columns}) USING parquet OPTIONS (path {path});")?;
    Ok(())
}

/// A column with its type, meaning and unit.
fn column(field: &Field, glossary: &Glossary) -> String {
    let about = comment::of_column(field, glossary);
    let about = about.map(|text| format!(" COMMENT {}", literal(&text))).unwrap_or_default();
    format!("`{}` {}{about}", field.name(), type_name(field.data_type()))
}

/// The views of a table and its companion as of a day. Returns whether the table can be read as of it.
fn as_of(
    text: &mut String,
    table: &Table,
    (own, states): (&SchemaRef, Option<&(String, SchemaRef)>),
    day: Day,
    glossary: &Glossary,
) -> Result<bool> {
    let mut view = |name: &str, rows: &str| {
        writeln!(text, "CREATE OR REPLACE TEMPORARY VIEW `{name}` AS {};", ticked(rows)).map_err(anyhow::Error::from)
    };
    if let Some((name, schema)) = states {
        let names = names(schema);
        let at = AsOf { day, dialect: Dialect::Spark(&names) };
        view(name, &reading::states_as_of(&quoted(&source(name, Some(day))), at))?;
    }
    let names = names(own);
    let at = AsOf { day, dialect: Dialect::Spark(&names) };
    let companion = states.map(|(name, _)| quoted(&source(name, Some(day))));
    match reading::as_of(table, &quoted(&source(&table.name, Some(day))), companion.as_deref(), at) {
        Some(rows) => view(&table.name, &rows)?,
        None => {
            let (name, day) = (&table.name, day.sql());
            let why = format!("`{name}` cannot be read as of {day}: run `pitlake query` for the reason");
            text.push_str(&comment::lines(&why, glossary));
            return Ok(false);
        }
    }
    Ok(true)
}

/// Backward-adjusted prices and, as of a day, forward-adjusted ones with that day as their anchor.
fn adjusted(text: &mut String, bars: &Table, day: Option<Day>) -> Result<()> {
    let mut names = names(&promised(&schema(bars), partition_columns(bars.partition)));
    names.push(FACTORS.to_owned());
    let dialect = Dialect::Spark(&names);
    let mut view = |name: &str, anchor: Option<&str>| {
        let rows = derived::adjusted(BARS, FACTORS, anchor, dialect);
        writeln!(text, "CREATE OR REPLACE TEMPORARY VIEW `{name}` AS {};", ticked(&rows))
    };
    view("adjusted_hfq", None)?;
    if let Some(day) = day {
        view("adjusted_qfq", Some(&day.sql()))?;
    }
    Ok(())
}

fn names(schema: &SchemaRef) -> Vec<String> {
    schema.fields().iter().map(|field| field.name().clone()).collect()
}

/// Converts quoted names to Spark's quotes. Readings contain no string with a double quote.
fn ticked(rows: &str) -> String {
    rows.replace('"', "`")
}

/// A Spark string literal.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Escapes patterns that Spark would recognise in a path.
fn plain(path: &str) -> String {
    path.chars().fold(String::new(), |mut plain, letter| {
        if "\\*?[]{}".contains(letter) {
            plain.push('\\');
        }
        plain.push(letter);
        plain
    })
}

/// The Spark name of a type.
fn type_name(kind: &DataType) -> &'static str {
    match kind {
        DataType::Date32 => "DATE",
        DataType::Int32 => "INT",
        DataType::Int64 => "BIGINT",
        DataType::Float64 => "DOUBLE",
        DataType::Boolean => "BOOLEAN",
        DataType::Timestamp(..) => "TIMESTAMP",
        _ => "STRING",
    }
}
