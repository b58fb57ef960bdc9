//! The fast paths and the general parser give the same rows, and the same reasons for rejects.

use std::sync::Arc;

use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;
use crate::normalise::rows::new_columns;
use crate::normalise::value::digits;
use crate::spec::Catalog;

fn table(name: &str) -> Arc<Table> {
    Arc::clone(Catalog::load(&[], None).unwrap().0.table(name).unwrap())
}

/// What became of each line: its cells, or why it was rejected.
fn outcome(table: &Table, text: &str) -> Vec<(usize, String)> {
    let mut texts = Texts::default();
    let input = Input::new("f", &table.sources[0]);
    let of = (table, Some(Partition::Year(2024)), new_columns(table));
    let read = read(of, input, text, &mut texts, &mut Nothing);
    let cell = |cells: &ScalarColumn, row: usize| match cells.get(row) {
        Scalar::Text(id) | Scalar::Wide(id) => texts.get(id).to_owned(),
        Scalar::Number(decimal) => digits(decimal),
        cell => format!("{cell:?}"),
    };
    let row = |row: usize| read.columns.iter().map(|cells| cell(cells, row)).collect::<Vec<_>>().join(" ");
    let kept = read.lines.iter().enumerate().map(|(place, line)| (*line as usize, row(place)));
    let rejected = read.rejects.iter().map(|reject| (reject.line, format!("{}: {}", reject.row, reject.reason)));
    let mut all: Vec<(usize, String)> = kept.chain(rejected).collect();
    all.sort();
    all
}

/// A value as written by vendors, other programs, or in a broken line.
fn token() -> impl Strategy<Value = String> {
    let number = (any::<i32>(), 0usize..6).prop_map(|(number, places)| format!("{:.places$}", f64::from(number) / 1e3));
    let odd = prop::sample::select(vec![
        "null",
        "0",
        "-0",
        "00.5",
        "007",
        "1e3",
        "1E-2",
        "1.",
        ".5",
        "-",
        "+1",
        "NaN",
        "nul",
        "true",
        "tru",
        "\"\"",
        "\"1.50\"",
        "\"nan\"",
        "\"-\"",
        "\"1,234\"",
        "123456789012345678901.5",
        "1e400",
        "12345678901234567",
        "[1]",
        "{\"a\":1}",
        "\"a\\\"b\"",
        "\"\\u5e73\"",
        "\"\\ud800\"",
        "\"平安\"",
        "\"a\tb\"",
        "\"a",
        "\"20240103\"",
        "\"2024-01-03\"",
        "20240103",
        "\"20230103\"",
        "\"20240230\"",
        "\"600519.SH\"",
        "\"sh600519\"",
        "\"000001.SZ\"",
        "\"60051.SH\"",
        "\"600519.XX\"",
        "600519",
        "1 ",
        " 1",
        "1\u{b}",
    ]);
    prop_oneof![6 => number, 2 => odd.prop_map(str::to_owned)]
}

/// A line: usually laid out like the others of the file, sometimes like nothing else.
fn line(names: Vec<String>) -> impl Strategy<Value = String> {
    let width = names.len();
    let values = prop::collection::vec(token(), width);
    let odd = prop::sample::select((0..12usize).chain([0; 12]).collect::<Vec<_>>());
    (values, odd, any::<u64>(), 0..width).prop_map(move |(values, odd, seed, at)| {
        let mut values = values;
        values[0] = format!("\"{:06}.SZ\"", seed % 50);
        values[1] = format!("\"202401{:02}\"", seed % 31 + 1);
        let mut members: Vec<String> =
            names.iter().zip(&values).map(|(name, value)| format!("\"{name}\":{value}")).collect();
        match odd {
            1 => members.rotate_left(at),
            2 => members.swap(0, at),
            3 => drop(members.remove(at)),
            4 => members.push(members[at].clone()),
            5 => members.push(format!("\"unknown\":{}", values[at])),
            6 => members[at] = members[at].replace(':', " : "),
            7 => members[at] = members[at].to_uppercase(),
            8 => members[at] = format!("\"\\u0061{}", &members[at][1..]),
            _ => {}
        }
        let line = format!("{{{}}}", members.join(","));
        match odd {
            9 => line[..line.len() - 1].to_owned(),
            10 => format!("{line} x"),
            11 => format!(" {line}\t"),
            _ => line,
        }
    })
}

fn text(table: &Table) -> impl Strategy<Value = Vec<String>> {
    let names: Vec<String> = table.sources[0].contract.fields.iter().map(|field| field.name.clone()).collect();
    prop::collection::vec(
        prop_oneof![9 => line(names), 1 => Just(String::new()), 1 => Just(" \u{3000}".to_owned())],
        1..12,
    )
}

proptest! {
    #[test]
    fn a_file_holds_the_rows_of_its_lines_each_read_alone(
        lines in text(&table("stock_daily_cn")),
        end in prop::sample::select(vec!["\n", "\r\n"]),
    ) {
        let table = table("stock_daily_cn");
        let alone = lines.iter().enumerate().flat_map(|(place, line)| {
            // The layout is learned from the first line, so a line on its own goes to the general parser.
            outcome(&table, line).into_iter().map(move |(_, outcome)| (place + 1, outcome))
        });
        let alone: Vec<(usize, String)> = alone.collect();
        prop_assert_eq!(outcome(&table, &lines.join(end)), alone.clone());
        for (place, outcome) in alone.iter().filter(|(_, outcome)| !outcome.contains(": ")) {
            let line = &lines[place - 1];
            prop_assert!(serde_json::from_str::<IgnoredAny>(line).is_ok(), "{} is JSON: {}", line, outcome);
        }
    }
}
