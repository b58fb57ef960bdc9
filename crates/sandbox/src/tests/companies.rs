//! Rows of companies on the wire: who gets which, and in which order.

use super::caller::{Sandbox, fields, items, no_limits};
use super::filters::{expected, sent, sorted};
use super::{MARKET, Row, find, table, text};
use crate::tables::asked::Params;
use crate::{Cell, Market, Settings, serve};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The interfaces of one row a company at a time, and two snapshots.
pub(super) const NAMES: [&str; 23] = [
    "forecast",
    "forecast_vip",
    "express",
    "express_vip",
    "dividend",
    "fina_audit",
    "fina_mainbz",
    "fina_mainbz_vip",
    "disclosure_date",
    "report_rc",
    "namechange",
    "stk_rewards",
    "stk_managers",
    "stock_company",
    "bse_mapping",
    "share_float",
    "repurchase",
    "top10_holders",
    "top10_floatholders",
    "pledge_stat",
    "pledge_detail",
    "stk_holdernumber",
    "stk_holdertrade",
];
/// Those of one state.
const SNAPSHOTS: [&str; 2] = ["stock_company", "bse_mapping"];

#[test]
fn the_newest_days_come_first_and_pages_fit_together() {
    let market = &**MARKET;
    for name in NAMES {
        let interface = find(name).unwrap();
        let select = |skip, take| interface.select(market, None, &Params::new(), (skip, take));
        let whole = select(0, usize::MAX);
        let is_snapshot = SNAPSHOTS.contains(&name);
        if !is_snapshot {
            let column = interface.dated().unwrap();
            assert!(whole.is_sorted_by(|a, b| a[column].text() >= b[column].text()), "{name}");
        }
        let size = whole.len() / 3 + 1;
        let pages: Vec<_> = (0..whole.len()).step_by(size).flat_map(|skip| select(skip, size)).collect();
        assert_eq!(pages, whole, "{name}");
        let mut rows = whole.clone();
        rows.sort_by(|a, b| a.iter().map(Cell::text).cmp(b.iter().map(Cell::text)));
        assert!(rows != whole || is_snapshot, "{name} is in order");
    }
}

