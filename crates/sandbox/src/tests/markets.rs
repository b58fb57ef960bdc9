//! Lists of a session about indices, boards and whole markets: figures that must fit those of the stocks behind them.

use super::{Row, SMALL, at, key, select, small, table, text, units};
use crate::{Cell, Market, Settings};
use chrono::{Datelike, Days};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn an_index_trades_what_its_constituents_trade() {
    let bars: BTreeMap<_, Row> = table(&SMALL, "daily").into_iter().map(|row| (key(&row), row)).collect();
    let rows = table(&SMALL, "index_daily");
    let weights = table(&SMALL, "index_weight");
    let snapshot = |index: &str, day: &str| {
        let of = weights.iter().filter(|row| text(row, "index_code") == index && text(row, "trade_date") == day);
        of.map(|row| text(row, "con_code").to_owned()).collect::<Vec<_>>()
    };
    let mut before: BTreeMap<&str, Option<i64>> = BTreeMap::new();
    let mut checked = 0;
    for row in &rows {
        let price = |column| units(row, column, 2);
        assert!(price("low") <= price("open").min(price("close")));
        assert!(price("high") >= price("open").max(price("close")));
        let (index, day) = (text(row, "ts_code"), text(row, "trade_date"));
        if let (Some(Some(then)), Some(now)) = (before.insert(index, price("close")), price("pre_close")) {
            assert_eq!(then, now);
        }
        let (shares, paid) = (units(row, "vol", 2).unwrap(), units(row, "amount", 3).unwrap());
        let stocks = snapshot(index, day);
        if !stocks.is_empty() {
            let traded = stocks.iter().filter_map(|stock| bars.get(&(stock.clone(), day.to_owned())));
            assert_eq!(shares, traded.clone().map(|bar| units(bar, "vol", 2).unwrap()).sum::<i64>(), "{index} {day}");
            let turnover = traded.map(|bar| units(bar, "amount", 3).unwrap_or_default()).sum::<i64>();
            assert!(turnover <= paid);
            checked += 1;
        }
        // CNY for a share.
        assert!(shares == 0 || (1..100).contains(&(paid / shares)), "{index} {day}");
    }
    assert!(checked > 20);
    let of = |code: &str| -> Vec<Row> {
        let same = rows.iter().filter(|row| text(row, "ts_code") == code).cloned();
        same.map(|row| {
            row.into_iter().filter(|(name, _)| ["trade_date", "close", "vol"].contains(&name.as_str())).collect()
        })
        .collect()
    };
    let (shanghai, shenzhen) = (of("000300.SH"), of("399300.SZ"));
    assert_eq!(shanghai.len(), SMALL.sessions().len());
    assert!(
        shanghai
            .iter()
            .zip(&shenzhen)
            .all(|(a, b)| ["close", "vol"].map(|name| units(a, name, 2))
                == ["close", "vol"].map(|name| units(b, name, 2)))
    );
}

#[test]
fn weights_come_at_the_end_of_a_month_and_are_a_hundred_together() {
    let rows = table(&SMALL, "index_weight");
    let mut sums: BTreeMap<(&str, &str), (i64, usize)> = BTreeMap::new();
    for row in &rows {
        let sum = sums.entry((text(row, "index_code"), text(row, "trade_date"))).or_default();
        sum.0 += units(row, "weight", 4).unwrap();
        sum.1 += 1;
    }
    assert!(sums.values().all(|(weight, count)| *weight == 1_000_000 && (1..=20).contains(count)), "{sums:?}");
    let days: BTreeSet<&str> = sums.keys().map(|(_, day)| *day).collect();
    assert_eq!(days.into_iter().collect::<Vec<_>>(), ["20221130", "20221230", "20230131", "20230228"]);
    let codes: BTreeSet<&str> = sums.keys().map(|(index, _)| *index).collect();
    assert!(codes.contains("399300.SZ") && !codes.contains("000300.SH"));
    // Another half-year, other constituents.
    let of = |day: &str| -> BTreeSet<&str> {
        let rows = rows.iter().filter(|row| text(row, "trade_date") == day && text(row, "index_code") == "399300.SZ");
        rows.map(|row| text(row, "con_code")).collect()
    };
    assert!(of("20221230") != of("20230131") && of("20221230").intersection(&of("20230131")).count() > 2);
}

#[test]
fn boards_hold_their_leaders_and_each_stock_is_in_several() {
    let mut members: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    let mut boards: BTreeMap<(String, String), usize> = BTreeMap::new();
    for row in table(&SMALL, "dc_member") {
        let day = text(&row, "trade_date").to_owned();
        let stock = text(&row, "con_code").to_owned();
        *boards.entry((day, stock.clone())).or_default() += 1;
        members.entry(key(&row)).or_default().insert(stock);
    }
    let lists = table(&SMALL, "dc_index");
    assert_eq!(lists.len(), members.len());
    for row in &lists {
        let leader = text(row, "leading_code");
        assert!(members[&key(row)].contains(leader), "{:?} {leader}", key(row));
    }
    assert!(boards.values().all(|count| (3..=10).contains(count)));
    let listed = table(&SMALL, "adj_factor").len();
    assert_eq!(boards.len(), listed);
}

