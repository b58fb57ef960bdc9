//! What happens in sessions: bars, factors, suspensions, limits, money flows, margins, and sums over weeks and months.

use super::{MARKET, Row, SMALL, by_key, grouped, masters, table, values};
use crate::Cell;
use crate::market::{divide, price_limits};
use std::collections::{BTreeMap, BTreeSet};

fn percent_limit(code: &str) -> i64 {
    match (&code[..3], &code[7..]) {
        (_, "BJ") => 30,
        ("300" | "688", _) => 20,
        _ => 10,
    }
}

#[test]
fn bars_stay_within_limits_and_the_listed_life() {
    let masters = masters(&MARKET);
    let mut delisted = 0;
    for ((code, day), row) in by_key(&MARKET, "daily") {
        let (master, close) = (&masters[&code], row.cents("close"));
        if let (Some(before), true) = (row.units("pre_close", 2), master["list_date"] < day[..]) {
            let (floor, ceiling) = price_limits(before, percent_limit(&code));
            assert!(floor <= row.cents("low") && row.cents("high") <= ceiling, "{code} {day}");
            assert_eq!(row.units("pct_chg", 4), Some(divide((close - before) * 1_000_000, before)));
        }
        assert!(row.cents("low") > 0 && row.cents("vol") >= 100 && row.is_null("ah_vol"));
        assert!(master["list_date"] <= day[..] && (master.is_null("delist_date") || day[..] < master["delist_date"]));
        delisted += usize::from(!master.is_null("delist_date"));
    }
    assert!(delisted > 0);
}

/// The last close and factor compared with the next reference price and factor, for every pair of bars.
#[test]
fn factors_carry_prices_over_ex_days() {
    let factors = by_key(&MARKET, "adj_factor");
    let factor = |row: &Row| factors[&row.key()].units("adj_factor", 6).unwrap();
    let mut ex_days = Vec::new();
    for bars in grouped(table(&MARKET, "daily"), "ts_code").values() {
        for pair in bars.windows(2) {
            let Some(reference) = pair[1].units("pre_close", 2) else { continue };
            let close = pair[0].cents("close");
            assert_eq!(factor(&pair[0]) == factor(&pair[1]), close == reference);
            let (before, after) = (close * factor(&pair[0]), reference * factor(&pair[1]));
            // A factor of at least 1 has four decimals.
            assert!((before - after).abs() <= after / 10_000, "{before} {after}");
            if close != reference {
                ex_days.push(reference * 100 / close);
            }
        }
    }
    assert!(ex_days.contains(&50), "a split in two");
    assert!(ex_days.iter().any(|left| (90..100).contains(left)), "a cash dividend");
    let masters = masters(&MARKET);
    let debuts = factors.iter().filter(|((code, day), _)| masters[code]["list_date"] == day[..]);
    assert!(debuts.inspect(|(_, row)| assert_eq!(factor(row), 1_000_000)).count() >= 2);
}

#[test]
fn a_suspended_day_has_a_factor_but_no_bar() {
    let [bars, factors] = ["daily", "adj_factor"].map(|name| by_key(&MARKET, name));
    assert!(bars.keys().all(|key| factors.contains_key(key)));
    let notices = table(&MARKET, "suspend_d");
    for row in &notices {
        let is_whole_day = row.is_null("suspend_timing") && row["suspend_type"] == *"S";
        assert_eq!(bars.contains_key(&row.key()), !is_whole_day);
        assert!(factors.contains_key(&row.key()));
    }
    assert!(values(&notices, "trade_date").len() < MARKET.sessions().len(), "some days have no notice");
    let days = grouped(notices, "ts_code trade_date").into_values();
    assert!(days.into_iter().any(|rows| values(&rows, "suspend_type").len() == 2), "both R and S");
}

#[test]
fn valuations_follow_from_bars_and_shares() {
    let bars = by_key(&MARKET, "daily");
    let rows = table(&MARKET, "daily_basic");
    assert_eq!(rows.len(), bars.len());
    for row in &rows {
        let (close, volume) = (row.cents("close"), bars[&row.key()].cents("vol"));
        let of = |column| row.units(column, 4).unwrap();
        assert_eq!(of("total_mv"), divide(close * of("total_share"), 100));
        assert_eq!(of("circ_mv"), divide(close * of("float_share"), 100));
        assert_eq!(of("turnover_rate"), divide(volume * 1_000_000, of("float_share")));
    }
    assert!(rows.iter().any(|row| row.is_null("pe")) && rows.iter().any(|row| !row.is_null("dv_ttm")));
}

#[test]
fn money_flows_add_up_to_the_bar() {
    let mut bars = by_key(&MARKET, "daily");
    for row in table(&MARKET, "moneyflow") {
        let bar = bars.remove(&row.key()).unwrap();
        for side in ["buy", "sell"] {
            let of = |size: &str, what: &str, scale| row.units(&format!("{side}_{size}_{what}"), scale).unwrap();
            let sum = |what, scale| ["sm", "md", "lg", "elg"].map(|size| of(size, what, scale)).iter().sum::<i64>();
            assert_eq!(sum("vol", 0), divide(bar.cents("vol"), 100));
            assert!(bar.units("amount", 3).is_none_or(|turnover| sum("amount", 2) == divide(turnover, 100)));
        }
    }
    assert!(bars.keys().all(|(code, _)| code.ends_with("BJ")), "the others are missing");
}

