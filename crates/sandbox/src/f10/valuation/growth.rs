//! How profit or sales of a stock grew beside its market value, report by report, as multiples of the first.

use super::Multiple;
use crate::market::accounts::{Flows, accounts};
use crate::market::filings::{Statement, versions};
use crate::market::moments::Moment;
use crate::market::quarters::Quarter;
use crate::market::walk::divide;
use crate::market::{Market, Stock};
use chrono::NaiveDate;

/// A report's multiples in thousandths.
pub(crate) struct Step {
    pub(crate) year: i32,
    /// 1 to 3, and 4 for the whole year.
    pub(crate) quarter: i32,
    pub(crate) day: NaiveDate,
    pub(crate) market_cap: i64,
    pub(crate) figure: i64,
}

/// The way from the first report to the last.
pub(crate) struct Growth {
    pub(crate) years: i32,
    pub(crate) conclusion: String,
    /// Oldest first; at least two.
    pub(crate) steps: Vec<Step>,
}

/// None for net assets, for a first report with a loss, and before the second report within the market's range.
pub(super) fn growth(
    market: &Market,
    stock: &Stock,
    multiple: Multiple,
    now: usize,
    at: Option<Moment>,
) -> Option<Growth> {
    let (subject, figure): (&str, fn(&Flows) -> i64) = match multiple {
        Multiple::Earnings => ("net income", Flows::parent),
        Multiple::Sales => ("revenue", |flows| flows.revenue),
        Multiple::Book => return None,
    };
    let sessions = &market.calendar.sessions;
    let points: Vec<(Quarter, i64, i64)> = stock
        .reports
        .clone()
        .map(Quarter)
        .filter(|quarter| out(market, stock, *quarter, at))
        .filter_map(|quarter| {
            let session = sessions.partition_point(|day| *day <= quarter.end()).checked_sub(1)?.min(now);
            let (_, market_cap) = multiple.of(stock, session)?;
            // What the last twelve months brought, in thousand fen: multiples of it fit.
            let year = |quarter: Quarter| figure(&accounts(market.seed, &stock.security, quarter, 0).year) / 1000;
            let last = Quarter(quarter.0 - 4);
            let full = Quarter(quarter.0 - quarter.of_year());
            Some((quarter, year(quarter) + year(full) - year(last), market_cap))
        })
        .collect();
    let (first, base, base_cap) = *points.first().filter(|(_, figure, cap)| *figure > 0 && *cap > 0)?;
    let steps: Vec<Step> = points
        .iter()
        .map(|(quarter, figure, market_cap)| Step {
            year: quarter.year(),
            quarter: quarter.of_year(),
            day: quarter.end(),
            market_cap: divide(market_cap * 1000, base_cap),
            figure: divide(figure * 1000, base),
        })
        .collect();
    let last = steps.last().filter(|_| steps.len() > 1)?;
    let years = (last.year - first.year()).max(1);
    let verb = if last.figure > last.market_cap { "outpaced" } else { "trailed" };
    Some(Growth { years, conclusion: format!("{years}-year {subject} growth {verb} market cap"), steps })
}

fn out(market: &Market, stock: &Stock, quarter: Quarter, at: Option<Moment>) -> bool {
    at.is_none_or(|at| {
        let rows = versions(market, &stock.security, quarter, Statement::Income);
        rows.iter().any(|row| row.kind == 1 && row.from <= at)
    })
}
