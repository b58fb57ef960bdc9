//! Checks of the market's rules and of the wire.

mod alphafin;
mod announcements;
mod asharehub;
mod bars;
mod caller;
mod calls;
mod clock;
mod details;
mod f10;
mod instruments;
mod limits;
mod listings;
mod markets;
mod reports;
mod sessions;
mod special_cases;
mod statements;
mod trouble;
mod vendors;
mod wire;

use super::market::moments::shanghai;
use super::tables::asked::Params;
use super::tables::catalog::find_shipped as find;
use super::tables::served::Served;
use super::{Cell, Market, Rows, Settings};
use chrono::{DateTime, NaiveDate, Utc};
use pitlake_contract::Contracts;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// The first seven interfaces.
const TABLES: [&str; 7] = ["stock_basic", "trade_cal", "daily", "daily_basic", "adj_factor", "suspend_d", "moneyflow"];

/// A small market with every special case: 60 stocks, half a year.
fn settings() -> Settings {
    Settings {
        stocks: 60,
        start: NaiveDate::from_ymd_opt(2023, 1, 1).unwrap(),
        end: NaiveDate::from_ymd_opt(2023, 6, 30).unwrap(),
        ..Settings::default()
    }
}

/// The smallest market in which everything occurs: 24 stocks, four months.
fn small() -> Settings {
    Settings {
        stocks: 24,
        start: NaiveDate::from_ymd_opt(2022, 11, 1).unwrap(),
        end: NaiveDate::from_ymd_opt(2023, 2, 28).unwrap(),
        ..Settings::default()
    }
}

/// As many stocks over a year and four months, in which every special case occurs.
fn longer() -> Settings {
    Settings { start: NaiveDate::from_ymd_opt(2021, 11, 1).unwrap(), ..small() }
}

/// The market of [`longer`], made once.
static LONGER: LazyLock<Market> = LazyLock::new(|| Market::new(&longer()));

/// The market of [`small`], made once.
static SMALL: LazyLock<Market> = LazyLock::new(|| Market::new(&small()));

/// The market of [`settings`], made once.
static MARKET: LazyLock<Arc<Market>> = LazyLock::new(|| Arc::new(Market::new(&settings())));

/// A row by column name.
type Row = BTreeMap<String, Cell>;

fn named(rows: Rows) -> Vec<Row> {
    let name = |row: Vec<Cell>| rows.fields.iter().cloned().zip(row).collect();
    rows.rows.into_iter().map(name).collect()
}

/// All rows of an interface by column name.
fn table(market: &Market, interface: &str) -> Vec<Row> {
    named(market.rows(interface).unwrap())
}

fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    row[column].text().unwrap_or("")
}

/// A number in units of `10^-scale`; none for null. Panics on digits below that.
fn units(row: &Row, column: &str, scale: u32) -> Option<i64> {
    let Cell::Number(digits) = &row[column] else {
        return None;
    };
    let value: f64 = digits.parse().unwrap();
    let scaled = value * 10_f64.powi(i32::try_from(scale).unwrap());
    assert!((scaled - scaled.round()).abs() < 1e-3, "{column} {digits} has more than {scale} decimals");
    #[expect(clippy::cast_possible_truncation)]
    Some(scaled.round() as i64)
}

/// Code and day of a row.
fn key(row: &Row) -> (String, String) {
    (text(row, "ts_code").to_owned(), text(row, "trade_date").to_owned())
}

/// What a call gets in [`SMALL`], at a moment or after everything is published.
fn select(interface: &str, params: &[(&str, &str)], at: Option<DateTime<Utc>>) -> Vec<Row> {
    let interface = find(interface).unwrap();
    let params: Params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let rows = interface.select(&SMALL, at.map(shanghai), &params, (0, usize::MAX));
    named(Rows { fields: interface.names(), rows })
}

/// A time of a day in Shanghai.
fn at(day: NaiveDate, time: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(&format!("{day}T{time}:00+08:00")).unwrap().to_utc()
}

/// Every interface on offer.
fn interfaces() -> impl Iterator<Item = &'static Served> {
    let contracts = Contracts::load(&[]).0;
    contracts.iter().filter_map(|contract| find(&contract.id.to_string())).collect::<Vec<_>>().into_iter()
}

/// Master rows by code.
fn masters(market: &Market) -> BTreeMap<String, Row> {
    table(market, "stock_basic").into_iter().map(|row| (text(&row, "ts_code").to_owned(), row)).collect()
}
