//! Which rows a request gets, and in what order: newest first, and within a day in no order that anyone knows.
//!
//! The order is the same for the same filters, so that pages fit together. Parameters are read elsewhere.

use super::endpoint::{Endpoint, Source};
use super::realtime;
use super::reprint::Press;
use crate::Cell;
use crate::market::calendar::moment_of;
use crate::market::dice::dice;
use crate::scene::Scene;
use crate::tables::asked::Params;
use crate::tables::served::Content;
use chrono::NaiveDate;
use rand::seq::SliceRandom;
use std::cmp::Reverse;

/// What a request asks for, in the words of /v1.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    /// Places of fields and the values they may have.
    pub(crate) equal: Vec<(usize, Vec<String>)>,
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
}

impl Endpoint {
    pub(crate) fn select(&self, scene: Scene<'_>, query: &Query) -> Vec<Vec<Cell>> {
        let slices = self.slices(scene, query).into_iter();
        let rows = slices.flat_map(|slice| self.in_order(scene, slice, query));
        rows.filter(|row| self.wants(row, query)).skip(query.skip).take(query.take).collect()
    }

    fn wants(&self, row: &[Cell], query: &Query) -> bool {
        let text = |place: usize| row[place].text();
        let has = |place: usize, values: &[String]| text(place).is_some_and(|cell| values.iter().any(|v| v == cell));
        let is_inside = |place: usize| match text(place) {
            Some(day) => query.covers(day),
            None => query.start.is_none() && query.end.is_none(),
        };
        let rank = || text(self.place("importance")?)?.parse::<i64>().ok();
        query.equal.iter().all(|(place, values)| has(*place, values))
            && self.dated().is_none_or(is_inside)
            && query.importance.is_none_or(|least| rank().is_some_and(|rank| rank >= least))
    }

    pub(crate) fn all(&self, scene: Scene<'_>) -> Vec<Vec<Cell>> {
        let everything = Query::default();
        let slices = self.slices(scene, &everything).into_iter();
        slices.flat_map(|slice| self.made(scene, slice, &everything)).collect()
    }

    /// The days whose rows are made one day after the other, newest first, as far as a request touches them; none in
    /// one slice for what is made at once.
    fn slices(&self, scene: Scene<'_>, query: &Query) -> Vec<Option<NaiveDate>> {
        let calendar = &scene.market.calendar;
        let mut days: Vec<NaiveDate> = match (self.source, self.contract.call.range.as_deref()) {
            (Source::Days(_), _) => calendar.start.iter_days().take_while(|day| *day <= calendar.end).collect(),
            (Source::Interface, Some("trade_date")) => {
                let holidays = self.has_holidays(scene).then_some(&calendar.holidays);
                calendar.sessions.iter().chain(holidays.into_iter().flatten()).copied().collect()
            }
            _ => return vec![None],
        };
        let exactly =
            query.equal.iter().find(|(place, _)| self.fields[*place].name == "trade_date").map(|(_, days)| days);
        days.retain(|day| {
            let day = day.to_string();
            query.touches(&day) && exactly.is_none_or(|days| days.contains(&day))
        });
        days.sort_by_key(|day| Reverse(*day));
        days.into_iter().map(Some).collect()
    }

    fn has_holidays(&self, scene: Scene<'_>) -> bool {
        let content = scene.catalog.find(&self.entry.from).map(|interface| &interface.content);
        matches!(content, Some(Content::Sessions(population, _)) if population.on_holidays)
    }

    /// The rows of a slice as they leave; directories keep their order.
    fn in_order(&self, scene: Scene<'_>, slice: Option<NaiveDate>, query: &Query) -> Vec<Vec<Cell>> {
        let mut rows = self.made(scene, slice, query);
        if let Some(dated) = self.dated() {
            let moment = slice.map_or(0, moment_of);
            rows.shuffle(&mut dice(scene.market.seed, "reprint order", self.address(), moment));
            rows.sort_by(|a, b| b[dated].text().cmp(&a[dated].text()));
        }
        rows
    }

    /// The rows of a slice, before any filter that is not Tushare's too.
    fn made(&self, scene: Scene<'_>, slice: Option<NaiveDate>, query: &Query) -> Vec<Vec<Cell>> {
        match (self.source, slice) {
            (Source::Realtime, _) => realtime::rows(scene.market, scene.at),
            (Source::Days(rows), Some(day)) => rows(scene.market, scene.at, day),
            _ => self.reprinted(scene, slice, query),
        }
    }

    fn reprinted(&self, scene: Scene<'_>, slice: Option<NaiveDate>, query: &Query) -> Vec<Vec<Cell>> {
        let Some(interface) = scene.catalog.find(&self.entry.from) else {
            return Vec::new();
        };
        let mut params: Params = self.entry.with.iter().cloned().collect();
        // Saves making rows that would be left out.
        let named = query.equal.iter().map(|(place, values)| (&self.fields[*place].name, values));
        let codes = named.filter(|(field, _)| field.ends_with("_code"));
        params.extend(codes.map(|(field, values)| (field.clone(), values.join(","))));
        let compact = |day: &str| day.replace('-', "");
        let single = query.start.as_ref().filter(|_| query.start == query.end);
        if let Some(day) = slice {
            let day = compact(&day.to_string());
            params.extend(["trade_date", "start_date", "end_date"].map(|name| (name.to_owned(), day.clone())));
        } else if let (Some(day), Some("end_date")) = (single, self.contract.call.range.as_deref()) {
            params.insert("period".to_owned(), compact(day));
        }
        let press = Press::new(scene.market, self, interface);
        let rows = interface.select(scene.market, scene.at, &params, (0, usize::MAX));
        rows.iter().filter_map(|row| press.print(row)).collect()
    }
}
