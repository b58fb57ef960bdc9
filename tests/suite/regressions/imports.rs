//! Files that people import: their formats, and what an import reports about them.

use std::fs;
use std::io::Write as _;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow_ipc::writer::FileWriter;
use parquet::arrow::ArrowWriter;
use serde_json::{Value, json};

use crate::support::{NOW, Place, Row, silver};

const DAILY: [&str; 3] = ["import", "--interface", "tushare/daily"];

/// A place without a vendor, with files in it.
fn place(files: &[(&str, &[u8])]) -> Place {
    let place = Place::at("http://127.0.0.1:9");
    for (name, body) in files {
        fs::write(place.path(name), body).unwrap();
    }
    place
}

/// Imports and expects an exit code; returns all output.
fn import(place: &Place, code: i32, args: &[&str]) -> String {
    let now = if args.contains(&"--now") { &[][..] } else { &["--now", NOW] };
    let args = [args, now].concat();
    let output = place.run(&args);
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {printed}");
    printed
}

/// The rows of a table, built anew.
fn rows(place: &Place, table: &str) -> Vec<Row> {
    place.expect(0, &["normalize", table, "--now", NOW]);
    silver(place, table)
}

/// One column of all rows.
fn column(rows: &[Row], name: &str) -> Vec<String> {
    rows.iter().map(|row| row[name].clone()).collect()
}

#[test]
fn a_file_of_which_nothing_is_readable_is_refused() {
    let days = "ts_code,trade_date,close\n600001.SH,soon,10.2\n000002.SZ,20240230,5.15\n";
    let mixed = "ts_code,trade_date,close\n600001.SH,20240102,10.2\n";
    let place = place(&[("a.csv", days.as_bytes()), ("b.csv", mixed.as_bytes())]);
    let printed = import(&place, 2, &[&DAILY[..], &["b.csv", "a.csv"]].concat());
    assert!(
        printed.contains("`a.csv`: none of its 2 rows can be read as tushare/daily: row 1: `trade_date`"),
        "{printed}"
    );
    assert!(place.files("bronze").is_empty(), "the readable file is not taken either");
}

#[test]
fn an_import_says_which_rows_are_set_aside_and_why() {
    let csv = "ts_code,trade_date,close,vol\n600001.SH,20240102,10.2,1\n600001.SH,20240103,soon,1\n\
               000002.SZ,20240104,never,1\n000002.SZ,20240102,5.1,0.005\n000004.SZ,20240102,5.1,7\n000004.SZ,20240102,5.1,8\n";
    let place = place(&[("a.csv", csv.as_bytes())]);
    let printed = import(&place, 0, &[&DAILY[..], &["a.csv"]].concat());
    assert!(printed.contains("a.csv: 1 row read, 5 set aside, 2024-01-02"), "{printed}");
    assert!(printed.contains("2 rows: `close`: invalid number `soon`"), "{printed}");
    assert!(printed.contains("2 rows: contradicts another row") || printed.contains("differ in `vol`"), "{printed}");
    let printed = import(&place, 0, &[&DAILY[..], &["a.csv", "--format", "json"]].concat());
    let json: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((&json[0]["rows"], &json[0]["read"]), (&json!(6), &json!(1)));
    assert_eq!(
        json[0]["set_aside"].as_array().unwrap().iter().map(|one| one["rows"].as_u64().unwrap()).sum::<u64>(),
        5
    );
    assert_eq!(json[0]["set_aside"][0]["row"], 2);
    place.expect(3, &["normalize", "stock_daily_cn", "--now", NOW]);
    assert_eq!(rows(&place, "stock_daily_cn").len(), 1);
}

#[test]
fn codes_that_the_universe_does_not_have_are_named() {
    let universe = "ts_code,symbol,name,exchange,list_status,list_date,delist_date\n\
                    600001.SH,600001,甲,SSE,L,20010101,\n000002.SZ,000002,乙,SZSE,L,19990305,\n";
    let bars = "ts_code,trade_date,close\n600001.SH,20240102,10.2\n600009.SH,20240102,5.1\n";
    let place = place(&[("u.csv", universe.as_bytes()), ("a.csv", bars.as_bytes())]);
    let printed = import(&place, 0, &["import", "--interface", "tushare/stock_basic", "u.csv"]);
    assert!(!printed.contains("not in the list of securities"), "{printed}");
    let printed = import(&place, 0, &[&DAILY[..], &["a.csv"]].concat());
    assert!(printed.contains("not in the list of securities (`stock_basic_cn`): 600009.SH"), "{printed}");
    // Indices are not among its securities.
    fs::write(place.path("i.csv"), "ts_code,trade_date,close\n000300.SH,20240102,3300.1\n").unwrap();
    let printed = import(&place, 0, &["import", "--interface", "tushare/index_daily", "i.csv"]);
    assert!(!printed.contains("not in the list of securities"), "{printed}");
}

