//! Parts and answers for the same key: named cases, and a comparison with a model that keeps one value per column.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::Float64Type;
use proptest::prelude::*;

use crate::normalise::{Builder, Built, Input, Partition, Wholeness};
use crate::spec::{Catalog, Table};

static BARS: LazyLock<Arc<Table>> = LazyLock::new(|| table("stock_daily_cn"));
static SEATS: LazyLock<Arc<Table>> = LazyLock::new(|| table("top_inst_cn"));

fn table(name: &str) -> Arc<Table> {
    Arc::clone(Catalog::load(&[], None).unwrap().0.table(name).unwrap())
}

/// The kind of a file.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Part,
    Marked,
    Whole,
}
use Kind::{Marked, Part, Whole};

fn build(table: &Table, files: &[(Kind, String)]) -> Built {
    let mut builder = Builder::new(table, Partition::Year(2024));
    let calls = [vec![("trade_date".to_owned(), "20240102".to_owned())]];
    for (number, (kind, text)) in files.iter().enumerate() {
        let path = format!("file {number}").leak();
        let calls: &[_] = if *kind == Part { &[] } else { &calls };
        let wholeness = if *kind == Whole { Wholeness::Whole } else { Wholeness::Partial };
        let input = Input { calls, wholeness, ..Input::new(path, &table.sources[0]) };
        builder.add(input, text.as_bytes()).unwrap();
    }
    builder.finish(&|_| None).unwrap()
}

/// A cell as JSON; `None` if the file lacks the column.
type Cell = Option<&'static str>;

