//! Compares silver with what the vendor has, and with what `status` reports.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use chrono::NaiveDate;
use serde_json::Value;
use serde_json::value::RawValue;

use super::kinds::LIARS;
use crate::documented::{self, covers};
use crate::support::{Place, Row, Vendor, assert_same, day, silver, text_of};

/// The tables of the interfaces, whether it is known who must have a row, and the day column.
const TABLES: [(&str, bool, &str); 5] = [
    ("stock_daily_cn", true, "trade_date"),
    ("stock_daily_basic_cn", true, "trade_date"),
    ("adj_factor", true, "trade_date"),
    ("income_cn", false, "end_date"),
    ("stk_holdertrade_cn", false, "ann_date"),
];

/// The table with no other information about its rows: if every answer to a day loses a row, nobody can know.
const EVENTS: &str = "stk_holdertrade_cn";

/// Columns that are not figures and may be filled by another row of the key.
const LABELS: [&str; 4] = ["update_flag", "comp_type", "end_type", "vendor"];

/// Fields that identify a row of it.
const IDENTITY: [&str; 5] = ["ts_code", "ann_date", "holder_name", "in_de", "change_vol"];

/// The rows in bronze's answers, including lies. A row that no kept answer showed is unknown.
pub(super) struct Kept(BTreeSet<String>);

impl Kept {
    pub(super) fn of(place: &Place) -> Self {
        let mut kept = BTreeSet::new();
        for body in place.files("bronze/tushare/stk_holdertrade_cn").values() {
            let mut lines = String::new();
            flate2::bufread::MultiGzDecoder::new(body.as_slice()).read_to_string(&mut lines).unwrap();
            for line in lines.lines() {
                let row: BTreeMap<String, Box<RawValue>> = serde_json::from_str(line).unwrap();
                kept.insert(identity(|name| Some(row.get(name)?.get().trim_matches('"'))));
            }
        }
        Self(kept)
    }
}

fn identity<'a>(cell: impl Fn(&str) -> Option<&'a str>) -> String {
    IDENTITY.map(|name| cell(name).filter(|text| *text != "null").unwrap_or_default()).join("|")
}

/// The rows of an interface in silver's units, each with its identity on the wire.
fn truth(vendor: &Vendor, interface: &str) -> Vec<(Row, String)> {
    let raw = vendor.market.rows(interface).unwrap();
    let identities = raw.rows.iter().map(|row| {
        let place = |name: &str| raw.fields.iter().position(|field| field == name);
        identity(|name| text_of(&row[place(name)?]))
    });
    let rows = documented::tushare(&vendor.market, interface, None);
    let mut rows: Vec<(Row, String)> = rows.into_iter().zip(identities).collect();
    rows.retain(|(row, _)| row.get("report_type").is_none_or(|kind| kind == "1"));
    rows
}

/// The days requested for a table.
fn asked(table: &str, (first, last): (NaiveDate, NaiveDate)) -> (NaiveDate, NaiveDate) {
    // A period can be requested once it has ended.
    if table == "income_cn" { (day(super::FIRST_PERIOD), last.pred_opt().unwrap()) } else { (first, last) }
}

/// What `status` reports for some tables.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// What is wrong, by table and day.
    days: BTreeMap<(String, NaiveDate), Vec<String>>,
    /// Slices by state that are neither held nor due.
    open: BTreeMap<String, u64>,
}

impl Named {
    pub(super) fn of(place: &Place, tables: &[&str], now: &str) -> Self {
        let mut named = Self::default();
        let args = [&["status"], tables, &["--now", now]].concat();
        for line in place.expect(0, &[&args[..], &["--holes"]].concat()).lines() {
            let mut words = line.splitn(3, ' ');
            if let [Some(table), Some(first), Some(what)] = [(); 3].map(|()| words.next())
                && let Ok(first) = first.parse::<NaiveDate>()
            {
                // A single day, or a range as in `2024-01-02 to 2024-01-04 (3 sessions) missing`.
                let (last, what) = match what.strip_prefix("to ").and_then(|stretch| stretch.split_once(" (")) {
                    Some((last, rest)) => (day(last), rest.split_once(") ").unwrap().1),
                    None => (first, what),
                };
                for on in first.iter_days().take_while(|on| *on <= last) {
                    named.add(table, on, what);
                }
            }
        }
        let printed = place.expect(0, &[&args[..], &["--format", "json"]].concat());
        let status: Vec<Value> = serde_json::from_str(&printed).unwrap();
        for one in &status {
            let table = one["table"].as_str().unwrap();
            for (state, count) in one["slices"].as_object().unwrap() {
                if !["held", "due"].contains(&state.as_str()) {
                    *named.open.entry(state.clone()).or_default() += count.as_u64().unwrap();
                }
            }
            for due in one["due"].as_array().unwrap() {
                named.add(table, day(due.as_str().unwrap()), "due");
            }
            for late in one["late"].as_array().unwrap() {
                named.add(table, day(late.as_str().unwrap()), "late");
            }
            for one in one["lacking"].as_array().unwrap() {
                let Some(on) = one["day"].as_str() else { continue };
                if one["more"] != 0 {
                    named.add(table, day(on), "more");
                }
            }
        }
        named
    }

