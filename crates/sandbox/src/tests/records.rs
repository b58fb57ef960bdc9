//! Rows of companies: forecasts, payouts, segments, holders, pledges, and how they change over time.

use super::{LONGER, Row, evenings, find, grouped, longer, masters, moment, stamp, table, table_at, values};
use crate::tables::served::{Content, Served};
use std::collections::{BTreeMap, BTreeSet};

fn rows(interface: &str) -> Vec<Row> {
    table(&LONGER, interface)
}

/// The values of a column in consolidated income statements, by security and period.
fn reported(column: &str) -> BTreeMap<Vec<String>, BTreeSet<i64>> {
    let of_group = rows("income").into_iter().filter(|row| row["report_type"] == *"1").collect();
    let figures = |rows: Vec<Row>| rows.iter().filter_map(|row| row.units(column, 2)).collect();
    grouped(of_group, "ts_code end_date").into_iter().map(|(key, rows)| (key, figures(rows))).collect()
}

/// Interfaces, with the columns that hold the announcement date of a row.
const ANNOUNCED: &str = "forecast.ann_date express.ann_date dividend.ann_date dividend.imp_ann_date fina_audit.ann_date \
    disclosure_date.actual_date report_rc.create_time namechange.ann_date stk_rewards.ann_date stk_managers.ann_date \
    share_float.ann_date repurchase.ann_date top10_holders.ann_date pledge_stat.end_date pledge_detail.ann_date \
    stk_holdernumber.ann_date stk_holdertrade.ann_date";

#[test]
fn nothing_is_there_before_it_is_announced() {
    for (day, at) in evenings(&longer(), 28) {
        for (name, column) in ANNOUNCED.split(' ').filter_map(|word| word.split_once('.')) {
            for row in table_at(&LONGER, name, at) {
                let announced: String = row[column].chars().filter(char::is_ascii_digit).take(8).collect();
                assert!(announced <= stamp(day), "{name} {day} {row:?}");
            }
        }
    }
}

#[test]
fn rows_come_and_some_change_as_days_pass() {
    const CHANGING: &str =
        "forecast express fina_mainbz disclosure_date namechange stk_managers stock_company pledge_detail";
    let is_record = |interface: &&Served| {
        matches!(interface.content, Content::Records(..)) && interface.contract.call.filter("report_type").is_none()
    };
    let records = super::interfaces().filter(is_record).filter(|it| !it.name().starts_with("fina_indicator"));
    for name in records.chain(find("stock_company")).map(Served::name) {
        let shown = evenings(&longer(), 28)
            .map(|(_, at)| table_at(&LONGER, name, at).iter().map(|row| format!("{:?}", row.cells)).collect());
        let shown: Vec<BTreeSet<String>> = shown.collect();
        assert!(shown.windows(2).any(|pair| !pair[1].is_subset(&pair[0])), "{name} has nothing new");
        let changes = CHANGING.split(' ').any(|changing| changing == name.trim_end_matches("_vip"));
        assert_eq!(shown.windows(2).any(|pair| !pair[0].is_subset(&pair[1])), changes, "{name}");
    }
}

#[test]
fn forecasts_are_revised_in_rows_of_their_own() {
    let profits = reported("n_income_attr_p");
    let mut near = 0;
    for row in rows("forecast") {
        let kind = &row["type"];
        if kind == "其他" {
            assert!(row.is_null("net_profit_min net_profit_max last_parent_net first_ann_date"));
            continue;
        }
        let [low, high, last] = ["net_profit_min", "net_profit_max", "last_parent_net"].map(|column| row.cents(column));
        assert_eq!(["扭亏", "续亏"].contains(&kind), last <= 0, "{row:?}");
        assert_eq!(["首亏", "续亏"].contains(&kind), low + high <= 0, "{row:?}");
        if let (Some(growth), true) = (row.units("p_change_min", 4), last > 10_000) {
            assert!((growth - (low - last) * 1_000_000 / last).abs() <= 100, "{row:?}");
        }
        // In ten thousand CNY, while the coming statement is in CNY.
        let profits = profits.get(&row.texts("ts_code end_date")).into_iter().flatten();
        near += profits.filter(|fen| (low - 200..=high + 200).contains(&(*fen / 10_000))).count();
    }
    assert!(near > 20 && values(&rows("forecast"), "type").len() > 4);
    let mut revised = grouped(rows("forecast"), "ts_code end_date");
    revised.retain(|_, versions| versions.len() > 1);
    assert!(revised.len() > 3);
    for versions in revised.values() {
        let [first, again] = &versions[..] else { panic!("{versions:?}") };
        assert_eq!(first["first_ann_date"], again["first_ann_date"]);
        assert!(first["ann_date"] < again["ann_date"]);
        assert_eq!([first, again].map(|row| row.units("notice_times", 0)), [Some(1), Some(2)]);
    }
}

