//! Figures in another unit than the contract says, and numbers with many digits.

use std::collections::BTreeMap;

use pitlake::spec::{Contract, FieldType, Table, TableSource, Unit, UnitRatio};

use crate::documented::CATALOG;
use crate::support::{NOW, Place, silver};
use crate::vendors::bronze;

/// Tables with money, shares and a price that are unrelated.
const UNCHECKED: [(&str, &str); 2] = [
    ("bak_basic_cn", "its figures per share are of the balance sheet, and no price is among them"),
    ("repurchase_cn", "its prices are limits, which a buy-back may stay far below"),
];

#[test]
fn every_table_with_money_shares_and_a_price_has_a_check_of_units() {
    let mut unchecked = Vec::new();
    for table in CATALOG.tables() {
        let has = |unit: Unit| table.columns.iter().any(|column| column.unit == Some(unit));
        let has_all = [Unit::Cny, Unit::Share, Unit::CnyPerShare].into_iter().all(has);
        if has_all && !table.unit_ratios.iter().any(|check| matches!(check, UnitRatio::Price { price: Some(_), .. })) {
            unchecked.push(table.name.as_str());
        }
    }
    assert_eq!(unchecked, UNCHECKED.map(|(table, _)| table), "add [[unit_ratio]], or state here why there is none");
}

/// `weekly` as on the vendor's page, in lots and thousands of yuan, was published with a tenth of the average price.
#[test]
fn weekly_bars_in_lots_and_thousands_are_not_published() {
    for (table, interface) in [("weekly_cn", "weekly"), ("monthly_cn", "monthly")] {
        let place = Place::at("http://127.0.0.1:9");
        let path = format!("tushare/{table}/date=2018-10-26/{interface}_20181026T120000000Z.jsonl.gz");
        let line = |vol: &str, amount: &str| {
            format!(
                r#"{{"ts_code":"600001.SH","trade_date":"20181026","open":11.0,"high":11.46,"low":10.71,"close":11.18,"vol":{vol},"amount":{amount}}}"#
            )
        };
        bronze(&place, &path, &[&line("9062500", "10022819.592")]);
        let output = place.run(&["normalize", table, "--now", NOW]);
        let printed = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(4), "{printed}");
        assert!(printed.contains("the median of amount / (vol x close) is"), "{printed}");
        assert!(place.files("silver").is_empty());
        bronze(&place, &path, &[&line("906250000.0", "10022819592.42")]);
        place.expect(0, &["normalize", table, "--now", NOW]);
        assert_eq!(silver(&place, table)[0]["vol"], "906250000");
    }
}

/// Every check of every table accepts right figures, and rejects a file in which one column has another unit.
#[test]
fn one_column_in_another_unit_stops_a_table() {
    let place = Place::at("http://127.0.0.1:9");
    for table in CATALOG.tables().filter(|table| !table.unit_ratios.is_empty()) {
        let source = &table.sources[0];
        let right = figures(table);
        build(&place, table, source, &right, 0);
        assert_eq!(silver(&place, &table.name).len(), 1, "{}", table.name);
        for column in right.keys() {
            let mut wrong = right.clone();
            // Without a price, the average price decides, and only a factor of a thousand is beyond doubt.
            *wrong.get_mut(column).unwrap() *= 1000.0;
            build(&place, table, source, &wrong, 4);
        }
    }
}

/// Consistent figures for a table, in its units, by column.
fn figures(table: &Table) -> BTreeMap<usize, f64> {
    let mut figures = BTreeMap::new();
    for check in &table.unit_ratios {
        match check {
            UnitRatio::Price { amount, volume, price } => {
                figures.insert(*amount, 50_000_000.0);
                figures.insert(*volume, 5_000_000.0);
                figures.extend(price.map(|price| (price, 10.0)));
            }
            UnitRatio::Sums(sums) => {
                for sum in sums {
                    // An integer in any unit.
                    figures.extend(
                        sum.iter().map(|column| (*column, if sum.len() == 1 { 120_000_000.0 } else { 60_000_000.0 })),
                    );
                }
            }
        }
    }
    figures
}

/// Writes a row into bronze, in the vendor's units, and builds the table.
fn build(place: &Place, table: &Table, source: &TableSource, figures: &BTreeMap<usize, f64>, code: i32) {
    let Contract { fields, id, kind, .. } = &*source.contract;
    let values = fields.iter().enumerate().filter_map(|(index, field)| {
        let plan = source.fields.iter().find(|plan| plan.field == index)?;
        if let Some(figure) = figures.get(&plan.column) {
            return Some(format!(r#""{}":{:.8}"#, field.name, figure / 10f64.powi(i32::from(plan.shift))));
        }
        let is_needed = !field.nullable || table.key.contains(&plan.column) || table.event == Some(plan.column);
        let known = field.values.as_ref().map(pitlake_contract::Enumeration::list);
        let value = match field.kind {
            _ if !is_needed || field.param.is_some() => return None,
            _ if known.is_some() => known.as_deref().and_then(|known| known.split(", ").next()).unwrap_or_default(),
            FieldType::Symbol => "600001.SH",
            FieldType::Text if field.name.ends_with("code") => "600001.SH",
            FieldType::Date => "20240102",
            FieldType::Time => "2024-01-02 10:00:00",
            _ => "1",
        };
        Some(format!(r#""{}":"{value}""#, field.name))
    });
    // A call parameter, which is a column in another program's file.
    let values = values.chain((table.name == "stk_mins_cn").then(|| r#""freq":"1min""#.to_owned()));
    let line = format!("{{{}}}", values.collect::<Vec<_>>().join(","));
    let path = format!("{}/{kind}/date=2024-01-02/{}_20240102T120000000Z.jsonl.gz", id.vendor, id.name);
    bronze(place, &path, &[&line]);
    let args = ["normalize", &table.name, "--full", "--now", NOW];
    let output = place.run(&args);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(code), "{}: {line}: {printed}", table.name);
}
