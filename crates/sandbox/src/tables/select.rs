//! Which rows a request gets, and in what order: filters, the vendor's disorder, and paging.
//!
//! Row contents, caps and columns are decided by the callers and neighbours.

use super::asked::{Asked, NONE, Params};
use super::served::{Content, Served};
use super::sessions::column::MadeColumn;
use super::sessions::item::{Item, Population, Row};
use super::value::{Line, Value};
use crate::Cell;
use crate::market::dice::{Fnv, dice};
use crate::market::moments::{Moment, on};
use crate::market::{Market, Stock};
use chrono::{Datelike, NaiveDate};
use pitlake_contract::FieldType;
use rand::seq::SliceRandom;
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

/// Past the address of every item.
const ORDER: usize = u32::MAX as usize;

impl Served {
    /// Whether a call names what it must, and otherwise what is missing.
    pub(crate) fn missing(&self, params: &Params) -> Vec<&str> {
        let call = &self.contract.call;
        let absent = |name: &&String| !params.contains_key(*name);
        let mut missing: Vec<&str> = call.required.iter().filter(absent).map(String::as_str).collect();
        if !call.one_of.is_empty() && call.one_of.iter().all(|name| absent(&name)) {
            missing.extend(call.one_of.iter().map(String::as_str));
        }
        missing
    }

    /// Rows `skip..skip + take` of those that `params` ask for and that are there at a moment (without one:
    /// after everything), all columns, in wire order.
    pub(crate) fn select(
        &self,
        market: &Market,
        at: Option<Moment>,
        params: &Params,
        (skip, take): (usize, usize),
    ) -> Vec<Vec<Cell>> {
        let asked = self.asked(market, at, params);
        if let Content::Sessions(population, columns) = &self.content {
            return self.session_rows(population, columns, &asked, (skip, take));
        }
        let passes = |row: &Vec<Cell>| self.passes(row, params) && self.in_range(row, params);
        let mut rows: Vec<Vec<Cell>> = self.rows(&asked).into_iter().filter(passes).collect();
        if !matches!(self.content, Content::Snapshot(..)) {
            self.shuffle(&asked, &mut rows, 0);
        }
        rows.into_iter().skip(skip).take(take).collect()
    }

    /// Every row there is at a moment, sorted by its cells: by the code before the day, mostly.
    pub(crate) fn all(&self, market: &Market, at: Option<Moment>) -> Vec<Vec<Cell>> {
        let asked = self.asked(market, at, &NONE);
        let mut rows = match &self.content {
            Content::Sessions(population, columns) => {
                let days = population.days(market).into_iter();
                let items = days.flat_map(|day| self.items(population, &asked, day).into_iter().map(move |i| (i, day)));
                items.map(|(item, day)| self.session_row(population, columns, market, (item, day))).collect()
            }
            _ => self.rows(&asked),
        };
        rows.sort_by(|a, b| compare(a, b));
        rows
    }

