//! Tables whose rows accumulate: news by day and feed, quotes by moment.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset, Utc};
use pitlake_sandbox::Settings;

use crate::documented::Documented;
use crate::support::{NOW, Place, Row, Vendor, day, settings as usual, silver};

fn settings() -> Settings {
    Settings { start: day("2024-01-02"), end: day("2024-01-31"), quota: 0, ..usual() }
}

fn place(vendor: &Vendor, table: &str) -> Place {
    Place::of(vendor, &[vendor.account("asharehub", &format!("[jobs.feed]\ntables = [\"{table}\"]"))])
}

/// What silver must hold for an interface that the vendor shows at a moment, or in the end.
fn shown(vendor: &Vendor, interface: &str, at: Option<DateTime<Utc>>) -> BTreeSet<Row> {
    Documented::of(interface).rows(&vendor.market, at).into_iter().collect()
}

/// Rows of silver, failing on duplicates.
fn held(place: &Place, table: &str) -> BTreeSet<Row> {
    let rows = silver(place, table);
    let set: BTreeSet<Row> = rows.iter().cloned().collect();
    assert_eq!(set.len(), rows.len(), "{table} has a row twice");
    set
}

/// The day in Shanghai of an instant in silver.
fn day_of(row: &Row, column: &str) -> String {
    let at: DateTime<FixedOffset> = row[column].parse().unwrap();
    at.with_timezone(&FixedOffset::east_opt(8 * 3600).unwrap()).date_naive().to_string()
}

fn within(rows: BTreeSet<Row>, first: &str, last: &str) -> BTreeSet<Row> {
    let inside = |row: &Row| (first..=last).contains(&day_of(row, "publish_time").as_str());
    rows.into_iter().filter(inside).collect()
}

const NEWS: &str = "asharehub_news_flash";

#[test]
fn every_item_of_some_days_is_there_feed_by_feed() {
    let vendor = Vendor::start(settings());
    let place = place(&vendor, NEWS);
    let (first, last) = ("2024-01-09", "2024-01-13");
    let args = ["backfill", NEWS, "--start", first, "--end", last, "--now", NOW];
    place.expect(0, &args);
    let news = within(shown(&vendor, "asharehub/news_flash", None), first, last);
    assert_eq!(held(&place, NEWS), news);
    let mut seconds: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for row in &news {
        *seconds.entry((&row["source"], &row["publish_time"])).or_default() += 1;
    }
    assert!(seconds.values().any(|items| *items > 1), "no two items of one second in these days");
    let feeds: BTreeSet<&str> = seconds.keys().map(|(feed, _)| *feed).collect();
    assert_eq!(feeds, BTreeSet::from(["cls", "jin10", "sina"]));
    // One call per feed and day, and at most one more page to prove the end.
    let calls = vendor.server.calls()["asharehub/news_flash"];
    assert!((15..=30).contains(&calls), "{calls} calls");
    place.expect(0, &args);
    assert_eq!(vendor.server.calls()["asharehub/news_flash"], calls, "a closed day is held");
    // As of a day, shows what was published before its end in Shanghai.
    let known = |day: &str| news.iter().filter(|row| day_of(row, "publish_time").as_str() <= day).count();
    for day in [first, "2024-01-11", last] {
        let sql = format!("select count(*) as items from {NEWS}");
        let answer = place.expect(0, &["query", &sql, "--as-of", day, "--format", "json"]);
        assert_eq!(answer.trim(), format!(r#"[{{"items":{}}}]"#, known(day)), "as of {day}");
    }
    // The footer has the days of the instants.
    let status = place.expect(0, &["status", NEWS, "--format", "json", "--now", NOW]);
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!((status[0]["first"].as_str(), status[0]["last"].as_str()), (Some(first), Some(last)));
}

#[test]
fn every_night_completes_the_day_before() {
    let at = |text: &str| -> DateTime<Utc> { text.parse().unwrap() };
    let vendor = Vendor::start(Settings { epoch: Some(at("2024-01-10T12:00:00Z")), ..settings() });
    let place = place(&vendor, NEWS);
    for evening in ["2024-01-10", "2024-01-11", "2024-01-14"] {
        let now = at(&format!("{evening}T12:00:00Z"));
        vendor.server.set_epoch(now);
        place.expect(0, &["run", "--now", &now.to_rfc3339()]);
        let rows = held(&place, NEWS);
        let last = day(evening).pred_opt().unwrap().to_string();
        let first = rows.iter().map(|row| day_of(row, "publish_time")).min().unwrap();
        assert_eq!(rows, within(shown(&vendor, "asharehub/news_flash", None), &first, &last), "{evening}");
    }
}

const QUOTES: &str = "asharehub_realtime";

#[test]
fn every_fetch_of_quotes_adds_rows() {
    let at = |text: &str| -> DateTime<Utc> { text.parse().unwrap() };
    let (morning, afternoon) = (at("2024-01-10T02:00:00Z"), at("2024-01-10T06:30:00Z"));
    let vendor = Vendor::start(Settings { epoch: Some(morning), ..settings() });
    let place = place(&vendor, QUOTES);
    let calls = || vendor.server.calls()["asharehub/market_realtime"];
    let run = |now: DateTime<Utc>| {
        vendor.server.set_epoch(now);
        place.expect(0, &["run", "--now", &now.to_rfc3339()]);
    };
    let quotes = |now| shown(&vendor, "asharehub/market_realtime", Some(now));
    run(morning);
    let mut expected = quotes(morning);
    assert_eq!(held(&place, QUOTES), expected);
    // The same day again: it is requested again, and the earlier quotes stay.
    let before = calls();
    run(afternoon);
    assert!(calls() > before, "not asked again");
    expected.extend(quotes(afternoon));
    assert_eq!(held(&place, QUOTES), expected);
    let keys: BTreeSet<(&str, &str)> =
        expected.iter().map(|row| (row["ts_code"].as_str(), row["trade_time"].as_str())).collect();
    assert_eq!((keys.len(), quotes(morning).len() * 2), (expected.len(), expected.len()));
    // After the close, the last quotes are returned repeatedly, also the next morning and over a weekend.
    let evening = at("2024-01-10T08:00:00Z");
    run(evening);
    expected.extend(quotes(evening));
    assert_eq!(held(&place, QUOTES), expected);
    let files = place.files("silver");
    for later in ["2024-01-10T12:00:00Z", "2024-01-11T00:30:00Z"] {
        let before = calls();
        run(at(later));
        assert!(calls() > before, "not asked again at {later}");
        assert_eq!(held(&place, QUOTES), expected, "{later}");
    }
    // Each day of quotes is a partition, and there is one day.
    assert_eq!(place.files("silver").keys().collect::<Vec<_>>(), files.keys().collect::<Vec<_>>());
}
