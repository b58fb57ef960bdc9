//! Captures that people already have -> bronze lines, digits untouched: CSV, JSON lines, arrays of
//! objects, raw Tushare replies, pandas' columns; gzip or not.
//!
//! Never here: what a value means. What normalise must reject is kept as it stands.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use chrono::NaiveDate;
use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::file::inflate;
use crate::spec::{Contract, Wire};

/// Why a capture is not taken: nothing of the file is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{file}`{}: {problem}; {way_out}", .row.map_or_else(String::new, |row| format!(", row {row}")))]
pub struct CaptureError {
    /// The file, as the user named it.
    pub file: String,
    /// The row, from 1 and without the header, where one is at fault.
    pub row: Option<usize>,
    /// What is wrong, with field and value.
    pub problem: String,
    /// What to do.
    pub way_out: String,
}

/// Rows of a capture as bronze lines.
#[derive(Debug)]
pub struct Capture {
    /// Every field met, as the file names it, in the file's order.
    pub fields: Vec<String>,
    /// One JSON object a line, each ended.
    pub lines: Vec<u8>,
    /// How many.
    pub rows: usize,
    /// Event days met; a row whose day cannot be read is kept and counts for none.
    pub days: BTreeSet<NaiveDate>,
}

impl Capture {
    /// Reads a whole file. `key` names the vendor's fields that must be there, `event` the one that
    /// holds the event day.
    ///
    /// # Errors
    /// When the file is of no known shape, is damaged, holds no rows, or lacks a key field.
    pub fn read(
        name: &str,
        body: &[u8],
        contract: &Contract,
        key: &[&str],
        event: Option<&str>,
    ) -> Result<Self, CaptureError> {
        let mut reader = Reader {
            name,
            contract,
            event: event.and_then(|event| contract.field(event)),
            fields: IndexMap::new(),
            lines: Vec::new(),
            rows: 0,
            days: BTreeSet::new(),
        };
        let mut inflated = Vec::new();
        let body = if body.starts_with(&[0x1f, 0x8b]) {
            inflate(body, &mut inflated).map_err(|e| reader.fault(None, e.to_string(), "copy or download it again"))?;
            inflated.as_slice()
        } else {
            body
        };
        if body.starts_with(b"PAR1") || body.starts_with(b"PK\x03\x04") {
            let what = if body.starts_with(b"PAR1") { "a Parquet file" } else { "a zip archive or an Excel sheet" };
            return Err(reader.fault(None, format!("it is {what}"), "save it as CSV or as JSON lines"));
        }
        let text = std::str::from_utf8(body).map_err(|e| {
            let problem = format!("the byte at {} is no UTF-8", e.valid_up_to());
            reader.fault(None, problem, "save it as UTF-8 (a sheet saved in Chinese Excel is often GBK)")
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let json = text.trim_start().starts_with(['{', '[']);
        let read = if json { reader.json(text) } else { reader.csv(text) };
        read?;
        reader.finish(key)
    }
}

/// What one field of the file is.
struct Seen {
    /// The name as JSON, colon and all.
    label: String,
    /// A CSV cell of it is a number where it looks like one.
    number: bool,
    /// It holds the event day.
    event: bool,
}

/// A row's members, in order; a name that stands twice is an error, not a choice.
struct Object<'a>(IndexMap<String, &'a RawValue>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = IndexMap::new();
                while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
                    if let (index, Some(_)) = members.insert_full(name, value) {
                        let name = members.get_index(index).map_or("", |member| member.0);
                        return Err(A::Error::custom(format!("the field `{name}` stands twice")));
                    }
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// The `data` of a raw Tushare reply.
#[derive(Deserialize)]
struct Data<'a> {
    fields: Vec<String>,
    #[serde(borrow)]
    items: Option<Vec<Vec<&'a RawValue>>>,
}

/// A capture while it is read.
struct Reader<'a> {
    name: &'a str,
    contract: &'a Contract,
    event: Option<usize>,
    fields: IndexMap<String, Seen>,
    lines: Vec<u8>,
    rows: usize,
    days: BTreeSet<NaiveDate>,
}

