//! Evenings of a scheduler that tries four times, with a vendor that never has one of the securities: exit codes, what
//! is published, and calls. `.ci/full` runs forty of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use pitlake_sandbox::Settings;
use serde_json::Value;

use crate::documented;
use crate::proxy::{Proxy, Turn};
use crate::support::{Place, Vendor, day, number, settings as usual, silver};

/// The security that is never there.
const LOST: &str = "600001.SH";
/// Interfaces that lack it, with their tables.
const LACKING: [(&str, &str); 2] = [("daily", "stock_daily_cn"), ("adj_factor", "adj_factor")];
/// When the scheduler tries, in Shanghai time. The last attempt is the next morning.
const ATTEMPTS: [(u64, &str); 4] = [(0, "19:30:00"), (0, "20:30:00"), (0, "21:30:00"), (1, "09:30:00")];

fn shanghai(day: NaiveDate, time: &str) -> DateTime<Utc> {
    let local = day.and_time(time.parse::<NaiveTime>().unwrap());
    (local - chrono::TimeDelta::hours(8)).and_utc()
}

/// A vendor that never has the security.
fn lossy(vendor: &Vendor) -> Proxy {
    Proxy::start(&vendor.server.url(), |request, _| {
        if !LACKING.iter().any(|(interface, _)| request["api_name"] == *interface) {
            return Turn::Pass;
        }
        Turn::change(|rows| {
            let code = rows.place("ts_code");
            rows.items.retain(|row| row[code].get().trim_matches('"') != LOST);
        })
    })
}

/// Whether the vendor has all it will ever have for a day, apart from the lost security.
fn is_out(vendor: &Vendor, day: NaiveDate, at: DateTime<Utc>) -> bool {
    ["daily", "adj_factor", "moneyflow"].iter().all(|interface| {
        let rows = |at| {
            let rows = documented::tushare(&vendor.market, interface, Some(at));
            rows.iter().filter(|row| row["trade_date"] == day.to_string() && row["ts_code"] != LOST).count()
        };
        rows(at) == rows(at + Days::new(3))
    })
}

#[test]
fn evenings_with_a_security_that_never_comes() {
    let evenings = number("PITLAKE_TEST_EVENINGS", 6);
    let start = day("2024-03-18");
    let settings = Settings {
        stocks: 230,
        start: day("2024-03-11"),
        end: day("2024-05-31"),
        epoch: Some(shanghai(start, "12:00:00")),
        ..usual()
    };
    for is_dated in [false, true] {
        let vendor = Vendor::start(settings.clone());
        let proxy = lossy(&vendor);
        let place = Place { token: vendor.server.token().to_owned(), ..Place::at(&proxy.url) };
        let jobs = std::fs::read_to_string(place.path("jobs.toml")).unwrap();
        place.jobs(&format!(
            "{jobs}[jobs.market]\ntables = [\"stock_daily_cn\", \"adj_factor\", \"moneyflow_cn\", \"margin_detail_cn\"]\n"
        ));
        let sessions: Vec<NaiveDate> =
            vendor.market.sessions().iter().copied().filter(|day| *day >= start).take(evenings).collect();
        for (place_of, today) in sessions.iter().enumerate() {
            let mut held_at = None;
            for (later, time) in ATTEMPTS {
                let now = shanghai(*today + Days::new(later), time);
                vendor.server.set_epoch(now);
                let (named, now_text) = (today.to_string(), now.to_rfc3339());
                let before = proxy.calls("daily");
                let mut args = vec!["run", "--now", &now_text];
                if is_dated {
                    args.extend(["--date", &named]);
                }
                let output = place.run(&args);
                let printed = String::from_utf8_lossy(&output.stdout);
                let expected = if is_out(&vendor, *today, now) { 0 } else { 8 };
                assert_eq!(output.status.code(), Some(expected), "{now} {args:?}: {printed}");
                if let Some(at) = held_at.filter(|_| later == 0) {
                    assert_eq!(proxy.calls("daily"), before, "held since {at}: asked twice in one evening");
                }
                held_at = held_at.or((expected == 0).then_some(now));
            }
            // Published that evening without the one security, which is reported.
            for (_, table) in LACKING {
                let rows = silver(&place, table);
                let of_day = rows.iter().filter(|row| row["trade_date"] == today.to_string());
                assert!(of_day.clone().count() > 200, "{today}: {table}");
                assert!(of_day.clone().all(|row| row["ts_code"] != LOST));
                let now = shanghai(*today + Days::new(1), "09:35:00").to_rfc3339();
                let status = place.expect(0, &["status", table, "--format", "json", "--now", &now]);
                let status: Value = serde_json::from_str(&status).unwrap();
                let slices = &status[0]["slices"];
                assert_eq!(
                    (&slices["missing"], &slices["failed"], &slices["damaged"]),
                    (&0.into(), &0.into(), &0.into())
                );
                let named = status[0]["lacking"].as_array().unwrap();
                assert!(named.iter().any(|one| one["day"] == today.to_string() && one["codes"][0] == LOST), "{status}");
                // What is settled is not requested any more.
                if place_of >= 7 {
                    assert!(slices["short"].as_u64().unwrap() > 0, "{status}");
                }
            }
        }
        // A session is requested on its own evening, and once on each of some later days.
        let calls = usize::try_from(proxy.calls("daily")).unwrap();
        assert!(calls <= 6 + sessions.len() * 16, "{calls} calls for {} evenings", sessions.len());
    }
}

