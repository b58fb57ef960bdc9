//! `tables`: the catalogue.

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};

use super::{Context, Format, config, print};
use crate::normalise::added;
use crate::run::Exit;
use crate::spec::{ColumnType, Table};

/// Tables with columns, types, units, keys, sources and traps
#[derive(Debug, Args)]
pub(super) struct Tables {
    /// One table in full [default: all of them, a line each]
    #[arg(value_name = "TABLE")]
    table: Option<String>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Tables {
    pub(super) fn run(self, context: &Context) -> Result<Exit> {
        let (catalog, _) = config::catalog(context)?;
        let names: Vec<String> = self.table.iter().cloned().collect();
        let tables = config::tables(&catalog, &names)?;
        if self.format == Format::Json {
            let all: Vec<Value> = tables.iter().map(|table| entry(table)).collect();
            print(&serde_json::to_string_pretty(&all)?)?;
        } else if self.table.is_some() {
            for table in &tables {
                print(&page(table))?;
            }
        } else {
            let width = tables.iter().map(|table| table.name.len()).max().unwrap_or(0);
            for table in &tables {
                print(&format!("{:width$}  {}", table.name, table.title))?;
            }
            print("\n`ashare-lake tables TABLE` tells columns, units and traps")?;
        }
        Ok(Exit::Done)
    }
}

fn key(table: &Table) -> Vec<&str> {
    let key = table.key.iter().map(|column| table.columns[*column].name.as_str());
    key.chain(table.occurrence.then_some("occurrence")).collect()
}

fn entry(table: &Table) -> Value {
    let mut columns: Vec<Value> = table
        .columns
        .iter()
        .map(|column| {
            json!({
                "name": column.name,
                "type": column.kind.name(),
                "unit": unit(column.kind, column.unit.map(|unit| unit.to_string())),
                "description": column.description,
            })
        })
        .collect();
    columns.extend(added(table).into_iter().map(|column| {
        let (name, kind, unit, says) = (column.name, column.kind, column.unit, column.description);
        json!({ "name": name, "type": kind, "unit": unit, "description": says })
    }));
    let sources: Vec<Value> = table
        .sources
        .iter()
        .map(|source| json!({ "vendor": source.contract.id.vendor, "interface": source.contract.id.name }))
        .collect();
    json!({
        "table": table.name,
        "title": table.title,
        "description": table.description.trim(),
        "key": key(table),
        "partition": table.partition.name(),
        "keeps": keeps(table),
        "known": table.known.name(),
        "columns": columns,
        "sources": sources,
    })
}

fn keeps(table: &Table) -> &'static str {
    if table.versions.is_some() { "versions" } else { "latest" }
}

/// Every column says what it is in: a unit, or the nature of what has none.
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

fn page(table: &Table) -> String {
    let mut lines = vec![format!("{}: {}", table.name, table.title), String::new()];
    lines.push(table.description.trim().to_owned());
    lines.push(String::new());
    lines.push(format!("key        {}", key(table).join(", ")));
    lines.push(format!("partition  {}", table.partition.name()));
    lines.push(format!("keeps      {}", keeps(table)));
    lines.push(format!("known      {}", table.known.name()));
    for source in &table.sources {
        let contract = &source.contract;
        lines.push(format!("source     {} (compared with the vendor's page on {})", contract.id, contract.checked));
        if !contract.notes.is_empty() {
            lines.push(format!("           {}", contract.notes.trim()));
        }
    }
    lines.push(String::new());
    let width = table.columns.iter().map(|column| column.name.len()).max().unwrap_or(0);
    for column in &table.columns {
        let unit = unit(column.kind, column.unit.map(|unit| unit.to_string()));
        let (name, kind, says) = (&column.name, column.kind.name(), &column.description);
        lines.push(format!("{name:width$}  {kind:9}  {unit:9}  {says}"));
    }
    for column in added(table) {
        let (name, kind, unit, says) = (column.name, column.kind, column.unit, column.description);
        lines.push(format!("{name:width$}  {kind:9}  {unit:9}  {says}"));
    }
    lines.join("\n")
}
