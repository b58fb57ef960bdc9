//! Limit lists: rows against the bars they follow from.

use super::{MARKET, Row, SMALL, key, table, text, units};
use crate::market::walk::limits;
use crate::{Cell, Market, Settings};
use std::collections::{BTreeMap, BTreeSet};

fn kinds(market: &Market, interface: &str) -> BTreeSet<String> {
    table(market, interface).iter().map(|row| text(row, "limit").to_owned()).collect()
}

#[test]
fn every_kind_occurs_in_small_markets() {
    let end = "2023-03-14".parse().unwrap();
    let tiny = Market::new(&Settings { stocks: 10, start: "2023-03-01".parse().unwrap(), end, ..Settings::default() });
    for market in [&*SMALL, &**MARKET, &tiny] {
        assert_eq!(kinds(market, "limit_list_d").into_iter().collect::<String>(), "DUZ");
        assert_eq!(kinds(market, "limit_list").into_iter().collect::<String>(), "DU");
    }
}

#[test]
fn rows_follow_from_the_bars() {
    let market = &**MARKET;
    let bars: BTreeMap<_, Row> = table(market, "daily").into_iter().map(|row| (key(&row), row)).collect();
    let rows = table(market, "limit_list_d");
    let mut at_limit = 0;
    for row in &rows {
        let (bar, kind) = (&bars[&key(row)], text(row, "limit"));
        assert_eq!(units(row, "close", 2), units(bar, "close", 2));
        if let Some(thousands) = units(bar, "amount", 3) {
            assert_eq!(units(row, "amount", 0), Some(thousands));
        }
        assert_eq!(row["limit_amount"] != Cell::Null, kind == "D");
        assert_eq!(row["first_time"] == Cell::Null, kind == "D");
        assert!(matches!(text(row, "last_time").len(), 5 | 6));
        assert_eq!(row["limit_times"] == Cell::Null, kind == "Z");
        let (limits_up, days) = text(row, "up_stat").split_once('/').unwrap();
        assert!(limits_up.parse::<u32>().unwrap() <= days.parse().unwrap());
        if let (Some(before), false) = (units(bar, "pre_close", 2), text(row, "ts_code").ends_with("BJ")) {
            let percent = if text(row, "ts_code").starts_with("300") || text(row, "ts_code").starts_with("688") {
                20
            } else {
                10
            };
            let (floor, ceiling) = limits(before, percent);
            let close = units(bar, "close", 2).unwrap();
            at_limit += usize::from(close == floor || close == ceiling);
        }
    }
    assert!(at_limit > 0);
    let times: BTreeSet<usize> = rows.iter().map(|row| text(row, "last_time").len()).collect();
    assert_eq!(times, BTreeSet::from([5, 6]));
    let names: String = rows.iter().map(|row| text(row, "name")).collect();
    assert!(names.contains(' ') && names.contains('Ａ') && !names.contains("退市"));
}
