//! Figures that follow from each other: within a row, between interfaces, and between prices and turnover.

use super::{MARKET, Row, by_key, find, grouped, table};

/// Interface, decimal places, and what must hold between its columns in every row that has them all. A column with `?`
/// counts as 0 if missing, `a..b` are the columns between two, `~` allows for rounding.
const RULES: [(&str, u32, &[&str]); 19] = [
    ("daily", 2, &["low <= open <= high", "low <= close <= high", "close - pre_close = change"]),
    ("index_daily", 2, &["low <= open <= high", "low <= close <= high"]),
    ("fund_daily", 3, &["low <= open <= high", "low <= close <= high"]),
    ("stk_mins", 2, &["low <= open <= high", "low <= close <= high"]),
    ("daily_basic", 4, &["free_share <= float_share <= total_share"]),
    ("cyq_perf", 2, &["his_low <= cost_5pct <= cost_15pct <= cost_50pct <= cost_85pct <= cost_95pct <= his_high"]),
    ("hsgt_top10", 2, &["buy + sell = amount", "buy - sell = net_amount"]),
    ("moneyflow_hsgt", 2, &["hgt + sgt = north_money", "ggt_ss + ggt_sz = south_money"]),
    ("income", 2, &["total_profit - income_tax = n_income", "n_income - minority_gain = n_income_attr_p"]),
    (
        "balancesheet",
        2,
        &[
            "total_liab + total_hldr_eqy_inc_min_int = total_assets",
            "total_hldr_eqy_exc_min_int + minority_int? = total_hldr_eqy_inc_min_int",
            "total_share + cap_rese + surplus_rese + oth_comp_income? + undistr_porfit - treasury_share? \
             = total_hldr_eqy_exc_min_int",
            "special_rese..total_cur_assets = total_cur_assets",
            "total_cur_assets..total_nca = total_nca",
            "total_cur_assets + total_nca = total_assets",
            "total_cur_liab + total_ncl = total_liab",
            // For banks, insurers and brokers.
            "total_nca..total_assets = total_assets",
            "total_ncl..total_liab = total_liab",
        ],
    ),
    (
        "cashflow",
        2,
        &[
            "c_inf_fr_operate_a - st_cash_out_act = n_cashflow_act",
            "stot_inflows_inv_act - stot_out_inv_act = n_cashflow_inv_act",
            "stot_cash_in_fnc_act - stot_cashout_fnc_act = n_cash_flows_fnc_act",
            "n_cashflow_act + n_cashflow_inv_act + n_cash_flows_fnc_act + eff_fx_flu_cash? = n_incr_cash_cash_equ",
            "c_cash_equ_beg_period + n_incr_cash_cash_equ = c_cash_equ_end_period",
            "im_net_cashflow_oper_act = n_cashflow_act",
            "net_profit + finan_exp? + uncon_invest_loss..im_net_cashflow_oper_act = im_net_cashflow_oper_act",
        ],
    ),
    ("forecast", 2, &["net_profit_min <= net_profit_max"]),
    ("dividend", 3, &["cash_div <= cash_div_tax"]),
    ("fina_mainbz", 2, &["bz_profit + bz_cost = bz_sales"]),
    ("stk_holdertrade", 0, &["after_share <= total_share"]),
    ("top10_holders", 4, &["hold_ratio <= hold_float_ratio"]),
    (
        "alphafin/income_statement/income_statements",
        2,
        &[
            "revenue - operating_cost ~ gross_profit",
            "profit_before_tax - income_tax ~ net_profit",
            "net_profit_parent + net_profit_minority ~ net_profit",
            "comprehensive_income_parent + comprehensive_income_minority ~ comprehensive_income",
        ],
    ),
    ("f10/valuation_detail", 3, &["average_value - avg_minus_1_stddev = avg_plus_1_stddev - average_value"]),
    ("asharehub/financials_income", 2, &["total_profit - income_tax = n_income"]),
];

/// A column, or the columns between two; `None` if all are missing.
fn figure(row: &Row, scale: u32, word: &str) -> Option<i64> {
    let Some((after, total)) = word.split_once("..") else {
        let (column, is_optional) = word.strip_suffix('?').map_or((word, false), |column| (column, true));
        return row.units(column, scale).or(is_optional.then_some(0));
    };
    let place = |column: &str| row.names.iter().position(|name| name == column).unwrap();
    let parts = row.names[place(after) + 1..place(total)].iter().filter_map(|name| row.units(name, scale));
    parts.reduce(|sum, part| sum + part)
}

