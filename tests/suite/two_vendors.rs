//! Two vendors of one table, both served by the sandbox: whose rows are in silver, what changes without one of them,
//! and where they differ.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use pitlake_sandbox::{Rows, Settings};
use serde_json::Value;

use crate::documented;
use crate::support::{NOW, Place, Row, Vendor, assert_same, day, settings as usual, silver, text_of};

/// Tables with the part of the key that both vendors fill. For reports, silver has the versions of both.
const LATEST: [(&str, &[&str]); 6] = [
    ("stock_daily_cn", &["ts_code", "trade_date"]),
    ("moneyflow_cn", &["ts_code", "trade_date"]),
    ("top_list_cn", &["trade_date", "ts_code"]),
    ("block_trade_cn", &["ts_code", "trade_date", "buyer", "seller", "price", "vol"]),
    ("hk_hold_cn", &["trade_date", "exchange", "ts_code"]),
    ("index_weight_cn", &["index_code", "con_code", "trade_date"]),
];
const VERSIONS: [(&str, &[&str]); 2] = [
    ("income_cn", &["ts_code", "end_date", "report_type", "vendor", "revision"]),
    ("dividend_cn", &["ts_code", "end_date", "div_proc", "vendor", "revision"]),
];

/// AShareHub's lists begin in 2024.
fn settings() -> Settings {
    Settings { start: day("2024-01-02"), end: day("2024-02-29"), quota: 0, ..usual() }
}

/// A place with accounts of both.
fn place(vendor: &Vendor) -> Place {
    Place::of(vendor, &[vendor.account("tushare", "points = 5000"), vendor.account("asharehub", "")])
}

/// The sessions of the market.
const SESSIONS: [&str; 4] = ["--start", "2024-01-02", "--end", "2024-02-29"];

/// Periods and announcements around the sessions.
const REPORTS: [&str; 4] = ["--start", "2023-09-01", "--end", "2024-04-30"];

fn filled(vendor: &Vendor) -> Place {
    let place = place(vendor);
    place.patiently(&[&["backfill"], &LATEST.map(|(table, _)| table)[..], &SESSIONS].concat());
    place.patiently(&[&["backfill"], &VERSIONS.map(|(table, _)| table)[..], &REPORTS].concat());
    place.expect(0, &["normalize", "--now", NOW]);
    place
}

fn all(place: &Place) -> BTreeMap<&'static str, Vec<Row>> {
    let rows = |table: &'static str| {
        let mut rows = silver(place, table);
        rows.sort();
        (table, rows)
    };
    LATEST.iter().chain(&VERSIONS).map(|(table, _)| rows(table)).collect()
}

/// Silver built without a vendor's bronze, which is restored afterwards.
fn without(place: &Place, vendor: &str) -> BTreeMap<&'static str, Vec<Row>> {
    let (here, there) = (place.path("data/bronze").join(vendor), place.path("elsewhere"));
    fs::rename(&here, &there).unwrap();
    place.expect(0, &["normalize", "--now", NOW]);
    let rows = all(place);
    fs::rename(&there, &here).unwrap();
    rows
}

fn part<'a>(row: &'a Row, columns: &[&str]) -> Vec<&'a str> {
    columns.iter().map(|column| row[*column].as_str()).collect()
}

/// The rows of the first vendor, and those of the second whose key the first lacks.
fn preferred(first: &[Row], second: &[Row], columns: &[&str]) -> Vec<Row> {
    let known: BTreeSet<Vec<&str>> = first.iter().map(|row| part(row, columns)).collect();
    let more = second.iter().filter(|row| !known.contains(&part(row, columns)));
    let mut rows: Vec<Row> = first.iter().chain(more).cloned().collect();
    rows.sort();
    rows
}

