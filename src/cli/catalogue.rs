//! `tables`: the catalogue. Never what a table holds.

use std::sync::Arc;

use anyhow::Result;
use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::config;
use super::context::{Context, day, print};
use super::language::{heading, labelled, local, padded, say};
use crate::normalise::{Added, added, added_to_states, prove};
use crate::query::{self, Horizon};
use crate::reference;
use crate::report::Exit;
use crate::spec::{ColumnType, FilledLater, Known, PartitionBy, Table};
use crate::world::Misuse;

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
    /// The text of docs/tables.md
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
        // Authors of a table ask for it by name, so its examples are checked here.
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
            for table in &tables {
                print(&page(&listed(table)))?;
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

/// Views and macros over the lake for an engine.
async fn views(engine: Engine, day: Option<NaiveDate>, context: &Context) -> Result<String> {
    let world = config::existing(context)?;
    match (engine, day) {
        (Engine::DuckDb, None) => query::duckdb(&world.catalog, &world.store).await,
        (Engine::DuckDb, Some(_)) => Err(Misuse(
            "--as-of needs `--ddl spark`: the macros of `--ddl duckdb` take a day, as in income_cn_as_of(DATE '2024-03-15')".to_owned(),
        )
        .into()),
        (Engine::Polars, None) => query::polars(&world.catalog, &world.store).await,
        (Engine::Polars, Some(_)) => Err(Misuse(
            "--as-of needs `--ddl spark`: the functions of `--ddl polars` take a day, as in income_cn(as_of=\"2024-03-15\")".to_owned(),
        )
        .into()),
        (Engine::Spark, day) => {
            let mut horizon = Horizon { day, today: world.clock.today(), ..Horizon::default() };
            if day.is_some() {
                horizon.next_morning = Arc::new(reference::next_morning(&world).await);
            }
            query::spark(&world.catalog, &world.store, &horizon).await
        }
    }
}

/// A table, or its companion, as it is described.
struct Listed<'a> {
    table: &'a Table,
    name: String,
    title: String,
    keeps: &'static str,
    /// The columns after those of the vendors.
    added: Vec<Added>,
    companion: Option<String>,
}

impl<'a> Listed<'a> {
    fn of(table: &'a Table) -> Self {
        let (name, title) = (table.name.clone(), table.title.clone());
        let keeps = if table.versions.is_some() { "versions" } else { "latest" };
        Self { table, name, title, keeps, added: added(table), companion: table.companion() }
    }

    fn companion_of(table: &'a Table) -> Self {
        let name = table.companion().unwrap_or_default();
        let title = format!("{}: former states of `{}`", table.title, table.name);
        let added = added(table).into_iter().chain(added_to_states(table)).collect();
        Self { table, name, title, keeps: "versions", added, companion: None }
    }
}

fn key(table: &Table) -> Vec<&str> {
    let key = table.key.iter().map(|column| table.columns[*column].name.as_str());
    key.chain(table.occurrence.then_some("occurrence")).collect()
}

fn entry(listed: &Listed<'_>) -> Value {
    let table = listed.table;
    let mut columns: Vec<Value> = table
        .columns
        .iter()
        .enumerate()
        .map(|(place, column)| {
            let mut entry = json!({
                "name": column.name,
                "type": column.kind.name(),
                "unit": unit(column.kind, column.unit.map(|unit| unit.to_string())),
                "description": column.description,
            });
            if let Some(listed) = values(table, place) {
                entry["values"] = listed.values.into();
                entry["open"] = listed.is_open.into();
            }
            entry
        })
        .collect();
    columns.extend(listed.added.iter().map(|column| {
        let (name, kind, unit, text) = (column.name, column.kind, column.unit, column.description);
        json!({ "name": name, "type": kind, "unit": unit, "description": text })
    }));
    let sources: Vec<Value> = table
        .sources
        .iter()
        .map(|source| json!({ "vendor": source.contract.id.vendor, "interface": source.contract.id.name }))
        .collect();
    json!({
        "table": listed.name,
        "title": listed.title,
        "description": table.description.trim(),
        "key": key(table),
        "partition": table.partition.name(),
        "keeps": listed.keeps,
        "known": table.known.name(),
        "companion": listed.companion,
        "columns": columns,
        "sources": sources,
    })
}

