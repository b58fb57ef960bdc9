//! The units of the vendors' fields a second time (`reference.tsv`, from their documents), so that accidentally
//! changing a unit in one file fails. Fields with misleading names need a warning.

use std::collections::BTreeSet;

use pitlake::spec::{FieldType, InterfaceId};

use crate::documented::CATALOG;

/// Interface, field, and what its description must contain.
const WARNINGS: &[(&str, &str, &str)] = &[
    ("tushare/express", "yoy_net_profit", "NOT A GROWTH RATE"),
    ("tushare/report_rc", "tp", "not a target price"),
    ("tushare/report_rc", "report_date", "create_time"),
    ("tushare/dividend", "cash_div", "AFTER tax"),
    ("tushare/dividend", "ann_date", "became known later"),
    ("tushare/stk_holdertrade", "total_share", "not the company's share capital"),
    ("tushare/ggt_daily", "buy_volume", "not shares"),
    ("tushare/ggt_daily", "sell_volume", "not shares"),
    ("tushare/new_share", "issue_date", "LISTING"),
    ("tushare/new_share", "amount", "not money"),
    ("tushare/cashflow", "decr_oper_payable", "RECEIVABLES"),
    ("tushare/moneyflow_hsgt", "ggt_ss", "SOUTHBOUND"),
    ("tushare/moneyflow_hsgt", "north_money", "2024-08-16"),
    ("tushare/fx_daily", "trade_date", "GMT"),
    ("tushare/forecast", "first_ann_date", "not when these figures became known"),
    ("tushare/index_classify", "parent_code", "industry_code"),
    ("tushare/pledge_detail", "is_release", "release_date"),
    ("tushare/stk_mins", "vol", "SHARES"),
    ("tushare/fina_indicator", "gross_margin", "AMOUNT"),
    ("tushare/fina_indicator", "current_exint", "interest-free"),
    ("tushare/moneyflow_dc", "buy_elg_amount", "NET"),
    ("tushare/hsgt_top10", "change", "a percentage"),
    ("asharehub/market_margin", "rqyl", "SHARES OUTSTANDING"),
    ("asharehub/market_holder_trade", "total_share", "BY THE HOLDER"),
    ("asharehub/market_limit_list", "total_mv", "plain CNY"),
    ("asharehub/flows_moneyflow_hsgt", "ggt_ss", "SOUTHBOUND"),
    ("asharehub/flows_moneyflow_hsgt", "ggt_sz", "SOUTHBOUND"),
    ("asharehub/financials_express", "yoy_net_profit", "an amount"),
    ("asharehub/financials_indicators", "gross_margin", "AMOUNT"),
    ("asharehub/shareholders_dividend", "cash_div", "AFTER tax"),
    ("asharehub/chips_distribution", "cost_25pct", "vendor page only"),
    ("asharehub/chips_distribution", "cost_75pct", "vendor page only"),
    ("asharehub/fx_daily", "trade_date", "GMT"),
];

/// Fields of an interface with the same unit (`-` for none), by the vendors' documents.
pub(crate) struct Documented {
    pub(crate) interface: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) fields: &'static str,
}

/// Every field documented by Tushare and AShareHub, with its unit: 2,124 and 723 of them.
pub(crate) fn reference() -> Vec<Documented> {
    let line = |line: &'static str| {
        let [interface, unit, fields] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        Documented { interface, unit, fields }
    };
    include_str!("reference.tsv").lines().map(line).collect()
}

#[test]
fn every_documented_field_is_in_a_contract_with_the_same_unit() {
    for line in reference() {
        let contract = CATALOG.contract(&InterfaceId::parse(line.interface).unwrap());
        let contract = contract.unwrap_or_else(|| panic!("no contract for {}", line.interface));
        for name in line.fields.split(' ') {
            let field = contract.fields.iter().find(|field| field.name == name);
            let field = field.unwrap_or_else(|| panic!("{} lacks {name}", contract.id));
            let unit = field.unit.map_or_else(|| "-".to_owned(), |unit| unit.to_string());
            // If the page omits the unit of a price, it is yuan, as at Tushare, and the description says so.
            let is_explained = field.description.contains("as in Tushare");
            let is_counted = line.unit == "count" || (line.unit == "number" && field.kind == FieldType::Integer);
            let is_whole = is_counted && unit == "-" && field.kind == FieldType::Integer;
            assert!(
                unit == line.unit || is_whole || is_explained,
                "{}.{name} is in {unit}, not {}",
                contract.id,
                line.unit
            );
        }
    }
}

#[test]
fn fields_with_misleading_names_carry_a_warning() {
    for (interface, name, part) in WARNINGS {
        let contract = CATALOG.contract(&InterfaceId::parse(interface).unwrap()).unwrap();
        let field = &contract.fields[contract.field(name).unwrap()];
        assert!(field.description.contains(part), "{interface}.{name}: {}", field.description);
    }
}

#[test]
fn every_interface_of_tushare_feeds_one_table() {
    let of_tushare = CATALOG.contracts().filter(|contract| contract.id.vendor == "tushare");
    let mut all = BTreeSet::new();
    for contract in of_tushare {
        let fed = CATALOG.tables().filter(|table| table.source(&contract.id).is_some()).count();
        assert_eq!(fed, 1, "{}", contract.id);
        all.insert(contract.id.name.clone());
    }
    assert_eq!(all.len(), 82);
}

/// A query as of a day must not see what was announced later.
#[test]
fn announcements_are_kept_version_by_version() {
    for name in ["balancesheet", "cashflow", "forecast", "express", "dividend", "fina_audit", "report_rc", "namechange"]
    {
        let table = CATALOG.table(&format!("{name}_cn")).unwrap();
        let rules = table.versions.as_ref().unwrap();
        assert!(!rules.announced.is_empty() || rules.announced_by.is_some(), "{name}");
    }
    let later = |table: &str, column: &str| {
        let table = CATALOG.table(table).unwrap();
        table.filled_later.iter().any(|later| table.columns[later.column].name == column)
    };
    for (table, column) in [
        ("disclosure_date_cn", "actual_date"),
        ("namechange_cn", "end_date"),
        ("stk_managers_cn", "end_date"),
        ("pledge_detail_cn", "release_date"),
        ("new_share_cn", "issue_date"),
    ] {
        assert!(later(table, column), "{table}.{column}");
    }
}
