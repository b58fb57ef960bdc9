//! Sizes of markets, the calendar, and the list of securities.

use super::{MARKET, Row, at, day, masters, named, small, stamp, table, table_at, values};
use crate::{Market, Settings};

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

/// Ten stocks and two weeks are enough for every special case; nothing breaks on less.
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
