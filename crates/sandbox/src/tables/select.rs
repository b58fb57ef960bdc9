//! Which rows a request gets, and in what order: filters, the vendor's lack of order, and paging.
//!
//! The contents of rows, caps and columns are decided elsewhere.

use super::rows::NONE;
use super::served::{Content, Served};
use super::sessions::item::{Item, Population, Row};
use super::{Asked, Line, Params, Value};
use crate::Cell;
use crate::market::{Fnv, Market, Moment, Stock, moment_of, on};
use chrono::NaiveDate;
use pitlake_contract::FieldType;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

/// Beyond the address of any item.
const ORDER: usize = u32::MAX as usize;

impl Served {
    /// The required parameters that a call lacks.
    pub(crate) fn missing(&self, params: &Params) -> Vec<&str> {
        let call = &self.contract.call;
        let absent = |name: &&String| !params.contains_key(*name);
        let mut missing: Vec<&str> = call.required.iter().filter(absent).map(String::as_str).collect();
        if !call.one_of.is_empty() && call.one_of.iter().all(|name| absent(&name)) {
            missing.extend(call.one_of.iter().map(String::as_str));
        }
        missing
    }

    /// Rows `skip..skip + take` of those that match `params` and exist at a moment (`None`: in the end), with all
    /// columns, in wire order.
    pub(crate) fn select(
        &self,
        market: &Market,
        at: Option<Moment>,
        params: &Params,
        (skip, take): (usize, usize),
    ) -> Vec<Vec<Cell>> {
        let asked = self.asked(market, at, params);
        let rows = self.rows(&asked).filter(|row| self.passes(row, params));
        let is_in_order = match self.content {
            // Sessions are in order, but not the times within one.
            Content::Sessions(..) => !self.is_timed(),
            Content::Records(..) => false,
            Content::Snapshot(..) => true,
        };
        if is_in_order {
            return rows.skip(skip).take(take).collect();
        }
        let mut rows: Vec<Vec<Cell>> = rows.collect();
        if matches!(self.content, Content::Records(..)) {
            self.dice(market, ORDER, 0).shuffle(&mut rows);
        }
        if let Some(day) = self.dated() {
            rows.sort_by(|a, b| b[day].text().cmp(&a[day].text()));
        }
        rows.into_iter().skip(skip).take(take).collect()
    }

    /// All rows at a moment, sorted by their cells, which usually means by code and day.
    pub(crate) fn all(&self, market: &Market, at: Option<Moment>) -> Vec<Vec<Cell>> {
        let mut rows: Vec<Vec<Cell>> = self.rows(&self.asked(market, at, &NONE)).collect();
        rows.sort_by(|a, b| compare(a, b));
        rows
    }

