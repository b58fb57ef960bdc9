//! The silver tables that a query needs, as relations of the engine, in their newest state or as of a day. The SQL that
//! reads a table as of a day is in `reading`.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use chrono::NaiveDate;
use datafusion::catalog::TableProvider;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::prelude::SessionContext;
use futures::FutureExt as _;

use super::day::{Day, quoted};
use super::dialect::Dialect;
use super::error::QueryError;
use super::horizon::Horizon;
use super::reading::{self, AsOf};
use super::remote::LAKE;
use crate::normalise::{companion_schema, schema};
use crate::spec::{Catalog, Known, PartitionBy, Table};
use crate::store::Store;

/// The suffix of our files' paths. Other files may be next to them.
const FILES: &str = "/part-0.parquet";

/// A relation, and whether there are files behind it.
#[derive(Clone)]
struct Relation {
    provider: Arc<dyn TableProvider>,
    is_built: bool,
}

/// A table, and the companion with its former states.
struct SilverTable {
    table: Arc<Table>,
    rows: Relation,
    states: Option<(String, Relation)>,
}

/// The tables that a query needs.
pub(super) struct Silver {
    context: SessionContext,
    tables: HashMap<String, SilverTable>,
    horizon: Horizon,
}

impl Silver {
    /// No tables yet.
    pub(super) fn new(context: &SessionContext, horizon: &Horizon) -> Self {
        Self { context: context.clone(), tables: HashMap::new(), horizon: horizon.clone() }
    }

    /// Adds a table by its name or that of its companion. Other names are ignored.
    pub(super) async fn add(&mut self, catalog: &Catalog, store: &Store, name: &str) -> Result<()> {
        let mut all = catalog.tables();
        let table = all.find(|table| table.name == name || table.companion().as_deref() == Some(name));
        let Some(table) = table.cloned() else { return Ok(()) };
        if self.tables.contains_key(&table.name) {
            return Ok(());
        }
        let rows = relation(&self.context, store, &table, (&table.name, &schema(&table))).await?;
        let mut states = None;
        if let (Some(name), Some(schema)) = (table.companion(), companion_schema(&table)) {
            let relation = relation(&self.context, store, &table, (&name, &schema)).await?;
            states = Some((name, relation));
        }
        self.tables.insert(table.name.clone(), SilverTable { table, rows, states });
        Ok(())
    }

    /// The table with a name, or whose companion has it.
    fn table_of(&self, name: &str) -> Option<&SilverTable> {
        let is_named = |found: &&SilverTable| found.states.as_ref().is_some_and(|(companion, _)| companion == name);
        self.tables.get(name).or_else(|| self.tables.values().find(is_named))
    }

