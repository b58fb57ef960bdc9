//! Queries of a small lake.

use arrow::array::{Date32Array, Float64Array, Int64Array, StringArray, TimestampMicrosecondArray};

use std::fs::{self, File};
use std::path::Path;

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
    ResultSet { schema: batch.schema(), batches: vec![batch] }.parquet(&path).unwrap();
}

/// 19,724 is 2024-01-02; the name of the folder would be a glob to a careless reader.
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
async fn sql_reads_silver() {
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
        let rows = sql(&catalog, &store, query, &Horizon::default()).await.unwrap();
        assert_eq!(rows.json().unwrap(), expected, "{query}");
        assert!(rows.schema.fields().iter().all(|f| *f.data_type() != DataType::Utf8View), "{query}");
    }
}

#[tokio::test]
async fn an_error_in_the_sql_is_one_line_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let (catalog, store) = lake(folder.path());
    for (query, part) in [
        ("SELEC 1", "cannot parse the SQL: "),
        ("SELECT 1 FROM (", "cannot parse the SQL: "),
        ("", "cannot plan the SQL: No SQL statements"),
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
        ("INSERT INTO stock_daily_cn SELECT * FROM stock_daily_cn", "only SELECT is allowed"),
        ("COPY (SELECT 1) TO 'x.parquet'", "only SELECT is allowed"),
        ("CREATE TABLE t AS SELECT 1", "only SELECT is allowed"),
        ("CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION '/etc'", "only SELECT is allowed"),
        ("DROP TABLE stock_daily_cn", "only SELECT is allowed"),
        (
            "SELECT * FROM as_of('stock_daily_cn')",
            "takes 2 arguments, not 1: expected as_of('TABLE', DATE 'YYYY-MM-DD')",
        ),
        ("SELECT * FROM as_of('stock_dialy_cn', DATE '2024-01-02')", "no table `stock_dialy_cn` in as_of"),
        ("SELECT * FROM as_of(1, DATE '2024-01-02')", "the table of as_of must be a text"),
        ("SELECT * FROM as_of('stock_daily_cn', 2024)", "the day of as_of must be a date"),
        ("SELECT * FROM as_of('stock_basic_cn', '2024-01-02')", "`stock_basic_cn` cannot be read as of a day"),
        ("SET datafusion.execution.target_partitions = 1", "only SELECT is allowed"),
    ] {
        match sql(&catalog, &store, query, &Horizon::default()).await {
            Err(QueryError::Misuse(message)) => {
                assert!(message.contains(part) && !message.contains('\n'), "{query}: {message}");
            }
            other => panic!("{query}: {other:?}"),
        }
    }
    store.put("silver/stock_basic_cn/part-0.parquet", "broken".into()).await.unwrap();
    let broken = sql(&catalog, &store, "SELECT * FROM stock_basic_cn", &Horizon::default()).await;
    assert!(matches!(broken, Err(QueryError::Failed(_))), "{broken:?}");
}

#[tokio::test]
async fn partition_keys_are_columns() {
    let shipped = include_str!("../../pipelines/stock_daily_cn.toml");
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
        let rows = sql(&catalog, &store, &format!("SELECT * FROM stock_daily_cn WHERE {key}"), &Horizon::default())
            .await
            .unwrap();
        assert!(rows.json().unwrap().contains(shown), "{}", rows.json().unwrap());
        let none = format!("SELECT * FROM stock_daily_cn WHERE NOT ({key})");
        assert_eq!(sql(&catalog, &store, &none, &Horizon::default()).await.unwrap().json().unwrap(), "[]");
    }
}

#[tokio::test]
async fn a_lake_that_does_not_exist_has_empty_tables() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::load(&[], None).unwrap().0;
    let store = Store::open(folder.path().join("none").to_str().unwrap()).unwrap();
    let rows = sql(&catalog, &store, "SELECT ts_code, vol FROM stock_daily_cn", &Horizon::default()).await.unwrap();
    assert_eq!(rows.json().unwrap(), "[]");
    assert_eq!(rows.csv().unwrap(), "ts_code,vol");
    assert_eq!(rows.text().unwrap().lines().next(), Some("| ts_code | vol |"));
}

#[tokio::test]
async fn a_lake_of_another_kind_is_queried_like_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (catalog, files) = lake(folder.path());
    let store = Store::memory();
    for file in files.list("silver").await.unwrap() {
        store.put(&file.path, files.read(&file.path).await.unwrap()).await.unwrap();
    }
    let query = "SELECT year, sum(vol) AS v FROM stock_daily_cn GROUP BY year ORDER BY year";
    let rows = sql(&catalog, &store, query, &Horizon::default()).await.unwrap();
    assert_eq!(rows.csv().unwrap(), "year,v\n2023,3\n2024,84149023");
}

