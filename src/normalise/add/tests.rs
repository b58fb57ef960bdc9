//! Nested replies, columns filled from calls, and instants as events, with made-up contracts.

use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::{Date32Type, Float64Type, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;

use crate::normalise::{Builder, Built, Input, Partition, Stop};
use crate::spec::{Catalog, SpecFile, Table};
use pitlake_contract::spelling::day_in;

const VENDOR: &str = "version = 1\nvendor = \"depth\"\nwire = \"rest\"\ntoken_in = \"bearer\"\n";

const PUBLICATION: &str = "[publication]\nhour = \"18:00\"\nempty = \"answer\"\nhistory_from = \"2015-01-01\"\n";

const VALUATION: &str = r#"
version = 1
interface = "depth/valuation"
type = "valuation"
title = "Valuation"
checked = "2026-11-21"
lists = ["trend.items", "plates", "plates.stocks"]
[ask]
by = "security"
send = { symbol = "{code:prefix}" }
field = "symbol"
page_rows = 1
paging = "none"
each = { kind = ["1", "2"] }
[fields]
symbol = { type = "symbol", nullable = false, description = "the security" }
kind = { type = "text", param = "kind", description = "which multiple" }
at = { type = "epoch", description = "last update" }
"trend.mean" = { type = "number", unit = "ratio", description = "the mean" }
"trend.items.value" = { type = "number", unit = "ratio", description = "the multiple", missing = "0" }
"trend.items.day" = { type = "date", nullable = false, description = "the day" }
"plates.name" = { type = "text", description = "the plate" }
"plates.stocks.code" = { type = "text", description = "a stock of it" }
"#;

const TICKS: &str = r#"
version = 1
interface = "depth/ticks"
type = "ticks"
title = "Ticks"
checked = "2026-11-21"
[ask]
by = "security_month"
send = { ts_code = "{code}", start = "{first:iso} 09:00:00" }
field = "ts_code"
page_rows = 10
[fields]
ts_code = { type = "symbol", param = "ts_code", description = "the security" }
at = { type = "time", nullable = false, description = "when" }
price = { type = "number", unit = "CNY/share", description = "the price" }
"#;

/// The table that results from `pipeline` and the two contracts.
fn load(pipeline: &str) -> Result<Arc<Table>, String> {
    let file = |name: &str, text: String| SpecFile { name: name.into(), text };
    let own = [
        file("schemas/depth.toml", VENDOR.into()),
        file("schemas/depth/valuation.toml", VALUATION.to_owned() + PUBLICATION),
        file("schemas/depth/ticks.toml", TICKS.to_owned() + PUBLICATION),
        file("pipelines/deep.toml", format!("version = 1\ntable = \"deep\"\ntitle = \"Deep\"\n{pipeline}")),
    ];
    match Catalog::load(&own, None) {
        Ok((catalog, _)) => Ok(Arc::clone(catalog.table("deep").unwrap())),
        Err(problems) => Err(problems.to_string()),
    }
}

/// A table with one source.
fn table(head: &str, source: &str) -> Arc<Table> {
    let interface = if source.contains("ticks") { "ticks" } else { "valuation" };
    let example = format!("[[example]]\nsource = \"depth/{interface}\"\ngiven = \"{{}}\"\nrejected = \"empty\"\n");
    load(&format!("{head}\n[[source]]\n{source}\n{example}")).unwrap()
}

const LATEST: &str = "partition = \"none\"\nknown = \"observed\"\nkeeps = \"latest\"";

fn history(more: &str) -> Arc<Table> {
    let head = format!("key = [\"symbol\", \"kind\", \"day\"]\n{LATEST}");
    table(&head, &format!("interface = \"depth/valuation\"\nrows = \"trend.items\"\n{more}"))
}

fn call(params: &[(&str, &str)]) -> Vec<(String, String)> {
    params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn build(
    table: &Table,
    partition: Partition,
    calls: &[Vec<(String, String)>],
    rows_of: &[usize],
    lines: &[&str],
) -> Result<Built, Stop> {
    let mut builder = Builder::new(table, partition);
    let source = &table.sources[0];
    let observed = Some("2024-06-03T10:00:00Z".parse().unwrap());
    let input = Input { span: true, observed, calls, rows_of, ..Input::new("file", source) };
    builder.add(input, lines.join("\n").as_bytes())?;
    Ok(builder.finish(&|_| None).unwrap())
}

fn whole(table: &Table, lines: &[&str]) -> Built {
    build(table, Partition::Whole, &[call(&[("kind", "1")])], &[], lines).unwrap()
}

/// Values of text columns and days, row by row.
fn texts(batch: &RecordBatch, columns: &[&str]) -> Vec<String> {
    let cell = |name: &&str, row: usize| {
        let column = batch.column_by_name(name).unwrap();
        let day = |row: usize| column.as_primitive::<Date32Type>().value_as_date(row).unwrap().to_string();
        match column.as_string_opt::<i32>() {
            _ if column.is_null(row) => "-".to_owned(),
            Some(texts) => texts.value(row).to_owned(),
            None => day(row),
        }
    };
    let row = |row: usize| columns.iter().map(|name| cell(name, row)).collect::<Vec<_>>().join(" ");
    (0..batch.num_rows()).map(row).collect()
}

#[test]
fn every_element_of_the_list_is_a_row_with_the_scalars_around_it() {
    let table = history("");
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["symbol", "kind", "at", "trend_mean", "value", "day"]);
    let line = r#"{"trend":{"items":[{"value":0.00,"day":"2024-01-03"},{"day":"2024-01-02","value":2.50}],"mean":7},
        "plates":[{"name":"x","stocks":[{"code":"a"}]}],"symbol":"SH.600519","at":1704189600}"#;
    let line = line.replace('\n', " ");
    let built = whole(&table, &["", &line]);
    assert_eq!((built.rejects.len(), built.unknown.len()), (0, 0));
    let batch = built.batch;
    assert_eq!(texts(&batch, &["symbol", "kind", "day"]), ["600519.SH 1 2024-01-02", "600519.SH 1 2024-01-03"]);
    let number = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Float64Type>().clone();
    assert_eq!(number("trend_mean").values(), &[7.0, 7.0]);
    assert_eq!((number("value").value(0).to_bits(), number("value").is_null(1)), (2.5f64.to_bits(), true));
    let at = batch.column_by_name("at").unwrap().as_primitive::<TimestampMicrosecondType>().value(1);
    assert_eq!(at, 1_704_189_600_000_000);
}

