//! What to query, statement by statement, and how to print rows. Where statements come from is decided elsewhere.

use std::sync::Arc;

use anyhow::Result;
use chrono::NaiveDate;
use clap::ValueEnum;

use crate::cli::language::{glossary, local};
use crate::query::{self, Horizon, QueryError, Remote, ResultSet};
use crate::reference;
use crate::world::{Misuse, World};

/// The assumed width of a terminal if it is unknown.
const WIDTH: u16 = 80;

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RowFormat {
    Text,
    Json,
    Csv,
}

/// Which lake to query, and how.
pub(super) struct Asked {
    pub(super) world: World,
    /// Runs the plans, if not this machine.
    pub(super) remote: Option<Arc<dyn Remote>>,
    pub(super) as_of: Option<NaiveDate>,
    pub(super) most: Option<usize>,
    pub(super) format: RowFormat,
    /// Whether the output is read by a person on a terminal.
    pub(super) is_shown: bool,
}

impl Asked {
    /// The rows of a statement.
    pub(super) async fn rows(&self, sql: &str) -> Result<ResultSet> {
        let world = &self.world;
        let mut horizon = Horizon { day: self.as_of, today: world.clock.today(), ..Horizon::default() };
        if self.as_of.is_some() || query::calls_function(sql) {
            horizon.next_morning = Arc::new(reference::next_morning(world).await);
        }
        let rows = query::sql(&world.catalog, (&world.store, self.remote.as_deref()), sql, &horizon, self.most).await;
        rows.map_err(|error| match error {
            QueryError::Misuse(message) => Misuse(message).into(),
            QueryError::Failed(error) => error,
        })
    }

    /// The rows as printed.
    pub(super) fn text(&self, rows: &ResultSet) -> Result<String> {
        match self.format {
            RowFormat::Json => rows.json(),
            RowFormat::Csv => rows.csv(),
            RowFormat::Text if rows.is_catalogue => self.table(&query::said(rows, &glossary())?),
            RowFormat::Text => self.table(rows),
        }
    }

    /// The rows as a table for people.
    fn table(&self, rows: &ResultSet) -> Result<String> {
        if !self.is_shown {
            return rows.text();
        }
        let width = terminal_size::terminal_size().map_or(WIDTH, |(width, _)| width.0);
        let mut text = rows.text_within(width)?;
        if rows.has_more {
            let most = self.most.unwrap_or_default();
            let note =
                format!("The first {most} rows; --limit 0 prints all of them, --output FILE writes them to a file.");
            text.extend(["\n\n", &local(&note)]);
        }
        Ok(text)
    }
}