fn side(row: &Row, scale: u32, words: &str) -> Option<i64> {
    let mut sign = 1;
    words.split_whitespace().try_fold(0, |sum, word| match word {
        "+" | "-" => {
            sign = if word == "-" { -1 } else { 1 };
            Some(sum)
        }
        word => Some(sum + sign * figure(row, scale, word)?),
    })
}

/// Whether a rule holds, if the row has its columns.
fn holds(row: &Row, scale: u32, rule: &str) -> Option<bool> {
    let sides = |sign: &str| rule.split(sign).map(|words| side(row, scale, words)).collect::<Option<Vec<i64>>>();
    if rule.contains("<=") {
        return Some(sides("<=")?.is_sorted());
    }
    let Some(near) = rule.contains('~').then_some("~") else {
        return sides("=").map(|sums| sums[0] == sums[1]);
    };
    sides(near).map(|sums| (sums[0] - sums[1]).abs() <= sums[0].abs() / 1000 + 100)
}

/// Rows of an interface. For a statement, only rows with all digits that are the only ones of their report. Other types
/// of income statements are differences of those.
fn exact(interface: &str) -> Vec<Row> {
    let rows = table(&MARKET, interface);
    if !["income", "balancesheet", "cashflow"].iter().any(|name| interface.ends_with(name)) {
        return rows;
    }
    let reports = grouped(rows, "ts_code end_date report_type").into_values();
    let is_exact =
        |rows: &Vec<Row>| rows.len() == 1 && (rows[0]["report_type"] == *"1" || !interface.ends_with("income"));
    reports.filter(is_exact).flatten().collect()
}

#[test]
fn columns_add_up() {
    for (interface, scale, rules) in RULES {
        let rows = exact(interface);
        for rule in rules {
            let checked: Vec<_> = rows.iter().filter_map(|row| Some((row, holds(row, scale, rule)?))).collect();
            let broken = checked.iter().find(|(_, is_met)| !is_met);
            assert!(broken.is_none() && checked.len() > 20, "{interface}: {rule}: {}: {broken:?}", checked.len());
        }
    }
}

/// Interface, columns and decimal places that equal those of `daily` on the same day, here and there.
const AS_IN_DAILY: [(&str, &str, u32, u32); 4] = [
    ("stk_factor", "open high low close vol", 2, 2),
    ("daily_basic", "close", 2, 2),
    ("limit_list_d", "close", 2, 2),
    ("limit_list_d", "amount", 0, 3),
];

#[test]
fn interfaces_agree_with_the_bars() {
    let bars = by_key(&MARKET, "daily");
    for (interface, columns, ours, theirs) in AS_IN_DAILY {
        for row in table(&MARKET, interface) {
            for column in columns.split(' ') {
                let figures = row.units(column, ours).zip(bars[&row.key()].units(column, theirs));
                assert!(figures.is_none_or(|(here, there)| here == there), "{interface}.{column}: {row:?}");
            }
        }
    }
}

/// Interface, decimal places of its prices, volumes and turnovers, and units of price times volume per unit of
/// turnover.
const TURNOVERS: [(&str, [u32; 3], i64); 5] = [
    ("daily", [2, 2, 3], 100),
    ("fund_daily", [3, 2, 3], 1000),
    ("weekly", [2, 0, 2], 1),
    ("monthly", [2, 0, 2], 1),
    ("stk_mins", [2, 0, 2], 1),
];

#[test]
fn turnover_lies_between_the_lowest_and_the_highest_price() {
    for (interface, [price, volume, turnover], factor) in TURNOVERS {
        for row in table(&MARKET, interface) {
            let [low, high] = ["low", "high"].map(|column| row.units(column, price).unwrap());
            let shares = row.units("vol", volume).unwrap();
            if let Some(paid) = row.units("amount", turnover).map(|paid| paid * factor) {
                assert!(low * shares <= paid && paid <= high * shares, "{interface}: {row:?}");
            }
        }
    }
    for row in table(&MARKET, "block_trade") {
        assert_eq!(row.cents("price") * row.units("vol", 4).unwrap(), row.units("amount", 4).unwrap() * 100);
    }
}

#[test]
fn figures_that_follow_from_nothing_are_missing_now_and_then() {
    let cells = || find("stk_factor_pro").unwrap().all(&MARKET, None).into_iter().flatten();
    let missing = cells().filter(|cell| cell.text().is_none()).count();
    assert!((20..60).contains(&(cells().count() / missing)));
}
