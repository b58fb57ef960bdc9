//! `query`: SQL over silver. Never how a query is answered.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use chrono::NaiveDate;
use clap::{Args, ValueEnum};

use super::config;
use super::context::{Context, day, print};
use crate::query::{self, Horizon, QueryError};
use crate::reference;
use crate::report::Exit;
use crate::spec::Table;
use crate::world::{Misuse, World};

/// Query silver with SQL; never writes to the lake
#[derive(Debug, Args)]
pub(super) struct QueryArgs {
    /// One SELECT over the tables that `pitlake tables` lists; `as_of('TABLE', DATE 'DAY')` reads one as of a day
    #[arg(value_name = "SQL")]
    sql: String,
    /// Only rows that were known by the end of this day in Shanghai
    #[arg(long, value_parser = day, value_name = "DAY")]
    as_of: Option<NaiveDate>,
    /// Output format
    #[arg(long, value_enum, default_value_t = RowFormat::Text)]
    format: RowFormat,
    /// Write the rows to a file instead: .parquet, .csv or .json
    #[arg(long, value_name = "FILE", conflicts_with = "format")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RowFormat {
    Text,
    Json,
    Csv,
}

/// The format of a file, by its name.
#[derive(Debug, Clone, Copy)]
enum FileFormat {
    Parquet,
    Csv,
    Json,
}

impl FileFormat {
    fn of(path: &Path) -> Result<Self, Misuse> {
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("parquet") => Ok(Self::Parquet),
            Some("csv") => Ok(Self::Csv),
            Some("json") => Ok(Self::Json),
            _ => Err(Misuse(format!(
                "unknown format of --output `{}`: expected a name that ends in .parquet, .csv or .json",
                path.display()
            ))),
        }
    }
}

/// `SHOW TABLES` as a SELECT: the tables of the lake, which the catalogue knows.
fn show_tables(world: &World) -> String {
    let row = |table: &Arc<Table>| format!("('{}', '{}')", table.name, table.title.replace('\'', "''"));
    let rows: Vec<String> = world.catalog.tables().map(row).collect();
    format!("SELECT * FROM (VALUES {}) AS t(table_name, title) ORDER BY 1", rows.join(", "))
}

impl QueryArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let output = self.output.map(|path| Ok::<_, Misuse>((FileFormat::of(&path)?, path))).transpose()?;
        let world = config::existing(context)?;
        let words: Vec<&str> = self.sql.trim_end_matches([';', ' ']).split_whitespace().collect();
        let is_show = matches!(words[..], [show, tables] if show.eq_ignore_ascii_case("show") && tables.eq_ignore_ascii_case("tables"));
        let sql = if is_show { show_tables(&world) } else { self.sql };
        let mut horizon = Horizon { day: self.as_of, today: world.clock.today(), ..Horizon::default() };
        if self.as_of.is_some() || query::calls_function(&sql) {
            horizon.next_morning = Arc::new(reference::next_morning(&world).await?);
        }
        let rows = query::sql(&world.catalog, &world.store, &sql, &horizon).await.map_err(|error| match error {
            QueryError::Misuse(message) => Misuse(message).into(),
            QueryError::Failed(error) => error,
        })?;
        if let Some((format, path)) = output {
            match format {
                FileFormat::Parquet => rows.parquet(&path)?,
                FileFormat::Csv => rows.file(&path, &rows.csv()?)?,
                FileFormat::Json => rows.file(&path, &rows.json()?)?,
            }
            return Ok(Exit::Done);
        }
        print(&match self.format {
            RowFormat::Text => rows.text()?,
            RowFormat::Json => rows.json()?,
            RowFormat::Csv => rows.csv()?,
        })?;
        Ok(Exit::Done)
    }
}
