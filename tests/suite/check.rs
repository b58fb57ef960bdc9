//! `check`: prints rows of silver that break a promise, and exits with 4.

use std::fs;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, Date32Array, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::Date32Type;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use crate::support::{ALL, NOW, Place, Vendor, settings};
use crate::vendors::bronze;

fn check(place: &Place, code: i32, args: &[&str]) -> Vec<Value> {
    let args = [&["check"], args, &["--format", "json", "--now", NOW]].concat();
    serde_json::from_str(&place.expect(code, &args)).unwrap()
}

/// What was found, without the rows.
fn problems(found: &[Value]) -> Vec<(String, String, u64)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    found.iter().map(|one| (text(&one["check"]), text(&one["level"]), one["count"].as_u64().unwrap())).collect()
}

fn expected(all: &[(&str, &str, u64)]) -> Vec<(String, String, u64)> {
    all.iter().map(|(check, level, count)| ((*check).to_owned(), (*level).to_owned(), *count)).collect()
}

fn place(table: &str, folder: &str, lines: &[&str]) -> Place {
    let place = Place::at("http://127.0.0.1:9");
    bronze(&place, &format!("tushare/{folder}/x_20240110.jsonl.gz"), lines);
    place.expect(0, &["normalize", table, "--now", NOW]);
    place
}

/// Rewrites a silver file.
fn rewrite(place: &Place, path: &str, change: impl FnOnce(RecordBatch) -> RecordBatch) {
    let path = place.path("data").join(path);
    let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(&path).unwrap()).unwrap();
    let schema = Arc::clone(reader.schema());
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    let rows = change(concat_batches(&schema, &batches).unwrap());
    let mut writer = ArrowWriter::try_new(fs::File::create(&path).unwrap(), rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
}

