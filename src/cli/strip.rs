//! Coverage on a terminal: one strip per table, with one character per month, quarter, half-year or year. The page,
//! which shows every day, is in `ops::page`.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _};

use chrono::{Datelike as _, NaiveDate};
use clap::ValueEnum;

use super::language::{local, padded};
use crate::ops::status::{Coverage, State, Status};
use crate::spec::Axis;

/// The months in a column, and its name.
const STEPS: [(i32, &str); 4] =
    [(1, "coverage by month"), (3, "coverage by quarter"), (6, "coverage by half-year"), (12, "coverage by year")];

/// The assumed terminal width if it is unknown, or there is no terminal.
const USUAL: usize = 80;

/// The widest strip that is easy to read.
const WIDEST: usize = 120;

/// With more tables than fit on a screen, only those that lack something get a strip.
const SCREEN: usize = 20;

/// The minimum distance between years in the header.
const APART: usize = 5;

/// When strips are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Draw {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Draw {
    /// The strips for some tables, if wanted and if there are any.
    pub(super) fn strips(self, tables: &[Status]) -> Option<String> {
        let is_wanted = self == Self::Always || (self == Self::Auto && io::stdout().is_terminal());
        let width = terminal_size::terminal_size_of(io::stdout()).map_or(USUAL, |(width, _)| width.0.into());
        if is_wanted { strips(tables, width.min(WIDEST)) } else { None }
    }
}

/// The state of the days in a column.
#[derive(Debug, Clone, Copy, Default)]
struct Column {
    held: bool,
    missing: bool,
    partial: bool,
}

impl Column {
    fn add(&mut self, state: State) {
        match state {
            State::Held | State::Unsettled | State::Unproven => self.held = true,
            State::Missing | State::Failed => self.missing = true,
            State::Partial | State::Short | State::SetAside => self.partial = true,
            State::NotDue => {}
        }
    }

    fn sign(self) -> char {
        match (self.held || self.partial, self.missing, self.partial) {
            (false, false, _) => '·',
            (false, true, _) => '×',
            (true, true, _) => '▄',
            (true, false, true) => '▒',
            (true, false, false) => '█',
        }
    }
}

const LEGEND: &str = "█ held   ▄ some missing   × missing   ▒ partial, or rows set aside   · nothing";

/// A line for each table in a given width, below a line with the years.
fn strips(tables: &[Status], width: usize) -> Option<String> {
    let is_whole = |coverage: &Coverage| coverage.days.values().all(|state| *state <= State::NotDue);
    let drawn = |coverage: &&Coverage| !coverage.days.is_empty() && coverage.axis != Axis::Snapshot;
    let all = || tables.iter().flat_map(|one| one.coverage.iter().filter(drawn).map(move |coverage| (one, coverage)));
    let is_long = all().count() > SCREEN;
    let shown: Vec<(&str, &Coverage)> = all()
        .filter(|(_, coverage)| !is_long || !is_whole(coverage))
        .map(|(one, coverage)| (one.table.as_str(), coverage))
        .collect();
    let days = || shown.iter().flat_map(|(_, coverage)| coverage.days.keys());
    let (first, last) = (month(*days().min()?), month(*days().max()?));
    let names = shown.iter().map(|(name, _)| name.len());
    let label = names.chain(STEPS.iter().map(|(_, name)| name.len())).max()?;
    let room = i32::try_from(width.checked_sub(label + 2)?).ok().filter(|room| *room > 0)?;
    let fits = |(step, _): &&(i32, &str)| last / step - first / step < room;
    let (step, title) = STEPS.iter().find(fits).or(STEPS.last())?;
    // If there are more years than columns, show the newest.
    let (from, to) = ((first / step).max(last / step - room + 1), last / step);
    let place = |day: NaiveDate| usize::try_from(month(day) / step - from).ok();
    let length = usize::try_from(to - from + 1).ok()?;
    let mut lines =
        vec![format!("{}  {}", padded(&local(title), label), years(from, *step, length)).trim_end().to_owned()];
    let mut before = "";
    for (name, coverage) in shown {
        let mut columns = vec![Column::default(); length];
        for (day, state) in &coverage.days {
            if let Some(column) = place(*day).and_then(|place| columns.get_mut(place)) {
                column.add(*state);
            }
        }
        let vendor = format!("  {}", coverage.interface.vendor);
        let text = if name == before { vendor.as_str() } else { name };
        let strip: String = columns.into_iter().map(Column::sign).collect();
        lines.push(format!("{text:label$}  {strip}"));
        before = name;
    }
    lines.push(local(LEGEND));
    Some(lines.join("\n"))
}

