//! Several vendors in one table: a second vendor with contracts and pipelines beside jobs.toml, and bronze written by
//! hand.

use std::fs;
use std::io::Write as _;

use crate::support::{NOW, Place, Row, silver};

/// A second vendor's bars, in shares and yuan; Tushare's are in lots and thousands of yuan.
const BARS: &str = r#"version = 1
interface = "asharehub/market_daily"
type = "market_daily"
path = "/v1/market/daily"
title = "Bars"
checked = "2026-11-21"
[ask]
by = "session"
param = "trade_date"
page_rows = 1000
[publication]
hour = "17:00"
empty = "unpublished"
history_from = "2015-01-05"
[fields]
ts_code = { type = "text", nullable = false, description = "security" }
trade_date = { type = "date", nullable = false, description = "day" }
close = { type = "number", unit = "CNY/share", description = "close" }
vol = { type = "number", unit = "share", description = "volume" }
amount = { type = "number", unit = "CNY", description = "turnover" }
"#;

/// Its dragon-tiger list: one row per stock, and no reason.
const LIST: &str = r#"version = 1
interface = "asharehub/top_list"
type = "top_list"
path = "/v1/top-list"
title = "Dragon-tiger list"
checked = "2026-11-21"
[ask]
by = "session"
param = "trade_date"
page_rows = 1000
[publication]
hour = "19:00"
empty = "answer"
history_from = "2015-01-05"
[fields]
ts_code = { type = "text", nullable = false, description = "security" }
trade_date = { type = "date", nullable = false, description = "day" }
close = { type = "number", unit = "CNY/share", description = "close" }
amount = { type = "number", unit = "CNY1e4", description = "turnover" }
"#;

/// Its statements.
const INCOME: &str = r#"version = 1
interface = "asharehub/income"
type = "income"
path = "/v1/financials/income"
title = "Statements"
checked = "2026-11-21"
[ask]
by = "period"
param = "period"
field = "end_date"
page_rows = 1000
[publication]
hour = "17:00"
empty = "answer"
history_from = "2015-01-05"
[fields]
ts_code = { type = "text", nullable = false, description = "security" }
ann_date = { type = "date", description = "announced" }
f_ann_date = { type = "date", description = "announced last" }
end_date = { type = "date", nullable = false, description = "period" }
report_type = { type = "text", nullable = false, description = "type" }
n_income = { type = "number", unit = "CNY", description = "net income" }
update_flag = { type = "text", description = "mark of a correction" }
"#;

