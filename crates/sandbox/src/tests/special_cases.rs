//! What is awkward about rows of companies, and what holds between their figures.

use super::{LONGER, Row, SMALL, find, masters, named, table, text, units};
use crate::Cell;
use crate::market::calendar::stamp;
use std::collections::{BTreeMap, BTreeSet};

fn rows(interface: &str) -> Vec<Row> {
    table(&LONGER, interface)
}

/// The texts of some columns.
fn texts(row: &Row, columns: &str) -> Vec<String> {
    columns.split(' ').map(|column| text(row, column).to_owned()).collect()
}

/// Rows by the values of some columns.
fn grouped(rows: Vec<Row>, columns: &str) -> BTreeMap<Vec<String>, Vec<Row>> {
    rows.into_iter().fold(BTreeMap::new(), |mut groups: BTreeMap<_, Vec<Row>>, row| {
        groups.entry(texts(&row, columns)).or_default().push(row);
        groups
    })
}

fn values(rows: &[Row], column: &str) -> BTreeSet<String> {
    rows.iter().map(|row| text(row, column).to_owned()).collect()
}

fn is_null(row: &Row, columns: &str) -> bool {
    columns.split(' ').all(|column| row[column] == Cell::Null)
}

/// What the consolidated income statements say in a column, by security and period.
fn reported(column: &str) -> BTreeMap<Vec<String>, BTreeSet<i64>> {
    let of_group = rows("income").into_iter().filter(|row| text(row, "report_type") == "1");
    let reports = grouped(of_group.collect(), "ts_code end_date");
    let figures = |rows: Vec<Row>| rows.iter().filter_map(|row| units(row, column, 2)).collect();
    reports.into_iter().map(|(key, rows)| (key, figures(rows))).collect()
}

#[test]
fn forecasts_are_revised_in_rows_of_their_own() {
    let profits = reported("n_income_attr_p");
    let mut near = 0;
    for row in rows("forecast") {
        if text(&row, "type") == "其他" {
            assert!(is_null(&row, "net_profit_min net_profit_max last_parent_net first_ann_date"));
            continue;
        }
        let [low, high, last] =
            ["net_profit_min", "net_profit_max", "last_parent_net"].map(|column| units(&row, column, 2).unwrap());
        let kind = text(&row, "type");
        assert!(low <= high && text(&row, "first_ann_date") <= text(&row, "ann_date"));
        assert_eq!(["扭亏", "续亏"].contains(&kind), last <= 0, "{row:?}");
        assert_eq!(["首亏", "续亏"].contains(&kind), low + high <= 0, "{row:?}");
        if let (Some(growth), true) = (units(&row, "p_change_min", 4), last > 10_000) {
            assert!((growth - (low - last) * 1_000_000 / last).abs() <= 100, "{row:?}");
        }
        // In ten thousand CNY, where the statement to come is in CNY.
        let profits = profits.get(&texts(&row, "ts_code end_date")).into_iter().flatten();
        near += profits.filter(|fen| (low - 200..=high + 200).contains(&(*fen / 10_000))).count();
    }
    assert!(near > 20 && values(&rows("forecast"), "type").len() > 4);
    let revised = grouped(rows("forecast"), "ts_code end_date").into_values().filter(|versions| versions.len() > 1);
    let revised: Vec<Vec<Row>> = revised.collect();
    assert!(revised.len() > 3);
    for [first, again] in revised.iter().map(|versions| <&[Row; 2]>::try_from(&versions[..]).unwrap()) {
        assert_eq!(first["first_ann_date"], again["first_ann_date"]);
        assert!(text(first, "ann_date") < text(again, "ann_date"));
        assert_eq!([first, again].map(|row| units(row, "notice_times", 0)), [Some(1), Some(2)]);
    }
}

#[test]
fn express_gives_an_amount_under_the_name_of_a_growth() {
    for row in rows("express") {
        let [profit, before] = ["yoy_net_profit", "np_last_year"].map(|column| units(&row, column, 2).unwrap());
        assert!((profit - before).abs() <= before.abs() / 400 + 1000);
    }
    assert!(grouped(rows("express"), "ts_code end_date").values().any(|versions| versions.len() == 2));
}

