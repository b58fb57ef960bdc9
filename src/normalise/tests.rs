//! Rows of files become rows of partitions. Tests of versions are in `versions`.

use super::*;
use crate::spec::Catalog;
use std::sync::Arc;

fn table(name: &str) -> Arc<Table> {
    Arc::clone(Catalog::load(&[], None).unwrap().0.table(name).unwrap())
}

fn input<'a>(path: &'a str, table: &'a Table, span: bool) -> Input<'a, 'a> {
    Input { span, ..Input::new(path, &table.sources[0]) }
}

/// Builds files, oldest first, each with whether it is a span.
fn build(table: &Table, files: &[(&str, bool)]) -> Result<Built, Stop> {
    let mut builder = Builder::new(table, Partition::Year(2024));
    for (number, (text, span)) in files.iter().enumerate() {
        let path = format!("file {number}").leak();
        builder.add(input(path, table, *span), text.as_bytes())?;
    }
    Ok(builder.finish(&|_| None).unwrap())
}

/// Builds answers of our own, oldest first, all of which count.
fn answers(table: &Table, files: &[&str]) -> Built {
    let mut builder = Builder::new(table, Partition::Year(2024));
    let calls = [vec![("trade_date".to_owned(), "20240102".to_owned())]];
    for (number, text) in files.iter().enumerate() {
        let path = format!("file {number}").leak();
        builder.add(Input { calls: &calls, ..input(path, table, true) }, text.as_bytes()).unwrap();
    }
    builder.finish(&|_| None).unwrap()
}

#[test]
fn a_row_outside_its_folder_is_rejected_unless_the_file_is_a_span() {
    let table = table("adj_factor");
    let row = r#"{"ts_code":"000001.SZ","trade_date":"20150105","adj_factor":1}"#;
    let built = build(&table, &[(row, false)]).unwrap();
    assert!(built.rejects[0].reason.contains("2015-01-05"), "{:?}", built.rejects);
    let built = build(&table, &[(row, true)]).unwrap();
    assert_eq!((built.rejects.len(), built.batch.num_rows()), (0, 0));
}

#[test]
fn repeats_of_a_key_are_numbered_whatever_their_order() {
    let table = table("block_trade_cn");
    let row = |seat: &str, amount: &str| {
        format!(
            r#"{{"ts_code":"000001.SZ","trade_date":"20240102","price":9.5,"vol":10,"amount":{amount},"buyer":"{seat}","seller":"s"}}"#
        )
    };
    let one = [row("b", "95"), row("c", "95"), row("b", "95"), row("b", "94.9")].join("\n");
    let other = [row("b", "94.9"), row("b", "95.00"), row("b", "95"), row("c", "95")].join("\n");
    let first = build(&table, &[(&one, false)]).unwrap().batch;
    assert_eq!(first.num_rows(), 4);
    let numbers = first.column_by_name("occurrence").unwrap();
    let numbers: &[i32] = arrow::array::AsArray::as_primitive::<arrow::datatypes::Int32Type>(numbers).values();
    assert_eq!(numbers, [1, 2, 3, 1]);
    // The same answer in another order, and both together as parts, give the same rows.
    assert_eq!(build(&table, &[(&other, false)]).unwrap().batch, first);
    assert_eq!(build(&table, &[(&one, true), (&other, true)]).unwrap().batch, first);
}