async fn sandbox() -> Sandbox {
    Sandbox::start(Settings { points: 8000, ..no_limits() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_without_what_they_need_are_refused() {
    let sandbox = sandbox().await;
    let needed = [
        ("forecast", "ts_code、ann_date"),
        ("express", "ts_code"),
        ("dividend", "ts_code、ann_date、record_date、ex_date、imp_ann_date"),
        ("fina_audit", "ts_code"),
        ("fina_mainbz", "ts_code"),
        ("fina_mainbz_vip", "period"),
        ("stk_rewards", "ts_code"),
        ("top10_holders", "ts_code"),
        ("top10_floatholders", "ts_code"),
    ];
    for name in NAMES {
        let reply = sandbox.call(name, &json!({"start_date": "20230101"}), "");
        match needed.iter().find(|(interface, _)| *interface == name) {
            Some((_, names)) => {
                assert_eq!(reply["code"], -2001, "{name}");
                assert!(reply["msg"].as_str().unwrap().ends_with(names), "{name}");
            }
            None => assert!(!items(&reply).is_empty(), "{name}"),
        }
    }
}

/// Parameters, and the column and value that each row then has.
const ASKED: [(&str, &str, &str); 22] = [
    ("forecast", "period", "end_date"),
    ("forecast_vip", "type", "type"),
    ("forecast_vip", "ann_date", "ann_date"),
    ("express", "period", "end_date"),
    ("express_vip", "ann_date", "ann_date"),
    ("dividend", "ex_date", "ex_date"),
    ("dividend", "imp_ann_date", "imp_ann_date"),
    ("fina_audit", "period", "end_date"),
    ("fina_mainbz", "type", "bz_code"),
    ("fina_mainbz_vip", "type", "bz_code"),
    ("disclosure_date", "end_date", "end_date"),
    ("disclosure_date", "actual_date", "actual_date"),
    ("report_rc", "report_date", "report_date"),
    ("stk_rewards", "end_date", "end_date"),
    ("stock_company", "exchange", "exchange"),
    ("bse_mapping", "o_code", "o_code"),
    ("share_float", "float_date", "float_date"),
    ("repurchase", "ann_date", "ann_date"),
    ("pledge_stat", "end_date", "end_date"),
    ("stk_holdernumber", "enddate", "end_date"),
    ("stk_holdertrade", "trade_type", "in_de"),
    ("stk_holdertrade", "holder_type", "holder_type"),
];

#[tokio::test(flavor = "multi_thread")]
async fn filters_narrow() {
    let sandbox = sandbox().await;
    let market = Arc::clone(&sandbox.market);
    for (name, param, column) in ASKED {
        let rows = table(&market, name);
        // A value somewhere in the middle, of a company that has it.
        let rows: Vec<&Row> = rows.iter().filter(|row| row[column] != Cell::Null).collect();
        let row = rows[rows.len() / 2];
        let (value, code) = (text(row, column), row.get("ts_code").and_then(Cell::text).unwrap_or_default());
        let mut params = json!({param: value});
        let call = &find(name).unwrap().contract.call;
        let needed: Vec<&str> = call.required.iter().chain(&call.one_of).map(String::as_str).collect();
        let by_code = needed.contains(&"ts_code") && !needed.contains(&param);
        if by_code {
            params["ts_code"] = json!(code);
        } else if needed.contains(&"period") {
            params["period"] = row["end_date"].text().into();
        }
        let period = params.get("period").map(|_| text(row, "end_date").to_owned());
        let wanted = |row: &Row| {
            text(row, column) == value
                && (!by_code || text(row, "ts_code") == code)
                && period.as_ref().is_none_or(|period| text(row, "end_date") == period)
        };
        let whole = expected(&market, name, wanted);
        let got = sent(&sandbox, name, &params);
        assert!(got.len() < rows.len() || name == "bse_mapping", "{name} {param}");
        assert_eq!(sorted(got), whole[..whole.len().min(call.cap.unwrap_or(usize::MAX))], "{name} {param}");
    }
}

/// The column that a range limits.
const RANGES: [(&str, &str); 14] = [
    ("forecast_vip", "ann_date"),
    ("express_vip", "ann_date"),
    ("fina_audit", "ann_date"),
    ("fina_mainbz", "end_date"),
    ("report_rc", "report_date"),
    ("namechange", "ann_date"),
    ("stk_managers", "ann_date"),
    ("share_float", "float_date"),
    ("repurchase", "ann_date"),
    ("top10_holders", "end_date"),
    ("top10_floatholders", "end_date"),
    ("pledge_detail", "ann_date"),
    ("stk_holdernumber", "ann_date"),
    ("stk_holdertrade", "ann_date"),
];

#[tokio::test(flavor = "multi_thread")]
async fn ranges_limit_the_documented_days() {
    let sandbox = sandbox().await;
    for (name, column) in RANGES {
        let call = &find(name).unwrap().contract.call;
        let needed = call.required.iter().chain(&call.one_of).any(|param| param == "ts_code");
        let rows = table(&sandbox.market, name);
        let code = text(&rows[rows.len() / 3], "ts_code");
        let (start, end) = ("20220401", "20230415");
        let mut params = json!({"start_date": start, "end_date": end});
        if needed {
            params["ts_code"] = json!(code);
        }
        let wanted = |row: &Row| {
            let day = text(row, column);
            (!needed || text(row, "ts_code") == code) && start <= day && day <= end
        };
        let whole = expected(&sandbox.market, name, wanted);
        assert!(!whole.is_empty(), "{name}");
        assert_eq!(sorted(sent(&sandbox, name, &params)), whole, "{name}");
    }
    // One company where a code is needed, all where it is no filter.
    let count = |name: &str, params: Value| {
        let reply = sandbox.call(name, &params, "ts_code");
        items(&reply).iter().map(|row| row[0].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>().len()
    };
    let two = json!({"ts_code": "600001.SH, 000001.SZ"});
    assert_eq!(count("fina_audit", two.clone()), 1);
    assert!(count("repurchase", two) > 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_columns_come_only_when_named() {
    let sandbox = sandbox().await;
    for name in NAMES {
        let columns = &find(name).unwrap().fields;
        let names = |hidden: bool| -> Vec<&str> {
            columns.iter().filter(|field| field.hidden == hidden).map(|field| field.name.as_str()).collect()
        };
        let params = json!({"ts_code": "600001.SH", "period": "20221231"});
        assert_eq!(fields(&sandbox.call(name, &params, "")), names(false), "{name}");
        let hidden = names(true);
        if !hidden.is_empty() {
            assert_eq!(fields(&sandbox.call(name, &params, &hidden.join(","))), hidden);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_history_is_cut_at_the_cap() {
    let long =
        Settings { stocks: 3, start: "1995-01-01".parse().unwrap(), end: "2023-06-30".parse().unwrap(), ..no_limits() };
    let market = Arc::new(Market::new(&long));
    let server = serve(Arc::clone(&market), long, 0).await.unwrap();
    let sandbox = Sandbox { market, server };
    let first = table(&sandbox.market, "fina_mainbz");
    let code = text(&first[0], "ts_code");
    let whole = expected(&sandbox.market, "fina_mainbz", |row| text(row, "ts_code") == code);
    let page = |offset: usize| sent(&sandbox, "fina_mainbz", &json!({"ts_code": code, "offset": offset}));
    assert_eq!((page(0).len(), whole.len() > 100), (100, true));
    assert_eq!(sorted((0..whole.len()).step_by(100).flat_map(page)), whole);
}