#[test]
fn rows_come_from_the_first_vendor_and_the_second_fills_gaps() {
    let vendor = Vendor::start(settings());
    let place = filled(&vendor);
    let (both, files) = (all(&place), place.files("silver"));
    // The rows of each vendor alone, built from the same lake.
    let tushare = without(&place, "asharehub");
    let asharehub = without(&place, "tushare");
    let of = |rows: &BTreeMap<_, Vec<Row>>, name: &str| rows.values().flatten().all(|row| row["vendor"] == name);
    assert!(of(&tushare, "tushare") && of(&asharehub, "asharehub"));
    for (table, columns) in LATEST {
        assert_eq!(both[table], preferred(&tushare[table], &asharehub[table], columns), "{table}");
        assert!(!tushare[table].is_empty() && !asharehub[table].is_empty(), "{table}");
        let mut key = columns.to_vec();
        key.extend(["reason", "occurrence"].iter().filter(|column| both[table][0].contains_key(**column)));
        let keys: BTreeSet<_> = both[table].iter().map(|row| part(row, &key)).collect();
        assert_eq!(keys.len(), both[table].len(), "{table} has a key twice");
    }
    let more = |table: &str| both[table].iter().any(|row| row["vendor"] == "asharehub");
    assert!(more("hk_hold_cn"), "only AShareHub has southbound holdings");
    for (table, key) in VERSIONS {
        // Every version of both vendors, numbered per vendor. What one showed is a look for the other, so the day from
        // which a version is known depends on both.
        let without_known = |rows: &[Row]| {
            let mut rows = rows.to_vec();
            for row in &mut rows {
                row.retain(|name, _| !["known_on", "known_basis", "tradable_on"].contains(&name.as_str()));
            }
            rows.sort();
            rows
        };
        let rows = [tushare[table].clone(), asharehub[table].clone()].concat();
        assert_eq!(without_known(&both[table]), without_known(&rows), "{table}");
        let mut key = key.to_vec();
        key.extend(["occurrence"].iter().filter(|column| both[table][0].contains_key(**column)));
        let keys: BTreeSet<_> = rows.iter().map(|row| part(row, &key)).collect();
        assert_eq!(keys.len(), rows.len(), "{table} has a version twice");
    }
    for (table, interface) in [("stock_daily_cn", "daily"), ("moneyflow_cn", "moneyflow")] {
        assert_same(table, tushare[table].clone(), documented::tushare(&vendor.market, interface, None));
    }
    // With both again, the same bytes.
    place.expect(0, &["normalize", "--now", NOW]);
    assert_eq!(place.files("silver"), files);
    // jobs.toml may reverse the order or leave one out.
    let jobs = fs::read_to_string(place.path("jobs.toml")).unwrap();
    let columns = LATEST[0].1;
    for (order, rows) in [
        (r#"["asharehub", "tushare"]"#, preferred(&asharehub["stock_daily_cn"], &tushare["stock_daily_cn"], columns)),
        (r#"["tushare"]"#, tushare["stock_daily_cn"].clone()),
    ] {
        place.jobs(&format!("{jobs}[tables.stock_daily_cn]\nvendors = {order}\n"));
        place.expect(0, &["normalize", "--now", NOW]);
        let now = all(&place);
        assert_eq!(now["stock_daily_cn"], rows, "{order}");
        assert!(now.iter().all(|(table, rows)| *table == "stock_daily_cn" || *rows == both[table]), "{order}");
    }
}

#[test]
fn as_of_a_day_each_key_comes_from_the_first_vendor_that_had_it() {
    let vendor = Vendor::start(settings());
    let place = place(&vendor);
    place.patiently(&[&["backfill", "income_cn"], &REPORTS[..]].concat());
    place.expect(0, &["normalize", "--now", NOW]);
    let rows = silver(&place, "income_cn");
    let mut vendors = BTreeSet::new();
    for as_of in ["2023-11-15", "2024-03-31", "2024-04-29", "2024-06-30", "2026-01-05"] {
        let mut known: BTreeMap<Vec<&str>, Vec<&Row>> = BTreeMap::new();
        for row in rows.iter().filter(|row| row["known_on"].as_str() <= as_of) {
            known.entry(part(row, &["ts_code", "end_date", "report_type"])).or_default().push(row);
        }
        let printed = known.into_iter().map(|(key, rows)| {
            let is_known = rows.iter().any(|row| row["vendor"] == "tushare");
            let vendor = if is_known { "tushare" } else { "asharehub" };
            let day = |row: &Row| {
                let announced = &row["announced_on"];
                let day = if announced == "null" { &row["known_on"] } else { announced };
                (day.clone(), row["revision"].parse::<u32>().unwrap())
            };
            let last = rows.into_iter().filter(|row| row["vendor"] == vendor).max_by_key(|row| day(row)).unwrap();
            (key.join(" "), (vendor.to_owned(), last["n_income"].clone()))
        });
        let expected: BTreeMap<String, (String, String)> = printed.collect();
        let sql = "select ts_code, end_date, report_type, vendor, n_income from income_cn";
        let answer = place.expect(0, &["query", sql, "--as-of", as_of, "--format", "json"]);
        let answer: Vec<Value> = serde_json::from_str(&answer).unwrap();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        let found: BTreeMap<String, (String, String)> = answer
            .iter()
            .map(|row| {
                let key = ["ts_code", "end_date", "report_type"].map(|name| text(row, name)).join(" ");
                let income = row["n_income"].as_f64().map_or("null".to_owned(), |value| format!("{value:?}"));
                (key, (text(row, "vendor"), income))
            })
            .collect();
        assert_eq!(found.len(), answer.len(), "{as_of}: a key twice");
        assert_eq!(found, expected, "{as_of}");
        vendors.extend(found.into_values().map(|(vendor, _)| vendor));
    }
    assert_eq!(vendors.len(), 2, "each of them has rows");
}

/// Rows of the market by security and day (without hyphens), with values by column.
fn by_key(rows: &Rows) -> BTreeMap<(String, String), BTreeMap<String, Option<f64>>> {
    let place = |name: &str| rows.fields.iter().position(|field| *field == name).unwrap();
    let (code, date) = (place("ts_code"), place("trade_date"));
    let one = |row: &Vec<_>| {
        let key = (text_of(&row[code]).unwrap().to_owned(), text_of(&row[date]).unwrap().replace('-', ""));
        let figure = |(name, cell): (&String, _)| (name.clone(), text_of(cell).map(|text| text.parse().unwrap()));
        let figures =
            rows.fields.iter().zip(row).filter(|(name, _)| !["ts_code", "trade_date"].contains(&name.as_str()));
        (key, figures.map(figure).collect())
    };
    rows.rows.iter().map(one).collect()
}

#[test]
fn diff_lists_exactly_the_rows_that_one_vendor_lost_or_corrupted() {
    let vendor = Vendor::start(settings());
    let place = place(&vendor);
    place.patiently(&[&["backfill", "stock_daily_cn"], &SESSIONS[..]].concat());
    let ours = by_key(&vendor.market.rows("daily").unwrap());
    let theirs = by_key(&vendor.market.rows("asharehub/market_daily").unwrap());
    let mut expected: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for (key, row) in &ours {
        let Some(other) = theirs.get(key) else {
            expected.insert(key.clone(), BTreeSet::from(["lost".to_owned()]));
            continue;
        };
        // Both vendors have at least four decimals; corrupted values are off by more.
        let differs = |name: &&String| match (row[*name], other[*name]) {
            (Some(a), Some(b)) => (a - b).abs() > 0.000_06,
            (a, b) => a.is_some() != b.is_some(),
        };
        let columns: BTreeSet<String> = other.keys().filter(differs).cloned().collect();
        if !columns.is_empty() {
            expected.insert(key.clone(), columns);
        }
    }
    assert!(theirs.keys().all(|key| ours.contains_key(key)), "AShareHub has a row that Tushare lacks");
    let args = ["diff", "stock_daily_cn", "--between", "tushare,asharehub", "--format", "json", "--now", NOW];
    let printed: Value = serde_json::from_str(&place.expect(0, &args)).unwrap();
    let found: BTreeMap<(String, String), BTreeSet<String>> = printed["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let key = |name: &str| row["key"][name].as_str().unwrap().replace('-', "");
            let columns = match row["what"].as_str().unwrap() {
                "only" => {
                    assert_eq!(row["vendor"], "tushare");
                    BTreeSet::from(["lost".to_owned()])
                }
                _ => row["columns"].as_object().unwrap().keys().cloned().collect(),
            };
            ((key("ts_code"), key("trade_date")), columns)
        })
        .collect();
    assert_eq!(found, expected);
    let lost = expected.values().filter(|columns| columns.contains("lost")).count();
    assert!(lost > 0 && lost < expected.len(), "some rows are lost, some corrupted");
    let counts = &printed["counts"];
    assert_eq!(counts["only"]["tushare"], lost);
    assert_eq!(counts["differ"], expected.len() - lost);
    assert_eq!(counts["same"], ours.len() - expected.len());
    assert_eq!(counts["apart"]["tushare"], 0);
}