/// Months since year 0.
fn month(day: NaiveDate) -> i32 {
    day.year() * 12 + day.month0().cast_signed()
}

/// The years above the columns, where there is room.
fn years(from: i32, step: i32, length: usize) -> String {
    let mut line = String::new();
    let mut seen = BTreeSet::new();
    for column in 0..length {
        let begins = (from + i32::try_from(column).unwrap_or(0)) * step;
        let year = begins / 12;
        let is_free = column == 0 || column >= line.len() + usize::from(!line.is_empty());
        let is_apart = step < 12 || year % 5 == 0 || column == 0;
        if is_free && is_apart && seen.insert(year) && (begins % 12 == 0 || column == 0) && column + APART <= length + 1
        {
            line.push_str(&" ".repeat(column.saturating_sub(line.len())));
            line.push_str(&year.to_string());
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::InterfaceId;
    use pitlake_contract::Slice;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn table(name: &str, first: &str, last: &str, missing: &[&str]) -> Status {
        let mut coverage = Coverage::new(&InterfaceId::parse("tushare/daily").unwrap(), Axis::Session);
        for at in day(first).iter_days().take_while(|at| *at <= day(last)) {
            let is_missing = missing.iter().any(|text| at.to_string().starts_with(text));
            coverage.put(&Slice::Session(at), if is_missing { State::Missing } else { State::Held });
        }
        Status { table: name.into(), coverage: vec![coverage], ..Status::default() }
    }

    #[test]
    fn a_lake_of_two_years_is_drawn_by_month() {
        let tables = [
            table("adj_factor", "2023-01-02", "2024-06-28", &["2023-03-01", "2023-05"]),
            table("stock_daily_cn", "2023-11-01", "2024-06-28", &[]),
        ];
        let drawn = strips(&tables, 80).unwrap();
        let expected = [
            "coverage by month      2023        2024",
            "adj_factor             ██▄█×█████████████",
            "stock_daily_cn         ··········████████",
            LEGEND,
        ];
        assert_eq!(drawn.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn strips_fit_any_width() {
        let tables = [table("f10_valuation_market_section", "1990-12-19", "2025-12-31", &["2020-12-31"])];
        for width in 40..140 {
            let drawn = strips(&tables, width).unwrap();
            let strip = drawn.lines().nth(1).unwrap();
            assert!(strip.chars().count() <= width && strip.contains('▄'), "{width}: {drawn}");
            assert!(drawn.lines().next().unwrap().chars().count() <= width, "{width}: {drawn}");
        }
        assert_eq!(strips(&tables, 20), None);
        assert_eq!(strips(&[Status::default()], 80), None);
    }

    #[test]
    fn of_many_tables_those_that_lack_something_are_drawn() {
        let mut tables: Vec<Status> =
            (0..30).map(|n| table(&format!("t{n}"), "2024-01-02", "2024-02-02", &[])).collect();
        assert_eq!(strips(&tables, 80), None);
        tables.push(table("holes", "2024-01-02", "2024-02-02", &["2024-01-05"]));
        assert_eq!(strips(&tables, 80).unwrap().lines().count(), 3);
    }
}
