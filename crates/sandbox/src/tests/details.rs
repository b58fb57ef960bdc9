//! Chips and minutes: sums over a session, the daily figures they must fit, ranges and pages.

use super::{Row, SMALL, at, key, select, table, text, units};
use std::collections::{BTreeMap, BTreeSet};

fn daily() -> BTreeMap<(String, String), Row> {
    table(&SMALL, "daily").into_iter().map(|row| (key(&row), row)).collect()
}

/// Code and day of a minute.
fn day_of(row: &Row) -> (String, String) {
    (text(row, "ts_code").to_owned(), text(row, "trade_time")[..10].replace('-', ""))
}

#[test]
fn chips_add_up_and_fit_their_summary() {
    let mut chips: BTreeMap<_, Vec<(i64, i64)>> = BTreeMap::new();
    for row in table(&SMALL, "cyq_chips") {
        let level = (units(&row, "price", 2).unwrap(), units(&row, "percent", 2).unwrap());
        chips.entry(key(&row)).or_default().push(level);
    }
    let bars = daily();
    assert!(chips.keys().eq(bars.keys()));
    assert!(chips.values().all(|levels| levels.iter().map(|level| level.1).sum::<i64>() == 10_000));
    assert!(chips.values().any(|levels| levels.len() > 100));
    let mut checked = 0;
    for row in table(&SMALL, "cyq_perf") {
        let levels = &chips[&key(&row)];
        let below = |price: i64| levels.iter().filter(|level| level.0 <= price).map(|level| level.1).sum::<i64>();
        for percent in [5, 15, 50, 85, 95] {
            if let Some(cost) = units(&row, &format!("cost_{percent}pct"), 2) {
                assert!(below(cost) >= percent * 100 && below(cost - 1) < percent * 100);
                checked += 1;
            }
        }
        let close = units(&bars[&key(&row)], "close", 2).unwrap();
        assert!(units(&row, "winner_rate", 4).is_none_or(|rate| rate == below(close - 1) * 100));
        let sum: i64 = levels.iter().map(|level| level.0 * level.1).sum();
        assert!(units(&row, "weight_avg", 2).is_none_or(|mean| (mean * 10_000 - sum).abs() <= 5_000));
        assert!(units(&row, "his_low", 2).is_none_or(|low| low <= levels[0].0));
        assert!(units(&row, "his_high", 2).is_none_or(|high| high >= levels[levels.len() - 1].0));
    }
    assert!(checked > 5000);
}

#[test]
fn chips_of_a_range_are_those_of_its_days() {
    let days = &SMALL.calendar.stamps;
    let range =
        select("cyq_chips", &[("ts_code", "600001.SH"), ("start_date", &days[10]), ("end_date", &days[12])], None);
    let single: Vec<Row> = [12, 11, 10]
        .into_iter()
        .flat_map(|day: usize| select("cyq_chips", &[("ts_code", "600001.SH"), ("trade_date", &days[day])], None))
        .collect();
    assert!(!range.is_empty() && range == single);
}

#[test]
fn minutes_add_up_to_the_day() {
    let bars = daily();
    for (freq, most) in [("1min", 241), ("5min", 49), ("15min", 17), ("30min", 9), ("60min", 5)] {
        let mut days: BTreeMap<_, Vec<Row>> = BTreeMap::new();
        let codes: Vec<&str> = SMALL.stocks.iter().map(|stock| stock.security.code.as_str()).collect();
        for row in select("stk_mins", &[("ts_code", &codes.join(",")), ("freq", freq)], None).into_iter().rev() {
            days.entry(day_of(&row)).or_default().push(row);
        }
        assert!(days.keys().eq(bars.keys()), "only days on which a stock trades");
        for (key, rows) in &days {
            let bar = &bars[key];
            assert_eq!(rows.len(), most);
            assert!(rows.is_sorted_by(|a, b| text(a, "trade_time") < text(b, "trade_time")));
            let price = |row: &Row, column| units(row, column, 2).unwrap();
            let all = |column| rows.iter().map(move |row| price(row, column));
            assert_eq!(price(&rows[0], "open"), price(bar, "open"));
            assert_eq!(price(&rows[most - 1], "close"), price(bar, "close"));
            assert_eq!(all("high").max(), Some(price(bar, "high")));
            assert_eq!(all("low").min(), Some(price(bar, "low")));
            let shares: i64 = rows.iter().map(|row| units(row, "vol", 0).unwrap()).sum();
            assert_eq!(Some(shares), units(bar, "vol", 2));
            let fen: i64 = all("amount").sum();
            assert!(units(bar, "amount", 3).is_none_or(|turnover| turnover * 100 == fen));
            for row in rows {
                let (low, high) = (price(row, "low"), price(row, "high"));
                assert!(low <= price(row, "open").min(price(row, "close")));
                assert!(high >= price(row, "open").max(price(row, "close")));
                let (shares, fen) = (units(row, "vol", 0).unwrap(), price(row, "amount"));
                assert!(low * shares <= fen && fen <= high * shares);
            }
        }
    }
    let row = &select("stk_mins", &[("ts_code", "600001.SH"), ("freq", "2min")], None);
    assert!(row.is_empty());
}

#[test]
fn nobody_trades_in_a_pause_or_before_the_closing_auction() {
    let mut pauses = 0;
    for notice in table(&SMALL, "suspend_d") {
        let Some((from, to)) = notice["suspend_timing"].text().and_then(|timing| timing.split_once('-')) else {
            continue;
        };
        let day = text(&notice, "trade_date");
        let day = format!("{}-{}-{}", &day[..4], &day[4..6], &day[6..]);
        let (start, end) = (format!("{day} {from}:00"), format!("{day} {to}:00"));
        let range =
            [("ts_code", text(&notice, "ts_code")), ("freq", "1min"), ("start_date", &start), ("end_date", &end)];
        let rows = select("stk_mins", &range, None);
        assert!(rows.iter().all(|row| units(row, "vol", 0) == Some(0)));
        pauses += usize::from(!rows.is_empty());
    }
    assert!(pauses >= 2);
    let rows = select("stk_mins", &[("ts_code", "600001.SH"), ("freq", "1min")], None);
    let quiet = |row: &&Row| text(row, "trade_time").ends_with("14:59:00");
    assert!(rows.iter().filter(quiet).all(|row| units(row, "vol", 0) == Some(0)));
    let times: BTreeSet<&str> = rows.iter().map(|row| &text(row, "trade_time")[11..]).collect();
    assert!(times.contains("09:30:00") && times.contains("11:30:00") && times.contains("15:00:00"));
    assert!(!times.contains("11:31:00") && !times.contains("13:00:00"));
}

#[test]
fn ranges_of_time_are_kept_to_the_second() {
    let day = SMALL.sessions()[20];
    let (start, end) = (format!("{day} 09:35:00"), format!("{day} 10:00:00"));
    let range = [("ts_code", "600001.SH"), ("freq", "5min"), ("start_date", &*start), ("end_date", &*end)];
    let times: Vec<String> =
        select("stk_mins", &range, None).iter().map(|row| text(row, "trade_time").to_owned()).collect();
    assert_eq!(times.len(), 6);
    assert_eq!((&times[0], &times[5]), (&end, &start), "newest first");
    let from = [("ts_code", "600001.SH"), ("freq", "60min"), ("start_date", &*start)];
    assert_eq!(select("stk_mins", &from, None).len(), (SMALL.sessions().len() - 20) * 5 - 1);
    let seen = |time| select("stk_mins", &from, Some(at(day, time))).len();
    assert_eq!((seen("18:59"), seen("19:00")), (0, 4));
}
