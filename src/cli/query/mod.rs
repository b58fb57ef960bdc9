//! `query`: SQL over silver, from the command line, a file or a prompt. How a query is answered is decided in `query`.

mod asked;
mod output;
mod prompt;
mod terminal;

use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use anyhow::Result;
use chrono::NaiveDate;
use clap::Args;

use super::config;
use super::context::{Context, day, print};
use crate::query::statements;
use crate::report::Exit;
use crate::world::Misuse;
use asked::{Asked, RowFormat};
use output::Output;

/// The most rows to show on a terminal without --limit.
const SHOWN: usize = 100;

/// Query silver with SQL; never writes to the lake
///
/// Without SQL, opens a prompt with history and completion, or runs all statements from a pipe. SHOW TABLES and DESCRIBE
/// TABLE work besides SELECT.
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
    /// Print at most this many rows; 0 for all [default: 100 as text on a terminal, else all]
    #[arg(long, value_name = "ROWS")]
    limit: Option<usize>,
    /// Output format
    #[arg(long, value_enum, default_value_t = RowFormat::Text)]
    format: RowFormat,
    /// Write the rows to a file instead: .parquet, .csv, .json, .jsonl or .xlsx
    #[arg(long, value_name = "FILE", conflicts_with = "format")]
    output: Option<PathBuf>,
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
        let remote = context.cluster.remote.clone();
        let asked = Asked { world, remote, as_of: self.as_of, most, format: self.format, is_shown };
        let Some(text) = text else {
            if output.is_some() {
                return Err(Misuse("--output needs the SQL on the command line or in a file".into()).into());
            }
            return prompt::run(context, asked).await;
        };
        let (mut all, last) = statements(&text);
        all.extend(Some(last).filter(|last| !last.is_empty()));
        let Some(output) = output else {
            if all.is_empty() {
                return Err(Misuse("no statement given: expected a SELECT".into()).into());
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
