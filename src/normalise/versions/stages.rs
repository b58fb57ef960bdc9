//! Dividends: each stage has its own announcement date, and answers repeat keys.

use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::{Date32Type, Float64Type, Int32Type};

use crate::normalise::{Builder, Input, Partition};
use crate::spec::{Catalog, SpecFile, Table};

const CONTRACT: &str = r#"version = 1
interface = "tushare/payout"
type = "payout"
title = "Payouts"
checked = "2026-11-21"
[ask]
by = "period"
param = "end_date"
page_rows = 10
[publication]
hour = "17:00"
empty = "answer"
history_from = "2020-01-01"
[fields]
ts_code = { type = "text", nullable = false, description = "security" }
end_date = { type = "date", nullable = false, description = "period" }
div_proc = { type = "text", description = "stage" }
ann_date = { type = "date", description = "the plan's announcement" }
imp_ann_date = { type = "date", description = "announcement of the implementation" }
cash = { type = "number", unit = "CNY/share", description = "cash" }
"#;

const PIPELINE: &str = r#"version = 1
table = "payout_cn"
title = "Payouts"
key = ["ts_code", "end_date", "div_proc"]
occurrence = true
partition = "year"
event = "end_date"
known = "announced"
keeps = "versions"
[versions]
announced_by = "div_proc"
announced_when = { "预案" = ["ann_date"], "实施" = ["imp_ann_date"] }
[[source]]
interface = "tushare/payout"
[[example]]
source = "tushare/payout"
given = '{}'
rejected = "empty"
"#;

fn table() -> Arc<Table> {
    let own = [("schemas/tushare/payout.toml", CONTRACT), ("pipelines/payout_cn.toml", PIPELINE)];
    let own = own.map(|(name, text)| SpecFile { name: name.into(), text: text.into() });
    let (catalog, _) = Catalog::load(&own, None).unwrap_or_else(|problems| panic!("{problems}"));
    Arc::clone(catalog.table("payout_cn").unwrap())
}

fn row(stage: &str, plan: &str, done: &str, cash: &str) -> String {
    let day = |day: &str| if day.is_empty() { "null".to_owned() } else { format!("\"{day}\"") };
    format!(
        r#"{{"ts_code":"a","end_date":"20231231","div_proc":"{stage}","ann_date":{},"imp_ann_date":{},"cash":{cash}}}"#,
        day(plan),
        day(done)
    )
}

/// Each version as `stage occurrence revision known basis cash`.
fn versions(fetches: &[(&str, Vec<String>)]) -> Vec<String> {
    let table = table();
    let calls = vec![vec![("end_date".to_owned(), "20231231".to_owned())]];
    let mut builder = Builder::new(&table, Partition::Year(2023));
    for (number, (at, lines)) in fetches.iter().enumerate() {
        let (path, observed) = (format!("file {number}").leak(), Some(format!("{at}T12:00:00Z").parse().unwrap()));
        let input = Input { observed, calls: &calls, ..Input::new(path, &table.sources[0]) };
        builder.add(input, lines.join("\n").as_bytes()).unwrap();
    }
    let built = builder.finish(&|_| None).unwrap();
    assert_eq!(built.rejects, []);
    let column = |name: &str| built.batch.column_by_name(name).unwrap();
    let (stage, basis) = (column("div_proc").as_string::<i32>(), column("known_basis").as_string::<i32>());
    let [occurrence, revision] = ["occurrence", "revision"].map(|name| column(name).as_primitive::<Int32Type>());
    let (known, cash) = (column("known_on").as_primitive::<Date32Type>(), column("cash").as_primitive::<Float64Type>());
    let one = |row: usize| {
        let known = known.value_as_date(row).unwrap();
        let (occurrence, revision) = (occurrence.value(row), revision.value(row));
        let cash = if cash.is_null(row) { "null".to_owned() } else { cash.value(row).to_string() };
        format!("{} {occurrence} {revision} {known} {} {cash}", stage.value(row), basis.value(row))
    };
    (0..built.batch.num_rows()).map(one).collect()
}