fn bar(code: &str, close: Cell, amount: Cell) -> String {
    let cell = |name: &str, cell: Cell| cell.map(|cell| format!(r#","{name}":{cell}"#)).unwrap_or_default();
    let (close, amount) = (cell("close", close), cell("amount", amount));
    format!(r#"{{"ts_code":"{code}","trade_date":"20240102"{close}{amount}}}"#)
}

/// Close and amount of each code, in the vendor's unit.
fn bars(built: &Built) -> BTreeMap<String, [Option<f64>; 2]> {
    let batch = &built.batch;
    let codes = batch.column_by_name("ts_code").unwrap().as_string::<i32>();
    let number = |name: &str, row: usize| {
        let column = batch.column_by_name(name).unwrap().as_primitive::<Float64Type>();
        column.is_valid(row).then(|| column.value(row))
    };
    let one = |row: usize| {
        let amount = number("amount", row).map(|amount| (amount * 1000.0).round() / 1e6);
        (codes.value(row).to_owned(), [number("close", row), amount])
    };
    (0..batch.num_rows()).map(one).collect()
}

fn close(files: &[(Kind, Cell)]) -> Option<f64> {
    let files: Vec<(Kind, String)> = files.iter().map(|(kind, cell)| (*kind, bar("000000.SZ", *cell, None))).collect();
    bars(&build(&BARS, &files))["000000.SZ"][0]
}

#[test]
fn an_answer_speaks_before_parts_whatever_their_age() {
    for (files, expected) in [
        ([(Part, Some("10.2")), (Whole, Some("10.25"))], Some(10.25)),
        ([(Whole, Some("10.25")), (Part, Some("10.2"))], Some(10.25)),
        ([(Marked, Some("10.25")), (Part, Some("10.2"))], Some(10.25)),
        // If the vendor sends null, it is null. If its reply lacks the column, it says nothing.
        ([(Whole, Some("null")), (Part, Some("10.2"))], None),
        ([(Whole, None), (Part, Some("10.2"))], Some(10.2)),
        // A correction is never taken for a rounding of an import.
        ([(Part, Some("1253.412")), (Whole, Some("1253.41"))], Some(1253.41)),
        ([(Part, Some("10.4")), (Whole, Some("10"))], Some(10.0)),
    ] {
        assert_eq!(close(&files), expected, "{files:?}");
    }
}

#[test]
fn of_two_parts_the_newest_speaks_but_an_empty_cell_and_a_near_rounding_do_not() {
    for (older, newer, expected) in [
        (Some("10.2"), Some("10.25"), 10.25),
        (Some("10.2"), Some("null"), 10.2),
        (Some("10.2"), Some("\"\""), 10.2),
        (Some("10.2"), None, 10.2),
        (Some("1253.412"), Some("1253.41"), 1253.412),
        (Some("1253.41"), Some("1253.412"), 1253.412),
        // A number with few digits is a rounding of too many others.
        (Some("10.4"), Some("10"), 10.0),
        (Some("0.4"), Some("0"), 0.0),
        (Some("1.4"), Some("1"), 1.0),
    ] {
        assert_eq!(close(&[(Part, older), (Part, newer)]), Some(expected), "{older:?} {newer:?}");
    }
}

#[test]
fn a_bar_twice_in_a_file_is_the_finer_one_whatever_the_order() {
    let [fine, coarse] = ["1253.412", "1253.41"].map(|amount| bar("000000.SZ", Some("10.2"), Some(amount)));
    for lines in [[&fine, &coarse], [&coarse, &fine]] {
        for kind in [Part, Whole] {
            let built = build(&BARS, &[(kind, lines.map(String::as_str).join("\n"))]);
            assert_eq!((built.rejects.len(), bars(&built)["000000.SZ"]), (0, [Some(10.2), Some(1253.412)]));
        }
    }
    // Numbers with 18 digits and more compare by value.
    let long = [bar("000000.SZ", Some("1.5"), None), bar("000000.SZ", Some("1.50000000000000000000"), None)].join("\n");
    let built = build(&BARS, &[(Whole, long)]);
    assert_eq!((built.rejects.len(), bars(&built)["000000.SZ"][0]), (0, Some(1.5)));
    let other =
        [bar("000000.SZ", Some("1.5"), None), bar("000000.SZ", Some("1.51000000000000000000"), None)].join("\n");
    assert_eq!(build(&BARS, &[(Whole, other)]).rejects.len(), 2);
}

fn seat(buy: u32, more: &str) -> String {
    format!(
        r#"{{"trade_date":"20240102","ts_code":"000001.SZ","exalter":"s","side":"0","reason":"r","buy":{buy}.0{more}}}"#
    )
}

/// The amounts bought, row by row.
fn bought(files: &[(Kind, &[u32])]) -> Vec<f64> {
    let lines = |rows: &[u32]| rows.iter().map(|buy| seat(*buy, "")).collect::<Vec<_>>().join("\n");
    let files: Vec<(Kind, String)> = files.iter().map(|(kind, rows)| (*kind, lines(rows))).collect();
    let built = build(&SEATS, &files);
    assert_eq!(built.rejects, []);
    let column = built.batch.column_by_name("buy").unwrap().as_primitive::<Float64Type>().clone();
    column.values().to_vec()
}

#[test]
fn parts_displace_no_repeats_and_add_none_to_an_answer() {
    let all: &[u32] = &[100, 200, 300];
    for (files, expected) in [
        (&[(Whole, all), (Part, &[300])][..], &[100.0, 200.0, 300.0][..]),
        (&[(Part, &[300, 400]), (Whole, all)], &[100.0, 200.0, 300.0]),
        (&[(Part, all), (Part, &[300])], &[100.0, 200.0, 300.0]),
        (&[(Part, &[100, 300]), (Part, &[200, 300, 300])], &[100.0, 200.0, 300.0, 300.0]),
        // The newest whole answer wins alone; one that is not whole removes nothing.
        (&[(Whole, all), (Whole, &[300])], &[300.0]),
        (&[(Whole, all), (Marked, &[300, 400])], &[100.0, 200.0, 300.0, 400.0]),
        (&[(Marked, all), (Marked, &[300]), (Whole, &[200])], &[200.0]),
    ] {
        assert_eq!(bought(files), expected, "{files:?}");
    }
}

#[test]
fn a_thin_part_is_matched_with_the_row_that_it_shows() {
    let files = [(Part, seat(100, r#","sell":7.0"#)), (Whole, [seat(100, ""), seat(200, "")].join("\n"))];
    let built = build(&SEATS, &files);
    let sell = built.batch.column_by_name("sell").unwrap().as_primitive::<Float64Type>();
    let sell: Vec<_> = sell.iter().collect();
    assert_eq!((sell.len(), sell[1], sell[0].is_some()), (2, None, true));
}

/// Values and their roundings, near ones and ones with too few digits.
const VALUES: [Cell; 8] =
    [None, Some("null"), Some("1253.412"), Some("1253.41"), Some("1253.40"), Some("10"), Some("10.4"), Some("10.40")];

/// A file, with for each row its code and the indices of its close and amount among the values.
type ModelFile = (Kind, Vec<(usize, usize, usize)>);

fn files() -> impl Strategy<Value = Vec<ModelFile>> {
    let row = (0usize..3, 0..VALUES.len(), 0..VALUES.len());
    let kind = prop_oneof![Just(Part), Just(Marked), Just(Whole)];
    // One row per code, because duplicates within a file follow another rule.
    let rows = proptest::collection::vec(row, 0..4).prop_map(|mut rows| {
        rows.sort_unstable();
        rows.dedup_by_key(|row| row.0);
        rows
    });
    proptest::collection::vec((kind, rows), 0..6)
}

/// The values after the files of one kind. An empty cell in a part says nothing.
fn told(files: &[ModelFile], wanted: usize, is_part: bool) -> Option<[Cell; 2]> {
    let mut told: Option<[Cell; 2]> = None;
    let of_kind = files.iter().filter(|(kind, _)| (*kind == Part) == is_part);
    for (_, close, amount) in of_kind.flat_map(|(_, rows)| rows).filter(|row| row.0 == wanted) {
        let new = [VALUES[*close], VALUES[*amount]];
        let before = told.unwrap_or([None; 2]);
        told = Some([0, 1].map(|column| match (before[column], new[column]) {
            (before, None) => before,
            (before, Some("null")) if is_part => before,
            (Some("1253.412"), Some("1253.41")) => Some("1253.412"),
            (_, new) => new,
        }));
    }
    told
}

proptest! {
    #[test]
    fn parts_and_answers_equal_the_model(files in files()) {
        let lines = |rows: &Vec<(usize, usize, usize)>| -> String {
            let lines = rows.iter().map(|(code, close, amount)| bar(&format!("00000{code}.SZ"), VALUES[*close], VALUES[*amount]));
            lines.collect::<Vec<_>>().join("\n")
        };
        let texts: Vec<(Kind, String)> = files.iter().map(|(kind, rows)| (*kind, lines(rows))).collect();
        let built = build(&BARS, &texts);
        prop_assert!(built.rejects.is_empty());
        let mut expected = BTreeMap::new();
        for code in 0..3 {
            let (part, answer) = (told(&files, code, true), told(&files, code, false));
            let cells = match (part, answer) {
                (Some(part), Some(answer)) => [0, 1].map(|column| answer[column].or(part[column])),
                (Some(cells), None) | (None, Some(cells)) => cells,
                (None, None) => continue,
            };
            expected.insert(format!("00000{code}.SZ"), cells.map(|cell| cell.and_then(|text| text.parse().ok())));
        }
        prop_assert_eq!(bars(&built), expected);
        // The order among parts matters, and that among answers, but not between the two.
        let mut sorted = texts;
        sorted.sort_by_key(|(kind, _)| *kind != Part);
        prop_assert_eq!(bars(&build(&BARS, &sorted)), bars(&built));
    }

    #[test]
    fn repeats_equal_the_model(files in proptest::collection::vec(
        (prop_oneof![Just(Part), Just(Marked), Just(Whole)], proptest::collection::vec(1u32..4, 1..4)), 1..6)
    ) {
        let union = |mut all: Vec<u32>, new: &[u32]| -> Vec<u32> {
            for value in 1..4 {
                let count = |of: &[u32]| of.iter().filter(|one| **one == value).count();
                let lacking = count(new).saturating_sub(count(&all));
                all.extend(std::iter::repeat_n(value, lacking));
            }
            all.sort_unstable();
            all
        };
        let (mut parts, mut answers) = (Vec::new(), Vec::new());
        for (kind, rows) in &files {
            match kind {
                Part => parts = union(parts, rows),
                Marked => answers = union(answers, rows),
                Whole => answers = union(Vec::new(), rows),
            }
        }
        let expected = if answers.is_empty() { parts } else { answers };
        let named: Vec<(Kind, &[u32])> = files.iter().map(|(kind, rows)| (*kind, rows.as_slice())).collect();
        prop_assert_eq!(bought(&named), expected.into_iter().map(f64::from).collect::<Vec<_>>());
    }
}