#[test]
fn a_result_is_written_in_every_format() {
    let at = TimestampMicrosecondArray::from(vec![Some(1_704_189_600_000_000), None]).with_timezone("UTC");
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("code", Arc::new(StringArray::from(vec![Some("a,b"), None])) as _, true),
        ("day", Arc::new(Date32Array::from(vec![Some(19_724), None])) as _, true),
        ("at", Arc::new(at) as _, true),
        ("x", Arc::new(Float64Array::from(vec![Some(100.0), None])) as _, true),
    ])
    .unwrap();
    let rows = ResultSet { schema: batch.schema(), batches: vec![batch.clone()] };
    assert_eq!(
        rows.json().unwrap(),
        r#"[{"code":"a,b","day":"2024-01-02","at":"2024-01-02T10:00:00Z","x":100.0},{"code":null,"day":null,"at":null,"x":null}]"#
    );
    assert_eq!(rows.csv().unwrap(), "code,day,at,x\n\"a,b\",2024-01-02,2024-01-02T10:00:00Z,100.0\n,,,");
    let text = rows.text().unwrap();
    assert!(text.contains("| a,b  | 2024-01-02 | 2024-01-02T10:00:00Z | 100.0 |"), "{text}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.parquet");
    rows.parquet(&path).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReader::try_new(File::open(&path).unwrap(), 9);
    assert_eq!(reader.unwrap().next().unwrap().unwrap(), batch);
    assert!(rows.parquet(&folder.path().join("no/a.parquet")).unwrap_err().to_string().contains("cannot write"));
}

/// A table of two vendors, asked by period, with these lines in its pipeline.
fn two_vendors(lines: &str) -> Catalog {
    let contract = |vendor: &str| {
        format!(
            "version = 1\ninterface = \"{vendor}/paid\"\ntype = \"paid\"\ntitle = \"t\"\nchecked = \"2026-11-21\"\n\
             [ask]\nby = \"period\"\nparam = \"end_date\"\npage_rows = 10\n\
             [publication]\nhour = \"17:00\"\nempty = \"answer\"\nhistory_from = \"2020-01-01\"\n\
             [fields]\nts_code = {{ type = \"text\", nullable = false, description = \"c\" }}\n\
             end_date = {{ type = \"date\", nullable = false, description = \"e\" }}\n\
             ann_date = {{ type = \"date\", description = \"a\" }}\npaid_on = {{ type = \"date\", description = \"p\" }}\n"
        )
    };
    let pipeline = format!(
        "version = 1\ntable = \"paid_cn\"\ntitle = \"t\"\nkey = [\"ts_code\", \"end_date\"]\npartition = \"none\"\n\
         event = \"end_date\"\nfilled_later = [\"paid_on\"]\n{lines}\n[[source]]\ninterface = \"tushare/paid\"\n\
         [[source]]\ninterface = \"asharehub/paid\"\n[[example]]\nsource = \"tushare/paid\"\ngiven = '{{}}'\n\
         rejected = \"empty\"\n"
    );
    let own = [
        ("schemas/tushare/paid.toml", contract("tushare")),
        ("schemas/asharehub/paid.toml", contract("asharehub")),
        ("pipelines/paid_cn.toml", pipeline),
    ];
    let own = own.map(|(name, text)| crate::spec::SpecFile { name: name.into(), text });
    Catalog::load(&own, None).unwrap_or_else(|problems| panic!("{problems}")).0
}

/// Days after 2024-01-02.
fn days(n: &[Option<i32>]) -> Arc<Date32Array> {
    Arc::new(n.iter().map(|n| n.map(|n| 19_724 + n)).collect())
}

async fn as_of(catalog: &Catalog, lake: &Path, query: &str, day: &str) -> String {
    let horizon = Horizon { day: Some(day.parse().unwrap()), ..Horizon::default() };
    let store = Store::open(lake.to_str().unwrap()).unwrap();
    sql(catalog, &store, query, &horizon).await.unwrap().csv().unwrap().lines().skip(1).collect::<Vec<_>>().join(";")
}

