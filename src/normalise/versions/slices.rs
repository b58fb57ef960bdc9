//! Keys that do not include the requested day, such as guidance by announcement day. Each requested day is observed
//! separately.

use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::{Date32Type, Float64Type, Int32Type};

use crate::normalise::{Builder, Input, Partition};
use crate::spec::{Catalog, InterfaceId, Table};

fn table() -> Arc<Table> {
    Arc::clone(Catalog::load(&[], None).unwrap().0.table("forecast_cn").unwrap())
}

fn row(announced: &str, least: u32) -> String {
    format!(
        r#"{{"ts_code":"000001.SZ","ann_date":"{announced}","end_date":"20231231","type":"预增","net_profit_min":{least}}}"#
    )
}

/// Each version as `announced known basis revision least`. Each answer is for one announcement day.
fn versions(fetches: &[(&str, &str, Vec<String>)]) -> Vec<String> {
    let table = table();
    let source = table.source(&InterfaceId::parse("tushare/forecast").unwrap()).unwrap();
    let mut builder = Builder::new(&table, Partition::Whole);
    for (number, (at, asked, lines)) in fetches.iter().enumerate() {
        let (path, observed) = (format!("file {number}").leak(), Some(format!("{at}T12:00:00Z").parse().unwrap()));
        let calls = vec![vec![("ann_date".to_owned(), (*asked).to_owned())]];
        let input = Input { observed, calls: &calls, ..Input::new(path, source) };
        builder.add(input, lines.join("\n").as_bytes()).unwrap();
    }
    let batch = builder.finish(&|_| None).unwrap().batch;
    let column = |name: &str| batch.column_by_name(name).unwrap();
    let day = |name: &str, row: usize| column(name).as_primitive::<Date32Type>().value_as_date(row).unwrap();
    let one = |row: usize| {
        let (announced, known) = (day("announced_on", row), day("known_on", row));
        let basis = column("known_basis").as_string::<i32>().value(row);
        let revision = column("revision").as_primitive::<Int32Type>().value(row);
        let least = column("net_profit_min").as_primitive::<Float64Type>().value(row);
        format!("{announced} {known} {basis} {revision} {least}")
    };
    (0..batch.num_rows()).map(one).collect()
}

#[test]
fn a_correction_in_another_slice_is_known_from_its_announcement_whichever_came_first() {
    let (plan, correction) = (("20240115", row("20240115", 1)), ("20240410", row("20240410", 2)));
    let in_order = versions(&[
        ("2026-01-05", plan.0, vec![plan.1.clone()]),
        ("2026-01-06", correction.0, vec![correction.1.clone()]),
    ]);
    assert_eq!(in_order, ["2024-01-15 2024-01-15 announced 1 10000", "2024-04-10 2024-04-10 announced 2 20000"]);
    let turned = versions(&[("2026-01-05", correction.0, vec![correction.1]), ("2026-01-06", plan.0, vec![plan.1])]);
    assert_eq!(turned, ["2024-04-10 2024-04-10 announced 1 20000", "2024-01-15 2024-01-15 announced 2 10000"]);
}

#[test]
fn an_answer_by_security_covers_its_own_security_alone() {
    let table = Arc::clone(Catalog::load(&[], None).unwrap().0.table("f10_valuation_history").unwrap());
    let calls = ["SH.600001", "SZ.000002"].map(|symbol| {
        let params = [("symbol", symbol), ("valuation_type", "1"), ("interval_type", "3")];
        vec![params.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()]
    });
    let line = r#"{"valuation_type":1,"trend":{"historical_items":[{"value":21.964,"time":1749398400,"time_str":"2025-06-09","plate_value":22.046}]}}"#;
    let mut builder = Builder::new(&table, Partition::Whole);
    for week in 0..4 {
        for (security, calls) in calls.iter().enumerate() {
            let path = format!("file {week} {security}").leak();
            let observed = Some(format!("2025-07-{:02}T12:00:00Z", week * 7 + 1).parse().unwrap());
            builder.add(Input { observed, calls, ..Input::new(path, &table.sources[0]) }, line.as_bytes()).unwrap();
        }
    }
    let batch = builder.finish(&|_| None).unwrap().batch;
    assert_eq!(batch.num_rows(), 2, "each figure once, though it was seen four times");
    assert_eq!(batch.column_by_name("withdrawn_on").unwrap().null_count(), 2);
}

#[test]
fn observing_one_slice_again_removes_nothing_from_another() {
    let (first, second) = (row("20240115", 1), row("20240410", 2));
    let found = versions(&[
        ("2024-01-15", "20240115", vec![first.clone()]),
        ("2024-04-10", "20240410", vec![second.clone()]),
        ("2024-04-11", "20240115", vec![first]),
        ("2024-04-12", "20240410", vec![second]),
    ]);
    assert_eq!(found.len(), 2, "{found:?}");
    // A silent change within its slice is known from the day we observed it.
    let changed = versions(&[
        ("2024-01-15", "20240115", vec![row("20240115", 1)]),
        ("2024-01-20", "20240115", vec![row("20240115", 3)]),
    ]);
    assert_eq!(changed[1], "2024-01-15 2024-01-20 observed 2 30000");
}
