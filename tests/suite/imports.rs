//! Importing existing captures in several formats.

use std::fs;

use crate::support::{NOW, Place, silver};

const CSV: &str = "\u{feff}trade_date,ts_code,open,high,low,close,pre_close,change,pct_chg,vol,amount,openinterest\n\
    2015-01-05,600027.SH,6.94,7.36,6.81,7.22,7.0,0.22,3.14,2035869.3,1453738.242,0\n\
    2023-08-18,600027.SH,5.11,5.12,5.00,5.01,5.1,-0.08999999999999986,-1.76,,,0\n";

const REPLY: &str = r#"{"code":0,"msg":"","data":{"fields":["ts_code","trade_date","close","vol","amount"],
    "items":[["000001.SZ","20230316",12.82,916792.49,1182054.434]],"has_more":false}}"#;

#[test]
fn captures_in_several_formats_become_one_table() {
    let place = Place::at("http://127.0.0.1:9");
    fs::write(place.path("a.csv"), CSV).unwrap();
    fs::write(place.path("b.json"), REPLY).unwrap();
    let printed = place.expect(0, &["import", "--interface", "tushare/daily", "a.csv", "b.json", "--now", NOW]);
    assert!(printed.contains("openinterest"), "{printed}");
    let again = place.expect(0, &["import", "--interface", "tushare/daily", "a.csv", "--now", NOW]);
    assert!(again.contains("already imported"), "{again}");
    assert_eq!(place.files("bronze").len(), 2);
    place.expect(0, &["normalize", "stock_daily_cn", "--now", NOW]);
    let rows = silver(&place, "stock_daily_cn");
    let value = |code: &str, day: &str, column: &str| {
        let found = rows.iter().find(|row| row["ts_code"] == code && row["trade_date"] == day);
        found.map(|row| row[column].clone())
    };
    assert_eq!(rows.len(), 3);
    assert_eq!(value("600027.SH", "2015-01-05", "vol").unwrap(), "203586930");
    assert_eq!(value("600027.SH", "2015-01-05", "amount").unwrap(), "1453738242.0");
    assert_eq!(value("600027.SH", "2023-08-18", "change").unwrap(), "-0.08999999999999986");
    assert_eq!(value("600027.SH", "2023-08-18", "vol").unwrap(), "null");
    assert_eq!(value("000001.SZ", "2023-03-16", "vol").unwrap(), "91679249");
    let files: Vec<String> = place.files("silver").into_keys().collect();
    assert_eq!(
        files,
        ["silver/stock_daily_cn/year=2015/part-0.parquet", "silver/stock_daily_cn/year=2023/part-0.parquet"]
    );
    // An import does not count as a fetched day.
    let status = place.expect(0, &["status", "stock_daily_cn", "--format", "json", "--now", NOW]);
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status[0]["slices"]["held"], 0);
    assert_eq!((&status[0]["first"], &status[0]["rows"]), (&"2015-01-05".into(), &3.into()));
}

#[test]
fn a_later_import_corrects_a_row_but_does_not_round_it() {
    let place = Place::at("http://127.0.0.1:9");
    let csv = |name: &str, close: &str, vol: &str| {
        fs::write(place.path(name), format!("ts_code,trade_date,close,vol\n000001.SZ,20230316,{close},{vol}\n"))
            .unwrap();
    };
    csv("a.csv", "1282.3512", "100");
    csv("b.csv", "1282.35", "200");
    place.expect(0, &["import", "--interface", "tushare/daily", "a.csv", "--now", "2026-01-01T00:00:00Z"]);
    place.expect(0, &["import", "--interface", "tushare/daily", "b.csv", "--now", "2026-01-02T00:00:00Z"]);
    place.expect(0, &["normalize", "stock_daily_cn", "--now", NOW]);
    let rows = silver(&place, "stock_daily_cn");
    assert_eq!((rows[0]["close"].as_str(), rows[0]["vol"].as_str()), ("1282.3512", "20000"));
}

#[test]
fn a_file_that_does_not_fit_the_interface_is_refused_and_nothing_is_written() {
    let place = Place::at("http://127.0.0.1:9");
    fs::write(place.path("a.csv"), CSV).unwrap();
    fs::write(place.path("chinese.csv"), "股票代码,交易日期\n000001.SZ,2024-01-02\n").unwrap();
    for (args, part) in [
        (["import", "--interface", "tushare/daily", "a.csv", "chinese.csv"], "股票代码"),
        (["import", "--interface", "tushare/dayly", "a.csv", "a.csv"], "tushare/daily"),
        (["import", "--interface", "tushare/daily", "a.csv", "none.csv"], "none.csv"),
        // The security of a row is in the call, not in the reply.
        (["import", "--interface", "f10/valuation_detail", "a.csv", "a.csv"], "--set symbol=VALUE"),
    ] {
        let output = place.run(&args);
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{printed}");
        assert!(printed.contains(part), "{printed}");
        assert!(place.files("bronze").is_empty());
    }
}

