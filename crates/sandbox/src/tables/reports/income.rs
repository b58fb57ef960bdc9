//! Rows of `income` and `income_vip`: profit and loss in CNY, under the scheme of the company's trade.
//!
//! Sums add up within a row. Which rows there are, and when, is decided in `market::filings`.

use super::entry::Entry;
use crate::market::accounts::{Flows, Scheme, of_parent};
use crate::market::walk::divide;
use crate::tables::asked::Asked;
use crate::tables::value::{Line, Value, fen};

/// The figures of one version.
pub(super) fn line<'a>(asked: &Asked<'a>, entry: &Entry<'_>) -> Line<'a> {
    let accounts = entry.accounts(asked.market);
    let flows = if entry.version.kind == 2 { accounts.quarter } else { accounts.year };
    let scheme = entry.scheme();
    let amount = |column: &'a str| {
        let amount = common(column, &flows).or_else(|| special(column, &flows, scheme))?;
        Some((column, fen(if entry.is_of_parent() { of_parent(amount) } else { amount })))
    };
    let profit = flows.parent();
    let each = |fen: i64| Value::Figure(divide(fen, accounts.shares), 4);
    asked
        .fields
        .iter()
        .filter_map(|field| amount(&field.name))
        // Diluted earnings are reported by those with a profit.
        .chain([("basic_eps", each(profit * 100)), ("diluted_eps", (profit > 0).then(|| each(profit * 99)).into())])
        .collect()
}

/// Columns that every scheme fills, in fen.
fn common(column: &str, flows: &Flows) -> Option<i64> {
    Some(match column {
        "total_revenue" | "revenue" => flows.revenue,
        "invest_income" => flows.gains,
        "ass_invest_income" => flows.gains / 3,
        "biz_tax_surchg" => flows.surcharge,
        "operate_profit" => flows.operating(),
        "non_oper_income" => flows.outside_income,
        "non_oper_exp" => flows.outside_expense,
        "total_profit" => flows.before_tax(),
        "income_tax" => flows.income_tax,
        "n_income" | "continued_net_profit" => flows.net(),
        "n_income_attr_p" => flows.parent(),
        "minority_gain" | "compr_inc_attr_m_s" => flows.minority,
        "oth_compr_income" => flows.other_comprehensive,
        "t_compr_income" => flows.net() + flows.other_comprehensive,
        "compr_inc_attr_p" => flows.parent() + flows.other_comprehensive,
        "ebit" => flows.before_tax() + flows.finance,
        "ebitda" => flows.before_tax() + flows.finance + flows.cost / 20,
        "credit_impa_loss" => -flows.outside_expense / 2,
        "oth_income" => flows.outside_income / 2,
        "asset_disp_income" => flows.outside_income / 7,
        "nca_disploss" => flows.outside_expense / 9,
        "undist_profit" => flows.revenue / 3,
        "distable_profit" => flows.revenue / 3 + flows.parent(),
        "forex_gain" | "fv_value_chg_gain" | "end_net_profit" | "transfer_oth" => 0,
        _ => return None,
    })
}

/// Columns of some schemes only, in fen.
fn special(column: &str, flows: &Flows, scheme: Scheme) -> Option<i64> {
    use Scheme::{Bank, Broker, General, Insurer};
    let revenue = flows.revenue;
    Some(match (scheme, column) {
        (General, "oper_cost") => flows.cost,
        (General, "total_cogs" | "total_opcost") | (Bank | Broker | Insurer, "oper_exp") => flows.spent(),
        (General, "sell_exp") => flows.selling,
        (General, "admin_exp") => flows.admin,
        (Bank | Broker | Insurer, "admin_exp") => flows.selling + flows.admin + flows.research,
        (General, "fin_exp") => flows.finance,
        (General, "fin_exp_int_exp") => flows.finance * 3 / 2,
        (General, "fin_exp_int_inc") => flows.finance / 2,
        (General, "rd_exp") => flows.research,
        (General, "assets_impair_loss" | "oth_impair_loss_assets") => -flows.outside_expense,
        (General, "distr_profit_shrhder" | "withdra_legal_surplus") => flows.parent().max(0) / 10,
        (Bank, "int_income") => revenue / 10 * 16,
        (Bank, "int_exp") | (Insurer, "prem_income") => revenue / 10 * 8,
        (Bank | Broker, "comm_income") => revenue / 10 * 2,
        (Bank | Broker, "comm_exp") => revenue / 20,
        (Bank | Broker, "n_commis_income") => revenue / 20 * 3,
        (Broker, "int_income") | (Insurer, "compens_payout" | "reser_insur_liab") => revenue / 4,
        (Broker, "n_sec_tb_income") => revenue / 5,
        (Broker, "n_sec_uw_income") => revenue / 8,
        (Broker, "n_asset_mg_income") => revenue / 16,
        (Bank | Broker | Insurer, "oth_b_income" | "n_oth_income" | "other_bus_cost" | "assets_impair_loss") => {
            revenue / 90
        }
        (Insurer, "prem_earned") => revenue / 10 * 7,
        (Insurer, "out_prem" | "une_prem_reser" | "reins_income") => revenue / 40,
        (Insurer, "prem_refund" | "div_payt" | "compens_payout_refu" | "reins_exp" | "insurance_exp") => revenue / 60,
        _ => return None,
    })
}
