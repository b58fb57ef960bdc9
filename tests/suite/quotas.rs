//! Calls that a vendor counts by the day, and refusals on the way: a run stops in good order, and the next one goes on.

use std::collections::BTreeSet;

use pitlake_sandbox::Settings;
use serde_json::Value;

use crate::support::{NOW, Place, Row, Vendor, day, settings as usual, silver, text_of};

const TABLES: [&str; 2] = ["stock_daily_cn", "moneyflow_cn"];

fn settings() -> Settings {
    Settings { start: day("2024-01-02"), end: day("2024-02-29"), quota: 0, ..usual() }
}

/// AShareHub's account, with so many calls a day if not 0.
fn account(place: &Place, vendor: &Vendor, a_day: u32) {
    let quota = if a_day > 0 { format!("requests_per_day = {a_day}\n") } else { String::new() };
    let url = vendor.server.url_of("asharehub").unwrap();
    place.jobs(&format!(
        "version = 1\n[vendors.asharehub]\nbase_url = \"{url}\"\nrequests_per_minute = 1000000\n{quota}"
    ));
}

fn evening(number: u64) -> String {
    format!("{}T12:00:00Z", day("2026-01-05") + chrono::Days::new(number))
}

/// One day's backfill; the exit code and the report.
fn backfill(place: &Place, now: &str) -> (i32, Value) {
    let settings = settings();
    let (start, end) = (settings.start.to_string(), settings.end.to_string());
    let rest = ["--start", &start, "--end", &end, "--now", now, "--format", "json"];
    let output = place.run(&[&["backfill"], &TABLES[..], &rest].concat());
    let said = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}\n{error}")))
}

fn rows(place: &Place) -> Vec<Vec<Row>> {
    let sorted = |table| {
        let mut rows = silver(place, table);
        rows.sort();
        rows
    };
    TABLES.into_iter().map(sorted).collect()
}

/// Calls for the days of the tables: the masters have a snapshot each day.
fn asked(vendors: &[&Vendor]) -> u64 {
    let of = |vendor: &&Vendor| {
        let calls = vendor.server.calls();
        ["asharehub/market_daily", "asharehub/flows_moneyflow"].map(|name| calls.get(name).copied().unwrap_or(0))
    };
    vendors.iter().flat_map(of).sum()
}

/// What it takes without a quota, and what comes of it.
fn at_one_go() -> (u64, Vec<Vec<Row>>) {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    account(&place, &vendor, 0);
    assert_eq!(backfill(&place, NOW).0, 0);
    (asked(&[&vendor]), rows(&place))
}

