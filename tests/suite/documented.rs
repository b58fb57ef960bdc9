//! What silver must hold for an interface: the sandbox's rows, in the units of the vendors' documents. Units come from
//! `reference.tsv`, which is written by hand, and not from the contracts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};
use pitlake::spec::{Catalog, Column, ColumnType, Field, FieldPlan, FieldType, InterfaceId, Table, TableSource};
use pitlake_sandbox::{Cell, Market, Rows};

use crate::fields::reference;
use crate::support::{Place, Row, silver, text_of};

/// The shipped tables.
pub(crate) static CATALOG: LazyLock<Catalog> =
    LazyLock::new(|| Catalog::load(&[], None).unwrap_or_else(|problems| panic!("{problems}")).0);

/// How far to move the decimal point on the way to silver, by unit in the vendor's documents.
fn places(unit: &str) -> i32 {
    match unit {
        "lot100" => 2,
        "CNY1e3" => 3,
        "share1e4" | "CNY1e4" | "count1e4" => 4,
        "CNY1e6" => 6,
        "share1e8" | "CNY1e8" => 8,
        _ => 0,
    }
}

/// The units of an interface's fields.
fn units(interface: &str) -> BTreeMap<&'static str, &'static str> {
    let all = reference().into_iter().filter(|line| line.interface == interface);
    all.flat_map(|line| line.fields.split(' ').map(move |field| (field, line.unit))).collect()
}

/// Converts `SH.600519`, `sh.600519`, `600519` and `00700` to `600519.SH` and `00700.HK`.
fn suffixed(code: &str) -> String {
    let bare = |code: &str| match (code.len(), &code[..1]) {
        (5, _) => "HK",
        (_, "6") => "SH",
        (_, "4" | "8") => "BJ",
        (_, "9") => {
            if code.starts_with("92") {
                "BJ"
            } else {
                "SH"
            }
        }
        _ => "SZ",
    };
    match code.split_once('.') {
        Some((exchange, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{number}.{}", exchange.to_uppercase())
        }
        Some(_) => code.to_owned(),
        None => format!("{code}.{}", bare(code)),
    }
}

fn instant(text: &str) -> String {
    let text = text.replace('T', " ");
    let shanghai = FixedOffset::east_opt(8 * 3600).unwrap();
    let at = NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S").unwrap_or_else(|_| panic!("{text}"));
    at.and_local_timezone(shanghai).unwrap().to_utc().to_rfc3339()
}

/// What silver must hold for a cell.
fn value(cell: &Cell, field: &Field, kind: ColumnType, unit: &str) -> String {
    let Some(text) = text_of(cell).filter(|text| !text.is_empty()) else { return "null".into() };
    let is_missing =
        field.missing.as_deref().is_some_and(|missing| text.parse() == Ok(missing.parse().unwrap_or(f64::NAN)));
    if is_missing {
        return "null".into();
    }
    match field.kind {
        FieldType::Text => text.to_owned(),
        FieldType::Symbol => suffixed(text),
        FieldType::Date if text == "0" => "null".into(),
        FieldType::Date => {
            let digits = text.replace('-', "");
            format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..8])
        }
        FieldType::Flag => (text == "1" || text == "true").to_string(),
        FieldType::Time => instant(text),
        FieldType::Epoch => {
            let number: i64 = text.parse().unwrap();
            let millis = if number.abs() >= 100_000_000_000 { number } else { number * 1000 };
            if millis == 0 { "null".into() } else { DateTime::from_timestamp_millis(millis).unwrap().to_rfc3339() }
        }
        FieldType::Number | FieldType::Integer => scaled(text, places(unit), kind == ColumnType::Int64),
    }
}

/// What silver must hold for a Tushare interface that the vendor shows at a moment, or in the end.
pub(crate) fn tushare(market: &Market, interface: &str, at: Option<DateTime<Utc>>) -> Vec<Row> {
    Documented { name: interface.to_owned(), ..Documented::of(&format!("tushare/{interface}")) }.rows(market, at)
}

