//! Two vendors of one table on the wire: whose rows are in silver, what goes when one of them goes, and where they
//! disagree.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use pitlake_sandbox::{Rows, Settings};
use serde_json::Value;

use crate::support::{NOW, Place, Row, Vendor, assert_same, day, settings as usual, silver, text_of, truth};

/// Each table with the part of its key that both vendors fill; statements keep every vendor's versions.
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
    ("dividend_cn", &["ts_code", "end_date", "ann_date", "div_proc", "vendor", "revision"]),
];

/// AShareHub has its lists from 2024 on.
fn settings() -> Settings {
    Settings { start: day("2024-01-02"), end: day("2024-02-29"), quota: 0, ..usual() }
}

/// A place that knows both.
fn place(vendor: &Vendor) -> Place {
    let place = Place::with(vendor);
    let account = |name: &str| {
        let url = vendor.server.url_of(name).unwrap();
        format!("[vendors.{name}]\nbase_url = \"{url}\"\npoints = 5000\nrequests_per_minute = 1000000\n")
    };
    place.jobs(&format!("version = 1\n{}{}", account("tushare"), account("asharehub")));
    place
}

/// Periods and announcements around the sessions.
const REPORTS: [&str; 6] = ["--start", "2023-09-01", "--end", "2024-04-30", "--now", NOW];