#[test]
fn a_calendar_without_its_exchange_is_told_it() {
    let none = "cal_date,is_open\n20240101,0\n20240102,1\n";
    let empty = "exchange,cal_date,is_open\n,20240103,1\nSSE,20240104,1\n";
    let place = place(&[("none.csv", none.as_bytes()), ("empty.csv", empty.as_bytes())]);
    let calendar = ["import", "--interface", "tushare/trade_cal"];
    let printed = import(&place, 2, &[&calendar[..], &["none.csv"]].concat());
    assert!(
        printed.contains("requires the fields `exchange`") && printed.contains("--set exchange=VALUE"),
        "{printed}"
    );
    let printed = import(&place, 2, &[&calendar[..], &["none.csv", "--set", "exchang=SSE"]].concat());
    assert!(printed.contains("did you mean `exchange`?"), "{printed}");
    import(&place, 0, &[&calendar[..], &["none.csv", "empty.csv", "--set", "exchange=SSE"]].concat());
    let rows = rows(&place, "trade_cal");
    assert_eq!(column(&rows, "exchange"), ["SSE"; 4]);
    assert_eq!(column(&rows, "is_open"), ["false", "true", "true", "true"]);
}

#[test]
fn minute_bars_that_hold_their_frequency_are_taken() {
    let with = "ts_code,trade_time,open,close,high,low,vol,amount,freq\n\
                600001.SH,2024-01-02 09:30:00,10.0,10.0,10.0,10.0,1000,10000,1min\n\
                600001.SH,2024-01-02 09:31:00,10.0,10.1,10.1,10.0,2000,20100,1min\n";
    let without = with.replace(",1min", "").replace(",freq", "").replace("01-02", "01-03");
    let place = place(&[("with.csv", with.as_bytes()), ("without.csv", without.as_bytes())]);
    let minutes = ["import", "--interface", "tushare/stk_mins"];
    import(&place, 0, &[&minutes[..], &["with.csv"]].concat());
    let printed = import(&place, 2, &[&minutes[..], &["without.csv"]].concat());
    assert!(printed.contains("--set freq=VALUE"), "{printed}");
    import(&place, 0, &[&minutes[..], &["without.csv", "--set", "freq=1min"]].concat());
    let rows = rows(&place, "stk_mins_cn");
    assert_eq!(column(&rows, "freq"), ["1min"; 4]);
}

/// The figure of a statement as of a day.
fn figure(place: &Place, as_of: &str) -> Value {
    let sql = "SELECT n_income FROM income_cn";
    let printed = place.expect(0, &["query", sql, "--as-of", as_of, "--format", "json"]);
    serde_json::from_str::<Value>(&printed).unwrap()
}

#[test]
fn captures_are_ordered_by_the_day_on_which_they_were_captured() {
    let statement = |figure: &str| {
        format!(
            "ts_code,ann_date,f_ann_date,end_date,report_type,n_income\n600001.SH,20200420,20200420,20191231,1,{figure}\n"
        )
    };
    let (old, new) = (statement("100.0"), statement("200.0"));
    let place = place(&[("old.csv", old.as_bytes()), ("new.csv", new.as_bytes())]);
    let income = ["import", "--interface", "tushare/income"];
    // Newest first.
    import(
        &place,
        0,
        &[&income[..], &["new.csv", "--captured-on", "2024-06-01", "--now", "2026-01-01T00:00:00Z"]].concat(),
    );
    import(
        &place,
        0,
        &[&income[..], &["old.csv", "--captured-on", "2020-05-01", "--now", "2026-01-02T00:00:00Z"]].concat(),
    );
    place.expect(0, &["normalize", "income_cn", "--now", NOW]);
    assert_eq!(figure(&place, "2020-04-19"), json!([]));
    assert_eq!(figure(&place, "2020-12-31"), json!([{"n_income": 100.0}]));
    assert_eq!(figure(&place, "2024-05-31"), json!([{"n_income": 100.0}]));
    assert_eq!(figure(&place, "2024-06-01"), json!([{"n_income": 200.0}]));
    let printed = import(&place, 2, &[&income[..], &["old.csv", "--captured-on", "2030-01-01"]].concat());
    assert!(printed.contains("--captured-on 2030-01-01 is after today"), "{printed}");
}

