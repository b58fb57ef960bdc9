//! Versions of reports: every pattern the vendor plays, its dates, and figures that hold together.

use super::{MARKET, Row, SMALL, named, small, table, text, units};
use crate::market::filings::{Statement, versions};
use crate::market::quarters::Quarter;
use crate::{Cell, Market, Settings};
use chrono::{DateTime, Days, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet};

const STATEMENTS: [&str; 2] = ["income", "fina_indicator"];
/// Columns that say which version a row is.
const LABELS: [&str; 4] = ["ann_date", "f_ann_date", "update_flag", "ebit"];

/// Rows of the first type by security and period.
type Reports = BTreeMap<(String, String), Vec<Row>>;

fn reports(market: &Market, interface: &str, at: Option<DateTime<Utc>>) -> Reports {
    let mut reports = Reports::new();
    for row in named(market.rows_at(interface, at).unwrap()) {
        if row.get("report_type").is_none_or(|_| text(&row, "report_type") == "1") {
            let key = (text(&row, "ts_code").to_owned(), text(&row, "end_date").to_owned());
            reports.entry(key).or_default().push(row);
        }
    }
    let order = |row: &Row| {
        let actual = row.get("f_ann_date").map(|day| format!("{day:?}"));
        (actual, text(row, "ann_date").to_owned(), text(row, "update_flag").to_owned())
    };
    for rows in reports.values_mut() {
        rows.sort_by_key(order);
    }
    reports
}

/// Columns in which two rows differ, labels aside.
fn differences<'a>(a: &'a Row, b: &Row) -> Vec<&'a str> {
    let same = |column: &str| a[column] == b[column] || value(&a[column]).is_some_and(|a| value(&b[column]) == Some(a));
    a.keys().map(String::as_str).filter(|column| !LABELS[..3].contains(column) && !same(column)).collect()
}

fn value(cell: &Cell) -> Option<f64> {
    cell.text()?.parse().ok()
}

/// What two rows of one report look like beside each other.
fn relation(a: &Row, b: &Row) -> &'static str {
    let dates = |row: &Row| (row["ann_date"].clone(), row.get("f_ann_date").cloned());
    let flags = (text(a, "update_flag"), text(b, "update_flag"));
    let different = differences(a, b);
    if dates(a) != dates(b) {
        assert!(!different.is_empty());
        return "restated";
    }
    if a == b {
        return "duplicate";
    }
    assert_eq!(flags, ("0", "1"));
    if different.is_empty() {
        return "twins";
    }
    if let [column] = different[..]
        && (a[column] == Cell::Null) != (b[column] == Cell::Null)
    {
        return "gap";
    }
    let values = |column: &str| value(&a[column]).zip(value(&b[column]));
    if different.iter().all(|column| values(column).is_some_and(|(a, b)| (a - b).abs() <= 1e-4 * a.abs())) {
        return "rounding";
    }
    "differing"
}

/// What reports look like after everything.
const PATTERNS: &str = "only-0 only-1 twins gap rounding differing restated restated-twice undated premature duplicate";

#[test]
fn every_pattern_is_there_at_the_end() {
    for market in [&*SMALL, &**MARKET] {
        for interface in STATEMENTS.into_iter().chain(["balancesheet", "cashflow"]) {
            let mut seen = BTreeSet::new();
            for ((_, period), rows) in reports(market, interface, None) {
                assert!(rows.len() <= 3);
                if let [row] = &rows[..] {
                    seen.insert(if text(row, "update_flag") == "0" { "only-0" } else { "only-1" });
                }
                rows.windows(2).for_each(|pair| _ = seen.insert(relation(&pair[0], &pair[1])));
                if rows.len() == 3 {
                    seen.insert("restated-twice");
                }
                for row in &rows {
                    let (day, actual) = (&row["ann_date"], row.get("f_ann_date"));
                    match (day, actual) {
                        (Cell::Null, None | Some(Cell::Null)) => _ = seen.insert("undated"),
                        (Cell::Null, _) => panic!("only an actual date"),
                        (_, Some(Cell::Null)) => _ = seen.insert("no-actual-date"),
                        _ if text(row, "ann_date") <= period.as_str() => _ = seen.insert("premature"),
                        _ => {}
                    }
                }
            }
            let of_statements = if interface == "fina_indicator" { "" } else { " no-actual-date" };
            let expected = format!("{PATTERNS}{of_statements}");
            assert_eq!(seen, expected.split(' ').collect(), "{interface}");
        }
    }
}

