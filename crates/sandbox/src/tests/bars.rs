//! Prices, factors, valuations and money flows: rules read from the rows as they go on the wire.

use super::{MARKET, key, masters, table, text, units};
use crate::Cell;
use crate::market::walk::{divide, limits};
use std::collections::BTreeMap;

fn percent_limit(code: &str) -> i64 {
    match (&code[..3], &code[7..]) {
        (_, "BJ") => 30,
        ("300" | "688", _) => 20,
        _ => 10,
    }
}

#[test]
fn bars_are_in_order_and_within_limits() {
    let market = &**MARKET;
    let masters = masters(market);
    for row in table(market, "daily") {
        let price = |column| units(&row, column, 2).unwrap();
        let (open, high, low, close) = (price("open"), price("high"), price("low"), price("close"));
        assert!(0 < low && low <= open.min(close) && open.max(close) <= high);
        let (code, day) = key(&row);
        if let (Some(before), false) = (units(&row, "pre_close", 2), text(&masters[&code], "list_date") == day) {
            let (floor, ceiling) = limits(before, percent_limit(&code));
            assert!(floor <= low && high <= ceiling, "{code} {day}");
            assert_eq!(units(&row, "change", 2), Some(close - before));
            assert_eq!(units(&row, "pct_chg", 4), Some(divide((close - before) * 1_000_000, before)));
        }
        let shares = units(&row, "vol", 2).unwrap();
        assert!(shares >= 100);
        if let Some(turnover) = units(&row, "amount", 3) {
            assert!(low * shares <= turnover * 100 && turnover * 100 <= high * shares, "{code} {day}");
        }
        assert_eq!(row["ah_vol"], Cell::Null);
    }
}

#[test]
fn the_wires_oddities_occur() {
    let market = &**MARKET;
    let rows = table(market, "daily");
    let some = |column: &str, odd: fn(&str) -> bool| rows.iter().any(|row| odd(text(row, column)));
    assert!(some("close", |digits| digits.ends_with(".0")) && some("close", |digits| !digits.contains('.')));
    assert!(some("close", |digits| digits.len() > 3 && digits.contains('.') && digits.ends_with('0')));
    let columns = ["open", "high", "low", "close", "vol", "amount"];
    assert!(columns.into_iter().any(|column| some(column, |digits| digits.contains('E'))));
    assert!(some("change", |digits| digits == "-0.0") && some("change", |digits| digits.len() > 12));
    assert!(rows.iter().any(|row| row["amount"] == Cell::Null));
    assert!(rows.iter().filter(|row| row["pre_close"] == Cell::Null).all(|row| text(row, "ts_code").ends_with("BJ")));
    assert!(
        rows.iter()
            .any(|row| row["pre_close"] == Cell::Null && row["pct_chg"] == Cell::Null && row["change"] == Cell::Null)
    );
}

/// Last close and factor against the next reference price and factor, over every pair of bars.
#[test]
fn factors_carry_prices_over_ex_days() {
    let market = &**MARKET;
    let factors: BTreeMap<_, _> =
        table(market, "adj_factor").iter().map(|row| (key(row), units(row, "adj_factor", 6).unwrap())).collect();
    let bars = table(market, "daily");
    let mut ex_days = Vec::new();
    for pair in bars.windows(2) {
        let ((code, day), (next_code, next_day)) = (key(&pair[0]), key(&pair[1]));
        let Some(reference) = units(&pair[1], "pre_close", 2).filter(|_| code == next_code) else {
            continue;
        };
        let close = units(&pair[0], "close", 2).unwrap();
        let (factor, next_factor) = (factors[&(code.clone(), day)], factors[&(code.clone(), next_day)]);
        assert_eq!(factor == next_factor, close == reference, "{code}");
        let (before, after) = (close * factor, reference * next_factor);
        // Four decimals of a factor of at least 1.
        assert!((before - after).abs() <= after / 10_000, "{code}: {before} {after}");
        if factor != next_factor {
            ex_days.push(reference * 100 / close);
        }
    }
    assert!(ex_days.contains(&50), "a split in two");
    assert!(ex_days.iter().any(|left| (90..100).contains(left)), "a cash dividend");
}

#[test]
fn a_debut_starts_at_factor_one() {
    let market = &**MARKET;
    let masters = masters(market);
    let mut debuts = 0;
    for row in table(market, "adj_factor") {
        let (code, day) = key(&row);
        if text(&masters[&code], "list_date") == day {
            assert_eq!(units(&row, "adj_factor", 6), Some(1_000_000));
            debuts += 1;
        }
    }
    assert!(debuts >= 2);
}

#[test]
fn valuations_follow_from_bars_and_shares() {
    let market = &**MARKET;
    let bars: BTreeMap<_, _> = table(market, "daily").into_iter().map(|row| (key(&row), row)).collect();
    let rows = table(market, "daily_basic");
    assert_eq!(rows.len(), bars.len());
    for row in &rows {
        let bar = &bars[&key(row)];
        let close = units(row, "close", 2).unwrap();
        assert_eq!(Some(close), units(bar, "close", 2));
        let shares = |column| units(row, column, 4).unwrap();
        assert!(
            0 < shares("free_share")
                && shares("free_share") <= shares("float_share")
                && shares("float_share") <= shares("total_share")
        );
        assert_eq!(shares("total_mv"), divide(close * shares("total_share"), 100));
        assert_eq!(shares("circ_mv"), divide(close * shares("float_share"), 100));
        assert_eq!(shares("turnover_rate"), divide(units(bar, "vol", 2).unwrap() * 1_000_000, shares("float_share")));
    }
    assert!(rows.iter().any(|row| row["pe"] == Cell::Null) && rows.iter().any(|row| row["dv_ttm"] != Cell::Null));
}

#[test]
fn money_flows_add_up_to_the_bar() {
    let market = &**MARKET;
    let mut bars: BTreeMap<_, _> = table(market, "daily").into_iter().map(|row| (key(&row), row)).collect();
    let rows = table(market, "moneyflow");
    for row in &rows {
        let bar = bars.remove(&key(row)).unwrap();
        for side in ["buy", "sell"] {
            let sum = |what, scale| -> i64 {
                ["sm", "md", "lg", "elg"]
                    .map(|size| units(row, &format!("{side}_{size}_{what}"), scale).unwrap())
                    .iter()
                    .sum()
            };
            assert_eq!(sum("vol", 0), divide(units(&bar, "vol", 2).unwrap(), 100));
            if let Some(turnover) = units(&bar, "amount", 3) {
                assert_eq!(sum("amount", 2), divide(turnover, 100));
            }
        }
    }
    assert!(bars.keys().all(|(code, _)| code.ends_with("BJ")));
    assert!(rows.iter().any(|row| text(row, "net_mf_amount").starts_with('-')));
}
