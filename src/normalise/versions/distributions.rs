//! Dividends through their stages, and repeats of a key, as of every day: exactly the rows of the newest answer that
//! were announced by then. Written independently of the code under test.

use std::sync::{Arc, LazyLock};

use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::{Date32Type, Float64Type, Int32Type};
use arrow::record_batch::RecordBatch;
use proptest::prelude::*;

use super::tests::table;
use crate::normalise::{Builder, Input, Partition};
use crate::spec::Table;

static DIVIDENDS: LazyLock<Arc<Table>> = LazyLock::new(|| table("dividend_cn"));

const STAGES: [&str; 3] = ["预案", "股东大会通过", "实施"];

/// A row of one security and period: stage, day of the plan and of the implementation in April (0: none), cash.
type Row = (usize, u8, u8, u8);

/// Answers for the security, each some days after the one before.
fn answers() -> impl Strategy<Value = Vec<(u8, Vec<Row>)>> {
    let row = (0..3usize, 0u8..6, 0u8..6, 1u8..3);
    let answer = (1u8..4, proptest::collection::vec(row, 0..5));
    proptest::collection::vec(answer, 1..7).prop_map(|drawn| {
        let mut day = 0;
        let dated = drawn.into_iter().map(|(later, rows)| {
            day += later;
            (day, rows)
        });
        dated.collect()
    })
}

fn line(&(stage, plan, done, cash): &Row) -> String {
    let day = |day: u8| if day == 0 { "null".to_owned() } else { format!("\"202404{day:02}\"") };
    format!(
        r#"{{"ts_code":"600001.SH","end_date":"20231231","ann_date":{},"div_proc":"{}","imp_ann_date":{},"cash_div":{cash}}}"#,
        day(plan),
        STAGES[stage],
        day(done)
    )
}

/// Distributions for other periods, so that an answer never lacks more than a tenth of its keys.
fn others() -> Vec<String> {
    let other = |year: u16| line(&(0, 1, 0, 1)).replace("20231231", &format!("{year}1231"));
    (1950..2000).map(other).collect()
}

fn build(answers: &[(u8, Vec<Row>)]) -> RecordBatch {
    let mut builder = Builder::new(&DIVIDENDS, Partition::Whole);
    let calls = vec![vec![("ts_code".to_owned(), "600001.SH".to_owned())]];
    for (number, (day, rows)) in answers.iter().enumerate() {
        let path = format!("file {number}").leak();
        let observed = Some(format!("2024-04-{day:02}T01:00:00Z").parse().unwrap());
        let input = Input { observed, calls: &calls, ..Input::new(path, &DIVIDENDS.sources[0]) };
        let lines: Vec<String> = rows.iter().map(line).chain(others()).collect();
        builder.add(input, lines.join("\n").as_bytes()).unwrap();
    }
    builder.finish(&|_| None).unwrap().batch
}

/// The rows of the period as of a day, by the reading rule: one per key and occurrence.
fn as_of(batch: &RecordBatch, day: u8) -> Vec<Row> {
    let column = |name: &str| batch.column_by_name(name).unwrap();
    let date = |name: &str, row: usize| {
        let days = column(name).as_primitive::<Date32Type>();
        days.is_valid(row).then(|| days.value_as_date(row).unwrap().to_string())
    };
    let number = |name: &str, row: usize| column(name).as_primitive::<Int32Type>().value(row);
    let today = format!("2024-04-{day:02}");
    let readable = (0..batch.num_rows()).filter(|row| {
        date("end_date", *row).unwrap() == "2023-12-31"
            && date("known_on", *row).is_some_and(|known| known <= today)
            && date("withdrawn_on", *row).is_none_or(|day| day > today)
    });
    let place = |row: usize| (column("div_proc").as_string::<i32>().value(row).to_owned(), number("occurrence", row));
    let mut last = std::collections::BTreeMap::new();
    for row in readable {
        let rank = |row: usize| {
            let announced = date("announced_on", row);
            (announced.is_some(), announced.or(date("known_on", row)), number("revision", row))
        };
        let best = last.entry(place(row)).or_insert(row);
        if rank(row) > rank(*best) {
            *best = row;
        }
    }
    let of_april = |day: Option<String>| day.map_or(0, |day| day[8..].parse().unwrap());
    let read = |row: usize| {
        let stage = column("div_proc").as_string::<i32>().value(row);
        let cash = column("cash_div").as_primitive::<Float64Type>().value(row);
        let stage = STAGES.iter().position(|known| *known == stage).unwrap();
        (stage, of_april(date("ann_date", row)), of_april(date("imp_ann_date", row)), if cash < 1.5 { 1 } else { 2 })
    };
    let mut rows: Vec<Row> = last.into_values().map(read).collect();
    rows.sort_unstable();
    rows
}

proptest! {
    #[test]
    fn as_of_every_day_equals_the_newest_answer(answers in answers()) {
        let batch = build(&answers);
        let last = answers.last().map_or(0, |answer| answer.0);
        for day in answers[0].0..=last {
            let (_, newest) = answers.iter().rev().find(|answer| answer.0 <= day).unwrap();
            let announced = |&&(stage, plan, done, _): &&Row| match stage {
                0 => plan <= day,
                2 => done <= day,
                _ => true,
            };
            let mut expected: Vec<Row> = newest.iter().filter(announced).copied().collect();
            expected.sort_unstable();
            prop_assert_eq!(as_of(&batch, day), expected, "as of {}", day);
        }
    }
}
