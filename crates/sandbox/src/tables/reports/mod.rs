//! Company reports: one record for each version that the vendor shows.
//!
//! Versions come from `market::filings`, figures from `statements` and `indicators`.

pub(crate) mod indicators;
mod report;
mod statements;

use super::{Asked, Line, Record, RecordRows, Value};
use crate::market::{Detail, Quarter, Statement, Stock, versions};
use report::Report;

/// The functions, by the names used in entries.
pub(super) const ROWS: [(&str, RecordRows); 4] = [
    ("income", |asked, stock| reports(asked, stock, Statement::Income, statements::income, "ebitda")),
    ("balance", |asked, stock| reports(asked, stock, Statement::Balance, statements::balance, "total_liab_hldr_eqy")),
    ("cashflow", |asked, stock| reports(asked, stock, Statement::Cashflow, statements::cashflow, "free_cashflow")),
    ("indicators", |asked, stock| reports(asked, stock, Statement::Indicators, indicators::line, "fcff")),
];

/// The versions of a stock's reports for the requested period, or for all. A row with a gap lacks a figure that its
/// twin has.
fn reports<'a>(
    asked: &Asked<'a>,
    stock: &'a Stock,
    statement: Statement,
    line: for<'l> fn(&Asked<'l>, &Report<'_>) -> Line<'l>,
    gap: &'static str,
) -> Vec<Record<'a>> {
    let record = |quarter: Quarter| {
        let versions = versions(asked.market, &stock.security, quarter, statement).into_iter();
        versions.map(move |version| {
            let report = Report { stock, quarter, version: &version };
            let mut line = line(asked, &report);
            match version.detail {
                Detail::Full => {}
                Detail::Gap => _ = line.insert(gap, Value::Null),
                Detail::Coarse => line.values_mut().for_each(coarsen),
            }
            line.extend(report.labels());
            // What the books do not contain is empty.
            asked.fields.iter().for_each(|field| _ = line.entry(&field.name).or_insert(Value::Null));
            Record { line, from: version.from, until: version.until }
        })
    };
    asked.quarters(stock).flat_map(record).collect()
}

/// Drops digits of a long number, changing it by less than half a ten-thousandth.
fn coarsen(value: &mut Value) {
    let &mut Value::Figure(units, places) = value else { return };
    let digits = match units.unsigned_abs() {
        0..100_000 => 1,
        // In the `.0` of a whole amount, more than the last decimal would be lost.
        100_000..1_000_000 => 10,
        _ if places < 4 => 10,
        _ => 100,
    };
    let (rest, half) = (units % digits, digits / 2);
    let up = if digits > 1 && rest.abs() >= half { units.signum() * digits } else { 0 };
    *value = Value::Rounded(units + up - rest, places);
}
