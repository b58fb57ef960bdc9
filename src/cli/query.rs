//! `query`: SQL over silver. Never how a query is answered.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use chrono::NaiveDate;
use clap::{Args, ValueEnum};

use super::config;
use super::context::{Context, day, print};
use crate::query::{self, Horizon, QueryError};
use crate::reference;
use crate::report::Exit;
use crate::world::Misuse;

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
    /// Write the rows to a Parquet file instead
    #[arg(long, value_name = "FILE.parquet", conflicts_with = "format")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RowFormat {
    Text,
    Json,
    Csv,
}

impl QueryArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let world = config::existing(context)?;
        let mut horizon = Horizon { day: self.as_of, today: world.clock.today(), ..Horizon::default() };
        if self.as_of.is_some() || query::calls_function(&self.sql) {
            horizon.next_morning = Arc::new(reference::next_morning(&world).await?);
        }
        let rows =
            query::sql(&world.catalog, &world.store, &self.sql, &horizon).await.map_err(|error| match error {
                QueryError::Misuse(message) => Misuse(message).into(),
                QueryError::Failed(error) => error,
            })?;
        if let Some(path) = self.output {
            rows.parquet(&path)?;
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