impl Reader<'_> {
    fn fault(&self, row: Option<usize>, problem: String, way_out: &str) -> CaptureError {
        CaptureError { file: self.name.to_owned(), row, problem, way_out: way_out.to_owned() }
    }

    /// The index of a field, which is met here for the first time or again.
    fn meet(&mut self, name: &str) -> usize {
        if let Some(index) = self.fields.get_index_of(name) {
            return index;
        }
        let known = self.contract.field(name);
        let wire = known.map(|index| self.contract.fields[index].wire);
        let number = matches!(wire, None | Some(Wire::Number | Wire::Integer | Wire::Flag));
        let event = known.is_some() && known == self.event;
        let label = json_string(name) + ":";
        self.fields.insert_full(name.to_owned(), Seen { label, number, event }).0
    }

    /// Fields of a shape that names them once.
    fn header<'n>(&mut self, names: impl Iterator<Item = &'n str>) -> Result<Vec<usize>, CaptureError> {
        let mut indices = Vec::new();
        for name in names {
            let index = self.meet(name);
            if indices.contains(&index) {
                let problem = format!("the field `{name}` stands twice");
                return Err(self.fault(None, problem, "drop one or give it another name"));
            }
            indices.push(index);
        }
        Ok(indices)
    }

    /// Writes a row: a field's index and its value as JSON.
    fn row<'v>(&mut self, cells: impl IntoIterator<Item = (usize, Cow<'v, str>)>) {
        self.lines.push(b'{');
        for (at, (index, value)) in cells.into_iter().enumerate() {
            let field = &self.fields[index];
            if at > 0 {
                self.lines.push(b',');
            }
            self.lines.extend_from_slice(field.label.as_bytes());
            // Only between the tokens of a nested value: strings of JSON hold no raw line break.
            self.lines.extend(value.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
            if field.event {
                self.days.extend(day(&value));
            }
        }
        self.lines.extend_from_slice(b"}\n");
        self.rows += 1;
    }

    fn csv(&mut self, text: &str) -> Result<(), CaptureError> {
        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        let headers = reader.headers().map_err(|e| self.bad_csv(&e))?.clone();
        // pandas' to_csv writes its index under no name.
        let named: Vec<(usize, &str)> =
            headers.iter().map(str::trim).enumerate().filter(|(_, name)| !name.is_empty()).collect();
        let fields = self.header(named.iter().map(|(_, name)| *name))?;
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).map_err(|e| self.bad_csv(&e))? {
            let cells = named.iter().zip(&fields).map(|((cell, _), &field)| {
                let number = self.fields[field].number;
                (field, json_cell(record.get(*cell).unwrap_or_default(), number))
            });
            let cells: Vec<(usize, Cow<'_, str>)> = cells.collect();
            self.row(cells);
        }
        Ok(())
    }

    fn bad_csv(&self, error: &csv::Error) -> CaptureError {
        let problem = match error.kind() {
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                format!("it has {len} cells, the header {expected_len}")
            }
            _ => error.to_string(),
        };
        self.fault(Some(self.rows + 1), problem, "mend the row, or look for a stray comma or quote")
    }

    /// Values one after the other: so JSON lines, pretty-printed objects and single replies are one.
    fn json(&mut self, text: &str) -> Result<(), CaptureError> {
        for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
            let value = value.map_err(|e| self.bad_json(text, &e))?;
            if value.get().starts_with('[') {
                let rows: Vec<&RawValue> = serde_json::from_str(value.get()).map_err(|e| self.bad_json(text, &e))?;
                rows.into_iter().try_for_each(|row| self.object(row))?;
            } else {
                self.object(value)?;
            }
        }
        Ok(())
    }

    /// An object: a reply, a table by columns, or a row.
    fn object(&mut self, value: &RawValue) -> Result<(), CaptureError> {
        let members = self.members(value)?;
        let said = |name: &str| members.get(name).map_or("", |raw| raw.get().trim_matches('"'));
        let message = [said("msg"), said("message")].concat();
        if !matches!(said("code"), "" | "0") && (members.contains_key("msg") || members.contains_key("message")) {
            let problem = format!("it is a refusal of the vendor, code {}: {message}", said("code"));
            return Err(self.fault(None, problem, "it holds no data: leave it out and ask the vendor again"));
        }
        if let Some(data) = members.get("data").and_then(|data| serde_json::from_str::<Data<'_>>(data.get()).ok()) {
            return self.reply(data);
        }
        // A key is never nested: a row of nothing but objects is no row.
        if !members.is_empty() && members.values().all(|raw| raw.get().starts_with('{')) {
            return self.columns(&members);
        }
        let cells: Vec<_> = members.iter().map(|(name, raw)| (self.meet(name), raw.get().into())).collect();
        self.row(cells);
        Ok(())
    }

    fn members<'v>(&self, value: &'v RawValue) -> Result<IndexMap<String, &'v RawValue>, CaptureError> {
        let Object(members) = serde_json::from_str(value.get()).map_err(|e| {
            self.fault(Some(self.rows + 1), without_place(&e), "a row is one object, and names each field once")
        })?;
        Ok(members)
    }

    fn reply(&mut self, data: Data<'_>) -> Result<(), CaptureError> {
        let fields = self.header(data.fields.iter().map(String::as_str))?;
        for item in data.items.unwrap_or_default() {
            if item.len() != fields.len() {
                let problem = format!("it has {} values for {} fields", item.len(), fields.len());
                return Err(self.fault(Some(self.rows + 1), problem, "the reply is damaged: ask the vendor again"));
            }
            self.row(fields.iter().copied().zip(item.iter().map(|raw| raw.get().into())));
        }
        Ok(())
    }

    /// `DataFrame.to_json()`: an object of columns, each an object of row labels.
    fn columns(&mut self, table: &IndexMap<String, &RawValue>) -> Result<(), CaptureError> {
        let fields = self.header(table.keys().map(String::as_str))?;
        let columns = table.values().map(|raw| self.members(raw)).collect::<Result<Vec<_>, _>>()?;
        let first = &columns[0];
        for (name, column) in table.keys().zip(&columns) {
            if column.len() != first.len() || !first.keys().all(|label| column.contains_key(label)) {
                let problem = format!("the columns `{}` and `{name}` have different rows", table.keys()[0]);
                let way_out = "write it again, for instance as `df.to_json(orient=\"records\", lines=True)`";
                return Err(self.fault(None, problem, way_out));
            }
        }
        for label in first.keys() {
            let values = columns.iter().map(|column| column[label].get().into());
            self.row(fields.iter().copied().zip(values));
        }
        Ok(())
    }

    fn bad_json(&self, text: &str, error: &serde_json::Error) -> CaptureError {
        let start: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let mut at = (start + error.column().saturating_sub(1)).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let row = Some(row_at(text, at));
        let place = format!("line {}, column {}", error.line(), error.column());
        // At a minus the parser has gone one further.
        let rest = text[..at].strip_suffix('-').map_or(&text[at..], |before| &text[before.len()..]);
        if let Some(word) = ["NaN", "Infinity", "-Infinity"].into_iter().find(|word| rest.starts_with(word)) {
            let name = text[..at].trim_end_matches(['-', ' ']).strip_suffix("\":").and_then(|t| t.rsplit('"').next());
            let field = name.map_or_else(String::new, |name| format!("the field `{name}` holds "));
            let problem = format!("{field}{word}, which JSON does not know ({place})");
            let way_out = "write null in its place: pandas does by `df.to_json(orient=\"records\", lines=True)`";
            return self.fault(row, problem, way_out);
        }
        let problem = format!("no JSON: {} ({place})", without_place(error));
        self.fault(row, problem, "mend it there, or take the capture again")
    }

    fn finish(self, key: &[&str]) -> Result<Capture, CaptureError> {
        let found: Vec<String> = self.fields.keys().cloned().collect();
        let has = |key: &str| match self.contract.field(key) {
            Some(field) => found.iter().any(|name| self.contract.field(name) == Some(field)),
            None => found.iter().any(|name| name == key),
        };
        let missing: Vec<&str> = key.iter().copied().filter(|key| !has(key)).collect();
        if (self.rows > 0 || !found.is_empty()) && !missing.is_empty() {
            let (missing, found) = (missing.join("`, `"), found.join(", "));
            let problem = format!("{} needs `{missing}`, which it does not have; it has {found}", self.contract.id);
            return Err(self.fault(None, problem, "give the columns the vendor's names, or import it as what it is"));
        }
        if self.rows == 0 {
            return Err(self.fault(None, "it holds no rows".into(), "leave it out"));
        }
        Ok(Capture { fields: found, lines: self.lines, rows: self.rows, days: self.days })
    }
}

