//! Rows of `income`, `balancesheet` and `cashflow` in CNY, for the company's type of accounts. The cash in a balance
//! sheet equals the closing cash of the cash flow.

use super::report::Report;
use crate::market::{Dice, Scheme, divide, of_parent};
use crate::tables::{Asked, Line, Value, fen};
use pitlake_contract::Field;
use std::collections::BTreeMap;

/// Columns that only some types have: parts of the revenue, and its costs.
const TRADES: [(Scheme, &[&str]); 3] = [
    (Scheme::Bank, &["int_income", "int_exp", "comm_income", "comm_exp", "n_commis_income", "oth_b_income"]),
    (Scheme::Broker, &["int_income", "n_commis_income", "n_sec_tb_income", "n_sec_uw_income", "n_asset_mg_income"]),
    (Scheme::Insurer, &["prem_earned", "prem_income", "out_prem", "une_prem_reser", "compens_payout", "reins_exp"]),
];

/// Profit and loss. Sums add up within a row.
pub(super) fn income<'a>(asked: &Asked<'a>, report: &Report<'_>) -> Line<'a> {
    let accounts = report.accounts(asked.market);
    let flows = if report.version.kind == 2 { accounts.quarter } else { accounts.year };
    let mut sums = Sums::new(asked, report, 2);
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
    match TRADES.iter().find(|(scheme, _)| *scheme == report.scheme()) {
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
    let own = |amount| fen(if report.is_of_parent() { of_parent(amount) } else { amount });
    let each = |fen: i64| Value::Figure(divide(fen, accounts.shares), 4);
    // Diluted earnings are only reported with a profit.
    let earnings = [("basic_eps", each(profit * 100)), ("diluted_eps", (profit > 0).then(|| each(profit * 99)).into())];
    sums.amounts.into_iter().map(|(column, amount)| (column, own(amount))).chain(earnings).collect()
}

/// Assets and liabilities.
pub(super) fn balance<'a>(asked: &Asked<'a>, report: &Report<'_>) -> Line<'a> {
    let accounts = report.accounts(asked.market);
    let own = |fen: i64| if report.is_of_parent() { of_parent(fen) } else { fen };
    let (assets, equity, cash) = (own(accounts.assets), own(accounts.equity), own(accounts.cash));
    let minority = if report.is_of_parent() { 0 } else { accounts.minority };
    let debts = assets - equity - minority;
    let mut sums = Sums::new(asked, report, 0);
    match report.scheme() {
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
    // The components of the parent shareholders' equity. Par is 1 CNY, so there are as many shares as CNY.
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

/// Cash flows from the opening to the closing balance.
pub(super) fn cashflow<'a>(asked: &Asked<'a>, report: &Report<'_>) -> Line<'a> {
    let accounts = report.accounts(asked.market);
    let (mut flows, mut opening) = match report.version.kind {
        2 => (accounts.quarter, accounts.cash_of_quarter),
        _ => (accounts.year, accounts.cash_of_year),
    };
    let mut closing = accounts.cash;
    if report.is_of_parent() {
        (flows, opening, closing) = (flows.of_parent(), of_parent(opening), of_parent(closing));
    }
    let mut sums = Sums::new(asked, report, 1);
    let revenue = flows.revenue;
    let (received, paid) = (revenue / 20 * 21, flows.cost + revenue / 5);
    sums.deal("finan_exp", "c_inf_fr_operate_a", received);
    sums.deal("c_inf_fr_operate_a", "st_cash_out_act", paid);
    let (realised, invested) = (revenue / 8 + flows.gains, revenue / 5);
    sums.deal("n_cashflow_act", "stot_inflows_inv_act", realised);
    sums.deal("stot_inflows_inv_act", "stot_out_inv_act", invested);
    let (operating, investing, exchange) = (received - paid, realised - invested, flows.other_comprehensive / 3);
    // Loans make up the difference.
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
    // The notes, from net profit to operating cash flow, are only in half-year and annual reports.
    if report.quarter.of_year() % 2 == 0 && report.version.kind != 2 {
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
    // The vendor's own figure, with two more decimals.
    let free = operating - sums.of("c_pay_acq_const_fiolta") + flows.finance;
    let free = Value::Figure(free * 100 + revenue % 100, 4);
    let line = sums.amounts.into_iter().map(|(column, amount)| (column, fen(amount)));
    line.chain([("free_cashflow", free)]).collect()
}

/// A statement being built: amounts in fen by column. The contract lists the parts of a total before it.
struct Sums<'a> {
    amounts: BTreeMap<&'a str, i64>,
    fields: &'a [Field],
    /// Determines which parts the company has, and how large they are.
    dice: Dice,
}

impl<'a> Sums<'a> {
    /// No sums yet; every kind of statement has its own dice.
    fn new(asked: &Asked<'a>, report: &Report<'_>, kind: usize) -> Self {
        let dice = asked.market.dice("holdings", report.stock.security.number, kind);
        Self { amounts: BTreeMap::new(), fields: asked.fields, dice }
    }

    /// The amount in a column, 0 if there is none.
    fn of(&self, column: &str) -> i64 {
        self.amounts.get(column).copied().unwrap_or_default()
    }

    /// Sets a total and its parts, which are the columns between `after` and the total. Those that already have an
    /// amount keep it, and the last of the others gets the rest.
    fn deal(&mut self, after: &str, total: &'a str, amount: i64) {
        let parts = &self.fields[self.place(after) + 1..self.place(total)];
        let known: i64 = parts.iter().map(|part| self.of(&part.name)).sum();
        let free: Vec<&str> = parts.iter().map(|part| part.name.as_str()).filter(|part| !self.has(part)).collect();
        let mut rest = amount - known;
        if let Some((last, others)) = free.split_last() {
            rest = self.share(others, rest);
            self.amounts.insert(last, rest);
        }
        self.amounts.insert(total, amount);
    }

    /// Spreads an amount over the number columns after one, as far as it goes.
    fn spread(&mut self, after: &str, amount: i64) {
        let fields = self.fields[self.place(after) + 1..].iter().filter(|field| field.unit.is_some());
        let free: Vec<&str> = fields.map(|field| field.name.as_str()).filter(|part| !self.has(part)).collect();
        self.share(&free, amount);
    }

    /// Gives parts of an amount to two columns in three, and returns the rest.
    fn share(&mut self, columns: &[&'a str], amount: i64) -> i64 {
        columns.iter().fold(amount, |rest, column| {
            let (has, percent) = (!self.dice.once_in(3), self.dice.roll(5..40));
            let share = if has { rest / 100 * percent } else { 0 };
            if has {
                self.amounts.insert(column, share);
            }
            rest - share
        })
    }

    fn has(&self, column: &str) -> bool {
        self.amounts.contains_key(column)
    }

    fn place(&self, column: &str) -> usize {
        self.fields.iter().position(|field| field.name == column).unwrap_or_default()
    }
}
