//! Tushare's rows as AShareHub prints them: fields picked and renamed, numbers spelled anew, some lost, some wrong.
//!
//! About one row in 150 of a daily table is missing here, and as many have one figure that is 2 to 5 % off. Which
//! ones never changes, so that two vendors can be held against each other.

use super::endpoint::{Endpoint, Form};
use super::spelling;
use crate::Cell;
use crate::market::Market;
use crate::market::dice::dice;
use crate::tables::served::Served;
use crate::tables::text::{millionths, optional_text, text};
use rand::RngExt;

/// Of so many rows one is missing, and one wrong.
const ROWS: u32 = 150;

/// Prints the rows of an interface for an endpoint.
pub(super) struct Press<'a> {
    market: &'a Market,
    endpoint: &'a Endpoint,
    /// Places of the endpoint's fields among those of the interface, where it has them.
    from: Vec<Option<usize>>,
}

impl<'a> Press<'a> {
    pub(super) fn new(market: &'a Market, endpoint: &'a Endpoint, interface: &Served) -> Self {
        let fields = endpoint.fields.iter();
        let from = fields.map(|field| interface.column(endpoint.tushare(&field.name))).collect();
        Self { market, endpoint, from }
    }

    /// The row as /v1 sends it, unless it is lost.
    pub(super) fn print(&self, row: &[Cell]) -> Option<Vec<Cell>> {
        let places = self.from.iter().zip(&self.endpoint.forms);
        let mut printed: Vec<Cell> =
            places.map(|(from, form)| from.map_or(Cell::Null, |from| cell(*form, &row[from]))).collect();
        if let Some(place) = self.endpoint.place("con_name").filter(|place| self.from[*place].is_none()) {
            printed[place] = self.constituent(&printed);
        }
        if self.endpoint.contract.call.range.as_deref() != Some("trade_date") {
            return Some(printed);
        }
        // FNV-1a: rows are known by what is no figure, which corrections leave as it is.
        let is_label = |form: Form| !matches!(form, Form::Decimal | Form::Whole);
        let labels = printed.iter().zip(&self.endpoint.forms).filter(|(_, form)| is_label(**form));
        let bytes = labels.flat_map(|(cell, _)| cell.text().unwrap_or_default().bytes().chain([b'|']));
        let address = bytes.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let mut rng = dice(self.market.seed, "reprint", address as usize, self.endpoint.address());
        let (roll, figure, percent) =
            (rng.random_range(0..ROWS), rng.random_range(0..1000), rng.random_range(2..=5_i128));
        match roll {
            0 => return None,
            1 => self.spoil(&mut printed, figure, if figure % 2 == 0 { percent } else { -percent }),
            _ => {}
        }
        Some(printed)
    }

    /// The name of a member of an index, which Tushare does not send.
    fn constituent(&self, row: &[Cell]) -> Cell {
        let code = self.endpoint.place("con_code").and_then(|place| row[place].text());
        let stock = code.and_then(|code| self.market.find(code));
        optional_text(stock.map(|stock| self.market.stocks[stock].security.name_while_listed()))
    }

    /// Makes one decimal wrong, where there is one.
    fn spoil(&self, row: &mut [Cell], figure: usize, percent: i128) {
        let is_figure = |place: &usize| self.endpoint.forms[*place] == Form::Decimal && row[*place] != Cell::Null;
        let decimals: Vec<usize> = (0..row.len()).filter(is_figure).collect();
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
}

fn cell(form: Form, cell: &Cell) -> Cell {
    let Some(value) = cell.text() else {
        return Cell::Null;
    };
    match (form, millionths(value)) {
        (Form::Text, _) => text(value),
        (Form::Day, _) => Cell::Text(spelling::iso(value)),
        (Form::Time, _) => Cell::Text(value.replace(' ', "T")),
        (Form::Decimal, Some(value)) => Cell::Text(spelling::decimal(value)),
        (Form::Whole, Some(value)) => Cell::Number(spelling::whole(value)),
        (Form::Decimal | Form::Whole, None) => Cell::Null,
    }
}