/// An interface with the units in its documents, and the table it feeds.
pub(crate) struct Documented<'a> {
    pub(crate) table: &'a Table,
    pub(crate) source: &'a TableSource,
    /// The sandbox's name for its rows.
    pub(crate) name: String,
    /// Units by field.
    pub(crate) units: BTreeMap<&'a str, &'a str>,
}

impl Documented<'static> {
    /// A shipped interface.
    pub(crate) fn of(interface: &str) -> Self {
        let id = InterfaceId::parse(interface).unwrap();
        let table = CATALOG.fed_by(&id).unwrap_or_else(|| panic!("no table is fed by {interface}"));
        Self::part(table, table.source(&id).unwrap(), interface.to_owned())
    }

    /// A shipped interface, or part of a nested one.
    pub(crate) fn part(table: &'static Table, source: &'static TableSource, name: String) -> Self {
        Self { table, source, name, units: units(&source.contract.id.to_string()) }
    }
}

impl Documented<'_> {
    /// What silver must hold in the columns of this source.
    pub(crate) fn rows(&self, market: &Market, at: Option<DateTime<Utc>>) -> Vec<Row> {
        let rows = market.rows_at(&self.name, at).unwrap_or_else(|| panic!("the sandbox has no {}", self.name));
        let filled: Vec<_> =
            self.source.fields.iter().filter_map(|plan| Some((self.place(&rows, plan)?, plan))).collect();
        let (some, all) = (filled.len(), self.source.fields.len());
        assert!(some * 2 > all, "{}: the market has {some} of {all} fields", self.table.name);
        let row = |row: &Vec<Cell>| {
            let cells = filled.iter().map(|(place, plan)| {
                let field = &self.source.contract.fields[plan.field];
                let column = &self.table.columns[plan.column];
                (column.name.clone(), value(&row[*place], field, column.kind, self.unit(field, column)))
            });
            cells.chain([("vendor".to_owned(), self.source.contract.id.vendor.clone())]).collect()
        };
        rows.rows.iter().map(row).collect()
    }

    /// The position of a field in the market's rows. Parts of nested replies are flattened there, with our names or the
    /// vendor's.
    fn place(&self, rows: &Rows, plan: &FieldPlan) -> Option<usize> {
        let field = &self.source.contract.fields[plan.field].name;
        let last = field.rsplit('.').next().unwrap();
        let named = |wanted: &str| rows.fields.iter().position(|name| *name == wanted);
        named(field)
            .or_else(|| named(last).filter(|_| last.ends_with("_str")))
            .or_else(|| named(&self.table.columns[plan.column].name))
            .or_else(|| named(last))
    }

    fn unit(&self, field: &Field, column: &Column) -> &str {
        match (self.units.get(field.name.as_str()).copied().unwrap_or("-"), column.unit) {
            // A ratio times 100 is a percentage.
            ("ratio", Some(unit)) if unit.to_string() == "percent" => "lot100",
            (unit, _) => unit,
        }
    }
}

/// A number as text with its point moved `places` to the right: an integer, or the nearest double.
fn scaled(text: &str, places: i32, whole: bool) -> String {
    let (digits, exponent) = shifted(text, places);
    if whole {
        // A count must not have decimals.
        let value: i128 = digits.parse().expect("digits");
        let unit = 10i128.pow(u32::try_from(-exponent.min(0)).expect("small"));
        let value = value * 10i128.pow(u32::try_from(exponent.max(0)).expect("small"));
        assert_eq!(value % unit, 0, "{text} is not a whole number");
        return (value / unit).to_string();
    }
    let nearest: f64 = format!("{digits}e{exponent}").parse().expect("a number");
    format!("{:?}", if nearest == 0.0 { 0.0 } else { nearest })
}

