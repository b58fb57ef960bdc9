//! What is awkward about rows of companies, and what holds between their figures.

use super::{LONGER, Row, SMALL, table, text, units};
use crate::Cell;
use crate::market::calendar::stamp;
use std::collections::{BTreeMap, BTreeSet};

/// Rows by the values of some columns.
pub(super) fn grouped(rows: Vec<Row>, columns: &[&str]) -> BTreeMap<Vec<Option<String>>, Vec<Row>> {
    let mut groups: BTreeMap<_, Vec<Row>> = BTreeMap::new();
    for row in rows {
        let key = columns.iter().map(|column| row[*column].text().map(str::to_owned)).collect();
        groups.entry(key).or_default().push(row);
    }
    groups
}

pub(super) fn values(rows: &[Row], column: &str) -> BTreeSet<String> {
    rows.iter().map(|row| text(row, column).to_owned()).collect()
}

fn is_null(row: &Row, columns: &[&str]) -> bool {
    columns.iter().all(|column| row[*column] == Cell::Null)
}

#[test]
fn forecasts_are_revised_in_rows_of_their_own() {
    let rows = table(&LONGER, "forecast");
    for row in &rows {
        if text(row, "type") == "其他" {
            assert!(is_null(row, &["net_profit_min", "net_profit_max", "last_parent_net", "first_ann_date"]));
            continue;
        }
        let [low, high] = ["net_profit_min", "net_profit_max"].map(|column| units(row, column, 2).unwrap());
        let last = units(row, "last_parent_net", 2).unwrap();
        let kind = text(row, "type");
        assert!(low <= high);
        assert_eq!(["扭亏", "续亏"].contains(&kind), last <= 0, "{row:?}");
        assert_eq!(["首亏", "续亏"].contains(&kind), low + high <= 0, "{row:?}");
        assert!(text(row, "first_ann_date") <= text(row, "ann_date"));
        if let (Some(growth), true) = (units(row, "p_change_min", 4), last > 10_000) {
            assert!((growth - (low - last) * 1_000_000 / last).abs() <= 100, "{row:?}");
        }
    }
    assert!(values(&rows, "type").contains("其他") && values(&rows, "type").len() > 4);
    let revised: Vec<_> =
        grouped(rows, &["ts_code", "end_date"]).into_values().filter(|versions| versions.len() > 1).collect();
    assert!(revised.len() > 3);
    for versions in revised {
        assert_eq!(versions.len(), 2);
        assert_eq!(versions[0]["first_ann_date"], versions[1]["first_ann_date"]);
        assert!(text(&versions[0], "ann_date") < text(&versions[1], "ann_date"));
        assert_eq!([0, 1].map(|place| units(&versions[place], "notice_times", 0)), [Some(1), Some(2)]);
    }
    // In ten thousand CNY, where the statement to come is in CNY.
    let income: BTreeMap<_, _> = table(&LONGER, "income")
        .into_iter()
        .filter(|row| text(row, "report_type") == "1" && text(row, "update_flag") == "0")
        .map(|row| ((text(&row, "ts_code").to_owned(), text(&row, "end_date").to_owned()), row))
        .collect();
    let rows = table(&LONGER, "forecast");
    let near = rows.iter().filter(|row| {
        let key = (text(row, "ts_code").to_owned(), text(row, "end_date").to_owned());
        let profit = income.get(&key).and_then(|income| units(income, "n_income_attr_p", 2));
        let (Some(low), Some(high)) = (units(row, "net_profit_min", 2), units(row, "net_profit_max", 2)) else {
            return false;
        };
        profit.is_some_and(|fen| low - 200 <= fen / 10_000 && fen / 10_000 <= high + 200)
    });
    assert!(near.count() > 20);
}

#[test]
fn express_gives_an_amount_under_the_name_of_a_growth() {
    let rows = table(&LONGER, "express");
    for row in &rows {
        let [profit, before] = ["yoy_net_profit", "np_last_year"].map(|column| units(row, column, 2).unwrap());
        assert!((profit - before).abs() <= before.abs() / 400 + 1000);
    }
    assert!(grouped(rows, &["ts_code", "end_date"]).values().any(|versions| versions.len() == 2));
}

