//! A Python module for reading the lake with Polars: one function per table. The readings are in `polars.py`;
//! `tests/interop` checks that they match the SQL in `src/query/reading.rs`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::Result;
use arrow::datatypes::{DataType, Field};

use super::built::built;
use super::comment;
use crate::normalise::{companion_schema, schema};
use crate::query::derived::{BARS, FACTORS};
use crate::query::glossary::Glossary;
use crate::query::silver::partition_columns;
use crate::spec::{Catalog, ColumnType, Known, Table};
use crate::store::Store;

/// The readings shared by all tables.
const READINGS: &str = include_str!("polars.py");

/// Tables that the readings use. They get a function even if they have no files.
const NEEDED: [&str; 3] = [BARS, FACTORS, "trade_cal"];

/// The text of the module for a lake: a function for each table and companion with files.
///
/// # Errors
/// When the lake cannot be listed.
pub async fn polars(catalog: &Catalog, store: &Store, glossary: &Glossary) -> Result<String> {
    let built = built(store).await?;
    let mut text = readings(glossary);
    write!(text, "\n\nLAKE = {}\n", literal(store.name().trim_end_matches('/')))?;
    for table in catalog.tables() {
        let companion = table.companion().filter(|name| built.contains(name));
        if !built.contains(&table.name) && companion.is_none() && !NEEDED.contains(&table.name.as_str()) {
            continue;
        }
        let own = schema(table);
        function(&mut text, table, (&table.name, own.fields()), &built, glossary)?;
        match as_of(table, &built) {
            Some(reading) => writeln!(text, "{reading}")?,
            None => {
                let name = &table.name;
                let why = format!("`{name}` has no history yet: run `pitlake normalize {name}`");
                writeln!(text, "    raise ValueError({})", literal(&(glossary.text)(&why)))?;
            }
        }
        if let (Some(name), Some(states)) = (companion, companion_schema(table)) {
            function(&mut text, table, (&name, states.fields()), &built, glossary)?;
            text.push_str("    return _states(rows, day)\n");
        }
    }
    Ok(text)
}

/// The readings, with documentation and errors translated by the glossary.
fn readings(glossary: &Glossary) -> String {
    let documented = between(READINGS, ("\"\"\"", "\"\"\""), glossary.text);
    between(&documented, ("ValueError(f\"", "\""), glossary.text)
}

/// Replaces all text between two marks.
fn between(text: &str, (open, close): (&str, &str), say: fn(&str) -> String) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once(open) {
        let Some((inside, after)) = after.split_once(close) else { break };
        out.extend([before, open, &say(inside), close]);
        rest = after;
    }
    out + rest
}

/// The function of a table or companion, up to the part that reads as of a day.
fn function(
    text: &mut String,
    table: &Table,
    (name, fields): (&str, &[Arc<Field>]),
    built: &BTreeSet<String>,
    glossary: &Glossary,
) -> Result<()> {
    writeln!(
        text,
        "\n\ndef {name}(as_of=None):\n    \"\"\"{}\n",
        documented(&comment::of_table(table, name, glossary))
    )?;
    for field in fields {
        let about = comment::of_column(field, glossary);
        let about = about.map(|about| format!(": {}", documented(&about))).unwrap_or_default();
        writeln!(text, "    {}{about}", field.name())?;
    }
    text.push_str("    \"\"\"\n");
    let columns = fields.iter().map(|field| (field.name().as_str(), field.data_type()));
    let folders = partition_columns(table.partition);
    let folders = folders.iter().map(|(name, kind)| (name.as_str(), kind));
    if built.contains(name) {
        writeln!(text, "    rows = _files({}, {}, {})", literal(name), types(columns), types(folders))?;
    } else {
        writeln!(text, "    rows = pl.LazyFrame(schema={})", types(columns.chain(folders)))?;
    }
    text.push_str("    if as_of is None:\n        return rows\n    day = _day(as_of)\n");
    Ok(())
}

/// The rest of a table's function: its rows as of `day`. `None` if it has no history to read them from.
fn as_of(table: &Table, built: &BTreeSet<String>) -> Option<String> {
    let name = |index: usize| table.columns[index].name.as_str();
    let occurrence = table.occurrence.then_some("occurrence");
    let key = list(table.key.iter().map(|index| name(*index)).chain(occurrence));
    let companion = table.companion().filter(|companion| built.contains(companion));
    let rows = match table.known {
        Known::Announced => {
            let common = list(table.common_key().iter().map(|index| name(*index)));
            let vendors = table.vendors();
            let is_lone = vendors.len() == 1 && table.left_out.is_empty();
            let vendors = if is_lone { "[]".to_owned() } else { list(vendors) };
            format!("_versions(rows, day, {key}, {common}, {vendors})")
        }
        Known::Observed => format!("_snapshot({}(), day)", companion?),
        Known::Event | Known::NextSession => {
            let event = &table.columns[table.event?];
            let column = format!("pl.col({})", literal(&event.name));
            let until = match (event.kind, table.known) {
                (ColumnType::Timestamp, _) => format!("{column} < _end(day)"),
                (_, Known::NextSession) => format!("{column} <= next_morning(day)"),
                _ => format!("{column} <= day"),
            };
            let rows = format!("rows.filter({until})");
            match companion {
                Some(states) => format!("_market({rows}, {states}(), day, {key})"),
                None => rows,
            }
        }
    };
    let filled = table.filled_later.iter().map(|later| (name(later.column), name(later.by)));
    let withdrawn = table.versions.as_ref().map(|_| ("withdrawn_on", "withdrawn_on"));
    let filled: Vec<String> =
        filled.chain(withdrawn).map(|(name, by)| format!("{}: {}", literal(name), literal(by))).collect();
    let recomputed = list(table.recomputed.iter().map(|index| name(*index)));
    Some(match (filled.is_empty(), table.recomputed.is_empty()) {
        (true, true) => format!("    return {rows}"),
        (_, true) => format!("    return _later({rows}, day, {{{}}})", filled.join(", ")),
        _ => format!("    return _later({rows}, day, {{{}}}, {recomputed})", filled.join(", ")),
    })
}

/// Columns with their types, as a dictionary.
fn types<'a>(columns: impl Iterator<Item = (&'a str, &'a DataType)>) -> String {
    let one = |(name, kind): (&str, &DataType)| format!("{}: {}", literal(name), type_name(kind));
    format!("{{{}}}", columns.map(one).collect::<Vec<_>>().join(", "))
}

fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    format!("[{}]", names.into_iter().map(literal).collect::<Vec<_>>().join(", "))
}

/// A Python string literal, which is the same as in JSON.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Escapes a text for a docstring.
fn documented(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// The Polars name of a type.
fn type_name(kind: &DataType) -> &'static str {
    match kind {
        DataType::Date32 => "pl.Date",
        DataType::Int32 => "pl.Int32",
        DataType::Int64 => "pl.Int64",
        DataType::Float64 => "pl.Float64",
        DataType::Boolean => "pl.Boolean",
        DataType::Timestamp(..) => "pl.Datetime(\"us\", \"UTC\")",
        _ => "pl.String",
    }
}
