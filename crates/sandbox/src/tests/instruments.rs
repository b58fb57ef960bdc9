//! Sizes of markets, the calendar, and who was listed, in which industry and on which terms, as known on a day.

use super::{MARKET, Row, SMALL, at, day, masters, named, select, small, stamp, table, table_at, values};
use crate::{Market, Settings};
use std::collections::BTreeSet;

#[test]
fn securities_have_the_days_of_their_status() {
    let masters = masters(&MARKET);
    let count = |status: &str| masters.values().filter(|row| row["list_status"] == *status).count();
    assert_eq!((count("P"), count("G"), masters.len()), (1, 1, 63));
    assert!(count("D") >= 2 && count("L") > 50);
    for row in masters.values() {
        assert_eq!(row.is_null("list_date"), row["list_status"] == *"G");
        assert_eq!(row.is_null("delist_date"), row["list_status"] != *"D");
    }
}

#[test]
fn a_security_is_as_the_day_knows_it() {
    let today = MARKET.sessions()[10];
    let then = table_at(&MARKET, "stock_basic", at(today, "12:00"));
    let (mut unknown, mut alive) = (0, 0);
    for (code, row) in masters(&MARKET) {
        let Some(past) = then.iter().find(|past| past["ts_code"] == *code) else {
            assert!(row["list_date"] > *stamp(today));
            unknown += 1;
            continue;
        };
        if row["delist_date"] > *stamp(today) {
            assert!(past["list_status"] == *"L" && past.is_null("delist_date"));
            assert_eq!(format!("退市{}", &past["name"]), row["name"]);
            alive += 1;
        } else {
            assert_eq!(*past, row);
        }
    }
    assert!(unknown >= 2 && alive >= 1);
}

#[test]
fn the_calendar_knows_weekends_holidays_and_the_day_before() {
    let rows = table(&MARKET, "trade_cal");
    let days: Vec<&Row> = rows.iter().filter(|row| row["exchange"] == *"SSE").collect();
    assert_eq!((&days[0]["cal_date"], &days[days.len() - 1]["cal_date"]), ("20220101", "20240630"));
    let mut previous = "";
    for day in &days {
        assert_eq!(day["pretrade_date"], *previous);
        previous = if day["is_open"] == *"1" { &day["cal_date"] } else { previous };
    }
    for (stamp, is_open) in
        [("20230104", "1"), ("20230103", "0"), ("20230107", "0"), ("20230501", "0"), ("20231004", "0")]
    {
        assert_eq!(days.iter().find(|day| day["cal_date"] == *stamp).unwrap()["is_open"], *is_open, "{stamp}");
    }
}

/// Ten stocks and two weeks are enough for every special case; fewer must not break anything.
#[test]
fn small_markets_work() {
    let tiny = Settings { stocks: 10, start: day("2023-03-01"), end: day("2023-03-14"), ..Settings::default() };
    let market = Market::new(&tiny);
    assert_eq!(market.sessions().len(), 10);
    assert!(values(&table(&market, "adj_factor"), "adj_factor").len() > 10, "split and dividend");
    assert!(table(&market, "suspend_d").len() >= 5);
    assert!(masters(&market).values().any(|row| row["list_date"] > *"20230301"));
    assert_eq!(values(&table(&market, "limit_list_d"), "limit").len(), 3);
    for (stocks, end) in [(0, "2023-03-14"), (10, "2023-03-01"), (3, "2022-12-31")] {
        let market = Market::new(&Settings { stocks, end: day(end), ..tiny.clone() });
        assert!(super::interfaces().all(|interface| market.rows(interface.name()).is_some()));
    }
    // The largest market has enough codes.
    let market = Market::new(&Settings { stocks: usize::MAX, end: tiny.start, ..tiny });
    let codes: BTreeSet<&str> = market.stocks.iter().map(|stock| stock.security.code.as_str()).collect();
    assert_eq!(codes.len(), 9003);
}

#[test]
fn northbound_money_ends_in_august_of_2024() {
    let range = (day("2024-08-01"), day("2024-09-10"));
    let market = Market::new(&Settings { stocks: 10, start: range.0, end: range.1, ..small() });
    let rows = named(market.rows("moneyflow_hsgt").unwrap());
    let last = rows.iter().rfind(|row| !row.is_null("north_money") || !row.is_null("hgt"));
    assert_eq!(last.unwrap()["trade_date"], *"20240816");
    assert!(rows.iter().filter(|row| !row.is_null("south_money")).count() > 20);
}

