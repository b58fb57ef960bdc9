//! Every interface answers the calls described in its contract: filters, ranges, required parameters, order and pages.

use super::{SMALL, select, small, values};
use crate::market::shanghai;
use crate::tables::Params;
use crate::tables::served::{Content, Flaws, Served};
use crate::{Cell, Market, Settings};
use chrono::{Days, TimeDelta};

/// Too many rows to go through all of them repeatedly.
const LARGE: [&str; 2] = ["cyq_chips", "stk_mins"];

fn interfaces() -> impl Iterator<Item = &'static Served> {
    super::interfaces().filter(|interface| !LARGE.contains(&interface.name()))
}

fn sorted(mut rows: Vec<Vec<Cell>>) -> Vec<Vec<Cell>> {
    rows.sort_by(|a, b| a.iter().map(Cell::text).cmp(b.iter().map(Cell::text)));
    rows
}

/// The rows of [`SMALL`] that a call gets in the end.
fn sent(interface: &Served, params: &Params) -> Vec<Vec<Cell>> {
    sorted(interface.select(&SMALL, None, params, (0, usize::MAX)))
}

/// The rows that a call should get: those in the whole list whose fields match its parameters.
fn wanted(interface: &Served, rows: &[Vec<Cell>], params: &Params) -> Vec<Vec<Cell>> {
    let call = &interface.contract.call;
    let filter = |(param, field): &(String, String)| {
        Some((interface.column(field)?, params.get(param).map(String::as_str).or(call.default_of(param))?))
    };
    let filters: Vec<(usize, &str)> = call.filters.iter().filter_map(filter).collect();
    let range = call.range.as_deref().and_then(|field| interface.column(field));
    let within = |row: &Vec<Cell>| {
        let limits = ["start_date", "end_date"].map(|limit| params.get(limit).map(String::as_str));
        range.filter(|_| limits != [None; 2]).is_none_or(|place| {
            row[place].text().is_some_and(|day| limits[0].is_none_or(|first| first <= day) && limits[1] >= Some(day))
        })
    };
    let holds =
        |row: &&Vec<Cell>| filters.iter().all(|(place, value)| row[*place].text() == Some(*value)) && within(row);
    sorted(rows.iter().filter(holds).cloned().collect())
}

/// Adds a row's own values for the parameters that a call still needs; `None` if it has none.
fn completed(interface: &Served, row: &[Cell], mut params: Params) -> Option<Params> {
    for _ in 0..3 {
        let missing = interface.missing(&params).first().map(|param| (*param).to_owned());
        let Some(param) = missing else { return Some(params) };
        let field = interface.contract.call.filter(&param).unwrap_or(&param);
        let value = interface.column(field).and_then(|place| row[place].text())?;
        params.insert(param, value.to_owned());
    }
    None
}

#[test]
fn every_filter_narrows_the_field_that_its_contract_names() {
    let mut checked = 0;
    for interface in interfaces() {
        let rows = interface.all(&SMALL, None);
        for (param, field) in &interface.contract.call.filters {
            let Some(place) = interface.column(field) else { continue };
            let known: Vec<&Vec<Cell>> = rows.iter().filter(|row| row[place] != Cell::Null).collect();
            let Some(row) = known.get(known.len() / 2) else { continue };
            let value = row[place].text().unwrap_or_default().to_owned();
            let Some(params) = completed(interface, row, Params::from([(param.clone(), value)])) else { continue };
            assert_eq!(sent(interface, &params), wanted(interface, &rows, &params), "{} {params:?}", interface.name());
            checked += 1;
        }
    }
    assert!(checked > 200, "{checked}");
}

#[test]
fn every_range_limits_the_field_that_its_contract_names() {
    let mut checked = 0;
    for interface in interfaces() {
        let Some(place) = interface.contract.call.range.as_deref().and_then(|field| interface.column(field)) else {
            continue;
        };
        let rows = interface.all(&SMALL, None);
        let mut days: Vec<&str> = rows.iter().filter_map(|row| row[place].text()).collect();
        days.sort_unstable();
        let [start, end] = [days[days.len() / 4], days[days.len() * 3 / 4]].map(str::to_owned);
        let row = rows.iter().find(|row| row[place].text() == Some(&start)).unwrap();
        let range = Params::from([("start_date".to_owned(), start), ("end_date".to_owned(), end)]);
        let params = completed(interface, row, range).unwrap();
        let sent = sent(interface, &params);
        assert!(!sent.is_empty() || params.contains_key("period"), "{}", interface.name());
        assert_eq!(sent, wanted(interface, &rows, &params), "{} {params:?}", interface.name());
        checked += 1;
    }
    assert!(checked > 60, "{checked}");
}

#[test]
fn the_newest_days_come_first_and_pages_fit_together() {
    for interface in interfaces() {
        let name = interface.name();
        let select = |skip, take| interface.select(&SMALL, None, &Params::new(), (skip, take));
        let whole = select(0, usize::MAX);
        let is_snapshot = matches!(interface.content, Content::Snapshot(..));
        if let Some(column) = interface.dated().filter(|_| !is_snapshot) {
            assert!(whole.is_sorted_by(|a, b| a[column].text() >= b[column].text()), "{name}");
        }
        let size = whole.len() / 3 + 1;
        let pages: Vec<_> = (0..whole.len()).step_by(size).flat_map(|skip| select(skip, size)).collect();
        assert!(pages == whole, "{name}");
        assert!(sorted(whole.clone()) != whole || is_snapshot || whole.len() < 3, "{name} is in order");
    }
}

