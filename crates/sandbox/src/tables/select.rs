//! Which rows a request gets, and in what order: filters, the vendor's disorder, and paging.
//!
//! Row contents, caps and columns are decided by the callers and neighbours.

use super::daily::bars;
use super::release::Opening;
use super::sessions::board_type;
use super::text::Pen;
use super::{Content, Interface, Place};
use crate::Cell;
use crate::market::Market;
use crate::market::dice::interface_dice;
use crate::market::moments::Moment;
use rand::seq::SliceRandom;
use std::collections::BTreeMap;

/// Parameters of a request as text; nulls and empty texts are left out.
pub(crate) type Params = BTreeMap<String, String>;

impl Interface {
    /// Rows `skip..skip + take` of those that `params` ask for and that are there at a moment (without one:
    /// after everything), all columns, in wire order.
    pub(crate) fn select(
        &self,
        market: &Market,
        at: Option<Moment>,
        params: &Params,
        skip: usize,
        take: usize,
    ) -> Vec<Vec<Cell>> {
        let wanted = |row: &Vec<Cell>| self.passes(row, params);
        match self.content {
            Content::Snapshot { rows, date } => {
                let dated = |row: &Vec<Cell>| {
                    date.and_then(|date| row[self.column(date)?].text()).is_none_or(|day| in_range(day, params))
                };
                rows(market, at).into_iter().filter(wanted).filter(dated).skip(skip).take(take).collect()
            }
            Content::Reports(_) => self.reports(market, at, params, skip, take),
            Content::Sessions(ref sheet) => self.session_rows(sheet, market, at, params, (skip, take)),
            Content::Records(ref records) => self.records(records, market, at, params, (skip, take)),
            Content::Detail { .. } => self.details(market, at, params, (skip, take)),
            Content::PerSession { .. } => self
                .places(market, at, params)
                .filter(|place| self.filters.is_empty() || self.rows_of(place, params).iter().all(wanted))
                .skip(skip)
                .take(take)
                .flat_map(|place| self.rows_of(&place, params))
                .collect(),
        }
    }

    /// Every row there is at a moment, sorted by key.
    pub(crate) fn all(&self, market: &Market, at: Option<Moment>) -> Vec<Vec<Cell>> {
        match self.content {
            Content::Snapshot { rows, .. } => {
                let mut rows = rows(market, at);
                rows.sort_by(|a, b| a.iter().map(Cell::text).cmp(b.iter().map(Cell::text)));
                rows
            }
            Content::Reports(_) => self.all_reports(market, at),
            Content::Sessions(ref sheet) => self.all_session_rows(sheet, market, at),
            Content::Records(ref records) => self.all_records(records, market, at),
            Content::PerSession { .. } | Content::Detail { .. } => {
                let sessions = 0..market.calendar.sessions.len();
                let openings: Vec<Opening> = sessions.clone().map(|session| self.opening(market, session)).collect();
                (0..market.stocks.len())
                    .flat_map(|stock| sessions.clone().map(move |session| (stock, session)))
                    .filter(|&(stock, session)| at.is_none_or(|at| openings[session].shows(stock, at)))
                    .flat_map(|(stock, session)| self.of_stock(market, at, stock, session))
                    .flat_map(|place| self.rows_of(&place, &Params::new()))
                    .collect()
            }
        }
    }

    /// Newest session first; within a session the stocks are shuffled, the same way for the same filter,
    /// so that pages of one query fit together.
    pub(super) fn places<'a>(
        &'a self,
        market: &'a Market,
        at: Option<Moment>,
        params: &'a Params,
    ) -> impl Iterator<Item = Place<'a>> {
        let mut chosen: Vec<usize> = match params.get("ts_code") {
            Some(codes) => codes.split(',').filter_map(|code| market.find(code.trim())).collect(),
            None => (0..market.stocks.len()).collect(),
        };
        chosen.sort_unstable();
        chosen.dedup(); // a code named twice is still one stock
        let newest_first = (0..market.calendar.sessions.len()).rev();
        newest_first.filter(|&session| in_range(&market.calendar.stamps[session], params)).flat_map(move |session| {
            let mut order = chosen.clone();
            // Past every stock's own address, so that order and spelling are independent.
            order.shuffle(&mut interface_dice(market.seed, self.place(), market.stocks.len(), session));
            let opening = self.opening(market, session);
            let there = order.into_iter().filter(move |&stock| at.is_none_or(|at| opening.shows(stock, at)));
            there.flat_map(move |stock| self.of_stock(market, at, stock, session))
        })
    }

    fn of_stock<'a>(
        &self,
        market: &'a Market,
        at: Option<Moment>,
        stock: usize,
        session: usize,
    ) -> impl Iterator<Item = Place<'a>> + use<'a> {
        let draft = self.draft(market, stock, session, at);
        let stock = &market.stocks[stock];
        let rows = match self.content {
            Content::PerSession { count, .. } => count(stock, session),
            // All of them at once.
            Content::Detail { .. } => bars(stock, session),
            _ => 0,
        };
        (0..rows).map(move |ordinal| Place { market, stock, session, ordinal, draft })
    }

    /// The row of a place, or all that an interface of details has there, by key.
    pub(super) fn rows_of(&self, place: &Place<'_>, params: &Params) -> Vec<Vec<Cell>> {
        let number = place.stock.security.number;
        let mut pen = Pen { rng: interface_dice(place.market.seed, self.place(), number, place.session) };
        match self.content {
            Content::PerSession { cells, .. } => vec![cells(&mut pen, place)],
            Content::Detail { rows, .. } => rows(&mut pen, place, params),
            _ => Vec::new(),
        }
    }

    /// Whether the row has, for each filter sent or implied, one of its comma-separated values.
    pub(super) fn passes(&self, row: &[Cell], params: &Params) -> bool {
        self.filters.iter().all(|&name| {
            let cell = |name| self.column(name).and_then(|column| row[column].text());
            let column = self.renamed.iter().find(|(param, _)| *param == name).map_or(name, |(_, column)| *column);
            let value = match (name, cell(column)) {
                ("exchange", None) => cell("ts_code").and_then(|code| code.split('.').nth(1)),
                ("idx_type", None) => cell("ts_code").and_then(board_type),
                ("symbol", None) => cell("ts_code").and_then(|code| code.split('.').next()),
                (_, value) => value,
            };
            self.wanted(name, params).is_none_or(|mut wanted| wanted.any(|wanted| Some(wanted) == value))
        })
    }

    /// The comma-separated values of a filter, sent or implied; none if there is no such filter.
    pub(crate) fn wanted<'a>(&self, name: &str, params: &'a Params) -> Option<impl Iterator<Item = &'a str>> {
        let implied = self.defaults.iter().find(|(param, _)| *param == name).map(|(_, value)| *value);
        let sent = params.get(name).map(String::as_str).filter(|_| self.filters.contains(&name));
        Some(sent.or(implied)?.split(',').map(str::trim))
    }
}

/// Whether a day (YYYYMMDD) is what `trade_date`, `start_date` and `end_date` leave.
pub(super) fn in_range(day: &str, params: &Params) -> bool {
    let param = |name: &str| params.get(name).map(String::as_str);
    param("trade_date").is_none_or(|wanted| day == wanted)
        && param("start_date").is_none_or(|start| start <= day)
        && param("end_date").is_none_or(|end| day <= end)
}