/// Case 30. Was: as of 2020 the figure of 2024, which was imported first. Expected: neither, because nothing tells
/// which of the two the vendor showed first; both from the days on which they were imported.
#[test]
fn the_order_of_imports_is_not_taken_for_that_of_their_captures() {
    let statement = |figure: &str| {
        format!(
            "ts_code,ann_date,f_ann_date,end_date,report_type,n_income\n600001.SH,20200420,20200420,20191231,1,{figure}\n"
        )
    };
    let (old, new) = (statement("100.0"), statement("200.0"));
    let place = place(&[("old.csv", old.as_bytes()), ("new.csv", new.as_bytes())]);
    for (name, day) in [("new.csv", "2026-01-01"), ("old.csv", "2026-01-03")] {
        let now = format!("{day}T00:00:00Z");
        import(&place, 0, &["import", "--interface", "tushare/income", name, "--now", &now]);
        place.expect(0, &["normalize", "income_cn", "--now", NOW]);
        if name == "new.csv" {
            // As long as nothing contradicts it, its announcement date counts.
            assert_eq!(figure(&place, "2020-12-31"), json!([{"n_income": 200.0}]));
        }
    }
    for day in ["2020-12-31", "2024-12-31", "2025-12-31"] {
        assert_eq!(figure(&place, day), json!([]), "{day}");
    }
    assert_eq!(figure(&place, "2026-01-02"), json!([{"n_income": 200.0}]));
    assert_eq!(figure(&place, "2026-01-03"), json!([{"n_income": 100.0}]));
}

#[test]
fn parquet_and_feather_give_the_rows_that_csv_gives() {
    let batch = RecordBatch::try_from_iter([
        ("ts_code", Arc::new(StringArray::from(vec!["600001.SH", "000002.SZ"])) as ArrayRef),
        ("trade_date", Arc::new(StringArray::from(vec!["20240102", "2024-01-02"])) as ArrayRef),
        ("close", Arc::new(Float64Array::from(vec![10.2, 5.15])) as ArrayRef),
        ("vol", Arc::new(Float64Array::from(vec![Some(1234.5), None])) as ArrayRef),
    ])
    .unwrap();
    let mut parquet = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    parquet.write(&batch).unwrap();
    let mut feather = FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    feather.write(&batch).unwrap();
    let csv = "ts_code,trade_date,close,vol\n600001.SH,20240102,10.2,1234.5\n000002.SZ,2024-01-02,5.15,\n";
    let place = place(&[
        ("a.parquet", &parquet.into_inner().unwrap()),
        ("a.feather", &feather.into_inner().unwrap()),
        ("a.csv", csv.as_bytes()),
    ]);
    let printed = import(&place, 0, &[&DAILY[..], &["a.parquet", "a.feather", "a.csv"]].concat());
    assert_eq!(printed.matches("2 rows read, 0 set aside, 2024-01-02").count(), 3, "{printed}");
    assert_eq!(place.files("bronze").len(), 1, "the three are the same rows: {printed}");
    let rows = rows(&place, "stock_daily_cn");
    assert_eq!(column(&rows, "close"), ["5.15", "10.2"]);
    assert_eq!(column(&rows, "vol"), ["null", "123450"]);
}

#[test]
fn days_are_read_as_programs_write_them() {
    let csv =
        |day: &str| format!("ts_code,trade_date,close,vol\n600001.SH,{day},10.2,1234.0\n000002.SZ,{day},5.15,nan\n");
    let json = |day: &str| format!("{{\"ts_code\":\"600001.SH\",\"trade_date\":{day},\"close\":10.2,\"vol\":null}}\n");
    let stamps = TimestampMillisecondArray::from(vec![1_704_153_600_000]);
    let stamps = [stamps.clone(), stamps.with_timezone("UTC")];
    let texts = [
        csv("2024-01-02 00:00:00"),
        csv("2024-01-02T00:00:00.000000"),
        csv("20240102.0"),
        json("1704153600000"),
        json("\"2024-01-02T00:00:00.000Z\""),
    ];
    let mut bodies: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
    for stamps in stamps {
        let batch = RecordBatch::try_from_iter([
            ("ts_code", Arc::new(StringArray::from(vec!["600001.SH"])) as ArrayRef),
            ("trade_date", Arc::new(stamps) as ArrayRef),
            ("close", Arc::new(Float64Array::from(vec![10.2])) as ArrayRef),
        ])
        .unwrap();
        let mut parquet = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
        parquet.write(&batch).unwrap();
        bodies.push(parquet.into_inner().unwrap());
    }
    for body in bodies {
        let place = place(&[("a", &body)]);
        let printed = import(&place, 0, &[&DAILY[..], &["a"]].concat());
        assert!(printed.contains("0 set aside, 2024-01-02 "), "{printed}");
        let rows = rows(&place, "stock_daily_cn");
        assert!(column(&rows, "trade_date").iter().all(|day| day == "2024-01-02") && !rows.is_empty(), "{rows:?}");
    }
}

