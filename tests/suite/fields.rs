//! What the vendors' fields are in, said a second time by hand: a unit that somebody mends in one file by
//! accident must not pass. Names that mislead say so.

use std::collections::BTreeSet;

use ashare_lake::spec::{Catalog, InterfaceId};

/// Interface, fields, unit: where the same quantity has another unit elsewhere.
const UNITS: &[(&str, &str, &str)] = &[
    ("moneyflow_hsgt", "ggt_ss ggt_sz hgt sgt north_money south_money", "CNY1e6"),
    ("margin", "rzye rzmre rzche rqye rzrqye", "CNY"),
    ("margin", "rqmcl rqyl", "share"),
    ("ggt_daily", "buy_amount sell_amount", "CNY1e8"),
    ("ggt_daily", "buy_volume sell_volume", "count1e4"),
    ("index_daily", "vol", "lot100"),
    ("index_daily", "amount", "CNY1e3"),
    ("index_daily", "open high low close pre_close change", "point"),
    ("stk_mins", "vol", "share"),
    ("stk_mins", "amount", "CNY"),
    ("balancesheet", "total_assets treasury_share", "CNY"),
    ("balancesheet", "total_share", "share"),
    ("cashflow_vip", "n_cashflow_act decr_oper_payable", "CNY"),
    ("forecast", "net_profit_min net_profit_max last_parent_net", "CNY1e4"),
    ("forecast_vip", "p_change_min p_change_max", "percent"),
    ("express", "revenue n_income yoy_net_profit", "CNY"),
    ("express_vip", "yoy_sales growth_assets", "percent"),
    ("fina_audit", "audit_fees", "CNY"),
    ("fina_mainbz_vip", "bz_sales bz_profit bz_cost", "CNY"),
    ("report_rc", "op_rt op_pr tp np", "CNY1e4"),
    ("report_rc", "eps max_price min_price", "CNY/share"),
    ("dividend", "stk_div stk_bo_rate stk_co_rate", "share/share"),
    ("dividend", "cash_div cash_div_tax", "CNY/share"),
    ("dividend", "base_share", "share1e4"),
    ("stk_holdertrade", "change_vol after_share total_share", "share"),
    ("stk_holdertrade", "change_ratio after_ratio", "percent"),
    ("share_float", "float_share", "share"),
    ("repurchase", "vol", "share"),
    ("repurchase", "amount", "CNY"),
    ("top10_holders", "hold_amount hold_change", "share"),
    ("top10_floatholders", "hold_ratio hold_float_ratio", "percent"),
    ("pledge_stat", "unrest_pledge rest_pledge total_share", "share1e4"),
    ("pledge_detail", "pledge_amount holding_amount pledged_amount", "share1e4"),
    ("new_share", "amount market_amount limit_amount", "share1e4"),
    ("new_share", "funds", "CNY1e8"),
    ("stock_company", "reg_capital", "CNY1e4"),
    ("stk_rewards", "reward", "CNY"),
    ("stk_rewards", "hold_vol", "share"),
];

/// Interface, field, and what its description must say.
const WARNINGS: &[(&str, &str, &str)] = &[
    ("express", "yoy_net_profit", "NOT A GROWTH RATE"),
    ("report_rc", "tp", "not a target price"),
    ("report_rc", "report_date", "create_time"),
    ("dividend", "cash_div", "AFTER tax"),
    ("dividend", "ann_date", "became known later"),
    ("stk_holdertrade", "total_share", "not the company's share capital"),
    ("ggt_daily", "buy_volume", "not shares"),
    ("ggt_daily", "sell_volume", "not shares"),
    ("new_share", "issue_date", "LISTING"),
    ("new_share", "amount", "not money"),
    ("cashflow", "decr_oper_payable", "RECEIVABLES"),
    ("moneyflow_hsgt", "ggt_ss", "SOUTHBOUND"),
    ("moneyflow_hsgt", "north_money", "2024-08-16"),
    ("fx_daily", "trade_date", "GMT"),
    ("forecast", "first_ann_date", "not when these figures became known"),
    ("index_classify", "parent_code", "industry_code"),
    ("pledge_detail", "is_release", "release_date"),
    ("stk_mins", "vol", "SHARES"),
];

fn catalog() -> Catalog {
    Catalog::load(&[], None).unwrap_or_else(|problems| panic!("{problems}")).0
}

fn id(name: &str) -> InterfaceId {
    InterfaceId { vendor: "tushare".into(), name: name.into() }
}

#[test]
fn fields_are_in_the_units_the_vendor_uses() {
    let catalog = catalog();
    for (interface, fields, unit) in UNITS {
        let contract = catalog.contract(&id(interface)).unwrap();
        for name in fields.split(' ') {
            let field = &contract.fields[contract.field(name).unwrap()];
            assert_eq!(field.unit.map(|unit| unit.to_string()).as_deref(), Some(*unit), "{interface}.{name}");
        }
    }
}

#[test]
fn names_that_mislead_say_so() {
    let catalog = catalog();
    for (interface, name, part) in WARNINGS {
        let contract = catalog.contract(&id(interface)).unwrap();
        let field = &contract.fields[contract.field(name).unwrap()];
        assert!(field.description.contains(part), "{interface}.{name}: {}", field.description);
    }
}

#[test]
fn every_interface_of_tushare_feeds_one_table() {
    let catalog = catalog();
    let of_tushare = catalog.contracts().filter(|contract| contract.id.vendor == "tushare");
    let mut all = BTreeSet::new();
    for contract in of_tushare {
        let fed = catalog.tables().filter(|table| table.source(&contract.id).is_some()).count();
        assert_eq!(fed, 1, "{}", contract.id);
        all.insert(contract.id.name.clone());
    }
    assert_eq!(all.len(), 82);
}

/// A reader of a day must not be shown what a later day told.
#[test]
fn what_was_announced_is_kept_version_by_version() {
    let catalog = catalog();
    for name in ["balancesheet", "cashflow", "forecast", "express", "dividend", "fina_audit", "report_rc", "namechange"]
    {
        let table = catalog.table(&format!("{name}_cn")).unwrap();
        let rules = table.versions.as_ref().unwrap();
        assert!(!rules.announced.is_empty() || rules.announced_by.is_some(), "{name}");
    }
    let later = |table: &str, column: &str| {
        let table = catalog.table(table).unwrap();
        table.filled_later.iter().any(|index| table.columns[*index].name == column)
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
