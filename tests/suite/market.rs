//! The other tables by trading day: silver equals what the sandbox made up, value by value. Factors are
//! written down here a second time, by the vendor's documents (`reference` sheet, section 3).

use pitlake_sandbox::{Cell, Settings};

use crate::support::{Place, Row, Vendor, scaled, settings, silver, text_of};

/// A column, how many places its point moves, and whether the figure is whole.
type Factor = (&'static str, i32, bool);

/// Interfaces, and the columns whose figure is moved by so many places; `true` for whole numbers.
const INTERFACES: &[(&str, &[Factor])] = &[
    ("stk_limit", &[]),
    ("hsgt_top10", &[("rank", 0, true)]),
    ("hk_hold", &[("vol", 0, true)]),
    ("top_list", &[]),
    ("top_inst", &[]),
    ("margin_detail", &[("rqyl", 0, true), ("rqmcl", 0, true), ("rqchl", 0, true)]),
    ("block_trade", &[("vol", 4, false), ("amount", 4, false)]),
    ("dc_index", &[("total_mv", 4, false), ("up_num", 0, true), ("down_num", 0, true)]),
    ("dc_daily", &[("vol", 0, true)]),
    ("ths_daily", &[("vol", 2, true)]),
    ("stk_factor", &[("vol", 2, true), ("amount", 3, false)]),
    ("stk_factor_pro", FACTORS),
    ("cyq_perf", &[]),
    ("index_dailybasic", &[("total_share", 0, true), ("float_share", 0, true), ("free_share", 0, true)]),
    ("sw_daily", &[("vol", 4, false), ("amount", 4, false), ("float_mv", 4, false), ("total_mv", 4, false)]),
    ("weekly", &[("vol", 0, true), ("pct_chg", 2, false)]),
    ("monthly", &[("vol", 0, true), ("pct_chg", 2, false)]),
    ("moneyflow_dc", FLOWS),
    ("ggt_top10", &[("rank", 0, true)]),
    ("margin_secs", &[]),
    ("stock_st", &[]),
    ("stock_hsgt", &[]),
    ("stk_premarket", &[("total_share", 4, true), ("float_share", 4, true)]),
    ("bak_basic", BASICS),
    ("fund_daily", &[("vol", 2, true), ("amount", 3, false)]),
    ("fund_adj", &[]),
];

const FACTORS: &[Factor] = &[
    ("vol", 2, true),
    ("amount", 3, false),
    ("total_share", 4, true),
    ("float_share", 4, true),
    ("free_share", 4, true),
    ("total_mv", 4, false),
    ("circ_mv", 4, false),
    ("updays", 0, true),
    ("downdays", 0, true),
    ("topdays", 0, true),
    ("lowdays", 0, true),
];

const FLOWS: &[Factor] = &[
    ("net_amount", 4, false),
    ("buy_elg_amount", 4, false),
    ("buy_lg_amount", 4, false),
    ("buy_md_amount", 4, false),
    ("buy_sm_amount", 4, false),
];

const BASICS: &[Factor] = &[
    ("float_share", 8, false),
    ("total_share", 8, false),
    ("total_assets", 8, false),
    ("liquid_assets", 8, false),
    ("fixed_assets", 8, false),
    ("holder_num", 0, true),
];

/// The sandbox's rows of an interface in silver's units.
fn truth(vendor: &Vendor, interface: &str, factors: &[Factor]) -> Vec<Row> {
    let rows = vendor.market.rows(interface).unwrap();
    let value = |field: &str, cell: &Cell| {
        let Some(text) = text_of(cell).filter(|text| !text.is_empty()) else { return "null".to_owned() };
        let factor = factors.iter().find(|factor| factor.0 == field);
        match (cell, factor) {
            (_, Some(&(_, places, whole))) => scaled(text, places, whole),
            (Cell::Number(_), None) => scaled(text, 0, false),
            _ if field.ends_with("_date") => format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..]),
            _ => text.to_owned(),
        }
    };
    let row = |row: Vec<Cell>| {
        let mut out: Row =
            rows.fields.iter().zip(&row).map(|(field, cell)| ((*field).to_owned(), value(field, cell))).collect();
        out.insert("vendor".into(), "tushare".into());
        out
    };
    rows.rows.clone().into_iter().map(row).collect()
}

#[test]
fn every_other_table_by_day_equals_the_market() {
    let settings = Settings { points: 10_000, ..settings() };
    let vendor = Vendor::start(settings.clone());
    let place = Place::with(&vendor);
    place.jobs(&format!(
        "version = 1\n[vendors.tushare]\nbase_url = \"{}\"\npoints = 10000\nrequests_per_minute = 1000000\n",
        vendor.server.url()
    ));
    let tables: Vec<String> = INTERFACES.iter().map(|(name, _)| format!("{name}_cn")).collect();
    let names: Vec<&str> = tables.iter().map(String::as_str).collect();
    place.backfill(0, &names, &settings);
    for ((interface, factors), table) in INTERFACES.iter().zip(&tables) {
        let mut rows = silver(&place, table);
        // Which of equal rows has which number is not for the market to say.
        let numbers: usize = rows.iter_mut().filter_map(|row| row.remove("occurrence")).filter(|n| n != "1").count();
        assert_eq!(numbers > 0, ["top_inst", "block_trade"].contains(interface), "{table}: {numbers} repeats");
        let mut shown = truth(&vendor, interface, factors);
        rows.sort();
        shown.sort();
        assert_eq!(rows.len(), shown.len(), "{table}: rows of silver, rows of the market");
        for (ours, theirs) in rows.iter().zip(&shown) {
            // A column of another vendor is empty.
            let said = |name: &String| theirs.get(name).map_or("null", String::as_str);
            let differ: Vec<_> = ours.iter().filter(|(name, value)| said(name) != value.as_str()).collect();
            let key = (ours.get("ts_code"), ours.get("trade_date"));
            assert!(differ.is_empty(), "{table} {key:?}: silver has {differ:?}");
        }
        assert!(!rows.is_empty(), "{table} is empty");
        assert!(place.files(&format!("rejects/{table}")).is_empty(), "{table} has rejects");
    }
    let sql = "select max(trade_date) as last from margin_detail_cn";
    let said = place.expect(0, &["query", sql, "--as-of", "2023-01-09", "--format", "json"]);
    assert_eq!(said.trim(), r#"[{"last":"2023-01-06"}]"#, "published next morning");
}