#[test]
fn nulls_in_a_key_are_equal_and_rows_are_sorted_by_key() {
    let table = table("suspend_d_cn");
    let row = |code: &str, timing: &str| {
        format!(r#"{{"ts_code":"{code}","trade_date":"20240102","suspend_timing":{timing},"suspend_type":"S"}}"#)
    };
    let lines = [
        row("000002.SZ", "null"),
        row("000001.SZ", "\"09:30-10:00\""),
        row("000002.SZ", "\"\""),
        row("000001.SZ", "null"),
    ]
    .join("\n");
    let built = build(&table, &[(&lines, false)]).unwrap();
    assert_eq!((built.rejects.len(), built.batch.num_rows()), (0, 3));
    let codes = built.batch.column(0);
    let codes: Vec<&str> = arrow::array::AsArray::as_string::<i32>(codes).iter().flatten().collect();
    assert_eq!(codes, ["000001.SZ", "000001.SZ", "000002.SZ"]);
}

#[test]
fn a_column_that_a_newer_file_lacks_keeps_its_values() {
    let table = table("stock_daily_cn");
    let old = r#"{"ts_code":"000001.SZ","trade_date":"20240102","close":1.25,"vol":10,"amount":1.25}"#;
    let new = r#"{"TS_CODE":"000001.SZ","TRADE_DATE":"2024-01-02","CLOSE":1.26,"VOL":null}"#;
    let built = answers(&table, &[old, new]);
    let batch = &built.batch;
    assert_eq!(batch.num_rows(), 1);
    let number = |name: &str| {
        let column = batch.column_by_name(name).unwrap();
        arrow::array::AsArray::as_primitive::<arrow::datatypes::Float64Type>(column).value(0)
    };
    assert_eq!((number("close").to_bits(), number("amount").to_bits()), (1.26f64.to_bits(), 1250f64.to_bits()));
    assert!(arrow::array::Array::is_null(batch.column_by_name("vol").unwrap(), 0), "an explicit null counts");
}

#[test]
fn a_file_without_a_key_column_stops_the_partition() {
    let table = table("adj_factor");
    let stop = build(&table, &[(r#"{"code":"a","trade_date":"20240102"}"#, false)]).unwrap_err();
    assert!(matches!(&stop, Stop::NoKey { column, .. } if column == "ts_code"), "{stop}");
    let stop =
        Builder::new(&table, Partition::Year(2024)).add(input("x", &table, false), b"{\"a\":\"\xff\"}").unwrap_err();
    assert!(matches!(stop, Stop::NotText { at: 6, .. }));
}

#[test]
fn unknown_fields_are_reported() {
    let table = table("adj_factor");
    let line = r#"{"ts_code":"000001.SZ","trade_date":"20240102","adj_factor":1,"new":[1,{"x":2}]}"#;
    let built = build(&table, &[(line, false)]).unwrap();
    assert_eq!(built.batch.num_rows(), 1);
    assert!(built.unknown["tushare/adj_factor"].contains("new"));
}

#[test]
fn numbers_of_many_digits_compare_by_value() {
    let table = table("top_list_cn");
    assert!(table.occurrence && table.distinct);
    let row = |amount: &str, net: &str| {
        format!(
            r#"{{"ts_code":"000001.SZ","trade_date":"20240102","close":9.5,"amount":{amount},"net_amount":{net},"reason":"r"}}"#
        )
    };
    let numbered = |rows: &[String]| build(&table, &[(&rows.join("\n"), false)]).unwrap().batch.num_rows();
    // An exact duplicate counts once, however long its numbers are; a row that differs stays.
    assert_eq!(numbered(&[row("1.5", "1"), row("1.50000000000000000000", "1.000000000000000000000")]), 1);
    assert_eq!(numbered(&[row("1.5", "1"), row("1.50000000000000000001", "1")]), 2);
    assert_eq!(numbered(&[row("1.50000000000000000001", "1"), row("1.50000000000000000002", "1")]), 2);
    assert_eq!(numbered(&[row("123456789012345678", "1"), row("123456789012345679", "1")]), 2);
    // Rows with one key that contradict each other are rejected. The same number spelled differently is no
    // contradiction.
    let adjusted = |factor: &str| format!(r#"{{"ts_code":"000001.SZ","trade_date":"20240102","adj_factor":{factor}}}"#);
    let factors = Arc::clone(Catalog::load(&[], None).unwrap().0.table("adj_factor").unwrap());
    let merged = |rows: &[String]| {
        let built = build(&factors, &[(&rows.join("\n"), false)]).unwrap();
        (built.batch.num_rows(), built.rejects.len())
    };
    assert_eq!(merged(&[adjusted("1.5"), adjusted("1.50000000000000000000")]), (1, 0));
    assert_eq!(merged(&[adjusted("1.5"), adjusted("1.50000000000000000001")]), (1, 0), "a rounding is none either");
    assert_eq!(merged(&[adjusted("1.50000000000000000002"), adjusted("1.50000000000000000001")]), (0, 2));
    assert_eq!(merged(&[adjusted("1.50000000000000000001"), adjusted("1.500000000000000000010")]), (1, 0));
}

#[test]
fn a_key_of_many_digits_is_not_an_empty_one() {
    let table = table("cyq_chips_cn");
    let row = |price: &str| format!(r#"{{"ts_code":"000001.SZ","trade_date":"20240102","price":{price},"percent":1}}"#);
    let rows = ["9.5", "9.500000000000000000001", "9.50000000000000000000", "-1e30", "1e30"].map(row).join("\n");
    let mut builder = Builder::new(&table, Partition::of(&table, "2024-01-02".parse().unwrap()));
    builder.add(input("file", &table, false), rows.as_bytes()).unwrap();
    let built = builder.finish(&|_| None).unwrap();
    assert_eq!(built.rejects, []);
    let prices = built.batch.column_by_name("price").unwrap();
    let prices = arrow::array::AsArray::as_primitive::<arrow::datatypes::Float64Type>(prices).values();
    assert_eq!(prices.as_ref(), [-1e30, 9.5, 9.5, 1e30]);
}
