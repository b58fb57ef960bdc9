//! Lists of a session: columns, keys and their repeats, filters, hours, and figures that must fit.

use super::caller::{Sandbox, items, no_limits};
use super::{Row, SMALL, find, key, named, small, table, text, units};
use crate::tables::asked::Params;
use crate::{Cell, Market, Rows, Settings};
use chrono::{Days, TimeDelta};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Lists of a session.
const NAMES: [&str; 27] = [
    "stk_limit",
    "hsgt_top10",
    "hk_hold",
    "top_list",
    "top_inst",
    "margin_detail",
    "block_trade",
    "dc_index",
    "dc_daily",
    "ths_daily",
    "stk_factor",
    "stk_factor_pro",
    "cyq_perf",
    "fx_daily",
    "index_dailybasic",
    "sw_daily",
    "weekly",
    "monthly",
    "moneyflow_dc",
    "ggt_top10",
    "margin_secs",
    "stock_st",
    "stock_hsgt",
    "stk_premarket",
    "bak_basic",
    "fund_daily",
    "fund_adj",
];
/// Those whose keys repeat, and the keys.
const REPEATING: [(&str, &[&str]); 2] = [
    ("top_inst", &["trade_date", "ts_code", "reason", "side", "exalter"]),
    ("block_trade", &["ts_code", "trade_date", "buyer", "seller", "price", "vol"]),
];

/// What a call gets after everything is published.
fn select(interface: &str, params: &[(&str, &str)]) -> Vec<Row> {
    let interface = find(interface).unwrap();
    let params: Params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    named(Rows { fields: interface.names(), rows: interface.select(&SMALL, None, &params, (0, usize::MAX)) })
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
fn every_list_has_rows_and_some_gaps() {
    let mut nulls = (0, 0);
    for name in NAMES {
        let rows = SMALL.rows(name).unwrap().rows;
        assert!(!rows.is_empty(), "{name}");
        nulls.0 += rows.iter().flatten().filter(|cell| **cell == Cell::Null).count();
        nulls.1 += rows.iter().flatten().count();
    }
    assert!((20..60).contains(&(nulls.1 / nulls.0)), "{nulls:?}");
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
fn filters_narrow() {
    let day = SMALL.calendar.stamps[40].as_str();
    for name in NAMES {
        let all = table(&SMALL, name);
        let of_day = all.iter().filter(|row| text(row, "trade_date") == day).count();
        let asked = select(name, &[("trade_date", day)]);
        assert!(asked.iter().all(|row| text(row, "trade_date") == day));
        assert_eq!(asked.len(), of_day, "{name}");
        let code = text(&all[0], "ts_code");
        let of_code = select(name, &[("ts_code", code)]);
        assert_eq!(of_code.len(), all.iter().filter(|row| text(row, "ts_code") == code).count(), "{name}");
        assert!(of_code.is_sorted_by(|a, b| text(a, "trade_date") >= text(b, "trade_date")));
    }
    for (name, param, values) in [
        ("dc_index", "idx_type", &["行业板块", "概念板块", "地域板块"][..]),
        ("stock_hsgt", "type", &["HK_SZ", "SZ_HK", "HK_SH", "SH_HK"]),
        ("hsgt_top10", "market_type", &["1", "3"]),
        ("ggt_top10", "market_type", &["2", "4"]),
        ("hk_hold", "exchange", &["SH", "SZ"]),
        ("margin_secs", "exchange", &["SSE", "SZSE"]),
    ] {
        let whole = select(name, &[("trade_date", day)]).len();
        let parts = values.iter().map(|value| select(name, &[("trade_date", day), (param, value)]));
        let parts: Vec<usize> = parts.map(|rows| rows.len()).collect();
        assert!(parts.iter().all(|part| *part > 0), "{name}");
        assert_eq!(parts.iter().sum::<usize>(), whole, "{name}");
    }
    assert_eq!(select("dc_index", &[("trade_date", day), ("idx_type", "概念板块")]).len(), 5);
}

#[test]
fn the_same_settings_give_the_same_rows() {
    let again = Market::new(&small());
    for name in NAMES {
        assert_eq!(again.rows(name), SMALL.rows(name), "{name}");
    }
    let other = Market::new(&Settings { seed: 2, ..small() });
    assert_ne!(other.rows("fund_daily"), SMALL.rows("fund_daily"));
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

#[test]
fn lists_appear_at_their_hour() {
    let day = SMALL.sessions()[40];
    for name in NAMES {
        let interface = find(name).unwrap();
        let publication = &interface.contract.publication;
        let on = day + Days::new(u64::from(publication.next_day));
        let minute = TimeDelta::minutes(1);
        let (before, then) = (publication.hour - minute, publication.hour);
        let params = Params::from([("trade_date".to_owned(), SMALL.calendar.stamps[40].clone())]);
        let rows = |time| interface.select(&SMALL, Some(on.and_time(time)), &params, (0, usize::MAX));
        assert!(rows(before).is_empty(), "{name}");
        assert_eq!(rows(then), interface.select(&SMALL, None, &params, (0, usize::MAX)), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_need_what_is_required() {
    let sandbox = Sandbox::start(Settings { points: 8000, ..no_limits() }).await;
    let day = sandbox.market.calendar.stamps[40].clone();
    for (name, missing) in [
        ("dc_index", json!({"trade_date": day})),
        ("stock_hsgt", json!({"trade_date": day})),
        ("top_list", json!({})),
        ("top_inst", json!({})),
        ("weekly", json!({})),
        ("cyq_perf", json!({})),
    ] {
        assert_eq!(sandbox.call(name, &missing, "")["code"], -2001, "{name}");
    }
    let count = |name: &str, params| items(&sandbox.call(name, &params, "")).len();
    assert_eq!(count("dc_index", json!({"trade_date": day, "idx_type": "行业板块"})), 5);
    assert!(count("stock_hsgt", json!({"trade_date": day, "type": "HK_SZ"})) > 0);
    assert!(count("cyq_perf", json!({"trade_date": day})) > 40);
    assert!(count("stk_factor_pro", json!({"trade_date": day})) > 40);
    let first = sandbox.call("sw_daily", &json!({"trade_date": day}), "");
    assert!(!super::caller::fields(&first).contains(&"weight"));
}
