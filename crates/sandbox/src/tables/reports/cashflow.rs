//! Rows of `cashflow`: money that came and went in CNY, from the opening to the closing balance.

use super::entry::Entry;
use super::sums::Sums;
use crate::market::accounts::of_parent;
use crate::market::dice::dice;
use crate::tables::asked::Asked;
use crate::tables::value::{Line, Value, fen};

/// The figures of one version.
pub(super) fn line<'a>(asked: &Asked<'a>, entry: &Entry<'_>) -> Line<'a> {
    let accounts = entry.accounts(asked.market);
    let (mut flows, mut opening) = match entry.version.kind {
        2 => (accounts.quarter, accounts.cash_of_quarter),
        _ => (accounts.year, accounts.cash_of_year),
    };
    let mut closing = accounts.cash;
    if entry.is_of_parent() {
        (flows, opening, closing) = (flows.of_parent(), of_parent(opening), of_parent(closing));
    }
    let mut sums = Sums::new(asked.fields, dice(asked.market.seed, "holdings", entry.stock.security.number, 1));
    let revenue = flows.revenue;
    let (received, paid) = (revenue / 20 * 21, flows.cost + revenue / 5);
    sums.deal("finan_exp", "c_inf_fr_operate_a", received);
    sums.deal("c_inf_fr_operate_a", "st_cash_out_act", paid);
    let (realised, invested) = (revenue / 8 + flows.gains, revenue / 5);
    sums.deal("n_cashflow_act", "stot_inflows_inv_act", realised);
    sums.deal("stot_inflows_inv_act", "stot_out_inv_act", invested);
    let (operating, investing, exchange) = (received - paid, realised - invested, flows.other_comprehensive / 3);
    // Loans make up for the rest.
    let financing = closing - opening - operating - investing - exchange;
    sums.deal("n_cashflow_inv_act", "stot_cash_in_fnc_act", revenue / 10 + financing.max(0));
    sums.deal("free_cashflow", "stot_cashout_fnc_act", revenue / 10 - financing.min(0));
    sums.amounts.extend([
        ("n_cashflow_act", operating),
        ("n_cashflow_inv_act", investing),
        ("n_cash_flows_fnc_act", financing),
        ("eff_fx_flu_cash", exchange),
        ("n_incr_cash_cash_equ", closing - opening),
        ("c_cash_equ_beg_period", opening),
        ("c_cash_equ_end_period", closing),
    ]);
    // The notes, from the net profit to the operating flow, are in reports of a half-year and a year only.
    if entry.quarter.of_year() % 2 == 0 && entry.version.kind != 2 {
        let (profit, interest) = (flows.net(), flows.finance);
        sums.deal("uncon_invest_loss", "im_net_cashflow_oper_act", operating - profit - interest);
        sums.amounts.extend([
            ("net_profit", profit),
            ("finan_exp", interest),
            ("im_net_cashflow_oper_act", operating),
            ("im_n_incr_cash_equ", closing - opening),
            ("end_bal_cash", closing),
            ("beg_bal_cash", opening),
        ]);
        sums.spread("im_n_incr_cash_equ", revenue / 50);
    }
    // The vendor's own figure, with two decimals more.
    let free = operating - sums.of("c_pay_acq_const_fiolta") + flows.finance;
    let free = Value::Figure(free * 100 + revenue % 100, 4);
    let line = sums.amounts.into_iter().map(|(column, amount)| (column, fen(amount)));
    line.chain([("free_cashflow", free)]).collect()
}
