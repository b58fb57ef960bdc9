//! The views for other engines. What the engines read through them is tested in `tests/interop`.

use super::*;

/// The Spark views of a lake whose path contains glob patterns, as of a day or in its newest state.
async fn views_of_spark(day: Option<&str>) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (catalog, store) = lake(folder.path());
    let horizon = Horizon { day: day.map(|day| day.parse().unwrap()), ..Horizon::default() };
    spark(&catalog, &store, &horizon, &Glossary::default()).await.unwrap()
}

#[tokio::test]
async fn spark_gets_one_statement_a_line() {
    for day in [None, Some("2024-01-05")] {
        let text = views_of_spark(day).await;
        let mut statements = text.lines().filter(|line| !line.starts_with("--"));
        assert!(
            statements.all(|line| line.starts_with("CREATE OR REPLACE TEMPORARY VIEW `") && line.ends_with(';')),
            "{text}"
        );
        assert!(!text.contains('"'), "{text}");
    }
}

#[tokio::test]
async fn paths_hold_no_patterns() {
    let folder = tempfile::tempdir().unwrap();
    let (catalog, store) = lake(folder.path());
    let text = spark(&catalog, &store, &Horizon::default(), &Glossary::default()).await.unwrap();
    assert!(text.contains(r"a \\[lake\\] 数%20/silver/stock_daily_cn')"), "{text}");
    let text = duckdb(&catalog, &store, &Glossary::default()).await.unwrap();
    assert!(text.contains("a [[]lake] 数%20/silver/stock_daily_cn/*/*.parquet'"), "{text}");
}

#[tokio::test]
async fn columns_say_what_they_mean_and_their_unit() {
    let text = views_of_spark(None).await;
    assert!(text.contains("`amount` DOUBLE COMMENT 'turnover [CNY]'"), "{text}");
    assert!(text.contains(r"COMMENT 'vendor\'s own industry label (not Shenwan)'"), "{text}");
    let folder = tempfile::tempdir().unwrap();
    let (catalog, store) = lake(folder.path());
    let text = duckdb(&catalog, &store, &Glossary::default()).await.unwrap();
    assert!(text.contains("COMMENT ON COLUMN \"stock_daily_cn\".\"amount\" IS 'turnover [CNY]';"), "{text}");
    let label = "COMMENT ON COLUMN \"stock_basic_cn\".\"industry\" IS 'vendor''s own industry label (not Shenwan)';";
    assert!(text.contains(label), "{text}");
}

#[tokio::test]
async fn as_of_a_day_the_files_have_views_of_their_own() {
    let text = views_of_spark(Some("2024-01-05")).await;
    let of_files = text.lines().filter(|line| line.contains("USING parquet"));
    assert!(of_files.clone().count() == 2 && of_files.clone().all(|line| line.contains("_files` (")), "{text}");
    let bars = text.lines().find(|line| line.contains("VIEW `stock_daily_cn` ")).unwrap();
    assert!(bars.contains("FROM `stock_daily_cn_files` AS m WHERE m.`trade_date` <= DATE '2024-01-05'"), "{bars}");
    // The list of securities has no history here, and without one it is not known as of a day.
    assert!(text.contains("-- `stock_basic_cn` cannot be read as of DATE '2024-01-05'"), "{text}");
}

#[tokio::test]
async fn polars_gets_a_function_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let (catalog, store) = lake(folder.path());
    let text = polars(&catalog, &store, &Glossary::default()).await.unwrap();
    assert!(text.contains("\nLAKE = \"") && text.contains("a [lake] 数%20\"\n"), "{text}");
    // Tables without files get a function only if other functions read them.
    let named: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("def ")?.strip_suffix("(as_of=None):")).collect();
    assert_eq!(named, ["adjusted_hfq", "adj_factor", "stock_basic_cn", "stock_daily_cn", "trade_cal"]);
    assert!(text.contains("    amount: turnover [CNY]\n"), "{text}");
    assert!(text.contains("rows = pl.LazyFrame(schema={\"ts_code\": pl.String, \"trade_date\": pl.Date, "), "{text}");
    // The list of securities has no history here.
    assert!(text.contains("raise ValueError(\"`stock_basic_cn` has no history yet: run `pitlake normalize"), "{text}");
}
