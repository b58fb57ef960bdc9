//! SQL over silver, its errors, and the output formats.

use arrow::array::TimestampMicrosecondArray;
use arrow::datatypes::DataType;

use super::*;

#[tokio::test]
async fn sql_reads_silver() {
    let folder = tempfile::tempdir().unwrap();
    let (catalog, store) = lake(folder.path());
    for (query, expected) in [
        (
            "SELECT ts_code, trade_date, close, vol, year FROM stock_daily_cn WHERE trade_date < DATE '2024-01-01' ORDER BY ts_code",
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
        let rows = sql(&catalog, (&store, None), query, &Horizon::default(), None).await.unwrap();
        assert_eq!(rows.json().unwrap(), expected, "{query}");
        assert!(rows.schema.fields().iter().all(|f| *f.data_type() != DataType::Utf8View), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_footer_fails_the_query_and_not_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let (catalog, store) = lake(folder.path());
    let path = folder.path().join("a [lake] 数%20/silver/stock_daily_cn/year=2023/part-0.parquet");
    let whole = fs::read(&path).unwrap();
    let footer = whole.len() - 8 - u32::from_le_bytes(*whole[whole.len() - 8..].first_chunk().unwrap()) as usize;
    let mut failed = 0;
    for place in footer..whole.len() {
        let mut damaged = whole.clone();
        damaged[place] ^= 1 << (place % 8);
        fs::write(&path, damaged).unwrap();
        let text = "SELECT max(ts_code) AS m, sum(vol) AS v FROM stock_daily_cn";
        match sql(&catalog, (&store, None), text, &Horizon::default(), None).await {
            Ok(rows) => drop(rows.json().unwrap()),
            Err(QueryError::Failed(error)) => {
                failed += usize::from(error.to_string().contains("run `pitlake verify stock_daily_cn`"));
            }
            Err(error) => panic!("{place}: {error}"),
        }
    }
    assert!(failed > 100, "{failed}");
}

#[tokio::test]
async fn a_filter_that_fails_is_not_taken_for_a_damaged_file() {
    let folder = tempfile::tempdir().unwrap();
    let (catalog, store) = lake(folder.path());
    for filter in ["CAST(ts_code AS INT) = 5", "1 / (vol - vol) > 0"] {
        let text = format!("SELECT * FROM stock_daily_cn WHERE {filter}");
        let error = sql(&catalog, (&store, None), &text, &Horizon::default(), None).await.unwrap_err().to_string();
        assert!(error.starts_with("the query failed: ") && !error.contains("verify"), "{error}");
    }
}

#[tokio::test]
async fn an_error_in_the_sql_shows_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let (catalog, store) = lake(folder.path());
    for (query, shown) in [
        (
            "SELECT clos FROM stock_daily_cn",
            "no column `clos`; did you mean `close`?\n  line 1, column 8\n  SELECT clos FROM stock_daily_cn\n         ^^^^",
        ),
        (
            "SELECT '平安' AS name,\n  d.clos\nFROM stock_daily_cn d",
            "no column `d.clos`; did you mean `d.close`?\n  line 2, column 3\n    d.clos\n    ^^^^^^",
        ),
        (
            "SELECT *\nFROM stock_dialy_cn",
            "no table `stock_dialy_cn`; did you mean `stock_daily_cn`?\n  line 2, column 6\n  FROM stock_dialy_cn\n       ^^^^^^^^^^^^^^",
        ),
        (
            "SELECT coun(vol) FROM stock_daily_cn",
            "\n  line 1, column 8\n  SELECT coun(vol) FROM stock_daily_cn\n         ^^^^",
        ),
        (
            "SELECT ts_code FROM stock_daily_cn d, stock_basic_cn b",
            "\n  line 1, column 8\n  SELECT ts_code FROM stock_daily_cn d, stock_basic_cn b\n         ^^^^^^^",
        ),
        (
            "SELECT ts_code, sum(vol) FROM stock_daily_cn",
            "\n  line 1, column 8\n  SELECT ts_code, sum(vol) FROM stock_daily_cn\n         ^^^^^^^",
        ),
        ("SELECT vol FROM\n WHERE 1", " at Line: 2, Column: 8\n   WHERE 1\n         ^"),
        // If the engine does not tell.
        ("SELECT abs(ts_code) FROM stock_daily_cn", "You might need to add explicit type casts."),
        ("DESCRIBE stock_dialy_cn", "no table `stock_dialy_cn`; did you mean `stock_daily_cn`?"),
    ] {
        let error = sql(&catalog, (&store, None), query, &Horizon::default(), None).await.unwrap_err().to_string();
        assert!(error.trim_end().ends_with(shown), "{query}:\n{error}\n{shown}");
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
        ("SELECT * FROM as_of('stock_basic_cn', '2024-01-02')", "run `pitlake normalize stock_basic_cn`"),
        ("SELECT * FROM as_of('margin_cn', '2024-01-02')", "run `pitlake fetch trade_cal --refetch`"),
        (
            "SELECT * FROM sessions_join()",
            "sessions_join takes 1 to 4 arguments, not 0: expected sessions_join('TABLE'",
        ),
        ("SELECT * FROM sessions_join('stock_daily_cn')", "`stock_daily_cn` has no session join: it keeps no versions"),
        ("SELECT * FROM sessions_join('namechang_cn')", "no table `namechang_cn` in sessions_join"),
        ("SELECT * FROM sessions_join('stk_managers_cn')", "its key has no security and period"),
        ("SELECT * FROM sessions_join('income_cn')", "the lake has no calendar: run `pitlake fetch trade_cal`"),
        ("SELECT * FROM sessions_join('income_cn', 2024)", "must be two dates and a report type: expected"),
        ("SELECT * FROM adjusted()", "adjusted takes 1 to 3 arguments, not 0: expected adjusted('hfq')"),
        ("SELECT * FROM adjusted('raw')", "unknown adjustment `raw`: expected adjusted('hfq')"),
        ("SELECT * FROM adjusted('hfq', DATE '2024-01-02')", "('hfq') has no anchor: expected"),
        ("SELECT * FROM adjusted('qfq')", "('qfq') needs the day of its anchor: expected"),
        ("SELECT * FROM adjusted('qfq', 1)", "the anchor of adjusted must be a date: expected"),
        (
            "SELECT * FROM adjusted('qfq', DATE '2024-01-03', DATE '2024-01-02')",
            "the anchor 2024-01-03 is after 2024-01-02, the day as of which the query reads: choose one up to it",
        ),
        ("SELECT * FROM universe()", "universe takes 1 to 2 arguments, not 0: expected universe(DATE 'DAY')"),
        ("SELECT * FROM universe('today')", "the day of universe must be a date: expected"),
        ("SELECT * FROM universe(DATE '2024-01-02', 300)", "the index of universe must be a text: expected"),
        (
            "SELECT * FROM universe(DATE '2024-01-02')",
            "`stock_basic_cn` has no history yet: run `pitlake normalize stock_basic_cn`",
        ),
        ("SET datafusion.execution.target_partitions = 1", "only SELECT is allowed"),
    ] {
        match sql(&catalog, (&store, None), query, &Horizon::default(), None).await {
            Err(QueryError::Misuse(message)) => {
                let said = message.lines().next().unwrap();
                assert!(said.contains(part), "{query}: {message}");
                // At most the position follows.
                let is_place = |line: &str| line.starts_with("  ");
                assert!(message.lines().count() <= 4 && message.lines().skip(1).all(is_place), "{query}: {message}");
            }
            other => panic!("{query}: {other:?}"),
        }
    }
    store.put("silver/stock_basic_cn/part-0.parquet", "broken".into()).await.unwrap();
    let broken = sql(&catalog, (&store, None), "SELECT * FROM stock_basic_cn", &Horizon::default(), None).await;
    assert!(matches!(broken, Err(QueryError::Failed(_))), "{broken:?}");
}

#[tokio::test]
async fn partition_keys_are_columns() {
    let shipped = include_str!("../../../pipelines/stock_daily_cn.toml");
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
        let rows = sql(
            &catalog,
            (&store, None),
            &format!("SELECT * FROM stock_daily_cn WHERE {key}"),
            &Horizon::default(),
            None,
        )
        .await
        .unwrap();
        assert!(rows.json().unwrap().contains(shown), "{}", rows.json().unwrap());
        let none = format!("SELECT * FROM stock_daily_cn WHERE NOT ({key})");
        assert_eq!(
            sql(&catalog, (&store, None), &none, &Horizon::default(), None).await.unwrap().json().unwrap(),
            "[]"
        );
    }
}

#[tokio::test]
async fn a_lake_that_does_not_exist_has_empty_tables() {
    let folder = tempfile::tempdir().unwrap();
    let catalog = Catalog::load(&[], None).unwrap().0;
    let store = Store::open(folder.path().join("none").to_str().unwrap()).unwrap();
    let rows = sql(&catalog, (&store, None), "SELECT ts_code, vol FROM stock_daily_cn", &Horizon::default(), None)
        .await
        .unwrap();
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
    let rows = sql(&catalog, (&store, None), query, &Horizon::default(), None).await.unwrap();
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
    let rows = ResultSet { schema: batch.schema(), batches: vec![batch.clone()], has_more: false, is_catalogue: false };
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
