//! Lines of various layouts, as rows or as the reasons why they are not.

use super::*;
use crate::normalise::texts::Texts;
use crate::spec::FieldType;
use pitlake_contract::spelling::{Dialect, FieldReader};

fn read(lines: &[&str]) -> Vec<Result<Vec<Scalar>, RowError>> {
    let mut layout = Layout::default();
    let (mut texts, mut remarks) = (Texts::default(), Vec::new());
    let mut resolve = |name: &str| {
        let kinds =
            [("code", FieldType::Text), ("day", FieldType::Date), ("x", FieldType::Number), ("open", FieldType::Flag)];
        let column = kinds.iter().position(|(n, _)| n.eq_ignore_ascii_case(name))?;
        Some(Target { column, reader: FieldReader::of_type(kinds[column].1, Dialect::Answer) })
    };
    let mut rows = Vec::new();
    for line in lines {
        let mut row = [Scalar::Absent; 4];
        let mut reading = LineReading { texts: &mut texts, remarks: &mut remarks };
        let line = layout.read((line, 0), &mut row, &mut reading, &mut resolve);
        rows.push(line.read.unwrap().map(|()| row.to_vec()));
    }
    rows
}

fn x(row: &Result<Vec<Scalar>, RowError>) -> Scalar {
    row.as_ref().unwrap()[2]
}

#[test]
fn other_orders_spaces_and_missing_columns_are_the_same_rows() {
    let rows = read(&[
        r#"{"code":"a","day":"20240102","x":9.390,"open":1}"#,
        r#"{"code":"a","day":"20240102","x":9.390,"open":1}"#,
        r#"{"day": "2024-01-02", "CODE": "a", "open": "1", "x": "9.390"}"#,
        r#"{"day": 20240102, "CODE": "a", "open": true, "x": 9.390}"#,
    ]);
    for row in &rows {
        assert_eq!(row, &rows[0]);
    }
    let short = read(&[r#"{"code":"a","x":null}"#]);
    assert_eq!(short[0].as_ref().unwrap()[1..3], [Scalar::Absent, Scalar::Null]);
}

#[test]
fn unknown_fields_are_skipped() {
    let rows = read(&[r#"{"y":"a,b}","code":"a","x":1,"z":[1,{"x":3}]}"#, r#"{"y":"a\"","code":"a","x":2,"z":[1,2]}"#]);
    assert_ne!(x(&rows[0]), x(&rows[1]));
}

#[test]
fn escaped_and_plain_texts_are_equal() {
    let rows = read(&["{\"code\":\"\\u5e73\\\"\",\"x\":1}", "{\"code\":\"平\\\"\",\"x\":1}"]);
    assert_eq!(rows[0], rows[1]);
}

#[test]
fn a_missing_value_has_several_spellings() {
    let rows = read(&[r#"{"code":"","day":"0","x":"","open":null}"#, r#"{"code":"a","day":"","x":"None"}"#]);
    assert_eq!(rows[0].as_ref().unwrap(), &[Scalar::Null; 4]);
    assert_eq!(x(&rows[1]), Scalar::Null);
}

#[test]
fn an_invalid_line_is_rejected_with_its_reason() {
    let rows = read(&[
        r#"{"code":"a","x":"nan"}"#,
        r#"{"code":"a","x":NaN}"#,
        r#"{"code":"a","x":1"#,
        r#"{"code":"a","x":1,"X":2}"#,
        r#"{"code":"a","day":"20240230"}"#,
        r#"{"code":["a"],"x":1}"#,
        r"[1]",
    ]);
    let reasons: Vec<&str> = rows.iter().map(|r| r.as_ref().unwrap_err().0.as_str()).collect();
    assert_eq!(reasons[0], "`x`: invalid number `nan`: expected decimal digits");
    assert!(reasons[1].starts_with("not a JSON object"), "{}", reasons[1]);
    assert!(reasons[2].starts_with("not a JSON object"), "{}", reasons[2]);
    assert_eq!(reasons[3], "duplicate field `X`");
    assert_eq!(reasons[4], "`day`: invalid date `20240230`: expected YYYYMMDD or YYYY-MM-DD");
    assert_eq!(reasons[5], "`code`: invalid text `[\"a\"]`: expected a string");
}

#[test]
fn a_reason_names_its_field_whichever_line_it_is_on() {
    let rows =
        read(&[r#"{"code":"a","day":"20240102"}"#, r#"{"code":"a","day":"soon"}"#, r#"{"code":"a","day":"20240103"}"#]);
    assert_eq!(rows[1].as_ref().unwrap_err().0, "`day`: invalid date `soon`: expected YYYYMMDD or YYYY-MM-DD");
    assert!(rows[2].is_ok());
}
