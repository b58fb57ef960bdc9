//! Which report rows a request gets, and in what order; and how their numbers are spelled.
//!
//! One row per version that the vendor shows. Versions come from `market::filings`, cells from `income`,
//! `balance`, `cashflow` and `indicators`.

use super::select::Params;
use super::text::{Pen, decimal, text};
use super::{Content, Interface, balance, cashflow, income, indicators};
use crate::Cell;
use crate::market::calendar::stamp;
use crate::market::dice::{Topic, dice};
use crate::market::filings::{Detail, Statement, Version, versions};
use crate::market::moments::Moment;
use crate::market::quarters::Quarter;
use crate::market::{Market, Stock, accounts};
use chrono::NaiveDate;
use rand::seq::SliceRandom;

/// A row that can be asked for.
pub(crate) struct Entry<'a> {
    pub(crate) market: &'a Market,
    pub(crate) stock: &'a Stock,
    pub(crate) quarter: Quarter,
    pub(crate) version: Version,
}

impl Entry<'_> {
    /// What a column says about the row, if it holds no figure.
    pub(crate) fn label(&self, column: &str) -> Option<Cell> {
        let day = |day: Option<NaiveDate>| day.map_or(Cell::Null, |day| text(&stamp(day)));
        let Self { stock, quarter, version, .. } = self;
        let security = &stock.security;
        Some(match column {
            "ts_code" => text(&security.code),
            "ann_date" => day(version.announced),
            "f_ann_date" => day(version.actual),
            "end_date" => text(&stamp(quarter.end())),
            "report_type" => text(&version.kind.to_string()),
            "comp_type" => text(&(accounts::scheme(security.number, &security.company) as u8).to_string()),
            "end_type" => text(&quarter.of_year().to_string()),
            "update_flag" => text(&version.flag.to_string()),
            _ => return None,
        })
    }
}

/// Spells the numbers of a row, in as much detail as its version has.
pub(crate) struct Sheet {
    pen: Pen,
    detail: Detail,
}

impl Sheet {
    /// Whether this row lacks a figure that its twin has.
    pub(crate) fn gap(&self) -> bool {
        self.detail == Detail::Gap
    }

    /// A number, or null. Coarse rows drop digits of long numbers: less than half a ten-thousandth of them.
    pub(crate) fn number(&mut self, units: Option<i64>, scale: u32) -> Cell {
        let Some(units) = units else {
            return Cell::Null;
        };
        if self.detail != Detail::Coarse {
            return self.pen.float(units, scale);
        }
        let digits = match units.unsigned_abs() {
            0..100_000 => 1,
            // More than the last decimal would be lost in the `.0` of a whole amount.
            100_000..1_000_000 => 10,
            _ if scale < 4 => 10,
            _ => 100,
        };
        let (rest, half) = (units % digits, digits / 2);
        let up = if digits > 1 && rest.abs() >= half { units.signum() * digits } else { 0 };
        Cell::Number(decimal(units - rest + up, scale))
    }
}

impl Interface {
    /// The rows that `params` ask for, newest period first and shuffled within it, the same way for the same
    /// call; both interfaces of a statement spell them alike.
    pub(crate) fn reports(
        &self,
        market: &Market,
        at: Option<Moment>,
        params: &Params,
        skip: usize,
        take: usize,
    ) -> Vec<Vec<Cell>> {
        let chosen = self.chosen(market, params);
        let periods = match params.get("period") {
            Some(stamp) => Quarter::ending(stamp).map_or(0..0, |quarter| quarter.0..quarter.0 + 1),
            None => {
                let asked = chosen.iter().map(|&stock| &market.stocks[stock].reports).filter(|range| !range.is_empty());
                let (first, end) =
                    asked.fold((i32::MAX, 0), |(first, end), range| (first.min(range.start), end.max(range.end)));
                first..end
            }
        };
        let statement = self.statement();
        let entries = periods.rev().map(Quarter).flat_map(|quarter| {
            let mut entries: Vec<Entry<'_>> = chosen
                .iter()
                .flat_map(|&stock| entries(market, &market.stocks[stock], quarter, statement))
                .filter(|entry| entry.version.shows(at) && self.asked(entry, params))
                .collect();
            // Past every stock's own address.
            entries.shuffle(&mut dice(market.seed, spelling(statement), market.stocks.len(), quarter.moment()));
            entries
        });
        entries.skip(skip).take(take).map(|entry| cells(&entry, statement)).collect()
    }

