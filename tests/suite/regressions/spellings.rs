//! How people and vendors write dates, codes, flags, numbers and missing values.

use std::fs;

use pitlake::normalise::{Builder, Built, Input, Partition};
use pitlake::spec::Catalog;

use crate::support::{NOW, Place, Row, silver};

/// The bars of two days as CSV, with `write` applied to each code, day and amount.
fn bars(write: impl Fn(&str, &str, &str) -> (String, String, String)) -> String {
    let mut csv = "ts_code,trade_date,close,vol,amount\n".to_owned();
    for (code, day, vol, amount) in [
        ("600001.SH", "2024-01-02", "1234.0", "1258.68"),
        ("600001.SH", "2024-01-03", "2345.5", "2415.8"),
        ("000002.SZ", "2024-01-02", "3456.0", "3525.1"),
    ] {
        let (code, day, amount) = write(code, day, amount);
        csv.extend([code.as_str(), ",", &day, ",10.2,", vol, ",", &amount, "\n"]);
    }
    csv
}

/// Imports files one after another and builds the table. Returns its rows, and the reasons for rejects.
fn imported(interface: &str, table: &str, files: &[&str]) -> (Vec<Row>, Vec<String>) {
    let place = Place::at("http://127.0.0.1:9");
    for (number, text) in files.iter().enumerate() {
        let name = format!("{number}.{}", if text.starts_with('{') { "jsonl" } else { "csv" });
        fs::write(place.path(&name), text).unwrap();
        let now = format!("2024-06-01T00:00:0{number}Z");
        place.expect(0, &["import", "--interface", interface, &name, "--now", &now]);
    }
    built(&place, table)
}

fn built(place: &Place, table: &str) -> (Vec<Row>, Vec<String>) {
    place.run(&["normalize", table, "--now", NOW]);
    let rejects = place.expect(0, &["rejects", table, "--format", "json"]);
    let rejects: Vec<serde_json::Value> = serde_json::from_str(&rejects).unwrap();
    let reasons = rejects.iter().map(|reject| reject["reason"].as_str().unwrap().to_owned());
    (silver(place, table), reasons.collect())
}

/// Values of some columns, row by row.
fn values(rows: &[Row], columns: &[&str]) -> Vec<String> {
    let of_row = |row: &Row| columns.iter().map(|column| row[*column].as_str()).collect::<Vec<_>>().join(" ");
    let mut all: Vec<String> = rows.iter().map(of_row).collect();
    all.sort();
    all
}

/// Its name, and how it writes a value.
type Spelling<'a> = (&'a str, &'a dyn Fn(&str) -> String);

const KEYS: [&str; 3] = ["000002.SZ 2024-01-02", "600001.SH 2024-01-02", "600001.SH 2024-01-03"];

/// Was: every row rejected, an empty partition, exit 0. Expected: the rows.
#[test]
fn days_are_read_as_pandas_excel_and_people_write_them() {
    let compact = |day: &str| day.replace('-', "");
    let slashes = |day: &str| day.replace("-0", "/");
    let chinese = |day: &str| {
        let (year, rest) = day.split_once('-').unwrap();
        format!("{year}年{}日", rest.replace('-', "月"))
    };
    let spellings: [Spelling<'_>; 8] = [
        ("01: midnight as text", &|day| format!("{day} 00:00:00")),
        ("01: ISO with milliseconds", &|day| format!("{day}T00:00:00.000")),
        ("01: ISO with a zone", &|day| format!("{day}T00:00:00.000Z")),
        ("01: milliseconds", &|day| (if day.ends_with('2') { "1704153600000" } else { "1704240000000" }).into()),
        ("01: nanoseconds", &|day| {
            (if day.ends_with('2') { "1704153600000000000" } else { "1704240000000000000" }).into()
        }),
        ("02: a float", &|day| compact(day) + ".0"),
        ("08: slashes", &slashes),
        ("08: Chinese", &chinese),
    ];
    for (case, spelling) in spellings {
        let csv = bars(|code, day, amount| (code.into(), spelling(day), amount.into()));
        let (rows, reasons) = imported("tushare/daily", "stock_daily_cn", &[&csv]);
        assert_eq!(values(&rows, &["ts_code", "trade_date"]), KEYS, "{case}: {reasons:?}");
    }
    // As JSON lines, where a count has no quotes.
    let lines = r#"{"ts_code":"600001.SH","trade_date":1704153600000,"close":10.2,"vol":1234.0,"amount":1258.68}"#;
    let (rows, _) = imported("tushare/daily", "stock_daily_cn", &[lines]);
    assert_eq!(values(&rows, &["ts_code", "trade_date"]), ["600001.SH 2024-01-02"]);
    // An instant within a day is not a date.
    let csv = bars(|code, day, amount| {
        (code.into(), if day.ends_with('3') { format!("{day} 09:30:00") } else { day.into() }, amount.into())
    });
    let (rows, reasons) = imported("tushare/daily", "stock_daily_cn", &[&csv]);
    assert_eq!(values(&rows, &["ts_code", "trade_date"]), KEYS[..2]);
    assert_eq!(reasons, ["`trade_date`: invalid date `2024-01-03 09:30:00`: expected YYYYMMDD or YYYY-MM-DD"]);
}