#[tokio::test]
async fn a_column_that_is_filled_later_is_null_before_the_date_it_holds() {
    let catalog = two_vendors("known = \"event\"\nkeeps = \"latest\"");
    let folder = tempfile::tempdir().unwrap();
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("ts_code", Arc::new(StringArray::from(vec!["a", "b"])) as _, true),
        ("end_date", days(&[Some(0), Some(0)]) as _, true),
        ("paid_on", days(&[Some(3), None]) as _, true),
        ("vendor", Arc::new(StringArray::from(vec!["tushare", "tushare"])) as _, true),
    ]);
    write(folder.path(), "paid_cn/part-0.parquet", batch.unwrap());
    let query = "SELECT * FROM paid_cn ORDER BY ts_code";
    let at = async |day: &str| as_of(&catalog, folder.path(), query, day).await;
    assert_eq!(at("2024-01-01").await, "");
    assert_eq!(at("2024-01-04").await, "a,2024-01-02,,tushare;b,2024-01-02,,tushare");
    assert_eq!(at("2024-01-05").await, "a,2024-01-02,2024-01-05,tushare;b,2024-01-02,,tushare");
}

#[tokio::test]
async fn one_query_reads_a_table_as_of_several_days() {
    let folder = tempfile::tempdir().unwrap();
    let (catalog, store) = lake(folder.path());
    let count = "SELECT (SELECT count(*) FROM as_of('stock_daily_cn', DATE '2023-06-30')) AS then, \
                 (SELECT count(*) FROM as_of('stock_daily_cn', '2024-01-02')) AS later, \
                 (SELECT count(*) FROM stock_daily_cn) AS now";
    let counted = async |day: Option<&str>| {
        let horizon = Horizon { day: day.map(|day| day.parse().unwrap()), ..Horizon::default() };
        sql(&catalog, &store, count, &horizon).await.unwrap().json().unwrap()
    };
    assert_eq!(counted(None).await, r#"[{"then":2,"later":4,"now":4}]"#);
    // Nothing sees beyond the day of the whole query.
    assert_eq!(counted(Some("2023-12-31")).await, r#"[{"then":2,"later":2,"now":2}]"#);
    let joined = "SELECT a.ts_code, a.vol AS former, b.vol AS newer FROM as_of('stock_daily_cn', DATE '2023-06-30') a \
                  JOIN AS_OF('stock_daily_cn', DATE '2024-06-30') b ON a.ts_code = b.ts_code AND b.year = 2024 ORDER BY 1";
    let rows = sql(&catalog, &store, joined, &Horizon::default()).await.unwrap().json().unwrap();
    let expected =
        r#"[{"ts_code":"000001.SZ","former":1,"newer":3},{"ts_code":"000002.SZ","former":2,"newer":84149020}]"#;
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn all_occurrences_of_a_key_come_from_one_vendor() {
    let lines =
        "known = \"announced\"\nkeeps = \"versions\"\noccurrence = true\n[versions]\nannounced = [\"ann_date\"]\n";
    let catalog = two_vendors(lines);
    let folder = tempfile::tempdir().unwrap();
    // Vendor, occurrence, revision, announced, known, paid: the second vendor has `a` a day earlier, and three times.
    let rows = [
        ("tushare", 1, 1, Some(2), 2, None),
        ("tushare", 2, 1, Some(2), 2, Some(9)),
        ("tushare", 2, 2, None, 5, Some(6)),
        ("asharehub", 1, 1, Some(1), 1, None),
        ("asharehub", 2, 1, Some(1), 1, None),
        ("asharehub", 3, 1, Some(1), 1, None),
        ("a former vendor", 1, 1, Some(0), 0, None),
    ];
    let number = |numbers: [i32; 7]| Arc::new(arrow::array::Int32Array::from_iter_values(numbers));
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("ts_code", Arc::new(StringArray::from(vec!["a"; rows.len()])) as _, true),
        ("end_date", days(&vec![Some(0); rows.len()]) as _, true),
        ("paid_on", days(&rows.map(|row| row.5)) as _, true),
        ("occurrence", number(rows.map(|row| row.1)) as _, true),
        ("announced_on", days(&rows.map(|row| row.3)) as _, true),
        ("known_on", days(&rows.map(|row| Some(row.4))) as _, true),
        ("revision", number(rows.map(|row| row.2)) as _, true),
        ("vendor", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.0))) as _, true),
    ]);
    write(folder.path(), "paid_cn/part-0.parquet", batch.unwrap());
    let query = "SELECT vendor, occurrence, revision, paid_on FROM paid_cn ORDER BY 1, 2, 3";
    let at = async |day: &str| as_of(&catalog, folder.path(), query, day).await;
    assert_eq!(at("2024-01-02").await, "");
    assert_eq!(at("2024-01-03").await, "asharehub,1,1,;asharehub,2,1,;asharehub,3,1,");
    assert_eq!(at("2024-01-04").await, "tushare,1,1,;tushare,2,1,");
    // A version without an announcement counts as announced on the day it became known.
    assert_eq!(at("2024-01-07").await, "tushare,1,1,;tushare,2,2,");
    assert_eq!(at("2024-01-08").await, "tushare,1,1,;tushare,2,2,2024-01-08");
}
