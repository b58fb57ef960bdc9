//! A partition that skips the lines of other partitions gets the same result as one that reads all lines.

use std::sync::{Arc, LazyLock};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::normalise::scalars::Scalar;
use crate::normalise::value::digits;
use crate::spec::Catalog;

const YEARS: [i32; 3] = [2023, 2024, 2025];

static TABLE: LazyLock<Arc<Table>> =
    LazyLock::new(|| Arc::clone(Catalog::load(&[], None).unwrap().0.table("adj_factor").unwrap()));

/// Everything a partition takes from a file.
fn outcome(table: &Table, input: Input<'_, '_>, partition: Partition, text: &str) -> String {
    let mut texts = Texts::default();
    let read = file_rows::read((table, Some(partition), new_columns(table)), input, text, &mut texts, &mut Nothing);
    let cell = |cell: Scalar| match cell {
        Scalar::Text(id) | Scalar::Wide(id) => texts.get(id).to_owned(),
        Scalar::Number(decimal) => digits(decimal),
        cell => format!("{cell:?}"),
    };
    let row = |row: usize| read.columns.iter().map(|cells| cell(cells.get(row))).collect::<Vec<_>>().join(" ");
    let rows: Vec<String> = (0..read.lines.len()).map(row).collect();
    format!("{:?}", (rows, &read.lines, &read.rejects, &read.unknown, &read.remarks, &read.stop))
}

fn line() -> impl Strategy<Value = String> {
    let number =
        || select(vec!["1.5", "2", "null", "\"3.25\"", "\"n/a\"", "12345678901234567890123.5", "1e400", "x", "true"]);
    let year = || select(YEARS.to_vec());
    let code = || select(vec!["600001.SH", "000001.SZ", "", "600001"]);
    let name = || select(vec!["adj_factor", "factor", "more", "trade_date"]);
    prop_oneof![
        8 => (code(), year(), number()).prop_map(|(code, year, number)| {
            format!(r#"{{"ts_code":"{code}","trade_date":"{year}0105","adj_factor":{number}}}"#)
        }),
        3 => (code(), year(), number(), name()).prop_map(|(code, year, number, name)| {
            format!(r#"{{"trade_date":"{year}0106","{name}":{number},"ts_code":"{code}"}}"#)
        }),
        2 => (year(), number()).prop_map(|(year, number)| format!(r#"{{ "trade_date": {year}0107, "adj_factor": {number} }}"#)),
        1 => select(vec![
            "", "  ", "[]", "{}", "{", "null", r#"{"trade_date":null}"#, r#"{"ts_code":"600001.SH","trade_date":"soon"}"#,
            r#"{"ts_code":"600001.SH","trade_date":"20240105","adj_factor":1}}"#,
            r#"{"ts_code":"600001.SH","trade_date":"20240105","ts_code":"600001.SH","adj_factor":1}"#,
        ]).prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn lines_of_others_leave_nothing(lines in vec(line(), 0..24), end in select(vec!["\n", "\r\n"]), is_called: bool) {
        let table: &Table = &TABLE;
        let text = lines.join(end);
        let calls = [vec![("ts_code".to_owned(), "600009.SH".to_owned())], vec![("ts_code".to_owned(), "600008.SH".to_owned())]];
        let rows_of = [lines.len() / 2, lines.len()];
        let input = Input { span: true, ..Input::new("f", &table.sources[0]) };
        let input = if is_called { Input { calls: &calls, rows_of: &rows_of, ..input } } else { input };
        let placed = PlacedLines::of(table, input, text.as_bytes());
        for year in YEARS {
            let partition = Partition::Year(year);
            let shared = outcome(table, Input { placed: Some(&placed), ..input }, partition, &text);
            prop_assert_eq!(shared, outcome(table, input, partition, &text));
        }
    }
}

#[test]
fn lines_side_by_side_are_skipped_together() {
    let table: &Table = &TABLE;
    let row = |year: i32, more: &str| {
        format!("{{\"ts_code\":\"600001.SH\",\"trade_date\":\"{year}0105\",\"adj_factor\":1{more}}}\n")
    };
    let lines = [
        // The first line has field names that no earlier line has.
        row(2023, ""),
        row(2023, ""),
        row(2023, ""),
        row(2024, ""),
        row(2024, ",\"more\":1"),
        "[]\n".to_owned(),
        row(2024, ",\"more\":2"),
        row(2025, ""),
    ];
    let input = Input { span: true, ..Input::new("f", &table.sources[0]) };
    let placed = PlacedLines::of(table, input, lines.concat().as_bytes());
    let start = |line: usize| lines[..line].iter().map(String::len).sum::<usize>();
    let runs: Vec<_> = placed.runs.iter().map(|run| (run.bytes.clone(), run.lines as usize, run.partition)).collect();
    let [y23, y24, y25] = YEARS.map(Partition::Year);
    let expected = [(1, 3, y23), (3, 4, y24), (6, 7, y24), (7, 8, y25)];
    let expected = expected.map(|(first, end, partition)| (start(first)..start(end), end - first, partition));
    assert_eq!(runs, expected);
    let mut beside = placed.beside(y24);
    let skipped: Vec<_> = (0..8).filter_map(|line| Some((line, beside.skip(start(line))?))).collect();
    assert_eq!(skipped, [(1, (start(3), 2)), (7, (start(8), 1))]);
    // Every partition must read files with several rows per line, and files that are not text.
    assert!(PlacedLines::of(table, input, &[0xff, b'\n']).runs.is_empty());
}
