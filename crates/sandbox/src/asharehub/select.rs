//! Which rows a request gets, and in what order: newest first, and within a day in no order that anyone knows.
//!
//! The order is the same for the same filters, so that pages fit together. Parameters are read elsewhere.

use super::endpoints::{Axis, Source};
use super::reprint::Press;
use super::{Endpoint, news, realtime, southbound};
use crate::Cell;
use crate::market::Market;
use crate::market::calendar::stamp;
use crate::market::dice::{Topic, dice};
use crate::market::moments::Moment;
use crate::tables::asked::Params;
use chrono::{Datelike, NaiveDate};
use rand::seq::SliceRandom;

/// What a request asks for, in the words of /v1.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    /// Columns and the values they may have.
    pub(crate) equal: Vec<(&'static str, Vec<String>)>,
    /// First and last day of the window, YYYY-MM-DD or longer.
    pub(crate) start: Option<String>,
    pub(crate) end: Option<String>,
    /// Least importance of news.
    pub(crate) importance: Option<i64>,
    pub(crate) skip: usize,
    pub(crate) take: usize,
}

/// Rows that are made together.
#[derive(Clone, Copy)]
enum Slice {
    Session(usize),
    Day(NaiveDate),
    Period(NaiveDate),
    Whole,
}

impl Query {
    fn values(&self, column: &str) -> Option<&[String]> {
        self.equal.iter().find(|(name, _)| *name == column).map(|(_, values)| values.as_slice())
    }

    /// Whether a day or second is inside the window: the last day is, to its last second.
    fn covers(&self, moment: &str) -> bool {
        let cut = |limit: &str| moment.get(..limit.len()).unwrap_or(moment).to_owned();
        self.start.as_deref().is_none_or(|start| cut(start).as_str() >= start)
            && self.end.as_deref().is_none_or(|end| cut(end).as_str() <= end)
    }

    /// Whether a whole day may have rows inside the window.
    fn touches(&self, day: &str) -> bool {
        let day_of = |limit: &str| limit.get(..10).unwrap_or(limit).to_owned();
        self.start.as_deref().is_none_or(|start| day >= day_of(start).as_str())
            && self.end.as_deref().is_none_or(|end| day <= day_of(end).as_str())
    }
}

impl Endpoint {
    /// The rows that a request gets at a moment.
    pub(crate) fn select(&self, market: &Market, at: Option<Moment>, query: &Query) -> Vec<Vec<Cell>> {
        let columns = self.columns();
        let place = |name: &str| columns.iter().position(|column| column.name == name);
        let equal: Vec<(usize, &[String])> =
            query.equal.iter().filter_map(|(name, values)| Some((place(name)?, values.as_slice()))).collect();
        let (dated, importance) = (place(self.dated), place("importance"));
        let wanted = |row: &Vec<Cell>| {
            equal.iter().all(|(column, values)| {
                row[*column].text().is_some_and(|cell| values.iter().any(|value| value == cell))
            }) && dated.is_none_or(|column| {
                row[column].text().map_or(query.start.is_none() && query.end.is_none(), |day| query.covers(day))
            }) && query.importance.is_none_or(|least| {
                importance.and_then(|column| row[column].text()?.parse().ok()).is_some_and(|rank: i64| rank >= least)
            })
        };
        let slices = self.slices(market, query).into_iter();
        let rows = slices.flat_map(|slice| self.in_order(market, at, slice, query, dated));
        rows.filter(wanted).skip(query.skip).take(query.take).collect()
    }

