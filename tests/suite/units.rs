//! A backfill in units: in any order and more than once, they are the backfill.

use serde_json::Value;

use crate::support::{NOW, Place, Vendor, settings};

const TABLES: [&str; 4] = ["stock_daily_cn", "income_cn", "suspend_d_cn", "stock_basic_cn"];

fn ids(place: &Place, (start, end): (&str, &str)) -> Vec<String> {
    let args = [&["plan"], &TABLES[..], &["--start", start, "--end", end, "--format", "json", "--now", NOW]].concat();
    let listed: Vec<Value> = serde_json::from_str(&place.expect(0, &args)).unwrap();
    for unit in &listed {
        for key in ["id", "table", "partition", "start", "end"] {
            assert!(unit[key].is_string(), "{key}: {unit}");
        }
    }
    listed.iter().map(|unit| unit["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn units_in_any_order_and_twice_are_the_backfill() {
    let vendor = Vendor::start(settings());
    let whole = Place::with(&vendor);
    whole.patiently(&[&["backfill"], &TABLES[..], &["--start", "2022-11-01", "--end", "2023-02-28"]].concat());
    let place = Place::with(&vendor);
    let ids = ids(&place, ("2022-11-01", "2023-02-28"));
    assert_eq!(
        ids[..2],
        ["stock_daily_cn/year=2022/2022-11-01..2022-12-31", "stock_daily_cn/year=2023/2023-01-01..2023-02-28",]
    );
    assert_eq!(ids.len(), 7, "{ids:?}");
    // The last one first; one of them fetched and built separately.
    for id in ids.iter().rev().chain(&ids[..1]) {
        if id.starts_with("income_cn") {
            place.patiently(&["fetch", "--unit", id]);
            place.expect(0, &["normalize", "--unit", id, "--now", NOW]);
        } else {
            place.patiently(&["backfill", "--unit", id]);
        }
    }
    assert_eq!(place.files("silver"), whole.files("silver"));
}

#[test]
fn a_unit_stands_alone_on_the_command_line() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    for args in [
        &["backfill", "adj_factor", "--unit", "adj_factor/year=2023"][..],
        &["backfill", "--unit", "adj_factor/year=2023", "--start", "2023-01-03"],
        &["backfill", "adj_factor"],
        &["fetch"],
        &["normalize", "--unit", "adj_factor/2023"],
    ] {
        place.expect(2, args);
    }
}
