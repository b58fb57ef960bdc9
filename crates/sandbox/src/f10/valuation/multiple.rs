//! Multiples: what they are multiples of, their sections, how they are written, and how a stock's profit or sales grew
//! compared with its market value, report by report, relative to the first.

use crate::f10::subject::{first_shown, midnight, number};
use crate::market::{Flows, Quarter, Stock, accounts, divide};
use crate::tables::Scene;
use serde_json::{Value, json};

/// Which multiple: `valuation_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Multiple {
    Earnings = 1,
    Book = 2,
    Sales = 3,
}

impl Multiple {
    pub(crate) const ALL: [Self; 3] = [Self::Earnings, Self::Book, Self::Sales];

    pub(crate) fn of_type(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|multiple| *multiple as i64 == number)
    }

    /// The ends of the sections, as whole multiples.
    pub(super) fn borders(self) -> &'static [i64] {
        match self {
            Self::Earnings => &[0, 5, 10, 15, 20, 30, 50, 100],
            Self::Book => &[0, 1, 2, 3, 5, 8, 15],
            Self::Sales => &[0, 1, 2, 4, 8, 15, 30],
        }
    }

    /// A stock's multiple in a session and its market value in CNY; `None` unless it is listed.
    pub(super) fn of(self, stock: &Stock, session: usize) -> Option<(i64, i64)> {
        let history = &stock.history;
        let era = history.era(session)?;
        let bar = history.bar(session).or_else(|| history.before(session).next())?;
        let value = divide(bar.close * era.total, 100);
        let base = match self {
            Self::Earnings => history.fundamentals.profit_ttm,
            Self::Book => history.fundamentals.net_assets,
            Self::Sales => history.fundamentals.sales_ttm,
        };
        (base != 0).then(|| (divide(value * 1000, base.abs()) * base.signum(), value))
    }
}

pub(super) fn times(thousandths: i64) -> Value {
    number(thousandths, 3)
}

/// `None` for net assets, if the first report has a loss, and before the second report in the market's range.
pub(super) fn growth(scene: Scene<'_>, stock: &Stock, multiple: Multiple, now: usize) -> Option<Value> {
    let Scene { market, at, .. } = scene;
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
            // The last twelve months in thousands of fen, so that multiples fit.
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
