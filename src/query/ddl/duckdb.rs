//! `lake.sql`: views and macros for reading the lake with `DuckDB`. The SQL of readings is shared by all engines and
//! not written here.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::Result;
use arrow::datatypes::{DataType, SchemaRef};

use super::built::built;
use super::comment;
use super::sessions_join;
use crate::normalise::{companion_schema, schema};
use crate::query::day::{Day, quoted};
use crate::query::derived::{self, BARS, FACTORS, HISTORY, IDENTITY, INPUTS, MAPPING, SECURITIES};
use crate::query::dialect::Dialect;
use crate::query::glossary::Glossary;
use crate::query::reading::{self, AsOf};
use crate::query::sessions::refusal;
use crate::query::silver::{partition_columns, promised};
use crate::spec::{Catalog, Known, PartitionBy, Table};
use crate::store::Store;

/// The parameter of macros that read as of a day. No column has this name.
const DAY: &str = "as_of_day";

/// The calendar, from which macros determine sessions.
const CALENDAR: &str = "trade_cal";

const HEAD: &str = "\
Views and macros over the lake for DuckDB 1.4 or newer: docs/recipes.md.
Written by `pitlake tables --ddl duckdb`; write it again when tables were added.";

/// The last session whose next session is not after a day.
const NEXT_MORNING: &str = "\
CREATE OR REPLACE MACRO next_morning(of_day) AS (
    SELECT max(cal_date) FROM trade_cal WHERE exchange = 'SSE' AND is_open AND cal_date < (
        SELECT max(cal_date) FROM trade_cal WHERE exchange = 'SSE' AND is_open AND cal_date <= of_day));
";

/// The text of `lake.sql` for a lake: views of tables that have files, empty views of tables that macros need, and
/// macros that read them.
///
/// # Errors
/// When the lake cannot be listed.
pub async fn duckdb(catalog: &Catalog, store: &Store, glossary: &Glossary) -> Result<String> {
    let built = built(store).await?;
    let mut text = comment::lines(HEAD, glossary);
    let needed: Vec<&str> = INPUTS.iter().copied().chain([BARS, FACTORS, CALENDAR]).collect();
    let tables = catalog.tables().filter(|table| built.contains(&table.name) || needed.contains(&table.name.as_str()));
    let tables: Vec<&Table> = tables.map(std::convert::AsRef::as_ref).collect();
    for table in &tables {
        view(&mut text, table, (&table.name, &schema(table)), store.name(), &built)?;
        comments(&mut text, table, (&table.name, &schema(table)), glossary)?;
        if let (Some(name), Some(schema)) = (table.companion(), companion_schema(table)) {
            view(&mut text, table, (&name, &schema), store.name(), &built)?;
            comments(&mut text, table, (&name, &schema), glossary)?;
        }
    }
    text.push_str(NEXT_MORNING);
    for table in &tables {
        as_of(&mut text, table, &built, glossary)?;
        if refusal(table).is_none() {
            text.push_str(&sessions_join::text(table));
        }
    }
    derived(&mut text)?;
    Ok(text)
}

/// A view over the files of a table or companion.
fn view(
    text: &mut String,
    table: &Table,
    (name, schema): (&str, &SchemaRef),
    lake: &str,
    built: &BTreeSet<String>,
) -> Result<()> {
    let view = quoted(name);
    if !built.contains(name) {
        let schema = promised(schema, partition_columns(table.partition));
        let columns = schema
            .fields()
            .iter()
            .map(|field| format!("CAST(NULL AS {}) AS {}", type_name(field.data_type()), quoted(field.name())));
        let columns: Vec<String> = columns.collect();
        writeln!(text, "CREATE OR REPLACE VIEW {view} AS SELECT {} WHERE false;", columns.join(", "))?;
        return Ok(());
    }
    let folders = match table.partition {
        PartitionBy::None => "",
        PartitionBy::Year | PartitionBy::Day => "/*",
        PartitionBy::Month => "/*/*",
    };
    let lake = plain(lake.trim_end_matches('/')).replace('\'', "''");
    // Files written by former versions lack the day of withdrawal.
    let (by_name, more) = match table.versions {
        Some(_) => {
            (", union_by_name = true", " UNION ALL BY NAME SELECT CAST(NULL AS DATE) AS withdrawn_on WHERE false")
        }
        None => ("", ""),
    };
    writeln!(
        text,
        "CREATE OR REPLACE VIEW {view} AS SELECT * FROM read_parquet('{lake}/silver/{name}{folders}/*.parquet', \
         hive_partitioning = {}{by_name}){more};",
        !folders.is_empty()
    )?;
    Ok(())
}

