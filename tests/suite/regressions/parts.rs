//! Imports and other programs' files next to answers: what they add, and what they must not replace.

use std::fs;

use chrono::{DateTime, NaiveDate, Utc};
use pitlake::bronze::{self, Mark, NewFile, Span};
use pitlake::spec::{Catalog, InterfaceId};
use pitlake::store::Store;

use crate::support::{NOW, Place, Row, day, silver};
use crate::vendors::bronze as foreign;

/// An answer of our own, as a fetch would have written it.
struct Answer<'a> {
    interface: &'a str,
    slice: &'a str,
    /// The day of its folder.
    day: &'a str,
    at: &'a str,
    /// Parameters of each call.
    calls: &'a [&'a [(&'a str, &'a str)]],
    mark: Option<Mark>,
    /// The days of its rows, if they are not all of the folder's day.
    span: &'a [&'a str],
}

/// An answer for a trading day.
fn session<'a>(interface: &'a str, day: &'a str, at: &'a str) -> Answer<'a> {
    Answer { interface, slice: day, day, at, calls: &[&[("trade_date", "20240102")]], mark: None, span: &[] }
}

impl Answer<'_> {
    /// Writes it; returns its path.
    fn write(self, place: &Place, lines: &[&str]) -> String {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        let contract = catalog.contract(&InterfaceId::parse(self.interface).unwrap()).unwrap();
        let store = Store::open(place.path("data").to_str().unwrap()).unwrap();
        let owned = |call: &&[(&str, &str)]| call.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let days: Vec<NaiveDate> = self.span.iter().map(|text| day(text)).collect();
        let new = NewFile {
            slice: self.slice.into(),
            day: day(self.day),
            params: self.calls.iter().map(owned).collect(),
            rows_of: Vec::new(),
            pages: 1,
            lines: lines.iter().flat_map(|line| [*line, "\n"]).collect::<String>().into_bytes(),
            event_days: None,
            span: (!days.is_empty()).then(|| Span::days(days)),
            found: None,
            mark: self.mark,
            captured_on: None,
            ordinal: 0,
        };
        let at: DateTime<Utc> = self.at.parse().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(bronze::write(&store, contract, new, at, None)).unwrap().path
    }
}

fn place() -> Place {
    Place::at("http://127.0.0.1:9")
}