/// A place with two vendors for three tables.
pub(crate) fn place() -> Place {
    let place = Place::at("http://127.0.0.1:9");
    let write = |name: &str, text: &str| {
        let path = place.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("schemas/asharehub/market_daily.toml", BARS);
    write("schemas/asharehub/top_list.toml", LIST);
    write("schemas/asharehub/income.toml", INCOME);
    for (table, sources) in [
        ("stock_daily_cn", ["tushare/daily", "asharehub/market_daily"]),
        ("top_list_cn", ["tushare/top_list", "asharehub/top_list"]),
        ("income_cn", ["tushare/income_vip", "asharehub/income"]),
    ] {
        let shipped = format!("{}/pipelines/{table}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(shipped).unwrap();
        // The shipped pipeline, with other sources.
        let (head, rest) = text.split_once("[[source]]").unwrap();
        let rest = rest.split("\n\n").filter(|part| !part.contains("interface = ") && !part.contains("source = "));
        let named = sources.map(|source| format!("[[source]]\ninterface = \"{source}\"\n"));
        let example = match table {
            "income_cn" => r#"{"ts_code":"000001.SZ","ann_date":"20240420","end_date":"20231231","report_type":"1"}"#,
            "top_list_cn" => r#"{"ts_code":"000001.SZ","trade_date":"20240102","reason":"r"}"#,
            _ => r#"{"ts_code":"000001.SZ","trade_date":"20240102"}"#,
        };
        let example =
            format!("[[example]]\nsource = \"{}\"\ngiven = '{example}'\nexpect = {{ ts_code = \"a\" }}\n", sources[0]);
        let text = [head.to_owned(), named.join("\n"), rest.collect::<Vec<_>>().join("\n\n"), example].join("\n");
        write(&format!("pipelines/{table}.toml"), &text);
    }
    place
}

/// Writes a bronze file, as another program would.
pub(crate) fn bronze(place: &Place, path: &str, lines: &[&str]) {
    let path = place.path("data/bronze").join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(fs::File::create(path).unwrap(), flate2::Compression::default());
    gzip.write_all(lines.join("\n").as_bytes()).unwrap();
    gzip.finish().unwrap();
}

const TUSHARE: &str = "tushare/stock_daily_cn/date=2024-01-02/daily_20240102T120000000Z.jsonl.gz";
const ASHAREHUB: &str = "asharehub/market_daily/date=2024-01-02/market_daily_20240102T130000000Z.jsonl.gz";

/// One day of bars: `a` from both vendors, `b` from Tushare, `c` from the other.
pub(crate) fn bars(place: &Place) {
    bronze(
        place,
        TUSHARE,
        &[
            r#"{"ts_code":"000001.SZ","trade_date":"20240102","close":9.39,"vol":100.5,"amount":94.3695}"#,
            r#"{"ts_code":"000002.SZ","trade_date":"20240102","close":5.0,"vol":10,"amount":5}"#,
        ],
    );
    bronze(
        place,
        ASHAREHUB,
        &[
            r#"{"ts_code":"000001.SZ","trade_date":"2024-01-02","close":9.41,"vol":10050,"amount":94370}"#,
            r#"{"ts_code":"000003.SZ","trade_date":"2024-01-02","close":7,"vol":3,"amount":21}"#,
        ],
    );
}

fn shown(rows: &[Row], columns: &[&str]) -> Vec<String> {
    let text = |row: &Row| columns.iter().map(|column| row[*column].as_str()).collect::<Vec<_>>().join(" ");
    rows.iter().map(text).collect()
}

fn built(place: &Place, table: &str, columns: &[&str]) -> Vec<String> {
    place.expect(0, &["normalize", table, "--now", NOW]);
    shown(&silver(place, table), columns)
}

const BAR: [&str; 5] = ["ts_code", "close", "vol", "amount", "vendor"];

#[test]
fn a_row_comes_whole_from_the_first_vendor_that_has_it() {
    let place = place();
    bars(&place);
    let usual =
        ["000001.SZ 9.39 10050 94369.5 tushare", "000002.SZ 5.0 1000 5000.0 tushare", "000003.SZ 7.0 3 21.0 asharehub"];
    assert_eq!(built(&place, "stock_daily_cn", &BAR), usual);
    let before = place.files("silver");
    let jobs = fs::read_to_string(place.path("jobs.toml")).unwrap();
    let prefer = |vendors: &str| place.jobs(&format!("{jobs}[tables.stock_daily_cn]\nvendors = [{vendors}]\n"));
    // Naming the pipeline's own order changes nothing.
    prefer("\"tushare\", \"asharehub\"");
    assert!(place.expect(0, &["normalize", "stock_daily_cn", "--now", NOW]).contains("1 partition up to date"));
    assert_eq!(place.files("silver"), before);
    prefer("\"asharehub\", \"tushare\"");
    let other = [
        "000001.SZ 9.41 10050 94370.0 asharehub",
        "000002.SZ 5.0 1000 5000.0 tushare",
        "000003.SZ 7.0 3 21.0 asharehub",
    ];
    assert_eq!(built(&place, "stock_daily_cn", &BAR), other);
    prefer("\"asharehub\"");
    assert_eq!(built(&place, "stock_daily_cn", &BAR), [other[0], other[2]]);
    prefer("\"f10\"");
    let printed = place.run(&["tables"]);
    assert_eq!(printed.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&printed.stderr).contains("its vendors are tushare, asharehub"));
    // And back: the same bytes.
    place.jobs(&jobs);
    assert_eq!(built(&place, "stock_daily_cn", &BAR), usual);
    assert_eq!(place.files("silver"), before);
}

#[test]
fn without_the_bronze_of_a_vendor_only_its_rows_change() {
    let place = place();
    bars(&place);
    built(&place, "stock_daily_cn", &BAR);
    fs::remove_file(place.path("data/bronze").join(TUSHARE)).unwrap();
    let rows = built(&place, "stock_daily_cn", &BAR);
    assert_eq!(rows, ["000001.SZ 9.41 10050 94370.0 asharehub", "000003.SZ 7.0 3 21.0 asharehub"]);
    bars(&place);
    fs::remove_file(place.path("data/bronze").join(ASHAREHUB)).unwrap();
    let rows = built(&place, "stock_daily_cn", &BAR);
    assert_eq!(rows, ["000001.SZ 9.39 10050 94369.5 tushare", "000002.SZ 5.0 1000 5000.0 tushare"]);
}

#[test]
fn vendors_are_compared_by_the_part_of_the_key_that_all_fill() {
    let place = place();
    let row = |code: &str, reason: &str| {
        format!(r#"{{"ts_code":"{code}","trade_date":"20240102","close":9.39,"amount":1000000,"reason":"{reason}"}}"#)
    };
    bronze(
        &place,
        "tushare/top_list_cn/date=2024-01-02/top_list_20240102T120000000Z.jsonl.gz",
        &[&row("000001.SZ", "up"), &row("000001.SZ", "volume")],
    );
    let other = |code: &str| format!(r#"{{"ts_code":"{code}","trade_date":"20240102","close":9.39,"amount":101}}"#);
    bronze(
        &place,
        "asharehub/top_list/date=2024-01-02/top_list_20240102T130000000Z.jsonl.gz",
        &[&other("000001.SZ"), &other("000002.SZ")],
    );
    let columns = ["ts_code", "reason", "amount", "vendor"];
    let expected =
        ["000001.SZ up 1000000.0 tushare", "000001.SZ volume 1000000.0 tushare", "000002.SZ null 1010000.0 asharehub"];
    assert_eq!(built(&place, "top_list_cn", &columns), expected);
    let jobs = fs::read_to_string(place.path("jobs.toml")).unwrap();
    place.jobs(&format!("{jobs}[tables.top_list_cn]\nvendors = [\"asharehub\", \"tushare\"]\n"));
    let expected = ["000001.SZ null 1010000.0 asharehub", "000002.SZ null 1010000.0 asharehub"];
    assert_eq!(built(&place, "top_list_cn", &columns), expected);
}

#[test]
fn as_of_a_day_the_version_comes_from_the_first_vendor_that_had_one() {
    let place = place();
    let row = |day: &str, income: &str| {
        format!(
            r#"{{"ts_code":"000001.SZ","ann_date":"{day}","f_ann_date":"{day}","end_date":"20231231","report_type":"1","n_income":{income},"update_flag":"0"}}"#
        )
    };
    // The second vendor is looked at first and shows other figures, so those of the first are known from when they were
    // observed.
    bronze(
        &place,
        "asharehub/income/end_date=2023-12-31/income_20240701T120000000Z.jsonl.gz",
        &[&row("20240301", "90"), &row("20240615", "95")],
    );
    bronze(
        &place,
        "tushare/income_cn/end_date=2023-12-31/income_vip_20240701T130000000Z.jsonl.gz",
        &[&row("20240420", "100"), &row("20240601", "110")],
    );
    let columns = ["vendor", "announced_on", "n_income", "revision"];
    let both = [
        "tushare 2024-04-20 100.0 1",
        "tushare 2024-06-01 110.0 2",
        "asharehub 2024-03-01 90.0 1",
        "asharehub 2024-06-15 95.0 2",
    ];
    assert_eq!(built(&place, "income_cn", &columns), both);
    let as_of = |day: &str| {
        let sql = "select vendor, n_income from income_cn";
        place
            .expect(0, &["query", sql, "--as-of", day, "--format", "csv"])
            .lines()
            .skip(1)
            .collect::<Vec<_>>()
            .join(";")
    };
    assert_eq!(as_of("2024-02-01"), "");
    assert_eq!(as_of("2024-03-01"), "asharehub,90.0");
    assert_eq!(as_of("2024-04-20"), "asharehub,90.0");
    assert_eq!(as_of("2024-06-30"), "asharehub,95.0");
    assert_eq!(as_of("2024-07-01"), "tushare,110.0");
    let jobs = fs::read_to_string(place.path("jobs.toml")).unwrap();
    place.jobs(&format!("{jobs}[tables.income_cn]\nvendors = [\"asharehub\", \"tushare\"]\n"));
    assert_eq!(as_of("2024-07-01"), "asharehub,95.0", "queries use today's order, whatever silver was built with");
    place.jobs(&format!("{jobs}[tables.income_cn]\nvendors = [\"asharehub\"]\n"));
    assert_eq!(as_of("2024-02-28"), "");
    assert_eq!(as_of("2024-05-01"), "asharehub,90.0");
}
