//! Interfaces that are rows of companies, each with a day of its own and a stretch of time in which it is there.
//!
//! What the vendor documents is in `table`; the rows themselves are in the modules named after what they hold. Here is
//! only which of them a request gets, and in what order. No HTTP and no files.

mod analysts;
mod companies;
mod connect;
mod days;
mod guidance;
mod holders;
mod insiders;
mod payouts;
mod people;
mod pledges;
mod reporting;
mod table;

pub(crate) use table::COMPANIES;

use super::Interface;
use super::select::Params;
use crate::Cell;
use crate::market::dice::interface_dice;
use crate::market::moments::{Moment, on};
use crate::market::{Market, Stock};
use rand::seq::SliceRandom;

/// Past the address of every company.
const ORDER: usize = u32::MAX as usize;

/// A row that the vendor shows for some time.
#[derive(Clone)]
pub(crate) struct Record {
    cells: Vec<Cell>,
    /// First moment at which it is there.
    from: Moment,
    /// First moment at which it is there no more.
    until: Option<Moment>,
}

impl Record {
    /// A row that stays.
    fn new(from: Moment, cells: Vec<Cell>) -> Self {
        Self { cells, from, until: None }
    }

    /// The same row until a moment.
    fn until(self, moment: Moment) -> Self {
        Self { until: Some(moment), ..self }
    }

    fn shows(&self, at: Option<Moment>) -> bool {
        match at {
            None => self.until.is_none(),
            Some(at) => self.from <= at && self.until.is_none_or(|until| at < until),
        }
    }
}

/// How the rows of such an interface are made and asked for.
#[derive(Clone, Copy)]
pub(crate) struct Records {
    /// All rows that a company ever has.
    pub(crate) rows: fn(&Market, &Stock) -> Vec<Record>,
    /// Documented key, without the occurrence of rows that repeat it.
    pub(crate) key: &'static [&'static str],
    /// The day that a row belongs to: newest first.
    pub(crate) day: &'static str,
    /// The days that `start_date` and `end_date` limit, if they do.
    pub(crate) range: Option<&'static str>,
}

impl Interface {
    /// Rows of companies that a request gets: newest day first and shuffled within it, the same way for the same call.
    pub(crate) fn records(
        &self,
        records: &Records,
        market: &Market,
        at: Option<Moment>,
        params: &Params,
        (skip, take): (usize, usize),
    ) -> Vec<Vec<Cell>> {
        let ranged = records.range.and_then(|name| self.column(name));
        let within = |row: &[Cell]| {
            let Some(column) = ranged else { return true };
            let holds = |limit: &str, holds: fn(&str, &str) -> bool| {
                params.get(limit).is_none_or(|limit| row[column].text().is_some_and(|day| holds(day, limit)))
            };
            holds("start_date", |day, start| start <= day) && holds("end_date", |day, end| day <= end)
        };
        let asked = self.companies(market, params).into_iter();
        let mut rows: Vec<Vec<Cell>> = asked
            .flat_map(|stock| there(records, market, stock, at))
            .filter(|row| self.passes(row, params) && within(row))
            .collect();
        rows.shuffle(&mut interface_dice(market.seed, self.place(), ORDER, 0));
        if let Some(day) = self.column(records.day) {
            rows.sort_by(|a, b| b[day].text().cmp(&a[day].text()));
        }
        rows.into_iter().skip(skip).take(take).collect()
    }

    /// Every row there is at a moment, sorted by its key and then by all its cells.
    pub(crate) fn all_records(&self, records: &Records, market: &Market, at: Option<Moment>) -> Vec<Vec<Cell>> {
        let stocks = market.stocks.iter();
        let mut rows: Vec<Vec<Cell>> = stocks.flat_map(|stock| there(records, market, stock, at)).collect();
        let key: Vec<usize> = records.key.iter().filter_map(|name| self.column(name)).collect();
        rows.sort_by(|a, b| {
            let keys = key.iter().map(|&column| a[column].text()).cmp(key.iter().map(|&column| b[column].text()));
            keys.then_with(|| a.iter().map(Cell::text).cmp(b.iter().map(Cell::text)))
        });
        rows
    }

    /// The companies that `ts_code` names: several where it is a filter, the first only where it is needed, all where
    /// it is no parameter.
    fn companies<'a>(&self, market: &'a Market, params: &Params) -> Vec<&'a Stock> {
        let most = if self.filters.contains(&"ts_code") {
            usize::MAX
        } else if self.one_of.contains(&"ts_code") {
            1
        } else {
            return market.stocks.iter().collect();
        };
        let Some(codes) = params.get("ts_code") else {
            return market.stocks.iter().collect();
        };
        let mut named: Vec<usize> = codes.split(',').take(most).filter_map(|code| market.find(code.trim())).collect();
        named.sort_unstable();
        named.dedup(); // a code named twice is still one company
        named.into_iter().map(|stock| &market.stocks[stock]).collect()
    }
}

/// A company's rows at a moment. Nothing is known of one before it is listed.
fn there(records: &Records, market: &Market, stock: &Stock, at: Option<Moment>) -> Vec<Vec<Cell>> {
    let known = stock.security.listed_on().is_some_and(|listed| at.is_none_or(|at| on(listed, 18, 0) <= at));
    if !known {
        return Vec::new();
    }
    let rows = (records.rows)(market, stock).into_iter();
    rows.filter(|row| row.shows(at)).map(|row| row.cells).collect()
}
