//! Statements and indicators: silver has every version that the sandbox shows, by period and by security; and what a
//! backfill costs.

use chrono::NaiveDate;
use pitlake_sandbox::Settings;

use crate::documented;
use crate::reader::{INCOME, INDICATORS, Reader, Rules};
use crate::support::{DAILY, NOW, Place, Vendor, assert_same, day, settings, silver};

/// The quarter ends of the market in [`settings`], and of the year before.
fn periods() -> Vec<NaiveDate> {
    ["2021-12-31", "2022-03-31", "2022-06-30", "2022-09-30", "2022-12-31"].map(day).to_vec()
}

const RANGE: [&str; 6] = ["--start", "2021-12-01", "--end", "2022-12-31", "--now", NOW];

fn assert_versions(place: &Place, vendor: &Vendor, table: &str, rules: &Rules, only: &[NaiveDate]) {
    let mut reader = Reader::new(rules, &vendor.market);
    // Without an epoch the vendor has published everything.
    reader.look(&vendor.market, NOW.parse().unwrap(), only);
    let mut rows = silver(place, table);
    rows.retain(|row| only.contains(&day(&row["end_date"])));
    assert_same(table, rows, reader.versions());
}

#[test]
fn every_version_by_period() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    place.expect(0, &[&["backfill", "income_cn", "fina_indicator_cn"], &RANGE[..]].concat());
    assert_versions(&place, &vendor, "income_cn", &INCOME, &periods());
    assert_versions(&place, &vendor, "fina_indicator_cn", &INDICATORS, &periods());
    assert!(place.files("bronze/tushare/income_cn").keys().all(|path| path.contains("/end_date=")));
    // Again: nothing is fetched, and silver is rebuilt with the same bytes.
    let (calls, before) = (vendor.calls(), place.files("silver"));
    place.expect(0, &[&["backfill", "income_cn", "fina_indicator_cn"], &RANGE[..]].concat());
    assert_eq!(vendor.calls(), calls);
    std::fs::remove_dir_all(place.path("data/silver")).unwrap();
    place.expect(0, &["normalize", "--now", NOW]);
    assert_eq!(place.files("silver"), before);
}

#[test]
fn every_version_by_security_for_an_account_with_fewer_points() {
    let settings = Settings { points: 2000, ..settings() };
    let vendor = Vendor::start(settings.clone());
    let place = Place::of(&vendor, &[vendor.account("tushare", "points = 2000")]);
    place.expect(0, &[&["backfill", "income_cn", "fina_indicator_cn", "limit_list_cn"], &RANGE[..]].concat());
    assert_versions(&place, &vendor, "income_cn", &INCOME, &periods());
    assert_versions(&place, &vendor, "fina_indicator_cn", &INDICATORS, &periods());
    let bronze = place.files("bronze/tushare/income_cn");
    assert_eq!(bronze.len(), 1, "securities share a file: {:?}", bronze.keys());
    assert!(place.files("bronze/tushare/limit_list_cn").keys().all(|path| path.contains("/limit_list_2")));
    let calls = vendor.calls();
    place.expect(0, &[&["backfill", "income_cn", "fina_indicator_cn"], &RANGE[..]].concat());
    assert_eq!(vendor.calls(), calls, "a security is held up to the day of its fetch");
}

#[test]
fn a_cap_below_the_documented_ones_loses_no_version() {
    let settings = Settings { cap: Some(7), ..settings() };
    let vendor = Vendor::start(settings);
    let place = Place::with(&vendor);
    place.expect(0, &[&["backfill", "income_cn", "fina_indicator_cn"], &RANGE[..]].concat());
    assert_versions(&place, &vendor, "income_cn", &INCOME, &periods());
    assert_versions(&place, &vendor, "fina_indicator_cn", &INDICATORS, &periods());
}

#[test]
fn a_job_may_name_other_report_types() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    place.expect(0, &[&["backfill", "income_cn"], &RANGE[..]].concat());
    let kinds = |place: &Place| -> Vec<String> {
        let mut kinds: Vec<String> = silver(place, "income_cn").iter().map(|row| row["report_type"].clone()).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    };
    assert_eq!(kinds(&place), ["1"]);
    let job = "[jobs.reports]\ntables = [\"income_cn\"]\nreport_types = [\"1\", \"2\", \"4\"]";
    place.accounts(&[vendor.account("tushare", &format!("points = 5000\n{job}"))]);
    // The periods held were fetched without the new types, so they are fetched again.
    place.expect(0, &[&["backfill", "income_cn"], &RANGE[..]].concat());
    assert_eq!(kinds(&place), ["1", "2", "4"]);
    assert_versions_of_1(&place, &vendor);
}

fn assert_versions_of_1(place: &Place, vendor: &Vendor) {
    let mut reader = Reader::new(&INCOME, &vendor.market);
    reader.look(&vendor.market, NOW.parse().unwrap(), &periods());
    let mut rows = silver(place, "income_cn");
    rows.retain(|row| row["report_type"] == "1");
    assert_same("income_cn", rows, reader.versions());
}