#[test]
fn adjusted_prices_are_refused_as_raw_ones() {
    let bar = |day: u32, factor: f64| {
        let (low, high, close) = (9.9 * factor, 10.3 * factor, 10.2 * factor);
        format!("600001.SH,202401{day:02},{low:.4},{high:.4},{close:.4},1234.0,1250.5\n")
    };
    let head = "ts_code,trade_date,low,high,close,vol,amount\n";
    let file = |factor: f64| format!("{head}{}", (2..12).map(|day| bar(day, factor)).collect::<String>());
    let place = place(&[("raw.csv", file(1.0).as_bytes()), ("qfq.csv", file(0.82).as_bytes())]);
    let printed = import(&place, 2, &[&DAILY[..], &["qfq.csv"]].concat());
    assert!(printed.contains("prices look adjusted") && printed.contains("in 10 of 10 rows"), "{printed}");
    assert!(printed.contains("--force"), "{printed}");
    assert!(place.files("bronze").is_empty());
    import(&place, 0, &[&DAILY[..], &["raw.csv"]].concat());
    import(&place, 0, &[&DAILY[..], &["qfq.csv", "--force"]].concat());
    assert_eq!(place.files("bronze").len(), 2);
}

#[test]
fn a_file_of_another_interface_is_refused_with_the_name_of_that() {
    let factors = "ts_code,trade_date,adj_factor\n600001.SH,20240102,1.5\n";
    let place = place(&[("factors.csv", factors.as_bytes())]);
    let printed = import(&place, 2, &[&DAILY[..], &["factors.csv"]].concat());
    assert!(printed.contains("`factors.csv` has no column of tushare/daily except its key"), "{printed}");
    assert!(printed.contains("--interface tushare/adj_factor"), "{printed}");
    assert!(place.files("bronze").is_empty());
    import(&place, 0, &["import", "--interface", "tushare/adj_factor", "factors.csv"]);
}

#[test]
fn compressed_files_are_named_for_what_they_are() {
    let gzip = |body: &[u8]| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(body).unwrap();
        gzip.finish().unwrap()
    };
    let twice = gzip(&gzip(b"ts_code,trade_date,close\n600001.SH,20240102,10.2\n"));
    for (body, name) in [
        (&b"BZh91AY&SY\x8a"[..], "bzip2"),
        (b"\xfd7zXZ\0\0\x04\xe6", "xz"),
        (b"PK\x03\x04\x14\0\xff", "a zip archive or an Excel sheet"),
        (b"\x28\xb5\x2f\xfd\x04\x88", "zstd"),
        (b"\x80\x04\x95\xff", "a Python pickle"),
        (&twice, "gzip data inside gzip data"),
    ] {
        let place = place(&[("a", body)]);
        let printed = import(&place, 2, &[&DAILY[..], &["a"]].concat());
        assert!(printed.contains(&format!("`a`: unsupported format: {name}")), "{printed}");
        assert!(!printed.contains("GBK"), "{printed}");
    }
}

