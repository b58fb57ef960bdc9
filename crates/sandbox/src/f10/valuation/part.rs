//! The answer in five tables, one of which a caller can compare at a time.

use super::{Multiple, Valuation, valuation};
use crate::Cell;
use crate::f10::{epoch, midnight, symbol};
use crate::market::moments::{Moment, on};
use crate::market::{Market, Stock};
use crate::tables::text::{decimal, integer, optional_text, text};
use chrono::{NaiveDate, TimeDelta};

/// The interval that tables are of: a year.
const INTERVAL: i64 = 3;

/// A table of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Snapshot,
    History,
    MarketSection,
    PlateStock,
    ProfitGrowth,
}

const KEY: [&str; 3] = ["symbol", "valuation_type", "interval_type"];

impl Part {
    /// The table with that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "snapshot" => Self::Snapshot,
            "history" => Self::History,
            "market_section" => Self::MarketSection,
            "plate_stock" => Self::PlateStock,
            "profit_growth" => Self::ProfitGrowth,
            _ => return None,
        })
    }

    /// Its columns, key first.
    pub(crate) fn fields(self) -> Vec<&'static str> {
        let own: &[&str] = match self {
            Self::Snapshot => &[
                "last_update_time",
                "last_update_time_str",
                "current_value",
                "average_value",
                "avg_minus_1_stddev",
                "avg_plus_1_stddev",
                "valuation_percentile",
                "forward_value",
                "md_total",
                "md_ranking",
                "md_average",
                "md_median",
                "plate",
                "plate_name",
                "plate_average_value",
                "plate_ranking",
                "plate_stock_item_count",
                "financial_ttm_multiple",
                "market_cap_multiple",
                "year_count",
                "conclusion_detailed",
            ],
            Self::History => &["date", "time", "value", "plate_value"],
            Self::MarketSection => &["last_update_time", "section_start", "section_end", "number"],
            Self::PlateStock => &["last_update_time", "plate", "peer_symbol", "peer_name", "value", "market_cap"],
            Self::ProfitGrowth => &[
                "financial_year",
                "financial_quarter",
                "period_str",
                "report_date",
                "report_date_str",
                "market_cap_multiple",
                "finance_data_multiple",
            ],
        };
        KEY.iter().chain(own).copied().collect()
    }
}

/// When an answer of a session was last brought up to date.
pub(crate) fn updated(day: NaiveDate) -> Moment {
    on(day, 16, 18) + TimeDelta::seconds(6)
}

/// `2023/Q1` to `2023/Q3`, and `2023/FY`.
pub(crate) fn period(year: i32, quarter: i32) -> String {
    if quarter == 4 { format!("{year}/FY") } else { format!("{year}/Q{quarter}") }
}

/// A multiple as a number.
pub(crate) fn times(thousandths: i64) -> Cell {
    Cell::Number(decimal(thousandths, 3))
}

fn count(number: usize) -> Cell {
    Cell::Number(number.to_string())
}

/// The rows of a part about a stock; none where it is not covered.
pub(crate) fn rows(
    market: &Market,
    subject: &str,
    stock: &Stock,
    kind: i64,
    at: Option<Moment>,
    part: Part,
) -> Vec<Vec<Cell>> {
    let multiple = Multiple::of_type(kind).unwrap_or(Multiple::Earnings);
    let Some(answer) = valuation(market, Some(stock), multiple, INTERVAL, at) else {
        return Vec::new();
    };
    let mut rows = of_part(&answer, part);
    rows.sort_by(|a, b| a.iter().map(Cell::text).cmp(b.iter().map(Cell::text)));
    let key = [text(subject), integer(kind), integer(INTERVAL)];
    rows.into_iter().map(|row| key.iter().cloned().chain(row).collect()).collect()
}

fn of_part(answer: &Valuation<'_>, part: Part) -> Vec<Vec<Cell>> {
    let update = || integer(epoch(updated(answer.day)));
    let Some(stock) = &answer.stock else {
        return Vec::new();
    };
    let day = |day: NaiveDate| Cell::Text(day.to_string());
    match part {
        Part::Snapshot => vec![snapshot(answer)],
        Part::History => answer
            .items
            .iter()
            .map(|item| vec![day(item.day), integer(midnight(item.day)), times(item.value), times(item.plate)])
            .collect(),
        Part::MarketSection => answer
            .crowd
            .sections
            .iter()
            .map(|&(start, end, number)| vec![update(), integer(start), integer(end), count(number)])
            .collect(),
        Part::PlateStock => stock
            .plate
            .members
            .iter()
            .map(|(peer, value, market_cap)| {
                let name = text(peer.security.name_while_listed());
                let cap = integer(*market_cap);
                vec![update(), text(&stock.plate.code), Cell::Text(symbol(peer)), name, times(*value), cap]
            })
            .collect(),
        Part::ProfitGrowth => stock
            .growth
            .iter()
            .flat_map(|growth| &growth.steps)
            .map(|step| {
                vec![
                    integer(step.year.into()),
                    integer(step.quarter.into()),
                    Cell::Text(period(step.year, step.quarter)),
                    integer(midnight(step.day)),
                    day(step.day),
                    times(step.market_cap),
                    times(step.figure),
                ]
            })
            .collect(),
    }
}

fn snapshot(answer: &Valuation<'_>) -> Vec<Cell> {
    let update = updated(answer.day);
    let mut row = vec![
        integer(epoch(update)),
        Cell::Text(update.format("%Y-%m-%d %H:%M:%S").to_string()),
        times(answer.current),
        times(answer.average),
        times(answer.average - answer.deviation),
        times(answer.average + answer.deviation),
        Cell::Number(decimal(answer.percentile, 2)),
    ];
    let crowd = &answer.crowd;
    if let Some(stock) = &answer.stock {
        let last = stock.growth.as_ref().and_then(|growth| growth.steps.last());
        let plate = &stock.plate;
        row.push(stock.forward.map_or(Cell::Null, times));
        row.extend([count(crowd.total), count(stock.ranking), times(crowd.average), times(crowd.median)]);
        row.extend([text(&plate.code), text(plate.name), times(plate.average)]);
        row.extend([count(plate.ranking), count(plate.members.len())]);
        row.push(last.map_or(Cell::Null, |last| times(last.figure)));
        row.push(last.map_or(Cell::Null, |last| times(last.market_cap)));
        row.push(stock.growth.as_ref().map_or(Cell::Null, |growth| integer(growth.years.into())));
        row.push(optional_text(stock.growth.as_ref().map(|growth| growth.conclusion.as_str())));
    }
    row
}