/// Case 02. Was: exactly the delisted securities disappeared from the universe. Expected: all, each with its day or
/// none.
#[test]
fn delisted_securities_do_not_vanish_for_a_float_or_a_word() {
    let csv = |none: &str, day: &str| {
        format!(
            "ts_code,symbol,name,exchange,list_status,list_date,delist_date\n600001.SH,600001,甲,SSE,L,20010101,{none}\n\
             600003.SH,600003,丙,SSE,D,19980401,{day}\n"
        )
    };
    for (none, day) in [("", "20150601.0"), ("nan", "20150601"), ("NaT", "2015-06-01 00:00:00"), ("\\N", "20150601")] {
        let (rows, reasons) = imported("tushare/stock_basic", "stock_basic_cn", &[&csv(none, day)]);
        let found = values(&rows, &["ts_code", "list_status", "delist_date"]);
        assert_eq!(found, ["600001.SH L null", "600003.SH D 2015-06-01"], "{none} {day}: {reasons:?}");
    }
}

/// Case 03. Was: each spelling was in silver as written, next to the real code. Expected: canonical codes; others
/// rejected with the reason.
#[test]
fn codes_are_canonical_whoever_writes_them() {
    let digits = |code: &str| code[..6].to_owned();
    let exchange = |code: &str| code[7..].to_lowercase();
    let spellings: [Spelling<'_>; 9] = [
        ("bare", &|code| digits(code)),
        ("the market in front", &|code| format!("{}.{}", exchange(code), digits(code))),
        ("the market in front, without a point", &|code| exchange(code) + &digits(code)),
        ("the market's other name", &|code| digits(code) + if code.ends_with('H') { ".XSHG" } else { ".XSHE" }),
        ("lower case", &|code| code.to_lowercase()),
        ("an apostrophe", &|code| format!("'{}", digits(code))),
        ("a formula", &|code| format!("\"=\"\"{}\"\"\"", digits(code))),
        ("a blank behind", &|code| format!("{code} ")),
        ("as it should be", &|code| code.to_owned()),
    ];
    for (case, spelling) in spellings {
        let csv = bars(|code, day, amount| (spelling(code), day.into(), amount.into()));
        let (rows, reasons) = imported("tushare/daily", "stock_daily_cn", &[&csv]);
        assert_eq!(values(&rows, &["ts_code", "trade_date"]), KEYS, "{case}: {reasons:?}");
    }
    for wrong in ["2", ";600001", "../../etc/passwd"] {
        let csv = bars(|code, day, amount| {
            (if code == "000002.SZ" { wrong.into() } else { code.into() }, day.into(), amount.into())
        });
        let (rows, reasons) = imported("tushare/daily", "stock_daily_cn", &[&csv]);
        assert_eq!(values(&rows, &["ts_code", "trade_date"]), KEYS[1..]);
        let reason = format!("`ts_code`: invalid security code `{wrong}`: expected a form like 600519.SH");
        assert_eq!(reasons, [reason]);
    }
}

