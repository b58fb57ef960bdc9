//! The market as shown by the F10 gateway: prices around reports, and valuations with their history. No HTTP.

pub(crate) mod earnings;
mod subject;
pub(crate) mod valuation;

pub(crate) use subject::{Subject, find};

use crate::Cell;
use crate::nested::Flat;
use crate::tables::Scene;
use serde_json::Value;
use subject::symbol;
use valuation::{Multiple, valuation};

/// The `interval_type` for a year.
const YEAR: i64 = 3;

/// All rows of a list in an interface's answers at a moment. Valuations are those over a year.
pub(crate) fn rows(scene: Scene<'_>, flat: &Flat<'_>) -> Vec<Vec<Cell>> {
    let Scene { market, at, .. } = scene;
    let mut rows = Vec::new();
    for stock in &market.stocks {
        let symbol = symbol(stock);
        let answers: Vec<(String, Value)> = match flat.contract.id.name.as_str() {
            "earnings_price_history" if !earnings::covers(&symbol) => Vec::new(),
            "earnings_price_history" => {
                earnings::records(market, stock, at).into_iter().map(|record| (String::new(), record)).collect()
            }
            _ => {
                let of = |multiple| valuation(scene, Some(stock), multiple, YEAR);
                Multiple::ALL.map(|multiple| ((multiple as i64).to_string(), of(multiple))).into()
            }
        };
        for (kind, answer) in &answers {
            let params = [("symbol", symbol.as_str()), ("valuation_type", kind), ("interval_type", "3")];
            rows.extend(flat.rows(&params, answer));
        }
    }
    rows
}