    fn asked<'a>(&'a self, market: &'a Market, at: Option<Moment>, params: &'a Params) -> Asked<'a> {
        let codes = params.get("ts_code").filter(|_| self.contract.call.filter("ts_code") == Some("ts_code"));
        let stocks = match codes {
            Some(codes) => {
                let named = codes.split(',').take(self.together()).filter_map(|code| market.find(code.trim()));
                let mut named: Vec<usize> = named.collect();
                named.sort_unstable();
                named.dedup(); // a code named twice is still one stock
                named.into_iter().map(|stock| &market.stocks[stock]).collect()
            }
            None => market.stocks.iter().collect(),
        };
        Asked { market, at, params, fields: &self.fields, stocks }
    }

    /// How many stocks a call may name. Of records that need a code, others than the first mean nothing.
    fn together(&self) -> usize {
        let call = &self.contract.call;
        let needed = call.required.iter().chain(&call.one_of).any(|name| name == "ts_code");
        let many = !needed || self.comma_list || self.contract.ask.together > 1;
        if many || matches!(self.content, Content::Sessions(..)) { usize::MAX } else { 1 }
    }

    /// Rows of sessions that a request gets: newest first, shuffled within one, the same way for the same request.
    fn session_rows(
        &self,
        population: &Population,
        columns: &[MadeColumn],
        asked: &Asked<'_>,
        (skip, take): (usize, usize),
    ) -> Vec<Vec<Cell>> {
        let (market, params) = (asked.market, asked.params);
        let dated = |field: &str| self.fields.iter().any(|other| other.name == field && other.kind == FieldType::Date);
        let is_asked = |day: usize| {
            let stamp = market.calendar.stamp(day);
            let is = |param: &str| self.wanted(param, params).is_none_or(|mut days| days.any(|day| day == stamp));
            let mut exact = self.contract.call.filters.iter().filter(|(_, field)| dated(field));
            exact.all(|(param, _)| is(param)) && within(&stamp, params, 8)
        };
        let days = population.days(market).into_iter().filter(|&day| is_asked(day));
        let items = days.flat_map(|day| {
            let mut items = self.items(population, asked, day);
            items.shuffle(&mut dice(market.seed, &self.contract.kind, ORDER, day));
            items.into_iter().map(move |item| (item, day))
        });
        let rows = items.map(|item| self.session_row(population, columns, market, item));
        let rows = rows.filter(|row| self.passes(row, params) && self.in_range(row, params));
        if !self.is_timed() {
            return rows.skip(skip).take(take).collect();
        }
        let mut rows: Vec<Vec<Cell>> = rows.collect();
        self.newest_first(&mut rows);
        rows.into_iter().skip(skip).take(take).collect()
    }

    /// The row of an item in a session, or on a holiday counted on after the last one.
    fn session_row(
        &self,
        population: &Population,
        columns: &[MadeColumn],
        market: &Market,
        (item, session): (Item<'_>, usize),
    ) -> Vec<Cell> {
        let row = Row { market, item: &item, session, day: market.calendar.day(session) };
        let moment = usize::try_from(row.day.num_days_from_ce()).unwrap_or_default();
        let mut pen = self.pen(market, item.address, moment);
        let mut line = item.facts.clone();
        line.extend((population.facts)(&row, &mut pen));
        Self::cells(columns, &row, line, pen)
    }

    /// The items of a session that are asked for and there.
    fn items<'a>(&self, population: &Population, asked: &Asked<'a>, day: usize) -> Vec<Item<'a>> {
        let (market, at) = (asked.market, asked.at);
        let opening = at.map(|at| (self.opening(market, day), at));
        // Before the first of them nothing is made.
        if opening.is_some_and(|(opening, at)| !opening.shows(None, at)) {
            return Vec::new();
        }
        let call = &self.contract.call;
        let codes: Option<Vec<&str>> = (call.filter("ts_code") == Some("ts_code"))
            .then(|| asked.params.get("ts_code").map(|codes| codes.split(',').map(str::trim).collect()))
            .flatten();
        // A parameter may name a fact that is no column.
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
        items
    }

    /// Every row of records or a snapshot that is there, before filters.
    fn rows(&self, asked: &Asked<'_>) -> Vec<Vec<Cell>> {
        let (market, at) = (asked.market, asked.at);
        // Nothing is known of a company before it is listed.
        let known = |stock: &&Stock| {
            let listed = stock.security.listed_on();
            listed.is_some_and(|listed| at.is_none_or(|at| on(listed, 18, 0) <= at))
        };
        let companies = || asked.stocks.iter().copied().filter(known);
        match &self.content {
            Content::Sessions(..) => Vec::new(),
            Content::Snapshot(lines, columns) => {
                let stock = |line: &Line<'_>| match line.get("ts_code") {
                    Some(Value::Text(code)) => market.find(code).map(|place| &market.stocks[place]),
                    _ => None,
                };
                let today = at.map_or(market.calendar.end, |at| at.date());
                let lines = lines(asked).into_iter().map(|line| (stock(&line), line));
                lines.map(|(stock, line)| self.written(columns, market, (stock, today), line)).collect()
            }
            Content::Records(records, columns) => {
                let records = companies().flat_map(|stock| {
                    let there = records(asked, stock).into_iter().filter(|record| record.shows(at));
                    there.map(move |record| (stock, record))
                });
                records
                    .map(|(stock, record)| {
                        self.written(columns, market, (Some(stock), record.from.date()), record.line)
                    })
                    .collect()
            }
        }
    }

    /// The cells of a line about a stock on a day, or about something else; columns that it does not name are made.
    /// Lines that say the same are written the same, whenever they are asked for.
    fn written(
        &self,
        columns: &[MadeColumn],
        market: &Market,
        (stock, day): (Option<&Stock>, NaiveDate),
        line: Line<'_>,
    ) -> Vec<Cell> {
        let mut hasher = Fnv::default();
        line.iter().filter(|(column, _)| **column != "update_flag").for_each(|(_, value)| value.hash(&mut hasher));
        let moment = usize::try_from(hasher.finish() & u64::from(u32::MAX)).unwrap_or_default();
        let session = market.calendar.session_by(day).unwrap_or_default();
        let item = stock.map_or_else(|| Item::nobody(market, session), |stock| Item::of_stock(stock, session));
        let pen = self.pen(market, item.address, moment);
        Self::cells(columns, &Row { market, item: &item, session, day }, line, pen)
    }

    /// Newest day first, and within it in no order, the same way for the same call.
    fn shuffle(&self, asked: &Asked<'_>, rows: &mut [Vec<Cell>], moment: usize) {
        rows.shuffle(&mut dice(asked.market.seed, &self.contract.kind, ORDER, moment));
        self.newest_first(rows);
    }

    fn newest_first(&self, rows: &mut [Vec<Cell>]) {
        if let Some(day) = self.dated() {
            rows.sort_by(|a, b| b[day].text().cmp(&a[day].text()));
        }
    }

    /// The column of the day that a row belongs to.
    pub(crate) fn dated(&self) -> Option<usize> {
        let (call, ask) = (&self.contract.call, &self.contract.ask);
        let named = call.range.iter().chain(&ask.field).map(String::as_str).chain(["ann_date", "end_date"]);
        let mut places = named.filter_map(|name| self.column(name));
        places.find(|&place| matches!(self.fields[place].kind, FieldType::Date | FieldType::Time | FieldType::Epoch))
    }

    /// Whether `start_date` and `end_date` are times.
    fn is_timed(&self) -> bool {
        let range = self.contract.call.range.as_deref().and_then(|name| self.column(name));
        range.is_some_and(|place| self.fields[place].kind == FieldType::Time)
    }

    fn in_range(&self, row: &[Cell], params: &Params) -> bool {
        let range = self.contract.call.range.as_deref().and_then(|name| self.column(name));
        range.is_none_or(|place| within(row[place].text().unwrap_or_default(), params, usize::MAX))
    }

    /// Whether the row has, for each filter sent or implied, one of its comma-separated values.
    fn passes(&self, row: &[Cell], params: &Params) -> bool {
        self.contract.call.filters.iter().all(|(param, field)| {
            let value = self.column(field).and_then(|place| row[place].text());
            self.wanted(param, params).is_none_or(|mut wanted| {
                // Of a code the digits or the suffix will do.
                wanted.any(|wanted| {
                    value.is_some_and(|value| {
                        value == wanted || field == "ts_code" && value.split('.').any(|p| p == wanted)
                    })
                })
            })
        })
    }

    /// The comma-separated values of a filter, sent or implied; none if there is no such filter.
    pub(crate) fn wanted<'a>(&'a self, param: &str, params: &'a Params) -> Option<impl Iterator<Item = &'a str>> {
        let call = &self.contract.call;
        let sent = params.get(param).map(String::as_str).filter(|_| call.filter(param).is_some());
        Some(sent.or(call.default_of(param))?.split(',').map(str::trim))
    }
}

/// Whether a day or time lies between `start_date` and `end_date`, of which so many digits count.
fn within(moment: &str, params: &Params, digits: usize) -> bool {
    let limit = |name: &str| {
        let limit = params.get(name)?;
        // A day where times are asked for.
        let cut = if limit.contains('-') && digits == 8 { limit.replace('-', "") } else { limit.clone() };
        Some(cut.chars().take(digits).collect::<String>())
    };
    limit("start_date").is_none_or(|start| start.as_str() <= moment)
        && limit("end_date").is_none_or(|end| moment <= end.as_str() && !moment.is_empty())
}

/// Rows by their cells, nulls first, numbers by size.
fn compare(a: &[Cell], b: &[Cell]) -> Ordering {
    let number = |digits: &str| digits.parse::<f64>().unwrap_or_default();
    let mut cells = a.iter().zip(b).map(|(a, b)| match (a, b) {
        (Cell::Number(a), Cell::Number(b)) => number(a).total_cmp(&number(b)),
        _ => a.text().cmp(&b.text()),
    });
    cells.find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}