/// Case 04. Was: the row rejected. Expected: null in that column, counted and reported.
#[test]
fn words_for_nothing_are_nothing_in_an_import_and_named() {
    for word in ["nan", "NaN", "NULL", "null", "NA", "N/A", "NaT", "--", "-", " ", "#N/A", "None", "<NA>", "\\N"] {
        let place = Place::at("http://127.0.0.1:9");
        let csv = bars(|code, day, amount| {
            (code.into(), day.into(), if code == "000002.SZ" { word.into() } else { amount.into() })
        });
        fs::write(place.path("a.csv"), csv).unwrap();
        place.expect(0, &["import", "--interface", "tushare/daily", "a.csv", "--now", NOW]);
        let printed = place.expect(0, &["normalize", "stock_daily_cn", "--now", NOW]);
        let found = values(&silver(&place, "stock_daily_cn"), &["ts_code", "trade_date", "amount"]);
        assert_eq!(found[0], "000002.SZ 2024-01-02 null", "{word}");
        assert_eq!(found.len(), 3, "{word}");
        if !matches!(word, " " | "null" | "None") {
            assert!(printed.contains(&format!("`amount`: read as missing values: `{word}` (1)")), "{word}: {printed}");
        }
    }
}

/// Case 05. Was: all rows rejected, exit 0. Expected: the calendar.
#[test]
fn flags_are_read_in_every_spelling_and_in_no_other() {
    for (open, closed) in [("1", "0"), ("1.0", "0.0"), ("true", "false"), ("True", "False"), ("Y", "N"), ("是", "否")]
    {
        let csv = format!("exchange,cal_date,is_open\nSSE,20240102,{open}\nSSE,20240101,{closed}\n");
        let (rows, reasons) = imported("tushare/trade_cal", "trade_cal", &[&csv]);
        let found = values(&rows, &["cal_date", "is_open"]);
        assert_eq!(found, ["2024-01-01 false", "2024-01-02 true"], "{open}: {reasons:?}");
    }
    let lines = "{\"exchange\":\"SSE\",\"cal_date\":\"20240102\",\"is_open\":true}\n{\"exchange\":\"SSE\",\"cal_date\":\"20240101\",\"is_open\":2}\n";
    let (rows, reasons) = imported("tushare/trade_cal", "trade_cal", &[lines]);
    assert_eq!(values(&rows, &["cal_date", "is_open"]), ["2024-01-02 true"]);
    assert_eq!(reasons, ["`is_open`: invalid flag `2`: expected 0, 1, true or false"]);
}

/// Case 08. Was: rejected, exit 0. Expected: separators and percent signs read, `inf` rejected with the reason.
#[test]
fn numbers_are_read_as_people_write_them() {
    let csv = "ts_code,trade_date,close,pct_chg,vol,amount\n600001.SH,20240102,10.2,2.0%,\"1,234\",1.2587E+03\n\
               000002.SZ,20240102,.5,-.01,\"2,345.5\",117.3\n600003.SH,20240102,10.2,1,inf,1\n";
    let (rows, reasons) = imported("tushare/daily", "stock_daily_cn", &[csv]);
    let found = values(&rows, &["ts_code", "close", "pct_chg", "vol", "amount"]);
    assert_eq!(found, ["000002.SZ 0.5 -0.01 234550 117300.0", "600001.SH 10.2 2.0 123400 1258700.0"]);
    assert_eq!(reasons, ["`vol`: invalid number `inf`: expected decimal digits"]);
}

