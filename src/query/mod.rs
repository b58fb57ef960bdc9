//! SQL over silver by `DataFusion`, read only. The one place that names `datafusion`.
//!
//! Never here: writing into the lake, or what a column means.

mod answer;
mod as_of;

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, DataFusionError, SchemaError};
use datafusion::dataframe::DataFrame;
use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};
use object_store::local::LocalFileSystem;

pub use answer::Answer;
pub use as_of::AsOf;

use crate::normalise::schema;
use crate::spec::{Catalog, PartitionBy, Table, nearest};
use crate::store::Store;

/// What one query may hold; sorts and joins that need more go to the system's temporary folder.
const MEMORY: usize = 4 << 30;

/// The lake, as the engine sees it: no file outside has a name there.
const HOME: &str = "lake://home/";

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The SQL is at fault: exit 2.
    #[error("{0}")]
    Misuse(String),
    /// Something else is: exit 1.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

/// Answers one SELECT. A table that is not built yet has no rows, and a warning says so. With `as_of` every
/// table holds what could be known at the end of that day in Shanghai.
///
/// # Errors
/// [`QueryError`].
pub async fn sql(catalog: &Catalog, store: &Store, sql: &str, as_of: Option<AsOf>) -> Result<Answer, QueryError> {
    let explain = |error: DataFusionError| explain(catalog, &error);
    let context = context(store)?;
    let state = context.state();
    let dialect = state.config_options().sql_parser.dialect;
    let statement = state.sql_to_statement(sql, &dialect).map_err(explain)?;
    for mentioned in state.resolve_table_references(&statement).map_err(explain)? {
        if let Some(table) = catalog.table(mentioned.table()) {
            let provider = provider(&context, store, table).await?;
            let provider = match as_of {
                None => provider,
                Some(as_of) => as_of::known(&context, table, provider, as_of)?,
            };
            context.register_table(&table.name, provider).map_err(anyhow::Error::from)?;
        }
    }
    let plan = state.statement_to_plan(statement).await.map_err(explain)?;
    let reading = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    reading.verify_plan(&plan).map_err(|error| {
        let what = error.strip_backtrace();
        let what = what.rsplit(": ").next().unwrap_or_default();
        QueryError::Misuse(format!(
            "`{what}` is no query: only SELECT is answered, `--output FILE.parquet` keeps an answer"
        ))
    })?;
    let frame = DataFrame::new(context.state(), plan);
    let task = Arc::new(frame.task_ctx());
    let plan = frame.create_physical_plan().await.map_err(explain)?;
    let schema = distinct(&plan.schema());
    let batches = datafusion::physical_plan::collect(plan, task).await.map_err(explain)?;
    let renamed = |batch: RecordBatch| RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec());
    let batches = batches.into_iter().map(renamed).collect::<Result<_, _>>().map_err(anyhow::Error::from)?;
    Ok(Answer { schema, batches })
}

fn context(store: &Store) -> Result<SessionContext> {
    let mut config = SessionConfig::new().with_collect_statistics(true);
    let options = config.options_mut();
    options.execution.parquet.pushdown_filters = true;
    // Plain strings: every reader of an answer knows them.
    options.execution.parquet.schema_force_view_types = false;
    options.sql_parser.map_string_types_to_utf8view = false;
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(FairSpillPool::new(MEMORY))).build_arc()?;
    if let Some(folder) = store.folder().filter(|folder| folder.is_dir()) {
        let files = LocalFileSystem::new_with_prefix(folder)?;
        runtime.register_object_store(ObjectStoreUrl::parse(HOME)?.as_ref(), Arc::new(files));
    }
    Ok(SessionContext::new_with_config_rt(config, runtime))
}

async fn provider(context: &SessionContext, store: &Store, table: &Table) -> Result<Arc<dyn TableProvider>> {
    let folder = format!("silver/{}", table.name);
    let mut files = store.list(&folder).await?;
    files.retain(|file| file.path.ends_with(".parquet"));
    let keys = partition_columns(table.partition);
    let Some(last) = files.last().filter(|_| store.folder().is_some()) else {
        tracing::warn!("`{0}` is not built yet and has no rows: `fetch {0}`, then `normalize {0}`", table.name);
        return Ok(Arc::new(EmptyTable::new(promised(table, keys))));
    };
    let depth = folder.split('/').count() + keys.len();
    if files.iter().any(|file| file.path.matches('/').count() != depth) {
        tracing::warn!(
            "`{}` holds files of another partitioning: it is being rebuilt, rows may be missing",
            table.name
        );
    }
    let url = |path: &str| ListingTableUrl::parse(format!("{HOME}{path}"));
    let state = context.state();
    let format = ParquetFormat::default().with_options(state.default_table_options().parquet);
    let options = ListingOptions::new(Arc::new(format)).with_file_extension(".parquet");
    // One footer speaks for all: files of a table have one schema, and thousands of footers take long.
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

/// Names that differ: a join of two tables has two `ts_code`, an object of JSON cannot.
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

/// One line, with a hint, instead of the engine's own words where we know better.
fn explain(catalog: &Catalog, error: &DataFusionError) -> QueryError {
    let root = error.find_root();
    let text = root.strip_backtrace();
    let text = text.split_once(": ").map_or(text.as_str(), |(_, text)| text);
    // The second line often is a hint; those after it list every signature there is.
    let line =
        text.lines().take(2).map(|line| line.split('\t').next().unwrap_or(line).trim()).collect::<Vec<_>>().join(" ");
    let unplanned = QueryError::Misuse(format!("the SQL makes no plan: {line}"));
    let hinted = |said: String, hint: String| QueryError::Misuse(format!("{said}; {hint}"));
    match root {
        DataFusionError::SQL(parser, _) => {
            let said = parser.to_string();
            let said = said.strip_prefix("sql parser error: ").unwrap_or(&said).to_owned();
            QueryError::Misuse(format!("the SQL cannot be read: {said}"))
        }
        DataFusionError::SchemaError(schema, _) => match schema.as_ref() {
            SchemaError::FieldNotFound { field, valid_fields } => {
                let named = |column: &Column| match field.relation {
                    Some(_) => column.flat_name(),
                    None => column.name.clone(),
                };
                let valid: Vec<String> = valid_fields.iter().map(named).collect();
                let hint = nearest(&named(field), valid.iter().map(String::as_str));
                let hint = hint.unwrap_or_else(|| "`pitlake tables TABLE` lists the columns".into());
                hinted(format!("no column `{}`", named(field)), hint)
            }
            _ => unplanned,
        },
        DataFusionError::Plan(plan) => {
            let unknown = plan.strip_prefix("table '").and_then(|rest| rest.split_once("' not found"));
            let Some((path, _)) = unknown else { return unplanned };
            let name = path.strip_prefix("datafusion.public.").unwrap_or(path);
            let hint = nearest(name, catalog.tables().map(|table| table.name.as_str()));
            let hint = hint.unwrap_or_else(|| "`pitlake tables` lists them".into());
            hinted(format!("no table `{name}`"), hint)
        }
        DataFusionError::NotImplemented(_) => unplanned,
        DataFusionError::ResourcesExhausted(_) => QueryError::Failed(anyhow!(
            "the query needs more than {} GiB of memory: ask for fewer columns or days ({line})",
            MEMORY >> 30
        )),
        _ => QueryError::Failed(anyhow!("the query failed: {line}")),
    }
}

#[cfg(test)]
mod tests;