/// The rows of a list on the evening of a session.
fn seen(interface: &str, params: &[(&str, &str)], session: usize) -> Vec<Row> {
    select(interface, params, Some(at(SMALL.sessions()[session], "20:00")))
}

/// The index of a session's day.
fn session(stamp: &str) -> usize {
    SMALL.calendar.stamps.iter().position(|session| session == stamp).unwrap()
}

/// The codes that were listed within the range.
fn debuts() -> Vec<(String, Row)> {
    masters(&SMALL).into_iter().filter(|(_, row)| row["list_date"] > *"20221101").collect()
}

#[test]
fn stocks_change_their_industry_on_a_day() {
    let [now, past] = ["Y", "N"].map(|is_new| select("index_member_all", &[("is_new", is_new)], None));
    assert!(now.iter().all(|row| row.is_null("out_date")));
    assert!(past.iter().all(|row| row["in_date"] < row["out_date"]));
    let masters = masters(&SMALL);
    let listed = masters.iter().filter(|(_, row)| ["L", "P"].contains(&&row["list_status"]));
    let listed: BTreeSet<&str> = listed.map(|(code, _)| code.as_str()).collect();
    // Each stock is in one industry at a time.
    assert_eq!((values(&now, "ts_code"), now.len()), (listed.clone(), listed.len()));
    let leaves = select("index_classify", &[("level", "L3")], None);
    assert!(values(&now, "l3_code").is_subset(&values(&leaves, "index_code")));
    // One moved in the range; the day before, the list did not show it.
    let is_moved = |row: &&Row| row["out_date"] > *"20221101" && listed.contains(&row["ts_code"]);
    let moved = past.iter().find(is_moved).unwrap();
    let (old, day) = (&moved["l3_code"], session(&moved["out_date"]));
    let industries = |session: usize, is_new: &str| {
        let rows = seen("index_member_all", &[("ts_code", &moved["ts_code"]), ("is_new", is_new)], session);
        rows.iter().map(|row| row["l3_code"].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((industries(day - 1, "Y"), industries(day - 1, "N")), (vec![old.to_owned()], vec![]));
    assert_eq!(industries(day, "N"), [old]);
    assert_ne!(industries(day, "Y"), [old]);
}

#[test]
fn issues_become_listings_and_one_does_not() {
    let rows = table(&SMALL, "new_share");
    let debuts = debuts();
    let (listed, failed): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| !row["issue_date"].is_empty());
    assert!(values(listed.iter().copied(), "ts_code").into_iter().eq(debuts.iter().map(|(code, _)| code)));
    assert!(debuts.len() >= 2 && failed.len() == 1 && !failed[0].is_null("issue_date"), "an empty text, no null");
    let (masters, bars) = (masters(&SMALL), table(&SMALL, "daily"));
    for row in listed {
        let price = row.cents("price");
        assert_eq!(row["issue_date"], masters[&row["ts_code"]]["list_date"]);
        assert!(row["ipo_date"] < row["issue_date"]);
        let first = bars.iter().find(|bar| bar["ts_code"] == row["ts_code"]).unwrap();
        assert!(first.units("pre_close", 2).is_none_or(|before| before == price));
        let money = row.units("amount", 0).unwrap() * price;
        assert!((row.units("funds", 4).unwrap() * 100 - money).abs() <= 50);
    }
}

#[test]
fn an_issue_is_filled_in_step_by_step() {
    let (code, master) = &debuts()[0];
    let listing = session(&master["list_date"]);
    let row = |session: usize| seen("new_share", &[], session).into_iter().find(|row| row["ts_code"] == **code);
    assert_eq!(row(listing - 1).unwrap()["issue_date"], *"");
    assert_eq!(row(listing).unwrap()["issue_date"], master["list_date"]);
    assert!(row(listing.saturating_sub(16)).is_none_or(|row| row.units("price", 2) == Some(0)));
    // A stock is in no board before its listing.
    assert!(seen("ths_member", &[("con_code", code)], listing - 1).is_empty());
    assert!(!select("ths_member", &[("con_code", code)], None).is_empty());
}