#[test]
fn a_query_as_of_a_day_sees_what_was_known() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    place.backfill(0, &["stock_daily_cn", "margin_detail_cn"], &settings());
    place.expect(0, &[&["backfill", "income_cn"], &RANGE[..]].concat());
    let mut reader = Reader::new(&INCOME, &vendor.market);
    reader.look(&vendor.market, NOW.parse().unwrap(), &periods());
    let sql = "select ts_code, end_date, n_income from income_cn";
    for as_of in ["2022-03-01", "2022-05-01", "2022-12-31", "2026-01-05"] {
        let printed = place.expect(0, &["query", sql, "--as-of", as_of, "--format", "json"]);
        let printed: Vec<serde_json::Value> = serde_json::from_str(&printed).unwrap();
        let figure = |row: &serde_json::Value| match &row["n_income"] {
            serde_json::Value::Null => "null".to_owned(),
            value => format!("{:?}", value.as_f64().unwrap()),
        };
        let key = |row: &serde_json::Value| {
            format!("{} {}", row["ts_code"].as_str().unwrap(), row["end_date"].as_str().unwrap())
        };
        let printed: std::collections::BTreeMap<String, String> =
            printed.iter().map(|row| (key(row), figure(row))).collect();
        assert_eq!(printed, reader.as_of(as_of, "n_income"), "{as_of}");
    }
    // Bars are known on their day, a Friday here; margin trading the next morning, a Saturday and a Tuesday.
    for (table, as_of, last) in [
        ("stock_daily_cn", "2023-01-08", "2023-01-06"),
        ("margin_detail_cn", "2023-01-09", "2023-01-06"),
        ("margin_detail_cn", "2023-01-10", "2023-01-09"),
    ] {
        let sql = format!("select max(trade_date) as last from {table}");
        let answer = place.expect(0, &["query", &sql, "--as-of", as_of, "--format", "json"]);
        assert_eq!(answer.trim(), format!(r#"[{{"last":"{last}"}}]"#), "{table} as of {as_of}");
    }
}

#[test]
fn a_dry_run_estimates_calls_and_partitions() {
    let settings = settings();
    let vendor = Vendor::start(settings.clone());
    let place = Place::with(&vendor);
    place.expect(0, &["fetch", "trade_cal", "stock_basic_cn", "--now", NOW]);
    let tables = [&DAILY[..], &["income_cn", "fina_indicator_cn", "limit_list_cn"]].concat();
    let before = vendor.calls();
    let price = place.backfill(0, &[&tables[..], &["--dry-run", "--format", "json"]].concat(), &settings);
    assert_eq!(vendor.calls(), before, "a dry run called");
    assert!(place.files("silver").is_empty(), "a dry run built");
    let price: serde_json::Value = serde_json::from_str(&price).unwrap();
    place.backfill(0, &tables, &settings);
    let (printed, made) = (price["calls"].as_u64().unwrap(), vendor.calls() - before);
    assert!(printed.abs_diff(made) * 20 <= made, "{printed} calls estimated, {made} made");
    for table in &tables {
        let printed: Vec<&str> =
            price["partitions"][table].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let built = place.files(&format!("silver/{table}"));
        let built: Vec<&str> = built.keys().map(|path| path.split('/').nth(2).unwrap()).collect();
        assert_eq!(printed, built, "{table}");
    }
}

#[test]
fn a_range_before_all_history_makes_no_call() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    let args = ["backfill", "income_cn", "--start", "1990-01-01", "--end", "1991-12-31", "--now", NOW];
    let report = place.expect(0, &[&args[..], &["--format", "json"]].concat());
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["calls"].get("tushare/income"), None, "{report}");
}

#[test]
fn more_points_fetch_days_again_from_the_better_interface() {
    let small = Settings { points: 2000, end: settings().start + chrono::Days::new(20), ..settings() };
    let vendor = Vendor::start(Settings { points: 5000, ..small.clone() });
    let place = Place::with(&vendor);
    let points = |points: u32| {
        place.accounts(&[vendor.account("tushare", &format!("points = {points}"))]);
    };
    points(2000);
    place.backfill(0, &["limit_list_cn"], &small);
    assert!(silver(&place, "limit_list_cn").iter().all(|row| row["limit"] != "Z"));
    points(5000);
    place.backfill(0, &["limit_list_cn"], &small);
    assert_same(
        "limit_list_cn",
        silver(&place, "limit_list_cn"),
        documented::tushare(&vendor.market, "limit_list_d", None),
    );
    let calls = vendor.calls();
    points(2000);
    place.backfill(0, &["limit_list_cn"], &small);
    assert_eq!(vendor.calls(), calls, "days from the better interface are held");
}

#[test]
fn without_a_list_of_securities_nothing_is_asked_and_a_note_tells_why() {
    let vendor = Vendor::start(Settings { points: 120, ..settings() });
    let place = Place::of(&vendor, &[vendor.account("tushare", "points = 120")]);
    let days: Vec<String> = (1..=31).map(|day| format!("SSE,202212{day:02},1,\n")).collect();
    std::fs::write(place.path("cal.csv"), format!("exchange,cal_date,is_open,pretrade_date\n{}", days.concat()))
        .unwrap();
    place.expect(0, &["import", "--interface", "tushare/trade_cal", "cal.csv", "--now", NOW]);
    let args = ["backfill", "income_cn", "--start", "2022-12-01", "--end", "2022-12-31", "--now", NOW];
    let printed = place.expect(5, &args);
    assert!(
        printed.contains(
            "no list of securities in the lake, so what to ask for is unknown: fetch or import `stock_basic_cn`"
        ),
        "{printed}"
    );
}