#[test]
fn a_dividend_is_a_row_a_stage_under_the_day_of_the_plan() {
    const LATER: [&str; 5] = ["record_date", "ex_date", "pay_date", "div_listdate", "imp_ann_date"];
    for market in [&*SMALL, &*LONGER] {
        let rows = table(market, "dividend");
        assert_eq!(values(&rows, "div_proc").into_iter().collect::<String>(), "实施股东大会通过预案");
        let mut paid = BTreeSet::new();
        for row in &rows {
            if text(row, "div_proc") == "实施" {
                let order = ["ann_date", "imp_ann_date", "record_date", "ex_date"].map(|column| text(row, column));
                assert!(order.is_sorted() && !order[0].is_empty(), "{order:?}");
                assert!(units(row, "cash_div", 3).unwrap() <= units(row, "cash_div_tax", 3).unwrap());
                paid.insert((text(row, "ts_code").to_owned(), text(row, "ex_date").to_owned()));
            } else {
                assert!(is_null(row, &LATER) && units(row, "cash_div", 3) == Some(0));
            }
        }
        // Every ex day of the market, and no other one in its range.
        let ex_days = market.stocks.iter().flat_map(|stock| {
            let code = stock.security.code.clone();
            stock.history.payouts().map(move |(session, ..)| (code.clone(), session))
        });
        let days: BTreeSet<_> =
            ex_days.map(|(code, session)| (code, market.calendar.stamps[session].clone())).collect();
        assert!(!days.is_empty());
        let first = stamp(market.calendar.start);
        assert_eq!(paid.into_iter().filter(|(_, day)| *day >= first).collect::<BTreeSet<_>>(), days);
        let plans = grouped(rows, &["ts_code", "end_date", "ann_date"]);
        assert!(plans.values().any(|stages| stages.len() == 3));
        assert!(plans.values().any(|stages| stages.len() == 1 && text(&stages[0], "cash_div_tax") == "0.0"));
        assert!(plans.values().any(|stages| stages.windows(2).any(|pair| pair[0] == pair[1])), "twice the same");
    }
}

#[test]
fn segments_repeat_their_names_and_add_up_to_the_revenue() {
    let rows = table(&LONGER, "fina_mainbz");
    let revenue: BTreeMap<_, _> = table(&LONGER, "income")
        .into_iter()
        .filter(|row| text(row, "report_type") == "1")
        .filter_map(|row| {
            Some((
                ["ts_code", "end_date"].map(|column| row[column].text().map(str::to_owned)),
                units(&row, "revenue", 2)?,
            ))
        })
        .fold(BTreeMap::<_, BTreeSet<i64>>::new(), |mut all, (key, revenue)| {
            all.entry(key).or_default().insert(revenue);
            all
        });
    let (mut repeats, mut overlaps, mut checked) = (0, 0, 0);
    for (key, group) in grouped(rows, &["ts_code", "end_date", "bz_code"]) {
        let sales = |row: &Row| units(row, "bz_sales", 2).unwrap();
        let names: BTreeSet<&str> = group.iter().map(|row| text(row, "bz_item")).collect();
        repeats += usize::from(names.len() < group.len());
        let own = group.iter().filter(|row| text(row, "bz_item") != "中国大陆");
        overlaps += usize::from(own.clone().count() < group.len());
        let total: i64 = own.map(sales).sum();
        let reported = revenue.get(&[key[0].clone(), key[1].clone()]);
        checked += usize::from(reported.is_some_and(|reported| reported.contains(&total)));
        for row in &group {
            if let (Some(profit), Some(cost)) = (units(row, "bz_profit", 2), units(row, "bz_cost", 2)) {
                assert_eq!(profit + cost, sales(row));
            }
        }
    }
    assert!(repeats > 0 && overlaps > 0 && checked > 200, "{repeats} {overlaps} {checked}");
    let kinds = values(&table(&SMALL, "fina_mainbz"), "bz_code");
    assert_eq!(kinds.into_iter().collect::<String>(), "DIP");
    assert!(values(&table(&LONGER, "fina_mainbz"), "curr_type").contains("USD"));
}

#[test]
fn a_planned_day_moves_until_the_report_is_there() {
    let report = |at: &str| {
        let rows = super::named(LONGER.rows_at("disclosure_date", Some(at.parse().unwrap())).unwrap());
        grouped(rows, &["ts_code", "end_date"])
    };
    let (before, after) = (report("2022-03-31T15:00:00Z"), report("2022-06-30T15:00:00Z"));
    assert!(before.values().chain(after.values()).all(|rows| rows.len() == 1), "one row a report");
    let (mut moved, mut filled) = (0, 0);
    for (key, rows) in &before {
        let (then, now) = (&rows[0], &after[key][0]);
        moved += usize::from(then["pre_date"] != now["pre_date"]);
        filled += usize::from(then["actual_date"] == Cell::Null && now["actual_date"] != Cell::Null);
    }
    assert!(moved > 0 && filled > 10, "{moved} {filled}");
    let rows = table(&LONGER, "disclosure_date");
    assert!(rows.iter().any(|row| text(row, "modify_date").contains(',')));
    assert!(rows.iter().any(|row| row["modify_date"] == Cell::Null));
    // The actual day is that of the statement.
    let told: BTreeSet<_> = table(&LONGER, "income")
        .iter()
        .map(|row| ["ts_code", "end_date", "ann_date"].map(|column| text(row, column).to_owned()))
        .collect();
    let known =
        |row: &&Row| told.contains(&["ts_code", "end_date", "actual_date"].map(|column| text(row, column).to_owned()));
    assert!(rows.iter().filter(known).count() * 10 > rows.len() * 9);
}

