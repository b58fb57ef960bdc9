//! What silver must hold of an interface by the vendors' documents: units from `reference.tsv`, not from the
//! contracts; and silver against it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};
use pitlake::spec::{Catalog, ColumnType, Field, Table, TableSource, Wire};
use pitlake_sandbox::Cell;

use crate::fields::reference;
use crate::support::{Place, Row, Vendor, scaled, silver, text_of};

pub(crate) fn catalog() -> Catalog {
    Catalog::load(&[], None).unwrap_or_else(|problems| panic!("{problems}")).0
}

/// How far the point moves on the way to silver, by the unit of the vendor's documents.
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
    let all = reference().into_iter().filter(|said| said.interface == interface);
    all.flat_map(|said| said.fields.split(' ').map(move |field| (field, said.unit))).collect()
}

/// `SH.600519`, `sh.600519`, `600519` and `00700` as `600519.SH` and `00700.HK`.
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

/// What silver must hold of a cell.
fn value(cell: &Cell, field: &Field, kind: ColumnType, unit: &str) -> String {
    let Some(text) = text_of(cell).filter(|text| !text.is_empty()) else { return "null".into() };
    let is_missing =
        field.missing.as_deref().is_some_and(|missing| text.parse() == Ok(missing.parse().unwrap_or(f64::NAN)));
    if is_missing {
        return "null".into();
    }
    match field.wire {
        Wire::Text => text.to_owned(),
        Wire::Symbol => suffixed(text),
        Wire::Date if text == "0" => "null".into(),
        Wire::Date => {
            let digits = text.replace('-', "");
            format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..8])
        }
        Wire::Flag => (text == "1" || text == "true").to_string(),
        Wire::Time => instant(text),
        Wire::Epoch => {
            let number: i64 = text.parse().unwrap();
            let millis = if number.abs() >= 100_000_000_000 { number } else { number * 1000 };
            if millis == 0 { "null".into() } else { DateTime::from_timestamp_millis(millis).unwrap().to_rfc3339() }
        }
        Wire::Number | Wire::Integer => scaled(text, places(unit), kind == ColumnType::Int64),
    }
}

/// What silver must hold of an interface, or of a part of a nested one: columns of the source only.
pub(crate) fn truth(vendor: &Vendor, table: &Table, source: &TableSource, rows: &str) -> Vec<Row> {
    shown(vendor, table, source, rows, None)
}

/// The same of what the vendor shows at a moment.
pub(crate) fn shown(
    vendor: &Vendor,
    table: &Table,
    source: &TableSource,
    rows: &str,
    at: Option<DateTime<Utc>>,
) -> Vec<Row> {
    let rows = vendor.market.rows_at(rows, at).unwrap_or_else(|| panic!("the sandbox knows no {rows}"));
    let units = units(&source.contract.id.to_string());
    let planned: Vec<_> = source
        .fields
        .iter()
        .filter_map(|plan| {
            let field = &source.contract.fields[plan.field];
            let column = &table.columns[plan.column];
            // The market has parts of nested replies flat, under our names or the vendor's own.
            let last = field.name.rsplit('.').next().unwrap();
            let named = |wanted: &str| rows.fields.iter().position(|name| *name == wanted);
            let place = named(&field.name)
                .or_else(|| named(last).filter(|_| last.ends_with("_str")))
                .or_else(|| named(&column.name))
                .or_else(|| named(last))?;
            let unit = match (
                units.get(field.name.as_str()).copied().unwrap_or("-"),
                column.unit.map(|unit| unit.to_string()),
            ) {
                ("ratio", Some(unit)) if unit == "percent" => "lot100",
                (unit, _) => unit,
            };
            Some((place, field, column, unit))
        })
        .collect();
    assert!(
        planned.len() * 2 > source.fields.len(),
        "{}: {} of {} fields",
        table.name,
        planned.len(),
        source.fields.len()
    );
    let row = |row: &Vec<Cell>| -> Row {
        let mut out: Row = planned
            .iter()
            .map(|(place, field, column, unit)| (column.name.clone(), value(&row[*place], field, column.kind, unit)))
            .collect();
        out.insert("vendor".into(), source.contract.id.vendor.clone());
        out
    };
    rows.rows.iter().map(row).collect()
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// Whether a value says no more than another one: nothing, the same, or a coarser rounding of it.
pub(crate) fn says(silver: &str, vendor: &str) -> bool {
    vendor == "null"
        || silver == vendor
        || matches!((number(silver), number(vendor)), (Some(a), Some(b)) if (a - b).abs() <= 1e-4 * a.abs().max(b.abs()))
}

/// Silver of a table against the rows of its sources.
pub(crate) fn assert_equal(place: &Place, table: &Table, mut shown: Vec<Row>, columns: &BTreeSet<String>) {
    let name = &table.name;
    let mut rows = silver(place, name);
    for row in &mut rows {
        row.retain(|column, _| columns.contains(column) || column == "vendor");
    }
    assert!(!rows.is_empty(), "{name} is empty");
    let Some(versions) = &table.versions else {
        rows.sort();
        shown.sort();
        for (ours, theirs) in rows.iter().zip(&shown) {
            let differ: Vec<_> = ours.iter().filter(|(column, value)| theirs.get(*column) != Some(value)).collect();
            assert!(differ.is_empty(), "{name}: silver has {differ:?}\n{ours:?}\n{theirs:?}");
        }
        assert_eq!(rows.len(), shown.len(), "{name}: rows of silver, rows of the market");
        return;
    };
    // Twins fold into one version: nothing may be lost, and nothing made up.
    let dates = versions
        .announced
        .iter()
        .chain(versions.announced_by.iter().flat_map(|by| by.dates.iter().flat_map(|(_, dates)| dates)));
    let told: Vec<&String> = table
        .key
        .iter()
        .chain(dates)
        .chain(&versions.figures)
        .map(|column| &table.columns[*column].name)
        .filter(|column| columns.contains(*column))
        .collect();
    let key = |row: &Row| -> Vec<String> {
        table.key.iter().filter_map(|column| row.get(&table.columns[*column].name).cloned()).collect()
    };
    let by_key = |rows: &[Row]| {
        let mut all: BTreeMap<Vec<String>, Vec<Row>> = BTreeMap::new();
        for row in rows {
            all.entry(key(row)).or_default().push(row.clone());
        }
        all
    };
    let (ours, theirs) = (by_key(&rows), by_key(&shown));
    let lost: Vec<_> = theirs.keys().filter(|key| !ours.contains_key(*key)).collect();
    let made_up: Vec<_> = ours.keys().filter(|key| !theirs.contains_key(*key)).collect();
    assert!(lost.is_empty() && made_up.is_empty(), "{name}: lost {lost:?}, made up {made_up:?}");
    let holds = |ours: &Row, theirs: &Row| told.iter().all(|column| says(&ours[*column], &theirs[*column]));
    for (key, theirs) in &theirs {
        for row in theirs {
            assert!(ours[key].iter().any(|held| holds(held, row)), "{name} lost {row:?}\nof {:#?}", ours[key]);
        }
        for row in &ours[key] {
            assert!(theirs.iter().any(|said| holds(row, said)), "{name} made up {row:?}\nof {theirs:#?}");
            for column in &told {
                assert!(
                    theirs.iter().any(|said| said[*column] == row[*column]),
                    "{name} {key:?} {column}: {}",
                    row[*column]
                );
            }
        }
    }
}
