//! Each format, and each reason to refuse a file, on small made-up inputs.

use std::io::Write as _;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array, Float64Array, Int64Array,
    ListArray, RecordBatch, StringViewArray, TimestampNanosecondArray,
};
use arrow::datatypes::Int32Type;
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use parquet::arrow::ArrowWriter;

use super::*;
use crate::spec::{Catalog, InterfaceId};

pub(super) fn read(name: &str, body: &[u8]) -> Result<Capture, CaptureError> {
    let (catalog, _) = Catalog::load(&[], None).unwrap();
    let contract = catalog.contract(&InterfaceId::parse("tushare/daily").unwrap()).unwrap();
    let key = ["ts_code", "trade_date"];
    let rules = CaptureRules { contract, key: &key, event: Some("trade_date"), map: &[], set: &[] };
    Capture::read(name, Bytes::copy_from_slice(body), rules)
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
        "ts_code;trade_date;close\n000001.SZ;20240102;9.390\n000002.SZ;20240103;\n",
        "ts_code\ttrade_date\tclose\r\n000001.SZ\t20240102\t9.390\r\n000002.SZ\t20240103\t\r\n",
        r#"{"columns":["ts_code","trade_date","close"],"index":[5,7],
            "data":[["000001.SZ","20240102",9.390],["000002.SZ","20240103",null]]}"#,
        r#"{"5":{"ts_code":"000001.SZ","trade_date":"20240102","close":9.390},
            "7":{"ts_code":"000002.SZ","trade_date":"20240103","close":null}}"#,
    ];
    for format in formats {
        let capture = read("f", format.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(capture.lines).unwrap(), ROWS, "{format}");
        assert_eq!(capture.fields, ["ts_code", "trade_date", "close"]);
        assert_eq!((capture.rows, capture.days.len()), (2, 2));
    }
}

/// The rows of [`ROWS`], with types that CSV does not have.
fn batch() -> RecordBatch {
    let column = |name: &str, array: ArrayRef| (name.to_owned(), array, true);
    let decimals = Decimal128Array::from(vec![Some(9_390), None]).with_precision_and_scale(10, 3).unwrap();
    let stamps = TimestampNanosecondArray::from(vec![1_704_153_600_000_000_000, 1_704_240_060_500_000_000]);
    let names: DictionaryArray<Int32Type> = vec![Some("平安"), None].into_iter().collect();
    RecordBatch::try_from_iter_with_nullable([
        column("ts_code", Arc::new(StringViewArray::from(vec!["000001.SZ", "000002.SZ"]))),
        column("trade_date", Arc::new(Date32Array::from(vec![19_724, 19_725]))),
        column("close", Arc::new(decimals)),
        column("open", Arc::new(Float64Array::from(vec![Some(0.1 + 0.2), Some(f64::NAN)]))),
        column("high", Arc::new(Float32Array::from(vec![10.2, f32::INFINITY]))),
        column("vol", Arc::new(Int64Array::from(vec![Some(1_234), None]))),
        column("at", Arc::new(stamps.clone())),
        column("utc", Arc::new(stamps.clone().with_timezone("UTC"))),
        column("here", Arc::new(stamps.with_timezone("Asia/Shanghai"))),
        column("name", Arc::new(names)),
        column("is_st", Arc::new(BooleanArray::from(vec![true, false]))),
        column("__index_level_0__", Arc::new(Int64Array::from(vec![0, 1]))),
    ])
    .unwrap()
}

const BATCH: &str = "{\"ts_code\":\"000001.SZ\",\"trade_date\":\"2024-01-02\",\"close\":9.390,\"open\":0.30000000000000004,\
    \"high\":10.2,\"vol\":1234,\"at\":\"2024-01-02 00:00:00\",\"utc\":\"2024-01-02T00:00:00+00:00\",\
    \"here\":\"2024-01-02T08:00:00+08:00\",\"name\":\"平安\",\"is_st\":true}\n\
    {\"ts_code\":\"000002.SZ\",\"trade_date\":\"2024-01-03\",\"close\":null,\"open\":\"NaN\",\"high\":\"inf\",\"vol\":null,\
    \"at\":\"2024-01-03 00:01:00.500\",\"utc\":\"2024-01-03T00:01:00.500+00:00\",\
    \"here\":\"2024-01-03T08:01:00.500+08:00\",\"name\":null,\"is_st\":false}\n";

