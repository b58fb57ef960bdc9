//! Which later files change the state of a key.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::super::output::VENDOR;
use super::super::{Builder, Built, Input, Partition};
use crate::parallel::Threads;
use crate::spec::{Catalog, Table};

fn table(name: &str) -> Arc<Table> {
    Arc::clone(Catalog::load(&[], None).unwrap().0.table(name).unwrap())
}

/// Answers of one vendor to 2024-01-02, a day apart.
fn answers(table: &Table, lines: &[&str]) -> Built {
    let calls = [vec![("trade_date".to_owned(), "20240102".to_owned())]];
    let mut builder = Builder::with_states(table, Partition::Year(2024));
    for (number, lines) in lines.iter().enumerate() {
        let at: DateTime<Utc> = format!("2024-01-{:02}T10:00:00Z", number + 2).parse().unwrap();
        let path = format!("file {number}").leak();
        let day = "2024-01-02".parse().ok();
        let input = Input::new(path, &table.sources[0]);
        let input = Input { observed: Some(at), calls: &calls, day, slice: Some(0), ..input };
        builder.add(input, lines.as_bytes()).unwrap();
    }
    builder.finish_with_companion(&|_| None, Threads::available()).unwrap().built().unwrap()
}

/// Why each former state ended.
fn why(built: &Built) -> Vec<String> {
    let Some(companion) = &built.companion else { return Vec::new() };
    let why = arrow::array::AsArray::as_string::<i32>(companion.column_by_name("why").unwrap());
    why.iter().map(|why| why.unwrap().to_owned()).collect()
}

#[test]
fn figures_that_agree_are_no_change_and_a_null_beside_a_value_is_one() {
    let table = table("stock_daily_cn");
    let row = |figures: &str| format!(r#"{{"ts_code":"600001.SH","trade_date":"20240102",{figures}}}"#);
    for (first, second, expected) in [
        (r#""close":9.394"#, r#""close":9.394"#, &[][..]),
        (r#""close":93.9401"#, r#""close":93.94"#, &[]),
        (r#""close":9.394,"open":9"#, r#""close":9.394"#, &[]),
        (r#""close":9.394"#, r#""close":9.394,"open":9"#, &[]),
        (r#""close":9.394"#, r#""close":9.395"#, &["changed"]),
        (r#""close":9.394"#, r#""close":null"#, &["changed"]),
        (r#""close":null"#, r#""close":9.394"#, &["changed"]),
    ] {
        let built = answers(&table, &[&row(first), &row(second)]);
        assert_eq!(why(&built), expected, "{first}, then {second}");
        assert_eq!(built.batch.num_rows(), 1);
    }
}

#[test]
fn a_row_that_comes_back_was_not_there_in_between() {
    let table = table("adj_factor");
    let row = r#"{"ts_code":"600001.SH","trade_date":"20240102","adj_factor":1.5}"#;
    assert_eq!(why(&answers(&table, &[row, "", row])), ["withdrawn", "appeared"]);
    assert_eq!(why(&answers(&table, &["", row])), ["appeared"]);
    assert_eq!(why(&answers(&table, &[row, row])), [""; 0]);
}

#[test]
fn the_companion_has_the_columns_of_its_schema_and_those_of_the_table_first() {
    let table = table("adj_factor");
    let row = |factor: &str| format!(r#"{{"ts_code":"600001.SH","trade_date":"20240102","adj_factor":{factor}}}"#);
    let built = answers(&table, &[&row("1.5"), &row("2")]);
    let companion = built.companion.unwrap();
    assert_eq!(companion.schema(), super::super::companion_schema(&table).unwrap());
    let names: Vec<_> = companion.schema().fields().iter().map(|field| field.name().clone()).collect();
    let own = built.batch.num_columns();
    assert_eq!((names[own - 1].as_str(), names.len()), (VENDOR.name, own + 4));
}

#[test]
fn what_is_wrong_with_a_file_that_no_longer_counts_is_not_reported() {
    let table = table("adj_factor");
    let good = r#"{"ts_code":"600001.SH","trade_date":"20240102","adj_factor":1.5}"#;
    let bad = r#"{"ts_code":"600001.SH","trade_date":"20240102","adj_factor":"x","new":1}"#;
    let mut builder = Builder::with_states(&table, Partition::Year(2024));
    let former = Input { tells: super::super::Tells::FormerStates, ..Input::new("former", &table.sources[0]) };
    builder.add(former, bad.as_bytes()).unwrap();
    builder.add(Input::new("now", &table.sources[0]), good.as_bytes()).unwrap();
    let built = builder.finish(&|_| None).unwrap();
    assert_eq!((built.rejects.len(), built.unknown.len(), built.batch.num_rows()), (0, 0, 1));
}
