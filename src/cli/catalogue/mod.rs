//! `tables`: the catalogue. It reads no lake, except for `--ddl`.

mod document;
mod listed;
mod page;

use std::io;
use std::sync::Arc;

use anyhow::Result;
use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::config;
use super::context::{Context, day, print};
use super::language::{chinese_glossary, chinese_prose, glossary, local};
use crate::normalise::prove;
use crate::query::{self, Horizon};
use crate::reference;
use crate::report::Exit;
use crate::world::Misuse;
use document::document;
use listed::{Listed, key, unit, values};
use page::page;

/// List tables; show columns, types, units, keys and sources of one
#[derive(Debug, Args)]
pub(super) struct TablesArgs {
    /// Show this table in full [default: list all tables]
    #[arg(value_name = "TABLE")]
    table: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = CatalogueFormat::Text)]
    format: CatalogueFormat,
    /// Print views and macros over the lake for this engine (for Polars a Python module): docs/recipes.md
    #[arg(long, value_enum, value_name = "ENGINE", conflicts_with_all = ["table", "format"])]
    ddl: Option<Engine>,
    /// With `--ddl spark`: views of what was known by the end of this day in Shanghai
    #[arg(long, value_parser = day, value_name = "DAY", requires = "ddl")]
    as_of: Option<NaiveDate>,
}

/// An engine that reads the lake on its own.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Engine {
    #[value(name = "duckdb")]
    DuckDb,
    Polars,
    Spark,
}

/// Output format of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CatalogueFormat {
    Text,
    Json,
    /// The text of docs/tables.md, or of docs/zh/tables.md with --lang zh
    Markdown,
}

impl TablesArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        if let Some(engine) = self.ddl {
            print(views(engine, self.as_of, context).await?.trim_end())?;
            return Ok(Exit::Done);
        }
        let (catalog, _) = config::catalog(context)?;
        let companion = self.table.as_ref().and_then(|name| {
            catalog.tables().find(|table| table.companion().as_deref() == Some(name.as_str())).cloned()
        });
        let is_companion = companion.is_some();
        let tables = match companion {
            Some(table) => vec![table],
            None => config::tables(&catalog, &self.table.iter().cloned().collect::<Vec<_>>())?,
        };
        let listed = |table| if is_companion { Listed::companion_of(table) } else { Listed::of(table) };
        // People who write a table ask for it by name, so check its examples here.
        if self.table.is_some() {
            let problems: Vec<String> = tables.iter().flat_map(|table| prove(table)).collect();
            if !problems.is_empty() {
                return Err(Misuse(problems.join("\n")).into());
            }
        }
        if self.format == CatalogueFormat::Json {
            let all: Vec<Value> = tables.iter().map(|table| entry(&listed(table))).collect();
            print(&serde_json::to_string_pretty(&all)?)?;
        } else if self.format == CatalogueFormat::Markdown {
            print(document(&tables).trim_end())?;
        } else if self.table.is_some() {
            let columns = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0.into());
            for table in &tables {
                print(&page(&listed(table), columns))?;
            }
        } else {
            let width = tables.iter().map(|table| table.name.len()).max().unwrap_or(0);
            for table in &tables {
                print(&format!("{:width$}  {}", table.name, local(&table.title)))?;
            }
            print(&local("\nrun `pitlake tables TABLE` for columns, units and notes"))?;
        }
        Ok(Exit::Done)
    }
}

/// Views and macros for an engine.
async fn views(engine: Engine, day: Option<NaiveDate>, context: &Context) -> Result<String> {
    let (world, glossary) = (config::existing(context)?, glossary());
    match (engine, day) {
        (Engine::DuckDb, None) => query::duckdb(&world.catalog, &world.store, &glossary).await,
        (Engine::DuckDb, Some(_)) => Err(Misuse(
            "--as-of needs `--ddl spark`: the macros of `--ddl duckdb` take a day, as in income_cn_as_of(DATE '2024-03-15')".to_owned(),
        )
        .into()),
        (Engine::Polars, None) => query::polars(&world.catalog, &world.store, &glossary).await,
        (Engine::Polars, Some(_)) => Err(Misuse(
            "--as-of needs `--ddl spark`: the functions of `--ddl polars` take a day, as in income_cn(as_of=\"2024-03-15\")".to_owned(),
        )
        .into()),
        (Engine::Spark, day) => {
            let mut horizon = Horizon { day, today: world.clock.today(), ..Horizon::default() };
            if day.is_some() {
                horizon.next_morning = Arc::new(reference::next_morning(&world).await);
            }
            query::spark(&world.catalog, &world.store, &horizon, &glossary).await
        }
    }
}

/// A table as JSON. Text for people is included in both languages, or in English if it has no Chinese.
fn entry(listed: &Listed<'_>) -> Value {
    let (table, chinese) = (listed.table, chinese_glossary());
    let described = |name: &str, kind: &str, unit: &str, text: &str| {
        json!({
            "name": name,
            "type": kind,
            "unit": unit,
            "unit_zh": (chinese.unit)(unit),
            "description": text,
            "description_zh": (chinese.column)(name, text, None),
        })
    };
    let mut columns: Vec<Value> = table
        .columns
        .iter()
        .enumerate()
        .map(|(place, column)| {
            let unit = unit(column.kind, column.unit.map(|unit| unit.to_string()));
            let mut entry = described(&column.name, column.kind.name(), &unit, &column.description);
            if let Some(listed) = values(table, place) {
                entry["values"] = listed.values.into();
                entry["open"] = listed.is_open.into();
            }
            entry
        })
        .collect();
    let added = listed.added.iter();
    columns.extend(added.map(|column| described(column.name, column.kind, column.unit, column.description)));
    let sources: Vec<Value> = table
        .sources
        .iter()
        .map(|source| json!({ "vendor": source.contract.id.vendor, "interface": source.contract.id.name }))
        .collect();
    json!({
        "table": listed.name,
        "title": listed.title,
        "title_zh": (chinese.text)(&listed.title),
        "description": table.description.trim(),
        "description_zh": chinese_prose(table.description.trim()),
        "key": key(table),
        "partition": table.partition.name(),
        "keeps": listed.keeps,
        "known": table.known.name(),
        "companion": listed.companion,
        "columns": columns,
        "sources": sources,
    })
}