/// Case 09. Was: as of 2024-05-01 the correction, a look-ahead. Expected: the original, as with `1` and `0`.
#[test]
fn a_flag_that_became_a_float_is_no_correction() {
    let head = "ts_code,ann_date,f_ann_date,end_date,report_type,comp_type,n_income,update_flag\n";
    let row = |kind: &str, income: &str, flag: &str| {
        format!("600001.SH,20240420,20240420,20231231,{kind},{kind},{income},{flag}\n")
    };
    for [kind, off, on] in [["1", "0", "1"], ["1.0", "0.0", "1.0"], ["1", "False", "True"]] {
        let place = Place::at("http://127.0.0.1:9");
        fs::write(place.path("a.csv"), head.to_owned() + &row(kind, "200.0", on) + &row(kind, "100.0", off)).unwrap();
        place.expect(0, &["import", "--interface", "tushare/income", "a.csv", "--now", "2024-06-01T00:00:00Z"]);
        let (rows, reasons) = built(&place, "income_cn");
        assert_eq!(reasons, [""; 0]);
        let found = values(&rows, &["report_type", "update_flag", "n_income"]);
        assert_eq!(found, ["1 0 100.0", "1 1 200.0"], "{off}");
        let sql = "select n_income from income_cn";
        let as_of = |day: &str| place.expect(0, &["query", sql, "--as-of", day, "--format", "json", "--now", NOW]);
        assert_eq!(as_of("2024-05-01").trim(), "[{\"n_income\":100.0}]", "{off}");
        assert_eq!(as_of("2024-07-01").trim(), "[{\"n_income\":200.0}]", "{off}");
    }
}

/// Case 14. Was: three keys for one statement, which add up to 300. Expected: one, because a missing value means the
/// vendor's default.
#[test]
fn one_statement_in_three_spellings_is_one_key() {
    let files = [
        "ts_code,ann_date,f_ann_date,end_date,report_type,n_income,update_flag\n600001.SH,20240420,20240420,20231231,1,100.0,0\n",
        "ts_code,ann_date,f_ann_date,end_date,n_income\n600001.SH,20240420,20240420,20231231,100.0\n",
        "ts_code,ann_date,f_ann_date,end_date,report_type,n_income,update_flag\n600001.SH,20240420,20240420,20231231,1.0,100.0,0.0\n",
        "ts_code,ann_date,f_ann_date,end_date,report_type,n_income,update_flag\n600001.SH,20240420,20240420,20231231,,100.0,0\n",
    ];
    let (rows, reasons) = imported("tushare/income", "income_cn", &files);
    assert_eq!(values(&rows, &["report_type", "n_income"]), ["1 100.0"], "{reasons:?}");
    // An unknown type is not another key.
    let unknown = format!("{}600001.SH,20240420,20240420,20231231,13,100.0,0\n", files[0]);
    let (rows, reasons) = imported("tushare/income", "income_cn", &[&unknown]);
    assert_eq!(rows.len(), 1);
    let expected = "`report_type`: invalid value `13`: expected one of 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12";
    assert_eq!(reasons, [expected]);
}

/// A dividend's stages are an open list: an unknown one is kept separately, and reported.
#[test]
fn a_value_that_the_vendor_may_add_is_kept_and_named() {
    let place = Place::at("http://127.0.0.1:9");
    let csv = "ts_code,end_date,ann_date,div_proc,cash_div\n600001.SH,20231231,20240420,预案,1\n600001.SH,20231231,20240420,未通过,1\n";
    fs::write(place.path("a.csv"), csv).unwrap();
    place.expect(0, &["import", "--interface", "tushare/dividend", "a.csv", "--now", NOW]);
    let printed = place.expect(0, &["normalize", "dividend_cn", "--now", NOW]);
    assert_eq!(values(&silver(&place, "dividend_cn"), &["div_proc"]), ["未通过", "预案"]);
    assert!(printed.contains("`div_proc`: kept, but not among the values of the contract: `未通过` (1)"), "{printed}");
}

