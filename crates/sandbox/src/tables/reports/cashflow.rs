//! Rows of `cashflow` and `cashflow_vip`: money that came and went in CNY, under the scheme of the company's trade.
//!
//! Sums add up within a row, and from the opening to the closing balance. Which rows there are, and when, is decided
//! in `market::filings`.

use super::entry::Entry;
use crate::market::accounts::{Flows, Scheme, of_parent};
use crate::tables::asked::Asked;
use crate::tables::value::{Line, Value, fen};
use std::collections::BTreeMap;

/// Amounts in fen by column.
type Amounts = BTreeMap<&'static str, i64>;

/// The figures of one version.
pub(super) fn line(asked: &Asked<'_>, entry: &Entry<'_>) -> Line<'static> {
    let accounts = entry.accounts(asked.market);
    let (flows, opening) = match entry.version.kind {
        2 => (accounts.quarter, accounts.cash_of_quarter),
        _ => (accounts.year, accounts.cash_of_year),
    };
    let scheme = entry.scheme();
    let mut amounts = if entry.is_of_parent() {
        amounts(&flows.of_parent(), scheme, [of_parent(opening), of_parent(accounts.cash)])
    } else {
        amounts(&flows, scheme, [opening, accounts.cash])
    };
    // The notes are in reports of a half-year and a year only.
    if entry.quarter.of_year() % 2 == 0 && entry.version.kind != 2 {
        let notes = notes(&flows, &amounts, entry.is_of_parent());
        amounts.extend(notes);
    }
    // The vendor's own figure, with two decimals more.
    let free = amounts["n_cashflow_act"] - amounts["c_pay_acq_const_fiolta"] + flows.finance;
    let free = Value::Figure(free * 100 + flows.revenue % 100, 4);
    let line = amounts.into_iter().map(|(column, amount)| (column, fen(amount)));
    line.chain([("free_cashflow", free)]).collect()
}

/// The flows of a time between two balances.
fn amounts(flows: &Flows, scheme: Scheme, [opening, closing]: [i64; 2]) -> Amounts {
    let revenue = flows.revenue;
    let wages = flows.selling + flows.admin + flows.research;
    let mut amounts = Amounts::new();
    let mut sum = |total: &'static str, parts: &[(&'static str, i64)]| {
        let all = parts.iter().map(|(_, fen)| fen).sum();
        amounts.extend(parts.iter().copied());
        amounts.insert(total, all);
        all
    };
    let [mut received, mut paid] = trade(scheme, flows);
    received.push(("c_fr_oth_operate_a", revenue / 40));
    paid.extend([
        ("c_paid_to_for_empl", wages / 10 * 6),
        ("c_paid_for_taxes", flows.income_tax + flows.surcharge + revenue / 50),
        ("oth_cash_pay_oper_act", wages / 10 * 3),
    ]);
    let operating = sum("c_inf_fr_operate_a", &received) - sum("st_cash_out_act", &paid);
    let realised = [
        ("c_disp_withdrwl_invest", revenue / 10),
        ("c_recp_return_invest", flows.gains),
        ("n_recp_disp_fiolta", flows.outside_income / 2),
        ("oth_recp_ral_inv_act", revenue / 300),
    ];
    let invested = [
        ("c_pay_acq_const_fiolta", revenue / 12),
        ("c_paid_invest", revenue / 9),
        ("oth_pay_ral_inv_act", revenue / 400),
    ];
    let investing = sum("stot_inflows_inv_act", &realised) - sum("stot_out_inv_act", &invested);
    let exchange = flows.other_comprehensive / 3;
    let financing = closing - opening - operating - investing - exchange;
    let raised = [("c_recp_cap_contrib", revenue / 500), ("oth_cash_recp_ral_fnc_act", revenue / 250)];
    let returned = [
        ("c_pay_dist_dpcp_int_exp", flows.finance + flows.parent().max(0) / 4),
        ("oth_cashpay_ral_fnc_act", revenue / 200),
    ];
    // Loans make up for the rest.
    let least = revenue / 10;
    let rest =
        financing - raised.iter().map(|(_, fen)| fen).sum::<i64>() + returned.iter().map(|(_, fen)| fen).sum::<i64>();
    let (borrowed, repaid) = (least + rest.max(0), least - rest.min(0));
    sum("stot_cash_in_fnc_act", &[raised.as_slice(), &[("c_recp_borrow", borrowed)]].concat());
    sum("stot_cashout_fnc_act", &[returned.as_slice(), &[("c_prepay_amt_borr", repaid)]].concat());
    amounts.extend([
        ("n_cashflow_act", operating),
        ("n_cashflow_inv_act", investing),
        ("n_cash_flows_fnc_act", financing),
        ("eff_fx_flu_cash", exchange),
        ("n_incr_cash_cash_equ", closing - opening),
        ("c_cash_equ_beg_period", opening),
        ("c_cash_equ_end_period", closing),
    ]);
    amounts
}