#[test]
fn express_gives_an_amount_under_the_name_of_a_growth() {
    for row in rows("express") {
        let [profit, before] = ["yoy_net_profit", "np_last_year"].map(|column| row.cents(column));
        assert!((profit - before).abs() <= before.abs() / 400 + 1000);
    }
    assert!(grouped(rows("express"), "ts_code end_date").values().any(|versions| versions.len() == 2));
}

#[test]
fn a_dividend_is_a_row_a_stage_under_the_day_of_the_plan() {
    let mut paid = BTreeSet::new();
    for row in rows("dividend") {
        if row["div_proc"] == *"实施" {
            let order = row.texts("ann_date imp_ann_date record_date ex_date");
            assert!(order.is_sorted() && !order[0].is_empty(), "{order:?}");
            paid.insert((row["ts_code"].to_owned(), row["ex_date"].to_owned()));
        } else {
            assert!(row.is_null("record_date ex_date pay_date div_listdate imp_ann_date"));
            assert_eq!(row.units("cash_div", 3), Some(0));
        }
    }
    // All ex-dates of the market, and no others in its range.
    let days = LONGER.stocks.iter().flat_map(|stock| {
        let payouts = stock.history.payouts();
        payouts.map(|(session, ..)| (stock.security.code.clone(), LONGER.calendar.stamps[session].clone()))
    });
    let days: BTreeSet<_> = days.collect();
    paid.retain(|(_, day)| *day >= stamp(LONGER.calendar.start));
    assert!(!days.is_empty() && paid == days);
    let plans = grouped(rows("dividend"), "ts_code end_date ann_date");
    assert!(plans.values().any(|stages| stages.len() == 3));
    assert!(plans.values().any(|stages| stages.len() == 1 && stages[0].units("cash_div_tax", 3) == Some(0)));
}

#[test]
fn segments_repeat_their_names_and_add_up_to_the_revenue() {
    let revenue = reported("revenue");
    let (mut repeats, mut overlaps, mut checked) = (0, 0, 0);
    for (key, group) in grouped(rows("fina_mainbz"), "ts_code end_date bz_code") {
        repeats += usize::from(values(&group, "bz_item").len() < group.len());
        let own = group.iter().filter(|row| row["bz_item"] != *"中国大陆");
        overlaps += usize::from(own.clone().count() < group.len());
        let total: i64 = own.map(|row| row.cents("bz_sales")).sum();
        checked += usize::from(revenue.get(&key[..2]).is_some_and(|reported| reported.contains(&total)));
    }
    assert!(repeats > 0 && overlaps > 0 && checked > 200, "{repeats} {overlaps} {checked}");
}

#[test]
fn a_planned_day_moves_until_the_report_is_there() {
    let planned = |at: &str| grouped(table_at(&LONGER, "disclosure_date", moment(at)), "ts_code end_date");
    let (before, after) = (planned("2022-03-31T15:00:00Z"), planned("2022-06-30T15:00:00Z"));
    assert!(before.values().chain(after.values()).all(|rows| rows.len() == 1), "one row a report");
    let pairs = || before.iter().map(|(key, rows)| (&rows[0], &after[key][0]));
    assert!(pairs().any(|(then, now)| then["pre_date"] != now["pre_date"]));
    assert!(pairs().filter(|(then, now)| then.is_null("actual_date") && !now.is_null("actual_date")).count() > 10);
    // The actual date is that of the statement.
    let statements: BTreeSet<_> = rows("income").iter().map(|row| row.texts("ts_code end_date ann_date")).collect();
    let days = rows("disclosure_date");
    let known = days.iter().filter(|row| statements.contains(&row.texts("ts_code end_date actual_date")));
    assert!(known.count() * 10 > days.len() * 9);
}