#[test]
fn a_lake_of_the_sandbox_keeps_every_promise() {
    let settings = settings();
    let vendor = Vendor::start(settings.clone());
    let place = Place::with(&vendor);
    place.backfill(0, &ALL, &settings);
    assert_eq!(check(&place, 0, &[]), Vec::<Value>::new());
    let text = place.expect(0, &["check", "--now", NOW]);
    assert!(text.ends_with(" tables checked: 0 errors, 0 warnings\n"), "{text}");
    let output = place.run(&["check", "stock_dayly_cn"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean `stock_daily_cn`"), "{output:?}");
}

#[test]
fn prices_outside_the_bar_are_printed() {
    let row = |code: &str, open: &str, amount: &str| {
        format!(
            r#"{{"ts_code":"{code}","trade_date":"20240110","open":{open},"high":9.9,"low":9.1,"close":9.5,"vol":100,"amount":{amount}}}"#
        )
    };
    let lines = [row("600001.SH", "9.3", "95"), row("600002.SH", "8.8", "95"), row("600003.SH", "9.3", "120")];
    let place = place("stock_daily_cn", "stock_daily_cn/date=2024-01-10", &lines.each_ref().map(String::as_str));
    let found = check(&place, 4, &["stock_daily_cn"]);
    assert_eq!(problems(&found), expected(&[("prices", "error", 1), ("average", "warning", 1)]));
    let row = json!({"ts_code": "600002.SH", "trade_date": "2024-01-10", "open": 8.8, "low": 9.1, "high": 9.9});
    assert_eq!(found[0]["rows"], json!([row]));
    let text = place.expect(4, &["check", "--now", NOW]);
    let line = "  ts_code 600002.SH, trade_date 2024-01-10, open 8.8, low 9.1, high 9.9";
    assert!(text.lines().any(|printed| printed == line), "{text}");
    assert!(text.ends_with("3 rows of 1 table checked: 1 error, 1 warning\n"), "{text}");
}

#[test]
fn a_day_in_another_unit_is_found_among_days_in_the_right_one() {
    let place = Place::at("http://127.0.0.1:9");
    let line = |day: &str, amount: &str| format!("600001.SH,{day},9.5,9.5,9.5,9.5,100,{amount}\n");
    let days = [line("20240110", "95"), line("20240111", "95000"), line("20240112", "95")].concat();
    fs::write(place.path("bars.csv"), format!("ts_code,trade_date,open,high,low,close,vol,amount\n{days}")).unwrap();
    place.expect(0, &["import", "--interface", "tushare/daily", "bars.csv", "--now", NOW]);
    place.expect(0, &["normalize", "stock_daily_cn", "--now", NOW]);
    let found = check(&place, 4, &[]);
    assert_eq!(found[0]["rows"], json!([{"day": "2024-01-11", "median": 1000.0, "rows": 1}]));
    assert_eq!(problems(&found), expected(&[("units", "error", 1), ("average", "warning", 1)]));
}

#[test]
fn factors_are_positive_and_events_lie_on_sessions() {
    let line =
        |code: &str, factor: &str| format!(r#"{{"ts_code":"{code}","trade_date":"20240113","adj_factor":{factor}}}"#);
    let lines = [line("600001.SH", "1.5"), line("600002.SH", "0")];
    let place = place("adj_factor", "adj_factor/date=2024-01-13", &lines.each_ref().map(String::as_str));
    assert_eq!(problems(&check(&place, 4, &[])), expected(&[("factors", "error", 1)]));
    bronze(
        &place,
        "tushare/trade_cal/date=2024-01-13/x_20240110.jsonl.gz",
        &[r#"{"exchange":"SSE","cal_date":"20240113","is_open":0}"#],
    );
    let found = check(&place, 4, &["adj_factor"]);
    assert_eq!(problems(&found), expected(&[("factors", "error", 1), ("calendar", "error", 2)]));
}

#[test]
fn repeated_keys_and_rows_of_other_partitions_are_found() {
    let line = |code: &str| format!(r#"{{"ts_code":"{code}","trade_date":"20240110","adj_factor":1.5}}"#);
    let lines = [line("600001.SH"), line("600002.SH")];
    let place = place("adj_factor", "adj_factor/date=2024-01-10", &lines.each_ref().map(String::as_str));
    assert_eq!(check(&place, 0, &[]), Vec::<Value>::new());
    let path = "silver/adj_factor/year=2024/part-0.parquet";
    let order = |rows: Vec<u32>| move |batch: RecordBatch| take_record_batch(&batch, &UInt32Array::from(rows)).unwrap();
    rewrite(&place, path, order(vec![0, 0, 1]));
    let found = check(&place, 4, &[]);
    assert_eq!(problems(&found), expected(&[("keys", "error", 1)]));
    assert_eq!(found[0]["rows"][0]["ts_code"], "600001.SH");
    rewrite(&place, path, order(vec![2, 0]));
    assert_eq!(check(&place, 4, &[])[0]["problem"], "rows are not in the order of the key");
    fs::rename(place.path("data/silver/adj_factor/year=2024"), place.path("data/silver/adj_factor/year=2023")).unwrap();
    let found = check(&place, 4, &[]);
    assert_eq!(problems(&found), expected(&[("keys", "error", 1), ("partition", "error", 2)]));
}

#[test]
fn a_version_is_not_known_before_it_was_announced() {
    let line = r#"{"ts_code":"600001.SH","ann_date":"20240420","f_ann_date":"20240420","end_date":"20231231","report_type":"1","n_income":100,"update_flag":"0"}"#;
    let place = place("income_cn", "income_cn/end_date=2023-12-31", &[line]);
    assert_eq!(check(&place, 0, &[]), Vec::<Value>::new());
    rewrite(&place, "silver/income_cn/year=2023/part-0.parquet", |rows| {
        let schema = rows.schema();
        let columns = schema.fields().iter().zip(rows.columns()).map(|(field, column)| -> ArrayRef {
            if field.name() == "known_on" {
                let announced = rows.column_by_name("announced_on").unwrap().as_primitive::<Date32Type>();
                assert!(announced.is_valid(0));
                return Arc::new(Date32Array::from(vec![announced.value(0) - 1]));
            }
            Arc::clone(column)
        });
        RecordBatch::try_new(Arc::clone(&schema), columns.collect()).unwrap()
    });
    let found = check(&place, 4, &["income_cn"]);
    assert_eq!(found[0]["problem"], "versions are known before they were announced");
    assert_eq!(found[0]["rows"][0]["announced_on"], "2024-04-20");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let line = r#"{"ts_code":"600001.SH","trade_date":"20240110","adj_factor":1.5}"#;
    let place = place("adj_factor", "adj_factor/date=2024-01-10", &[line]);
    fs::write(place.path("data/silver/adj_factor/year=2024/part-0.parquet"), "PAR1").unwrap();
    let found = check(&place, 4, &[]);
    assert_eq!(found[0]["rows"][0]["file"], "silver/adj_factor/year=2024/part-0.parquet");
    assert!(found[0]["problem"].as_str().unwrap().contains("run `pitlake verify adj_factor`"), "{found:?}");
}
