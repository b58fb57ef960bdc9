//! Indices, boards and currencies in sessions, and their members.

use super::{Row, SMALL, by_key, grouped, select, stamp, table, values};
use chrono::{Datelike, NaiveDate};
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn an_index_trades_what_its_constituents_trade() {
    let bars = by_key(&SMALL, "daily");
    let weights = grouped(table(&SMALL, "index_weight"), "index_code trade_date");
    let indices = grouped(table(&SMALL, "index_daily"), "ts_code");
    let mut checked = 0;
    for row in indices.values().flatten() {
        let (shares, paid) = (row.cents("vol"), row.units("amount", 3).unwrap());
        assert!(shares == 0 || (1..100).contains(&(paid / shares)), "CNY for a share: {row:?}");
        let Some(members) = weights.get(&row.texts("ts_code trade_date")) else { continue };
        let day = &row["trade_date"];
        let traded = members.iter().filter_map(|row| bars.get(&(row["con_code"].to_owned(), day.to_owned())));
        assert_eq!(shares, traded.clone().map(|bar| bar.cents("vol")).sum::<i64>());
        assert!(traded.map(|bar| bar.units("amount", 3).unwrap_or_default()).sum::<i64>() <= paid);
        checked += 1;
    }
    assert!(checked > 20);
    for rows in indices.values() {
        let closes = |pair: &[Row]| pair[0].units("close", 2).zip(pair[1].units("pre_close", 2));
        assert!(rows.windows(2).filter_map(closes).all(|(close, reference)| close == reference));
    }
    // Two codes of one index.
    let of = |code: &str| -> Vec<_> {
        let rows = &indices[&vec![code.to_owned()]];
        rows.iter().map(|row| (row.cents("close"), row.cents("vol"))).collect()
    };
    assert_eq!(of("000300.SH"), of("399300.SZ"));
    assert_eq!(of("000300.SH").len(), SMALL.sessions().len());
}

#[test]
fn weights_come_at_the_end_of_a_month_and_add_up_to_a_hundred() {
    let snapshots = grouped(table(&SMALL, "index_weight"), "index_code trade_date");
    for rows in snapshots.values() {
        assert_eq!(rows.iter().map(|row| row.units("weight", 4).unwrap()).sum::<i64>(), 1_000_000);
        assert!(rows.len() <= 20);
    }
    let days: BTreeSet<&str> = snapshots.keys().map(|key| key[1].as_str()).collect();
    assert!(days.into_iter().eq(["20221130", "20221230", "20230131", "20230228"]));
    assert!(snapshots.keys().all(|key| key[0] != "000300.SH"), "only under its code of Shenzhen");
    // Another half-year, other constituents.
    let of = |day: &str| values(&snapshots[&vec!["399300.SZ".to_owned(), day.to_owned()]], "con_code");
    let (before, after) = (of("20221230"), of("20230131"));
    assert!(before != after && before.intersection(&after).count() > 2);
}

#[test]
fn boards_hold_their_leaders_and_each_stock_is_in_several() {
    let boards = grouped(table(&SMALL, "dc_member"), "ts_code trade_date");
    let lists = table(&SMALL, "dc_index");
    assert_eq!(lists.len(), boards.len());
    for row in &lists {
        assert!(values(&boards[&row.texts("ts_code trade_date")], "con_code").contains(&row["leading_code"]));
    }
    let stocks = grouped(table(&SMALL, "dc_member"), "con_code trade_date");
    assert!(stocks.values().all(|boards| (3..=10).contains(&boards.len())));
    assert_eq!(stocks.len(), table(&SMALL, "adj_factor").len());
}

#[test]
fn boards_count_the_members_they_have() {
    let members = grouped(table(&SMALL, "ths_member"), "ts_code");
    for board in table(&SMALL, "ths_index") {
        let count = members.get(&board.texts("ts_code")).map_or(0, Vec::len);
        assert_eq!(board.units("count", 0).unwrap_or(0), i64::try_from(count).unwrap());
        assert_eq!(count > 0, board["exchange"] == *"A");
    }
    assert!(members.values().flatten().all(|row| row["is_new"] == *"Y" && row.is_null("in_date")));
}

#[test]
fn lists_hold_what_is_traded() {
    for (list, params, traded) in [
        ("index_basic", &[("market", "SW")][..], "sw_daily"),
        ("index_classify", &[], "sw_daily"),
        ("ths_index", &[("exchange", "A")], "ths_daily"),
        ("fx_obasic", &[("classify", "FX")], "fx_daily"),
    ] {
        let mut rows = select(list, params, None);
        rows.retain(|row| !row.names.contains(&"is_pub".to_owned()) || row["is_pub"] == *"1");
        let code = if list == "index_classify" { "index_code" } else { "ts_code" };
        assert_eq!(values(&rows, code), values(&table(&SMALL, traded), "ts_code"), "{list}");
    }
    let all = table(&SMALL, "index_basic");
    let markets = values(&all, "market");
    assert_eq!(markets.len(), 7);
    let of = |market: &&str| select("index_basic", &[("market", *market)], None).len();
    assert_eq!(markets.iter().map(of).sum::<usize>(), all.len());
    assert_eq!(select("index_basic", &[], None).len(), of(&"SSE"), "unless another market is named");
    for name in ["index_daily", "index_dailybasic"] {
        assert!(values(&table(&SMALL, name), "ts_code").is_subset(&values(&all, "ts_code")), "{name}");
    }
}

#[test]
fn currencies_trade_from_monday_to_friday() {
    let rows = table(&SMALL, "fx_daily");
    let range = SMALL.calendar.start.iter_days().take_while(|day| *day <= SMALL.calendar.end);
    let weekdays: BTreeMap<String, NaiveDate> =
        range.filter(|day| day.weekday().number_from_monday() < 6).map(|day| (stamp(day), day)).collect();
    assert!(values(&rows, "trade_date").into_iter().eq(weekdays.keys()));
    assert!(weekdays.len() > SMALL.sessions().len());
}

#[test]
fn industries_are_a_tree() {
    for source in ["SW2021", "SW2014"] {
        let rows = select("index_classify", &[("src", source)], None);
        let by_number: BTreeMap<&str, &Row> = rows.iter().map(|row| (&row["industry_code"], row)).collect();
        assert_eq!(by_number.len(), rows.len());
        for row in &rows {
            let parent = by_number.get(&row["parent_code"]).map(|parent| &parent["level"]);
            let expected = [("L1", None), ("L2", Some("L1")), ("L3", Some("L2"))];
            assert!(expected.contains(&(&row["level"], parent)), "{row:?}");
            assert_eq!(row["parent_code"] == *"0", parent.is_none());
            assert_eq!(row.is_null("is_pub"), source == "SW2014");
        }
    }
    let default = select("index_classify", &[], None);
    assert_eq!(values(&default, "src"), BTreeSet::from(["SW2021"]));
}