#[test]
fn margin_totals_are_sums_of_the_details() {
    let details = table(&SMALL, "margin_detail");
    let mut sums: BTreeMap<[&str; 3], Option<i64>> = BTreeMap::new();
    let mut exact = 0;
    let columns = [("rzye", 2), ("rzmre", 2), ("rzche", 2), ("rqye", 2), ("rqmcl", 0), ("rzrqye", 2), ("rqyl", 0)];
    for row in &details {
        let exchange = if text(row, "ts_code").ends_with("SH") { "SSE" } else { "SZSE" };
        for (column, scale) in columns {
            let sum = sums.entry([text(row, "trade_date"), exchange, column]).or_insert(Some(0));
            // A gap in the details is none in the sum.
            *sum = sum.zip(units(row, column, scale)).map(|(sum, more)| sum + more);
        }
    }
    let rows = table(&SMALL, "margin");
    for row in &rows {
        let (day, exchange) = (text(row, "trade_date"), text(row, "exchange_id"));
        for (column, scale) in columns {
            let Some(total) = units(row, column, scale) else { continue };
            match sums.get(&[day, exchange, column]) {
                Some(Some(sum)) => {
                    assert_eq!(total, *sum, "{day} {exchange} {column}");
                    exact += 1;
                }
                Some(None) => {}
                None => assert_eq!((exchange, total), ("BSE", 0)),
            }
        }
    }
    assert!(exact > 500, "{exact}");
    let first = |exchange: &str| {
        rows.iter().find(|row| text(row, "exchange_id") == exchange).map(|row| text(row, "trade_date"))
    };
    let beijing = SMALL.calendar.stamps.iter().map(String::as_str).find(|stamp| *stamp >= "20230213");
    assert_eq!((first("SSE"), first("BSE")), (Some("20221101"), beijing));
    let day = SMALL.sessions()[40];
    let seen = |moment| select("margin", &[("trade_date", &SMALL.calendar.stamps[40])], Some(moment)).len();
    assert_eq!((seen(at(day + Days::new(1), "09:29")), seen(at(day + Days::new(1), "09:30"))), (0, 2));
}

#[test]
fn connect_money_is_text_and_adds_up() {
    let million = |row: &Row, column: &str| match &row[column] {
        Cell::Null => None,
        Cell::Text(digits) => Some(digits.parse::<f64>().unwrap()),
        Cell::Number(digits) => panic!("{column} is the number {digits}"),
    };
    let near = |a: f64, b: f64| (a - b).abs() < 0.001;
    let rows = table(&SMALL, "moneyflow_hsgt");
    let mut sums = 0;
    for row in &rows {
        for [total, one, other] in [["north_money", "hgt", "sgt"], ["south_money", "ggt_ss", "ggt_sz"]] {
            if let (Some(total), Some(one), Some(other)) = (million(row, total), million(row, one), million(row, other))
            {
                assert!(near(total, one + other));
                sums += 1;
            }
        }
    }
    assert!(sums > 100);
    // In 100 million CNY against million.
    let south: BTreeMap<&str, f64> =
        rows.iter().filter_map(|row| Some((text(row, "trade_date"), million(row, "south_money")?))).collect();
    for row in table(&SMALL, "ggt_daily") {
        if let (Some(bought), Some(sold), Some(net)) =
            (units(&row, "buy_amount", 4), units(&row, "sell_amount", 4), south.get(text(&row, "trade_date")))
        {
            #[expect(clippy::cast_precision_loss)]
            let million = (bought - sold) as f64 / 100.0;
            assert!(near(million, *net));
        }
    }
    // Hong Kong is closed; Shanghai is not.
    assert!(SMALL.calendar.stamps.contains(&"20221226".to_owned()));
    assert_eq!(rows.len(), SMALL.sessions().len() - 1);
}

#[test]
fn northbound_money_ends_in_august_of_2024() {
    let day = |text: &str| text.parse().unwrap();
    let market = Market::new(&Settings { stocks: 10, start: day("2024-08-01"), end: day("2024-09-10"), ..small() });
    let rows = table(&market, "moneyflow_hsgt");
    let told = |row: &&Row| row["north_money"] != Cell::Null || row["hgt"] != Cell::Null;
    let last = rows.iter().filter(told).map(|row| text(row, "trade_date")).next_back();
    assert_eq!(last, Some("20240816"));
    assert!(rows.iter().filter(|row| row["south_money"] != Cell::Null).count() > 20);
}

#[test]
fn currencies_trade_from_monday_to_friday() {
    let days: BTreeSet<_> = table(&SMALL, "fx_daily").iter().map(|row| text(row, "trade_date").to_owned()).collect();
    let range = SMALL.calendar.start.iter_days().take_while(|day| *day <= SMALL.calendar.end);
    let weekdays: BTreeSet<_> = range
        .filter(|day| day.weekday().number_from_monday() < 6)
        .map(|day| day.format("%Y%m%d").to_string())
        .collect();
    assert_eq!(days, weekdays);
    assert!(days.len() > SMALL.sessions().len());
    let holidays = [("ts_code", "USDCNH.FXCM"), ("start_date", "20230211"), ("end_date", "20230219")];
    let week = select("fx_daily", &holidays, None);
    assert_eq!(week.len(), 5);
    assert!(week.iter().all(|row| !SMALL.calendar.stamps.contains(&text(row, "trade_date").to_owned())));
    assert!(week.is_sorted_by(|a, b| text(a, "trade_date") > text(b, "trade_date")));
}