#[test]
fn columns_of_parquet_and_feather_keep_their_digits() {
    let batch = batch();
    let schema = batch.schema();
    let mut parquet = ArrowWriter::try_new(Vec::new(), schema.clone(), None).unwrap();
    parquet.write(&batch).unwrap();
    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME)).unwrap();
    let mut feather = FileWriter::try_new_with_options(Vec::new(), &schema, options).unwrap();
    feather.write(&batch).unwrap();
    let mut stream = StreamWriter::try_new(Vec::new(), &schema).unwrap();
    stream.write(&batch).unwrap();
    for (format, body) in [
        ("parquet", parquet.into_inner().unwrap()),
        ("feather", feather.into_inner().unwrap()),
        ("stream", stream.into_inner().unwrap()),
    ] {
        let capture = read(format, &body).unwrap();
        assert_eq!(String::from_utf8(capture.lines).unwrap(), BATCH, "{format}");
        let cut = read(format, &body[..body.len() / 2]).unwrap_err().to_string();
        assert!(cut.contains("the file is damaged"), "{format}: {cut}");
    }
}

#[test]
fn a_nested_column_is_refused_by_name() {
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1)])]);
    let batch = RecordBatch::try_from_iter([("tags", Arc::new(lists) as ArrayRef)]).unwrap();
    let mut feather = FileWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    feather.write(&batch).unwrap();
    let error = read("f", &feather.into_inner().unwrap()).unwrap_err().to_string();
    assert!(error.starts_with("`f`: column `tags`: values of the type List"), "{error}");
}

/// The lines of a file read with `--map` and `--set`.
fn with(map: &[(&str, &str)], set: &[(&str, &str)], body: &str) -> Result<String, CaptureError> {
    let pairs = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    };
    let (map, set) = (pairs(map), pairs(set));
    let (catalog, _) = Catalog::load(&[], None).unwrap();
    let contract = catalog.contract(&InterfaceId::parse("tushare/trade_cal").unwrap()).unwrap();
    let key = ["exchange", "cal_date"];
    let rules = CaptureRules { contract, key: &key, event: Some("cal_date"), map: &map, set: &set };
    let capture = Capture::read("f", Bytes::copy_from_slice(body.as_bytes()), rules)?;
    Ok(String::from_utf8(capture.lines).unwrap())
}

#[test]
fn a_value_is_set_where_the_file_has_none() {
    let expected = "{\"cal_date\":20240102,\"is_open\":1,\"exchange\":\"SSE\"}\n".replace("20240102", "\"20240102\"");
    let set = [("exchange", "SSE")];
    assert_eq!(with(&[], &set, "cal_date,is_open\n20240102,1\n").unwrap(), expected);
    assert_eq!(with(&[], &set, "exchange,cal_date,is_open\n,20240102,1\n").unwrap(), expected);
    let json = "{\"exchange\":null,\"cal_date\":\"20240102\",\"is_open\":1}";
    assert_eq!(with(&[], &set, json).unwrap(), expected);
    // What the file has takes precedence.
    let own = with(&[], &set, "EXCHANGE,cal_date\nSZSE,20240102\n").unwrap();
    assert_eq!(own, "{\"EXCHANGE\":\"SZSE\",\"cal_date\":\"20240102\"}\n");
    let number = with(&[], &[("exchange", "SSE"), ("is_open", "1")], "cal_date\n20240102\n").unwrap();
    assert_eq!(number, "{\"cal_date\":\"20240102\",\"exchange\":\"SSE\",\"is_open\":1}\n");
    let error = with(&[], &[], "cal_date,is_open\n20240102,1\n").unwrap_err().to_string();
    assert!(error.contains("requires the fields `exchange`") && error.contains("--set exchange=VALUE"), "{error}");
}

