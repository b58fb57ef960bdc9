//! Which rows a request gets, and in what order: newest first, and within a day in no order that anyone knows.
//!
//! The order is the same for the same filters, so that pages fit together. Parameters are read elsewhere.

use super::endpoint::{Endpoint, Source};
use super::reprint::Press;
use super::{news, realtime, southbound};
use crate::Cell;
use crate::market::Market;
use crate::market::dice::dice;
use crate::scene::Scene;
use crate::tables::asked::Params;
use chrono::{Datelike, NaiveDate};
use rand::seq::SliceRandom;

/// What a request asks for, in the words of /v1.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    /// Fields and the values they may have.
    pub(crate) equal: Vec<(String, Vec<String>)>,
    /// First and last day of the window, YYYY-MM-DD or longer.
    pub(crate) start: Option<String>,
    pub(crate) end: Option<String>,
    /// Least importance of news.
    pub(crate) importance: Option<i64>,
    pub(crate) skip: usize,
    pub(crate) take: usize,
}

impl Query {
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

    /// The day of a window that holds but one.
    fn single_day(&self) -> Option<&str> {
        self.start.as_deref().filter(|start| self.end.as_deref() == Some(start))
    }
}

impl Endpoint {
    /// The rows that a request gets.
    pub(crate) fn select(&self, scene: Scene<'_>, query: &Query) -> Vec<Vec<Cell>> {
        let equal: Vec<(usize, &[String])> =
            query.equal.iter().filter_map(|(name, values)| Some((self.place(name)?, values.as_slice()))).collect();
        let (dated, importance) = (self.dated(), self.place("importance"));
        let wanted =
            |row: &Vec<Cell>| {
                equal.iter().all(|(place, values)| {
                    row[*place].text().is_some_and(|cell| values.iter().any(|value| value == cell))
                }) && dated.is_none_or(|place| {
                    row[place].text().map_or(query.start.is_none() && query.end.is_none(), |day| query.covers(day))
                }) && query.importance.is_none_or(|least| {
                    importance.and_then(|place| row[place].text()?.parse().ok()).is_some_and(|rank: i64| rank >= least)
                })
            };
        let slices = self.slices(scene.market, query).into_iter();
        let rows = slices.flat_map(|slice| self.in_order(scene, slice, query));
        rows.filter(wanted).skip(query.skip).take(query.take).collect()
    }

    /// Every row there is.
    pub(crate) fn all(&self, scene: Scene<'_>) -> Vec<Vec<Cell>> {
        let everything = Query::default();
        let slices = self.slices(scene.market, &everything).into_iter();
        slices.flat_map(|slice| self.made(scene, slice, &everything)).collect()
    }

    /// The days whose rows are made one day after the other, newest first, as far as a request touches them; none in
    /// one slice for what is made at once.
    fn slices(&self, market: &Market, query: &Query) -> Vec<Option<NaiveDate>> {
        let mut days: Vec<NaiveDate> = match (self.source, self.contract.call.range.as_deref()) {
            (Source::News, _) => {
                market.calendar.start.iter_days().take_while(|day| *day <= market.calendar.end).collect()
            }
            // Currencies have rows on holidays, too.
            (Source::Interface | Source::Southbound, Some("trade_date")) if self.entry.from != "fx_daily" => {
                market.calendar.sessions.clone()
            }
            _ => return vec![None],
        };
        let exactly = query.equal.iter().find(|(name, _)| name == "trade_date").map(|(_, days)| days);
        days.retain(|day| {
            let day = day.to_string();
            query.touches(&day) && exactly.is_none_or(|days| days.contains(&day))
        });
        days.into_iter().rev().map(Some).collect()
    }

    /// The rows of a slice as they leave; directories keep their order.
    fn in_order(&self, scene: Scene<'_>, slice: Option<NaiveDate>, query: &Query) -> Vec<Vec<Cell>> {
        let mut rows = self.made(scene, slice, query);
        if let Some(dated) = self.dated() {
            let moment = slice.map_or(0, |day| usize::try_from(day.num_days_from_ce()).unwrap_or_default());
            rows.shuffle(&mut dice(scene.market.seed, "reprint order", self.address(), moment));
            rows.sort_by(|a, b| b[dated].text().cmp(&a[dated].text()));
        }
        rows
    }

    /// The rows of a slice, before any filter that is not Tushare's too.
    fn made(&self, scene: Scene<'_>, slice: Option<NaiveDate>, query: &Query) -> Vec<Vec<Cell>> {
        let Scene { market, at, .. } = scene;
        match (self.source, slice) {
            (Source::Realtime, _) => realtime::rows(market, at),
            (Source::News, Some(day)) => news::rows(market, at, day),
            (Source::Southbound, Some(day)) => southbound::rows(market, at, day),
            (Source::News | Source::Southbound, None) => Vec::new(),
            (Source::Interface, _) => self.reprinted(scene, slice, query),
        }
    }

    fn reprinted(&self, scene: Scene<'_>, slice: Option<NaiveDate>, query: &Query) -> Vec<Vec<Cell>> {
        let Some(interface) = scene.interface(&self.entry.from) else {
            return Vec::new();
        };
        let mut params: Params = self.entry.with.iter().cloned().collect();
        // Saves making rows that would be left out.
        let codes = query.equal.iter().filter(|(field, _)| field.ends_with("_code"));
        params.extend(codes.map(|(field, values)| (field.clone(), values.join(","))));
        let compact = |day: &str| day.replace('-', "");
        if let Some(day) = slice {
            let day = compact(&day.to_string());
            params.extend(["trade_date", "start_date", "end_date"].map(|name| (name.to_owned(), day.clone())));
        } else if let (Some(day), Some("end_date")) = (query.single_day(), self.contract.call.range.as_deref()) {
            params.insert("period".to_owned(), compact(day));
        }
        let press = Press::new(scene.market, self, interface);
        let rows = interface.select(scene.market, scene.at, &params, (0, usize::MAX));
        rows.iter().filter_map(|row| press.print(row)).collect()
    }
}