/// Digits and power of ten of a number as text, with its point moved `places` to the right.
fn shifted(text: &str, places: i32) -> (String, i32) {
    let (number, power) = text.split_once(['e', 'E']).map_or((text, 0), |(n, p)| (n, p.parse().expect("a power")));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    (format!("{whole}{fraction}"), power + places - i32::try_from(fraction.len()).expect("short"))
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// Whether a value in silver covers the vendor's: equal, finer, or filling a null.
pub(crate) fn covers(silver: &str, vendor: &str) -> bool {
    vendor == "null"
        || silver == vendor
        || matches!((number(silver), number(vendor)), (Some(a), Some(b)) if (a - b).abs() <= 1e-4 * a.abs().max(b.abs()))
}

/// Compares a table's silver with the rows of its sources, each of which fills some columns.
pub(crate) fn assert_equal(place: &Place, table: &Table, shown: Vec<Row>, columns: &BTreeSet<String>) {
    let mut rows = silver(place, &table.name);
    assert!(!rows.is_empty(), "{} is empty", table.name);
    let vendor = rows[0]["vendor"].clone();
    let fills = |column: &usize| table.sources.iter().any(|s| s.contract.id.vendor == vendor && s.fills(*column));
    let others: Vec<usize> = (0..table.columns.len()).filter(|column| !fills(column)).collect();
    for row in &mut rows {
        for column in others.iter().map(|column| &table.columns[*column].name) {
            assert_eq!(row[column], "null", "{}: {vendor} does not fill {column}", table.name);
        }
        row.retain(|column, _| columns.contains(column) || column == "vendor");
    }
    if table.versions.is_some() {
        assert_versions(table, &rows, &shown, columns);
    } else {
        assert_rows(table, rows, shown);
    }
}

fn assert_rows(table: &Table, mut silver: Vec<Row>, mut shown: Vec<Row>) {
    let name = &table.name;
    silver.sort();
    shown.sort();
    for (ours, theirs) in silver.iter().zip(&shown) {
        let differ: Vec<_> = ours.iter().filter(|(column, value)| theirs.get(*column) != Some(value)).collect();
        assert!(differ.is_empty(), "{name}: silver has {differ:?}\n{ours:?}\n{theirs:?}");
    }
    assert_eq!(silver.len(), shown.len(), "{name}: rows of silver, rows of the market");
}

/// Twins are folded into one version, so the number of rows differs; but nothing may be lost or made up.
fn assert_versions(table: &Table, silver: &[Row], shown: &[Row], columns: &BTreeSet<String>) {
    let (name, versions) = (&table.name, table.versions.as_ref().unwrap());
    let by_kind = versions.announced_by.iter().flat_map(|by| by.dates.iter().flat_map(|(_, dates)| dates));
    let compared: Vec<&String> = table
        .key
        .iter()
        .chain(versions.announced.iter().chain(by_kind))
        .chain(&versions.figures)
        .map(|column| &table.columns[*column].name)
        .filter(|column| columns.contains(*column))
        .collect();
    let (ours, theirs) = (by_key(table, silver), by_key(table, shown));
    let lost: Vec<_> = theirs.keys().filter(|key| !ours.contains_key(*key)).collect();
    let made_up: Vec<_> = ours.keys().filter(|key| !theirs.contains_key(*key)).collect();
    assert!(lost.is_empty() && made_up.is_empty(), "{name}: lost {lost:?}, made up {made_up:?}");
    let holds = |ours: &Row, theirs: &Row| compared.iter().all(|column| covers(&ours[*column], &theirs[*column]));
    for (key, theirs) in &theirs {
        for row in theirs {
            assert!(ours[key].iter().any(|held| holds(held, row)), "{name} lost {row:?}\nof {:#?}", ours[key]);
        }
        for row in &ours[key] {
            assert!(theirs.iter().any(|shown| holds(row, shown)), "{name} made up {row:?}\nof {theirs:#?}");
            for column in &compared {
                let is_shown = theirs.iter().any(|shown| shown[*column] == row[*column]);
                assert!(is_shown, "{name} {key:?} {column}: {}", row[*column]);
            }
        }
    }
}

fn by_key<'a>(table: &Table, rows: &'a [Row]) -> BTreeMap<Vec<&'a str>, Vec<&'a Row>> {
    let mut all: BTreeMap<Vec<&str>, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let key = table.key.iter().filter_map(|column| row.get(&table.columns[*column].name).map(String::as_str));
        all.entry(key.collect()).or_default().push(row);
    }
    all
}