/// A cell of CSV as JSON: only what JSON itself calls a number is written bare.
fn json_cell(cell: &str, number: bool) -> Cow<'_, str> {
    let bare = |raw: &RawValue| raw.get() == cell;
    if cell.is_empty() {
        Cow::Borrowed("null")
    } else if number
        && cell.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && serde_json::from_str::<&RawValue>(cell).is_ok_and(bare)
    {
        Cow::Borrowed(cell)
    } else {
        Cow::Owned(json_string(cell))
    }
}

/// The parser counts lines from where it began, which need not be the file.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line").next().unwrap_or_default().to_owned()
}

fn json_string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The day of a JSON value, `YYYYMMDD` or `YYYY-MM-DD`, string or number.
fn day(value: &str) -> Option<NaiveDate> {
    let text = value.trim_matches('"');
    let form = match (text.len(), text.bytes().all(|b| b.is_ascii_digit())) {
        (8, true) => "%Y%m%d",
        (10, false) => "%Y-%m-%d",
        _ => return None,
    };
    NaiveDate::parse_from_str(text, form).ok()
}

/// The record that a fault lies in, from 1: of a reply its items, else objects at the top or in the array.
fn row_at(text: &str, at: usize) -> usize {
    let top = usize::from(text.trim_start().starts_with('['));
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let (mut objects, mut items) = (0, 0);
    for byte in text.bytes().take(at) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => {
                objects += usize::from(depth == top && byte == b'{');
                items += usize::from(depth == top + 3 && byte == b'[');
                depth += 1;
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    if objects <= 1 && items > 0 { items } else { objects.max(1) }
}

#[cfg(test)]
mod tests {
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
    fn every_shape_gives_the_same_lines() {
        let shapes = [
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
        for shape in shapes {
            let capture = read("f", shape.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(capture.lines).unwrap(), ROWS, "{shape}");
            assert_eq!(capture.fields, ["ts_code", "trade_date", "close"]);
            assert_eq!((capture.rows, capture.days.len()), (2, 2));
        }
    }

    #[test]
    fn every_gzip_member_is_read_and_a_cut_one_refused() {
        let gzip = |text: &str| {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(text.as_bytes()).unwrap();
            gzip.finish().unwrap()
        };
        let both = [gzip(ROWS), gzip(ROWS)].concat();
        assert_eq!(read("f", &both).unwrap().rows, 4);
        let error = read("f.gz", &both[..both.len() - 9]).unwrap_err().to_string();
        assert!(error.contains("`f.gz`: the gzip data is cut or damaged"), "{error}");
    }

    #[test]
    fn a_cell_is_a_bare_number_only_where_json_and_the_contract_agree() {
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
    fn values_stay_byte_for_byte_and_on_one_line() {
        let row = "{ \"ts_code\" : \"\\u5e73\\n\", \"trade_date\":20240102,\n \"tags\":[1.50,\n {\"a\": 2}] }";
        assert_eq!(lines(row), "{\"ts_code\":\"\\u5e73\\n\",\"trade_date\":20240102,\"tags\":[1.50,  {\"a\": 2}]}\n");
        assert_eq!(read("f", row.as_bytes()).unwrap().days.len(), 1);
    }

    #[test]
    fn a_file_without_the_key_is_refused_with_what_it_has() {
        let said = refusal("股票代码,交易日期\n000001.SZ,20240102\n");
        assert!(said.contains("tushare/daily needs `ts_code`, `trade_date`"), "{said}");
        assert!(said.contains("it has 股票代码, 交易日期"), "{said}");
        assert!(refusal("[{\"ts_code\":\"000001.SZ\"}]").contains("needs `trade_date`"));
    }

    #[test]
    fn a_file_without_rows_is_refused() {
        let reply = r#"{"code":0,"msg":"","data":{"fields":["ts_code","trade_date"],"items":[]}}"#;
        for empty in ["", "\n", "[]", "ts_code,trade_date\n", reply] {
            assert!(refusal(empty).contains("it holds no rows"), "{empty}: {}", refusal(empty));
        }
    }

    #[test]
    fn not_a_number_is_named_with_its_row_and_field() {
        let lines = ROWS.replace("null", "NaN");
        assert!(refusal(&lines).contains("row 2: the field `close` holds NaN"), "{}", refusal(&lines));
        let array = format!("[{}]", ROWS.trim_end().replace('\n', ",").replace("null", "-Infinity"));
        assert!(refusal(&array).contains("row 2: the field `close` holds -Infinity"), "{}", refusal(&array));
        let reply = r#"{"code":0,"data":{"fields":["ts_code","x"],"items":[["a",1],["b",2],["c",NaN]]}}"#;
        assert!(refusal(reply).contains("row 3: NaN, which JSON does not know (line 1"), "{}", refusal(reply));
    }

    #[test]
    fn damage_is_named_with_its_place() {
        for (body, part) in [
            ("ts_code,trade_date\na,b\nc\n", "row 2: it has 1 cells, the header 2"),
            ("ts_code,trade_date,ts_code\na,b,c\n", "the field `ts_code` stands twice"),
            ("{\"ts_code\":1,\"ts_code\":2}", "row 1: the field `ts_code` stands twice"),
            ("{\"ts_code\":1}\n{\"ts_co", "row 2: no JSON: EOF"),
            ("[1]", "row 1: invalid type: integer"),
            (r#"{"code":0,"data":{"fields":["a","b"],"items":[[1,2],[1]]}}"#, "row 2: it has 1 values for 2 fields"),
            (r#"{"code":40203,"data":null,"msg":"每小时最多1次"}"#, "code 40203: 每小时最多1次"),
            (r#"{"ts_code":{"0":"a","1":"b"},"close":{"0":1}}"#, "the columns `ts_code` and `close` have different"),
            (r#"{"ts_code":{"0":"a"},"close":{"1":1}}"#, "the columns `ts_code` and `close` have different"),
            (r#"{"ts_code":{"0":"a","0":"b"}}"#, "the field `0` stands twice"),
            ("{}", "needs `ts_code`, `trade_date`"),
            ("PAR1", "a Parquet file"),
        ] {
            assert!(refusal(body).contains(part), "{body}: {}", refusal(body));
        }
        let gbk = read("g.csv", b"ts_code,\xb9\xc9\n").unwrap_err().to_string();
        assert!(gbk.starts_with("`g.csv`: the byte at 8 is no UTF-8; save it as UTF-8"), "{gbk}");
    }
}