#[test]
fn headings_in_any_case_line_breaks_in_quotes_and_blanks_are_read() {
    let twice = "TS_CODE,ts_code,Trade_Date,close\n600001.SH,600001.SH, 20240102, 10.2\n";
    let differ = "ts_code,TRADE_DATE,trade_date,close\n600001.SH,20240103,20240102,10.2\n";
    let company = "ts_code,exchange,chairman,reg_capital,setup_date,introduction,employees\n\
                   600001.SH,SSE,张三,100000.0,19990101,\"第一行\n第二行, \"\"引号\"\"\",100.0\n\
                   000002.SZ,SZSE,李四,,,全角　空格 行,\n";
    let place = place(&[
        ("twice.csv", twice.as_bytes()),
        ("differ.csv", differ.as_bytes()),
        ("company.csv", company.as_bytes()),
    ]);
    import(&place, 0, &[&DAILY[..], &["twice.csv"]].concat());
    assert_eq!(column(&rows(&place, "stock_daily_cn"), "close"), ["10.2"]);
    // Two days for one row: we cannot choose.
    let printed = import(&place, 2, &[&DAILY[..], &["differ.csv"]].concat());
    assert!(printed.contains("`TRADE_DATE` and `trade_date` are both the field `trade_date`"), "{printed}");
    assert!(printed.contains("choose one with `--map TRADE_DATE=trade_date`"), "{printed}");
    import(&place, 0, &[&DAILY[..], &["differ.csv", "--map", "TRADE_DATE=trade_date"]].concat());
    assert_eq!(column(&rows(&place, "stock_daily_cn"), "trade_date"), ["2024-01-02", "2024-01-03"]);
    import(&place, 0, &["import", "--interface", "tushare/stock_company", "company.csv"]);
    let companies = rows(&place, "stock_company_cn");
    assert_eq!(companies.len(), 2);
    assert!(column(&companies, "introduction").contains(&"第一行\n第二行, \"引号\"".to_owned()), "{companies:?}");
}

#[test]
fn an_import_is_listed_and_taken_back() {
    let (one, other) = (
        "ts_code,trade_date,close\n600001.SH,20240102,10.2\n",
        "ts_code,trade_date,close\n600001.SH,20240102,10.25\n000002.SZ,20240103,5.1\n",
    );
    let place = place(&[("one.csv", one.as_bytes()), ("other.csv", other.as_bytes())]);
    import(&place, 0, &[&DAILY[..], &["one.csv", "--now", "2026-01-01T00:00:00Z"]].concat());
    import(
        &place,
        0,
        &[&DAILY[..], &["other.csv", "--captured-on", "2024-02-01", "--now", "2026-01-02T00:00:00Z"]].concat(),
    );
    assert_eq!(column(&rows(&place, "stock_daily_cn"), "close"), ["5.1", "10.25"]);
    let list = |place: &Place| -> Vec<Value> {
        serde_json::from_str(&place.expect(0, &["import", "--list", "--format", "json"])).unwrap()
    };
    let imports = list(&place);
    let shown: Vec<_> = imports.iter().map(|one| (&one["file"], &one["rows"], &one["captured_on"])).collect();
    assert_eq!(
        shown,
        [(&json!("one.csv"), &json!(1), &json!(null)), (&json!("other.csv"), &json!(2), &json!("2024-02-01"))]
    );
    let id = imports[1]["id"].as_str().unwrap();
    assert!(place.expect(0, &["import", "--list"]).contains(id));
    let path = imports[1]["bronze"].as_str().unwrap();
    let body = place.files("bronze")[path].clone();
    place.expect(2, &["import", "--withdraw", "tushare/daily_20200101T000000000Z"]);
    let printed = place.expect(0, &["import", "--withdraw", id]);
    assert!(printed.contains("pitlake normalize stock_daily_cn"), "{printed}");
    assert_eq!(place.files("withdrawn"), [(format!("withdrawn/{path}"), body.clone())].into());
    assert_eq!(list(&place).len(), 1);
    assert_eq!(column(&rows(&place, "stock_daily_cn"), "close"), ["10.2"]);
    // Killed between copy and deletion: the same command completes the work.
    fs::write(place.path(&format!("data/{path}")), &body).unwrap();
    place.expect(0, &["import", "--withdraw", id]);
    assert_eq!((place.files("bronze").len(), place.files("withdrawn").len()), (1, 1));
    // A withdrawn import can be imported again, and withdrawn again.
    import(&place, 0, &[&DAILY[..], &["other.csv", "--now", "2026-01-02T00:00:00Z"]].concat());
    let imports = list(&place);
    assert_eq!(imports.len(), 2);
    place.expect(0, &["import", "--withdraw", imports[1]["bronze"].as_str().unwrap()]);
    assert_eq!(place.files("withdrawn").len(), 2, "nothing is overwritten");
}