/// Moments an hour before midnight of every day of the range.
fn evenings(settings: &Settings) -> impl Iterator<Item = (NaiveDate, DateTime<Utc>)> {
    let end = settings.end;
    let days = settings.start.iter_days().take_while(move |day| *day <= end);
    days.map(|day| (day, day.and_hms_opt(15, 0, 0).unwrap().and_utc()))
}

/// Rows that come, change in silence, go back, follow their twin, or are announced again inside the range.
#[test]
fn the_vendor_changes_its_mind_while_one_looks() {
    for interface in STATEMENTS {
        let mut seen = BTreeSet::new();
        // Every state of a report, in order.
        let mut states: BTreeMap<(String, String), Vec<Vec<Row>>> = BTreeMap::new();
        for (day, at) in evenings(&small()) {
            let today = day.format("%Y%m%d").to_string();
            let yesterday = day.checked_sub_days(Days::new(1)).unwrap().format("%Y%m%d").to_string();
            for (key, rows) in reports(&SMALL, interface, Some(at)) {
                let told = |row: &Row| {
                    text(row, "ann_date").max(row.get("f_ann_date").and_then(Cell::text).unwrap_or("")).to_owned()
                };
                assert!(rows.iter().all(|row| told(row) <= today), "{key:?} {today}");
                let past = states.entry(key.clone()).or_default();
                if past.last() == Some(&rows) {
                    continue;
                }
                if past.is_empty() && told(&rows[0]) < yesterday && told(&rows[0]) > key.1 && day > small().start {
                    seen.insert("delayed");
                }
                if let Some(before) = past.last() {
                    let news = told(rows.last().unwrap());
                    seen.insert(match (before.len(), rows.len()) {
                        (1, 1) if past.len() > 1 && past[0] == rows => "reversal",
                        (1, 1) => "silent",
                        (1, 2) if news == today => "restated",
                        (1, 2) => "following",
                        (2, 3) => "restated-twice",
                        sizes => panic!("{sizes:?}"),
                    });
                }
                past.push(rows);
            }
        }
        assert!(
            ["silent", "following", "restated", "delayed"].iter().all(|what| seen.contains(what)),
            "{interface}: {seen:?}"
        );
    }
}

#[test]
fn a_reversal_ends_with_the_first_figures() {
    let market = &**MARKET;
    for statement in [Statement::Income, Statement::Indicators] {
        let all = market.stocks.iter().flat_map(|stock| {
            let quarters = stock.reports.clone().map(Quarter);
            quarters.map(move |quarter| versions(market, &stock.security, quarter, statement))
        });
        let reversed = all.filter(|rows| {
            let figures: Vec<u8> = rows.iter().filter(|row| row.kind == 1).map(|row| row.figures).collect();
            figures == [0, 1, 0] && rows.windows(2).take(2).all(|pair| pair[0].until == Some(pair[1].from))
        });
        assert!(reversed.count() > 0);
    }
}