    fn add(&mut self, table: &str, day: NaiveDate, what: &str) {
        self.days.entry((table.to_owned(), day)).or_default().push(what.to_owned());
    }

    /// Whether everything is held, or due because it has not settled.
    pub(super) fn is_held(&self) -> bool {
        self.open.values().all(|count| *count == 0) && self.days.values().flatten().all(|what| what == "due")
    }

    /// Whether it is reported that a row is missing or wrong.
    fn names(&self, (table, is_known): (&str, bool), day: NaiveDate, code: &str) -> bool {
        let all = self.days.get(&(table.to_owned(), day)).map_or(&[][..], Vec::as_slice);
        all.iter().any(|what| match what.as_str() {
            // To be requested again. If it is known who must have a row, this does not report anyone.
            "due" => !is_known,
            "missing" | "late" | "more" => true,
            other => other.starts_with("damaged") || other.starts_with("failed") || other.contains(code),
        })
    }
}

/// The vendor's rows that silver lacks or has with other figures, without any report about them.
pub(super) fn unnamed(
    vendor: &Vendor,
    place: &Place,
    days: (NaiveDate, NaiveDate),
    (named, kept): (&Named, &Kept),
) -> Vec<String> {
    let mut unnamed = Vec::new();
    for ((table, is_known, column), (interface, ..)) in TABLES.into_iter().zip(LIARS) {
        let (first, last) = asked(table, days);
        let mut held: BTreeMap<(String, String), Vec<Row>> = BTreeMap::new();
        for row in silver(place, table) {
            held.entry((row["ts_code"].clone(), row[column].clone())).or_default().push(row);
        }
        for (row, identity) in truth(vendor, interface) {
            let Ok(on) = row[column].parse::<NaiveDate>() else { continue };
            let key = (row["ts_code"].clone(), row[column].clone());
            let is_held = held.get(&key).is_some_and(|held| held.iter().any(|one| holds(one, &row)));
            if (first..=last).contains(&on)
                && !is_held
                && (table != EVENTS || kept.0.contains(&identity))
                && !named.names((table, is_known), on, &row["ts_code"])
            {
                unnamed.push(format!("{table} {on} {}: {row:?}, silver has {:?}", row["ts_code"], held.get(&key)));
            }
        }
    }
    unnamed
}

/// Whether a row in silver is one of the vendor's.
fn holds(held: &Row, shown: &Row) -> bool {
    shown.iter().all(|(name, value)| LABELS.contains(&name.as_str()) || covers(&held[name], value))
}

/// The rows in silver for the same security and period.
fn of_key<'a>(held: &'a [Row], row: &Row) -> Vec<&'a Row> {
    held.iter().filter(|held| ["ts_code", "end_date"].iter().all(|key| held.get(*key) == row.get(*key))).collect()
}

/// Checks that silver holds what the vendor has and, for tables without versions, nothing else.
pub(super) fn assert_true(vendor: &Vendor, place: &Place, days: (NaiveDate, NaiveDate), what: &str) {
    let kept = Kept::of(place);
    for ((table, is_known, column), (interface, ..)) in TABLES.into_iter().zip(LIARS) {
        let (first, last) = asked(table, days);
        let is_asked = |row: &Row| row[column].parse().is_ok_and(|day: NaiveDate| (first..=last).contains(&day));
        let mut rows = truth(vendor, interface);
        rows.retain(|(row, _)| is_asked(row));
        let mut held = silver(place, table);
        held.retain(is_asked);
        if is_known {
            assert_same(&format!("{what}: {table}"), held, rows.into_iter().map(|(row, _)| row).collect());
            continue;
        }
        // All versions that were ever shown stay.
        for (row, identity) in &rows {
            let is_held = held.iter().any(|held| holds(held, row));
            // Announcement days are not requested again once they have settled.
            let may_lack = table == EVENTS && !kept.0.contains(identity);
            assert!(is_held || may_lack, "{what}: {table} lacks {row:?}\nof {:#?}", of_key(&held, row));
        }
    }
}
