//! Wrong clocks: a run in 2134 followed by runs with the right time, and a vendor whose clock differs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::proxy::{Proxy, Turn};
use crate::support::{NOW, Place, Row, Vendor, day, settings, silver};

/// The latest row of a key; every version; snapshots; answers by security.
const TABLES: [&str; 4] = ["adj_factor", "stock_basic_cn", "income_cn", "dividend_cn"];
const WRONG: &str = "2134-01-05T12:00:00Z";
const NEXT: &str = "2026-01-06T12:00:00Z";

fn backfill(place: &Place, now: &str) -> String {
    let range = ["--start", "2022-12-30", "--end", "2023-01-31", "--now", now];
    place.expect(0, &[&["backfill"], &TABLES[..], &range].concat())
}

/// The contents of rows, without the columns that tell when they were received.
fn shown(rows: Vec<Row>) -> BTreeSet<Row> {
    let strip = |mut row: Row| {
        for column in ["known_on", "known_basis", "tradable_on", "observed_at", "revision", "withdrawn_on"] {
            row.remove(column);
        }
        row
    };
    rows.into_iter().map(strip).collect()
}

/// Was: a corrected close stayed wrong for eight years, and new listings were never added.
#[test]
fn an_answer_after_one_from_the_future_is_the_newest_and_known_when_it_came() {
    let vendor = Vendor::start(settings());
    let is_corrected = Arc::new(AtomicBool::new(false));
    let corrected = Arc::clone(&is_corrected);
    let proxy = Proxy::start(&vendor.server.url(), move |request, _| {
        let is_wrong = !corrected.load(Ordering::Relaxed) && request["params"]["offset"] == "0";
        match request["api_name"].as_str() {
            Some("adj_factor") if is_wrong => Turn::change(|rows| rows.set(0, "adj_factor", "77.5")),
            Some("income_vip") if is_wrong => Turn::change(|rows| rows.set(0, "total_revenue", "77.5")),
            Some("stock_basic") if is_wrong && request["params"]["list_status"] == "L" => {
                Turn::change(|rows| drop(rows.items.pop()))
            }
            _ => Turn::Pass,
        }
    });
    let honest = Place::with(&vendor);
    backfill(&honest, NOW);
    let place = Place { token: vendor.server.token().to_owned(), ..Place::at(&proxy.url) };
    backfill(&place, WRONG);
    is_corrected.store(true, Ordering::Relaxed);
    let printed = backfill(&place, NOW);
    assert!(printed.contains("with timestamps in the future, up to 2134-01-05 20:00"), "{printed}");
    for table in TABLES {
        let (ours, expected) = (silver(&place, table), silver(&honest, table));
        for row in &ours {
            for column in ["known_on", "observed_at"] {
                let known = row.get(column).map_or("", String::as_str);
                assert!(known < "2026-01-06", "{table} {column}: {row:?}");
            }
        }
        let has_versions = ours[0].contains_key("revision");
        let (ours, expected) = (shown(ours), shown(expected));
        let lacking: Vec<_> = expected.difference(&ours).collect();
        assert!(lacking.is_empty(), "{table}: {lacking:?}");
        // If versions are kept, the wrong one remains as one.
        assert_eq!(ours.len() - expected.len(), usize::from(table == "income_cn"), "{table}");
        assert_eq!(has_versions, ["income_cn", "dividend_cn"].contains(&table), "{table}");
    }
    // The name is a millisecond later than that of the previous answer, and the header has the true time.
    let days = place.files("bronze/tushare/adj_factor/date=2023-01-04");
    let names: Vec<&String> = days.keys().collect();
    assert!(names[1].ends_with("adj_factor_21340105T120000001Z.jsonl.gz"), "{names:?}");
    let header = String::from_utf8_lossy(&days[names[1]][..400]).into_owned();
    assert!(header.contains(r#""fetched_at":"2026-01-05T12:00:00Z""#), "{header}");
    // What was received is held, and not requested again.
    let (calls, before) = (proxy.calls("adj_factor"), place.files("silver/adj_factor"));
    backfill(&place, NEXT);
    assert_eq!((proxy.calls("adj_factor"), place.files("silver/adj_factor") == before), (calls, true));
    let output = place.run(&["doctor", "adj_factor"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("a run with a wrong clock wrote them"), "{text}");
}

#[test]
fn a_clock_that_differs_from_the_vendors_is_told_once_and_not_of_a_fixed_one() {
    let vendor = Vendor::start(settings());
    let proxy = Proxy::start(&vendor.server.url(), |_, _| Turn::Dated("date: Tue, 02 Jan 2024 10:30:00 GMT\r\n"));
    let place = Place { token: vendor.server.token().to_owned(), ..Place::at(&proxy.url) };
    let printed = place.expect(0, &["fetch", "stock_basic_cn", "trade_cal"]);
    let text = "warning: this machine's clock is ";
    assert_eq!(printed.matches(text).count(), 1, "{printed}");
    assert!(printed.contains("ahead of tushare's: set it"), "{printed}");
    let fixed = place.expect(0, &["fetch", "stock_basic_cn", "--refetch", "--now", NOW]);
    assert!(!fixed.contains(text), "{fixed}");
    let honest = Place::with(&vendor);
    let printed = honest.expect(0, &["fetch", "stock_basic_cn"]);
    assert!(!printed.contains(text), "{printed}");
    // The test is about the machine's own clock.
    #[allow(clippy::disallowed_methods)]
    let now = chrono::Utc::now();
    assert!(day("2024-01-02") < now.date_naive(), "the machine's clock is set");
}
