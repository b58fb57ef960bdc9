//! The vendor's clock: what is there before and after each hour, and that the server serves just that.

use super::caller::{Sandbox, items, no_limits};
use super::find;
use super::{MARKET, Row, key, named, text, units};
use crate::market::moments::shanghai;
use crate::tables::asked::Params;
use crate::{Cell, Market, Rows, Settings};
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Interfaces with sessions and their hours.
const HOURS: [(&str, &str); 7] = [
    ("suspend_d", "17:00"),
    ("adj_factor", "17:00"),
    ("daily", "17:00"),
    ("daily_basic", "19:00"),
    ("moneyflow", "19:00"),
    ("limit_list_d", "18:00"),
    ("limit_list", "18:00"),
];

/// A time of a day in Shanghai.
#[expect(clippy::unnecessary_wraps, reason = "everybody here asks for an optional moment")]
fn at(day: NaiveDate, time: &str) -> Option<DateTime<Utc>> {
    let time = format!("{day}T{time}:00+08:00");
    Some(DateTime::parse_from_rfc3339(&time).unwrap().to_utc())
}

fn next(day: NaiveDate) -> NaiveDate {
    day + Days::new(1)
}

fn stamp(day: NaiveDate) -> String {
    day.format("%Y%m%d").to_string()
}

/// The rows of some days that a call at a moment gets.
fn rows(market: &Market, interface: &str, from: NaiveDate, to: NaiveDate, at: Option<DateTime<Utc>>) -> Vec<Row> {
    let interface = find(interface).unwrap();
    let params = Params::from([("start_date".to_owned(), stamp(from)), ("end_date".to_owned(), stamp(to))]);
    let rows = interface.select(market, at.map(shanghai), &params, (0, usize::MAX));
    named(Rows { fields: interface.names(), rows })
}

/// Keys of a day's rows at a moment.
fn keys(market: &Market, interface: &str, day: NaiveDate, at: Option<DateTime<Utc>>) -> BTreeSet<(String, String)> {
    rows(market, interface, day, day, at).iter().map(key).collect()
}

#[test]
fn sessions_appear_at_their_hour_late_or_by_halves() {
    let market = &**MARKET;
    let odd = |code: &str| market.stocks[market.find(code).unwrap()].security.number % 2 == 1;
    let mut late_days = BTreeSet::new();
    for (interface, hour) in HOURS {
        let (mut late, mut half, mut usual) = (0, 0, 0);
        for &day in market.sessions() {
            let whole = keys(market, interface, day, None);
            let (hours, _) = hour.split_once(':').unwrap();
            let before = format!("{}:59", hours.parse::<u32>().unwrap() - 1);
            assert!(keys(market, interface, day, at(day, &before)).is_empty());
            let then = keys(market, interface, day, at(day, hour));
            if then == whole {
                usual += 1;
            } else if then.is_empty() {
                late += 1;
                late_days.insert((day, interface));
                assert!(keys(market, interface, day, at(next(day), "09:29")).is_empty());
                assert_eq!(keys(market, interface, day, at(next(day), "09:30")), whole);
            } else {
                half += 1;
                assert!(then.iter().all(|(code, _)| !odd(code)));
                assert!(whole.difference(&then).all(|(code, _)| odd(code)));
                assert_eq!(keys(market, interface, day, at(day, "22:59")), then);
                assert_eq!(keys(market, interface, day, at(day, "23:00")), whole);
            }
        }
        let all = late + half + usual;
        match interface {
            "suspend_d" => assert_eq!((late, half), (0, 0)),
            "limit_list_d" | "limit_list" => assert!(late < all / 4 && half == 0),
            _ => assert!(late + half > 0 && late < all / 4 && half < all / 4, "{interface} {late} {half} {usual}"),
        }
    }
    let days: BTreeSet<_> = late_days.iter().map(|(day, _)| *day).collect();
    assert!(days.len() > 3 && late_days.len() < days.len() * 3, "{late_days:?}");
}

