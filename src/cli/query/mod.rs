//! `query`: SQL over silver, from the command line, a file or a prompt. Never how a query is answered.

mod output;
mod prompt;
mod terminal;

use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use chrono::NaiveDate;
use clap::{Args, ValueEnum};

use super::config;
use super::context::{Context, day, print};
use crate::query::{self, Horizon, QueryError, ResultSet, statements};
use crate::reference;
use crate::report::Exit;
use crate::world::{Misuse, World};
use output::Output;

/// Rows that a terminal shows, unless --limit asks for others.
const SHOWN: usize = 100;

/// Columns of a terminal that does not tell how many it has.
const WIDTH: usize = 80;

/// Query silver with SQL; never writes to the lake
///
/// Without SQL it reads statements from a prompt, with history and completion; from a pipe, all of them. Besides SELECT there
/// are SHOW TABLES and DESCRIBE TABLE.
#[derive(Debug, Args)]
pub(super) struct QueryArgs {
    /// A SELECT over the tables that `pitlake tables` lists; `as_of('TABLE', DATE 'DAY')` reads one as of a day; `-` reads
    /// statements from stdin
    #[arg(value_name = "SQL")]
    sql: Option<String>,
    /// Read statements from a file, each ended by a semicolon
    #[arg(short, long, value_name = "FILE", conflicts_with = "sql")]
    file: Option<PathBuf>,
    /// Only rows that were known by the end of this day in Shanghai
    #[arg(long, value_parser = day, value_name = "DAY")]
    as_of: Option<NaiveDate>,
    /// At most so many rows; 0 for all [default: 100 as text on a terminal, else all]
    #[arg(long, value_name = "ROWS")]
    limit: Option<usize>,
    /// Output format
    #[arg(long, value_enum, default_value_t = RowFormat::Text)]
    format: RowFormat,
    /// Write the rows to a file instead: .parquet, .csv, .json, .jsonl or .xlsx
    #[arg(long, value_name = "FILE", conflicts_with = "format")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RowFormat {
    Text,
    Json,
    Csv,
}

impl QueryArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let output = self.output.map(Output::of).transpose()?;
        let is_shown = io::stdout().is_terminal() && self.format == RowFormat::Text && output.is_none();
        let most = self.limit.or(is_shown.then_some(SHOWN)).filter(|most| *most > 0);
        let text = match (self.sql, self.file) {
            (Some(sql), _) if sql != "-" => Some(sql),
            (None, Some(path)) => Some(read(&path)?),
            (None, None) if io::stdin().is_terminal() => None,
            _ => Some(io::read_to_string(io::stdin())?),
        };
        let world = config::existing(context)?;
        let asked = Asked { world, as_of: self.as_of, most, format: self.format, is_shown };
        let Some(text) = text else {
            if output.is_some() {
                return Err(Misuse("--output needs the SQL on the command line or in a file".into()).into());
            }
            return prompt::run(context, &asked).await;
        };
        let (mut all, last) = statements(&text);
        all.extend(Some(last).filter(|last| !last.is_empty()));
        let Some(output) = output else {
            if all.is_empty() {
                return Err(Misuse("there is no statement in what was given: expected a SELECT".into()).into());
            }
            for sql in all {
                print(&asked.text(&asked.rows(sql).await?)?)?;
            }
            return Ok(Exit::Done);
        };
        let [sql] = all[..] else {
            return Err(Misuse(format!("--output takes the rows of one statement: found {}", all.len())).into());
        };
        output.write(&asked.rows(sql).await?)?;
        Ok(Exit::Done)
    }
}

fn read(path: &PathBuf) -> Result<String, Misuse> {
    fs::read_to_string(path).map_err(|error| Misuse(format!("cannot read `{}`: {error}", path.display())))
}

/// What is asked of the lake, and how it is answered.
struct Asked {
    world: World,
    as_of: Option<NaiveDate>,
    most: Option<usize>,
    format: RowFormat,
    /// Whether a person reads the rows on a terminal.
    is_shown: bool,
}

impl Asked {
    /// The rows of a statement.
    async fn rows(&self, sql: &str) -> Result<ResultSet> {
        let world = &self.world;
        let mut horizon = Horizon { day: self.as_of, today: world.clock.today(), ..Horizon::default() };
        if self.as_of.is_some() || query::calls_function(sql) {
            horizon.next_morning = Arc::new(reference::next_morning(world).await?);
        }
        let rows = query::sql(&world.catalog, &world.store, sql, &horizon, self.most).await;
        rows.map_err(|error| match error {
            QueryError::Misuse(message) => Misuse(message).into(),
            QueryError::Failed(error) => error,
        })
    }

    /// The rows as they are printed.
    fn text(&self, rows: &ResultSet) -> Result<String> {
        match self.format {
            RowFormat::Json => rows.json(),
            RowFormat::Csv => rows.csv(),
            RowFormat::Text if !self.is_shown => rows.text(),
            RowFormat::Text => {
                let width = terminal_size::terminal_size().map_or(WIDTH, |(width, _)| usize::from(width.0));
                let mut text = rows.text_within(width)?;
                if rows.has_more {
                    let most = self.most.unwrap_or_default();
                    text += &format!(
                        "\n\nThe first {most} rows; --limit 0 prints all of them, --output FILE writes them to a file."
                    );
                }
                Ok(text)
            }
        }
    }
}