/// AShareHub does not tell who was suspended. Was: half of the market counted as the evening's bars, exit 0. Expected:
/// not kept, exit 8, and whole once the vendor has everything.
#[test]
fn half_a_day_is_noticed_where_suspensions_are_unknown() {
    let settings = Settings {
        stocks: 60,
        start: day("2024-03-11"),
        end: day("2024-05-31"),
        epoch: Some(shanghai(day("2024-04-19"), "12:00:00")),
        ..usual()
    };
    let vendor = Vendor::start(settings);
    let place = Place::of(&vendor, &[vendor.account("asharehub", "")]);
    let jobs = std::fs::read_to_string(place.path("jobs.toml")).unwrap();
    place.jobs(&format!("{jobs}[jobs.market]\ntables = [\"stock_daily_cn\"]\n"));
    let rows = |day: NaiveDate| {
        silver(&place, "stock_daily_cn").iter().filter(|row| row["trade_date"] == day.to_string()).count()
    };
    let sessions: Vec<NaiveDate> =
        vendor.market.sessions().iter().copied().filter(|session| *session >= day("2024-04-19")).take(4).collect();
    let run = |now: DateTime<Utc>| {
        vendor.server.set_epoch(now);
        place.run(&["run", "--now", &now.to_rfc3339()]).status.code()
    };
    let mut refused = 0;
    for session in sessions {
        let evening = (run(shanghai(session, "20:30:00")), rows(session));
        let whole = (run(shanghai(session + Days::new(1), "09:30:00")), rows(session));
        assert_eq!(whole.0, Some(0), "{session}");
        assert!(whole.1 > 50, "{session}: {} rows on the next morning", whole.1);
        match evening {
            (Some(0), shown) => assert!(shown * 100 >= whole.1 * 70, "{session}: {shown} of {} rows", whole.1),
            (Some(8), 0) => refused += 1,
            other => panic!("{session}: {other:?}"),
        }
    }
    assert!(refused > 0, "the sandbox publishes no part of a day");
}

/// Was: an answer counted as held, whatever it lacked, if the day's suspensions or the list of securities could not be
/// fetched right then. Expected: due until they can be.
#[test]
fn what_was_kept_without_suspensions_is_due_until_they_come() {
    is_due_without("suspend_d", 0);
}

#[test]
fn what_was_kept_without_a_list_of_securities_is_due_until_it_comes() {
    is_due_without("stock_basic", 3);
}

fn is_due_without(api: &'static str, exit: i32) {
    let (start, now) = (day("2024-03-18"), "2024-03-25T12:00:00Z");
    let vendor = Vendor::start(Settings {
        start: day("2024-03-11"),
        end: day("2024-03-29"),
        epoch: Some(now.parse().unwrap()),
        ..usual()
    });
    let is_down = Arc::new(AtomicBool::new(true));
    let fails = Arc::clone(&is_down);
    let proxy = Proxy::start(&vendor.server.url(), move |request, _| {
        let down = || Turn::Reply("502 Bad Gateway", "", "busy".to_owned());
        if fails.load(Ordering::SeqCst) && request["api_name"] == api { down() } else { Turn::Pass }
    });
    let place = Place { token: vendor.server.token().to_owned(), ..Place::at(&proxy.url) };
    let backfill = |now: &str| {
        let (from, to) = (start.to_string(), "2024-03-19");
        let output = place.run(&["backfill", "stock_daily_cn", "--start", &from, "--end", to, "--now", now]);
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let states = |now: &str| {
        let status = place.expect(0, &["status", "stock_daily_cn", "--format", "json", "--now", now]);
        let status: Value = serde_json::from_str(&status).unwrap();
        let slices = &status[0]["slices"];
        ["held", "due"].map(|state| slices[state].as_u64().unwrap())
    };
    let (code, text) = backfill(now);
    assert!(
        code == Some(exit) && text.contains("suspensions that it is checked against is missing"),
        "{code:?} {text}"
    );
    assert_eq!(states(now), [0, 2], "{text}");
    is_down.store(false, Ordering::SeqCst);
    let next = "2024-03-26T12:00:00Z";
    let (code, text) = backfill(next);
    assert_eq!((code, states(next)), (Some(0), [2, 0]), "{text}");
}
