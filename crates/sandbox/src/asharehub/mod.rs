//! The market as AShareHub re-publishes it: which endpoints there are, their rows, and how those are spelled.
//!
//! Most rows are Tushare's, a few of them lost and a few wrong; three endpoints have rows of their own. Nothing here
//! knows HTTP, keys or quotas. Cells are as /v1 sends them; [`Surface`] turns them into those of /v2.

mod endpoints;
mod news;
mod realtime;
mod reprint;
mod select;
mod southbound;
mod spelling;

pub(crate) use endpoints::{Endpoint, Required};
pub(crate) use select::Query;

use super::market::Market;
use super::market::moments::Moment;
use super::tables::catalog::find_shipped;
use super::{Cell, Rows};
use endpoints::{ENDPOINTS, Source};

/// A version of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    V1,
    V2,
}

/// What the cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// A day: YYYY-MM-DD on /v1, YYYYMMDD on /v2.
    Day,
    /// A second: with a `T` on /v1, with a blank on /v2.
    Time,
    /// A text of digits on /v1, a number on /v2.
    Decimal,
    Whole,
}

/// A column of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// What Tushare calls it.
    tushare: &'static str,
    pub(crate) kind: Kind,
}

/// The endpoint with that path below the version.
pub(crate) fn find(path: &str) -> Option<&'static Endpoint> {
    ENDPOINTS.iter().find(|endpoint| endpoint.path == path)
}

/// The name of a path among the calls: `market/block-trade` is `market_block_trade`.
pub(crate) fn name_of(path: &str) -> String {
    path.replace(['/', '-'], "_")
}

/// Every row of the endpoint with that name that is there at a moment, sorted by key.
pub(crate) fn rows(market: &Market, name: &str, at: Option<Moment>) -> Option<Rows> {
    let endpoint = ENDPOINTS.iter().find(|endpoint| name_of(endpoint.path) == name)?;
    let fields = endpoint.columns().iter().map(|column| column.name.to_owned()).collect();
    Some(Rows { fields, rows: endpoint.all(market, at) })
}

impl Endpoint {
    /// Place among the endpoints: the address of its dice.
    fn place(&self) -> usize {
        ENDPOINTS.iter().position(|other| other.path == self.path).unwrap_or_default()
    }

    /// Columns as /v1 names them.
    pub(crate) fn columns(&self) -> Vec<Column> {
        if !self.columns.is_empty() {
            return self.columns.split(' ').map(column).collect();
        }
        let Source::Tushare(interface, ..) = self.source else {
            return Vec::new();
        };
        let kind = |name: &str| match name {
            "ts_code" => Kind::Text,
            "trade_date" => Kind::Day,
            _ if name.ends_with("days") => Kind::Whole,
            _ => Kind::Decimal,
        };
        let fields = find_shipped(interface).map_or(&[][..], |interface| &interface.fields);
        let names = fields.iter().map(|field| field.name.as_str());
        names.map(|name| Column { name, tushare: name, kind: kind(name) }).collect()
    }
}

/// Reads a word of [`Endpoint::columns`].
fn column(word: &'static str) -> Column {
    let (names, kind) = match word.split_once(':') {
        Some((names, "n")) => (names, Kind::Decimal),
        Some((names, "i")) => (names, Kind::Whole),
        Some((names, "d")) => (names, Kind::Day),
        Some((names, _)) => (names, Kind::Time),
        None => (word, Kind::Text),
    };
    let (name, tushare) = names.split_once('=').unwrap_or((names, names));
    Column { name, tushare, kind }
}

impl Surface {
    /// The name of a column or parameter here. The bare `symbol` of /v1 gives way on /v2, see [`Surface::sends`].
    pub(crate) fn name(self, name: &str) -> &str {
        match (self, name) {
            (Self::V2, "ts_code" | "index_code") => "symbol",
            (Self::V2, "con_code") => "con_symbol",
            _ => name,
        }
    }

    /// Whether rows have this column here.
    pub(crate) fn sends(self, column: &Column) -> bool {
        self == Self::V1 || column.name != "symbol"
    }

    /// Appends a cell as JSON.
    pub(crate) fn write(self, kind: Kind, cell: &Cell, out: &mut String) {
        match (self, kind, cell) {
            (Self::V2, Kind::Day, Cell::Text(day)) => Cell::Text(day.replace('-', "")).write(out),
            (Self::V2, Kind::Time, Cell::Text(time)) => Cell::Text(time.replace('T', " ")).write(out),
            (Self::V2, Kind::Decimal, Cell::Text(digits)) => Cell::Number(spelling::float(digits)).write(out),
            _ => cell.write(out),
        }
    }
}
