//! The vendor's clock: what is late, partially published or corrected later, and that the server follows the clock.

use super::caller::{Sandbox, items, no_limits};
use super::{MARKET, Row, at, by_key, find, interfaces, named, stamp};
use crate::market::shanghai;
use crate::tables::Params;
use crate::tables::served::{Content, Flaws};
use crate::{Rows, Settings};
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The rows for some days that a call gets at a moment.
fn rows(interface: &str, days: [NaiveDate; 2], at: Option<DateTime<Utc>>) -> Vec<Row> {
    let interface = find(interface).unwrap();
    let range = ["start_date", "end_date"].map(str::to_owned).into_iter().zip(days.map(stamp));
    let rows = interface.select(&MARKET, at.map(shanghai), &range.collect::<Params>(), (0, usize::MAX));
    named(Rows { fields: interface.names(), rows })
}

/// The codes in a day's rows at a moment.
fn codes(interface: &str, day: NaiveDate, at: Option<DateTime<Utc>>) -> BTreeSet<String> {
    rows(interface, [day, day], at).iter().map(|row| row["ts_code"].to_owned()).collect()
}

#[test]
fn sessions_appear_at_their_hour_late_or_by_halves() {
    let is_odd = |code: &String| MARKET.stocks[MARKET.find(code).unwrap()].security.number % 2 == 1;
    let sessions = interfaces().filter(|interface| matches!(interface.content, Content::Sessions(..)));
    let mut late_days = BTreeMap::new();
    for interface in sessions.filter(|interface| interface.flaws.late || interface.flaws.halved) {
        let (name, Flaws { halved, .. }) = (interface.name(), interface.flaws);
        let hour = interface.contract.publication.hour.format("%H:%M").to_string();
        let (mut late, mut half, all) = (0, 0, MARKET.sessions().len());
        for &day in MARKET.sessions() {
            let then = |day, time| codes(name, day, Some(time));
            let (whole, next) = (codes(name, day, None), day + Days::new(1));
            let shown = then(day, at(day, &hour));
            if shown == whole {
                continue;
            }
            if shown.is_empty() {
                late += 1;
                late_days.entry(day).or_insert(vec![]).push(name);
                assert!(
                    then(day, at(next, "09:29")).is_empty() && then(day, at(next, "09:30")) == whole,
                    "{name} {day}"
                );
            } else {
                half += 1;
                assert!(!shown.iter().any(is_odd) && whole.difference(&shown).all(is_odd), "{name} {day}");
                assert!(then(day, at(day, "22:59")) == shown && then(day, at(day, "23:00")) == whole, "{name} {day}");
            }
        }
        assert!(
            (1..all / 4).contains(&(late + half)) && half < all / 4 && (halved || half == 0),
            "{name} {late} {half}"
        );
    }
    assert!(late_days.len() > 3 && late_days.values().any(|names| names.len() < 3), "{late_days:?}");
}

#[test]
fn the_newest_days_are_corrected() {
    for (interface, columns) in [
        ("daily", "vol amount"),
        ("adj_factor", "adj_factor"),
        ("moneyflow", "buy_sm_amount buy_lg_amount net_mf_amount"),
        ("daily_basic", "turnover_rate turnover_rate_f volume_ratio"),
    ] {
        let last = by_key(&MARKET, interface);
        let (mut wrong, mut seen) = (BTreeSet::new(), BTreeSet::new());
        for sessions in MARKET.sessions().windows(7) {
            for row in rows(interface, [sessions[0], sessions[6]], Some(at(sessions[6], "23:30"))) {
                seen.insert(row.key());
                let right = &last[&row.key()];
                let off: Vec<_> = row.names.iter().filter(|name| row[name] != right[name]).collect();
                if off.is_empty() {
                    continue;
                }
                assert!(off.iter().all(|column| columns.split(' ').any(|name| name == *column)), "{off:?}");
                assert!(row["trade_date"] >= *stamp(sessions[3]), "corrected by noon of the fourth session");
                if interface == "daily" {
                    let shares = row.cents("vol");
                    assert_ne!(shares, right.cents("vol"));
                    let prices = row.cents("low") * shares..=row.cents("high") * shares;
                    assert!(row.units("amount", 3).is_none_or(|paid| prices.contains(&(paid * 100))), "{row:?}");
                }
                wrong.insert(row.key());
            }
        }
        let share = seen.len() / wrong.len().max(1);
        assert!((100..400).contains(&share), "{interface}: one in {share}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_stands_where_its_clock_is_set() {
    let day = MARKET.sessions()[60];
    let sandbox = Sandbox::start(Settings { epoch: Some(at(day, "12:00")), points: 8000, ..no_limits() }).await;
    let sent = |interface: &str| items(&sandbox.call(interface, &json!({"trade_date": stamp(day)}), "")).len();
    let moved = |body: &str| sandbox.send("PUT", "/sandbox/epoch", "", body);
    let mut shown = 0;
    for time in ["16:59", "17:00", "18:00", "23:59"] {
        assert_eq!(moved(&format!("{day}T{time}:00+08:00\n")).status(), 204);
        for interface in ["suspend_d", "daily", "daily_basic", "limit_list_d"] {
            assert_eq!(sent(interface), rows(interface, [day, day], Some(at(day, time))).len(), "{interface} {time}");
            shown = shown.max(sent(interface));
        }
    }
    assert!(shown > 0);
    let refused = moved("tomorrow");
    assert_eq!(refused.status(), 400);
    assert!(String::from_utf8(refused.body).unwrap().contains("RFC 3339"));
    sandbox.server.set_epoch(at(day, "12:00"));
    assert_eq!(sent("limit_list_d"), 0, "the clock goes back too");
}
