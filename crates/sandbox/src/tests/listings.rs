//! Securities, calendar, suspensions and determinism: rules read from the rows as they go on the wire.

use super::{MARKET, Row, TABLES, key, masters, named, table, text};
use crate::{Cell, Market, Settings};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn securities_cover_every_status_and_board() {
    let masters = masters(&MARKET);
    let count = |column: &str, value: &str| masters.values().filter(|row| text(row, column) == value).count();
    assert_eq!((count("list_status", "P"), count("list_status", "G")), (1, 1));
    assert!(count("list_status", "D") >= 2 && count("list_status", "L") > 50);
    assert!(["主板", "创业板", "科创板", "北交所"].iter().all(|board| count("market", board) > 0));
    for prefix in ["600", "601", "603", "688", "000", "002", "300", "920"] {
        assert!(masters.keys().any(|code| code.starts_with(prefix)), "{prefix}");
    }
    for row in masters.values() {
        assert_eq!(row["list_date"] == Cell::Null, text(row, "list_status") == "G");
        assert_eq!(row["delist_date"] == Cell::Null, text(row, "list_status") != "D");
    }
}

#[test]
fn bars_end_before_the_delisting_day() {
    let market = &**MARKET;
    let masters = masters(market);
    let mut days = BTreeSet::new();
    for row in table(market, "daily") {
        let (code, day) = key(&row);
        let master = &masters[&code];
        assert!(text(master, "list_date") <= day.as_str());
        if text(master, "list_status") == "D" {
            assert!(day.as_str() < text(master, "delist_date"));
            days.insert(code);
        }
    }
    assert!(!days.is_empty());
}

#[test]
fn a_suspended_day_has_a_factor_but_no_bar() {
    let market = &**MARKET;
    let bars: BTreeSet<_> = table(market, "daily").iter().map(key).collect();
    let factors: BTreeSet<_> = table(market, "adj_factor").iter().map(key).collect();
    assert!(bars.is_subset(&factors));
    let notices = table(market, "suspend_d");
    let mut kinds: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for row in &notices {
        let whole_day = row["suspend_timing"] == Cell::Null && text(row, "suspend_type") == "S";
        assert_eq!(bars.contains(&key(row)), !whole_day);
        assert!(factors.contains(&key(row)));
        kinds.entry(key(row)).or_default().insert(text(row, "suspend_type").to_owned());
    }
    assert!(kinds.values().any(|kinds| kinds.len() == 2), "both R and S");
    assert!(notices.iter().any(|row| text(row, "suspend_timing") == "09:30-10:00"));
    let days: BTreeSet<_> = notices.iter().map(|row| text(row, "trade_date").to_owned()).collect();
    assert!(days.len() < market.sessions().len(), "some days have no notice");
}

#[test]
fn the_calendar_knows_weekends_holidays_and_the_day_before() {
    let market = &**MARKET;
    let days: Vec<Row> = table(market, "trade_cal").into_iter().filter(|row| text(row, "exchange") == "SSE").collect();
    assert_eq!((text(&days[0], "cal_date"), text(days.last().unwrap(), "cal_date")), ("20220101", "20240630"));
    let mut previous = "";
    for day in &days {
        assert_eq!(text(day, "pretrade_date"), previous);
        if text(day, "is_open") == "1" {
            previous = text(day, "cal_date");
        }
    }
    let open = |stamp: &str| days.iter().any(|day| text(day, "cal_date") == stamp && text(day, "is_open") == "1");
    assert!(open("20230104") && !open("20230103") && !open("20230107") && !open("20230501") && !open("20231004"));
}

/// Ten stocks and two weeks are enough for every special case; nothing breaks on less.
#[test]
fn small_markets_work() {
    let day = |text: &str| text.parse().unwrap();
    let tiny = Settings { stocks: 10, start: day("2023-03-01"), end: day("2023-03-14"), ..Settings::default() };
    let market = Market::new(&tiny);
    assert_eq!(market.sessions().len(), 10);
    let factors: BTreeSet<_> =
        table(&market, "adj_factor").iter().map(|row| text(row, "adj_factor").to_owned()).collect();
    assert!(factors.len() > 10, "split and dividend");
    assert!(table(&market, "suspend_d").len() >= 5);
    assert!(named(market.rows("stock_basic").unwrap()).iter().any(|row| text(row, "list_date") > "20230301"));
    for (stocks, end) in [(0, "2023-03-14"), (10, "2023-03-01"), (3, "2022-12-31")] {
        let market = Market::new(&Settings { stocks, end: day(end), ..tiny.clone() });
        assert!(TABLES.iter().all(|interface| market.rows(interface).is_some()));
    }
}
