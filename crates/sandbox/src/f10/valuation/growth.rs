//! How profit or sales of a stock grew beside its market value, report by report, as multiples of the first.

use super::multiple::{Multiple, times};
use crate::f10::subject::{first_shown, midnight};
use crate::market::accounts::{Flows, accounts};
use crate::market::moments::Moment;
use crate::market::quarters::Quarter;
use crate::market::walk::divide;
use crate::market::{Market, Stock};
use serde_json::{Value, json};

/// None for net assets, for a first report with a loss, and before the second report within the market's range.
pub(super) fn growth(
    market: &Market,
    stock: &Stock,
    multiple: Multiple,
    now: usize,
    at: Option<Moment>,
) -> Option<Value> {
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
        .filter(|quarter| at.is_none_or(|at| first_shown(market, stock, *quarter).is_some_and(|from| from <= at)))
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
    let (last, figure, cap) = *points.last().filter(|_| points.len() > 1)?;
    let of_first = |figure: i64, cap: i64| (divide(figure * 1000, base), divide(cap * 1000, base_cap));
    let steps = points.iter().map(|&(quarter, figure, cap)| {
        let ((figure, cap), day) = (of_first(figure, cap), quarter.end());
        // 1 to 3, and 4 for the whole year.
        let of_year = quarter.of_year();
        let label = if of_year == 4 { "FY".to_owned() } else { format!("Q{of_year}") };
        json!({
            "financial_year": quarter.year(),
            "financial_quarter": of_year,
            "period_str": format!("{}/{label}", quarter.year()),
            "report_date": midnight(day),
            "report_date_str": day.to_string(),
            "market_cap_multiple": times(cap),
            "finance_data_multiple": times(figure),
        })
    });
    let (figure, cap) = of_first(figure, cap);
    let years = (last.year() - first.year()).max(1);
    let verb = if figure > cap { "outpaced" } else { "trailed" };
    Some(json!({
        "financial_ttm_multiple": times(figure),
        "market_cap_multiple": times(cap),
        "year_count": years,
        "conclusion_detailed": format!("{years}-year {subject} growth {verb} market cap"),
        "profit_data": steps.collect::<Value>(),
    }))
}
