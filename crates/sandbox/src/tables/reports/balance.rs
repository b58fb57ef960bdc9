//! Rows of `balancesheet` and `balancesheet_vip`: what a company owns and owes in CNY, under the scheme of its trade.
//!
//! Sums add up within a row, and cash is what `cashflow` ends with. Which rows there are, and when, is decided in
//! `market::filings`.

use super::entry::Entry;
use crate::market::accounts::{Accounts, Scheme, of_parent};
use crate::market::dice::{Topic, dice};
use crate::tables::asked::Asked;
use crate::tables::value::{Line, fen};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// Columns and about how many thousandths of a total they are.
type Parts = &'static [(&'static str, i64)];

/// Amounts in fen by column.
type Amounts = BTreeMap<&'static str, i64>;

/// The parts of one side under a scheme.
struct Side {
    /// What comes or falls due within a year, in thousandths of the whole side.
    current: Parts,
    rest: Parts,
    /// The column with what is left.
    last: &'static str,
}

/// Assets besides cash, and debts.
fn sides(scheme: Scheme) -> [Side; 2] {
    let (assets, debts): ((Parts, Parts, _), (Parts, Parts, _)) = match scheme {
        Scheme::General => {
            ((CURRENT_ASSETS, OTHER_ASSETS, "oth_nca"), (CURRENT_DEBTS, OTHER_DEBTS, "defer_inc_non_cur_liab"))
        }
        Scheme::Bank => ((&[], BANK_ASSETS, "oth_assets"), (&[], BANK_DEBTS, "oth_liab")),
        Scheme::Insurer => ((&[], INSURER_ASSETS, "oth_assets"), (&[], INSURER_DEBTS, "oth_liab")),
        Scheme::Broker => ((&[], BROKER_ASSETS, "oth_assets"), (&[], BROKER_DEBTS, "oth_liab")),
    };
    [assets, debts].map(|(current, rest, last)| Side { current, rest, last })
}

#[rustfmt::skip]
const CURRENT_ASSETS: Parts = &[
    ("trad_asset", 35), ("notes_receiv", 20), ("accounts_receiv", 110), ("prepayment", 15), ("oth_receiv", 12),
    ("inventories", 105), ("contract_assets", 8), ("receiv_financing", 14), ("nca_within_1y", 5),
    ("oth_cur_assets", 16),
];
#[rustfmt::skip]
const OTHER_ASSETS: Parts = &[
    ("lt_eqt_invest", 50), ("oth_eq_invest", 10), ("oth_illiq_fin_assets", 8), ("invest_real_estate", 12),
    ("fix_assets", 190), ("cip", 40), ("use_right_assets", 6), ("intan_assets", 45), ("goodwill", 20),
    ("lt_amor_exp", 5), ("defer_tax_assets", 9), ("lt_rec", 10),
];
#[rustfmt::skip]
const CURRENT_DEBTS: Parts = &[
    ("st_borr", 160), ("notes_payable", 70), ("acct_payable", 210), ("contract_liab", 60), ("adv_receipts", 8),
    ("payroll_payable", 30), ("taxes_payable", 25), ("oth_payable", 50), ("non_cur_liab_due_1y", 40),
    ("oth_cur_liab", 20),
];
#[rustfmt::skip]
const OTHER_DEBTS: Parts = &[
    ("lt_borr", 90), ("bond_payable", 40), ("lease_liab", 8), ("lt_payable", 10), ("estimated_liab", 5),
    ("defer_tax_liab", 12), ("oth_ncl", 6),
];
#[rustfmt::skip]
const BANK_ASSETS: Parts = &[
    ("depos_in_oth_bfi", 30), ("prec_metals", 3), ("loanto_oth_bank_fi", 30), ("deriv_assets", 5),
    ("pur_resale_fa", 20), ("decr_in_disbur", 400), ("trad_asset", 60), ("debt_invest", 110), ("oth_debt_invest", 50),
    ("fix_assets", 5), ("defer_tax_assets", 6),
];
#[rustfmt::skip]
const BANK_DEBTS: Parts = &[
    ("cb_borr", 30), ("depos_oth_bfi", 90), ("loan_oth_bank", 25), ("trading_fl", 4), ("deriv_liab", 5),
    ("sold_for_repur_fa", 25), ("depos", 560), ("payroll_payable", 4), ("taxes_payable", 3), ("bond_payable", 80),
];
#[rustfmt::skip]
const INSURER_ASSETS: Parts = &[
    ("trad_asset", 90), ("pur_resale_fa", 10), ("premium_receiv", 20), ("reinsur_receiv", 10),
    ("ph_pledge_loans", 40), ("time_deposits", 70), ("debt_invest", 180), ("lt_eqt_invest", 60),
    ("refund_cap_depos", 5), ("indep_acct_assets", 10), ("invest_real_estate", 15), ("fix_assets", 12),
];
#[rustfmt::skip]
const INSURER_DEBTS: Parts = &[
    ("sold_for_repur_fa", 40), ("prem_receiv_adva", 10), ("comm_payable", 6), ("payable_to_reinsurer", 8),
    ("payroll_payable", 5), ("indem_payable", 15), ("policy_div_payable", 20), ("ph_invest", 150),
    ("reser_une_prem", 60), ("reser_outstd_claims", 50), ("reser_lins_liab", 300), ("reser_lthins_liab", 40),
];
#[rustfmt::skip]
const BROKER_ASSETS: Parts = &[
    ("sett_rsrv", 40), ("lending_funds", 130), ("trad_asset", 230), ("deriv_assets", 10), ("refund_depos", 25),
    ("acc_receivable", 15), ("pur_resale_fa", 60), ("oth_debt_invest", 100), ("lt_eqt_invest", 15), ("fix_assets", 8),
    ("goodwill", 2),
];
#[rustfmt::skip]
const BROKER_DEBTS: Parts = &[
    ("st_borr", 10), ("st_fin_payable", 50), ("loan_oth_bank", 30), ("trading_fl", 30), ("sold_for_repur_fa", 180),
    ("acting_trading_sec", 220), ("acting_uw_sec", 2), ("payroll_payable", 20), ("taxes_payable", 4),
    ("payables", 60), ("bond_payable", 170),
];

