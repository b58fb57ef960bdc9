//! Daily quotas and refusals: a run stops without losing anything, and the next one continues.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use pitlake_sandbox::Settings;
use serde_json::Value;

use crate::support::{NOW, Place, Row, Vendor, day, settings as usual, silver, text_of};

const TABLES: [&str; 2] = ["stock_daily_cn", "moneyflow_cn"];

fn settings() -> Settings {
    Settings { start: day("2024-01-02"), end: day("2024-02-29"), quota: 0, ..usual() }
}

/// Writes AShareHub's account with a daily quota, or without one if it is 0.
fn account(place: &Place, vendor: &Vendor, a_day: u32) {
    let quota = if a_day > 0 { format!("requests_per_day = {a_day}\n") } else { String::new() };
    place.accounts(&[vendor.account("asharehub", &quota)]);
}

fn evening(number: u64) -> String {
    format!("{}T12:00:00Z", day("2026-01-05") + chrono::Days::new(number))
}

/// Runs a backfill on a day; returns its exit code and report.
fn backfill(place: &Place, now: &str) -> (i32, Value) {
    let settings = settings();
    let (start, end) = (settings.start.to_string(), settings.end.to_string());
    let rest = ["--start", &start, "--end", &end, "--now", now, "--format", "json"];
    let output = place.run(&[&["backfill"], &TABLES[..], &rest].concat());
    let printed = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    (output.status.code().unwrap(), serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{printed}\n{error}")))
}

fn rows(place: &Place) -> Vec<Vec<Row>> {
    let sorted = |table| {
        let mut rows = silver(place, table);
        rows.sort();
        rows
    };
    TABLES.into_iter().map(sorted).collect()
}

/// Calls for the two tables; those for calendars and lists are made again each day.
fn asked(vendors: &[&Vendor]) -> u64 {
    let of = |vendor: &&Vendor| {
        let calls = vendor.server.calls();
        ["asharehub/market_daily", "asharehub/flows_moneyflow"].map(|name| calls.get(name).copied().unwrap_or(0))
    };
    vendors.iter().flat_map(of).sum()
}

/// The number of calls without a quota, and the rows.
fn without_quota() -> (u64, Vec<Vec<Row>>) {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    account(&place, &vendor, 0);
    assert_eq!(backfill(&place, NOW).0, 0);
    (asked(&[&vendor]), rows(&place))
}

#[test]
fn a_configured_quota_stops_a_run_and_the_next_day_continues() {
    let (least, whole) = without_quota();
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    account(&place, &vendor, 25);
    let mut days = 0;
    loop {
        let before = vendor.calls();
        let now = evening(days);
        let price = ["--start", "2024-01-02", "--end", "2024-02-29", "--now", &now];
        let printed = place.expect(0, &[&["plan"], &TABLES[..], &price].concat());
        assert!(printed.contains("quota of asharehub: 25 calls a day, 0 used today"), "{printed}");
        let too_many = printed.contains("asharehub: the calls exceed what is left of today's quota");
        let (code, report) = backfill(&place, &now);
        let made = vendor.calls() - before;
        assert!(made <= 25, "{made} calls on day {days}");
        assert_eq!(report["calls"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum::<u64>(), made);
        days += 1;
        if code == 0 {
            break;
        }
        assert!(too_many, "the plan did not warn: {printed}");
        assert_eq!((code, made), (6, 25));
        assert!(report["tables"].to_string().contains("requests_per_day"), "{report}");
        // No calls are left on the same day, and none is made.
        let before = vendor.calls();
        assert_eq!(backfill(&place, &now).0, 6);
        assert_eq!(vendor.calls(), before);
        assert!(days < 10, "no end");
    }
    assert!(days > 2, "{days} days are too few to test");
    assert_eq!(rows(&place), whole);
    // The page that proves an end may be requested again each day.
    let made = asked(&[&vendor]);
    assert!((least..=least + 2 * days).contains(&made), "{made} calls in {days} days, {least} without a quota");
}

/// Was: a run that waited for another one spent the quota that the other had already spent.
#[test]
fn a_run_that_waited_counts_what_was_sent_meanwhile() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    account(&place, &vendor, 40);
    let lease = place.path("data/leases/fetch-asharehub.json");
    fs::create_dir_all(lease.parent().unwrap()).unwrap();
    fs::write(&lease, r#"{"host":"another-host","pid":1,"until":"2999-01-01T00:00:00Z"}"#).unwrap();
    let args = ["backfill", "stock_daily_cn", "--start", "2024-01-02", "--end", "2024-02-29", "--now", NOW, "--wait"];
    let mut waits = place.command(&args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut logged = BufReader::new(waits.stderr.take().unwrap()).lines();
    assert!(logged.any(|line| line.unwrap().contains("waiting: another run holds the lease")));
    // All but one of the day's calls.
    let report = r#"{"run":"a","program":"pitlake","command":"run","jobs":[],"started":"2026-01-05T11:59:00Z","exit":0,
        "calls":{"asharehub/market_daily":39},"tables":{},"error":null}"#;
    fs::write(place.path("data/runs/20260105T115900000Z.json"), report).unwrap();
    fs::remove_file(&lease).unwrap();
    logged.for_each(drop);
    assert_eq!(waits.wait().unwrap().code(), Some(6));
    assert_eq!(vendor.calls(), 1);
}

#[test]
fn a_vendors_daily_limit_stops_a_run_without_retries() {
    let (least, whole) = without_quota();
    let quota = 30;
    let spent = Vendor::start(Settings { quota, ..settings() });
    let place = Place::with(&spent);
    account(&place, &spent, 0);
    let (code, report) = backfill(&place, &evening(0));
    assert_eq!(code, 6);
    assert!(report["tables"].to_string().contains("Daily request limit exceeded"), "{report}");
    // Calls already sent when the first refusal arrived are refused as well; none is retried.
    let made = spent.calls();
    let quota = u64::from(quota);
    assert!((quota + 1..=quota + 16).contains(&made), "{made} calls of {quota}");
    // A second run on that day stops at its first refusals.
    assert_eq!(backfill(&place, &evening(0)).0, 6);
    assert!(spent.calls() - made <= 16, "{} calls more", spent.calls() - made);
    // The next day has a new quota, and what is held is not requested again.
    let refused = spent.calls() - quota;
    let fresh = Vendor::start(settings());
    account(&place, &fresh, 0);
    assert_eq!(backfill(&place, &evening(1)).0, 0);
    assert_eq!(rows(&place), whole);
    let made = asked(&[&spent, &fresh]);
    assert!((least..=least + refused + 4).contains(&made), "{made} calls, {refused} refused, {least} without a quota");
}

/// A place with an account at Tushare, for its list of securities, and one at another vendor.
fn with_universe(vendor: &Vendor, name: &str, more: &str) -> Place {
    Place::of(vendor, &[vendor.account("tushare", "points = 5000"), vendor.account(name, more)])
}

#[test]
fn retry_after_of_f10_is_respected() {
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
    let (least, undisturbed) = run(0);
    // Every third call fails in one of seven ways, of which one is a 429 with Retry-After.
    let (made, faulty) = run(3);
    assert!(!undisturbed.is_empty());
    assert_eq!(undisturbed, faulty);
    assert!((least + 2..=2 * least + 2).contains(&made), "{made} calls, {least} without faults");
}

#[test]
fn a_security_unknown_to_alphafin_does_not_lose_the_others() {
    let few = Settings { start: day("2022-11-01"), ..usual() };
    let vendor = Vendor::start(few.clone());
    let table = "alphafin_income_statement";
    // The securities that report.
    let statements = vendor.market.rows("income").unwrap();
    let codes: BTreeSet<String> = statements.rows.iter().filter_map(|row| Some(text_of(&row[0])?.to_owned())).collect();
    let (beijing, others): (Vec<String>, Vec<String>) =
        codes.into_iter().partition(|code| code.rsplit('.').next() == Some("BJ"));
    // One call takes ten; one of these is listed in Beijing.
    let symbols: Vec<String> = others.iter().take(9).chain(&beijing[..1]).cloned().collect();
    let place =
        with_universe(&vendor, "alphafin", &format!("[jobs.a]\ntables = [\"{table}\"]\nsymbols = {symbols:?}\n"));
    let printed = place.backfill(0, &[table, "--format", "json"], &few);
    let report: Value = serde_json::from_str(&printed).unwrap();
    let notes = report["tables"][table]["notes"].to_string();
    assert!(notes.contains(&format!("the vendor does not know {}", beijing[0])), "{report}");
    assert!(others.iter().all(|code| !notes.contains(code)), "{notes}");
    let rows = silver(&place, table);
    let there: BTreeSet<&str> = rows.iter().map(|row| row["ts_code"].as_str()).collect();
    assert_eq!(there, others.iter().take(9).map(String::as_str).collect());
    // Three periods of two accounting scopes, in eight windows of five years. Calls for ten, five, three and two are
    // refused and halved until the unknown code is alone; those for five, two, one and one succeed.
    let calls = vendor.server.calls()["alphafin/income_statement"];
    assert_eq!(calls, 4 * (3 * 2 * 8) + 5);
    // An unknown security is not requested again on the same day.
    place.backfill(0, &[table], &few);
    assert_eq!(vendor.server.calls()["alphafin/income_statement"], calls);
}