    /// A table by its name.
    pub(super) fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name).map(|found| found.table.as_ref())
    }

    /// The names of the tables, in order.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.tables.keys().cloned().collect();
        names.sort();
        names
    }

    /// Whether a table has files.
    pub(super) fn is_built(&self, name: &str) -> bool {
        self.tables.get(name).is_some_and(|found| found.rows.is_built)
    }

    /// Warns that a table has no files.
    pub(super) fn warn_unbuilt(&self, name: &str) {
        if self.tables.contains_key(name) && !self.is_built(name) {
            tracing::warn!(
                "`{name}` is not built yet and has no rows: run `pitlake fetch {name}`, then `pitlake normalize {name}`"
            );
        }
    }

    /// How far the query can see.
    pub(super) fn horizon(&self) -> &Horizon {
        &self.horizon
    }

    /// A table or companion in its newest state; `None` for other names.
    pub(super) fn newest(&self, name: &str) -> Option<Arc<dyn TableProvider>> {
        let found = self.table_of(name)?;
        let relation = match &found.states {
            Some((companion, states)) if companion == name => states,
            _ => &found.rows,
        };
        Some(Arc::clone(&relation.provider))
    }

    /// A table or companion as of the end of a day; `None` for other names.
    ///
    /// # Errors
    /// When it cannot be read as of that day.
    pub(super) fn as_of(&self, name: &str, day: NaiveDate) -> Result<Option<Arc<dyn TableProvider>>, QueryError> {
        let Some(found) = self.table_of(name) else { return Ok(None) };
        let table = &found.table;
        let of = Day::Literal(day, (self.horizon.next_morning)(day));
        if table.known == Known::NextSession && of.next_morning().is_none() {
            return Err(QueryError::Misuse(format!(
                "`{name}` is published the next morning, and the calendar in the lake does not reach {day}: run `pitlake fetch trade_cal --refetch`"
            )));
        }
        let at = AsOf { day: of, dialect: Dialect::DuckDb };
        let mut relations = vec![(table.name.as_str(), Arc::clone(&found.rows.provider))];
        let mut companion = None;
        if let Some((own, states)) = &found.states {
            if table.known == Known::Observed && found.rows.is_built && !states.is_built {
                return Err(QueryError::Misuse(format!(
                    "`{0}` has no history yet: run `pitlake normalize {0}`",
                    table.name
                )));
            }
            relations.push((own, Arc::clone(&states.provider)));
            if states.is_built || table.known == Known::Observed {
                companion = Some(quoted(own));
            }
        }
        let text = if name == table.name {
            reading::as_of(table, &quoted(name), companion.as_deref(), at)
        } else {
            Some(reading::states_as_of(&quoted(name), at))
        };
        let Some(text) = text else { return Ok(Some(Arc::clone(&found.rows.provider))) };
        self.view(&relations, &text).map(Some)
    }

    /// A table as seen by the whole query: as of its day, or in its newest state.
    pub(super) fn seen(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, QueryError> {
        match self.horizon.day {
            Some(day) => self.as_of(name, day),
            None => Ok(self.newest(name)),
        }
    }

    /// A view over some relations, defined by SQL.
    pub(super) fn view(
        &self,
        relations: &[(&str, Arc<dyn TableProvider>)],
        text: &str,
    ) -> Result<Arc<dyn TableProvider>, QueryError> {
        Ok(self.frame(relations, text)?.into_view())
    }

    /// The same as a data frame.
    pub(super) fn frame(
        &self,
        relations: &[(&str, Arc<dyn TableProvider>)],
        text: &str,
    ) -> Result<DataFrame, QueryError> {
        let mut config = self.context.copied_config();
        config.options_mut().sql_parser.dialect = datafusion::config::Dialect::DuckDB;
        let own = SessionContext::new_with_config_rt(config, self.context.runtime_env());
        for (name, relation) in relations {
            own.register_table(*name, Arc::clone(relation)).map_err(anyhow::Error::from)?;
        }
        // All relations are in memory, so planning never waits.
        let planned =
            own.sql(text).now_or_never().ok_or_else(|| anyhow::anyhow!("planning `{text}` did not finish at once"))?;
        Ok(planned.with_context(|| format!("cannot plan `{text}`"))?)
    }
}

async fn relation(
    context: &SessionContext,
    store: &Store,
    table: &Table,
    (name, schema): (&str, &SchemaRef),
) -> Result<Relation> {
    let folder = format!("silver/{name}");
    let mut files = store.list(&folder).await?;
    files.retain(|file| file.path.ends_with(FILES));
    let keys = partition_columns(table.partition);
    if files.is_empty() {
        return Ok(Relation { provider: Arc::new(EmptyTable::new(promised(schema, keys))), is_built: false });
    }
    let depth = folder.split('/').count() + keys.len();
    if files.iter().any(|file| file.path.matches('/').count() != depth) {
        tracing::warn!(
            "`{name}` holds files of another partitioning: a rebuild is in progress, and rows may be missing"
        );
    }
    let url = ListingTableUrl::parse(format!("{LAKE}{folder}/"))?;
    let format = ParquetFormat::default().with_options(context.state().default_table_options().parquet);
    let options = ListingOptions::new(Arc::new(format)).with_file_extension(FILES).with_table_partition_cols(keys);
    // The columns are the table's current ones. Files written by former versions lack some, which are null.
    let config = ListingTableConfig::new(url).with_listing_options(options).with_schema(Arc::clone(schema));
    Ok(Relation { provider: Arc::new(ListingTable::try_new(config)?), is_built: true })
}

pub(super) fn partition_columns(partition: PartitionBy) -> Vec<(String, DataType)> {
    let columns: &[(&str, DataType)] = match partition {
        PartitionBy::None => &[],
        PartitionBy::Year => &[("year", DataType::Int32)],
        PartitionBy::Month => &[("year", DataType::Int32), ("month", DataType::Int32)],
        PartitionBy::Day => &[("date", DataType::Date32)],
    };
    columns.iter().map(|(name, kind)| ((*name).to_owned(), kind.clone())).collect()
}

/// The columns that a table will have once it is built.
pub(super) fn promised(own: &SchemaRef, keys: Vec<(String, DataType)>) -> SchemaRef {
    let keys = keys.into_iter().map(|(name, kind)| Arc::new(Field::new(name, kind, true)));
    Arc::new(Schema::new(own.fields().iter().cloned().chain(keys).collect::<Vec<_>>()))
}
