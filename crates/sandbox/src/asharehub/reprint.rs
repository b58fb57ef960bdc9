//! Tushare's rows as AShareHub prints them: fields selected and renamed, numbers spelled differently, some rows lost,
//! some wrong.
//!
//! About one row in 150 of a daily table is missing, and another one has a figure that is off by 2 to 5 %, always the
//! same rows.

use super::endpoint::Endpoint;
use super::spelling;
use crate::Cell;
use crate::market::{Market, fnv};
use crate::tables::served::Served;
use crate::tables::{in_millionths, optional_text, text};
use pitlake_contract::FieldType;
use std::collections::BTreeMap;

/// One row in this many is missing, and one is wrong.
const ROWS: u32 = 150;

pub(super) struct Press<'a> {
    market: &'a Market,
    endpoint: &'a Endpoint,
    /// For each field of the endpoint, its index in the interface, if it has it.
    from: Vec<Option<usize>>,
}

impl<'a> Press<'a> {
    pub(super) fn new(market: &'a Market, endpoint: &'a Endpoint, interface: &Served) -> Self {
        let renamed: BTreeMap<&String, &String> =
            endpoint.origin.renamed.iter().map(|(ours, theirs)| (ours, theirs)).collect();
        let names = endpoint.fields.iter().map(|field| renamed.get(&field.name).copied().unwrap_or(&field.name));
        let from = names.map(|name| interface.column(name)).collect();
        Self { market, endpoint, from }
    }

    /// The row as sent on /v1, unless it is lost.
    pub(super) fn print(&self, row: &[Cell]) -> Option<Vec<Cell>> {
        let places = self.from.iter().zip(&self.endpoint.fields);
        let mut printed: Vec<Cell> =
            places.map(|(from, field)| from.map_or(Cell::Null, |from| cell(field.kind, &row[from]))).collect();
        if let Some(place) = self.endpoint.place("con_name").filter(|place| self.from[*place].is_none()) {
            printed[place] = self.constituent(&printed);
        }
        if self.endpoint.contract.call.range.as_deref() != Some("trade_date") {
            return Some(printed);
        }
        // Rows are identified by what is not a figure, because corrections leave that unchanged.
        let is_label = |kind| matches!(kind, FieldType::Text | FieldType::Symbol | FieldType::Date | FieldType::Time);
        let labels = printed.iter().zip(&self.endpoint.fields).filter(|(_, field)| is_label(field.kind));
        let address = fnv(labels.flat_map(|(cell, _)| cell.text().unwrap_or_default().bytes().chain([b'|'])));
        let address = usize::try_from(address).unwrap_or_default();
        let mut dice = self.market.dice("reprint", address, self.endpoint.address());
        let (roll, figure, percent) = (dice.roll(0..ROWS), dice.roll(0..1000), dice.roll(2..=5_i128));
        match roll {
            0 => return None,
            1 => self.spoil(&mut printed, figure, if figure % 2 == 0 { percent } else { -percent }),
            _ => {}
        }
        Some(printed)
    }

    /// The name of an index constituent, which Tushare does not send.
    fn constituent(&self, row: &[Cell]) -> Cell {
        let code = self.endpoint.place("con_code").and_then(|place| row[place].text());
        let stock = code.and_then(|code| self.market.find(code));
        optional_text(stock.map(|stock| self.market.stocks[stock].security.name_while_listed()))
    }

    /// Makes a decimal wrong, if there is one.
    fn spoil(&self, row: &mut [Cell], figure: usize, percent: i128) {
        let is_figure =
            |place: &usize| self.endpoint.fields[*place].kind == FieldType::Number && row[*place] != Cell::Null;
        let decimals: Vec<usize> = (0..row.len()).filter(is_figure).collect();
        let Some(&place) = decimals.get(figure % decimals.len().max(1)) else {
            return;
        };
        if let Some(right) = row[place].text().and_then(in_millionths) {
            // Whole shares stay whole, as do hundredths of lots; small figures would otherwise not change.
            let step = [1_000_000, 10_000].into_iter().find(|step| right % step == 0).unwrap_or(100);
            let change = right * percent / 100 / step * step;
            let change = if change == 0 { step } else { change };
            row[place] = Cell::Text(spelling::decimal(right + change));
        }
    }
}

fn cell(kind: FieldType, cell: &Cell) -> Cell {
    let Some(value) = cell.text() else {
        return Cell::Null;
    };
    match (kind, in_millionths(value)) {
        (FieldType::Text | FieldType::Symbol, _) => text(value),
        (FieldType::Date, _) => Cell::Text(spelling::iso(value)),
        (FieldType::Time, _) => Cell::Text(value.replace(' ', "T")),
        (FieldType::Number, Some(value)) => Cell::Text(spelling::decimal(value)),
        (_, Some(value)) => Cell::Number(spelling::whole(value)),
        (_, None) => Cell::Null,
    }
}