#[test]
fn a_dividend_is_a_row_a_stage_under_the_day_of_the_plan() {
    for market in [&*SMALL, &*LONGER] {
        let rows = table(market, "dividend");
        assert_eq!(values(&rows, "div_proc").into_iter().collect::<String>(), "实施股东大会通过预案");
        let mut paid = BTreeSet::new();
        for row in &rows {
            if text(row, "div_proc") == "实施" {
                let order = texts(row, "ann_date imp_ann_date record_date ex_date");
                assert!(order.is_sorted() && !order[0].is_empty(), "{order:?}");
                assert!(units(row, "cash_div", 3).unwrap() <= units(row, "cash_div_tax", 3).unwrap());
                paid.insert((text(row, "ts_code").to_owned(), text(row, "ex_date").to_owned()));
            } else {
                assert!(is_null(row, "record_date ex_date pay_date div_listdate imp_ann_date"));
                assert_eq!(units(row, "cash_div", 3), Some(0));
            }
        }
        // Every ex day of the market, and no other one in its range.
        let of_stock = |stock: &crate::market::Stock| {
            let days = stock.history.payouts().map(|(session, ..)| market.calendar.stamps[session].clone());
            days.map(|day| (stock.security.code.clone(), day)).collect::<Vec<_>>()
        };
        let days: BTreeSet<_> = market.stocks.iter().flat_map(of_stock).collect();
        let first = stamp(market.calendar.start);
        assert!(!days.is_empty());
        assert_eq!(paid.into_iter().filter(|(_, day)| *day >= first).collect::<BTreeSet<_>>(), days);
        let plans = grouped(rows, "ts_code end_date ann_date");
        assert!(plans.values().any(|stages| stages.len() == 3));
        assert!(plans.values().any(|stages| stages.len() == 1 && units(&stages[0], "cash_div_tax", 3) == Some(0)));
    }
}

#[test]
fn segments_repeat_their_names_and_add_up_to_the_revenue() {
    let revenue = reported("revenue");
    let (mut repeats, mut overlaps, mut checked) = (0, 0, 0);
    for (key, group) in grouped(rows("fina_mainbz"), "ts_code end_date bz_code") {
        let sales = |row: &Row| units(row, "bz_sales", 2).unwrap();
        repeats += usize::from(values(&group, "bz_item").len() < group.len());
        let own: Vec<&Row> = group.iter().filter(|row| text(row, "bz_item") != "中国大陆").collect();
        overlaps += usize::from(own.len() < group.len());
        let total: i64 = own.into_iter().map(sales).sum();
        checked += usize::from(revenue.get(&key[..2]).is_some_and(|reported| reported.contains(&total)));
        for row in &group {
            if let (Some(profit), Some(cost)) = (units(row, "bz_profit", 2), units(row, "bz_cost", 2)) {
                assert_eq!(profit + cost, sales(row));
            }
        }
    }
    assert!(repeats > 0 && overlaps > 0 && checked > 200, "{repeats} {overlaps} {checked}");
    assert_eq!(values(&rows("fina_mainbz"), "curr_type").into_iter().collect::<String>(), "CNYUSD");
}

#[test]
fn a_planned_day_moves_until_the_report_is_there() {
    let planned = |at: &str| {
        let rows = named(LONGER.rows_at("disclosure_date", Some(at.parse().unwrap())).unwrap());
        grouped(rows, "ts_code end_date")
    };
    let (before, after) = (planned("2022-03-31T15:00:00Z"), planned("2022-06-30T15:00:00Z"));
    assert!(before.values().chain(after.values()).all(|rows| rows.len() == 1), "one row a report");
    let count =
        |holds: fn(&Row, &Row) -> bool| before.iter().filter(|(key, rows)| holds(&rows[0], &after[*key][0])).count();
    assert!(count(|then, now| then["pre_date"] != now["pre_date"]) > 0);
    assert!(count(|then, now| then["actual_date"] == Cell::Null && now["actual_date"] != Cell::Null) > 10);
    let rows_of_all = rows("disclosure_date");
    assert!(rows_of_all.iter().any(|row| text(row, "modify_date").contains(',')));
    // The actual day is that of the statement.
    let told: BTreeSet<_> = rows("income").iter().map(|row| texts(row, "ts_code end_date ann_date")).collect();
    let known = rows_of_all.iter().filter(|row| told.contains(&texts(row, "ts_code end_date actual_date")));
    assert!(known.count() * 10 > rows_of_all.len() * 9);
}

#[test]
fn a_broker_report_is_a_row_for_each_year_and_may_be_loaded_late() {
    let rows = rows("report_rc");
    let loaded = |row: &Row| text(row, "create_time")[..10].replace('-', "");
    assert!(rows.iter().all(|row| loaded(row).as_str() >= text(row, "report_date")));
    let late = rows.iter().filter(|row| loaded(row) != text(row, "report_date")).count();
    assert!(late * 20 > rows.len() && late * 3 < rows.len(), "{late} of {}", rows.len());
    assert!(rows.iter().any(|row| loaded(row)[..4] > text(row, "report_date")[..4]));
    let empty = |column: &str| rows.iter().filter(|row| row[column] == Cell::Null).count();
    assert!(empty("max_price") > empty("min_price") && empty("min_price") * 2 > rows.len());
    for (_, report) in grouped(rows, "ts_code report_date") {
        assert!((2..=3).contains(&report.len()) && values(&report, "quarter").len() == report.len());
        assert_eq!(values(&report, "create_time").len(), 1);
    }
}

