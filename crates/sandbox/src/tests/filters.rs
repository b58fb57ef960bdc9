//! Calls of reports and limit lists: what is required, filters, order, caps and pages.

use super::caller::{Sandbox, fields, items, no_limits};
use super::find;
use super::{Row, named, text};
use crate::{Market, Settings};
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn sandbox() -> Sandbox {
    Sandbox::start(Settings { points: 8000, ..no_limits() }).await
}

/// Rows as text, sorted.
pub(super) fn sorted(rows: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut rows: Vec<String> = rows.into_iter().collect();
    rows.sort();
    rows
}

/// Rows of the market as the reader of a reply sees them.
pub(super) fn expected(market: &Market, interface: &str, wanted: impl Fn(&Row) -> bool) -> Vec<String> {
    let rows = market.rows(interface).unwrap();
    let chosen = rows.rows.iter().filter(|row| wanted(&rows.fields.iter().cloned().zip(row.iter().cloned()).collect()));
    let json = |row: &Vec<crate::Cell>| {
        let mut out = String::from("[");
        for (place, cell) in row.iter().enumerate() {
            out.push_str(if place == 0 { "" } else { "," });
            cell.write(&mut out);
        }
        serde_json::from_str::<Value>(&(out + "]")).unwrap().to_string()
    };
    sorted(chosen.map(json))
}