/// What a view contains, and what its columns mean.
fn comments(text: &mut String, table: &Table, (name, schema): (&str, &SchemaRef), glossary: &Glossary) -> Result<()> {
    let literal = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let view = quoted(name);
    writeln!(text, "COMMENT ON VIEW {view} IS {};", literal(&comment::of_table(table, name, glossary)))?;
    for field in schema.fields() {
        if let Some(about) = comment::of_column(field, glossary) {
            writeln!(text, "COMMENT ON COLUMN {view}.{} IS {};", quoted(field.name()), literal(&about))?;
        }
    }
    Ok(())
}

/// The macros that read a table and its companion as of a day.
fn as_of(text: &mut String, table: &Table, built: &BTreeSet<String>, glossary: &Glossary) -> Result<()> {
    let at = AsOf { day: Day::Parameter(DAY), dialect: Dialect::DuckDb };
    let name = &table.name;
    let companion = table.companion();
    let has_states = companion.as_ref().is_some_and(|companion| built.contains(companion));
    if table.known == Known::Observed && built.contains(name) && !has_states {
        let why = format!("`{name}` has no history yet: run `pitlake normalize {name}`");
        text.push_str(&comment::lines(&why, glossary));
        return Ok(());
    }
    let states = companion.filter(|_| has_states || table.known == Known::Observed);
    let rows = reading::as_of(table, &quoted(name), states.as_deref().map(quoted).as_deref(), at);
    let mut table_macro = |name: &str, rows: &str| {
        writeln!(text, "CREATE OR REPLACE MACRO {}({DAY}) AS TABLE {rows};", quoted(&format!("{name}_as_of")))
    };
    if let Some(rows) = rows {
        table_macro(name, &rows)?;
    }
    if let Some(states) = states {
        table_macro(&states, &reading::states_as_of(&quoted(&states), at))?;
    }
    Ok(())
}

/// Adjusted prices, the universe, and the identity of securities.
fn derived(text: &mut String) -> Result<()> {
    let known = |table: &str| format!("{}(known)", quoted(&format!("{table}_as_of")));
    let [backward, forward] =
        [None, Some("anchor")].map(|anchor| derived::adjusted(&known(BARS), &known(FACTORS), anchor, Dialect::DuckDb));
    let identity = derived::identity(SECURITIES, MAPPING);
    let relation = |table: &str| {
        if table == HISTORY { quoted(table) } else { format!("{}({DAY})", quoted(&format!("{table}_as_of"))) }
    };
    let [plain, of_index] =
        [None, Some("of_index")].map(|index| derived::universe(&relation, Day::Parameter(DAY), index));
    writeln!(
        text,
        "CREATE OR REPLACE VIEW {IDENTITY} AS {identity};\n\
         CREATE OR REPLACE MACRO adjusted_hfq(known := DATE '9999-12-31') AS TABLE {backward};\n\
         CREATE OR REPLACE MACRO adjusted_qfq(anchor, known := DATE '9999-12-31') AS TABLE {forward};\n\
         CREATE OR REPLACE MACRO universe({DAY}) AS TABLE ({plain}), ({DAY}, of_index) AS TABLE ({of_index});"
    )?;
    Ok(())
}

/// Escapes patterns that `DuckDB` would recognise in a path.
fn plain(path: &str) -> String {
    path.chars().fold(String::new(), |plain, letter| match letter {
        '*' | '?' | '[' => format!("{plain}[{letter}]"),
        other => format!("{plain}{other}"),
    })
}

/// The `DuckDB` name of a type.
fn type_name(kind: &DataType) -> &'static str {
    match kind {
        DataType::Date32 => "DATE",
        DataType::Int32 => "INTEGER",
        DataType::Int64 => "BIGINT",
        DataType::Float64 => "DOUBLE",
        DataType::Boolean => "BOOLEAN",
        DataType::Timestamp(..) => "TIMESTAMP WITH TIME ZONE",
        _ => "VARCHAR",
    }
}