/// What trade brings and takes.
fn trade(scheme: Scheme, flows: &Flows) -> [Vec<(&'static str, i64)>; 2] {
    let Flows { revenue, cost, .. } = *flows;
    match scheme {
        Scheme::General => [
            vec![("c_fr_sale_sg", revenue / 20 * 21), ("recp_tax_rends", revenue / 100)],
            vec![("c_paid_goods_s", cost / 20 * 19)],
        ],
        Scheme::Bank => [
            vec![
                ("ifc_cash_incr", revenue / 10 * 14),
                ("n_depos_incr_fi", revenue / 10 * 9),
                ("n_incr_loans_cb", revenue / 30),
                ("n_inc_borr_oth_fi", revenue / 25),
            ],
            vec![
                ("n_incr_clt_loan_adv", revenue / 10 * 11),
                ("n_incr_dep_cbob", revenue / 20),
                ("pay_handling_chrg", cost),
            ],
        ],
        Scheme::Insurer => [
            vec![
                ("prem_fr_orig_contr", revenue / 10 * 9),
                ("n_reinsur_prem", revenue / 60),
                ("n_incr_insured_dep", revenue / 15),
            ],
            vec![
                ("c_pay_claims_orig_inco", cost / 2),
                ("pay_handling_chrg", revenue / 12),
                ("pay_comm_insur_plcy", revenue / 40),
            ],
        ],
        Scheme::Broker => [
            vec![
                ("ifc_cash_incr", revenue / 10 * 8),
                ("n_cap_incr_repur", revenue / 8),
                ("net_cash_rece_sec", revenue / 6),
            ],
            vec![("pay_handling_chrg", cost / 5), ("net_dism_capital_add", revenue / 15)],
        ],
    }
}

/// From the net profit to the operating flow.
fn notes(flows: &Flows, amounts: &Amounts, parent: bool) -> Amounts {
    let own = |fen: i64| if parent { of_parent(fen) } else { fen };
    let mut notes = Amounts::from([
        ("net_profit", own(flows.net())),
        ("finan_exp", own(flows.finance)),
        ("prov_depr_assets", own(flows.outside_expense)),
        ("credit_impa_loss", own(flows.outside_expense / 2)),
        ("depr_fa_coga_dpba", own(flows.cost / 24)),
        ("amort_intang_assets", own(flows.cost / 150)),
        ("lt_amort_deferred_exp", own(flows.cost / 600)),
        ("use_right_asset_dep", own(flows.cost / 500)),
        ("loss_disp_fiolta", own(-flows.outside_income / 7)),
        ("invest_loss", own(-flows.gains)),
        ("decr_inventories", own(-flows.revenue / 70)),
        ("decr_oper_payable", own(-flows.revenue / 45)),
        ("incr_oper_payable", own(flows.revenue / 60)),
    ]);
    let known: i64 = notes.values().sum();
    let at = |column: &str| amounts.get(column).copied().unwrap_or_default();
    notes.extend([
        ("others", at("n_cashflow_act") - known),
        ("im_net_cashflow_oper_act", at("n_cashflow_act")),
        ("im_n_incr_cash_equ", at("n_incr_cash_cash_equ")),
        ("end_bal_cash", at("c_cash_equ_end_period")),
        ("beg_bal_cash", at("c_cash_equ_beg_period")),
    ]);
    notes
}
