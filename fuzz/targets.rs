//! Fuzz targets: functions that take arbitrary bytes and panic if a promise is broken. `tests/suite/fuzz.rs` tries them
//! with the corpus, `.ci/full fuzz` for as long as wanted. Where the bytes come from is not decided here.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use pitlake::bronze::{self, Capture, CaptureRules};
use pitlake::normalise::{AnswerText, judge};
use pitlake::spec::{Catalog, SpecFile, WireFormat};
use pitlake::wire::{self, Received, RowReader, push_object};
use pitlake_contract::decimal::{self, Decimal, Parsed};
use pitlake_contract::toml::{TomlFile, TomlTable};
use serde_json::value::RawValue;

/// Takes arbitrary bytes.
type Target = fn(&[u8]);

/// The targets by name; each has a folder of that name in `fuzz/corpus`. All but `columns` are also libFuzzer programs,
/// which end at a panic even if it is caught.
pub(crate) const TARGETS: [(&str, Target); 7] = [
    ("wires", wires),
    ("bronze", bronze),
    ("rows", rows),
    ("toml", toml),
    ("csv", csv),
    ("columns", columns),
    ("numbers", numbers),
];

/// Runs the target with a name on some bytes.
pub(crate) fn run(name: &str, data: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(target, _)| *target == name).expect("a target");
    target(data);
}

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::load(&[], None).expect("the shipped files").0);

/// A reply, read by each wire. The first byte selects the status.
fn wires(data: &[u8]) {
    const STATUS: [u16; 8] = [200, 200, 400, 401, 403, 404, 429, 500];
    let Some((first, body)) = data.split_first() else { return };
    let received = Received { status: STATUS[usize::from(*first) % STATUS.len()], retry_after: None, body };
    for format in [WireFormat::Alphafin, WireFormat::F10, WireFormat::Rest, WireFormat::Tushare] {
        match wire::of(format).read(received) {
            Ok(page) => {
                let reader = RowReader::new(&page.fields);
                let mut line = Vec::new();
                for row in &page.rows {
                    let row = reader.read(row.get()).expect("a row that was read can be read again");
                    assert!(row.len() <= page.fields.len(), "a row of more cells than fields");
                    line.clear();
                    push_object(&mut line, &page.fields, &row);
                    is_line(&line);
                }
            }
            Err(refusal) => {
                let text = refusal.to_string();
                assert!(text.len() < 4096, "a refusal of {} bytes", text.len());
            }
        }
    }
}

/// Checks that a bronze line is one object, including its line break. Numbers may be any.
fn is_line(line: &[u8]) {
    let object = line.strip_suffix(b"\n").expect("a line");
    assert!(!object.contains(&b'\n'), "a row of two lines");
    serde_json::from_slice::<HashMap<String, &RawValue>>(object).expect("a row is an object");
}

/// A bronze file: its header and lines.
fn bronze(data: &[u8]) {
    let mut lines = Vec::new();
    if let Ok(Some(provenance)) = bronze::read(data, &mut lines) {
        let is_theirs = provenance.digest == bronze::digest(&lines);
        assert!(provenance.proves(&lines) || !is_theirs, "lines of this digest are proven");
    }
}

/// The lines of a bronze file as rows of a table, selected by the first byte.
fn rows(data: &[u8]) {
    const TABLES: [&str; 6] =
        ["stock_daily_cn", "income_cn", "trade_cal", "stk_mins_cn", "dividend_cn", "stk_holdertrade_cn"];
    let Some((first, lines)) = data.split_first() else { return };
    let Some(table) = CATALOG.table(TABLES[usize::from(*first) % TABLES.len()]) else { return };
    for source in &table.sources {
        let count = lines.split(|byte| *byte == b'\n').count();
        if let Ok(judged) = judge(table, source, AnswerText { lines, calls: &[], rows_of: &[] }) {
            assert!(judged.keys + judged.set_aside.len() <= 2 * count, "more rows than lines: {judged:?}");
        }
    }
}