#[test]
fn an_import_given_again_after_another_counts_as_the_newest() {
    let bar = |close: &str| format!("ts_code,trade_date,close\n600001.SH,20240102,{close}\n");
    let later = "ts_code,trade_date,close\n600001.SH,20240202,11\n";
    let (a, b) = (bar("10.2"), bar("10.7"));
    let place = place(&[("a.csv", a.as_bytes()), ("b.csv", b.as_bytes()), ("later.csv", later.as_bytes())]);
    for (day, file) in [("01", "a.csv"), ("02", "b.csv"), ("03", "later.csv"), ("04", "a.csv")] {
        import(&place, 0, &[&DAILY[..], &[file, "--now", &format!("2026-01-{day}T00:00:00Z")]].concat());
    }
    assert_eq!(place.files("bronze").len(), 4);
    // What is already in the lake is not written twice.
    for (day, file) in [("05", "a.csv"), ("06", "later.csv")] {
        let printed = import(&place, 0, &[&DAILY[..], &[file, "--now", &format!("2026-01-{day}T00:00:00Z")]].concat());
        assert!(printed.contains("was already imported"), "{printed}");
    }
    assert_eq!(place.files("bronze").len(), 4);
    let rows = rows(&place, "stock_daily_cn");
    assert_eq!(column(&rows, "close"), ["10.2", "11.0"]);
}

#[test]
fn many_files_of_one_moment_take_time_for_each_once() {
    let place = place(&[]);
    let mut args: Vec<String> = DAILY.map(str::to_owned).to_vec();
    for number in 0..300 {
        let name = format!("{number}.csv");
        let csv = format!("ts_code,trade_date,close\n600001.SH,20240102,10.{number:03}\n");
        fs::write(place.path(&name), csv).unwrap();
        args.push(name);
    }
    import(&place, 0, &args.iter().map(String::as_str).collect::<Vec<_>>());
    let files = place.files("bronze");
    assert_eq!(files.len(), 300);
    // Each got the next number: none of them was tried twice.
    assert!(files.keys().any(|path| path.ends_with("Z-299-span.jsonl.gz")), "{:?}", files.keys().next_back());
    // The same in another command.
    fs::write(place.path("more.csv"), "ts_code,trade_date,close\n600001.SH,20240103,10\n").unwrap();
    import(&place, 0, &[&DAILY[..], &["more.csv"]].concat());
    assert!(place.files("bronze").keys().any(|path| path.ends_with("Z-300-span.jsonl.gz")));
}

#[test]
fn files_in_bronze_that_nothing_reads_are_named() {
    let place = place(&[]);
    let folder = "data/bronze/tushare/stock_daily_cn";
    let paths = [
        "date=20240103/a.jsonl.gz",
        "date=2024-01-03/a.json.gz",
        "date=2024-01-03/a.jsonl",
        "trade_date=2024-01-03/a.jsonl.gz",
    ];
    let hidden = ["date=2024-01-03/.a.jsonl.gz.crc", "_SUCCESS"];
    for path in paths.iter().chain(&hidden) {
        let path = place.path(&format!("{folder}/{path}"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    fs::create_dir_all(place.path("data/bronze/tushare/daily/date=2024-01-03")).unwrap();
    fs::write(place.path("data/bronze/tushare/daily/date=2024-01-03/a.jsonl.gz"), "").unwrap();
    let printed = place.expect(0, &["status", "stock_daily_cn", "--format", "json", "--now", NOW]);
    let status: Value = serde_json::from_str(&printed).unwrap();
    let mut named: Vec<String> = paths.iter().map(|path| format!("bronze/tushare/stock_daily_cn/{path}")).collect();
    named.sort();
    assert_eq!(status[0]["unread"], json!(named));
    let output = place.run(&["status", "stock_daily_cn", "--now", NOW]);
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.contains("! not read: bronze/tushare/stock_daily_cn/date=2024-01-03/a.json.gz"), "{printed}");
    assert!(printed.contains("! not read: 1 more of stock_daily_cn"), "{printed}");
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(log.contains("`bronze/tushare/daily` does not belong to any interface"), "{log}");
}

#[test]
fn all_bad_files_of_other_programs_are_named_at_once() {
    let place = place(&[]);
    for (name, body) in [("a.jsonl.gz", &b"no gzip"[..]), ("b.jsonl.gz", b"PK\x03\x04"), ("c.jsonl.gz", b"")] {
        let path = place.path(&format!("data/bronze/tushare/stock_daily_cn/date=2024-01-03/{name}"));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, body).unwrap();
    }
    let output = place.run(&["normalize", "stock_daily_cn", "--now", NOW]);
    let printed = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(3), "{printed}");
    for name in ["a.jsonl.gz", "b.jsonl.gz", "c.jsonl.gz"] {
        assert!(
            printed.contains(&format!("cannot read `bronze/tushare/stock_daily_cn/date=2024-01-03/{name}`")),
            "{printed}"
        );
    }
}
