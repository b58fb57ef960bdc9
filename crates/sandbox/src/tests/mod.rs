//! What holds in every made-up market, and what each wire says. That a lake gets all of these rows is tested in the
//! suite of the root package.

mod alphafin;
mod asharehub;
mod caller;
mod calls;
mod clock;
mod details;
mod f10;
mod figures;
mod indices;
mod instruments;
mod occurrences;
mod records;
mod reports;
mod sessions;
mod tushare;
mod wires;

use crate::market::shanghai;
use crate::tables::served::Served;
use crate::tables::{Catalog, Params};
use crate::{Cell, Market, Rows, Settings};
use chrono::{DateTime, NaiveDate, Utc};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Index;
use std::sync::{Arc, LazyLock};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A time of day in Shanghai.
fn at(day: NaiveDate, time: &str) -> DateTime<Utc> {
    moment(&format!("{day}T{time}:00+08:00"))
}

/// A day in Tushare's format.
fn stamp(day: NaiveDate) -> String {
    day.format("%Y%m%d").to_string()
}

/// Every n-th evening of a range, an hour before midnight.
fn evenings(settings: &Settings, step: usize) -> impl Iterator<Item = (NaiveDate, DateTime<Utc>)> + use<> {
    let days = settings.start.iter_days().take_while(|day| *day <= settings.end).step_by(step);
    days.map(|day| (day, at(day, "23:00"))).collect::<Vec<_>>().into_iter()
}

/// A market with every special case: 60 stocks, half a year.
fn settings() -> Settings {
    Settings { stocks: 60, start: day("2023-01-01"), end: day("2023-06-30"), ..Settings::default() }
}

/// Fewer stocks and four months, also with every special case.
fn small() -> Settings {
    Settings { stocks: 24, start: day("2022-11-01"), end: day("2023-02-28"), ..Settings::default() }
}

/// As few stocks, over sixteen months.
fn longer() -> Settings {
    Settings { start: day("2021-11-01"), ..small() }
}

static MARKET: LazyLock<Arc<Market>> = LazyLock::new(|| Arc::new(Market::new(&settings())));
static SMALL: LazyLock<Market> = LazyLock::new(|| Market::new(&small()));
static LONGER: LazyLock<Market> = LazyLock::new(|| Market::new(&longer()));

/// A row whose cells are looked up by column name. For a path, the last part is enough.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    names: Arc<Vec<String>>,
    cells: Vec<Cell>,
}

impl Row {
    fn cell(&self, column: &str) -> &Cell {
        let whole = self.names.iter().position(|name| name == column);
        let last = || self.names.iter().position(|name| name.rsplit('.').next() == Some(column));
        &self.cells[whole.or_else(last).unwrap_or_else(|| panic!("no column {column}"))]
    }

    fn is_null(&self, columns: &str) -> bool {
        columns.split(' ').all(|column| *self.cell(column) == Cell::Null)
    }

    /// A number in units of `10^-scale`; `None` for null. Panics if it has more digits.
    fn units(&self, column: &str, scale: u32) -> Option<i64> {
        let value: f64 = self.cell(column).text()?.parse().unwrap();
        let scaled = value * 10_f64.powi(i32::try_from(scale).unwrap());
        assert!((scaled - scaled.round()).abs() < 1e-3, "{column} {value} has more than {scale} decimals");
        #[expect(clippy::cast_possible_truncation)]
        Some(scaled.round() as i64)
    }

    /// A required number in hundredths: fen, or shares if it is in lots.
    fn cents(&self, column: &str) -> i64 {
        self.units(column, 2).unwrap()
    }

    fn texts(&self, columns: &str) -> Vec<String> {
        columns.split(' ').map(|column| self[column].to_owned()).collect()
    }

    /// Code and day.
    fn key(&self) -> (String, String) {
        (self["ts_code"].to_owned(), self["trade_date"].replace('-', ""))
    }
}

/// The text of a cell, empty for null.
impl Index<&str> for Row {
    type Output = str;

    fn index(&self, column: &str) -> &str {
        self.cell(column).text().unwrap_or("")
    }
}

fn named(rows: Rows) -> Vec<Row> {
    let names = Arc::new(rows.fields);
    rows.rows.into_iter().map(|cells| Row { names: Arc::clone(&names), cells }).collect()
}

/// All rows of an interface in the end.
fn table(market: &Market, interface: &str) -> Vec<Row> {
    named(market.rows(interface).unwrap())
}

/// All rows of an interface at a moment.
fn table_at(market: &Market, interface: &str, at: DateTime<Utc>) -> Vec<Row> {
    named(market.rows_at(interface, Some(at)).unwrap())
}

/// Rows by code and day.
fn by_key(market: &Market, interface: &str) -> BTreeMap<(String, String), Row> {
    table(market, interface).into_iter().map(|row| (row.key(), row)).collect()
}

/// Rows by the texts of some columns.
fn grouped(rows: Vec<Row>, columns: &str) -> BTreeMap<Vec<String>, Vec<Row>> {
    rows.into_iter().fold(BTreeMap::new(), |mut groups: BTreeMap<_, Vec<Row>>, row| {
        groups.entry(row.texts(columns)).or_default().push(row);
        groups
    })
}

/// The texts of a column.
fn values<'a>(rows: impl IntoIterator<Item = &'a Row>, column: &str) -> BTreeSet<&'a str> {
    rows.into_iter().map(|row| row.cell(column).text().unwrap_or("")).collect()
}

/// The list of securities by code.
fn masters(market: &Market) -> BTreeMap<String, Row> {
    table(market, "stock_basic").into_iter().map(|row| (row["ts_code"].to_owned(), row)).collect()
}

/// What a call gets in [`SMALL`], at a moment or in the end.
fn select(interface: &str, params: &[(&str, &str)], at: Option<DateTime<Utc>>) -> Vec<Row> {
    let interface = find(interface).unwrap();
    let params: Params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let rows = interface.select(&SMALL, at.map(shanghai), &params, (0, usize::MAX));
    named(Rows { fields: interface.names(), rows })
}

static SHIPPED: LazyLock<Arc<Catalog>> = LazyLock::new(|| Catalog::with(&[]));

/// The interface with a name.
fn find(name: &str) -> Option<&'static Served> {
    SHIPPED.find(name)
}

/// All Tushare interfaces.
fn interfaces() -> impl Iterator<Item = &'static Served> {
    SHIPPED.contracts.iter().filter_map(|contract| find(&contract.id.to_string()))
}
