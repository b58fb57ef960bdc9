//! SQL over silver by `DataFusion`, read only. The one place that names `datafusion`.
//!
//! Never here: writing into the lake, or what a column means.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use comfy_table::{Cell, CellAlignment, presets};
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
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::spec::{Catalog, ColumnType, PartitionBy, Table, nearest};
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

/// Rows, with names that differ from each other.
#[derive(Debug)]
pub struct Answer {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows.
    pub batches: Vec<RecordBatch>,
}

/// Answers one SELECT. A table that is not built yet has no rows, and a warning says so.
///
/// # Errors
/// [`QueryError`].
pub async fn sql(catalog: &Catalog, store: &Store, sql: &str) -> Result<Answer, QueryError> {
    let explain = |error: DataFusionError| explain(catalog, &error);
    let context = context(store)?;
    let state = context.state();
    let dialect = state.config_options().sql_parser.dialect;
    let statement = state.sql_to_statement(sql, &dialect).map_err(explain)?;
    for mentioned in state.resolve_table_references(&statement).map_err(explain)? {
        if let Some(table) = catalog.table(mentioned.table()) {
            register(&context, store, table).await?;
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

async fn register(context: &SessionContext, store: &Store, table: &Table) -> Result<()> {
    let folder = format!("silver/{}", table.name);
    let mut files = store.list(&folder).await?;
    files.retain(|file| file.path.ends_with(".parquet"));
    let keys = partition_columns(table.partition);
    let Some(last) = files.last().filter(|_| store.folder().is_some()) else {
        tracing::warn!("`{0}` is not built yet and has no rows: `fetch {0}`, then `normalize {0}`", table.name);
        context.register_table(&table.name, Arc::new(EmptyTable::new(promised(table, keys))))?;
        return Ok(());
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
    context.register_table(&table.name, Arc::new(ListingTable::try_new(config)?))?;
    Ok(())
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
    let own = table.columns.iter().map(|column| {
        let kind = match column.kind {
            ColumnType::Utf8 => DataType::Utf8,
            ColumnType::Date => DataType::Date32,
            ColumnType::Int64 => DataType::Int64,
            ColumnType::Float64 => DataType::Float64,
            ColumnType::Boolean => DataType::Boolean,
        };
        (column.name.clone(), kind)
    });
    let all = own.chain([("vendor".to_owned(), DataType::Utf8)]).chain(keys);
    Arc::new(Schema::new(all.map(|(name, kind)| Field::new(name, kind, true)).collect::<Vec<_>>()))
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
                let hint = hint.unwrap_or_else(|| "`ashare-lake tables TABLE` lists the columns".into());
                hinted(format!("no column `{}`", named(field)), hint)
            }
            _ => unplanned,
        },
        DataFusionError::Plan(plan) => {
            let unknown = plan.strip_prefix("table '").and_then(|rest| rest.split_once("' not found"));
            let Some((path, _)) = unknown else { return unplanned };
            let name = path.strip_prefix("datafusion.public.").unwrap_or(path);
            let hint = nearest(name, catalog.tables().map(|table| table.name.as_str()));
            let hint = hint.unwrap_or_else(|| "`ashare-lake tables` lists them".into());
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

impl Answer {
    /// One array of objects, keys in the order of the columns, nulls written; no line break at the end.
    ///
    /// # Errors
    /// When a column is of a type that JSON cannot hold.
    pub fn json(&self) -> Result<String> {
        let builder = arrow::json::WriterBuilder::new().with_explicit_nulls(true);
        let mut writer = builder.build::<_, arrow::json::writer::JsonArray>(Vec::new());
        self.batches.iter().try_for_each(|batch| writer.write(batch))?;
        writer.finish()?;
        Ok(String::from_utf8(writer.into_inner())?)
    }

    /// A header and a line a row, nulls empty; no line break at the end.
    ///
    /// # Errors
    /// When a column is of a type that CSV cannot hold.
    pub fn csv(&self) -> Result<String> {
        let mut text = Vec::new();
        let mut writer = arrow::csv::Writer::new(&mut text);
        // The header comes with the first batch: without rows there must be one all the same.
        writer.write(&RecordBatch::new_empty(Arc::clone(&self.schema)))?;
        self.batches.iter().try_for_each(|batch| writer.write(batch))?;
        drop(writer);
        text.pop_if(|byte| *byte == b'\n');
        Ok(String::from_utf8(text)?)
    }

    /// An aligned table, numbers to the right, nulls as `null`; no line break at the end.
    ///
    /// # Errors
    /// When a value cannot be shown.
    pub fn text(&self) -> Result<String> {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        table.set_header(self.schema.fields().iter().map(|field| field.name()));
        let options = FormatOptions::new().with_null("null");
        for batch in &self.batches {
            let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
            let columns = columns.collect::<Result<Vec<_>, _>>()?;
            for row in 0..batch.num_rows() {
                let cells = columns.iter().map(|column| column.value(row).try_to_string().map(Cell::new));
                table.add_row(cells.collect::<Result<Vec<_>, _>>()?);
            }
        }
        for (field, column) in self.schema.fields().iter().zip(table.column_iter_mut()) {
            if field.data_type().is_numeric() {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        Ok(table.to_string())
    }

    /// Writes a Parquet file, zstd, in the place of one that is there; whole or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn parquet(&self, path: &Path) -> Result<()> {
        let name = path.file_name().with_context(|| format!("`{}` names no file", path.display()))?;
        let staged = path.with_file_name(format!(".{}.{}", name.to_string_lossy(), std::process::id()));
        let written = self.write(&staged).and_then(|()| Ok(fs::rename(&staged, path)?));
        written
            .inspect_err(|_| drop(fs::remove_file(&staged)))
            .with_context(|| format!("cannot write `{}`", path.display()))
    }

    fn write(&self, path: &Path) -> Result<()> {
        let zstd = Compression::ZSTD(ZstdLevel::default());
        let properties = WriterProperties::builder().set_compression(zstd).build();
        let mut writer = ArrowWriter::try_new(File::create(path)?, Arc::clone(&self.schema), Some(properties))?;
        self.batches.iter().try_for_each(|batch| writer.write(batch))?;
        Ok(writer.into_inner()?.sync_all()?)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Date32Array, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};

    use super::*;

    fn batch(rows: &[(&str, i32, Option<f64>, i64)]) -> RecordBatch {
        RecordBatch::try_from_iter_with_nullable([
            ("ts_code", Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.0))) as _, false),
            ("trade_date", Arc::new(Date32Array::from_iter_values(rows.iter().map(|r| r.1))) as _, false),
            ("close", Arc::new(rows.iter().map(|r| r.2).collect::<Float64Array>()) as _, true),
            ("vol", Arc::new(Int64Array::from_iter_values(rows.iter().map(|r| r.3))) as _, true),
        ])
        .unwrap()
    }

    fn write(lake: &Path, path: &str, batch: RecordBatch) {
        let path = lake.join("silver").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        Answer { schema: batch.schema(), batches: vec![batch] }.parquet(&path).unwrap();
    }

    /// 19,724 is 2024-01-02; the folder's name would be a glob to a careless reader.
    fn lake(folder: &Path) -> (Catalog, Store) {
        let lake = folder.join("a [lake] 数%20");
        let rows = [("000001.SZ", 19_358, Some(9.39), 1), ("000002.SZ", 19_358, None, 2)];
        write(&lake, "stock_daily_cn/year=2023/part-0.parquet", batch(&rows));
        let rows = [("000001.SZ", 19_724, Some(0.1 + 0.2), 3), ("000002.SZ", 19_724, Some(1e22), 84_149_020)];
        write(&lake, "stock_daily_cn/year=2024/part-0.parquet", batch(&rows));
        fs::write(lake.join("silver/stock_daily_cn/notes.txt"), "no data").unwrap();
        write(&lake, "stock_basic_cn/part-0.parquet", batch(&[("000001.SZ", 7_762, None, 0)]));
        (Catalog::load(&[], None).unwrap().0, Store::open(lake.to_str().unwrap()).unwrap())
    }

    #[tokio::test]
    async fn silver_is_asked_with_sql() {
        let folder = tempfile::tempdir().unwrap();
        let (catalog, store) = lake(folder.path());
        for (query, expected) in [
            (
                "SELECT * FROM stock_daily_cn WHERE trade_date < DATE '2024-01-01' ORDER BY ts_code",
                r#"[{"ts_code":"000001.SZ","trade_date":"2023-01-01","close":9.39,"vol":1,"year":2023},{"ts_code":"000002.SZ","trade_date":"2023-01-01","close":null,"vol":2,"year":2023}]"#,
            ),
            (
                "SELECT close, vol FROM stock_daily_cn WHERE year = 2024 ORDER BY 2",
                r#"[{"close":0.30000000000000004,"vol":3},{"close":1.0e22,"vol":84149020}]"#,
            ),
            (
                "SELECT year, count(*) AS n, sum(vol) AS v, min(trade_date) AS d FROM stock_daily_cn GROUP BY year ORDER BY year",
                r#"[{"year":2023,"n":2,"v":3,"d":"2023-01-01"},{"year":2024,"n":2,"v":84149023,"d":"2024-01-02"}]"#,
            ),
            (
                "SELECT d.ts_code, b.ts_code FROM stock_daily_cn d JOIN stock_basic_cn b USING (ts_code) WHERE d.year = 2024",
                r#"[{"ts_code":"000001.SZ","ts_code_1":"000001.SZ"}]"#,
            ),
            ("SELECT ts_code, vendor, year FROM stock_daily_basic_cn", "[]"),
            (
                "WITH stock_daily AS (SELECT 1.0 AS a, CAST('x' AS VARCHAR) AS b) SELECT * FROM stock_daily",
                r#"[{"a":1.0,"b":"x"}]"#,
            ),
        ] {
            let answer = sql(&catalog, &store, query).await.unwrap();
            assert_eq!(answer.json().unwrap(), expected, "{query}");
            assert!(answer.schema.fields().iter().all(|f| *f.data_type() != DataType::Utf8View), "{query}");
        }
    }

    #[tokio::test]
    async fn what_is_wrong_with_the_sql_is_one_line_with_a_hint() {
        let folder = tempfile::tempdir().unwrap();
        let (catalog, store) = lake(folder.path());
        for (query, part) in [
            ("SELEC 1", "the SQL cannot be read: "),
            ("SELECT 1 FROM (", "the SQL cannot be read: "),
            ("", "the SQL makes no plan: No SQL statements"),
            ("SELECT 1; SELECT 2", "single SQL statement"),
            ("SELECT * FROM stock_dialy_cn", "no table `stock_dialy_cn`; did you mean `stock_daily_cn`?"),
            ("SELECT * FROM 'silver/stock_daily_cn/year=2024/part-0.parquet'", "no table `silver/stock_daily_cn/"),
            ("SELECT clos FROM stock_daily_cn", "no column `clos`; did you mean `close`?"),
            ("SELECT nosuch(1)", "nosuch"),
            ("SELECT coun(vol) FROM stock_daily_cn", "Did you mean 'count'?"),
            ("SELECT b.ts_code FROM stock_daily_cn d", "no column `b.ts_code`; did you mean `d.ts_code`?"),
            ("SELECT ts_code FROM stock_daily_cn d, stock_basic_cn b", "mbiguous"),
            ("SELECT ts_code, sum(vol) FROM stock_daily_cn", "GROUP BY"),
            ("SELECT abs(ts_code) FROM stock_daily_cn", "the SQL"),
            ("SELECT * FROM stock_daily_cn WHERE trade_date", "the SQL"),
            ("INSERT INTO stock_daily_cn SELECT * FROM stock_daily_cn", "is no query: only SELECT"),
            ("COPY (SELECT 1) TO 'x.parquet'", "is no query: only SELECT"),
            ("CREATE TABLE t AS SELECT 1", "is no query: only SELECT"),
            ("CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION '/etc'", "is no query: only SELECT"),
            ("DROP TABLE stock_daily_cn", "is no query: only SELECT"),
            ("SET datafusion.execution.target_partitions = 1", "is no query: only SELECT"),
        ] {
            match sql(&catalog, &store, query).await {
                Err(QueryError::Misuse(said)) => {
                    println!("{query} -> {said}");
                    assert!(said.contains(part) && !said.contains('\n'), "{query}: {said}");
                }
                other => panic!("{query}: {other:?}"),
            }
        }
        fs::write(store.folder().unwrap().join("silver/stock_basic_cn/part-0.parquet"), "broken").unwrap();
        let broken = sql(&catalog, &store, "SELECT * FROM stock_basic_cn").await;
        assert!(matches!(broken, Err(QueryError::Failed(_))), "{broken:?}");
    }

    #[tokio::test]
    async fn days_and_months_are_columns_too() {
        let shipped = include_str!("../pipelines/stock_daily_cn.toml");
        for (by, path, key, shown) in [
            ("day", "date=2024-01-02", "date = DATE '2024-01-02'", r#""date":"2024-01-02""#),
            ("month", "year=2024/month=6", "year = 2024 AND month < 10", r#""year":2024,"month":6"#),
        ] {
            let text = shipped.replace("partition = \"year\"", &format!("partition = \"{by}\""));
            let own = crate::spec::SpecFile { name: "pipelines/stock_daily_cn.toml".into(), text };
            let (catalog, _) = Catalog::load(&[own], None).unwrap();
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), &format!("stock_daily_cn/{path}/part-0.parquet"), batch(&[("a", 19_724, None, 1)]));
            let store = Store::open(folder.path().to_str().unwrap()).unwrap();
            let answer = sql(&catalog, &store, &format!("SELECT * FROM stock_daily_cn WHERE {key}")).await.unwrap();
            assert!(answer.json().unwrap().contains(shown), "{}", answer.json().unwrap());
            let none = format!("SELECT * FROM stock_daily_cn WHERE NOT ({key})");
            assert_eq!(sql(&catalog, &store, &none).await.unwrap().json().unwrap(), "[]");
        }
    }

    #[tokio::test]
    async fn a_lake_that_is_not_there_has_empty_tables() {
        let folder = tempfile::tempdir().unwrap();
        let catalog = Catalog::load(&[], None).unwrap().0;
        let store = Store::open(folder.path().join("none").to_str().unwrap()).unwrap();
        let answer = sql(&catalog, &store, "SELECT ts_code, vol FROM stock_daily_cn").await.unwrap();
        assert_eq!(answer.json().unwrap(), "[]");
        assert_eq!(answer.csv().unwrap(), "ts_code,vol");
        assert_eq!(answer.text().unwrap().lines().next(), Some("| ts_code | vol |"));
    }

    #[test]
    fn an_answer_is_written_in_every_form() {
        let at = TimestampMicrosecondArray::from(vec![Some(1_704_189_600_000_000), None]).with_timezone("UTC");
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("code", Arc::new(StringArray::from(vec![Some("a,b"), None])) as _, true),
            ("day", Arc::new(Date32Array::from(vec![Some(19_724), None])) as _, true),
            ("at", Arc::new(at) as _, true),
            ("x", Arc::new(Float64Array::from(vec![Some(100.0), None])) as _, true),
        ])
        .unwrap();
        let answer = Answer { schema: batch.schema(), batches: vec![batch.clone()] };
        assert_eq!(
            answer.json().unwrap(),
            r#"[{"code":"a,b","day":"2024-01-02","at":"2024-01-02T10:00:00Z","x":100.0},{"code":null,"day":null,"at":null,"x":null}]"#
        );
        assert_eq!(answer.csv().unwrap(), "code,day,at,x\n\"a,b\",2024-01-02,2024-01-02T10:00:00Z,100.0\n,,,");
        let text = answer.text().unwrap();
        assert!(text.contains("| a,b  | 2024-01-02 | 2024-01-02T10:00:00Z | 100.0 |"), "{text}");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.parquet");
        answer.parquet(&path).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(File::open(&path).unwrap(), 9);
        assert_eq!(reader.unwrap().next().unwrap().unwrap(), batch);
        assert!(answer.parquet(&folder.path().join("no/a.parquet")).unwrap_err().to_string().contains("cannot write"));
    }
}
