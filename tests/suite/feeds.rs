//! What is added to and never replaced: news by day and feed, quotes by moment.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, FixedOffset, NaiveDateTime, Utc};
use pitlake_sandbox::{Cell, Rows, Settings};

use crate::support::{NOW, Place, Row, Vendor, day, scaled, settings as usual, silver, text_of};

fn settings() -> Settings {
    Settings { start: day("2024-01-02"), end: day("2024-01-31"), quota: 0, ..usual() }
}

fn place(vendor: &Vendor, table: &str) -> Place {
    let place = Place::with(vendor);
    let url = vendor.server.url_of("asharehub").unwrap();
    place.jobs(&format!(
        "version = 1\n[vendors.asharehub]\nbase_url = \"{url}\"\nrequests_per_minute = 1000000\n\
         [jobs.feed]\ntables = [\"{table}\"]\n"
    ));
    place
}

/// A second in Shanghai, as silver has it.
fn instant(text: &str) -> String {
    let at = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").unwrap();
    at.and_local_timezone(FixedOffset::east_opt(8 * 3600).unwrap()).unwrap().to_utc().to_rfc3339()
}

/// Rows of the market as silver must have them: texts, counts, and decimals that are written in full.
fn expected(rows: &Rows) -> BTreeSet<Row> {
    let value = |name: &str, cell: &Cell| {
        let Some(text) = text_of(cell) else { return "null".to_owned() };
        match name {
            "ts_code" | "name" | "source" | "content_cn" | "tags" | "url" | "importance" => text.to_owned(),
            "publish_time" | "trade_time" => instant(text),
            _ => scaled(text, 0, name == "volume"),
        }
    };
    let row = |row: &Vec<Cell>| {
        let mut out: Row =
            rows.fields.iter().zip(row).map(|(name, cell)| ((*name).to_owned(), value(name, cell))).collect();
        out.insert("vendor".into(), "asharehub".into());
        out
    };
    rows.rows.iter().map(row).collect()
}

fn shown(vendor: &Vendor, name: &str, at: Option<DateTime<Utc>>) -> BTreeSet<Row> {
    expected(&vendor.market.rows_at(name, at).unwrap())
}

/// Rows of silver, none of them twice.
fn held(place: &Place, table: &str) -> BTreeSet<Row> {
    let rows = silver(place, table);
    let set: BTreeSet<Row> = rows.iter().cloned().collect();
    assert_eq!(set.len(), rows.len(), "{table} has a row twice");
    set
}

/// The day in Shanghai of an instant of silver.
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
fn news_of_some_days_are_all_there_feed_by_feed() {
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
    // Each feed and day, and a second page at most to prove an end.
    let calls = vendor.server.calls()["asharehub/news_flash"];
    assert!((15..=30).contains(&calls), "{calls} calls");
    place.expect(0, &args);
    assert_eq!(vendor.server.calls()["asharehub/news_flash"], calls, "a closed day is held");
    // As of a day, what was published until its end in Shanghai.
    let known = |day: &str| news.iter().filter(|row| day_of(row, "publish_time").as_str() <= day).count();
    for day in [first, "2024-01-11", last] {
        let sql = format!("select count(*) as items from {NEWS}");
        let said = place.expect(0, &["query", &sql, "--as-of", day, "--format", "json"]);
        assert_eq!(said.trim(), format!(r#"[{{"items":{}}}]"#, known(day)), "as of {day}");
    }
    // The footer tells the days of instants.
    let status = place.expect(0, &["status", NEWS, "--format", "json", "--now", NOW]);
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!((status[0]["first"].as_str(), status[0]["last"].as_str()), (Some(first), Some(last)));
}

#[test]
fn every_night_the_day_before_is_closed_and_kept() {
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
fn every_look_at_the_market_adds_its_own_quotes() {
    let at = |text: &str| -> DateTime<Utc> { text.parse().unwrap() };
    let (morning, afternoon) = (at("2024-01-10T02:00:00Z"), at("2024-01-10T06:30:00Z"));
    let vendor = Vendor::start(Settings { epoch: Some(morning), ..settings() });
    let place = place(&vendor, QUOTES);
    let calls = || vendor.server.calls()["asharehub/market_realtime"];
    let run = |now: DateTime<Utc>| {
        vendor.server.set_epoch(now);
        let said = place.expect(0, &["run", "--format", "json", "--now", &now.to_rfc3339()]);
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        said["tables"][QUOTES].clone()
    };
    let look = |now| shown(&vendor, "asharehub/market_realtime", Some(now));
    run(morning);
    let mut expected = look(morning);
    assert_eq!(held(&place, QUOTES), expected);
    // The same day once more: asked again, and what was seen before stays.
    let before = calls();
    run(afternoon);
    assert!(calls() > before, "not asked again");
    expected.extend(look(afternoon));
    assert_eq!(held(&place, QUOTES), expected);
    let keys: BTreeSet<(&str, &str)> =
        expected.iter().map(|row| (row["ts_code"].as_str(), row["trade_time"].as_str())).collect();
    assert_eq!((keys.len(), look(morning).len() * 2), (expected.len(), expected.len()));
    // After the close the last quotes come again and again, also the next morning and over a weekend.
    let evening = at("2024-01-10T08:00:00Z");
    run(evening);
    expected.extend(look(evening));
    assert_eq!(held(&place, QUOTES), expected);
    let silver = place.files("silver");
    for later in ["2024-01-10T12:00:00Z", "2024-01-11T00:30:00Z"] {
        let before = calls();
        run(at(later));
        assert!(calls() > before, "not asked again at {later}");
        assert_eq!(held(&place, QUOTES), expected, "{later}");
    }
    // A day of quotes is a partition: the day that was looked at is the only one.
    assert_eq!(place.files("silver").keys().collect::<Vec<_>>(), silver.keys().collect::<Vec<_>>());
}