#[test]
fn a_column_is_read_under_the_name_that_the_user_gives_it() {
    let map = [("日期", "cal_date"), ("交易所", "exchange")];
    let lines = with(&map, &[], "交易所,日期\nSSE,20240102\n").unwrap();
    assert_eq!(lines, "{\"exchange\":\"SSE\",\"cal_date\":\"20240102\"}\n");
}

#[test]
fn two_columns_of_one_field_are_one_where_they_agree() {
    let both = "TS_CODE,ts_code,trade_date,close\na,a,20240102,1\n,b,20240102,1\nc,,20240102,1\n";
    let expected = "{\"TS_CODE\":\"a\",\"trade_date\":\"20240102\",\"close\":1}\n\
                    {\"ts_code\":\"b\",\"trade_date\":\"20240102\",\"close\":1}\n\
                    {\"TS_CODE\":\"c\",\"trade_date\":\"20240102\",\"close\":1}\n";
    assert_eq!(lines(both), expected);
    // Even if they write the same day or number differently.
    let same = "ts_code,TRADE_DATE,trade_date,CLOSE,close\na,20240102,2024-01-02,1.50,1.5\n";
    assert_eq!(lines(same), "{\"ts_code\":\"a\",\"TRADE_DATE\":\"20240102\",\"CLOSE\":1.50}\n");
}

#[test]
fn two_columns_of_one_field_that_differ_are_refused_until_one_is_chosen() {
    let header = "EXCHANGE,cal_date,CAL_DATE\n";
    let csv = format!("{header}SSE,20240102,20240102\nSSE,20240103,20240104\n");
    let json = "{\"EXCHANGE\":\"SSE\",\"cal_date\":\"20240103\",\"CAL_DATE\":\"20240104\"}";
    for (body, row) in [(csv.as_str(), 2), (json, 1)] {
        let error = with(&[], &[], body).unwrap_err().to_string();
        let expected = format!(
            "`f`, row {row}: the columns `cal_date` and `CAL_DATE` are both the field `cal_date`, and differ: `20240103` and \
             `20240104`; choose one with `--map cal_date=cal_date`"
        );
        assert_eq!(error, expected);
    }
    let chosen = |column: &str| with(&[(column, "cal_date")], &[], &csv).unwrap();
    assert!(chosen("CAL_DATE").contains("20240104") && !chosen("CAL_DATE").contains("20240103"));
    assert!(chosen("cal_date").contains("20240103") && !chosen("cal_date").contains("20240104"));
    // The user's own name beside the vendor's.
    let own = with(&[("日期", "cal_date")], &[], "exchange,cal_date,日期\nSSE,20240103,20240104\n").unwrap();
    assert_eq!(own, "{\"exchange\":\"SSE\",\"cal_date\":\"20240104\"}\n");
}

#[test]
fn blanks_around_cells_are_dropped_and_line_breaks_in_quotes_kept() {
    let csv = "ts_code, trade_date, close, name\n000001.SZ, 20240102,\t9.390, \"a b\"\n000002.SZ,\"20240103\",,\"第一行\n第二行\"\n";
    assert_eq!(
        lines(csv),
        "{\"ts_code\":\"000001.SZ\",\"trade_date\":\"20240102\",\"close\":9.390,\"name\":\"a b\"}\n\
         {\"ts_code\":\"000002.SZ\",\"trade_date\":\"20240103\",\"close\":null,\"name\":\"第一行\\n第二行\"}\n"
    );
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
         \"extra\":1,\"other\":0}\n"
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
        ("PAR1", "the file is damaged"),
        ("BZh91AY", "unsupported format: bzip2; decompress it first"),
    ] {
        assert!(refusal(body).contains(part), "{body}: {}", refusal(body));
    }
    let gbk = read("g.csv", b"ts_code,\xb9\xc9\n").unwrap_err().to_string();
    assert!(gbk.starts_with("`g.csv`: invalid UTF-8 at byte 8; save it as UTF-8"), "{gbk}");
}