/// Case 20. Was: the text `None`, which counted as an interruption. Expected: null.
#[test]
fn a_word_is_not_the_timing_of_an_interruption() {
    let csv = "ts_code,trade_date,suspend_timing,suspend_type\n600001.SH,20240102,nan,S\n000002.SZ,20240102,09:30-10:00,S\n\
               000003.SZ,20240102,None,S\n000004.SZ,20240102,,S\n";
    let (rows, _) = imported("tushare/suspend_d", "suspend_d_cn", &[csv]);
    let found = values(&rows, &["ts_code", "suspend_timing"]);
    assert_eq!(found, ["000002.SZ 09:30-10:00", "000003.SZ null", "000004.SZ null", "600001.SH null"]);
    let csv = "index_code,con_code,trade_date,weight\n399300.SZ,600001.SH,20240131.0,0.5\n399300.SZ,000002.SZ,20240131.0,0.4\n";
    let (rows, _) = imported("tushare/index_weight", "index_weight_cn", &[csv]);
    assert_eq!(values(&rows, &["con_code", "trade_date"]), ["000002.SZ 2024-01-31", "600001.SH 2024-01-31"]);
}

/// Writes another program's file into the folder of 2024-01-02.
fn foreign(place: &Place, folder: &str, name: &str, lines: &str) {
    use std::io::Write as _;
    let folder = place.path(&format!("data/bronze/tushare/{folder}/date=2024-01-02"));
    fs::create_dir_all(&folder).unwrap();
    let file = fs::File::create(folder.join(name)).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::default());
    gzip.write_all(lines.as_bytes()).unwrap();
    gzip.finish().unwrap();
}