#[test]
fn a_quota_of_ones_own_stops_a_run_and_the_next_day_goes_on() {
    let (least, whole) = at_one_go();
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    account(&place, &vendor, 25);
    let mut days = 0;
    loop {
        let before = vendor.calls();
        let now = evening(days);
        let price = ["--start", "2024-01-02", "--end", "2024-02-29", "--now", &now];
        let said = place.expect(0, &[&["plan"], &TABLES[..], &price].concat());
        assert!(said.contains("quota of asharehub: 25 calls a day, 0 made today"), "{said}");
        let too_many = said.contains("asharehub: more calls than the day's quota leaves");
        let (code, report) = backfill(&place, &now);
        let made = vendor.calls() - before;
        assert!(made <= 25, "{made} calls on day {days}");
        assert_eq!(report["calls"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum::<u64>(), made);
        days += 1;
        if code == 0 {
            break;
        }
        assert!(too_many, "the plan did not warn: {said}");
        assert_eq!((code, made), (6, 25));
        assert!(report["tables"].to_string().contains("requests_per_day"), "{report}");
        // The same day: nothing is left, and nobody is asked.
        let before = vendor.calls();
        assert_eq!(backfill(&place, &now).0, 6);
        assert_eq!(vendor.calls(), before);
        assert!(days < 10, "no end");
    }
    assert!(days > 2, "{days} days are no test");
    assert_eq!(rows(&place), whole);
    // What proves an end may be asked once more each day.
    let made = asked(&[&vendor]);
    assert!((least..=least + 2 * days).contains(&made), "{made} calls in {days} days, {least} at one go");
}

#[test]
fn the_vendors_own_word_on_the_day_is_taken_and_nobody_hammers() {
    let (least, whole) = at_one_go();
    let quota = 30;
    let spent = Vendor::start(Settings { quota, ..settings() });
    let place = Place::with(&spent);
    account(&place, &spent, 0);
    let (code, report) = backfill(&place, &evening(0));
    assert_eq!(code, 6);
    assert!(report["tables"].to_string().contains("Daily request limit exceeded"), "{report}");
    // Calls under way when the first refusal came are refused too; none is tried again.
    let made = spent.calls();
    let quota = u64::from(quota);
    assert!((quota + 1..=quota + 16).contains(&made), "{made} calls of {quota}");
    // Once more on that day: one refusal is enough.
    assert_eq!(backfill(&place, &evening(0)).0, 6);
    assert!(spent.calls() - made <= 16, "{} calls more", spent.calls() - made);
    // The next day there are calls again: what is held is not asked.
    let refused = spent.calls() - quota;
    let fresh = Vendor::start(settings());
    account(&place, &fresh, 0);
    assert_eq!(backfill(&place, &evening(1)).0, 0);
    assert_eq!(rows(&place), whole);
    let made = asked(&[&spent, &fresh]);
    assert!((least..=least + refused + 4).contains(&made), "{made} calls, {refused} refused, {least} at one go");
}

/// A place that knows Tushare for its universe, and another vendor.
fn with_universe(vendor: &Vendor, name: &str, more: &str) -> Place {
    let place = Place::with(vendor);
    let account = |name: &str| {
        let url = vendor.server.url_of(name).unwrap();
        format!("[vendors.{name}]\nbase_url = \"{url}\"\npoints = 5000\nrequests_per_minute = 1000000\n")
    };
    place.jobs(&format!("version = 1\n{}{}{more}", account("tushare"), account(name)));
    place
}

#[test]
fn what_f10_asks_to_wait_for_is_waited_for() {
    let tables = ["f10_earnings_event"];
    let few = Settings { stocks: 12, start: day("2023-01-02"), end: day("2023-02-28"), ..usual() };
    let run = |faults: u32| {
        let vendor = Vendor::start(Settings { faults, ..few.clone() });
        let place = with_universe(&vendor, "f10", "");
        place.backfill(0, &tables, &few);
        let mut rows = silver(&place, tables[0]);
        rows.sort();
        (vendor.server.calls()["f10/earnings_price_history"], rows)
    };
    let (least, calm) = run(0);
    // Every third call goes wrong, a 429 with Retry-After among the seven ways.
    let (made, rough) = run(3);
    assert!(!calm.is_empty());
    assert_eq!(calm, rough);
    assert!((least + 2..=2 * least + 2).contains(&made), "{made} calls, {least} when nothing goes wrong");
}

#[test]
fn one_security_that_alphafin_does_not_know_does_not_hide_its_neighbours() {
    let few = Settings { start: day("2022-11-01"), ..usual() };
    let vendor = Vendor::start(few.clone());
    let table = "alphafin_income_statement";
    // Those that report, by code.
    let statements = vendor.market.rows("income").unwrap();
    let codes: BTreeSet<String> = statements.rows.iter().filter_map(|row| Some(text_of(&row[0])?.to_owned())).collect();
    let (beijing, others): (Vec<String>, Vec<String>) =
        codes.into_iter().partition(|code| code.rsplit('.').next() == Some("BJ"));
    // Ten go into one call: one of them is Beijing's.
    let symbols: Vec<String> = others.iter().take(9).chain(&beijing[..1]).cloned().collect();
    let place =
        with_universe(&vendor, "alphafin", &format!("[jobs.a]\ntables = [\"{table}\"]\nsymbols = {symbols:?}\n"));
    let said = place.backfill(0, &[table, "--format", "json"], &few);
    let report: Value = serde_json::from_str(&said).unwrap();
    let notes = report["tables"][table]["notes"].to_string();
    assert!(notes.contains(&format!("the vendor knows no {}", beijing[0])), "{report}");
    assert!(others.iter().all(|code| !notes.contains(code)), "{notes}");
    let rows = silver(&place, table);
    let there: BTreeSet<&str> = rows.iter().map(|row| row["ts_code"].as_str()).collect();
    assert_eq!(there, others.iter().take(9).map(String::as_str).collect());
    // Three periods of two sorts of books, in eight windows of five years. Ten are refused, then halves of five, of three
    // and two, and the one that is alone; five, two, one and one are answered.
    let calls = vendor.server.calls()["alphafin/income_statement"];
    assert_eq!(calls, 4 * (3 * 2 * 8) + 5);
    // What is not known today is not asked for once more today.
    place.backfill(0, &[table], &few);
    assert_eq!(vendor.server.calls()["alphafin/income_statement"], calls);
}
