//! Balance sheets and cash flows: filed with the income, and with figures that add up.

use super::{LONGER, MARKET, Row, table, text, units};
use crate::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// What says which row of which report it is.
const LABELS: [&str; 7] = ["ts_code", "end_date", "report_type", "comp_type", "ann_date", "f_ann_date", "update_flag"];

fn label(row: &Row) -> Vec<Option<String>> {
    LABELS.iter().map(|column| row[*column].text().map(str::to_owned)).collect()
}

fn labels(interface: &str) -> Vec<Vec<Option<String>>> {
    let mut labels: Vec<_> = table(&MARKET, interface).iter().map(label).collect();
    labels.sort();
    labels
}

/// Rows of reports that are one row, which is one with all digits.
fn alone(interface: &str) -> Vec<Row> {
    let rows = table(&MARKET, interface);
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    let report = |row: &Row| label(row)[..3].to_vec();
    for row in &rows {
        *counts.entry(report(row)).or_default() += 1;
    }
    rows.into_iter().filter(|row| counts[&report(row)] == 1).collect()
}

fn fen(row: &Row, column: &str) -> i64 {
    units(row, column, 2).unwrap_or(0)
}

fn sum(row: &Row, columns: &str) -> i64 {
    columns.split_whitespace().map(|column| fen(row, column)).sum()
}

#[test]
fn they_are_filed_with_the_income() {
    let income = labels("income");
    assert_eq!(labels("cashflow"), income);
    let of_a_moment: Vec<_> = income.iter().filter(|label| label[2].as_deref() != Some("2")).cloned().collect();
    assert!(of_a_moment.len() < income.len());
    assert_eq!(labels("balancesheet"), of_a_moment);
    // Their figures are corrected when its figures are.
    for interface in ["balancesheet", "cashflow"] {
        let rows = table(&LONGER, interface);
        let restated = rows.windows(2).filter(|pair| {
            let same = |column: &str| pair[0][column] == pair[1][column];
            same("ts_code") && same("end_date") && same("report_type") && !same("f_ann_date")
        });
        let mut count = 0;
        for pair in restated {
            count += 1;
            let differ = |column: &&String| pair[0][column.as_str()] != pair[1][column.as_str()];
            assert!(pair[0].keys().filter(differ).any(|column| !LABELS.contains(&column.as_str())));
        }
        assert!(count > 0, "{interface}");
    }
}

/// The sum of the columns between two, which a total is made up of.
fn row_parts(interface: &str, row: &Row, after: &str, total: &str) -> i64 {
    let names = super::find(interface).unwrap().names();
    let place = |name: &str| names.iter().position(|other| other == name).unwrap();
    names[place(after) + 1..place(total)].iter().filter_map(|name| units(row, name, 2)).sum()
}

#[test]
fn assets_are_debts_and_equity() {
    let mut schemes = BTreeSet::new();
    for row in alone("balancesheet") {
        let (assets, scheme) = (fen(&row, "total_assets"), text(&row, "comp_type"));
        assert_eq!(assets, sum(&row, "total_liab total_hldr_eqy_inc_min_int"));
        assert_eq!(fen(&row, "total_hldr_eqy_inc_min_int"), sum(&row, "total_hldr_eqy_exc_min_int minority_int"));
        assert_eq!(
            fen(&row, "total_hldr_eqy_exc_min_int") + fen(&row, "treasury_share"),
            sum(&row, "total_share cap_rese surplus_rese oth_comp_income undistr_porfit")
        );
        assert_eq!(row["total_cur_assets"] != Cell::Null, scheme == "1");
        if scheme == "1" {
            assert_eq!(
                fen(&row, "total_cur_assets"),
                row_parts("balancesheet", &row, "special_rese", "total_cur_assets")
            );
            assert_eq!(fen(&row, "total_nca"), row_parts("balancesheet", &row, "total_cur_assets", "total_nca"));
            assert_eq!(assets, sum(&row, "total_cur_assets total_nca"));
            assert_eq!(fen(&row, "total_liab"), sum(&row, "total_cur_liab total_ncl"));
        } else {
            assert_eq!(assets, row_parts("balancesheet", &row, "total_nca", "total_assets"));
            assert_eq!(fen(&row, "total_liab"), row_parts("balancesheet", &row, "total_ncl", "total_liab"));
        }
        assert!(
            row.values().all(|cell| !cell.text().unwrap_or_default().starts_with('-'))
                || fen(&row, "undistr_porfit") < 0
        );
        schemes.insert(scheme.to_owned());
    }
    assert_eq!(schemes.into_iter().collect::<String>(), "1234");
}

#[test]
fn cash_flows_from_one_balance_to_the_next() {
    let cash: BTreeMap<_, _> = alone("balancesheet")
        .into_iter()
        .map(|row| (label(&row)[..3].to_vec(), sum(&row, "money_cap cash_reser_cb")))
        .collect();
    let (mut compared, mut noted) = (0, BTreeSet::new());
    for row in alone("cashflow") {
        let at = |column: &str| fen(&row, column);
        assert_eq!(at("c_inf_fr_operate_a") - at("st_cash_out_act"), at("n_cashflow_act"));
        assert_eq!(at("stot_inflows_inv_act") - at("stot_out_inv_act"), at("n_cashflow_inv_act"));
        assert_eq!(at("stot_cash_in_fnc_act") - at("stot_cashout_fnc_act"), at("n_cash_flows_fnc_act"));
        let change = sum(&row, "n_cashflow_act n_cashflow_inv_act n_cash_flows_fnc_act eff_fx_flu_cash");
        assert_eq!(change, at("n_incr_cash_cash_equ"));
        assert_eq!(at("c_cash_equ_beg_period") + change, at("c_cash_equ_end_period"));
        assert!(row["free_cashflow"] != Cell::Null);
        if let Some(cash) = cash.get(&label(&row)[..3]) {
            assert_eq!(*cash, at("c_cash_equ_end_period"));
            compared += 1;
        }
        if row["im_net_cashflow_oper_act"] == Cell::Null {
            continue;
        }
        assert_eq!(at("im_net_cashflow_oper_act"), at("n_cashflow_act"));
        let adjusted = row_parts("cashflow", &row, "uncon_invest_loss", "im_net_cashflow_oper_act");
        assert_eq!(sum(&row, "net_profit finan_exp") + adjusted, at("n_cashflow_act"));
        noted.insert(text(&row, "end_type").to_owned());
    }
    assert!(compared > 100);
    assert_eq!(noted.into_iter().collect::<String>(), "24");
}