    /// Every row there is at a moment, sorted by key and then by all cells.
    pub(crate) fn all(&self, market: &Market, at: Option<Moment>) -> Vec<Vec<Cell>> {
        let everything = Query::default();
        let slices = self.slices(market, &everything).into_iter();
        let mut rows: Vec<Vec<Cell>> = slices.flat_map(|slice| self.made(market, at, slice, &everything)).collect();
        let columns = self.columns();
        let key: Vec<usize> =
            self.key.split(' ').filter_map(|name| columns.iter().position(|column| column.name == name)).collect();
        rows.sort_by(|a, b| {
            let keys = key.iter().map(|&column| a[column].text()).cmp(key.iter().map(|&column| b[column].text()));
            keys.then_with(|| a.iter().map(Cell::text).cmp(b.iter().map(Cell::text)))
        });
        rows
    }

    /// The slices a request touches, newest first.
    fn slices(&self, market: &Market, query: &Query) -> Vec<Slice> {
        let axis = match self.source {
            Source::Tushare(_, axis, _) => axis,
            Source::Southbound => Axis::Session,
            Source::Realtime => Axis::Whole,
            Source::News => {
                let days = market.calendar.start.iter_days().take_while(|day| *day <= market.calendar.end);
                let mut days: Vec<Slice> = days.filter(|day| query.touches(&day.to_string())).map(Slice::Day).collect();
                days.reverse();
                return days;
            }
        };
        let asked = |day: &str| {
            let exactly = query.values(self.dated);
            query.covers(day) && exactly.is_none_or(|days| days.iter().any(|wanted| wanted == day))
        };
        match axis {
            Axis::Whole => vec![Slice::Whole],
            Axis::Session => {
                let sessions = (0..market.calendar.sessions.len()).rev();
                sessions
                    .filter(|&session| asked(&market.calendar.sessions[session].to_string()))
                    .map(Slice::Session)
                    .collect()
            }
            Axis::Period => {
                let periods = market.periods().into_iter().rev();
                periods.filter(|day| asked(&day.to_string())).map(Slice::Period).collect()
            }
        }
    }

    /// The rows of a slice as they leave.
    fn in_order(
        &self,
        market: &Market,
        at: Option<Moment>,
        slice: Slice,
        query: &Query,
        dated: Option<usize>,
    ) -> Vec<Vec<Cell>> {
        let mut rows = self.made(market, at, slice, query);
        let Some(dated) = dated else {
            return rows; // directories keep their order
        };
        let moment = match slice {
            Slice::Session(session) => session,
            Slice::Day(day) | Slice::Period(day) => usize::try_from(day.num_days_from_ce()).unwrap_or_default(),
            Slice::Whole => 0,
        };
        rows.shuffle(&mut dice(market.seed, Topic::ReprintOrder, self.place(), moment));
        rows.sort_by(|a, b| b[dated].text().cmp(&a[dated].text()));
        rows
    }

    /// The rows of a slice, before any filter that is not Tushare's too.
    fn made(&self, market: &Market, at: Option<Moment>, slice: Slice, query: &Query) -> Vec<Vec<Cell>> {
        match (self.source, slice) {
            (Source::Realtime, _) => realtime::rows(market, at),
            (Source::News, Slice::Day(day)) => news::rows(market, at, day),
            (Source::Southbound, Slice::Session(session)) => southbound::rows(market, at, session),
            (Source::News | Source::Southbound, _) => Vec::new(),
            (Source::Tushare(name, _, fixed), _) => {
                let Some(interface) = market.interface(name) else {
                    return Vec::new();
                };
                let mut params: Params =
                    fixed.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
                // Saves making rows that would be left out.
                for (column, values) in &query.equal {
                    if column.ends_with("_code") {
                        params.insert((*column).to_owned(), values.join(","));
                    }
                }
                let day = match slice {
                    Slice::Session(session) => Some(("trade_date", market.calendar.stamps[session].clone())),
                    Slice::Period(day) => Some(("period", stamp(day))),
                    Slice::Day(_) | Slice::Whole => None,
                };
                params.extend(day.map(|(name, day)| (name.to_owned(), day)));
                let press = Press::new(market, self, interface);
                let rows = interface.select(market, at, &params, (0, usize::MAX));
                rows.iter().filter_map(|row| press.print(row)).collect()
            }
        }
    }
}