pub(super) fn sent(sandbox: &Sandbox, interface: &str, params: &Value) -> Vec<String> {
    let reply = sandbox.call(interface, params, &find(interface).unwrap().names().join(","));
    items(&reply).iter().map(Value::to_string).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_interfaces_of_a_statement_give_the_same_rows() {
    let sandbox = sandbox().await;
    for (plain, vip) in [("income", "income_vip"), ("fina_indicator", "fina_indicator_vip")] {
        let params = json!({"period": "20221231"});
        let rows = sent(&sandbox, vip, &params);
        assert_eq!(rows, sent(&sandbox, vip, &params), "the same call, the same order");
        let first_type = |row: &Row| {
            text(row, "end_date") == "20221231" && row.get("report_type").is_none_or(|kind| kind.text() == Some("1"))
        };
        let whole = expected(&sandbox.market, vip, first_type);
        assert!(!rows.is_sorted());
        assert_eq!(sorted(rows), whole);
        let codes = sandbox.codes("stock_basic", &json!({"list_status": "L,D,P,G"}));
        let by_code =
            codes.iter().flat_map(|code| sent(&sandbox, plain, &json!({"ts_code": code, "period": "20221231"})));
        assert_eq!(sorted(by_code), whole);

        assert_eq!(sandbox.call(plain, &params, "")["code"], -2001);
        assert_eq!(sandbox.call(vip, &json!({"ts_code": "000001.SZ"}), "")["code"], -2001);
        assert_eq!(sandbox.codes(vip, &json!({"period": "20221230"})).len(), 0);
        let of_first = sandbox.codes(plain, &json!({"ts_code": "000001.SZ,600001.SH"}));
        assert!(!of_first.is_empty() && of_first.iter().all(|code| code == "000001.SZ"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_on_request_stay_away() {
    let sandbox = sandbox().await;
    let params = json!({"period": "20221231", "limit": 1});
    let count = |interface| fields(&sandbox.call(interface, &params, "")).len();
    assert_eq!((count("income_vip"), sandbox.market.rows("income").unwrap().fields.len()), (84, 94));
    assert!(count("fina_indicator_vip") < 120);
    assert_eq!(sandbox.market.rows("fina_indicator").unwrap().fields.len(), 167);
    assert!(!fields(&sandbox.call("fina_indicator_vip", &params, "")).contains(&"update_flag"));
    assert!(!fields(&sandbox.call("limit_list_d", &json!({}), "")).contains(&"swing"));
}

#[tokio::test(flavor = "multi_thread")]
async fn report_filters_narrow() {
    let sandbox = sandbox().await;
    let market = &sandbox.market;
    let first_type = |row: &Row| text(row, "report_type") == "1";
    let period = "20221231";
    let day = named(market.rows("income").unwrap())
        .iter()
        .find(|row| first_type(row) && text(row, "end_date") == period)
        .map(|row| text(row, "ann_date").to_owned())
        .unwrap();
    let check = |params: Value, wanted: &dyn Fn(&Row) -> bool| {
        let rows = sorted(sent(&sandbox, "income_vip", &params));
        assert!(!rows.is_empty(), "{params}");
        assert_eq!(
            rows,
            expected(market, "income_vip", |row| text(row, "end_date") == period && wanted(row)),
            "{params}"
        );
    };
    check(json!({"period": period, "ann_date": day}), &|row| first_type(row) && text(row, "ann_date") == day);
    check(json!({"period": period, "f_ann_date": day}), &|row| first_type(row) && text(row, "f_ann_date") == day);
    check(json!({"period": period, "comp_type": "2"}), &|row| first_type(row) && text(row, "comp_type") == "2");
    check(json!({"period": period, "report_type": "2"}), &|row| text(row, "report_type") == "2");
    check(json!({"period": period, "report_type": "1,6"}), &|row| ["1", "6"].contains(&text(row, "report_type")));
    check(json!({"period": period, "start_date": "20230301", "end_date": "20230420"}), &|row| {
        first_type(row) && ("20230301"..="20230420").contains(&text(row, "ann_date"))
    });
    check(json!({"period": "20221231", "ts_code": "600001.SH,000001.SZ"}), &|row| {
        first_type(row) && ["600001.SH", "000001.SZ"].contains(&text(row, "ts_code"))
    });
    assert!(!sent(&sandbox, "income_vip", &json!({"period": "20211231", "report_type": "4"})).is_empty());

    // Indicators take the same parameters for report periods.
    let params = json!({"ts_code": "600001.SH", "start_date": "20220101", "end_date": "20221231"});
    let reply = sandbox.call("fina_indicator", &params, "end_date");
    let periods: Vec<&str> = items(&reply).iter().map(|row| row[0].as_str().unwrap()).collect();
    assert!(periods.is_sorted_by(|a, b| a >= b));
    let distinct: BTreeSet<&str> = periods.into_iter().collect();
    assert_eq!(distinct.into_iter().collect::<Vec<_>>(), ["20220331", "20220630", "20220930", "20221231"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_reports_fit_together_and_stop_at_the_cap() {
    let sandbox = sandbox().await;
    let whole = sent(&sandbox, "fina_indicator_vip", &json!({"period": "20221231"}));
    let page = |offset: usize| {
        sent(&sandbox, "fina_indicator_vip", &json!({"period": "20221231", "limit": 40, "offset": offset}))
    };
    assert_eq!((0..whole.len()).step_by(40).flat_map(page).collect::<Vec<_>>(), whole);

    // A long history of one security is cut at a hundred rows.
    let long = Settings {
        stocks: 10,
        start: "1995-01-01".parse().unwrap(),
        end: "2023-06-30".parse().unwrap(),
        ..no_limits()
    };
    let market = std::sync::Arc::new(Market::new(&long));
    let server = crate::serve(std::sync::Arc::clone(&market), long, 0).await.unwrap();
    let sandbox = Sandbox { market, server };
    let page = |offset: usize| sent(&sandbox, "fina_indicator", &json!({"ts_code": "600001.SH", "offset": offset}));
    let pages = [page(0), page(100), page(200)];
    assert_eq!((pages[0].len(), pages[2].len()), (100, 0));
    let whole = expected(&sandbox.market, "fina_indicator", |row| text(row, "ts_code") == "600001.SH");
    assert_eq!(sorted(pages.concat()), whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn limit_list_filters_narrow() {
    let sandbox = sandbox().await;
    let limits = |params: Value| {
        let reply = sandbox.call("limit_list_d", &params, "limit,ts_code");
        let column =
            |place: usize| items(&reply).iter().map(|row| row[place].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        (column(0), column(1))
    };
    let (up, _) = limits(json!({"limit_type": "U"}));
    assert!(!up.is_empty() && up.iter().all(|limit| limit == "U"));
    let (_, shenzhen) = limits(json!({"exchange": "SZ"}));
    assert!(!shenzhen.is_empty() && shenzhen.iter().all(|code| code.ends_with("SZ")));
    let all = limits(json!({})).0.len();
    assert_eq!(["U", "D", "Z"].map(|kind| limits(json!({"limit_type": kind})).0.len()).iter().sum::<usize>(), all);
    assert_eq!(limits(json!({"limit_type": "U,D"})).0.len(), sent(&sandbox, "limit_list", &json!({})).len());
    let some = limits(json!({"start_date": "20230301", "end_date": "20230331"})).0.len();
    assert!(0 < some && some < all);
}