fn import(place: &Place, interface: &str, files: &[(&str, &str)], at: &str) {
    for (name, text) in files {
        fs::write(place.path(name), text).unwrap();
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
    place.expect(0, &[&["import", "--interface", interface, "--now", at], names.as_slice()].concat());
}

/// Builds. Rejected rows may cause a separate exit code.
fn normalize(place: &Place, args: &[&str]) -> String {
    let output = place.run(&[&["normalize"], args, &["--now", NOW]].concat());
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(matches!(output.status.code(), Some(0 | 3)), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    printed
}

/// The rows of a table after a build, each as the values of some columns.
fn built(place: &Place, table: &str, columns: &[&str]) -> Vec<String> {
    normalize(place, &[table]);
    let one = |row: &Row| columns.iter().map(|column| row[*column].as_str()).collect::<Vec<_>>().join(" ");
    silver(place, table).iter().map(one).collect()
}

const FETCHED: &str = "2024-01-02T11:00:00Z";
const LATER: [&str; 4] =
    ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-04T00:00:00Z"];
const BAR: &str = r#"{"ts_code":"600001.SH","trade_date":"20240102","open":10.0,"high":10.3,"low":9.9,"close":10.25,"pre_close":10.1,"vol":1234.0,"amount":1253.412}"#;

/// Was: the empty cells of the older CSV, for ever. Expected: the vendor's figures, plus what only the import has.
#[test]
fn an_older_csv_with_empty_cells_does_not_displace_a_fetched_day() {
    let place = place();
    session("tushare/daily", "2024-01-02", FETCHED).write(&place, &[BAR]);
    let csv = "ts_code,trade_date,open,high,low,close,pre_close,change,pct_chg,vol,amount\n\
               600001.SH,20240102,10.0,10.3,9.9,10.2,,,,1234.0,\n000002.SZ,20240102,5.0,5.3,4.9,5.2,,,,1000.0,510.5\n";
    import(&place, "tushare/daily", &[("old.csv", csv)], LATER[0]);
    let columns = ["ts_code", "close", "pre_close", "amount"];
    let expected = ["000002.SZ 5.2 null 510500.0", "600001.SH 10.25 10.1 1253412.0"];
    assert_eq!(built(&place, "stock_daily_cn", &columns), expected);
    // Another program's file in the day's folder is a part too, even with a name like ours.
    foreign(
        &place,
        "tushare/stock_daily_cn/date=2024-01-02/daily_20251230T120000000Z.jsonl.gz",
        &[r#"{"ts_code":"600001.SH","trade_date":"20240102","close":9.0,"vol":1.0,"amount":0.9}"#],
    );
    assert_eq!(built(&place, "stock_daily_cn", &columns), expected);
}

/// Where an import and an answer disagree, in tables with the latest rows and with versions.
#[test]
fn a_diff_tells_where_imports_and_answers_disagree() {
    let place = place();
    session("tushare/daily", "2024-01-02", FETCHED).write(&place, &[BAR]);
    let csv = "ts_code,trade_date,close,vol,amount\n600001.SH,20240102,10.2,,1253.4\n000002.SZ,20240102,5.2,1,0.52\n";
    import(&place, "tushare/daily", &[("old.csv", csv)], LATER[0]);
    let diff = |table: &str| -> serde_json::Value {
        let args = ["diff", table, "--between", "imports,answers", "--format", "json", "--now", NOW];
        serde_json::from_str(&place.expect(0, &args)).unwrap()
    };
    let found = diff("stock_daily_cn");
    let expected = serde_json::json!([
        {"key": {"ts_code": "000002.SZ", "trade_date": "2024-01-02"}, "what": "only", "vendor": "imports"},
        {"key": {"ts_code": "600001.SH", "trade_date": "2024-01-02"}, "what": "differs",
         "columns": {"close": {"imports": 10.2, "answers": 10.25}}},
    ]);
    assert_eq!(found["differences"], expected);
    let csv =
        "ts_code,ann_date,f_ann_date,end_date,report_type,n_income\n600001.SH,20230414,20230414,20221231,1,826.9\n";
    import(&place, "tushare/income", &[("income.csv", csv)], LATER[0]);
    annual_report("2023-12-20T12:00:00Z").write(&place, &[
        r#"{"ts_code":"600001.SH","ann_date":"20230414","f_ann_date":"20230414","end_date":"20221231","report_type":"1","n_income":1653.8}"#,
    ]);
    let found = diff("income_cn");
    assert_eq!(
        found["differences"][0]["columns"]["n_income"],
        serde_json::json!({"imports": 826.9, "answers": 1653.8})
    );
    assert_eq!(found["differences"].as_array().unwrap().len(), 1);
    // Without a table, all tables that have both.
    session("tushare/adj_factor", "2024-01-02", FETCHED)
        .write(&place, &[r#"{"ts_code":"600001.SH","trade_date":"20240102","adj_factor":1.5}"#]);
    let all = ["diff", "--between", "imports,answers", "--now", NOW];
    let found: serde_json::Value =
        serde_json::from_str(&place.expect(0, &[&all[..], &["--format", "json"]].concat())).unwrap();
    let mut tables: Vec<&str> = found.as_array().unwrap().iter().map(|one| one["table"].as_str().unwrap()).collect();
    tables.sort_unstable();
    assert_eq!(tables, ["income_cn", "stock_daily_cn"]);
    let without = Place::at("http://127.0.0.1:9");
    session("tushare/daily", "2024-01-02", FETCHED).write(&without, &[BAR]);
    assert_eq!(without.expect(0, &all), "no difference\n");
}

/// Was: B, and importing A again had no effect. Expected: A, imported last; and an empty cell never wins.
#[test]
fn of_two_imports_the_one_given_last_wins_also_when_given_again() {
    let place = place();
    let csv =
        |close: &str| format!("ts_code,trade_date,close,vol,amount\n600001.SH,20240102,{close},1234.0,1253.412\n");
    let (old, new, thin) = (csv("10.20"), csv("10.25"), csv(""));
    let close = |place: &Place| built(place, "stock_daily_cn", &["close"]);
    import(&place, "tushare/daily", &[("old.csv", &old)], LATER[0]);
    import(&place, "tushare/daily", &[("new.csv", &new)], LATER[1]);
    assert_eq!(close(&place), ["10.25"]);
    import(&place, "tushare/daily", &[("thin.csv", &thin)], LATER[2]);
    assert_eq!(close(&place), ["10.25"]);
}

/// Was: both rows rejected. Expected: the finer one, as between files; rows that contradict each other are still
/// reported.
#[test]
fn of_a_bar_and_its_rounding_in_one_file_the_finer_stays() {
    let place = place();
    let csv = "ts_code,trade_date,open,high,low,close,vol,amount\n\
               600001.SH,20240102,10.0,10.3,9.9,10.2,1234.0,1253.412\n000002.SZ,20240102,5.0,5.3,4.9,5.2,1000.0,500.1\n\
               600001.SH,20240102,10.0,10.3,9.9,10.2,1234.0,1253.41\n000002.SZ,20240102,5.0,5.3,4.9,5.2,1001.0,500.6\n";
    import(&place, "tushare/daily", &[("appended.csv", csv)], LATER[0]);
    let printed = normalize(&place, &["stock_daily_cn"]);
    assert!(printed.contains("2 rows rejected"), "{printed}");
    assert_eq!(built(&place, "stock_daily_cn", &["ts_code", "amount"]), ["600001.SH 1253412.0"]);
}

/// Was: the rows of the last file. Expected: those of all three, beside the answer for a month that begins on the day
/// of the import.
#[test]
fn three_index_files_imported_on_one_day_all_stay() {
    let place = place();
    let csv = |code: &str| {
        let line = |day: u32| format!("{code},202401{day:02},3300.{day}\n");
        format!("ts_code,trade_date,close\n{}", (2..5).map(line).collect::<String>())
    };
    let codes = ["000300.SH", "000905.SH", "000016.SH"];
    let files = codes.map(|code| (format!("{code}.csv"), csv(code)));
    let files = files.each_ref().map(|(name, text)| (name.as_str(), text.as_str()));
    answer_of_january("2026-01-31T12:00:00Z")
        .write(&place, &[r#"{"ts_code":"000852.SH","trade_date":"20260105","close":7000.0}"#]);
    import(&place, "tushare/index_daily", &files, LATER[0]);
    let rows = built(&place, "index_daily_cn", &["ts_code", "trade_date"]);
    assert_eq!(rows.len(), 10, "{rows:?}");
    for code in codes {
        assert_eq!(rows.iter().filter(|row| row.starts_with(code)).count(), 3, "{rows:?}");
    }
    // Among answers, only the month's answer still counts.
    let line = r#"{"ts_code":"000852.SH","trade_date":"20260106","close":7001.0}"#;
    answer_of_january("2026-02-02T12:00:00Z").write(&place, &[line]);
    let rows = built(&place, "index_daily_cn", &["ts_code", "trade_date"]);
    assert_eq!(rows.len(), 10, "{rows:?}");
    assert!(rows.contains(&"000852.SH 2026-01-06".to_owned()), "{rows:?}");
}

fn answer_of_january(at: &str) -> Answer<'_> {
    Answer {
        interface: "tushare/index_daily",
        slice: "2026-01",
        day: "2026-01-01",
        at,
        calls: &[&[("start_date", "20260101"), ("end_date", "20260131"), ("ts_code", "000852.SH")]],
        mark: None,
        span: &["2026-01-05"],
    }
}

/// Was: February held, and skipped. Expected: nothing held, whatever the file's name.
#[test]
fn a_file_named_after_a_slice_makes_nothing_held() {
    let place = place();
    let csv = "ts_code,trade_date,close\n000300.SH,20230201,4000.1\n";
    import(
        &place,
        "tushare/index_daily",
        &[("2023-02.csv", csv), ("2023-02", csv.replace("0.1", "0.2").as_str())],
        LATER[0],
    );
    import(&place, "tushare/stock_basic", &[("snapshot", "ts_code,name\n600001.SH,x\n")], LATER[0]);
    for table in ["index_daily_cn", "stock_basic_cn"] {
        let status = place.expect(0, &["status", table, "--format", "json", "--now", NOW]);
        let status: serde_json::Value = serde_json::from_str(&status).unwrap();
        assert_eq!(status[0]["slices"]["held"], 0, "{table}");
    }
}

/// Was: 300, 200, 300. Expected: 100, 200, 300.
#[test]
fn an_import_of_one_seat_changes_none_of_the_seats_that_were_fetched() {
    let place = place();
    let seat = |buy: u32| {
        format!(
            r#"{{"trade_date":"20240102","ts_code":"600001.SH","exalter":"机构专用","side":"0","buy":{buy}.0,"reason":"涨幅"}}"#
        )
    };
    let lines = [100, 200, 300].map(seat);
    session("tushare/top_inst", "2024-01-02", FETCHED).write(&place, &lines.each_ref().map(String::as_str));
    let csv = "trade_date,ts_code,exalter,side,buy,reason\n20240102,600001.SH,机构专用,0,300.0,涨幅\n";
    import(&place, "tushare/top_inst", &[("one.csv", csv)], LATER[0]);
    let rows = built(&place, "top_inst_cn", &["occurrence", "buy"]);
    assert_eq!(rows, ["1 100.0", "2 200.0", "3 300.0"]);
}

fn annual_report(at: &str) -> Answer<'_> {
    Answer {
        interface: "tushare/income_vip",
        slice: "2022-12-31",
        day: "2022-12-31",
        at,
        calls: &[&[("period", "20221231"), ("report_type", "1")]],
        mark: None,
        span: &[],
    }
}

/// Was: `total_revenue` null for good. Expected: the column of the fetch.
#[test]
fn a_thin_import_leaves_no_column_of_a_later_fetch_empty() {
    let place = place();
    let csv =
        "ts_code,ann_date,f_ann_date,end_date,report_type,n_income\n600001.SH,20230414,20230414,20221231,1,826.9\n";
    import(&place, "tushare/income", &[("thin.csv", csv)], "2023-05-10T00:00:00Z");
    annual_report("2023-12-20T12:00:00Z").write(&place, &[
        r#"{"ts_code":"600001.SH","ann_date":"20230414","f_ann_date":"20230414","end_date":"20221231","report_type":"1","n_income":826.9,"total_revenue":5000.5,"update_flag":"0"}"#,
    ]);
    let rows = built(&place, "income_cn", &["n_income", "total_revenue", "known_on", "revision"]);
    assert_eq!(rows, ["826.9 5000.5 2023-04-14 1"]);
}

/// Was: 10.4, 1.4 and 0.4. Expected: what the vendor says.
#[test]
fn a_correction_is_not_taken_for_a_rounding_of_an_import() {
    let place = place();
    let row =
        |code: &str, factor: &str| format!(r#"{{"ts_code":"{code}","trade_date":"20240102","adj_factor":{factor}}}"#);
    let theirs = [("000001.SZ", "10.4"), ("000002.SZ", "1.4"), ("000004.SZ", "0.4"), ("000005.SZ", "1253.412")];
    let ours = [("000001.SZ", "10"), ("000002.SZ", "1"), ("000004.SZ", "0"), ("000005.SZ", "1253.41")];
    let lines = |all: [(&str, &str); 4]| all.map(|(code, factor)| row(code, factor));
    let theirs = lines(theirs);
    foreign(&place, "tushare/adj_factor/date=2024-01-02/theirs.jsonl.gz", &theirs.each_ref().map(String::as_str));
    assert_eq!(built(&place, "adj_factor", &["adj_factor"]), ["10.4", "1.4", "0.4", "1253.412"]);
    let ours = lines(ours);
    session("tushare/adj_factor", "2024-01-02", FETCHED).write(&place, &ours.each_ref().map(String::as_str));
    assert_eq!(built(&place, "adj_factor", &["adj_factor"]), ["10.0", "1.0", "0.0", "1253.41"]);
}

fn chips<'a>(at: &'a str, calls: &'a [&'a [(&'a str, &'a str)]]) -> Answer<'a> {
    Answer {
        interface: "tushare/cyq_chips",
        slice: "2024-01: 2 securities, 000001.SZ to 000002.SZ",
        day: "2024-01-01",
        at,
        calls,
        mark: None,
        span: &["2024-01-02"],
    }
}

/// Was: the price levels of both answers, 200 % in total. Expected: those of the newest answer for each security; one
/// that is not whole removes none.
#[test]
fn chips_of_a_month_asked_again_are_those_of_the_newest_answer() {
    let place = place();
    let level = |code: &str, price: &str, percent: &str| {
        format!(r#"{{"ts_code":"{code}","trade_date":"20240102","price":{price},"percent":{percent}}}"#)
    };
    let [one, two]: [&[(&str, &str)]; 2] = ["000001.SZ", "000002.SZ"].map(|code| match code {
        "000001.SZ" => &[("ts_code", "000001.SZ"), ("start_date", "20240101"), ("end_date", "20240131")][..],
        _ => &[("ts_code", "000002.SZ"), ("start_date", "20240101"), ("end_date", "20240131")][..],
    });
    let write = |answer: Answer<'_>, lines: &[String]| {
        answer.write(&place, &lines.iter().map(String::as_str).collect::<Vec<_>>());
    };
    let first = [level("000001.SZ", "10.1", "60"), level("000001.SZ", "10.2", "40"), level("000002.SZ", "5.0", "100")];
    write(chips("2024-01-10T12:00:00Z", &[one, two]), &first);
    write(
        chips("2024-02-01T12:00:00Z", &[one]),
        &[level("000001.SZ", "10.15", "70"), level("000001.SZ", "10.25", "30")],
    );
    let columns = ["ts_code", "price", "percent"];
    let newest = ["000001.SZ 10.15 70.0", "000001.SZ 10.25 30.0", "000002.SZ 5.0 100.0"];
    assert_eq!(built(&place, "cyq_chips_cn", &columns), newest);
    let both = [one, two];
    let short = Answer { mark: Some(Mark::Short), ..chips("2024-02-02T12:00:00Z", &both) };
    write(short, &[level("000001.SZ", "10.15", "71")]);
    let kept = ["000001.SZ 10.15 71.0", "000001.SZ 10.25 30.0", "000002.SZ 5.0 100.0"];
    assert_eq!(built(&place, "cyq_chips_cn", &columns), kept);
    // An answer without rows is an answer too.
    write(chips("2024-02-03T12:00:00Z", &[two]), &[]);
    assert_eq!(built(&place, "cyq_chips_cn", &columns), kept[..2]);
}

/// Was: the rows that the newest, damaged answer lacks were gone. Expected: they stay until a whole answer lacks them.
#[test]
fn an_answer_that_is_not_whole_takes_no_row_away() {
    for mark in Mark::ALL {
        let place = place();
        let row = |code: &str, factor: &str| {
            format!(r#"{{"ts_code":"{code}","trade_date":"20240102","adj_factor":{factor}}}"#)
        };
        let [a, b, newer] = [row("000001.SZ", "1.5"), row("000002.SZ", "2.5"), row("000001.SZ", "1.6")];
        let answer = |at| session("tushare/adj_factor", "2024-01-02", at);
        answer(LATER[0]).write(&place, &[&a, &b]);
        let path = Answer { mark: Some(mark), ..answer(LATER[1]) }.write(&place, &[&newer]);
        assert!(path.ends_with(&format!("-{}.jsonl.gz", mark.name())), "{path}");
        assert_eq!(built(&place, "adj_factor", &["adj_factor"]), ["1.6", "2.5"]);
        answer(LATER[2]).write(&place, &[&newer]);
        assert_eq!(built(&place, "adj_factor", &["adj_factor"]), ["1.6"]);
    }
}

/// Was: the partition stayed for ever. Expected: removed by `--full`, with a message, and otherwise kept.
#[test]
fn a_partition_whose_bronze_is_gone_is_taken_away_by_a_full_build() {
    let place = place();
    for day in ["2023-01-03", "2024-01-02"] {
        let compact = day.replace('-', "");
        let good = format!(r#"{{"ts_code":"000001.SZ","trade_date":"{compact}","adj_factor":1.5}}"#);
        let bad = format!(r#"{{"ts_code":"000002.SZ","trade_date":"{compact}","adj_factor":"x"}}"#);
        session("tushare/adj_factor", day, FETCHED).write(&place, &[&good, &bad]);
    }
    assert_eq!(built(&place, "adj_factor", &["trade_date"]), ["2023-01-03", "2024-01-02"]);
    fs::remove_dir_all(place.path("data/bronze/tushare/adj_factor/date=2023-01-03")).unwrap();
    let printed = normalize(&place, &["adj_factor"]);
    assert!(printed.contains("year=2023/part-0.parquet is kept") && printed.contains("--full"), "{printed}");
    assert_eq!(silver(&place, "adj_factor").len(), 2);
    let printed = normalize(&place, &["adj_factor", "--full"]);
    assert!(printed.contains("removed silver/adj_factor/year=2023/part-0.parquet"), "{printed}");
    assert_eq!(built(&place, "adj_factor", &["trade_date"]), ["2024-01-02"]);
    assert_eq!(place.files("rejects").len(), 1);
}