#[test]
fn each_stage_is_known_from_its_own_date() {
    let rows = vec![
        row("预案", "20240430", "", "1"),
        row("股东大会通过", "20240430", "", "1"),
        row("实施", "20240430", "20240711", "1"),
    ];
    let mut found = versions(&[("2024-08-01", rows)]);
    found.sort();
    let expected = [
        "实施 1 1 2024-07-11 announced 1",
        "股东大会通过 1 1 2024-08-01 observed 1",
        "预案 1 1 2024-04-30 announced 1",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_date_that_does_not_announce_a_stage_is_a_figure_of_it() {
    // The implementation carries another date for its plan: a new version, known from when it was observed.
    let before = row("实施", "20240430", "20240711", "1");
    let after = row("实施", "20240429", "20240711", "1");
    let expected = ["实施 1 1 2024-07-11 announced 1", "实施 1 2 2024-09-01 observed 1"];
    assert_eq!(versions(&[("2024-08-01", vec![before.clone()]), ("2024-09-01", vec![after])]), expected);
    // A plan that gains an implementation date is a new version as well.
    let plan = row("预案", "20240430", "", "1");
    let filled = row("预案", "20240430", "20240711", "1");
    let expected = ["预案 1 1 2024-04-30 announced 1", "预案 1 2 2024-08-01 observed 1"];
    assert_eq!(versions(&[("2024-05-01", vec![plan.clone()]), ("2024-08-01", vec![filled])]), expected);
    // For a stage without an announcement, both dates are figures.
    let meeting = |day: &str| row("股东大会通过", day, "", "1");
    assert_eq!(
        versions(&[("2024-06-01", vec![meeting("20240430")]), ("2024-07-01", vec![meeting("20240429")])]).len(),
        2
    );
    assert_eq!(versions(&[("2024-08-01", vec![before.clone()]), ("2024-09-01", vec![before])]).len(), 1);
}

#[test]
fn rows_of_equal_key_keep_versions_of_their_own() {
    let first = vec![row("预案", "20240430", "", "1"), row("预案", "20240430", "", "2")];
    let turned = vec![row("预案", "20240430", "", "2.0"), row("预案", "20240430", "", "1.0")];
    let numbered = ["预案 1 1 2024-04-30 announced 1", "预案 2 1 2024-04-30 announced 2"];
    assert_eq!(versions(&[("2024-05-01", first.clone())]), numbered);
    assert_eq!(
        versions(&[("2024-05-01", first.clone()), ("2024-06-01", turned)]),
        numbered,
        "their order means nothing"
    );
    let changed = vec![row("预案", "20240430", "", "3"), row("预案", "20240430", "", "1")];
    let expected = [numbered[0], numbered[1], "预案 2 2 2024-06-01 observed 3"];
    assert_eq!(versions(&[("2024-05-01", first.clone()), ("2024-06-01", changed)]), expected);
    // Exact duplicates stay two rows, and a null next to a value is not folded.
    let twice =
        vec![row("预案", "20240430", "", "1"), row("预案", "20240430", "", "1"), row("预案", "20240430", "", "null")];
    let expected =
        ["预案 1 1 2024-04-30 announced null", "预案 2 1 2024-04-30 announced 1", "预案 3 1 2024-04-30 announced 1"];
    assert_eq!(versions(&[("2024-05-01", twice.clone()), ("2024-06-01", twice)]), expected);
    // One that appears later was not there before.
    let more = [first, vec![row("预案", "20240430", "", "5")]].concat();
    let expected = [numbered[0], numbered[1], "预案 3 1 2024-06-01 observed 5"];
    assert_eq!(versions(&[("2024-05-01", more[..2].to_vec()), ("2024-06-01", more)]), expected);
}
