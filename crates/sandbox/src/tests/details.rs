//! Chips and minutes: sums over a session, the daily figures they must match, ranges and pages.

use super::{Row, SMALL, at, by_key, grouped, select, table, values};
use std::collections::BTreeMap;

#[test]
fn chips_add_up_and_fit_their_summary() {
    let (chips, bars) = (grouped(table(&SMALL, "cyq_chips"), "ts_code trade_date"), by_key(&SMALL, "daily"));
    assert_eq!(chips.len(), bars.len());
    assert!(chips.values().all(|levels| levels.iter().map(|level| level.cents("percent")).sum::<i64>() == 10_000));
    assert!(chips.values().any(|levels| levels.len() > 100));
    let mut checked = 0;
    for row in table(&SMALL, "cyq_perf") {
        let levels = chips[&row.texts("ts_code trade_date")].iter();
        let levels: Vec<_> = levels.map(|level| (level.cents("price"), level.cents("percent"))).collect();
        let below = |price: i64| levels.iter().filter(|level| level.0 <= price).map(|level| level.1).sum::<i64>();
        for percent in [5, 15, 50, 85, 95] {
            if let Some(cost) = row.units(&format!("cost_{percent}pct"), 2) {
                assert!(below(cost) >= percent * 100 && below(cost - 1) < percent * 100);
                checked += 1;
            }
        }
        let close = bars[&row.key()].cents("close");
        assert!(row.units("winner_rate", 4).is_none_or(|rate| rate == below(close - 1) * 100));
        let sum: i64 = levels.iter().map(|level| level.0 * level.1).sum();
        assert!(row.units("weight_avg", 2).is_none_or(|mean| (mean * 10_000 - sum).abs() <= 5_000));
        assert!(row.units("his_low", 2).is_none_or(|low| low <= levels[0].0));
        assert!(row.units("his_high", 2).is_none_or(|high| high >= levels[levels.len() - 1].0));
    }
    assert!(checked > 5000);
}

#[test]
fn minutes_add_up_to_the_day() {
    let bars = by_key(&SMALL, "daily");
    let codes: Vec<&str> = SMALL.stocks.iter().map(|stock| stock.security.code.as_str()).collect();
    for (freq, most) in [("1min", 241), ("5min", 49), ("15min", 17), ("30min", 9), ("60min", 5)] {
        let mut days: BTreeMap<_, Vec<Row>> = BTreeMap::new();
        for row in select("stk_mins", &[("ts_code", &codes.join(",")), ("freq", freq)], None).into_iter().rev() {
            let day = row["trade_time"][..10].replace('-', "");
            days.entry((row["ts_code"].to_owned(), day)).or_default().push(row);
        }
        assert!(days.keys().eq(bars.keys()), "only days on which a stock trades");
        for (key, rows) in days {
            let bar = &bars[&key];
            assert!(rows.len() == most && rows.is_sorted_by(|a, b| a["trade_time"] < b["trade_time"]));
            let all = |column| rows.iter().map(move |row| row.cents(column));
            assert_eq!((all("open").next(), all("close").next_back()), (bar.units("open", 2), bar.units("close", 2)));
            assert_eq!((all("high").max(), all("low").min()), (bar.units("high", 2), bar.units("low", 2)));
            assert_eq!(rows.iter().map(|row| row.units("vol", 0).unwrap()).sum::<i64>(), bar.cents("vol"));
            assert!(bar.units("amount", 3).is_none_or(|turnover| turnover * 100 == all("amount").sum::<i64>()));
        }
    }
    assert!(select("stk_mins", &[("ts_code", "600001.SH"), ("freq", "2min")], None).is_empty());
}

#[test]
fn nobody_trades_in_a_pause_or_before_the_closing_auction() {
    let mut pauses = 0;
    for notice in table(&SMALL, "suspend_d") {
        let Some((from, to)) = notice["suspend_timing"].split_once('-') else { continue };
        let (year, month, day) = (&notice["trade_date"][..4], &notice["trade_date"][4..6], &notice["trade_date"][6..]);
        let [start, end] = [from, to].map(|time| format!("{year}-{month}-{day} {time}:00"));
        let pause = [("ts_code", &notice["ts_code"]), ("freq", "1min"), ("start_date", &start), ("end_date", &end)];
        let rows = select("stk_mins", &pause, None);
        assert!(rows.iter().all(|row| row.units("vol", 0) == Some(0)));
        pauses += usize::from(!rows.is_empty());
    }
    assert!(pauses >= 2);
    let rows = select("stk_mins", &[("ts_code", "600001.SH"), ("freq", "1min")], None);
    let mut auction = rows.iter().filter(|row| row["trade_time"].ends_with("14:59:00"));
    assert!(auction.all(|row| row.units("vol", 0) == Some(0)));
    for (time, occurs) in [("09:30", true), ("11:30", true), ("11:31", false), ("13:00", false), ("15:00", true)] {
        assert_eq!(rows.iter().any(|row| row["trade_time"][11..16] == *time), occurs, "{time}");
    }
}

#[test]
fn ranges_are_kept_to_the_second_and_the_day() {
    let day = SMALL.sessions()[20];
    let (start, end) = (format!("{day} 09:35:00"), format!("{day} 10:00:00"));
    let from = |freq| [("ts_code", "600001.SH"), ("freq", freq), ("start_date", start.as_str())];
    let rows = select("stk_mins", &[&from("5min")[..], &[("end_date", &end)]].concat(), None);
    assert_eq!((rows.len(), &rows[0]["trade_time"], &rows[5]["trade_time"]), (6, &*end, &*start), "newest first");
    assert_eq!(select("stk_mins", &from("60min"), None).len(), (SMALL.sessions().len() - 20) * 5 - 1);
    let seen = |time| select("stk_mins", &from("60min"), Some(at(day, time))).len();
    assert_eq!((seen("18:59"), seen("19:00")), (0, 4));
    let days = &SMALL.calendar.stamps;
    let chips =
        select("cyq_chips", &[("ts_code", "600001.SH"), ("start_date", &days[10]), ("end_date", &days[12])], None);
    assert!(values(&chips, "trade_date").into_iter().eq(&days[10..=12]));
    let day = select("cyq_chips", &[("ts_code", "600001.SH"), ("trade_date", &days[12])], None);
    assert_eq!(chips[..day.len()], day);
}
