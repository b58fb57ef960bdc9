//! SQL over silver with `DataFusion`, read-only. No other module names `datafusion`.
//!
//! Never here: writing into the lake, or what a column means.

mod as_of;
mod engine;
mod error;
mod function;
mod result_set;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::prelude::{SQLOptions, SessionContext};

pub use as_of::{Horizon, NextMorning};
pub use error::QueryError;
pub use result_set::ResultSet;

use as_of::AsOf;
use engine::LAKE;
use function::AsOfFunction;

use crate::normalise::schema;
use crate::spec::{Catalog, PartitionBy, Table};
use crate::store::Store;

/// Runs one SELECT. A table that is not built yet has no rows, and a warning says so. With a day in the `horizon` every
/// table holds what could be known at its end; `as_of('TABLE', DATE 'DAY')` reads one as of another day.
///
/// # Errors
/// [`QueryError`].
pub async fn sql(catalog: &Catalog, store: &Store, sql: &str, horizon: &Horizon) -> Result<ResultSet, QueryError> {
    let explain = |error: DataFusionError| error::explain(catalog, &error);
    let context = engine::context(store)?;
    let state = context.state();
    let dialect = state.config_options().sql_parser.dialect;
    let statement = state.sql_to_statement(sql, &dialect).map_err(explain)?;
    for mentioned in state.resolve_table_references(&statement).map_err(explain)? {
        if let Some(table) = catalog.table(mentioned.table()) {
            let provider = provider(&context, store, table).await?;
            let provider = match horizon.day {
                None => provider,
                Some(day) => {
                    let as_of = AsOf { day, next_morning: (horizon.next_morning)(day) };
                    as_of::known(&context, table, provider, as_of)?
                }
            };
            context.register_table(&table.name, provider).map_err(anyhow::Error::from)?;
        }
    }
    if mentions_as_of(sql) {
        let mut tables = HashMap::new();
        for table in catalog.tables().filter(|table| sql.contains(&format!("'{}'", table.name))) {
            tables.insert(table.name.clone(), (Arc::clone(table), provider(&context, store, table).await?));
        }
        let function = Arc::new(AsOfFunction { context: context.clone(), tables, horizon: horizon.clone() });
        // The engine tells cases of letters apart.
        context.register_udtf(&function::NAME.to_ascii_uppercase(), Arc::clone(&function) as _);
        context.register_udtf(function::NAME, function);
    }
    let state = context.state();
    let plan = state.statement_to_plan(statement).await.map_err(explain)?;
    let reading = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    reading.verify_plan(&plan).map_err(|error| {
        let what = error.strip_backtrace();
        let what = what.rsplit(": ").next().unwrap_or_default();
        QueryError::Misuse(format!(
            "unsupported statement `{what}`: only SELECT is allowed; `--output FILE.parquet` saves its rows"
        ))
    })?;
    let frame = DataFrame::new(context.state(), plan);
    let task = Arc::new(frame.task_ctx());
    let plan = frame.create_physical_plan().await.map_err(explain)?;
    let schema = distinct(&plan.schema());
    let batches = datafusion::physical_plan::collect(plan, task).await.map_err(explain)?;
    let renamed = |batch: RecordBatch| RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec());
    let batches = batches.into_iter().map(renamed).collect::<Result<_, _>>().map_err(anyhow::Error::from)?;
    Ok(ResultSet { schema, batches })
}

/// Whether a query may read a table as of a day of its own.
#[must_use]
pub fn mentions_as_of(sql: &str) -> bool {
    sql.to_ascii_lowercase().contains(function::NAME)
}

async fn provider(context: &SessionContext, store: &Store, table: &Table) -> Result<Arc<dyn TableProvider>> {
    let folder = format!("silver/{}", table.name);
    let mut files = store.list(&folder).await?;
    files.retain(|file| file.path.ends_with(".parquet"));
    let keys = partition_columns(table.partition);
    let Some(last) = files.last() else {
        tracing::warn!("`{0}` is not built yet and has no rows: run `fetch {0}`, then `normalize {0}`", table.name);
        return Ok(Arc::new(EmptyTable::new(promised(table, keys))));
    };
    let depth = folder.split('/').count() + keys.len();
    if files.iter().any(|file| file.path.matches('/').count() != depth) {
        tracing::warn!(
            "`{}` holds files of another partitioning: a rebuild is under way, and rows may be missing",
            table.name
        );
    }
    let url = |path: &str| ListingTableUrl::parse(format!("{LAKE}{path}"));
    let state = context.state();
    let format = ParquetFormat::default().with_options(state.default_table_options().parquet);
    let options = ListingOptions::new(Arc::new(format)).with_file_extension(".parquet");
    // One footer is enough: the files of a table have one schema, and reading thousands of footers takes long.
    let schema = options.infer_schema(&state, &url(&last.path)?).await;
    let schema = schema.with_context(|| format!("cannot read `{}` in the lake {}", last.path, store.name()))?;
    let options = options.with_table_partition_cols(keys);
    let config = ListingTableConfig::new(url(&format!("{folder}/"))?).with_listing_options(options).with_schema(schema);
    Ok(Arc::new(ListingTable::try_new(config)?))
}

fn partition_columns(partition: PartitionBy) -> Vec<(String, DataType)> {
    let columns: &[(&str, DataType)] = match partition {
        PartitionBy::None => &[],
        PartitionBy::Year => &[("year", DataType::Int32)],
        PartitionBy::Month => &[("year", DataType::Int32), ("month", DataType::Int32)],
        PartitionBy::Day => &[("date", DataType::Date32)],
    };
    columns.iter().map(|(name, kind)| ((*name).to_owned(), kind.clone())).collect()
}

/// The columns a table will have once it is built.
fn promised(table: &Table, keys: Vec<(String, DataType)>) -> SchemaRef {
    let built = schema(table);
    let own = built.fields().iter().cloned();
    let keys = keys.into_iter().map(|(name, kind)| Arc::new(Field::new(name, kind, true)));
    Arc::new(Schema::new(own.chain(keys).collect::<Vec<_>>()))
}

/// Makes names unique: a join of two tables has two `ts_code`, a JSON object cannot.
fn distinct(schema: &Schema) -> SchemaRef {
    let mut taken: HashSet<String> = schema.fields().iter().map(|field| field.name().clone()).collect();
    let mut given = HashSet::new();
    let fields = schema.fields().iter().map(|field| {
        if given.insert(field.name().clone()) {
            return Arc::clone(field);
        }
        let free = (1..=schema.fields().len())
            .map(|n| format!("{}_{n}", field.name()))
            .find(|name| taken.insert(name.clone()));
        Arc::new(field.as_ref().clone().with_name(free.unwrap_or_default()))
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests;
