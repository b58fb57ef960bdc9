//! Statements and indicators: every pattern of versions that the vendor has, their dates, and what statements share.

use super::{LONGER, MARKET, Row, SMALL, evenings, grouped, named, small, stamp, table, values};
use crate::market::{Quarter, Statement, versions};
use crate::{Cell, Market, Settings};
use chrono::{DateTime, Days, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// Columns that identify a row's version.
const LABELS: [&str; 3] = ["ann_date", "f_ann_date", "update_flag"];

/// The date on which a version became known; statements have a separate column for it.
fn actual_day(row: &Row) -> Option<&Cell> {
    row.names.iter().any(|name| name == "f_ann_date").then(|| row.cell("f_ann_date"))
}

fn announced(row: &Row) -> String {
    let actual = actual_day(row).and_then(Cell::text).unwrap_or("");
    actual.max(&row["ann_date"]).to_owned()
}

/// Rows of the first type by security and period, oldest version first.
fn reports(market: &Market, interface: &str, at: Option<DateTime<Utc>>) -> BTreeMap<Vec<String>, Vec<Row>> {
    let mut rows = named(market.rows_at(interface, at).unwrap());
    rows.retain(|row| interface == "fina_indicator" || row["report_type"] == *"1");
    rows.sort_by_cached_key(|row| (format!("{:?}", actual_day(row)), row.texts("ann_date update_flag")));
    grouped(rows, "ts_code end_date")
}

fn value(row: &Row, column: &str) -> Option<f64> {
    row[column].parse().ok()
}

/// How two rows of one report relate to each other.
fn relation(a: &Row, b: &Row) -> &'static str {
    let is_same =
        |column: &str| a[column] == b[column] || value(a, column).is_some_and(|x| value(b, column) == Some(x));
    let columns = a.names.iter().map(String::as_str).filter(|column| !LABELS.contains(column));
    let different: Vec<&str> = columns.filter(|column| !is_same(column)).collect();
    let is_rounded =
        |column: &&str| value(a, column).zip(value(b, column)).is_some_and(|(a, b)| (a - b).abs() <= 1e-4 * a.abs());
    if (a["ann_date"] != b["ann_date"]) || actual_day(a) != actual_day(b) {
        assert!(!different.is_empty());
        return "restated";
    }
    if a == b {
        return "duplicate";
    }
    assert_eq!((&a["update_flag"], &b["update_flag"]), ("0", "1"));
    match different[..] {
        [] => "twins",
        [column] if a.is_null(column) != b.is_null(column) => "gap",
        _ if different.iter().all(is_rounded) => "rounding",
        _ => "differing",
    }
}

#[test]
fn every_pattern_is_there_at_the_end() {
    const PATTERNS: &str =
        "only-0 only-1 twins gap rounding differing restated restated-twice undated premature duplicate";
    for market in [&*SMALL, &**MARKET] {
        for interface in ["income", "fina_indicator", "balancesheet", "cashflow"] {
            let mut seen = BTreeSet::new();
            for (key, rows) in reports(market, interface, None) {
                match &rows[..] {
                    [row] => _ = seen.insert(if row["update_flag"] == *"0" { "only-0" } else { "only-1" }),
                    [_, _] => {}
                    _ => _ = seen.insert("restated-twice"),
                }
                assert!(rows.len() <= 3);
                seen.extend(rows.windows(2).map(|pair| relation(&pair[0], &pair[1])));
                for row in &rows {
                    match (row.is_null("ann_date"), actual_day(row)) {
                        (true, None | Some(Cell::Null)) => _ = seen.insert("undated"),
                        (true, _) => panic!("only an actual date"),
                        (_, Some(Cell::Null)) => _ = seen.insert("no-actual-date"),
                        _ if row["ann_date"] <= key[1][..] => _ = seen.insert("premature"),
                        _ => {}
                    }
                }
            }
            let of_statements = if interface == "fina_indicator" { "" } else { " no-actual-date" };
            assert_eq!(seen, format!("{PATTERNS}{of_statements}").split(' ').collect(), "{interface}");
        }
    }
}

