//! Interfaces that are lists of a session: one row for each item of a population, cells by kind of column.
//!
//! What the vendor documents is in `table` and `markets`, who has a row in `items`, `constituents` and `known`, what a
//! cell says in `cells`, `connect`, `margin` and `numbers`, and the bars behind them in `quotes`. No HTTP and no files.

mod cells;
mod connect;
mod constituents;
mod items;
pub(crate) mod known;
mod margin;
mod markets;
mod numbers;
mod quotes;
mod table;

pub(crate) use items::items;
pub(crate) use known::{HONG_KONG, INDICES, board_type};
pub(crate) use markets::MARKETS;
pub(crate) use table::SHEETS;

use super::Interface;
use super::release::Release;
use super::select::{Params, in_range};
use crate::Cell;
use crate::market::Market;
use crate::market::dice::interface_dice;
use crate::market::moments::Moment;
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use std::cmp::Reverse;

/// Past the address of every item.
const ORDER: usize = u32::MAX as usize;

/// A column's name and what its cells are.
pub(crate) type Column = (&'static str, Kind);

/// What the cells of a column are, by the vendor's unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Code,
    /// YYYYMMDD.
    Day,
    /// A name or free text.
    Text,
    /// One of documented values.
    Tag,
    /// CNY or HKD per share, index points or a rate of exchange, with the decimals of the item.
    Price,
    Yuan,
    Yuan1k,
    Yuan10k,
    Yuan100m,
    /// Million CNY as a JSON string.
    MillionText,
    Shares,
    Lots,
    Shares10k,
    Shares100m,
    Percent,
    /// Not times a hundred.
    Fraction,
    Times,
    /// A whole number in a float column.
    Count,
    Count10k,
    /// A whole number in an integer column.
    Whole,
    Rank,
    /// An indicator or another number.
    Value,
}

/// Who has rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Population {
    /// Stocks that trade.
    Trading,
    /// Those without Beijing.
    Mainland,
    /// Stocks that are listed, suspended or not.
    Listed,
    /// Two thirds of the listed stocks of Shanghai and Shenzhen.
    Margin,
    /// Stocks of the Connect, about half.
    Held,
    /// The Connect's lists, in both directions.
    Eligible,
    /// Stocks under special treatment.
    Treated,
    /// A few stocks, each once a reason.
    Reasons,
    /// Ten seats for each of those.
    Seats,
    Deals,
    /// The ten most traded of either mainland exchange.
    Northbound,
    /// Ten of Hong Kong by either channel.
    Southbound,
    DcBoards,
    ThsBoards,
    Shenwan,
    Indices,
    Funds,
    Pairs,
    /// Stocks that traded in the week that ends.
    Weeks,
    /// Stocks that traded in the month that ends.
    Months,
    /// Stocks of each index, in the last session of a month.
    Constituents,
    /// Stocks of each Eastmoney board.
    DcMembers,
    /// The exchanges, each once.
    MarginTotals,
    /// One row where Hong Kong is open, too.
    Connect,
}

/// How the rows of such an interface are made.
#[derive(Clone, Copy)]
pub(crate) struct Sheet {
    pub(crate) population: Population,
    pub(crate) columns: &'static [Column],
    /// Documented key, without the occurrence of rows that repeat it.
    pub(crate) key: &'static [&'static str],
    pub(crate) release: Release,
}

impl Sheet {
    /// Its days, newest first: sessions, and for currencies the holidays among them, as [`Calendar::day`] counts them.
    ///
    /// [`Calendar::day`]: crate::market::calendar::Calendar::day
    pub(crate) fn days(&self, market: &Market) -> Vec<usize> {
        let calendar = &market.calendar;
        let holidays = if self.population == Population::Pairs { calendar.holidays.len() } else { 0 };
        let mut days: Vec<usize> = (0..calendar.sessions.len() + holidays).collect();
        days.sort_by_key(|day| Reverse(calendar.day(*day)));
        days
    }
}

/// What a row draws first, 1 to 1000 each, for figures that are related.
fn draws(rng: &mut ChaCha8Rng) -> [i64; 4] {
    [(); 4].map(|()| rng.random_range(1..=1000))
}

/// The names of columns.
const fn names<const N: usize>(columns: &[Column; N]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut place = 0;
    while place < N {
        names[place] = columns[place].0;
        place += 1;
    }
    names
}

impl Interface {
    /// Rows of a sheet that a request gets: newest session first, shuffled within it, the same way for every
    /// filter.
    pub(crate) fn session_rows(
        &self,
        sheet: &Sheet,
        market: &Market,
        at: Option<Moment>,
        params: &Params,
        (skip, take): (usize, usize),
    ) -> Vec<Vec<Cell>> {
        let place = self.place();
        // An item's code is in another column where there is none of that name.
        let codes = self.column("ts_code").and_then(|_| params.get("ts_code"));
        let codes: Option<Vec<&str>> = codes.map(|codes| codes.split(',').map(str::trim).collect());
        let codes = codes.as_ref();
        let newest_first = sheet.days(market).into_iter();
        newest_first
            .filter(|&session| in_range(&market.calendar.stamp(session), params))
            .filter(|&session| self.is_out(market, session, at))
            .flat_map(|session| {
                let mut items = items(market, sheet.population, session);
                items.shuffle(&mut interface_dice(market.seed, place, ORDER, session));
                let asked =
                    items.into_iter().filter(move |item| codes.is_none_or(|codes| codes.contains(&item.code.as_str())));
                asked.map(move |item| cells::row(market, sheet, place, &item, session))
            })
            .filter(|row| self.passes(row, params))
            .skip(skip)
            .take(take)
            .collect()
    }

    /// Every row of a sheet there is at a moment, sorted by its key and then by all its cells.
    pub(crate) fn all_session_rows(&self, sheet: &Sheet, market: &Market, at: Option<Moment>) -> Vec<Vec<Cell>> {
        let place = self.place();
        let mut rows: Vec<Vec<Cell>> = (sheet.days(market).into_iter())
            .filter(|&session| self.is_out(market, session, at))
            .flat_map(|session| {
                let items = items(market, sheet.population, session).into_iter();
                items.map(move |item| cells::row(market, sheet, place, &item, session))
            })
            .collect();
        let key: Vec<usize> = sheet.key.iter().filter_map(|name| self.column(name)).collect();
        rows.sort_by(|a, b| {
            let keys = key.iter().map(|&column| a[column].text()).cmp(key.iter().map(|&column| b[column].text()));
            keys.then_with(|| a.iter().map(Cell::text).cmp(b.iter().map(Cell::text)))
        });
        rows
    }

    /// Sheets are never halved, so that any stock stands for all.
    fn is_out(&self, market: &Market, session: usize, at: Option<Moment>) -> bool {
        at.is_none_or(|at| self.opening(market, session).shows(0, at))
    }
}
