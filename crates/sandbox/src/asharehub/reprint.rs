//! Tushare's rows as AShareHub prints them: columns picked and renamed, numbers spelled anew, some lost, some wrong.
//!
//! About one row in 150 of a daily table is missing here, and as many have one figure that is 2 to 5 % off. Which
//! ones never changes, so that two vendors can be held against each other.

use super::{Column, Endpoint, Kind, spelling};
use crate::Cell;
use crate::market::Market;
use crate::market::dice::{Topic, dice};
use crate::tables::interface::Interface;
use crate::tables::text::{millionths, optional_text, text};
use rand::RngExt;

/// Of so many rows one is missing, and one wrong.
const ROWS: u32 = 150;

/// What becomes of a row.
enum Fate {
    Same,
    Missing,
    /// The figure in this place among the numbers is off by so many percent.
    Wrong(usize, i128),
}

/// Prints the rows of an interface for an endpoint.
pub(super) struct Press<'a> {
    market: &'a Market,
    endpoint: &'a Endpoint,
    /// With the position of Tushare's column, if it has it.
    columns: Vec<(Column, Option<usize>)>,
    key: Vec<usize>,
}

impl<'a> Press<'a> {
    pub(super) fn new(market: &'a Market, endpoint: &'a Endpoint, interface: &Interface) -> Self {
        let columns: Vec<(Column, Option<usize>)> =
            endpoint.columns().into_iter().map(|column| (column, interface.column(column.tushare))).collect();
        let key = endpoint
            .key
            .split(' ')
            .filter_map(|name| columns.iter().position(|(column, _)| column.name == name))
            .collect();
        Self { market, endpoint, columns, key }
    }

    /// The row as /v1 sends it, unless it is lost.
    pub(super) fn print(&self, row: &[Cell]) -> Option<Vec<Cell>> {
        let mut printed: Vec<Cell> = self
            .columns
            .iter()
            .map(|(column, from)| from.map_or(Cell::Null, |from| cell(column.kind, &row[from])))
            .collect();
        for place in 0..printed.len() {
            if self.columns[place].0.name == "con_name" && self.columns[place].1.is_none() {
                printed[place] = self.constituent(&printed);
            }
        }
        match self.fate(&printed) {
            Fate::Missing => return None,
            Fate::Wrong(figure, percent) => spoil(&mut printed, &self.columns, figure, percent),
            Fate::Same => {}
        }
        Some(printed)
    }

    /// The name of a member of an index, which Tushare does not send.
    fn constituent(&self, row: &[Cell]) -> Cell {
        let code = self.columns.iter().position(|(column, _)| column.name == "con_code");
        let stock = code.and_then(|code| self.market.find(row[code].text()?));
        optional_text(stock.map(|stock| self.market.stocks[stock].security.name_while_listed()))
    }

    fn fate(&self, row: &[Cell]) -> Fate {
        if self.endpoint.dated != "trade_date" {
            return Fate::Same;
        }
        // FNV-1a: rows are known by their keys, not by numbers.
        let bytes = self.key.iter().flat_map(|&column| row[column].text().unwrap_or_default().bytes().chain([b'|']));
        let address = bytes.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let mut rng = dice(self.market.seed, Topic::Reprint, address as usize, self.endpoint.place());
        let (roll, figure, percent) =
            (rng.random_range(0..ROWS), rng.random_range(0..1000), rng.random_range(2..=5_i128));
        match roll {
            0 => Fate::Missing,
            1 => Fate::Wrong(figure, if figure % 2 == 0 { percent } else { -percent }),
            _ => Fate::Same,
        }
    }
}

fn cell(kind: Kind, cell: &Cell) -> Cell {
    let Some(value) = cell.text() else {
        return Cell::Null;
    };
    match (kind, millionths(value)) {
        (Kind::Text, _) => text(value),
        (Kind::Day, _) => Cell::Text(spelling::iso(value)),
        (Kind::Time, _) => Cell::Text(value.replace(' ', "T")),
        (Kind::Decimal, Some(value)) => Cell::Text(spelling::decimal(value)),
        (Kind::Whole, Some(value)) => Cell::Number(spelling::whole(value)),
        (Kind::Decimal | Kind::Whole, None) => Cell::Null,
    }
}

/// Makes one decimal wrong, where there is one.
fn spoil(row: &mut [Cell], columns: &[(Column, Option<usize>)], figure: usize, percent: i128) {
    let decimals: Vec<usize> =
        (0..row.len()).filter(|&place| columns[place].0.kind == Kind::Decimal && row[place] != Cell::Null).collect();
    let Some(&place) = decimals.get(figure % decimals.len().max(1)) else {
        return;
    };
    if let Some(right) = row[place].text().and_then(millionths) {
        // Whole shares stay whole, and so do hundredths of lots. Small figures would otherwise stay as they are.
        let step = [1_000_000, 10_000].into_iter().find(|step| right % step == 0).unwrap_or(100);
        let change = right * percent / 100 / step * step;
        let change = if change == 0 { step } else { change };
        row[place] = Cell::Text(spelling::decimal(right + change));
    }
}