#[test]
fn the_newest_days_are_corrected() {
    let market = &**MARKET;
    for (interface, columns) in [
        ("daily", &["vol", "amount"][..]),
        ("adj_factor", &["adj_factor"]),
        ("moneyflow", &["buy_sm_amount", "buy_lg_amount", "net_mf_amount"]),
        ("daily_basic", &["turnover_rate", "turnover_rate_f", "volume_ratio"]),
    ] {
        let last: BTreeMap<_, Row> =
            named(market.rows(interface).unwrap()).into_iter().map(|row| (key(&row), row)).collect();
        let mut wrong: BTreeMap<(String, String), NaiveDate> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for (place, &day) in market.sessions().iter().enumerate() {
            let from = market.sessions()[place.saturating_sub(6)];
            for row in rows(market, interface, from, day, at(day, "23:30")) {
                seen.insert(key(&row));
                let right = &last[&key(&row)];
                let off: Vec<_> = row.keys().filter(|column| row[column.as_str()] != right[column.as_str()]).collect();
                if off.is_empty() {
                    continue;
                }
                assert!(off.iter().all(|column| columns.contains(&column.as_str())), "{off:?}");
                wrong.entry(key(&row)).or_insert(day);
                let age =
                    market.sessions().iter().filter(|later| stamp(**later) > key(&row).1 && **later <= day).count();
                assert!(age <= 3, "corrected by noon of the fourth session");
                if interface == "daily" {
                    let price = |column| units(&row, column, 2).unwrap();
                    let shares = units(&row, "vol", 2).unwrap();
                    assert_ne!(Some(shares), units(right, "vol", 2));
                    if let Some(turnover) = units(&row, "amount", 3) {
                        let paid = turnover * 100;
                        assert!(price("low") * shares <= paid && paid <= price("high") * shares);
                    }
                }
            }
        }
        let share = seen.len() / wrong.len().max(1);
        assert!((100..400).contains(&share), "{interface}: one in {share}");
    }
}

#[test]
fn masters_are_what_the_day_knows() {
    let market = &**MARKET;
    let last: BTreeMap<_, _> = super::masters(market);
    let day = market.sessions()[10];
    let then: BTreeMap<_, Row> = named(market.rows_at("stock_basic", at(day, "12:00")).unwrap())
        .into_iter()
        .map(|row| (text(&row, "ts_code").to_owned(), row))
        .collect();
    let (mut unknown, mut alive) = (0, 0);
    for (code, row) in &last {
        let Some(past) = then.get(code) else {
            assert!(text(row, "list_date") > stamp(day).as_str());
            unknown += 1;
            continue;
        };
        if text(row, "delist_date") > stamp(day).as_str() {
            assert_eq!((text(past, "list_status"), &past["delist_date"]), ("L", &Cell::Null));
            assert_eq!(format!("退市{}", text(past, "name")), text(row, "name"));
            alive += 1;
        } else {
            assert_eq!(past, row);
        }
    }
    assert!(unknown >= 2 && alive >= 1);
    assert_eq!(market.rows_at("trade_cal", at(day, "12:00")), market.rows("trade_cal"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_stands_where_it_is_told() {
    let day = MARKET.sessions()[60];
    let sandbox = Sandbox::start(Settings { epoch: at(day, "12:00"), points: 8000, ..no_limits() }).await;
    let count = |interface: &str, at: Option<DateTime<Utc>>| {
        let rows = named(sandbox.market.rows_at(interface, at).unwrap());
        rows.iter().filter(|row| text(row, "trade_date") == stamp(day)).count()
    };
    let sent = |interface: &str| items(&sandbox.call(interface, &json!({"trade_date": stamp(day)}), "")).len();
    assert_eq!(sent("daily"), 0);
    let moved = |body: &str| sandbox.send("PUT", "/sandbox/epoch", body);
    for time in ["16:59", "17:00", "18:00", "23:59"] {
        assert_eq!(moved(&format!("{day}T{time}:00+08:00\n")).status(), 204);
        for (interface, _) in HOURS {
            assert_eq!(sent(interface), count(interface, at(day, time)), "{interface} {time}");
        }
    }
    let refused = moved("tomorrow");
    assert_eq!(refused.status(), 400);
    assert!(String::from_utf8(refused.body).unwrap().contains("RFC 3339"));
    assert!(HOURS.iter().any(|(interface, _)| sent(interface) > 0));

    // Reports too, and back again.
    let reports = || sandbox.codes("income_vip", &json!({"period": "20221231"})).len();
    let moments = ["2023-02-01", "2023-05-05"].map(|day| at(day.parse().unwrap(), "23:00").unwrap());
    let numbers = moments.map(|moment| {
        sandbox.server.set_epoch(moment);
        let rows = named(sandbox.market.rows_at("income_vip", Some(moment)).unwrap());
        let wanted = rows.iter().filter(|row| text(row, "end_date") == "20221231" && text(row, "report_type") == "1");
        assert_eq!(reports(), wanted.count());
        reports()
    });
    assert!(numbers[0] < numbers[1]);
}