#[test]
fn a_broker_report_is_a_row_for_each_year_and_may_be_loaded_late() {
    let rows = rows("report_rc");
    let loaded = |row: &Row| row["create_time"][..10].replace('-', "");
    assert!(rows.iter().all(|row| loaded(row)[..] >= row["report_date"]));
    let late = rows.iter().filter(|row| loaded(row)[..] != row["report_date"]).count();
    assert!(late * 20 > rows.len() && late * 3 < rows.len(), "{late} of {}", rows.len());
    assert!(rows.iter().any(|row| loaded(row)[..4] > row["report_date"][..4]));
    let empty = |column: &str| rows.iter().filter(|row| row.is_null(column)).count();
    assert!(empty("max_price") > empty("min_price") && empty("min_price") * 2 > rows.len());
    for report in grouped(rows, "ts_code report_date").values() {
        assert!((2..=3).contains(&report.len()) && values(report, "quarter").len() == report.len());
        assert_eq!(values(report, "create_time").len(), 1);
    }
}

#[test]
fn names_stay_open_beside_their_end_and_are_mostly_undated() {
    let all = rows("namechange");
    let undated = all.iter().filter(|row| row.is_null("ann_date")).count();
    assert!((all.len() / 2..all.len() * 4 / 5).contains(&undated), "{undated} of {}", all.len());
    let (mut beside, mut left_open, mut superseded) = (0, 0, 0);
    for names in grouped(all, "ts_code").into_values() {
        let last = names.iter().map(|row| row["start_date"].to_owned()).max().unwrap();
        for (key, versions) in grouped(names, "start_date name") {
            let open = versions.iter().filter(|row| row.is_null("end_date")).count();
            beside += usize::from(0 < open && open < versions.len());
            assert!(key[0] < last || open == versions.len());
            superseded += usize::from(key[0] < last);
            left_open += usize::from(key[0] < last && open > 0);
        }
    }
    assert!(beside > 0 && left_open * 2 > superseded && left_open < superseded, "{beside} {left_open} {superseded}");
}

#[test]
fn holders_pledges_and_buy_backs_fit_the_shares() {
    for (name, is_unknown) in [("top10_holders", true), ("top10_floatholders", false)] {
        for list in grouped(rows(name), "ts_code end_date ann_date").values() {
            let ratio: i64 = list.iter().map(|row| row.units("hold_ratio", 4).unwrap()).sum();
            assert!(list.len() == 10 && ratio <= 1_000_000, "{name}");
        }
        assert_eq!(rows(name).iter().any(|row| row.is_null("hold_float_ratio")), is_unknown, "{name}");
    }
    for row in rows("pledge_stat") {
        let shares = row.cents("unrest_pledge") + row.cents("rest_pledge");
        assert!((row.cents("pledge_ratio") - shares * 10_000 / row.cents("total_share")).abs() <= 1);
    }
    assert!(rows("pledge_detail").iter().all(|row| (row["is_release"] == *"1") != row.is_null("release_date")));
    let stages = rows("repurchase");
    assert_eq!(values(&stages, "proc").len(), 5);
    for row in &stages {
        let is_planned = ["预案", "股东大会通过"].contains(&&row["proc"]);
        assert_eq!((row.is_null("vol end_date"), row.is_null("exp_date")), (is_planned, !is_planned));
        if let Some(shares) = row.units("vol", 0) {
            let price = row.cents("amount") / shares;
            assert!((row.cents("low_limit")..=row.cents("high_limit")).contains(&price));
        }
    }
    assert!(grouped(rows("stk_holdernumber"), "ts_code end_date").values().any(|counts| counts.len() > 1));
    assert!(rows("stk_holdernumber").iter().any(|row| row.is_null("ann_date")));
    assert!(rows("stk_holdertrade").iter().any(|row| row.is_null("begin_date close_date")));
}

#[test]
fn companies_know_who_leads_and_audits_them_and_their_former_codes() {
    let masters = masters(&LONGER);
    let profiles = rows("stock_company");
    assert!(profiles.iter().all(|row| masters[&row["ts_code"]]["exchange"] == row["exchange"]));
    assert!(profiles.iter().filter(|row| row.is_null("chairman")).count() <= 1);
    let managers = rows("stk_managers");
    assert!(managers.iter().any(|row| !row.is_null("end_date")));
    assert!(values(&rows("stk_rewards"), "name").is_subset(&values(&managers, "name")));
    for row in rows("bse_mapping") {
        assert!(masters.contains_key(&row["n_code"]) && row["n_code"] != row["o_code"]);
    }
    let audits = grouped(rows("fina_audit"), "ts_code end_date");
    assert!(audits.values().any(|opinions| opinions.len() == 2));
    assert!(audits.keys().any(|key| key[1].ends_with("0630")));
}
