//! Awkward things that must occur: values, spellings, gaps, and duplicate rows.

use super::{LONGER, MARKET, Row, SMALL, find, grouped, table, values};
use crate::Cell;
use std::collections::BTreeSet;

/// Interface, column, and all of its values.
const VALUES: [(&str, &str, &str); 13] = [
    ("stock_basic", "market", "主板 创业板 科创板 北交所"),
    ("limit_list_d", "limit", "D U Z"),
    ("limit_list", "limit", "D U"),
    ("dividend", "div_proc", "预案 股东大会通过 实施"),
    ("fina_mainbz", "curr_type", "CNY USD"),
    ("balancesheet", "comp_type", "1 2 3 4"),
    ("income", "comp_type", "1 2 3 4"),
    ("pledge_detail", "is_release", "0 1"),
    ("index_basic", "market", "SSE SZSE CSI SW MSCI CICC OTH"),
    ("fx_obasic", "exchange", "FXCM"),
    ("asharehub/news_flash", "source", "cls jin10 sina"),
    ("asharehub/flows_southbound_holdings", "exchange", "SH SZ"),
    ("f10/earnings_price_history", "pub_type", "1 2"),
];

#[test]
fn columns_have_the_vendors_values() {
    for (interface, column, expected) in VALUES {
        let rows = table(&MARKET, interface);
        assert_eq!(values(&rows, column), expected.split(' ').collect::<BTreeSet<_>>(), "{interface}.{column}");
    }
}

/// Interface, column, and a property that some of its values have.
type Oddity = (&'static str, &'static str, fn(&str) -> bool);

const ODDITIES: [Oddity; 23] = [
    ("stock_basic", "ts_code", |code| code.starts_with("601")),
    ("stock_basic", "ts_code", |code| code.starts_with("603")),
    ("stock_basic", "ts_code", |code| code.starts_with("002")),
    ("stock_basic", "ts_code", |code| code.starts_with("920")),
    ("daily", "close", |digits| digits.ends_with(".0")),
    ("daily", "close", |digits| !digits.contains('.')),
    ("daily", "close", |digits| digits.len() > 3 && digits.contains('.') && digits.ends_with('0')),
    ("daily", "change", |digits| digits == "-0.0"),
    ("daily", "change", |digits| digits.len() > 12),
    ("daily", "amount", str::is_empty),
    ("daily", "pct_chg", str::is_empty),
    ("moneyflow", "net_mf_amount", |digits| digits.starts_with('-')),
    ("suspend_d", "suspend_timing", |timing| timing == "09:30-10:00"),
    ("limit_list_d", "last_time", |time| time.len() == 5),
    ("limit_list_d", "last_time", |time| time.len() == 6),
    ("limit_list_d", "name", |name| name.contains(' ')),
    ("limit_list_d", "name", |name| name.contains('Ａ')),
    ("top_inst", "exalter", |seat| seat == "机构专用"),
    ("disclosure_date", "modify_date", |days| days.contains(',')),
    ("stk_managers", "birthday", |born| born.len() == 6),
    ("stk_holdertrade", "holder_name", |name| name.trim() != name),
    ("namechange", "change_reason", |reason| reason == "*ST"),
    ("asharehub/flows_southbound_holdings", "ts_code", |code| code == "00700"),
];

#[test]
fn the_vendors_oddities_occur() {
    let mut lacking = ODDITIES.into_iter().enumerate().collect::<Vec<_>>();
    lacking
        .retain(|(_, (interface, column, is_odd))| !table(&MARKET, interface).iter().any(|row| is_odd(&row[*column])));
    assert!(lacking.is_empty(), "{lacking:?}");
    let bars = table(&MARKET, "daily");
    let is_exponent = |cell: &Cell| matches!(cell, Cell::Number(digits) if digits.contains('E'));
    assert!(bars.iter().any(|row| row.cells.iter().any(is_exponent)));
    let mut without = bars.iter().filter(|row| row.is_null("pre_close"));
    assert!(without.all(|row| row["ts_code"].ends_with("BJ")), "only Beijing lacks the reference price");
}

/// Interface, columns, and the most times that the same values occur in them; without columns, in whole rows.
const REPEATS: [(&str, &str, usize); 16] = [
    ("share_float", "", 3),
    ("stk_holdertrade", "", 2),
    ("pledge_detail", "", 2),
    ("dividend", "", 2),
    ("namechange", "", 2),
    ("top_inst", "", 2),
    ("block_trade", "", 2),
    ("fina_audit", "", 1),
    ("report_rc", "", 1),
    ("stk_rewards", "", 1),
    ("repurchase", "", 1),
    ("pledge_stat", "", 1),
    ("stk_holdernumber", "", 1),
    ("fina_mainbz", "", 1),
    ("top10_holders", "ts_code end_date ann_date holder_name", 2),
    ("top_inst", "trade_date ts_code reason", 10),
];

#[test]
fn rows_repeat_where_the_vendor_repeats_them() {
    let most = |interface: &str, columns: &str| -> usize {
        grouped(table(&LONGER, interface), columns).values().map(Vec::len).max().unwrap()
    };
    for (interface, columns, expected) in REPEATS {
        let all = find(interface).unwrap().names().join(" ");
        assert_eq!(most(interface, if columns.is_empty() { &all } else { columns }), expected, "{interface} {columns}");
    }
    // One list per reason, each with the same seats.
    let lists = table(&SMALL, "top_list");
    let reasons = |row: &Row| row.texts("trade_date ts_code reason");
    let seats = grouped(table(&SMALL, "top_inst"), "trade_date ts_code reason");
    assert_eq!(seats.keys().cloned().collect::<BTreeSet<_>>(), lists.iter().map(reasons).collect());
    assert!(grouped(lists, "trade_date ts_code").values().any(|reasons| reasons.len() > 1));
}