/// A TOML file: as jobs.toml, a contract or a pipeline, selected by the first byte, and as any file that is read key by
/// key.
fn toml(data: &[u8]) {
    let Some((first, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let problems = TomlFile::new("any.toml", text).parse(|root| {
        read_all(root, 0);
        root.close();
        Some(())
    });
    for problem in problems.err().into_iter().flatten() {
        assert!(!problem.to_string().is_empty());
    }
    let file = |name: &str| SpecFile { name: name.to_owned(), text: text.to_owned() };
    let loaded = match first % 16 {
        0 => Catalog::load(&[], Some(&file("jobs.toml"))).map(drop),
        1 => Catalog::load(&[file("schemas/tushare/daily.toml")], None).map(drop),
        2 => Catalog::load(&[file("pipelines/stock_daily_cn.toml")], None).map(drop),
        3 => Catalog::load(&[file("schemas/own.toml")], None).map(drop),
        _ => Ok(()),
    };
    if let Err(problems) = loaded {
        assert!(!problems.to_string().is_empty());
    }
}

/// Reads every key of a table as every kind.
fn read_all(table: &TomlTable<'_>, depth: usize) {
    table.version();
    for key in table.keys() {
        let key = key.value.as_str();
        match key.len() % 8 {
            0 => drop(table.text(key)),
            1 => drop(table.number(key)),
            2 => drop(table.flag(key)),
            3 => drop(table.date(key)),
            4 => drop(table.texts(key)),
            5 => drop(table.entries(key)),
            6 => drop(table.named_tables(key)),
            _ => drop(table.one_or_more(key)),
        }
        if depth < 4
            && let Some(inner) = table.table(key)
        {
            read_all(&inner, depth + 1);
        }
    }
}

/// Whether it is a Parquet file or in one of Arrow's formats.
fn is_columnar(data: &[u8]) -> bool {
    [&b"PAR1"[..], b"ARROW1", b"\xff\xff\xff\xff"].iter().any(|start| data.starts_with(start))
}

/// A file to import: CSV, or JSON in any of its forms.
fn csv(data: &[u8]) {
    if !is_columnar(data) {
        imported(data);
    }
}

/// A file to import: Parquet, Feather, or an Arrow stream. These are read by other people's crates, whose panics are
/// caught.
fn columns(data: &[u8]) {
    if is_columnar(data) {
        imported(data);
    }
}

/// A file to import.
fn imported(data: &[u8]) {
    let contract = CATALOG.contracts().find(|contract| contract.id.to_string() == "tushare/daily").expect("a contract");
    let rules =
        CaptureRules { contract, key: &["ts_code", "trade_date"], event: Some("trade_date"), map: &[], set: &[] };
    match Capture::read("a file", data.to_vec().into(), rules) {
        Ok(capture) => {
            let lines: Vec<&[u8]> = capture.lines.split_inclusive(|byte| *byte == b'\n').collect();
            assert_eq!(lines.len(), capture.rows);
            lines.into_iter().for_each(is_line);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// A number, and the number of places to move its point: the first byte.
fn numbers(data: &[u8]) {
    let Some((first, text)) = data.split_first() else { return };
    let shift = i8::from_ne_bytes([*first]) % 19;
    let plain = decimal::scan_plain(text);
    let Ok((parsed, length)) = decimal::scan(text) else {
        assert_eq!(plain, None, "a plain number is a number");
        return;
    };
    let number = std::str::from_utf8(&text[..length]).expect("digits");
    if decimal::excess(number).is_some() {
        return;
    }
    let mut moved = String::new();
    let (mantissa, power) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    // Only a zero may have an exponent of any length.
    let power: i64 = power.parse().unwrap_or(0);
    write!(moved, "{mantissa}e{}", power.saturating_add(shift.into())).expect("written");
    let nearest: f64 = moved.parse().expect("a double");
    let same = |ours: f64, what: &str| {
        // Minus zero is zero.
        let is_same = (ours + 0.0).to_bits() == (nearest + 0.0).to_bits();
        assert!(is_same || !nearest.is_finite(), "{what} of `{number}` by {shift} is {ours}, not {nearest}");
    };
    let whole = decimal::wide_to_i64(number, shift);
    same(decimal::wide_to_f64(number, shift).unwrap_or(nearest), "the text");
    if let Parsed::Small(small) = parsed {
        same(small.to_f64(shift), "the number");
        assert_eq!(small.to_i64(shift), whole, "`{number}` by {shift}");
        related(small);
    }
    if let Some((plain, read)) = plain {
        assert_eq!(read, length, "`{number}`");
        assert!(matches!(parsed, Parsed::Small(small) if small.equals(plain)), "`{number}` is {plain:?}");
    }
    if let Some(whole) = whole {
        let off = (nearest - whole.to_string().parse::<f64>().expect("a double")).abs();
        // The expected value is a double, which is not exact itself.
        assert!(off <= 1e-6 + nearest.abs() * 1e-14, "`{number}` by {shift} is {whole}, not {nearest}");
    }
}

/// A number is equal to itself, whatever the comparison.
fn related(number: Decimal) {
    assert!(number.equals(number) && number.agrees(number) && !number.is_rounding_of(number));
}
