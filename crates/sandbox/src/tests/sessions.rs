//! Lists of a session: repeated keys, gaps, and figures that must fit.

use super::{Row, SMALL, find, key, table, text, units};
use crate::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// Those whose keys repeat, and the keys.
const REPEATING: [(&str, &[&str]); 2] = [
    ("top_inst", &["trade_date", "ts_code", "reason", "side", "exalter"]),
    ("block_trade", &["ts_code", "trade_date", "buyer", "seller", "price", "vol"]),
];

#[test]
fn figures_that_follow_from_nothing_are_missing_now_and_then() {
    let rows = SMALL.rows("stk_factor_pro").unwrap().rows;
    let nulls = rows.iter().flatten().filter(|cell| **cell == Cell::Null).count();
    assert!((20..60).contains(&(rows.iter().flatten().count() / nulls)));
}

/// How often the values of some columns occur together.
fn counted(rows: &[Row], columns: &[&str]) -> BTreeMap<Vec<Option<String>>, usize> {
    rows.iter().fold(BTreeMap::new(), |mut counts, row| {
        let values = columns.iter().map(|column| row[*column].text().map(str::to_owned)).collect();
        *counts.entry(values).or_default() += 1;
        counts
    })
}

#[test]
fn seats_and_deals_repeat_and_some_are_twins() {
    for (name, key) in REPEATING {
        let rows = table(&SMALL, name);
        let whole = find(name).unwrap().names();
        let whole: Vec<&str> = whole.iter().map(String::as_str).collect();
        let most = |columns: &[&str]| counted(&rows, columns).into_values().max().unwrap();
        assert!(most(key) > 1 && most(&whole) > 1, "{name}");
        assert!(counted(&rows, key).into_values().any(|count| count == 1));
    }
    let seats = table(&SMALL, "top_inst");
    assert!(seats.iter().any(|row| text(row, "exalter") == "机构专用"));
    let lists = counted(&table(&SMALL, "top_list"), &["trade_date", "ts_code", "reason"]);
    let by_list = counted(&seats, &["trade_date", "ts_code", "reason"]);
    assert!(by_list.keys().eq(lists.keys()) && by_list.values().all(|seats| *seats == 10));
    assert!(counted(&table(&SMALL, "top_list"), &["trade_date", "ts_code"]).values().any(|reasons| *reasons > 1));
}

#[test]
fn figures_fit_the_bars() {
    let bars: BTreeMap<_, Row> = table(&SMALL, "daily").into_iter().map(|row| (key(&row), row)).collect();
    for row in table(&SMALL, "stk_factor") {
        for column in ["open", "high", "low", "close"] {
            assert_eq!(units(&row, column, 2), units(&bars[&key(&row)], column, 2));
        }
        assert_eq!(units(&row, "vol", 2), units(&bars[&key(&row)], "vol", 2));
    }
    // Prices in thousandths against CNY for lots.
    for row in table(&SMALL, "fund_daily") {
        let price = |column| units(&row, column, 3).unwrap();
        assert!(price("low") <= price("open").min(price("close")));
        assert!(price("high") >= price("open").max(price("close")));
        let (shares, paid) = (units(&row, "vol", 2).unwrap(), units(&row, "amount", 3).unwrap() * 1000);
        assert!(price("low") * shares <= paid && paid <= price("high") * shares);
    }
    for row in table(&SMALL, "block_trade") {
        let product = units(&row, "price", 2).unwrap() * units(&row, "vol", 4).unwrap();
        assert_eq!(product, units(&row, "amount", 4).unwrap() * 100);
    }
    for row in table(&SMALL, "hsgt_top10") {
        if let (Some(bought), Some(sold)) = (units(&row, "buy", 2), units(&row, "sell", 2)) {
            assert_eq!(units(&row, "amount", 2), Some(bought + sold));
            assert!(units(&row, "net_amount", 2).is_none_or(|net| net == bought - sold));
        }
    }
    let mut before: BTreeMap<String, Option<i64>> = BTreeMap::new();
    for row in table(&SMALL, "margin_detail") {
        let owed = units(&row, "rzye", 2);
        if let Some(Some(then)) = before.insert(text(&row, "ts_code").to_owned(), owed)
            && let (Some(now), Some(more), Some(less)) = (owed, units(&row, "rzmre", 2), units(&row, "rzche", 2))
        {
            assert_eq!(now, then + more - less);
            assert!(more >= 0 && less >= 0);
        }
    }
}

#[test]
fn weeks_and_months_are_sums_of_days() {
    let bars = table(&SMALL, "daily");
    for (name, most) in [("weekly", 5), ("monthly", 23)] {
        let rows = table(&SMALL, name);
        let days: BTreeSet<&str> = rows.iter().map(|row| text(row, "trade_date")).collect();
        let stamps = &SMALL.calendar.stamps;
        assert!(days.len() < stamps.len() / 3 && days.len() > 2, "{name}");
        for row in rows.iter().filter(|row| text(row, "ts_code") == "000001.SZ") {
            let last = text(row, "trade_date");
            let since = days.range(..last).next_back().copied().unwrap_or_default();
            let inside: Vec<&Row> = (bars.iter())
                .filter(|bar| text(bar, "ts_code") == "000001.SZ")
                .filter(|bar| (since..=last).contains(&text(bar, "trade_date")) && text(bar, "trade_date") != since)
                .collect();
            assert!((1..=most).contains(&inside.len()));
            let shares: i64 = inside.iter().map(|bar| units(bar, "vol", 2).unwrap()).sum();
            assert_eq!(units(row, "vol", 0), Some(shares), "{name} {last}");
            assert_eq!(units(row, "close", 2), units(inside[inside.len() - 1], "close", 2));
            let (low, high) = (units(row, "low", 2).unwrap(), units(row, "high", 2).unwrap());
            let paid = units(row, "amount", 2).unwrap();
            assert!(low * shares <= paid && paid <= high * shares);
            assert!(units(row, "pct_chg", 6).is_none_or(|change| change.abs() < 1_000_000));
        }
    }
}