#[test]
fn a_list_that_is_absent_null_or_empty_has_no_rows() {
    let table = history("");
    let lines = [
        r#"{"symbol":"SH.600519"}"#,
        r#"{"symbol":"SH.600519","trend":null,"plates":null}"#,
        r#"{"symbol":"SH.600519","trend":{"mean":0,"items":null}}"#,
        r#"{"symbol":"SH.600519","trend":{"items":[]}}"#,
    ];
    let built = whole(&table, &lines);
    assert_eq!((built.batch.num_rows(), built.rejects.len(), built.unknown.len()), (0, 0, 0));
}

#[test]
fn an_invalid_element_is_rejected_alone_with_its_line() {
    let table = history("");
    let lines = [
        r#"{"symbol":"SH.600519","trend":{"items":[{"day":"2024-01-02","value":1},{"day":"soon","value":1},7]}}"#,
        r#"{"symbol":"nobody","trend":{"items":[{"day":"2024-01-02"}]}}"#,
        r#"{"symbol":"SH.600519","fresh":{"x":1},"trend":{"news":[1],"items":[{"day":"2024-01-04","hot":true}]}}"#,
    ];
    let built = whole(&table, &lines);
    assert_eq!(texts(&built.batch, &["day"]), ["2024-01-02", "2024-01-04"]);
    let rejects: Vec<(usize, &str, &str)> =
        built.rejects.iter().map(|r| (r.line, r.reason.as_str(), r.row.as_str())).collect();
    assert_eq!(
        rejects[0].1,
        "in `trend.items`: `trend.items.day`: invalid date `soon`: expected YYYYMMDD or YYYY-MM-DD"
    );
    assert_eq!((rejects[0].0, rejects[0].2), (1, r#"{"day":"soon","value":1}"#));
    assert!(rejects[1].1.contains("not a JSON object") && rejects[1].2 == "7", "{rejects:?}");
    let reason = "`symbol`: invalid security code `nobody`: expected a form like 600519.SH";
    assert_eq!((rejects[2].0, rejects[2].1), (2, reason));
    let unknown: Vec<&str> = built.unknown["depth/valuation"].iter().map(String::as_str).collect();
    assert_eq!(unknown, ["fresh", "trend.items.hot", "trend.news"]);
}

#[test]
fn a_list_in_a_list_gives_the_rows_of_all() {
    let head = format!("key = [\"symbol\", \"name\", \"code\"]\n{LATEST}");
    let source = "interface = \"depth/valuation\"\nrows = \"plates.stocks\"\nrenamed = { name = \"plates.name\" }\n\
                  only = [\"symbol\", \"plates.name\", \"plates.stocks.code\"]";
    let table = table(&head, source);
    let line = r#"{"symbol":"600519","at":0,"plates":[{"stocks":[{"code":"b"},{"code":"a"}],"name":"x"},{"name":"y"},{"name":"z","stocks":[{"code":"a"}]}],"trend":{"items":[{"value":"any"}]}}"#;
    let built = whole(&table, &[line]);
    assert_eq!((built.rejects.len(), built.unknown.len()), (0, 0));
    let rows = texts(&built.batch, &["symbol", "name", "code"]);
    assert_eq!(rows, ["600519.SH x a", "600519.SH x b", "600519.SH z a"]);
}

#[test]
fn without_a_list_the_object_is_the_row_and_it_is_dropped_without_what_it_needs() {
    let head = format!("key = [\"symbol\"]\n{LATEST}");
    let table = table(&head, "interface = \"depth/valuation\"\nneeds = [\"at\"]");
    let line =
        |symbol: &str, at: &str| format!(r#"{{"symbol":{symbol},"at":{at},"trend":{{"mean":1.5,"items":[1]}}}}"#);
    let (zero, real) = (line("null", "0"), line("\"600519\"", "1704189600000"));
    let built = whole(&table, &[&zero, &real]);
    assert_eq!(built.rejects, []);
    assert_eq!(texts(&built.batch, &["symbol"]), ["600519.SH"]);
    // An object with only zeros is dropped, so its missing key is not an error.
    assert_eq!(whole(&table, &[r#"{"at":0}"#]).batch.num_rows(), 0);
    let stop = build(&table, Partition::Whole, &[], &[], &[r#"{"at":5}"#]).unwrap_err();
    assert!(matches!(stop, Stop::NoKey { column, .. } if column == "symbol"));
}

#[test]
fn a_row_takes_the_parameters_of_the_call_that_brought_it() {
    let table = history("");
    let line = |day: &str| format!(r#"{{"symbol":"SH.600519","trend":{{"items":[{{"day":"{day}","value":1}}]}}}}"#);
    let lines = [line("2024-01-02"), line("2024-01-03"), line("2024-01-04")];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let kinds = |values: &[&str], rows_of: &[usize]| {
        let calls: Vec<_> = values.iter().map(|value| call(&[("symbol", "SH.600519"), ("kind", value)])).collect();
        let batch = build(&table, Partition::Whole, &calls, rows_of, &lines).unwrap().batch;
        texts(&batch, &["kind", "day"])
    };
    assert_eq!(kinds(&["2", "9", "1"], &[1, 0, 2]), ["1 2024-01-03", "1 2024-01-04", "2 2024-01-02"]);
    assert_eq!(kinds(&["2"], &[]), ["2 2024-01-02", "2 2024-01-03", "2 2024-01-04"]);
    // Several calls without row counts: only values common to all of them are used.
    assert_eq!(kinds(&["2", "2"], &[]), ["2 2024-01-02", "2 2024-01-03", "2 2024-01-04"]);
    assert_eq!(kinds(&["2", "1"], &[])[0], "- 2024-01-02");
    assert_eq!(kinds(&[], &[])[0], "- 2024-01-02");
}

#[test]
fn the_same_line_of_two_calls_is_two_rows() {
    let head = "key = [\"symbol\", \"kind\", \"day\"]\npartition = \"none\"\nknown = \"announced\"\nkeeps = \"versions\"\n\
                [versions]\nannounced = [\"at\"]\n";
    let table = table(head, "interface = \"depth/valuation\"\nrows = \"trend.items\"");
    // 2024-01-02 16:30 UTC is already the next day in Shanghai.
    let line = r#"{"symbol":"600519","at":1704213000,"trend":{"items":[{"day":"2023-12-31","value":1},{"day":"2024-01-02","value":1}]}}"#;
    let calls = ["1", "2"].map(|kind| call(&[("symbol", "SH.600519"), ("kind", kind)]));
    let built = build(&table, Partition::Whole, &calls, &[1, 2], &[line, line, line]).unwrap();
    assert_eq!(built.rejects, []);
    let rows = texts(&built.batch, &["kind", "day", "announced_on"]);
    assert_eq!(rows[..2], ["1 2023-12-31 2024-01-03", "1 2024-01-02 2024-01-03"]);
    assert_eq!(rows.len(), 4, "{rows:?}");
}

fn ticks() -> Arc<Table> {
    let head =
        "key = [\"ts_code\", \"at\"]\npartition = \"month\"\nevent = \"at\"\nknown = \"event\"\nkeeps = \"latest\"";
    table(head, "interface = \"depth/ticks\"")
}

#[test]
fn an_instant_is_placed_by_its_day_in_shanghai() {
    let table = ticks();
    let lines = [
        r#"{"at":"2024-05-31 23:59:59.999","price":1}"#,
        r#"{"at":"2024-06-01 00:00:00","price":2}"#,
        r#"{"at":"2024-05-31T16:00:00Z","price":2}"#,
        r#"{"at":"2024-06-30 23:59:59.999999","price":3}"#,
        r#"{"at":"2024-06-30T16:00:00Z","price":4}"#,
        r#"{"at":"soon","price":4}"#,
        r#"{"at":"","price":4}"#,
    ];
    let calls = [call(&[("ts_code", "600519.SH")])];
    let built = build(&table, Partition::Month(2024, 6), &calls, &[], &lines).unwrap();
    let prices = built.batch.column_by_name("price").unwrap().as_primitive::<Float64Type>();
    assert_eq!(prices.values(), &[2.0, 3.0]);
    assert_eq!(texts(&built.batch, &["ts_code"]), ["600519.SH", "600519.SH"]);
    let reasons: Vec<&str> = built.rejects.iter().map(|reject| reject.reason.as_str()).collect();
    assert_eq!(reasons, ["`at`: invalid time `soon`: expected YYYY-MM-DD HH:MM:SS", "`at` is empty"]);
    // A call for several securities does not tell which one a row belongs to.
    let calls = [call(&[("ts_code", "600519.SH,000001.SZ")])];
    let built = build(&table, Partition::Month(2024, 6), &calls, &[], &lines[1..2]).unwrap();
    assert_eq!(texts(&built.batch, &["ts_code"]), ["-"]);
}

#[test]
fn the_day_of_a_value_is_its_day_in_shanghai() {
    for text in [
        "20240102",
        "2024-01-02",
        "2024-01-02 09:31:00",
        "2024-01-01T16:00:00Z",
        "1704189600",
        "1704189600000",
        "2024/1/2",
        "20240102.0",
        "1704153600000000000",
    ] {
        assert_eq!(day_in(text).map(|day| day.to_string()).as_deref(), Some("2024-01-02"), "{text}");
    }
    for text in ["", "null", "-", "2024-01", "20240230", "0"] {
        assert_eq!(day_in(text), None, "{text}");
    }
}

#[test]
fn a_nested_event_cannot_choose_the_partition() {
    let pipeline = |event: &str, more: &str| {
        format!(
            "key = [\"symbol\"]\npartition = \"year\"\nevent = \"{event}\"\nknown = \"event\"\nkeeps = \"latest\"\n\
             [[source]]\ninterface = \"depth/valuation\"\nrows = \"trend.items\"\n{more}\n\
             [[example]]\nsource = \"depth/valuation\"\ngiven = \"{{}}\"\nrejected = \"empty\"\n"
        )
    };
    let error = load(&pipeline("day", "")).unwrap_err();
    assert!(error.contains("a nested reply cannot feed a table with partitions"), "{error}");
    assert!(load(&pipeline("at", "")).is_ok());
}