#[test]
fn names_stay_open_beside_their_end_and_are_mostly_undated() {
    let all = rows("namechange");
    let undated = all.iter().filter(|row| row["ann_date"] == Cell::Null).count();
    assert!((all.len() / 2..all.len() * 4 / 5).contains(&undated), "{undated} of {}", all.len());
    let (mut beside, mut left_open, mut superseded) = (0, 0, 0);
    for names in grouped(all.clone(), "ts_code").into_values() {
        let last = names.iter().map(|row| text(row, "start_date")).max().unwrap().to_owned();
        for (key, versions) in grouped(names, "start_date name") {
            let open = versions.iter().filter(|row| row["end_date"] == Cell::Null).count();
            beside += usize::from(0 < open && open < versions.len());
            assert!(key[0] < last || open == versions.len());
            superseded += usize::from(key[0] < last);
            left_open += usize::from(key[0] < last && open > 0);
        }
    }
    assert!(beside > 0 && left_open * 2 > superseded && left_open < superseded, "{beside} {left_open} {superseded}");
    assert!(values(&all, "change_reason").is_superset(&["ST", "*ST", "改名"].map(str::to_owned).into()));
}

#[test]
fn lists_of_ten_have_ten_and_no_more_than_all_shares() {
    for name in ["top10_holders", "top10_floatholders"] {
        for list in grouped(rows(name), "ts_code end_date ann_date").values() {
            let ratio: i64 = list.iter().map(|row| units(row, "hold_ratio", 4).unwrap()).sum();
            assert!(list.len() == 10 && ratio <= 1_000_000, "{name}");
        }
    }
    let unknown = |name: &str| rows(name).iter().any(|row| row["hold_float_ratio"] == Cell::Null);
    assert!(unknown("top10_holders") && !unknown("top10_floatholders"));
}

#[test]
fn pledges_and_buy_backs_add_up() {
    for row in rows("pledge_stat") {
        let [free, bound, total, ratio] = ["unrest_pledge", "rest_pledge", "total_share", "pledge_ratio"]
            .map(|column| units(&row, column, 2).unwrap());
        assert!((ratio - (free + bound) * 10_000 / total).abs() <= 1);
    }
    let deals = rows("pledge_detail");
    assert!(deals.iter().all(|row| (text(row, "is_release") == "1") == (row["release_date"] != Cell::Null)));
    assert_eq!(values(&deals, "is_release").len(), 2);
    let stages = rows("repurchase");
    assert_eq!(values(&stages, "proc").len(), 5);
    for row in &stages {
        let planned = ["预案", "股东大会通过"].contains(&text(row, "proc"));
        assert_eq!((is_null(row, "vol end_date"), is_null(row, "exp_date")), (planned, !planned));
        if let Some(shares) = units(row, "vol", 0) {
            let price = units(row, "amount", 2).unwrap() / shares;
            let [low, high] = ["low_limit", "high_limit"].map(|column| units(row, column, 2).unwrap());
            assert!((low..=high).contains(&price));
        }
    }
}

#[test]
fn companies_know_who_leads_and_audits_them_and_their_former_codes() {
    let masters = masters(&LONGER);
    let profiles = rows("stock_company");
    assert!(profiles.iter().all(|row| masters[text(row, "ts_code")]["exchange"] == row["exchange"]));
    assert!(profiles.iter().filter(|row| row["chairman"] == Cell::Null).count() <= 1);
    let managers = rows("stk_managers");
    assert!(managers.iter().any(|row| row["end_date"] != Cell::Null));
    assert!(values(&managers, "birthday").iter().any(|born| born.len() == 6));
    assert!(values(&rows("stk_rewards"), "name").is_subset(&values(&managers, "name")));
    for row in rows("bse_mapping") {
        assert!(masters.contains_key(text(&row, "n_code")) && text(&row, "n_code") != text(&row, "o_code"));
    }
    let audits = grouped(rows("fina_audit"), "ts_code end_date");
    assert!(audits.values().any(|opinions| opinions.len() == 2));
    assert!(audits.keys().any(|key| key[1].ends_with("0630")));
}

#[test]
fn rows_repeat_where_the_vendor_repeats_them() {
    let most = |name: &str, columns: &str| grouped(rows(name), columns).values().map(Vec::len).max();
    let whole = |name: &str| most(name, &find(name).unwrap().names().join(" "));
    assert_eq!(whole("share_float"), Some(3));
    for name in ["stk_holdertrade", "pledge_detail", "dividend", "namechange"] {
        assert_eq!(whole(name), Some(2), "{name}");
    }
    for name in "fina_audit report_rc stk_rewards repurchase pledge_stat stk_holdernumber fina_mainbz".split(' ') {
        assert_eq!(whole(name), Some(1), "{name}");
    }
    // Without the hidden days trades of a holder cannot be told apart.
    let trades = rows("stk_holdertrade");
    assert!(trades.iter().any(|row| text(row, "holder_name").trim() != text(row, "holder_name")));
    assert!(trades.iter().any(|row| is_null(row, "begin_date close_date")));
    assert!(trades.iter().all(|row| units(row, "total_share", 0) >= units(row, "after_share", 0)));
    assert_eq!(most("top10_holders", "ts_code end_date ann_date holder_name"), Some(2));
    assert!(most("stk_holdernumber", "ts_code end_date") > Some(1));
    assert!(rows("stk_holdernumber").iter().any(|row| row["ann_date"] == Cell::Null));
}