    /// Every row there is at that moment, sorted by the vendor's key.
    pub(crate) fn all_reports(&self, market: &Market, at: Option<Moment>) -> Vec<Vec<Cell>> {
        const KEY: [&str; 7] =
            ["ts_code", "end_date", "report_type", "comp_type", "f_ann_date", "ann_date", "update_flag"];
        let statement = self.statement();
        let mut rows: Vec<Vec<Cell>> = market
            .stocks
            .iter()
            .flat_map(|stock| {
                stock.reports.clone().flat_map(move |quarter| entries(market, stock, Quarter(quarter), statement))
            })
            .filter(|entry| entry.version.shows(at))
            .map(|entry| cells(&entry, statement))
            .collect();
        let columns: Vec<usize> = KEY.iter().filter_map(|name| self.column(name)).collect();
        rows.sort_by(|a, b| {
            let text = |row: &'_ [Cell], column: usize| row[column].text().unwrap_or_default().to_owned();
            columns.iter().map(|&column| text(a, column)).cmp(columns.iter().map(|&column| text(b, column)))
        });
        rows
    }

    fn statement(&self) -> Statement {
        match self.content {
            Content::Reports(statement) => statement,
            _ => Statement::Income,
        }
    }

    /// Stocks by place: the ones named, of which an interface that needs a code takes the first only.
    fn chosen(&self, market: &Market, params: &Params) -> Vec<usize> {
        let named = if self.one_of.contains(&"ts_code") { 1 } else { usize::MAX };
        match params.get("ts_code") {
            Some(codes) => codes.split(',').take(named).filter_map(|code| market.find(code.trim())).collect(),
            None => (0..market.stocks.len()).collect(),
        }
    }

    /// Whether dates and types are as asked. Statements have ranges of announcements, indicators of periods.
    fn asked(&self, entry: &Entry<'_>, params: &Params) -> bool {
        let version = &entry.version;
        let day = |day: Option<NaiveDate>| day.map(stamp);
        let is = |name: &str, value: Option<String>| {
            self.wanted(name, params).is_none_or(|mut wanted| wanted.any(|wanted| Some(wanted) == value.as_deref()))
        };
        let ranged = match self.statement() {
            Statement::Income | Statement::Balance | Statement::Cashflow => version.announced,
            Statement::Indicators => Some(entry.quarter.end()),
        };
        let within = |name: &str, holds: fn(&str, &str) -> bool| {
            params.get(name).is_none_or(|limit| day(ranged).is_some_and(|day| holds(&day, limit)))
        };
        let security = &entry.stock.security;
        is("report_type", Some(version.kind.to_string()))
            && is("ann_date", day(version.announced))
            && is("f_ann_date", day(version.actual))
            && is("comp_type", Some((accounts::scheme(security.number, &security.company) as u8).to_string()))
            && within("start_date", |day, start| start <= day)
            && within("end_date", |day, end| day <= end)
    }
}

/// Every version of one report.
fn entries<'a>(
    market: &'a Market,
    stock: &'a Stock,
    quarter: Quarter,
    statement: Statement,
) -> impl Iterator<Item = Entry<'a>> + use<'a> {
    let versions = if stock.reports.contains(&quarter.0) {
        versions(market, &stock.security, quarter, statement)
    } else {
        Vec::new()
    };
    versions.into_iter().map(move |version| Entry { market, stock, quarter, version })
}

fn spelling(statement: Statement) -> Topic {
    match statement {
        Statement::Income => Topic::IncomeSpelling,
        Statement::Indicators => Topic::IndicatorSpelling,
        Statement::Balance => Topic::BalanceSpelling,
        Statement::Cashflow => Topic::CashflowSpelling,
    }
}

fn cells(entry: &Entry<'_>, statement: Statement) -> Vec<Cell> {
    let number = entry.stock.security.number;
    let pen = Pen { rng: dice(entry.market.seed, spelling(statement), number, entry.quarter.moment()) };
    let mut sheet = Sheet { pen, detail: entry.version.detail };
    match statement {
        Statement::Income => income::income(&mut sheet, entry),
        Statement::Indicators => indicators::indicators(&mut sheet, entry),
        Statement::Balance => balance::balance(&mut sheet, entry),
        Statement::Cashflow => cashflow::cashflow(&mut sheet, entry),
    }
}