/// The figures of one version.
pub(super) fn line(asked: &Asked<'_>, entry: &Entry<'_>) -> Line<'static> {
    let mut rng = dice(asked.market.seed, Topic::Holdings, entry.stock.security.number, 0);
    let amounts = amounts(&entry.accounts(asked.market), entry.scheme(), entry.is_of_parent(), &mut rng);
    amounts.into_iter().map(|(column, amount)| (column, fen(amount))).collect()
}

/// Every figure of a balance sheet, or of the parent's own.
fn amounts(accounts: &Accounts, scheme: Scheme, parent: bool, rng: &mut ChaCha8Rng) -> Amounts {
    let own = |fen: i64| if parent { of_parent(fen) } else { fen };
    let (assets, equity, cash) = (own(accounts.assets), own(accounts.equity), own(accounts.cash));
    let minority = if parent { 0 } else { accounts.minority };
    let debts = assets - equity - minority;
    let [property, liabilities] = sides(scheme);
    let mut amounts = Amounts::new();
    let current = cash + property.divide(assets, cash, &mut amounts, rng);
    let due = liabilities.divide(debts, 0, &mut amounts, rng);
    match scheme {
        Scheme::Bank => _ = amounts.insert("cash_reser_cb", cash),
        Scheme::Broker => amounts.extend([("money_cap", cash), ("client_depos", cash / 3 * 2)]),
        Scheme::Insurer => _ = amounts.insert("money_cap", cash),
        Scheme::General => {
            amounts.insert("money_cap", cash);
            let of = |column| amounts.get(column).copied().unwrap_or_default();
            let sums = [
                ("total_cur_assets", current),
                ("total_nca", assets - current),
                ("total_cur_liab", due),
                ("total_ncl", debts - due),
                ("accounts_receiv_bill", of("notes_receiv") + of("accounts_receiv")),
                ("accounts_pay", of("notes_payable") + of("acct_payable")),
                ("oth_rcv_total", of("oth_receiv")),
                ("oth_pay_total", of("oth_payable")),
                ("long_pay_total", of("lt_payable")),
                ("fix_assets_total", of("fix_assets")),
                ("cip_total", of("cip")),
            ];
            amounts.extend(sums);
        }
    }
    amounts.extend(shareholders(accounts.shares, equity));
    amounts.extend([
        ("total_assets", assets),
        ("total_liab", debts),
        ("total_hldr_eqy_exc_min_int", equity),
        ("minority_int", minority),
        ("total_hldr_eqy_inc_min_int", equity + minority),
        ("total_liab_hldr_eqy", assets),
    ]);
    amounts
}

/// What the equity of the parent's shareholders is made up of; par is 1 CNY.
fn shareholders(shares: i64, equity: i64) -> [(&'static str, i64); 6] {
    let (paid_in, reserve, surplus) = (shares * 100, equity / 5, equity / 40);
    let (other, bought_back) = (equity / 200, equity / 400);
    let undistributed = equity - paid_in - reserve - surplus - other + bought_back;
    [
        // As many shares as CNY.
        ("total_share", paid_in),
        ("cap_rese", reserve),
        ("surplus_rese", surplus),
        ("oth_comp_income", other),
        ("treasury_share", bought_back),
        ("undistr_porfit", undistributed),
    ]
}

impl Side {
    /// Divides a side's total, of which so much stands elsewhere; returns what is current.
    fn divide(&self, total: i64, elsewhere: i64, amounts: &mut Amounts, rng: &mut ChaCha8Rng) -> i64 {
        // So that, with the most cash, something is left.
        let mut part = |permille: i64| total / 100_000 * (permille * rng.random_range(75..=105));
        let mut add = |parts: Parts| {
            parts.iter().fold(0, |sum, &(column, permille)| {
                let fen = part(permille);
                amounts.insert(column, fen);
                sum + fen
            })
        };
        let (current, rest) = (add(self.current), add(self.rest));
        amounts.insert(self.last, total - elsewhere - current - rest);
        current
    }
}
