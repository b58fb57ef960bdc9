//! SQL over silver with `DataFusion`, read-only. The only module that uses `datafusion`.
//!
//! Nothing is written to the lake, and what a column means is not known here.

mod day;
mod ddl;
mod derived;
mod dialect;
mod engine;
mod error;
mod function;
mod glossary;
mod horizon;
mod place;
mod reading;
mod remote;
mod result_set;
mod sessions;
mod silver;
mod statement;

use std::collections::HashSet;
use std::sync::Arc;

use anyhow::Result;
use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::{DataFusionError, TableReference};
use datafusion::dataframe::DataFrame;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SQLOptions;
use futures::StreamExt as _;

pub use ddl::{duckdb, polars, spark};
pub use error::QueryError;
pub use function::{calls_function, functions};
pub use glossary::Glossary;
pub use horizon::{Horizon, NextMorning};
pub use remote::{LAKE, Remote};
pub use result_set::ResultSet;
pub use sessions::{decode_operator, encode_operator};
pub use statement::{said, statements};

use derived::{IDENTITY, MAPPING, SECURITIES};
use silver::Silver;
use statement::Shown;

use crate::panics::survived;
use crate::spec::Catalog;
use crate::store::Store;

/// Runs a SELECT, `SHOW TABLES` or `DESCRIBE TABLE`. A table that is not built yet has no rows, and there is a warning.
/// If the `horizon` has a day, every table shows what was known at its end; `as_of('TABLE', DATE 'DAY')` reads one as
/// of another day. The query stops after `most` rows. The plan runs here, or at `remote`.
///
/// # Errors
/// [`QueryError`].
pub async fn sql(
    catalog: &Catalog,
    (store, remote): (&Store, Option<&dyn Remote>),
    sql: &str,
    horizon: &Horizon,
    most: Option<usize>,
) -> Result<ResultSet, QueryError> {
    let explain = |error: DataFusionError| error::explain(catalog, &error);
    let context = engine::context(store, remote)?;
    let columns_of;
    let (sql, described) = match Shown::of(sql) {
        Some(Shown::Tables) => return Ok(statement::tables(catalog).map_err(anyhow::Error::from)?),
        Some(Shown::Columns(name)) => {
            columns_of = format!("SELECT * FROM \"{}\"", name.replace('"', "\"\""));
            (columns_of.as_str(), Some(name))
        }
        None => (sql, None),
    };
    let state = context.state();
    let dialect = state.config_options().sql_parser.dialect;
    // Positions can only be shown in the user's own SQL.
    let locate = |error: DataFusionError| {
        let explained = error::explain(catalog, &error);
        if described.is_some() { explained } else { explained.located(sql, &error) }
    };
    let statement = state.sql_to_statement(sql, &dialect).map_err(locate)?;
    let mentioned = state.resolve_table_references(&statement).map_err(explain)?;
    let mentioned: Vec<&str> = mentioned.iter().map(TableReference::table).collect();
    let mut silver = Silver::new(&context, horizon);
    let read = if calls_function(sql) { function::reads(sql) } else { Vec::new() };
    let identity: &[&str] = if mentioned.contains(&IDENTITY) { &[SECURITIES, MAPPING] } else { &[] };
    for name in mentioned.iter().chain(identity).copied().chain(read) {
        silver.add(catalog, store, name).await?;
    }
    for name in mentioned {
        if described.is_none() {
            silver.warn_unbuilt(name);
        }
        if let Some(provider) = silver.seen(name)? {
            context.register_table(name, provider).map_err(anyhow::Error::from)?;
        }
    }
    if !identity.is_empty() {
        let mut relations = Vec::new();
        for name in identity.iter().copied() {
            relations.extend(silver.seen(name)?.map(|seen| (name, seen)));
        }
        let view = silver.view(&relations, &derived::identity(SECURITIES, MAPPING))?;
        context.register_table(IDENTITY, view).map_err(anyhow::Error::from)?;
    }
    let tables = silver.names();
    function::register(&context, sql, &Arc::new(silver));
    let state = context.state();
    let plan = state.statement_to_plan(statement).await.map_err(locate)?;
    let reading = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    reading.verify_plan(&plan).map_err(|error| {
        let what = error.strip_backtrace();
        let what = what.rsplit(": ").next().unwrap_or_default();
        QueryError::Misuse(format!(
            "unsupported statement `{what}`: only SELECT is allowed; `--output FILE.parquet` saves its rows"
        ))
    })?;
    let frame = DataFrame::new(context.state(), plan);
    let ran = async {
        let task = Arc::new(frame.task_ctx());
        let plan = frame.create_physical_plan().await?;
        let schema = distinct(&plan.schema());
        if described.is_some() {
            return Ok(ResultSet::empty(schema));
        }
        let stream = match remote {
            Some(remote) => remote.run(store, plan, task.session_config()).await?,
            None => execute_stream(plan, task)?,
        };
        collected(stream, schema, most).await
    };
    // Decoders may panic on damaged files, also on the engine's own threads.
    let found = match survived(ran).await {
        Ok(ran) => ran.map_err(|error| error::damaged(&error, &tables).unwrap_or_else(|| explain(error)))?,
        Err(text) => return Err(error::panicked(&text, &tables)),
    };
    match described {
        Some(name) => Ok(statement::columns(catalog, name, &found.schema).map_err(anyhow::Error::from)?),
        None => Ok(found),
    }
}

/// The rows of a query, `most` at most.
async fn collected(
    mut stream: SendableRecordBatchStream,
    schema: SchemaRef,
    most: Option<usize>,
) -> Result<ResultSet, DataFusionError> {
    let mut left = most.unwrap_or(usize::MAX);
    let mut found = ResultSet::empty(schema);
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        let taken = batch.num_rows().min(left);
        found.has_more = taken < batch.num_rows();
        left -= taken;
        found.batches.push(RecordBatch::try_new(Arc::clone(&found.schema), batch.slice(0, taken).columns().to_vec())?);
        if found.has_more {
            break;
        }
    }
    Ok(found)
}

/// Makes column names unique: a join of two tables has `ts_code` twice, which a JSON object cannot.
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
