//! Each format, and each reason to refuse a file, on small made-up inputs.

use std::io::Write as _;

use super::*;
use crate::spec::{Catalog, InterfaceId};

fn read(name: &str, body: &[u8]) -> Result<Capture, CaptureError> {
    let (catalog, _) = Catalog::load(&[], None).unwrap();
    let contract = catalog.contract(&InterfaceId::parse("tushare/daily").unwrap()).unwrap();
    Capture::read(name, body, contract, &["ts_code", "trade_date"], Some("trade_date"))
}

fn lines(body: &str) -> String {
    String::from_utf8(read("f", body.as_bytes()).unwrap().lines).unwrap()
}

fn refusal(body: &str) -> String {
    read("f", body.as_bytes()).unwrap_err().to_string()
}

const ROWS: &str = "{\"ts_code\":\"000001.SZ\",\"trade_date\":\"20240102\",\"close\":9.390}\n\
                    {\"ts_code\":\"000002.SZ\",\"trade_date\":\"20240103\",\"close\":null}\n";

#[test]
fn every_format_gives_the_same_lines() {
    let formats = [
        "\u{feff}ts_code,trade_date,close\r\n000001.SZ,20240102,9.390\r\n000002.SZ,20240103,\r\n",
        ",ts_code,trade_date,close\n0,000001.SZ,\"20240102\",9.390\n1,000002.SZ,20240103,\"\"\n",
        &format!("\n{}", ROWS.replace('\n', "\r\n\n")),
        &format!("[{}]", ROWS.trim_end().replace('\n', " ,\n ")),
        r#"{"request_id":"x", "code":0, "msg":"", "message":"", "data":{"fields":["ts_code","trade_date","close"],
            "items":[["000001.SZ","20240102",9.390],
                     ["000002.SZ", "20240103", null]],"has_more":false}}"#,
        r#"{"ts_code":{"5":"000001.SZ","7":"000002.SZ"}, "trade_date":{"5":"20240102","7":"20240103"},
            "close":{"7":null,"5":9.390}}"#,
    ];
    for format in formats {
        let capture = read("f", format.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(capture.lines).unwrap(), ROWS, "{format}");
        assert_eq!(capture.fields, ["ts_code", "trade_date", "close"]);
        assert_eq!((capture.rows, capture.days.len()), (2, 2));
    }
}

#[test]
fn every_gzip_member_is_read_and_a_truncated_one_refused() {
    let gzip = |text: &str| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(text.as_bytes()).unwrap();
        gzip.finish().unwrap()
    };
    let both = [gzip(ROWS), gzip(ROWS)].concat();
    assert_eq!(read("f", &both).unwrap().rows, 4);
    let error = read("f.gz", &both[..both.len() - 9]).unwrap_err().to_string();
    assert!(error.contains("`f.gz`: the gzip data is truncated or damaged"), "{error}");
}

#[test]
fn a_cell_is_a_number_only_where_json_and_the_contract_agree() {
    let csv = "TS_CODE,trade_date,close,vol,extra,other\n\
               000001,2024-01-02,.5,-0.23000000000000043,007,1e-3\n\
               \"say \"\"x\"\"\",20240199,nan,841490.2, 1,0\n";
    assert_eq!(
        lines(csv),
        "{\"TS_CODE\":\"000001\",\"trade_date\":\"2024-01-02\",\"close\":\".5\",\"vol\":-0.23000000000000043,\
         \"extra\":\"007\",\"other\":1e-3}\n\
         {\"TS_CODE\":\"say \\\"x\\\"\",\"trade_date\":\"20240199\",\"close\":\"nan\",\"vol\":841490.2,\
         \"extra\":\" 1\",\"other\":0}\n"
    );
    let days = read("f", csv.as_bytes()).unwrap().days;
    assert_eq!(days.iter().map(ToString::to_string).collect::<Vec<_>>(), ["2024-01-02"]);
}

#[test]
fn values_keep_their_bytes_on_one_line() {
    let row = "{ \"ts_code\" : \"\\u5e73\\n\", \"trade_date\":20240102,\n \"tags\":[1.50,\n {\"a\": 2}] }";
    assert_eq!(lines(row), "{\"ts_code\":\"\\u5e73\\n\",\"trade_date\":20240102,\"tags\":[1.50,  {\"a\": 2}]}\n");
    assert_eq!(read("f", row.as_bytes()).unwrap().days.len(), 1);
}

#[test]
fn a_file_without_the_key_is_refused_with_the_fields_it_has() {
    let error = refusal("股票代码,交易日期\n000001.SZ,20240102\n");
    assert!(error.contains("tushare/daily requires the fields `ts_code`, `trade_date`"), "{error}");
    assert!(error.contains("found 股票代码, 交易日期"), "{error}");
    assert!(refusal("[{\"ts_code\":\"000001.SZ\"}]").contains("requires the fields `trade_date`"));
}

#[test]
fn a_file_without_rows_is_refused() {
    let reply = r#"{"code":0,"msg":"","data":{"fields":["ts_code","trade_date"],"items":[]}}"#;
    for empty in ["", "\n", "[]", "ts_code,trade_date\n", reply] {
        assert!(refusal(empty).contains("no rows"), "{empty}: {}", refusal(empty));
    }
}

#[test]
fn a_nan_is_named_with_its_row_and_field() {
    let lines = ROWS.replace("null", "NaN");
    assert!(refusal(&lines).contains("row 2: field `close`: NaN is not valid JSON"), "{}", refusal(&lines));
    let array = format!("[{}]", ROWS.trim_end().replace('\n', ",").replace("null", "-Infinity"));
    assert!(refusal(&array).contains("row 2: field `close`: -Infinity is not valid JSON"), "{}", refusal(&array));
    let reply = r#"{"code":0,"data":{"fields":["ts_code","x"],"items":[["a",1],["b",2],["c",NaN]]}}"#;
    assert!(refusal(reply).contains("row 3: NaN is not valid JSON (line 1"), "{}", refusal(reply));
}

#[test]
fn an_error_names_its_place() {
    for (body, part) in [
        ("ts_code,trade_date\na,b\nc\n", "row 2: 1 cells, but 2 in the header"),
        ("ts_code,trade_date,ts_code\na,b,c\n", "duplicate field `ts_code`"),
        ("{\"ts_code\":1,\"ts_code\":2}", "row 1: duplicate field `ts_code`"),
        ("{\"ts_code\":1}\n{\"ts_co", "row 2: invalid JSON: EOF"),
        ("[1]", "row 1: invalid type: integer"),
        (r#"{"code":0,"data":{"fields":["a","b"],"items":[[1,2],[1]]}}"#, "row 2: 1 values for 2 fields"),
        (r#"{"code":40203,"data":null,"msg":"每小时最多1次"}"#, "the vendor's error 40203: 每小时最多1次"),
        (r#"{"ts_code":{"0":"a","1":"b"},"close":{"0":1}}"#, "the columns `ts_code` and `close` have different"),
        (r#"{"ts_code":{"0":"a"},"close":{"1":1}}"#, "the columns `ts_code` and `close` have different"),
        (r#"{"ts_code":{"0":"a","0":"b"}}"#, "duplicate field `0`"),
        ("{}", "requires the fields `ts_code`, `trade_date`"),
        ("PAR1", "a Parquet file"),
    ] {
        assert!(refusal(body).contains(part), "{body}: {}", refusal(body));
    }
    let gbk = read("g.csv", b"ts_code,\xb9\xc9\n").unwrap_err().to_string();
    assert!(gbk.starts_with("`g.csv`: invalid UTF-8 at byte 8; save it as UTF-8"), "{gbk}");
}