/// The whole catalogue as a page: `docs/tables.md`.
fn document(tables: &[Arc<Table>]) -> String {
    let mut out = String::from(
        "# Tables\n\nAll tables of silver. `pitlake tables --format markdown` writes this page; do not edit it. Amounts are in yuan \
         and volumes in shares unless the unit differs; percent values are numbers times a hundred; days are days in \
         Shanghai.\n\n",
    );
    out.extend(tables.iter().map(|table| format!("- [`{0}`](#{0}) {1}\n", table.name, table.title)));
    out.extend(tables.iter().map(|table| section(table)));
    out
}

fn section(table: &Table) -> String {
    let mut out = format!("\n## {}\n\n{}. {}\n\n", table.name, table.title, line(&table.description));
    let fact = |out: &mut String, name: &str, text: &str| out.extend([format!("- {name}: {text}\n")]);
    fact(&mut out, "key", &ticked(&key(table)));
    fact(&mut out, "partition", table.partition.name());
    fact(&mut out, "known", &known(table));
    if let Some(companion) = table.companion() {
        fact(&mut out, "former states", &format!("in `{companion}`"));
    }
    if !table.filled_later.is_empty() {
        let name = |column: usize| &table.columns[column].name;
        let one = |later: &FilledLater| {
            let on = if later.by == later.column { String::new() } else { format!(" (on `{}`)", name(later.by)) };
            format!("`{}`{on}", name(later.column))
        };
        let names: Vec<String> = table.filled_later.iter().map(one).collect();
        fact(&mut out, "filled in later", &format!("{}: null as of any day before the date", names.join(", ")));
    }
    for source in &table.sources {
        let contract = &source.contract;
        let text = format!("`{}` (checked against the vendor's page on {})", contract.id, contract.checked);
        let notes = line(&contract.notes);
        let more = if notes.is_empty() { String::new() } else { format!(": {notes}") };
        fact(&mut out, "source", &format!("{text}{more}"));
    }
    out.push_str("\n| column | type | unit | meaning |\n|---|---|---|---|\n");
    let mut row = |name: &str, kind: &str, unit: &str, text: &str| {
        out.extend([format!("| `{name}` | {kind} | {unit} | {} |\n", line(text).replace('|', "\\|"))]);
    };
    for (place, column) in table.columns.iter().enumerate() {
        let unit = unit(column.kind, column.unit.map(|unit| unit.to_string()));
        let values = values(table, place).map(|listed| format!("; values: {}", listed.text("`")));
        row(&column.name, column.kind.name(), &unit, &(column.description.clone() + &values.unwrap_or_default()));
    }
    for column in added(table) {
        row(column.name, column.kind, column.unit, column.description);
    }
    out
}

/// When the rows of a table become known, in words.
fn known(table: &Table) -> String {
    let names = |columns: &[usize]| -> String {
        ticked(&columns.iter().map(|column| table.columns[*column].name.as_str()).collect::<Vec<_>>())
    };
    let event = table.event.map(|event| names(&[event])).unwrap_or_default();
    match (table.known, &table.versions) {
        (Known::Event, _) => format!("at the end of {event}"),
        (Known::NextSession, _) => format!("on the session after {event}"),
        (Known::Observed, _) => "when fetched".to_owned(),
        (Known::Announced, Some(versions)) => {
            let when = match &versions.announced_by {
                Some(by) => {
                    let one = |(value, dates): &(String, Vec<usize>)| format!("{value} on {}", names(dates));
                    let all: Vec<String> = by.dates.iter().map(one).collect();
                    format!("by {}: {}; others when first observed", names(&[by.column]), all.join(", "))
                }
                None if versions.announced.is_empty() => {
                    "when first observed (there is no announcement date)".to_owned()
                }
                None => format!("on {}, later versions when first observed", names(&versions.announced)),
            };
            format!("every version, {when}")
        }
        (Known::Announced, None) => String::new(),
    }
}

/// The values that a column may have.
struct ListedValues {
    values: Vec<String>,
    /// A vendor may add to them.
    is_open: bool,
    default: Option<String>,
}