/// Rows that appear, change silently, revert, follow their twin, or are announced again within the range.
#[test]
fn reports_change_as_days_pass() {
    for interface in ["income", "fina_indicator"] {
        let mut seen = BTreeSet::new();
        // Every state of a report, in order.
        let mut states: BTreeMap<Vec<String>, Vec<Vec<Row>>> = BTreeMap::new();
        for (day, at) in evenings(&small(), 1) {
            let (today, yesterday) = (stamp(day), stamp(day - Days::new(1)));
            for (key, rows) in reports(&SMALL, interface, Some(at)) {
                assert!(rows.iter().all(|row| announced(row) <= today), "{key:?} {today}");
                let past = states.entry(key.clone()).or_default();
                let first = announced(&rows[0]);
                match past.last() {
                    Some(before) if *before == rows => continue,
                    None if first < yesterday && first > key[1] && day > small().start => _ = seen.insert("delayed"),
                    None => {}
                    Some(before) => {
                        _ = seen.insert(match (before.len(), rows.len()) {
                            (1, 1) if past.len() > 1 && past[0] == rows => "reversal",
                            (1, 1) => "silent",
                            (1, 2) if announced(&rows[1]) == today => "restated",
                            (1, 2) => "following",
                            (2, 3) => "restated-twice",
                            sizes => panic!("{sizes:?}"),
                        });
                    }
                }
                past.push(rows);
            }
        }
        assert!(seen.is_superset(&BTreeSet::from(["silent", "following", "restated", "delayed"])), "{seen:?}");
    }
}

#[test]
fn a_reversal_ends_with_the_first_figures() {
    for statement in [Statement::Income, Statement::Indicators] {
        let quarters = MARKET.stocks.iter().flat_map(|stock| stock.reports.clone().map(move |number| (stock, number)));
        let mut all = quarters.map(|(stock, number)| versions(&MARKET, &stock.security, Quarter(number), statement));
        assert!(all.any(|rows| {
            let figures = rows.iter().filter(|row| row.kind == 1).map(|row| row.figures);
            figures.eq([0, 1, 0]) && rows.windows(2).take(2).all(|pair| pair[0].until == Some(pair[1].from))
        }));
    }
}

/// Something to try point-in-time queries on: one report of security 0, with other figures three weeks later.
#[test]
fn security_0_is_restated_within_the_range() {
    let restated = |market: &Market, settings: &Settings, interface: &str, figure: &str| {
        let code = &market.stocks.iter().find(|stock| stock.security.number == 0).unwrap().security.code;
        let day = |row: &Row| NaiveDate::parse_from_str(&announced(row), "%Y%m%d").ok();
        reports(market, interface, None).into_iter().filter(|(key, _)| key[0] == *code).find_map(|(_, rows)| {
            let [first, again] = &rows[..] else { return None };
            let (from, to) = (day(first)?, day(again)?);
            let change = (value(first, figure)? - value(again, figure)?) / value(first, figure)?;
            let is_inside = from >= settings.start && to <= settings.end && to >= from + Days::new(20);
            (is_inside && change.abs() > 0.03).then_some((from, to))
        })
    };
    for (market, settings) in [(&*SMALL, small()), (&**MARKET, super::settings())] {
        let days = restated(market, &settings, "income", "n_income");
        assert!(days.is_some() && days == restated(market, &settings, "fina_indicator", "eps"));
    }
}

