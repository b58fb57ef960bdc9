//! Which rows a request gets, and in what order: newest day first, in no particular order within a day.
//!
//! The order is the same for the same filters, so that pages fit together. Parameters are parsed elsewhere.

use super::endpoint::Endpoint;
use super::reprint::Press;
use super::{days, realtime};
use crate::Cell;
use crate::market::moment_of;
use crate::tables::{Params, Scene};
use chrono::NaiveDate;

/// What a request asks for, with the names of /v1.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    /// Indices of fields, and their allowed values.
    pub(crate) equal: Vec<(usize, Vec<String>)>,
    /// First and last day of the window, as YYYY-MM-DD or longer.
    pub(crate) start: Option<String>,
    pub(crate) end: Option<String>,
    /// The least importance of news.
    pub(crate) importance: Option<i64>,
    pub(crate) skip: usize,
    pub(crate) take: usize,
}

impl Query {
    /// Whether a day or second is in the window. The last day counts to its last second.
    fn covers(&self, moment: &str) -> bool {
        let cut = |limit: &str| moment.len().min(limit.len());
        self.start.as_deref().is_none_or(|start| moment[..cut(start)] >= start[..cut(start)])
            && self.end.as_deref().is_none_or(|end| moment[..cut(end)] <= end[..cut(end)])
    }
}

impl Endpoint {
    pub(crate) fn select(&self, scene: Scene<'_>, query: &Query) -> Vec<Vec<Cell>> {
        let slices = self.slices(scene, query).into_iter();
        let rows = slices.flat_map(|slice| self.made(scene, slice, query));
        rows.filter(|row| self.matches(row, query)).skip(query.skip).take(query.take).collect()
    }

    fn matches(&self, row: &[Cell], query: &Query) -> bool {
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

    /// The days to generate one by one, newest first, that a request needs. A single `None` if all rows are generated
    /// at once.
    fn slices(&self, scene: Scene<'_>, query: &Query) -> Vec<Option<NaiveDate>> {
        if self.origin.from != "news" && self.contract.call.range.as_deref() != Some("trade_date") {
            return vec![None];
        }
        let exactly = query.equal.iter().find(|(place, _)| self.fields[*place].name == "trade_date");
        let is_asked = |day: &NaiveDate| {
            let day = day.to_string();
            query.covers(&day) && exactly.is_none_or(|(_, days)| days.contains(&day))
        };
        let calendar = &scene.market.calendar;
        let days = calendar.start.iter_days().take_while(|day| *day <= calendar.end).filter(is_asked);
        let mut newest_first: Vec<Option<NaiveDate>> = days.map(Some).collect();
        newest_first.reverse();
        newest_first
    }

    /// The rows of a slice in the order sent, before any filter that Tushare does not have. Directories keep their
    /// order.
    fn made(&self, scene: Scene<'_>, slice: Option<NaiveDate>, query: &Query) -> Vec<Vec<Cell>> {
        let mut rows = match (self.origin.from.as_str(), slice) {
            ("realtime", _) => realtime::rows(scene.market, scene.at),
            ("news", Some(day)) => days::news(scene.market, scene.at, day),
            ("southbound", Some(day)) => days::southbound(scene.market, scene.at, day),
            _ => self.reprinted(scene, slice, query),
        };
        if let Some(dated) = self.dated() {
            let moment = slice.map_or(0, moment_of);
            scene.market.dice("reprint order", self.address(), moment).shuffle(&mut rows);
            rows.sort_by(|a, b| b[dated].text().cmp(&a[dated].text()));
        }
        rows
    }

    fn reprinted(&self, scene: Scene<'_>, slice: Option<NaiveDate>, query: &Query) -> Vec<Vec<Cell>> {
        let Some(interface) = scene.catalog.find(&self.origin.from) else {
            return Vec::new();
        };
        let mut params: Params = self.origin.with.iter().cloned().collect();
        // Avoids generating rows that would be left out.
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