#[test]
fn a_broker_report_is_a_row_for_each_year_and_may_be_loaded_late() {
    let rows = table(&LONGER, "report_rc");
    let (mut late, mut past) = (0, 0);
    for row in &rows {
        let loaded: String = text(row, "create_time").chars().take(10).filter(char::is_ascii_digit).collect();
        let reported = text(row, "report_date");
        assert!(loaded.as_str() >= reported && text(row, "create_time").len() == 19);
        late += usize::from(loaded != reported);
        past += usize::from(loaded[..4] > reported[..4]);
        assert!(text(row, "quarter").ends_with("Q4"));
    }
    assert!(late * 20 > rows.len() && late * 3 < rows.len() && past > 0, "{late} {past} of {}", rows.len());
    let empty = |column: &str| rows.iter().filter(|row| row[column] == Cell::Null).count();
    assert!(empty("max_price") > empty("min_price") && empty("min_price") * 2 > rows.len());
    for (_, report) in grouped(rows, &["ts_code", "report_date"]) {
        assert!((2..=3).contains(&report.len()));
        assert_eq!(values(&report, "quarter").len(), report.len());
        assert_eq!(values(&report, "create_time").len(), 1);
    }
}

#[test]
fn names_stay_open_beside_their_end_and_are_mostly_undated() {
    let rows = table(&LONGER, "namechange");
    let undated = rows.iter().filter(|row| row["ann_date"] == Cell::Null).count();
    assert!((rows.len() / 2..rows.len() * 4 / 5).contains(&undated), "{undated} of {}", rows.len());
    let mut beside = 0;
    let mut superseded = (0, 0);
    for names in grouped(rows.clone(), &["ts_code"]).into_values() {
        let last = names.iter().map(|row| text(row, "start_date")).max().unwrap().to_owned();
        for (_, versions) in grouped(names, &["start_date", "name"]) {
            let open = versions.iter().any(|row| row["end_date"] == Cell::Null);
            let closed = versions.iter().any(|row| row["end_date"] != Cell::Null);
            beside += usize::from(open && closed);
            if text(&versions[0], "start_date") < last.as_str() {
                superseded.0 += usize::from(open);
                superseded.1 += 1;
            } else {
                assert!(open && !closed);
            }
        }
    }
    assert!(beside > 0 && superseded.0 * 2 > superseded.1 && superseded.0 < superseded.1, "{beside} {superseded:?}");
    assert!(rows.windows(2).any(|pair| pair[0] == pair[1]));
    assert!(values(&rows, "change_reason").is_superset(&["ST", "*ST", "改名"].map(str::to_owned).into()));
}

#[test]
fn rows_repeat_where_the_vendor_repeats_them() {
    let most =
        |name: &str, columns: &[&str]| grouped(table(&LONGER, name), columns).values().map(Vec::len).max().unwrap();
    let whole = |name: &str| {
        let names = super::find(name).unwrap().names();
        most(name, &names.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert_eq!(whole("share_float"), 3);
    for name in ["stk_holdertrade", "pledge_detail", "dividend", "namechange"] {
        assert_eq!(whole(name), 2, "{name}");
    }
    for name in
        ["fina_audit", "report_rc", "stk_rewards", "repurchase", "pledge_stat", "stk_holdernumber", "fina_mainbz"]
    {
        assert_eq!(whole(name), 1, "{name}");
    }
    // Without the hidden days trades of a holder cannot be told apart.
    let trades = table(&LONGER, "stk_holdertrade");
    assert!(trades.iter().any(|row| text(row, "holder_name").trim() != text(row, "holder_name")));
    assert!(trades.iter().any(|row| row["begin_date"] == Cell::Null));
    for row in &trades {
        assert!(units(row, "total_share", 0) >= units(row, "after_share", 0));
    }
    assert!(most("top10_holders", &["ts_code", "end_date", "ann_date", "holder_name"]) == 2);
    assert!(most("stk_holdernumber", &["ts_code", "end_date"]) > 1);
    assert!(table(&LONGER, "stk_holdernumber").iter().any(|row| row["ann_date"] == Cell::Null));
}