impl ListedValues {
    /// In one line; `tick` stands before and after each.
    fn text(&self, tick: &str) -> String {
        let mut text = self.values.iter().map(|value| format!("{tick}{value}{tick}")).collect::<Vec<_>>().join(", ");
        if let Some(default) = &self.default {
            text.extend([format!("; {tick}{default}{tick} where a row lacks it")]);
        }
        if self.is_open { text + "; others are kept" } else { text }
    }
}

/// The values of a column, where one of its sources lists them.
fn values(table: &Table, column: usize) -> Option<ListedValues> {
    let mut listed = ListedValues { values: Vec::new(), is_open: false, default: None };
    let fields = table.sources.iter().flat_map(|source| {
        let plans = source.fields.iter().filter(move |plan| plan.column == column);
        plans.map(|plan| &source.contract.fields[plan.field])
    });
    for field in fields {
        let Some(values) = &field.values else {
            listed.is_open = true;
            continue;
        };
        listed.is_open |= values.is_open;
        listed.default = listed.default.or_else(|| field.default.clone());
        for value in &values.values {
            if !listed.values.contains(value) {
                listed.values.push(value.clone());
            }
        }
    }
    (!listed.values.is_empty()).then_some(listed)
}

fn ticked(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Joins text of several lines into one.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The unit of a column, or the kind of its values if they have none.
fn unit(kind: ColumnType, unit: Option<String>) -> String {
    unit.unwrap_or_else(|| {
        match kind {
            ColumnType::Utf8 => "text",
            ColumnType::Date => "date",
            ColumnType::Boolean => "flag",
            ColumnType::Timestamp => "instant",
            ColumnType::Int64 | ColumnType::Float64 => "number",
        }
        .to_owned()
    })
}

/// How a table is cut into files, and the columns that readers get from the names of the folders.
fn partition(by: PartitionBy) -> String {
    match by {
        PartitionBy::None => "none: one file".to_owned(),
        PartitionBy::Year => "by year: readers get the column `year` from the folders".to_owned(),
        PartitionBy::Month => "by month: readers get the columns `year` and `month` from the folders".to_owned(),
        PartitionBy::Day => "by day: readers get the column `date` from the folders".to_owned(),
    }
}

fn page(listed: &Listed<'_>) -> String {
    let table = listed.table;
    let mut lines = vec![labelled(&listed.name, &local(&listed.title)), String::new()];
    lines.push(table.description.trim().to_owned());
    lines.push(String::new());
    let fact = |name: &str, text: &str| format!("{} {text}", padded(&heading(name), 10));
    lines.push(fact("heading: key", &key(table).join(", ")));
    lines.push(fact("heading: partition", &local(&partition(table.partition))));
    lines.push(fact("heading: keeps", &local(listed.keeps)));
    lines.push(fact("heading: known", &local(&known(table))));
    if let Some(companion) = &listed.companion {
        lines.push(fact("heading: companion", &say!("{companion}: its former states")));
    }
    for source in &table.sources {
        let contract = &source.contract;
        let text = say!("{} (checked against the vendor's page on {})", contract.id, contract.checked);
        lines.push(fact("heading: source", &text));
        if !contract.notes.is_empty() {
            lines.push(fact("", contract.notes.trim()));
        }
    }
    lines.push(String::new());
    let width = table.columns.iter().map(|column| column.name.len()).max().unwrap_or(0);
    for (place, column) in table.columns.iter().enumerate() {
        let unit = unit(column.kind, column.unit.map(|unit| unit.to_string()));
        let (name, kind, text) = (&column.name, column.kind.name(), &column.description);
        lines.push(format!("{name:width$}  {kind:9}  {unit:9}  {text}"));
        if let Some(listed) = values(table, place) {
            lines.push(format!("{:width$}  {}", "", say!("values: {}", listed.text(""))));
        }
    }
    for column in &listed.added {
        let (name, kind, unit, text) = (column.name, column.kind, column.unit, column.description);
        lines.push(format!("{name:width$}  {kind:9}  {unit:9}  {text}"));
    }
    lines.join("\n")
}