    fn asked<'a>(&'a self, market: &'a Market, at: Option<Moment>, params: &'a Params) -> Asked<'a> {
        let stocks = match self.codes(params) {
            Some(codes) => {
                let named = codes.into_iter().take(self.together()).filter_map(|code| market.find(code));
                // A code named twice is one stock.
                let named: BTreeSet<usize> = named.collect();
                named.into_iter().map(|stock| &market.stocks[stock]).collect()
            }
            None => market.stocks.iter().collect(),
        };
        Asked { market, at, params, fields: &self.fields, stocks }
    }

    /// The codes named in a call, if they filter the rows.
    fn codes<'a>(&'a self, params: &'a Params) -> Option<Vec<&'a str>> {
        let is_narrowing = self.contract.call.filter("ts_code") == Some("ts_code");
        self.wanted("ts_code", params).filter(|_| is_narrowing).map(Iterator::collect)
    }

    /// How many stocks a call may name. For records that need a code, all but the first are ignored.
    fn together(&self) -> usize {
        let call = &self.contract.call;
        let needed = call.required.iter().chain(&call.one_of).any(|name| name == "ts_code");
        let many = !needed || self.comma_list || self.contract.ask.together > 1;
        if many || matches!(self.content, Content::Sessions(..)) { usize::MAX } else { 1 }
    }

    /// All existing rows before filters, sessions newest first.
    fn rows<'a>(&'a self, asked: &'a Asked<'a>) -> Box<dyn Iterator<Item = Vec<Cell>> + 'a> {
        let (market, at) = (asked.market, asked.at);
        match self.content {
            Content::Sessions(population) => {
                let days = population.days(market).into_iter().filter(|&day| self.asks_for(day, asked));
                let items = days.flat_map(move |day| {
                    let items = self.items(population, asked, day);
                    items.into_iter().map(move |item| (item, day))
                });
                Box::new(items.map(move |(item, session)| {
                    let row = Row { market, item: &item, session, day: market.calendar.day(session) };
                    let mut dice = self.dice(market, item.address, moment_of(row.day));
                    let mut line = item.facts.clone();
                    line.extend((population.facts)(&row, &mut dice));
                    self.cells(&row, line, dice)
                }))
            }
            Content::Snapshot(lines) => {
                let today = at.map_or(market.calendar.end, |at| at.date());
                Box::new(lines(asked).into_iter().map(move |line| {
                    let stock = match line.get("ts_code") {
                        Some(Value::Text(code)) => market.find(code).map(|place| &market.stocks[place]),
                        _ => None,
                    };
                    self.written(market, (stock, today), line)
                }))
            }
            Content::Records(records) => {
                // Nothing is known about a company before its listing.
                let known = move |stock: &&Stock| {
                    let listed = stock.security.listed_on();
                    listed.is_some_and(|listed| at.is_none_or(|at| on(listed, 18, 0) <= at))
                };
                Box::new(asked.stocks.iter().copied().filter(known).flat_map(move |stock| {
                    let there = records(asked, stock).into_iter().filter(move |record| record.shows(at));
                    there.map(move |record| self.written(market, (Some(stock), record.from.date()), record.line))
                }))
            }
        }
    }

    /// Whether a call asks for a session, or for a holiday if the index is past the last session.
    fn asks_for(&self, day: usize, asked: &Asked<'_>) -> bool {
        let (stamp, params) = (asked.market.calendar.stamp(day), asked.params);
        let dated = |field: &str| self.fields.iter().any(|other| other.name == field && other.kind == FieldType::Date);
        let is = |param: &str| self.wanted(param, params).is_none_or(|mut days| days.any(|day| day == stamp));
        let mut exact = self.contract.call.filters.iter().filter(|(_, field)| dated(field));
        exact.all(|(param, _)| is(param)) && within(&stamp, params, 8)
    }

    /// The requested items that exist on such a day, in no order, but always the same for the same call.
    fn items<'a>(&self, population: &Population, asked: &Asked<'a>, day: usize) -> Vec<Item<'a>> {
        let (market, at) = (asked.market, asked.at);
        let opening = at.map(|at| (self.opening(market, day), at));
        // Before the first of them appears, nothing is generated.
        if opening.is_some_and(|(opening, at)| !opening.shows(None, at)) {
            return Vec::new();
        }
        let call = &self.contract.call;
        let codes = self.codes(asked.params);
        // A parameter may name a fact that is not a column.
        let facts = || {
            let known = |param: &str| call.filter(param).is_some() || self.column(param).is_some();
            asked.params.iter().filter(move |(param, _)| !known(param))
        };
        let mut items = (population.items)(asked, day);
        items.retain(|item| {
            codes.as_ref().is_none_or(|codes| codes.contains(&&*item.code))
                && facts().all(|(param, values)| {
                    let fact = item.fact(param);
                    fact.is_empty() || values.split(',').any(|value| value.trim() == fact)
                })
                && opening.is_none_or(|(opening, at)| opening.shows(item.stock, at))
        });
        if self.flaws.drafts {
            for item in &mut items {
                item.draft = item.stock.and_then(|stock| self.draft(market, stock, day, at));
            }
        }
        self.dice(market, ORDER, day).shuffle(&mut items);
        items
    }

    /// The cells of a line about a stock on a day, or about something else. Columns that it does not name are
    /// generated. Equal lines always have the same spelling.
    fn written(&self, market: &Market, (stock, day): (Option<&Stock>, NaiveDate), line: Line<'_>) -> Vec<Cell> {
        let mut hasher = Fnv::default();
        line.iter().filter(|(column, _)| **column != "update_flag").for_each(|(_, value)| value.hash(&mut hasher));
        let moment = usize::try_from(hasher.finish() & u64::from(u32::MAX)).unwrap_or_default();
        let session = market.calendar.session_by(day).unwrap_or_default();
        let item = stock.map_or_else(|| Item::of_market(market, session), |stock| Item::of_stock(stock, session));
        let dice = self.dice(market, item.address, moment);
        self.cells(&Row { market, item: &item, session, day }, line, dice)
    }

    /// The column with the day a row belongs to.
    pub(crate) fn dated(&self) -> Option<usize> {
        let (call, ask) = (&self.contract.call, &self.contract.ask);
        let named = call.range.iter().chain(&ask.field).map(String::as_str).chain(["ann_date", "end_date"]);
        let mut places = named.filter_map(|name| self.column(name));
        places.find(|&place| matches!(self.fields[place].kind, FieldType::Date | FieldType::Time | FieldType::Epoch))
    }

    /// The column that `start_date` and `end_date` limit.
    fn range(&self) -> Option<usize> {
        self.column(self.contract.call.range.as_deref()?)
    }

    /// Whether that column holds times.
    fn is_timed(&self) -> bool {
        self.range().is_some_and(|place| self.fields[place].kind == FieldType::Time)
    }

    /// Whether the row is in the range and, for each filter sent or implied, has one of its comma-separated values.
    fn passes(&self, row: &[Cell], params: &Params) -> bool {
        let in_range = |place: usize| within(row[place].text().unwrap_or_default(), params, usize::MAX);
        // For a code, the digits or the suffix are enough.
        let is = |field: &str, value: &str, wanted: &str| {
            value == wanted || field == "ts_code" && value.split('.').any(|part| part == wanted)
        };
        let has = |(param, field): &(String, String)| {
            let value = self.column(field).and_then(|place| row[place].text());
            let matches = |wanted| value.is_some_and(|value| is(field, value, wanted));
            self.wanted(param, params).is_none_or(|mut wanted| wanted.any(matches))
        };
        self.range().is_none_or(in_range) && self.contract.call.filters.iter().all(has)
    }

    /// The comma-separated values of a filter, sent or implied; `None` if there is no such filter.
    pub(crate) fn wanted<'a>(&'a self, param: &str, params: &'a Params) -> Option<impl Iterator<Item = &'a str>> {
        let call = &self.contract.call;
        let sent = params.get(param).map(String::as_str).filter(|_| call.filter(param).is_some());
        Some(sent.or(call.default_of(param))?.split(',').map(str::trim))
    }
}

/// Whether a day or time is between `start_date` and `end_date`, of which this many digits count.
fn within(moment: &str, params: &Params, digits: usize) -> bool {
    let limit = |name: &str| {
        let limit = params.get(name)?;
        // A date where a time is expected.
        let cut = if limit.contains('-') && digits == 8 { limit.replace('-', "") } else { limit.clone() };
        Some(cut.chars().take(digits).collect::<String>())
    };
    limit("start_date").is_none_or(|start| start.as_str() <= moment)
        && limit("end_date").is_none_or(|end| moment <= end.as_str() && !moment.is_empty())
}

/// Compares rows by their cells, nulls first, numbers by value.
fn compare(a: &[Cell], b: &[Cell]) -> Ordering {
    let number = |digits: &str| digits.parse::<f64>().unwrap_or_default();
    let mut cells = a.iter().zip(b).map(|(a, b)| match (a, b) {
        (Cell::Number(a), Cell::Number(b)) => number(a).total_cmp(&number(b)),
        _ => a.text().cmp(&b.text()),
    });
    cells.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}