#[test]
fn statements_of_a_report_are_filed_together() {
    let labels = |interface: &str| {
        let columns = "ts_code end_date report_type comp_type ann_date f_ann_date update_flag";
        let mut labels: Vec<_> = table(&MARKET, interface).iter().map(|row| row.texts(columns)).collect();
        labels.sort();
        labels
    };
    let mut income = labels("income");
    assert_eq!(labels("cashflow"), income);
    let all = income.len();
    income.retain(|label| label[2] != "2");
    assert!(income.len() < all, "balances have no single quarters");
    assert_eq!(labels("balancesheet"), income);
    for interface in ["balancesheet", "cashflow"] {
        let pairs = reports(&LONGER, interface, None).into_values().filter(|rows| rows.len() > 1);
        assert!(pairs.into_iter().any(|rows| relation(&rows[0], &rows[1]) == "restated"), "{interface}");
    }
}

#[test]
fn statements_fit_each_other() {
    let [income, balance, indicators] =
        ["income", "balancesheet", "fina_indicator"].map(|interface| reports(&MARKET, interface, None));
    for (key, rows) in &income {
        for row in rows {
            assert_eq!(row["comp_type"] == *"1", !row.is_null("oper_cost"));
            assert_eq!(row["end_type"], Quarter::ending(&key[1]).unwrap().of_year().to_string());
        }
    }
    let same = |(key, rows): &(&Vec<String>, &Vec<Row>)| {
        let [a, b] = [value(&rows[0], "basic_eps"), indicators.get(*key).and_then(|rows| value(&rows[0], "eps"))];
        a.zip(b).is_some_and(|(a, b)| (a - b).abs() < 0.02)
    };
    assert!(income.iter().filter(same).count() * 10 > income.len() * 7);
    let (mut compared, mut notes) = (0, BTreeSet::new());
    for (key, rows) in reports(&MARKET, "cashflow", None) {
        let ([flow], Some([balance])) = (&rows[..], balance.get(&key).map(Vec::as_slice)) else { continue };
        let cash = ["money_cap", "cash_reser_cb"].map(|column| balance.units(column, 2).unwrap_or(0));
        assert_eq!(cash.iter().sum::<i64>(), flow.cents("c_cash_equ_end_period"));
        if !flow.is_null("im_net_cashflow_oper_act") {
            notes.insert(flow["end_type"].to_owned());
        }
        compared += 1;
    }
    assert!(compared > 100);
    assert!(notes.iter().eq(["2", "4"]), "notes are filed twice a year");
}

#[test]
fn announcements_crowd_before_the_deadline_and_some_miss_it() {
    let rows = table(&MARKET, "income");
    let mut left = Vec::new();
    for row in rows.iter().filter(|row| row["report_type"] == *"1" && row["ann_date"] == row["f_ann_date"]) {
        let (Ok(day), quarter) =
            (NaiveDate::parse_from_str(&row["f_ann_date"], "%Y%m%d"), Quarter::ending(&row["end_date"]).unwrap())
        else {
            continue;
        };
        if day > quarter.end() {
            left.push([day, quarter.end()].map(|day| (quarter.deadline() - day).num_days()));
        }
    }
    assert!(left.iter().all(|[days, _]| *days >= -6) && left.iter().any(|[days, _]| *days < 0));
    let late = left.iter().filter(|[days, window]| *days < window / 2).count();
    assert!(late > (left.len() - late) * 2, "{late} of {}", left.len());
}

#[test]
fn dormant_securities_report_old_periods() {
    let mut delisted = MARKET.stocks.iter().filter(|stock| stock.security.status == "D");
    let dormant = delisted.find(|stock| stock.history.era(0).is_none()).unwrap();
    assert_eq!(dormant.reports.len(), 8);
    assert!(Quarter(dormant.reports.end - 1).end() < dormant.security.delisted_on().unwrap());
    let missing = MARKET.stocks.iter().filter(|stock| stock.reports.is_empty());
    assert!(missing.map(|stock| stock.security.status).eq(["G"]));
    assert_eq!(values(&table(&MARKET, "fina_indicator"), "ts_code").len(), MARKET.stocks.len() - 1);
}