fn filled(vendor: &Vendor) -> Place {
    let place = place(vendor);
    place.backfill(0, &LATEST.map(|(table, _)| table), &settings());
    place.expect(0, &[&["backfill"], &VERSIONS.map(|(table, _)| table)[..], &REPORTS].concat());
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

/// The lake as it would be without a vendor's bronze, and back.
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

/// Rows of the first, and of the second where the first has none.
fn preferred(first: &[Row], second: &[Row], columns: &[&str]) -> Vec<Row> {
    let known: BTreeSet<Vec<&str>> = first.iter().map(|row| part(row, columns)).collect();
    let more = second.iter().filter(|row| !known.contains(&part(row, columns)));
    let mut rows: Vec<Row> = first.iter().chain(more).cloned().collect();
    rows.sort();
    rows
}

#[test]
fn the_first_vendor_speaks_and_the_other_fills_what_it_lacks() {
    let vendor = Vendor::start(settings());
    let place = filled(&vendor);
    let (both, files) = (all(&place), place.files("silver"));
    // What each vendor says alone, built from the same lake.
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
    assert!(more("hk_hold_cn"), "the southbound holdings are AShareHub's alone");
    for (table, key) in VERSIONS {
        // Every version of each, numbered apart.
        let mut rows = [tushare[table].clone(), asharehub[table].clone()].concat();
        rows.sort();
        assert_eq!(both[table], rows, "{table}");
        let mut key = key.to_vec();
        key.extend(["occurrence"].iter().filter(|column| both[table][0].contains_key(**column)));
        let keys: BTreeSet<_> = rows.iter().map(|row| part(row, &key)).collect();
        assert_eq!(keys.len(), rows.len(), "{table} has a version twice");
    }
    for (table, interface) in [("stock_daily_cn", "daily"), ("moneyflow_cn", "moneyflow")] {
        assert_same(table, tushare[table].clone(), truth(&vendor.market, interface));
    }
    // And with both again, the same bytes.
    place.expect(0, &["normalize", "--now", NOW]);
    assert_eq!(place.files("silver"), files);
    // The order of jobs.toml turns it round, or leaves one out.
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
fn as_of_a_day_each_key_is_told_by_the_first_vendor_that_knew() {
    let vendor = Vendor::start(settings());
    let place = place(&vendor);
    place.expect(0, &[&["backfill", "income_cn"], &REPORTS[..]].concat());
    place.expect(0, &["normalize", "--now", NOW]);
    let rows = silver(&place, "income_cn");
    let mut speakers = BTreeSet::new();
    for as_of in ["2023-11-15", "2024-03-31", "2024-04-29", "2024-06-30", "2026-01-05"] {
        let mut known: BTreeMap<Vec<&str>, Vec<&Row>> = BTreeMap::new();
        for row in rows.iter().filter(|row| row["known_on"].as_str() <= as_of) {
            known.entry(part(row, &["ts_code", "end_date", "report_type"])).or_default().push(row);
        }
        let said = known.into_iter().map(|(key, rows)| {
            let is_known = rows.iter().any(|row| row["vendor"] == "tushare");
            let speaker = if is_known { "tushare" } else { "asharehub" };
            let day = |row: &Row| {
                let announced = &row["announced_on"];
                let day = if announced == "null" { &row["known_on"] } else { announced };
                (day.clone(), row["revision"].parse::<u32>().unwrap())
            };
            let last = rows.into_iter().filter(|row| row["vendor"] == speaker).max_by_key(|row| day(row)).unwrap();
            (key.join(" "), (speaker.to_owned(), last["n_income"].clone()))
        });
        let expected: BTreeMap<String, (String, String)> = said.collect();
        let sql = "select ts_code, end_date, report_type, vendor, n_income from income_cn";
        let answer = place.expect(0, &["query", sql, "--as-of", as_of, "--format", "json"]);
        let answer: Vec<Value> = serde_json::from_str(&answer).unwrap();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
        let told: BTreeMap<String, (String, String)> = answer
            .iter()
            .map(|row| {
                let key = ["ts_code", "end_date", "report_type"].map(|name| text(row, name)).join(" ");
                let income = row["n_income"].as_f64().map_or("null".to_owned(), |value| format!("{value:?}"));
                (key, (text(row, "vendor"), income))
            })
            .collect();
        assert_eq!(told.len(), answer.len(), "{as_of}: a key twice");
        assert_eq!(told, expected, "{as_of}");
        speakers.extend(told.into_values().map(|(vendor, _)| vendor));
    }
    assert_eq!(speakers.len(), 2, "each of them speaks");
}

/// Rows of the market by security and day (without hyphens), values by column.
fn by_key(rows: &Rows) -> BTreeMap<(String, String), BTreeMap<&'static str, Option<f64>>> {
    let place = |name: &str| rows.fields.iter().position(|field| *field == name).unwrap();
    let (code, date) = (place("ts_code"), place("trade_date"));
    let one = |row: &Vec<_>| {
        let key = (text_of(&row[code]).unwrap().to_owned(), text_of(&row[date]).unwrap().replace('-', ""));
        let figure = |(name, cell): (&&'static str, _)| (*name, text_of(cell).map(|text| text.parse().unwrap()));
        let figures = rows.fields.iter().zip(row).filter(|(name, _)| !["ts_code", "trade_date"].contains(*name));
        (key, figures.map(figure).collect())
    };
    rows.rows.iter().map(one).collect()
}

#[test]
fn a_diff_names_every_row_that_one_vendor_lost_or_spoiled_and_no_other() {
    let vendor = Vendor::start(settings());
    let place = place(&vendor);
    place.backfill(0, &["stock_daily_cn"], &settings());
    let ours = by_key(&vendor.market.rows("daily").unwrap());
    let theirs = by_key(&vendor.market.rows("asharehub/market_daily").unwrap());
    let mut expected: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for (key, row) in &ours {
        let Some(other) = theirs.get(key) else {
            expected.insert(key.clone(), BTreeSet::from(["lost".to_owned()]));
            continue;
        };
        // Both spell to the fourth place at least; what is spoiled is off by more.
        let differs = |name: &&str| match (row[*name], other[*name]) {
            (Some(a), Some(b)) => (a - b).abs() > 0.000_06,
            (a, b) => a.is_some() != b.is_some(),
        };
        let columns: BTreeSet<String> = other.keys().copied().filter(|n| differs(n)).map(str::to_owned).collect();
        if !columns.is_empty() {
            expected.insert(key.clone(), columns);
        }
    }
    assert!(theirs.keys().all(|key| ours.contains_key(key)), "AShareHub makes none up");
    let args = ["diff", "stock_daily_cn", "--between", "tushare,asharehub", "--format", "json", "--now", NOW];
    let said: Value = serde_json::from_str(&place.expect(0, &args)).unwrap();
    let told: BTreeMap<(String, String), BTreeSet<String>> = said["differences"]
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
    assert_eq!(told, expected);
    let lost = expected.values().filter(|columns| columns.contains("lost")).count();
    assert!(lost > 0 && lost < expected.len(), "some are lost, some are spoiled");
    let counts = &said["counts"];
    assert_eq!(counts["only"]["tushare"], lost);
    assert_eq!(counts["differ"], expected.len() - lost);
    assert_eq!(counts["same"], ours.len() - expected.len());
    assert_eq!(counts["apart"]["tushare"], 0);
}
