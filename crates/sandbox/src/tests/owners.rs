//! Who owns and leads companies: lists of ten, pledges, buy-backs and profiles hold together.

use super::special_cases::{grouped, values};
use super::{LONGER, SMALL, table, text, units};
use crate::Cell;
use std::collections::BTreeSet;

#[test]
fn lists_of_ten_have_ten_and_no_more_than_all_shares() {
    for name in ["top10_holders", "top10_floatholders"] {
        let lists = grouped(table(&LONGER, name), &["ts_code", "end_date", "ann_date"]);
        assert!(lists.values().all(|list| list.len() == 10), "{name}");
        for list in lists.values() {
            let ratio: i64 = list.iter().map(|row| units(row, "hold_ratio", 4).unwrap()).sum();
            assert!(ratio <= 1_000_000);
        }
        assert!(lists.values().flatten().any(|row| row["hold_change"] == Cell::Null));
    }
    let known = |name: &str| {
        let rows = table(&LONGER, name);
        rows.iter().filter(|row| row["hold_float_ratio"] != Cell::Null).count() * 4 / rows.len()
    };
    assert!(known("top10_holders") < 4 && known("top10_floatholders") == 4);
}

#[test]
fn pledges_are_parts_of_the_capital_and_end() {
    let rows = table(&LONGER, "pledge_stat");
    for row in &rows {
        let [free, bound, total] =
            ["unrest_pledge", "rest_pledge", "total_share"].map(|column| units(row, column, 2).unwrap());
        let ratio = units(row, "pledge_ratio", 2).unwrap();
        assert!((ratio - (free + bound) * 10_000 / total).abs() <= 1);
    }
    let details = table(&LONGER, "pledge_detail");
    for row in &details {
        assert_eq!(text(row, "is_release") == "1", row["release_date"] != Cell::Null);
    }
    assert_eq!(values(&details, "is_release").into_iter().collect::<String>(), "01");
}

#[test]
fn a_buy_back_adds_up_at_its_price() {
    let rows = table(&LONGER, "repurchase");
    let stages: BTreeSet<String> = ["预案", "股东大会通过", "实施", "完成", "停止实施"].map(str::to_owned).into();
    assert_eq!(values(&rows, "proc"), stages);
    for row in &rows {
        let planned = ["预案", "股东大会通过"].contains(&text(row, "proc"));
        assert_eq!(row["vol"] == Cell::Null, planned);
        assert_eq!(row["end_date"] == Cell::Null, planned);
        assert_eq!(row["exp_date"] == Cell::Null, !planned);
        if let Some(shares) = units(row, "vol", 0) {
            let price = units(row, "amount", 2).unwrap() / shares;
            let [low, high] = ["low_limit", "high_limit"].map(|column| units(row, column, 2).unwrap());
            assert!((low..=high).contains(&price));
        }
    }
}

#[test]
fn companies_know_who_leads_them_and_what_beijing_called_them() {
    let rows = table(&SMALL, "stock_company");
    let masters = super::masters(&SMALL);
    assert!(rows.iter().all(|row| masters[text(row, "ts_code")]["exchange"] == row["exchange"]));
    assert!(rows.iter().filter(|row| row["chairman"] == Cell::Null).count() <= 1);
    assert!(rows.iter().any(|row| row["employees"] == Cell::Null));
    let managers = table(&LONGER, "stk_managers");
    assert!(managers.iter().any(|row| row["end_date"] != Cell::Null));
    assert!(values(&managers, "birthday").iter().any(|born| born.len() == 6));
    let rewards = table(&LONGER, "stk_rewards");
    let names = values(&managers, "name");
    assert!(rewards.iter().all(|row| names.contains(text(row, "name"))));
    assert!(rewards.iter().any(|row| row["reward"] == Cell::Null));
    for row in table(&LONGER, "bse_mapping") {
        let (old, new) = (text(&row, "o_code"), text(&row, "n_code"));
        assert!(masters.contains_key(new) && new.starts_with("920"));
        assert!(["43", "83", "87"].iter().any(|start| old.starts_with(start)) && old.len() == 9);
    }
    let audits = table(&LONGER, "fina_audit");
    assert!(values(&audits, "audit_result").len() > 2 && audits.iter().any(|row| row["audit_fees"] == Cell::Null));
    assert!(audits.iter().any(|row| text(row, "end_date").ends_with("0630")));
    assert!(grouped(audits, &["ts_code", "end_date"]).values().any(|opinions| opinions.len() == 2));
}
