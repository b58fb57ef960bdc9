//! Small lakes for the query tests. What queries must return is in the other modules.

mod adjusted;
mod as_of;
mod ddl;
mod sessions_join;
mod sql;
mod universe;

use arrow::array::{Date32Array, Float64Array, Int64Array, StringArray};

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
    ResultSet { schema: batch.schema(), batches: vec![batch], has_more: false, is_catalogue: false }
        .parquet(&path)
        .unwrap();
}

/// 19,724 is 2024-01-02. The folder's name contains a glob pattern.
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

/// A table with two vendors, requested by period, with these lines in its pipeline.
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

/// Dates this many days after 2024-01-02.
fn days(n: &[Option<i32>]) -> Arc<Date32Array> {
    Arc::new(n.iter().map(|n| n.map(|n| 19_724 + n)).collect())
}

async fn as_of(catalog: &Catalog, lake: &Path, query: &str, day: &str) -> String {
    let horizon = Horizon { day: Some(day.parse().unwrap()), ..Horizon::default() };
    let store = Store::open(lake.to_str().unwrap()).unwrap();
    sql(catalog, (&store, None), query, &horizon, None)
        .await
        .unwrap()
        .csv()
        .unwrap()
        .lines()
        .skip(1)
        .collect::<Vec<_>>()
        .join(";")
}

/// The rows of a query on the newest state.
fn run(catalog: &Catalog, lake: &Path, query: &str) -> String {
    let store = Store::open(lake.to_str().unwrap()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let rows = runtime.block_on(sql(catalog, (&store, None), query, &Horizon::default(), None)).unwrap();
    rows.csv().unwrap().lines().skip(1).collect::<Vec<_>>().join(";")
}