#[test]
fn invalid_rows_are_rejected_with_their_reason() {
    let place = Place::at("http://127.0.0.1:9");
    let csv = "ts_code,trade_date,close,vol\n000001.SZ,20230316,1.5,0.005\n000002.SZ,20230316,x,1\n\
        000003.SZ,20230316,1.5,1\n000003.SZ,20230316,1.6,1\n000004.SZ,20230316,1.5,1\n000004.SZ,20230316,1.5,\n";
    fs::write(place.path("a.csv"), csv).unwrap();
    place.expect(0, &["import", "--interface", "tushare/daily", "a.csv", "--now", NOW]);
    let printed = place.expect(3, &["normalize", "stock_daily_cn", "--now", NOW]);
    assert!(printed.contains("4 rows rejected"), "{printed}");
    let rows = silver(&place, "stock_daily_cn");
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!((rows[0]["ts_code"].as_str(), rows[0]["vol"].as_str()), ("000004.SZ", "100"));
    let (path, body) = place.files("rejects").into_iter().next().unwrap();
    assert_eq!(path, "rejects/stock_daily_cn/year=2023.jsonl.gz");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(body.as_slice()), &mut text).unwrap();
    let rejects: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let reasons: Vec<&str> = rejects.iter().map(|r| r["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons.len(), 4);
    assert!(reasons[0].starts_with("`vol`: invalid value `0.005`"), "{}", reasons[0]);
    assert!(reasons[1].contains("invalid number `x`"), "{}", reasons[1]);
    assert!(reasons[2].contains("differ in `close`"), "{}", reasons[2]);
    assert!(rejects[2]["row"].as_str().unwrap().contains("000003.SZ"));
}

#[test]
fn a_dry_run_shows_the_first_rows_in_silver_and_writes_nothing() {
    let place = Place::at("http://127.0.0.1:9");
    fs::write(
        place.path("a.csv"),
        "代码,日期,vol,amount,close\n600027.SH,2015-01-05,2035869.3,1453738.242,7.22\n600027.SH,soon,1,1,7.3\n",
    )
    .unwrap();
    let mapped = ["--map", "代码=ts_code", "--map", "日期=trade_date", "--now", NOW];
    let import = |more: &[&str]| {
        let all = [&["import", "--interface", "tushare/daily", "a.csv", "--dry-run"], &mapped[..], more].concat();
        place.expect(0, &all)
    };
    let printed = import(&[]);
    let row = |column: &str| {
        let line = printed.lines().find(|line| line.split_whitespace().next() == Some(column));
        line.unwrap_or_else(|| panic!("{column}: {printed}")).split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!(row("vol")[1..4], ["share", "2035869.3", "203586930"], "{printed}");
    assert_eq!(row("amount")[2..4], ["1453738.242", "1453738242.0"], "{printed}");
    assert!(printed.contains("row 2 is set aside: `trade_date`: invalid date `soon`"), "{printed}");
    assert!(printed.contains("nothing was written"), "{printed}");
    let typo = ["--map", "收盘价=close", "--map", "日期=trade_date", "--map", "代码=ts_code"];
    fs::write(place.path("b.csv"), "代码,日期,收盘\n600027.SH,2015-01-05,7.22\n").unwrap();
    let output = place.run(&[&["import", "--interface", "tushare/daily", "b.csv"], &typo[..]].concat());
    let refused = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{refused}");
    assert!(refused.contains("no column `收盘价`, which --map names"), "{refused}");
    let rows: serde_json::Value = serde_json::from_str(&import(&["--format", "json"])).unwrap();
    assert_eq!(rows[0]["bronze"], serde_json::Value::Null);
    let values = rows[0]["preview"][0]["values"].as_array().unwrap();
    let vol = values.iter().find(|value| value["column"] == "vol").unwrap();
    assert_eq!((&vol["field"], &vol["silver"]), (&"vol".into(), &203_586_930.into()));
    assert!(place.files("bronze").is_empty());
}

#[test]
fn a_folder_is_imported_at_once_or_all_its_bad_files_are_named() {
    let place = Place::at("http://127.0.0.1:9");
    let bar = |day: u32| format!("ts_code,trade_date,close\n600027.SH,2015010{day},7.2\n");
    fs::create_dir_all(place.path("captures/more")).unwrap();
    fs::write(place.path("captures/a.csv"), bar(5)).unwrap();
    fs::write(place.path("captures/more/b.csv"), bar(6)).unwrap();
    fs::write(place.path("captures/.hidden"), "not a capture").unwrap();
    let import = ["import", "--interface", "tushare/daily", "captures", "--now", NOW];
    for bad in ["c.csv", "d.csv"] {
        fs::write(place.path(&format!("captures/{bad}")), "ts_code,trade_date,close\n600027.SH,soon,7.2\n").unwrap();
    }
    let refused = |args: &[&str]| {
        let output = place.run(args);
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{printed}");
        printed
    };
    let printed = refused(&import);
    assert!(printed.contains("2 of 4 files cannot be imported, so none was"), "{printed}");
    assert!(printed.contains("captures/c.csv") && printed.contains("captures/d.csv"), "{printed}");
    assert!(place.files("bronze").is_empty());
    for bad in ["c.csv", "d.csv"] {
        fs::remove_file(place.path(&format!("captures/{bad}"))).unwrap();
    }
    let printed = place.expect(0, &import);
    assert!(printed.contains("captures/a.csv") && printed.contains("captures/more/b.csv"), "{printed}");
    assert_eq!(place.files("bronze").len(), 2);
    fs::create_dir_all(place.path("empty")).unwrap();
    let printed = refused(&["import", "--interface", "tushare/daily", "empty", "--now", NOW]);
    assert!(printed.contains("the folder `empty` holds no files"), "{printed}");
}