/// Case 21b. Was: "has no column `ts_code`", exit 4, and nothing was published for the year. Expected: one row
/// rejected.
#[test]
fn a_bad_first_cell_is_one_bad_row() {
    for bad in [
        r#"{"amount":"much","close":10.2,"ts_code":"600001.SH","trade_date":"20240102"}"#,
        r#"{"ts_code":";600001","trade_date":"20240102","close":10.2}"#,
        r#"{"close":10.2,"ts_code":"#,
    ] {
        let place = Place::at("http://127.0.0.1:9");
        foreign(&place, "stock_daily_cn", "a.jsonl.gz", bad);
        let good = r#"{"ts_code":"000002.SZ","trade_date":"20240102","close":10.2,"vol":1,"amount":1.02}"#;
        foreign(&place, "stock_daily_cn", "b.jsonl.gz", good);
        let (rows, reasons) = built(&place, "stock_daily_cn");
        assert_eq!(values(&rows, &["ts_code"]), ["000002.SZ"], "{bad}");
        assert_eq!(reasons.len(), 1, "{bad}: {reasons:?}");
    }
    // A column whose name does not occur is still missing.
    let place = Place::at("http://127.0.0.1:9");
    foreign(&place, "stock_daily_cn", "a.jsonl.gz", r#"{"close":10.2,"trade_date":"20240102"}"#);
    let printed = place.expect(4, &["normalize", "stock_daily_cn", "--now", NOW]);
    assert!(printed.contains("lacks the column `ts_code`"), "{printed}");
}

/// Case 32. A cell with a line break, a quote, and wide blanks; an integer that became a float.
#[test]
fn quoted_line_breaks_are_read() {
    let csv = "ts_code,exchange,chairman,reg_capital,setup_date,introduction,employees\n\
               600001.SH,SSE,张三,100000.0,19990101,\"第一行\n第二行, \"\"引号\"\"\",100.0\n000002.SZ,SZSE,李四,,,全角　空格 行,\n";
    let (rows, reasons) = imported("tushare/stock_company", "stock_company_cn", &[csv]);
    assert_eq!(reasons, [""; 0]);
    let found = values(&rows, &["ts_code", "introduction", "employees"]);
    assert_eq!(found, ["000002.SZ 全角　空格 行 null", "600001.SH 第一行\n第二行, \"引号\" 100"]);
}

/// Builds bars for 2024-01-02 as an answer to a call of our own.
fn answered(lines: &str) -> Built {
    let catalog = Catalog::load(&[], None).unwrap().0;
    let table = catalog.table("stock_daily_cn").unwrap();
    let source = &table.sources[0];
    let calls = [vec![("trade_date".to_owned(), "20240102".to_owned())]];
    let mut builder = Builder::new(table, Partition::Year(2024));
    let observed = Some("2024-01-02T12:00:00Z".parse().unwrap());
    let input = Input { observed, calls: &calls, ..Input::new("answer", source) };
    builder.add(input, lines.as_bytes()).unwrap();
    builder.finish(&|_| None).unwrap()
}

/// Cases C 2 and C 3. Was: all rows rejected because a date had a midnight time, or one row fewer because of a cell,
/// both with exit 0. Expected: the date read; one row rejected for an invalid number, whatever the other cells are.
#[test]
fn a_cell_of_an_answer_is_the_fault_of_its_row_alone() {
    let line = |code: &str, day: &str, amount: &str| {
        format!(r#"{{"ts_code":"{code}","trade_date":"{day}","close":10.2,"vol":1,"amount":{amount}}}"#) + "\n"
    };
    let built = answered(&line("600001.SH", "2024-01-02 00:00:00", "1.02"));
    assert_eq!((built.batch.num_rows(), built.rejects.len()), (1, 0));
    let digits = "3".repeat(400);
    for (amount, reason) in [
        ("\"nan\"".to_owned(), "invalid number `nan`: expected decimal digits"),
        ("\"NaN\"".to_owned(), "invalid number `NaN`: expected decimal digits"),
        ("\"-\"".to_owned(), "invalid number `-`: expected decimal digits"),
        (digits.clone(), "invalid number `333333333333333333333333… (400 characters)`: more than 100 digits"),
        (format!("1.{digits}"), "invalid number `1.3333333333333333333333… (402 characters)`: more than 100 digits"),
        ("1e999999999999".to_owned(), "invalid number `1e999999999999`: out of range"),
    ] {
        let lines = line("600001.SH", "20240102", &amount) + &line("000002.SZ", "20240102", "1.02");
        let built = answered(&lines);
        let reasons: Vec<&str> = built.rejects.iter().map(|reject| reject.reason.as_str()).collect();
        assert_eq!((built.batch.num_rows(), reasons), (1, vec![format!("`amount`: {reason}").as_str()]));
    }
    for nothing in ["null", "\"\"", "\"None\"", "\"null\""] {
        let built = answered(&line("600001.SH", "20240102", nothing));
        assert_eq!((built.batch.num_rows(), built.rejects.len()), (1, 0), "{nothing}");
    }
    // What only imports may contain.
    for written in ["\"1,234\"", "\"2.0%\""] {
        assert_eq!(answered(&line("600001.SH", "20240102", written)).rejects.len(), 1, "{written}");
    }
    assert_eq!(answered(&line("600001.SH", "1704153600000", "1.02")).rejects.len(), 1);
}

/// Case E 2. Was: a row that differs was dropped, and `1.5` next to `1.50000000000000000000` rejected both. Expected:
/// numbers compared by value.
#[test]
fn numbers_of_many_digits_are_compared_by_value() {
    let list = |net: [&str; 2]| {
        let row = |net: &str| format!("600001.SH,20240102,up,10.2,{net}\n");
        let csv = "ts_code,trade_date,reason,close,net_amount\n".to_owned() + &row(net[0]) + &row(net[1]);
        imported("tushare/top_list", "top_list_cn", &[&csv]).0.len()
    };
    assert_eq!(list(["1.5", "1.50000000000000000000"]), 1);
    assert_eq!(list(["1.5", "1.50000000000000000001"]), 2);
    assert_eq!(list(["1.50000000000000000001", "1.50000000000000000002"]), 2);
    let factors = |factor: [&str; 2]| {
        let row = |factor: &str| format!("600001.SH,20240102,{factor}\n");
        let csv =
            "ts_code,trade_date,adj_factor\n000002.SZ,20240102,1\n".to_owned() + &row(factor[0]) + &row(factor[1]);
        imported("tushare/adj_factor", "adj_factor", &[&csv]).0.len()
    };
    assert_eq!(factors(["1.5", "1.50000000000000000000"]), 2);
    // The finer of a number and its rounding is kept; others contradict each other.
    assert_eq!(factors(["1.5", "1.50000000000000000001"]), 2);
    assert_eq!(factors(["1.50000000000000000002", "1.50000000000000000001"]), 1);
}
