//! The market as the F10 gateway shows it: share prices around reports, and valuations with their history.
//!
//! Nothing here knows HTTP, tokens or envelopes.

pub(crate) mod earnings;
mod subject;
pub(crate) mod valuation;

pub(crate) use subject::{Subject, find};

use super::Rows;
use super::nested::Flat;
use super::scene::Scene;
use serde_json::Value;
use subject::symbol;
use valuation::{Multiple, valuation};

/// `interval_type` of a year.
const YEAR: i64 = 3;

/// Every row of an interface that is there at a moment, or of one list of its answers: `valuation_detail` over a year
/// and `valuation_detail/trend.historical_items`.
pub(crate) fn rows(scene: Scene<'_>, name: &str) -> Option<Rows> {
    let Scene { market, at, .. } = scene;
    let (name, list) = name.split_once('/').map_or((name, None), |(name, list)| (name, Some(list)));
    let contract = scene.contract("f10", name)?;
    let flat = Flat::new(contract, list)?;
    let rows = market.stocks.iter().flat_map(|stock| {
        let symbol = symbol(stock);
        let answers = match name {
            "earnings_price_history" if !earnings::covers(&symbol) => Vec::new(),
            "earnings_price_history" => {
                let records = earnings::records(market, stock, at).into_iter();
                records.map(|record| ("", record)).collect()
            }
            _ => {
                let kinds = ["1", "2", "3"].into_iter().zip(Multiple::ALL);
                kinds.map(|(kind, multiple)| (kind, valuation(market, Some(stock), multiple, YEAR, at))).collect()
            }
        };
        let rows = |(kind, answer): &(&str, Value)| {
            flat.rows(&[("symbol", &symbol), ("valuation_type", kind), ("interval_type", "3")], answer)
        };
        answers.iter().flat_map(rows).collect::<Vec<_>>()
    });
    Some(Rows { fields: flat.fields(), rows: rows.collect() })
}
