//! Bronze to sorted columns, compared within one run to a peer: Arrow's own JSON reader, doubles multiplied, sorted by
//! key. The two alternate (ours, peer, ours, peer …), so that a drifting machine affects both; the ratio is taken pair
//! by pair. Run with `cargo bench --bench normalise`.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Instant;

use arrow::array::{AsArray as _, RecordBatch};
use arrow::compute::kernels::numeric::mul;
use arrow::compute::{SortColumn, concat_batches, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema};
use pitlake::bronze::inflate;
use pitlake::normalise::{Builder, Input, Partition};
use pitlake::spec::{Catalog, Table};
use pitlake_sandbox::{Cell, Market, Settings};

const PAIRS: usize = 7;

fn main() {
    let settings = Settings {
        stocks: 2000,
        start: "2023-01-01".parse().expect("a date"),
        end: "2023-06-30".parse().expect("a date"),
        ..Settings::default()
    };
    let (catalog, _) = Catalog::load(&[], None).expect("the shipped files load");
    let market = Market::new(&settings);
    for (table, interface) in [("stock_daily_cn", "daily"), ("moneyflow_cn", "moneyflow")] {
        let table = catalog.table(table).expect("shipped");
        let files = bronze(&market, interface);
        let rows = ours(table, &files).num_rows();
        assert_eq!(rows, peer(table, &files).num_rows());
        let mut figures: Vec<(f64, f64)> = Vec::new();
        for _ in 0..PAIRS {
            figures.push((seconds(|| ours(table, &files)), seconds(|| peer(table, &files))));
        }
        let median = |mut all: Vec<f64>| {
            all.sort_by(f64::total_cmp);
            (all[0], all[all.len() / 2], all[all.len() - 1])
        };
        let (_, own, _) = median(figures.iter().map(|f| f.0).collect());
        let (low, ratio, high) = median(figures.iter().map(|f| f.1 / f.0).collect());
        println!(
            "{}: {rows} rows, {own:.3} s, {:.2} M rows/s on one thread; peer / ours {low:.2} / {ratio:.2} / {high:.2}",
            table.name,
            f64::from(u32::try_from(rows).expect("few")) / own / 1e6,
        );
    }
}

fn seconds(work: impl FnOnce() -> RecordBatch) -> f64 {
    let begun = Instant::now();
    std::hint::black_box(work());
    begun.elapsed().as_secs_f64()
}

/// One gzip file per day, as in bronze.
fn bronze(market: &Market, interface: &str) -> Vec<Vec<u8>> {
    let rows = market.rows(interface).expect("an interface of the sandbox");
    let day = rows.fields.iter().position(|f| *f == "trade_date").expect("a date");
    let mut days: std::collections::BTreeMap<String, Vec<u8>> = std::collections::BTreeMap::new();
    for row in &rows.rows {
        let Cell::Text(date) = &row[day] else { continue };
        let cells: Vec<String> = rows
            .fields
            .iter()
            .zip(row)
            .map(|(field, cell)| match cell {
                Cell::Null => format!("\"{field}\":null"),
                Cell::Text(text) => format!("\"{field}\":\"{text}\""),
                Cell::Number(text) => format!("\"{field}\":{text}"),
            })
            .collect();
        writeln!(days.entry(date.clone()).or_default(), "{{{}}}", cells.join(",")).expect("memory");
    }
    let gzip = |lines: Vec<u8>| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(&lines).expect("memory");
        gzip.finish().expect("memory")
    };
    days.into_values().map(gzip).collect()
}

fn ours(table: &Arc<Table>, files: &[Vec<u8>]) -> RecordBatch {
    let mut builder = Builder::new(table, Partition::Year(2023));
    let mut text = Vec::new();
    for body in files {
        inflate(body, &mut text).expect("gzip");
        builder.add(Input::new("bench", &table.sources[0]), &text).expect("rows");
    }
    builder.finish(&|_| None).expect("columns").batch
}

fn peer(table: &Arc<Table>, files: &[Vec<u8>]) -> RecordBatch {
    let fields: Vec<Field> = table
        .columns
        .iter()
        .map(|column| {
            let text = matches!(column.name.as_str(), "ts_code" | "trade_date");
            Field::new(&column.name, if text { DataType::Utf8 } else { DataType::Float64 }, true)
        })
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let mut batches = Vec::new();
    let mut text = Vec::new();
    for body in files {
        inflate(body, &mut text).expect("gzip");
        let reader = arrow::json::ReaderBuilder::new(Arc::clone(&schema)).with_batch_size(8192).build(text.as_slice());
        batches.extend(reader.expect("a reader").map(|batch| batch.expect("rows")));
    }
    let all = concat_batches(&schema, &batches).expect("one schema");
    let hundred = arrow::array::Float64Array::new_scalar(100.0);
    let columns = all.columns().iter().zip(schema.fields()).map(|(column, field)| {
        if field.data_type() == &DataType::Float64 {
            mul(&column.as_primitive::<arrow::datatypes::Float64Type>(), &hundred).expect("numbers")
        } else {
            Arc::clone(column)
        }
    });
    let all = RecordBatch::try_new(Arc::clone(&schema), columns.collect()).expect("columns");
    let by = |column: usize| SortColumn { values: Arc::clone(all.column(column)), options: None };
    let order = lexsort_to_indices(&[by(0), by(1)], None).expect("sortable");
    take_record_batch(&all, &order).expect("rows")
}