#[test]
fn every_interface_has_rows_with_what_must_be_there() {
    for interface in super::interfaces() {
        let rows = interface.all(&SMALL, None);
        assert!(!rows.is_empty(), "{} is empty", interface.name());
        for (place, field) in interface.fields.iter().enumerate().filter(|(_, field)| !field.nullable) {
            assert!(rows.iter().all(|row| row[place] != Cell::Null), "{} {}", interface.name(), field.name);
        }
    }
}

#[test]
fn both_interfaces_of_a_report_say_the_same() {
    let twins: Vec<&Served> = interfaces().filter(|interface| interface.name().ends_with("_vip")).collect();
    for vip in &twins {
        let plain = SMALL.rows(vip.name().trim_end_matches("_vip"));
        assert_eq!(SMALL.rows(vip.name()), plain, "{}", vip.name());
    }
    assert_eq!(twins.len(), 7);
}

#[test]
fn filters_take_several_values_and_codes_only_where_none_is_needed() {
    let count = |name: &str, params: &[(&str, &str)], column: &str| values(&select(name, params, None), column).len();
    let two = ("ts_code", "600001.SH, 000001.SZ");
    let year = ("period", "20211231");
    assert_eq!(count("income_vip", &[two, year], "ts_code"), 2);
    assert_eq!(count("income", &[two, year], "ts_code"), 1, "the first of them");
    assert_eq!(
        count("repurchase", &[two], "ts_code"),
        count("repurchase", &[], "ts_code"),
        "no parameter of that name"
    );
    assert_eq!(count("income_vip", &[year, ("report_type", "1,6")], "report_type"), 2);
    assert_eq!(count("income_vip", &[year], "report_type"), 1, "the first type unless asked for");
}

/// An interface, a call, and several calls whose answers together are its answer.
#[test]
fn an_answer_is_that_of_its_parts_together() {
    let day = ("trade_date", "20221230");
    let boards = ["行业板块", "概念板块", "地域板块"].map(|kind| vec![day, ("idx_type", kind)]);
    let codes = ["600001.SH", "000001.SZ"].map(|code| vec![("ts_code", code)]);
    for (name, whole, parts) in
        [("dc_daily", vec![day], &boards[..]), ("stk_rewards", vec![("ts_code", "600001.SH,000001.SZ")], &codes[..])]
    {
        let rows = |params| sorted(select(name, params, None).into_iter().map(|row| row.cells).collect());
        let parts: Vec<_> = parts.iter().map(|part| rows(part)).collect();
        assert!(parts.iter().all(|part| !part.is_empty()), "{name}");
        assert_eq!(sorted(parts.concat()), rows(&whole), "{name}");
    }
}

#[test]
fn every_call_gets_what_the_oracle_says_of_the_moment() {
    let moments = ["2022-12-01T09:00:00Z", "2023-01-20T12:00:00Z"];
    for interface in interfaces() {
        let nothing = Params::new();
        for at in moments.map(|at| Some(shanghai(at.parse().unwrap()))) {
            let sent = sorted(interface.select(&SMALL, at, &nothing, (0, usize::MAX)));
            assert!(sent == wanted(interface, &interface.all(&SMALL, at), &nothing), "{}", interface.name());
        }
        let long_after = Some(shanghai("2035-01-01T00:00:00Z".parse().unwrap()));
        assert!(interface.all(&SMALL, long_after) == interface.all(&SMALL, None), "{}", interface.name());
    }
}

#[test]
fn sessions_appear_at_the_hour_of_their_contract() {
    let day = SMALL.sessions()[40];
    let params = Params::from([("trade_date".to_owned(), SMALL.calendar.stamps[40].clone())]);
    let sessions = interfaces().filter(|interface| matches!(interface.content, Content::Sessions(..)));
    for interface in sessions.filter(|interface| interface.flaws == Flaws::default()) {
        let publication = &interface.contract.publication;
        let hour = (day + Days::new(u64::from(publication.next_day))).and_time(publication.hour);
        let rows = |at| interface.select(&SMALL, at, &params, (0, usize::MAX));
        assert!(rows(Some(hour - TimeDelta::minutes(1))).is_empty(), "{}", interface.name());
        assert!(rows(Some(hour)) == rows(None), "{}", interface.name());
    }
}

#[test]
fn the_same_settings_give_the_same_rows() {
    let (again, other) = (Market::new(&small()), Market::new(&Settings { seed: 2, ..small() }));
    let mut differ = 0;
    for interface in interfaces() {
        let rows = interface.all(&SMALL, None);
        assert!(rows == interface.all(&again, None), "{}", interface.name());
        differ += usize::from(rows != interface.all(&other, None));
    }
    assert!(differ > 70, "{differ}");
}