#[test]
fn limit_lists_follow_from_the_bars() {
    let bars = by_key(&MARKET, "daily");
    let mut at_limit = 0;
    for row in table(&MARKET, "limit_list_d") {
        let kind = &row["limit"];
        assert!(!row["name"].contains("退市"), "it still trades");
        assert_eq!([row.is_null("limit_amount"), row.is_null("first_time")], [kind != "D", kind == "D"]);
        assert_eq!(row.is_null("limit_times"), kind == "Z");
        let (times, days) = row["up_stat"].split_once('/').unwrap();
        assert!(times.parse::<u32>().unwrap() <= days.parse().unwrap());
        let bar = &bars[&row.key()];
        let (floor, ceiling) = price_limits(bar.units("pre_close", 2).unwrap_or(0), percent_limit(&row["ts_code"]));
        at_limit += usize::from([floor, ceiling].contains(&bar.cents("close")));
    }
    assert!(at_limit > 0);
}

#[test]
fn a_days_margin_debt_is_that_of_the_day_before_with_what_was_borrowed_and_repaid() {
    for rows in grouped(table(&SMALL, "margin_detail"), "ts_code").values() {
        for pair in rows.windows(2) {
            let figures = [(&pair[0], "rzye"), (&pair[1], "rzmre"), (&pair[1], "rzche"), (&pair[1], "rzye")];
            if let [Some(then), Some(more), Some(less), Some(now)] = figures.map(|(row, column)| row.units(column, 2)) {
                assert!(now == then + more - less && more >= 0 && less >= 0, "{pair:?}");
            }
        }
    }
}

#[test]
fn margin_totals_are_sums_of_the_details() {
    let columns = [("rzye", 2), ("rzmre", 2), ("rzche", 2), ("rqye", 2), ("rqmcl", 0), ("rzrqye", 2), ("rqyl", 0)];
    let mut sums: BTreeMap<(String, &str, &str), Option<i64>> = BTreeMap::new();
    for row in table(&SMALL, "margin_detail") {
        let exchange = if row["ts_code"].ends_with("SH") { "SSE" } else { "SZSE" };
        for (column, scale) in columns {
            let sum = sums.entry((row["trade_date"].to_owned(), exchange, column)).or_insert(Some(0));
            *sum = sum.zip(row.units(column, scale)).map(|(sum, more)| sum + more);
        }
    }
    let mut exact = 0;
    let totals = table(&SMALL, "margin");
    for row in &totals {
        for (column, scale) in columns {
            let Some(total) = row.units(column, scale) else { continue };
            let sum = sums.get(&(row["trade_date"].to_owned(), &row["exchange_id"], column)).copied();
            // A missing detail is included in the total; Beijing has no details.
            let Some(sum) = sum.unwrap_or(Some(0)) else { continue };
            assert_eq!(sum, total, "{column} {row:?}");
            exact += usize::from(sum > 0);
        }
    }
    assert!(exact > 500, "{exact}");
    let first = totals.iter().find(|row| row["exchange_id"] == *"BSE").map(|row| &row["trade_date"]);
    assert_eq!(first, SMALL.calendar.stamps.iter().map(String::as_str).find(|day| *day >= "20230213"));
}

#[test]
fn weeks_and_months_are_sums_of_days() {
    let code = "000001.SZ";
    let bars: Vec<Row> = table(&SMALL, "daily").into_iter().filter(|row| row["ts_code"] == *code).collect();
    for (name, most) in [("weekly", 5), ("monthly", 23)] {
        let rows = table(&SMALL, name);
        let days = values(&rows, "trade_date");
        assert!(days.len() < SMALL.sessions().len() / 3 && days.len() > 2, "{name}");
        for row in rows.iter().filter(|row| row["ts_code"] == *code) {
            let last = &row["trade_date"];
            let before = days.range(..last).next_back().copied().unwrap_or_default();
            let inside = bars.iter().filter(|bar| bar["trade_date"] > *before && bar["trade_date"] <= *last);
            let inside: Vec<&Row> = inside.collect();
            assert!((1..=most).contains(&inside.len()));
            assert_eq!(row.units("vol", 0), Some(inside.iter().map(|bar| bar.cents("vol")).sum()), "{name} {last}");
            assert_eq!(row["close"].parse::<f64>(), inside[inside.len() - 1]["close"].parse());
        }
    }
}

#[test]
fn connect_money_comes_as_text_and_fits_the_southbound_totals() {
    let money = table(&SMALL, "moneyflow_hsgt");
    assert!(money.iter().all(|row| !matches!(row.cell("south_money"), Cell::Number(_))));
    let south: BTreeMap<&str, Option<i64>> =
        money.iter().map(|row| (&row["trade_date"], row.units("south_money", 2))).collect();
    // In 100 million CNY, compared with millions.
    for row in table(&SMALL, "ggt_daily") {
        let [bought, sold] = ["buy_amount", "sell_amount"].map(|column| row.units(column, 4));
        let net = bought.zip(sold).zip(south.get(&row["trade_date"]).copied().flatten());
        assert!(net.is_none_or(|((bought, sold), net)| bought - sold == net), "{row:?}");
    }
    // Hong Kong is closed but Shanghai is not.
    let days: BTreeSet<&str> = SMALL.calendar.stamps.iter().map(String::as_str).collect();
    assert!(days.difference(&values(&money, "trade_date")).eq(&["20221226"]));
}
