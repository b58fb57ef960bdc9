//! Rows of `income` and `income_vip`: profit and loss in CNY, under the scheme of the company's trade.

use super::entry::Entry;
use super::sums::Sums;
use crate::market::accounts::{Scheme, of_parent};
use crate::market::dice::dice;
use crate::market::walk::divide;
use crate::tables::asked::Asked;
use crate::tables::value::{Line, Value, fen};

/// Columns of some schemes only: parts of the revenue, and what it costs to make.
const TRADES: [(Scheme, &[&str]); 3] = [
    (Scheme::Bank, &["int_income", "int_exp", "comm_income", "comm_exp", "n_commis_income", "oth_b_income"]),
    (Scheme::Broker, &["int_income", "n_commis_income", "n_sec_tb_income", "n_sec_uw_income", "n_asset_mg_income"]),
    (Scheme::Insurer, &["prem_earned", "prem_income", "out_prem", "une_prem_reser", "compens_payout", "reins_exp"]),
];

/// The figures of one version. Sums add up within a row.
pub(super) fn line<'a>(asked: &Asked<'a>, entry: &Entry<'_>) -> Line<'a> {
    let accounts = entry.accounts(asked.market);
    let flows = if entry.version.kind == 2 { accounts.quarter } else { accounts.year };
    let mut sums = Sums::new(asked.fields, dice(asked.market.seed, "holdings", entry.stock.security.number, 2));
    let (profit, revenue, earned) = (flows.parent(), flows.revenue, flows.before_tax() + flows.finance);
    sums.amounts.extend([
        ("total_revenue", revenue),
        ("revenue", revenue),
        ("invest_income", flows.gains),
        ("ass_invest_income", flows.gains / 3),
        ("biz_tax_surchg", flows.surcharge),
        ("operate_profit", flows.operating()),
        ("non_oper_income", flows.outside_income),
        ("non_oper_exp", flows.outside_expense),
        ("total_profit", flows.before_tax()),
        ("income_tax", flows.income_tax),
        ("n_income", flows.net()),
        ("continued_net_profit", flows.net()),
        ("n_income_attr_p", profit),
        ("minority_gain", flows.minority),
        ("compr_inc_attr_m_s", flows.minority),
        ("oth_compr_income", flows.other_comprehensive),
        ("t_compr_income", flows.net() + flows.other_comprehensive),
        ("compr_inc_attr_p", profit + flows.other_comprehensive),
        ("ebit", earned),
        ("ebitda", earned + flows.cost / 20),
        ("undist_profit", revenue / 3),
        ("distable_profit", revenue / 3 + profit),
        ("forex_gain", 0),
    ]);
    match TRADES.iter().find(|(scheme, _)| *scheme == entry.scheme()) {
        Some((_, columns)) => {
            sums.share(columns, revenue);
            let overhead = flows.selling + flows.admin + flows.research;
            sums.amounts.extend([("oper_exp", flows.spent()), ("admin_exp", overhead)]);
        }
        None => sums.amounts.extend([
            ("oper_cost", flows.cost),
            ("total_cogs", flows.spent()),
            ("total_opcost", flows.spent()),
            ("sell_exp", flows.selling),
            ("admin_exp", flows.admin),
            ("fin_exp", flows.finance),
            ("rd_exp", flows.research),
            ("assets_impair_loss", -flows.outside_expense),
        ]),
    }
    let own = |amount| fen(if entry.is_of_parent() { of_parent(amount) } else { amount });
    let each = |fen: i64| Value::Figure(divide(fen, accounts.shares), 4);
    // Diluted earnings are reported by those with a profit.
    let earnings = [("basic_eps", each(profit * 100)), ("diluted_eps", (profit > 0).then(|| each(profit * 99)).into())];
    sums.amounts.into_iter().map(|(column, amount)| (column, own(amount))).chain(earnings).collect()
}
