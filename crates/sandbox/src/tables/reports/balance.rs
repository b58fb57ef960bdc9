//! Rows of `balancesheet`: what a company owns and owes in CNY, under the scheme of its trade. Cash is what `cashflow`
//! ends with.

use super::entry::Entry;
use super::sums::Sums;
use crate::market::accounts::{Scheme, of_parent};
use crate::market::dice::dice;
use crate::tables::asked::Asked;
use crate::tables::value::{Line, fen};

/// The figures of one version.
pub(super) fn line<'a>(asked: &Asked<'a>, entry: &Entry<'_>) -> Line<'a> {
    let accounts = entry.accounts(asked.market);
    let own = |fen: i64| if entry.is_of_parent() { of_parent(fen) } else { fen };
    let (assets, equity, cash) = (own(accounts.assets), own(accounts.equity), own(accounts.cash));
    let minority = if entry.is_of_parent() { 0 } else { accounts.minority };
    let debts = assets - equity - minority;
    let mut sums = Sums::new(asked.fields, dice(asked.market.seed, "holdings", entry.stock.security.number, 0));
    match entry.scheme() {
        Scheme::General => {
            let (current, due) = (assets / 2, debts / 3 * 2);
            sums.amounts.insert("money_cap", cash);
            sums.deal("special_rese", "total_cur_assets", current);
            sums.deal("total_cur_assets", "total_nca", assets - current);
            sums.deal("total_assets", "total_cur_liab", due);
            sums.deal("total_cur_liab", "total_ncl", debts - due);
            sums.amounts.extend([("total_assets", assets), ("total_liab", debts)]);
        }
        _ => {
            sums.amounts.insert("cash_reser_cb", cash);
            sums.deal("total_nca", "total_assets", assets);
            sums.deal("total_ncl", "total_liab", debts);
        }
    }
    // What the equity of the parent's shareholders is made up of; par is 1 CNY, so there are as many shares as CNY.
    let (paid_in, bought_back) = (accounts.shares * 100, equity / 400);
    let [reserve, surplus, other] = [5, 40, 200].map(|part| equity / part);
    sums.amounts.extend([
        ("total_share", paid_in),
        ("cap_rese", reserve),
        ("surplus_rese", surplus),
        ("oth_comp_income", other),
        ("treasury_share", bought_back),
        ("undistr_porfit", equity - paid_in - reserve - surplus - other + bought_back),
        ("total_hldr_eqy_exc_min_int", equity),
        ("minority_int", minority),
        ("total_hldr_eqy_inc_min_int", equity + minority),
        ("total_liab_hldr_eqy", assets),
    ]);
    sums.spread("total_liab_hldr_eqy", assets / 10);
    sums.amounts.into_iter().map(|(column, amount)| (column, fen(amount))).collect()
}