#[test]
fn security_0_is_restated_within_the_range() {
    for (market, settings) in [(&*SMALL, small()), (&**MARKET, super::settings())] {
        let code = &market.stocks.iter().find(|stock| stock.security.number == 0).unwrap().security.code;
        let of =
            |interface, figure: &str| -> Option<(NaiveDate, NaiveDate, f64, f64)> {
                let column = if interface == "income" { "f_ann_date" } else { "ann_date" };
                let day = |row: &Row| NaiveDate::parse_from_str(text(row, column), "%Y%m%d").ok();
                reports(market, interface, None).into_iter().filter(|(key, _)| key.0 == *code).find_map(|(_, rows)| {
                    let [first, again] = &rows[..] else { return None };
                    let (told, again_on) = (day(first)?, day(again)?);
                    (told >= settings.start && again_on <= settings.end && again_on >= told + Days::new(20))
                        .then_some((told, again_on, value(&first[figure])?, value(&again[figure])?))
                })
            };
        for (interface, figure) in [("income", "n_income"), ("fina_indicator", "eps")] {
            let (.., first, again) = of(interface, figure).unwrap();
            assert!((first - again).abs() > 0.03 * first.abs(), "{first} {again}");
        }
        let (a, b) = (of("income", "n_income").unwrap(), of("fina_indicator", "eps").unwrap());
        assert_eq!((a.0, a.1), (b.0, b.1));
    }
}

#[test]
fn statements_add_up_and_fit_the_indicators() {
    let market = &**MARKET;
    let income = reports(market, "income", None);
    let (mut compared, mut schemes) = (0, BTreeSet::new());
    for (key, rows) in &income {
        for row in rows {
            schemes.insert(text(row, "comp_type").to_owned());
            assert_eq!(text(row, "comp_type") == "1", row["oper_cost"] != Cell::Null);
            assert_eq!(text(row, "end_type"), Quarter::ending(&key.1).unwrap().of_year().to_string());
        }
        if let [row] = &rows[..] {
            let fen = |column| units(row, column, 2).unwrap();
            assert_eq!(fen("n_income"), fen("total_profit") - fen("income_tax"));
            assert_eq!(fen("n_income_attr_p"), fen("n_income") - fen("minority_gain"));
        }
    }
    for (key, rows) in reports(market, "fina_indicator", None) {
        let (Some(a), Some(b)) = (income.get(&key), rows.first()) else { continue };
        let same = |x: &str, y: &str| (value(&a[0][x]).unwrap() - value(&b[y]).unwrap()).abs() < 0.02;
        compared += usize::from(same("basic_eps", "eps") && value(&a[0]["revenue"]).is_some());
    }
    assert!(compared * 10 > income.len() * 7, "{compared} of {}", income.len());
    assert_eq!(schemes.len(), 4);
}

#[test]
fn announcements_crowd_before_the_deadline_and_some_miss_it() {
    let rows = table(&MARKET, "income");
    let told = rows.iter().filter_map(|row| {
        let day = NaiveDate::parse_from_str(text(row, "f_ann_date"), "%Y%m%d").ok()?;
        let quarter = Quarter::ending(text(row, "end_date"))?;
        let first = text(row, "report_type") == "1" && row["ann_date"] == row["f_ann_date"] && day > quarter.end();
        let [left, window] = [day, quarter.end()].map(|day| (quarter.deadline() - day).num_days());
        first.then_some((left, window))
    });
    let told: Vec<(i64, i64)> = told.collect();
    assert!(told.iter().all(|(left, _)| *left >= -6) && told.iter().any(|(left, _)| *left < 0));
    let late = told.iter().filter(|(left, window)| *left < window / 2).count();
    assert!(late > (told.len() - late) * 2, "{late} of {}", told.len());
}

#[test]
fn dormant_securities_report_old_periods() {
    let dormant = MARKET.stocks.iter().find(|stock| stock.security.status == "D" && stock.history.era(0).is_none());
    let dormant = dormant.unwrap();
    let periods = dormant.reports.clone();
    assert_eq!(periods.len(), 8);
    assert!(Quarter(periods.end - 1).end() < dormant.security.delisted_on().unwrap());
    let missing = MARKET.stocks.iter().filter(|stock| stock.reports.is_empty());
    assert!(missing.map(|stock| stock.security.status).eq(["G"]));
}
