//! Rows of companies over the vendor's clock: none is there too early, and some change.

use super::{LONGER, SMALL, longer, named, small, text};
use crate::tables::served::{Content, Served};
use crate::{Market, Rows, Settings};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::BTreeMap;

fn evenings(settings: &Settings) -> impl Iterator<Item = (NaiveDate, DateTime<Utc>)> {
    let end = settings.end;
    let days = settings.start.iter_days().take_while(move |day| *day <= end);
    days.map(|day| (day, day.and_hms_opt(15, 30, 0).unwrap().and_utc()))
}

/// Interfaces of companies: rows with days of their own, and profiles.
fn interfaces() -> impl Iterator<Item = &'static Served> {
    let is_record = |interface: &&Served| {
        matches!(interface.content, Content::Records(..)) && interface.contract.call.filter("report_type").is_none()
    };
    let records = super::interfaces().filter(is_record).filter(|it| !it.name().starts_with("fina_indicator"));
    records.chain(super::find("stock_company"))
}

/// Interfaces with the columns of the day on which a row is announced.
const ANNOUNCED: &str = "forecast.ann_date express.ann_date dividend.ann_date dividend.imp_ann_date fina_audit.ann_date \
    disclosure_date.actual_date report_rc.create_time namechange.ann_date stk_rewards.ann_date stk_managers.ann_date \
    share_float.ann_date repurchase.ann_date top10_holders.ann_date pledge_stat.end_date pledge_detail.ann_date \
    stk_holdernumber.ann_date stk_holdertrade.ann_date";

#[test]
fn nothing_is_there_before_it_is_announced() {
    for (day, at) in evenings(&small()).step_by(9) {
        let today = day.format("%Y%m%d").to_string();
        for (name, column) in ANNOUNCED.split(' ').filter_map(|word| word.split_once('.')) {
            for row in named(SMALL.rows_at(name, Some(at)).unwrap()) {
                let told: String = text(&row, column).chars().filter(char::is_ascii_digit).take(8).collect();
                assert!(told <= today, "{name} {today} {row:?}");
            }
        }
    }
}

/// Rows that a day brings and rows that it takes away, over the range.
fn changes(market: &Market, settings: &Settings, name: &str) -> (usize, usize) {
    let counted = |rows: Rows| {
        rows.rows.into_iter().fold(BTreeMap::new(), |mut counts: BTreeMap<String, i64>, row| {
            *counts.entry(format!("{row:?}")).or_default() += 1;
            counts
        })
    };
    let mut last: Option<BTreeMap<String, i64>> = None;
    let (mut new, mut gone) = (0, 0);
    for (_, at) in evenings(settings).step_by(28) {
        let now = counted(market.rows_at(name, Some(at)).unwrap());
        if let Some(last) = last {
            new += now.keys().filter(|row| !last.contains_key(*row)).count();
            gone += last.keys().filter(|row| !now.contains_key(*row)).count();
        }
        last = Some(now);
    }
    (new, gone)
}

#[test]
fn some_rows_change_while_one_looks() {
    const CHANGING: &str =
        "forecast express fina_mainbz disclosure_date namechange stk_managers stock_company pledge_detail";
    for name in interfaces().map(Served::name) {
        let (new, gone) = changes(&LONGER, &longer(), name);
        assert!(new > 0, "{name} has nothing new");
        let changes = CHANGING.split(' ').any(|changing| changing == name.trim_end_matches("_vip"));
        assert_eq!(gone > 0, changes, "{name} {gone}");
    }
}
