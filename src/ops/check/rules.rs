//! The checks on one silver file, which report the rows that break them. How findings are printed is up to `cli`.

use std::collections::BTreeSet;

use anyhow::Result;
use arrow::array::{Array as _, ArrayRef, Float64Array};
use arrow::row::{RowConverter, Rows as SortableRows, SortField};
use chrono::NaiveDate;
use serde_json::Value;

use super::findings::{Findings, Level};
use super::rows::{Rows, Shown};
use crate::normalise::Partition;
use crate::plan::Calendar;
use crate::spec::{Axis, Table, UnitRatio};

/// Prices of a bar that must lie between its low and high.
const BETWEEN: [&str; 3] = ["open", "close", "price"];

/// Cumulative factors, which must be positive.
const FACTOR: &str = "adj_factor";

/// How far an average price may lie outside low and high, because amounts are rounded.
const SLACK: f64 = 0.01;

/// Columns added by pitlake that are checked or shown.
const ADDED: [&str; 6] = ["occurrence", "announced_on", "known_on", "tradable_on", "revision", "vendor"];

/// The columns read by a table's checks.
pub(super) fn wanted(table: &Table) -> BTreeSet<String> {
    let ratios = table.unit_ratios.iter().flat_map(UnitRatio::columns);
    let columns = table.key.iter().copied().chain(table.event).chain(ratios);
    let names = columns.map(|column| table.columns[column].name.as_str());
    names.chain(ADDED).chain(BETWEEN).chain(["low", "high", FACTOR]).map(str::to_owned).collect()
}

/// Runs every check on the rows of a partition.
pub(super) fn apply(
    table: &Table,
    calendar: &Calendar,
    (partition, rows): (Partition, &Rows),
    findings: &mut Findings,
) -> Result<()> {
    let mut file = File { table, rows, findings };
    file.keys()?;
    file.units()?;
    file.prices()?;
    file.average()?;
    file.factors()?;
    file.known()?;
    file.days(partition, calendar)
}

struct File<'a> {
    table: &'a Table,
    rows: &'a Rows,
    findings: &'a mut Findings,
}

impl File<'_> {
    fn name(&self, column: usize) -> &str {
        &self.table.columns[column].name
    }

    /// The columns that identify a row: its key, and those that distinguish rows with the same key.
    fn identity(&self) -> [Vec<&str>; 2] {
        let mut apart = Vec::new();
        if self.table.occurrence {
            apart.push("occurrence");
        }
        if self.table.versions.is_some() {
            apart.extend(["vendor", "revision"]);
        }
        [self.table.key.iter().map(|column| self.name(*column)).collect(), apart]
    }

    /// A row to show: its key, and the columns the check looks at.
    fn shown(&self, row: usize, columns: &[&str]) -> Result<Shown> {
        let [mut names, apart] = self.identity();
        names.extend(apart);
        names.extend(columns);
        self.rows.shown(row, &names)
    }

    fn add(&mut self, check: &'static str, problem: &str, row: usize, columns: &[&str]) -> Result<()> {
        let shown = self.shown(row, columns);
        self.findings.add(check, Level::Error, problem.to_owned(), || shown)
    }

    fn keys(&mut self) -> Result<()> {
        let [key, apart] = self.identity();
        let Some(sorted) = sortable(self.rows, &key)? else { return Ok(()) };
        let apart = sortable(self.rows, &apart)?;
        let mut repeated = Vec::new();
        let mut unsorted = Vec::new();
        let mut first = 0;
        for row in 1..=self.rows.len() {
            if row < self.rows.len() {
                let (before, this) = (sorted.row(row - 1), sorted.row(row));
                if before == this {
                    continue;
                }
                if before > this {
                    unsorted.push(row);
                }
            }
            // End of the rows with one key.
            let mut of_key: Vec<usize> = (first..row).collect();
            if let Some(apart) = &apart {
                of_key.sort_by(|a, b| apart.row(*a).cmp(&apart.row(*b)));
                let again = of_key.windows(2).filter(|pair| apart.row(pair[0]) == apart.row(pair[1]));
                repeated.extend(again.map(|pair| pair[1]));
            } else {
                repeated.extend(of_key.into_iter().skip(1));
            }
            first = row;
        }
        for row in repeated {
            self.add("keys", "rows repeat a key", row, &["vendor"])?;
        }
        for row in unsorted {
            self.add("keys", "rows are not in the order of the key", row, &[])?;
        }
        let required = self.table.key.iter().filter(|column| self.table.columns[**column].required);
        for column in required.copied().collect::<Vec<_>>() {
            let name = self.name(column).to_owned();
            let Some(values) = self.rows.batch.column_by_name(&name).cloned() else { continue };
            for row in (0..values.len()).filter(|row| values.is_null(*row)) {
                self.add("keys", &format!("rows have no `{name}`, part of the key"), row, &["vendor"])?;
            }
        }
        Ok(())
    }

    /// Checks the median ratio of each day.
    fn units(&mut self) -> Result<()> {
        let days = self.table.event.and_then(|event| self.rows.days(self.name(event)));
        for check in &self.table.unit_ratios {
            let mut columns: Vec<(usize, Float64Array)> = Vec::new();
            for column in check.columns() {
                columns.extend(self.rows.numbers(self.name(column))?.map(|numbers| (column, numbers)));
            }
            let number = |column: usize, row: usize| {
                let (_, numbers) = columns.iter().find(|(place, _)| *place == column)?;
                numbers.is_valid(row).then(|| numbers.value(row))
            };
            let ratio = |row: usize| {
                let day = days.as_ref().and_then(|days| days[row]);
                Some((day, check.ratio(|column| number(column, row))?))
            };
            let mut ratios: Vec<(Option<NaiveDate>, f64)> = (0..self.rows.len()).filter_map(ratio).collect();
            ratios.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            let formula = check.formula(|column| self.name(column));
            for of_day in ratios.chunk_by(|a, b| a.0 == b.0) {
                let (day, median) = of_day[of_day.len() / 2];
                if check.holds(median) {
                    continue;
                }
                let problem = format!("the median of {formula} is a power of ten away from 1 on some days");
                let row = || {
                    let day = day.map_or(Value::Null, |day| day.to_string().into());
                    let pairs = [("day", day), ("median", median.into()), ("rows", of_day.len().into())];
                    Ok(Shown::of(pairs))
                };
                self.findings.add("units", Level::Error, problem, row)?;
            }
        }
        Ok(())
    }

    fn prices(&mut self) -> Result<()> {
        let (Some(low), Some(high)) = (self.rows.numbers("low")?, self.rows.numbers("high")?) else { return Ok(()) };
        // A bar without trades may have zeros.
        let range = |row: usize| {
            let is_there = low.is_valid(row) && high.is_valid(row) && low.value(row) > 0.0 && high.value(row) > 0.0;
            is_there.then(|| (low.value(row), high.value(row)))
        };
        for row in 0..self.rows.len() {
            if range(row).is_some_and(|(low, high)| low > high) {
                self.add("prices", "the lowest price is above the highest", row, &["low", "high"])?;
            }
        }
        for name in BETWEEN {
            let Some(prices) = self.rows.numbers(name)? else { continue };
            for row in 0..self.rows.len() {
                let Some((low, high)) = range(row).filter(|(low, high)| low <= high) else { continue };
                let price = prices.value(row);
                if prices.is_valid(row) && price > 0.0 && !(low..=high).contains(&price) {
                    let problem = format!("`{name}` is not between the lowest and the highest price");
                    self.add("prices", &problem, row, &[name, "low", "high"])?;
                }
            }
        }
        Ok(())
    }

    /// Checks that the average price lies within the bar.
    fn average(&mut self) -> Result<()> {
        let Some(traded) = self.table.traded() else { return Ok(()) };
        let [amount, volume] = traded.map(|column| self.table.columns[column].name.as_str());
        let numbers = |name| self.rows.numbers(name);
        let (amounts, volumes, low, high) = (numbers(amount)?, numbers(volume)?, numbers("low")?, numbers("high")?);
        let (Some(amounts), Some(volumes), Some(low), Some(high)) = (amounts, volumes, low, high) else {
            return Ok(());
        };
        let problem = format!("the average price {amount} / {volume} is not between the lowest and the highest price");
        for row in 0..self.rows.len() {
            let figures = [&amounts, &volumes, &low, &high];
            if figures.iter().any(|numbers| numbers.is_null(row) || numbers.value(row) <= 0.0) {
                continue;
            }
            let average = amounts.value(row) / volumes.value(row);
            let (low, high) = (low.value(row) * (1.0 - SLACK), high.value(row) * (1.0 + SLACK));
            if !(low..=high).contains(&average) {
                let shown = self.shown(row, &[amount, volume, "low", "high"]);
                self.findings.add("average", Level::Warning, problem.clone(), || shown)?;
            }
        }
        Ok(())
    }

    fn factors(&mut self) -> Result<()> {
        let Some(factors) = self.rows.numbers(FACTOR)? else { return Ok(()) };
        for row in (0..self.rows.len()).filter(|row| factors.is_valid(*row) && factors.value(*row) <= 0.0) {
            self.add("factors", "factors are not positive", row, &[FACTOR])?;
        }
        Ok(())
    }

    /// Checks the order of a version's dates.
    fn known(&mut self) -> Result<()> {
        let Some(known) = self.rows.days("known_on") else { return Ok(()) };
        let announced = self.rows.days("announced_on").unwrap_or_default();
        let tradable = self.rows.days("tradable_on").unwrap_or_default();
        let columns = ["announced_on", "known_on", "tradable_on"];
        for (row, known) in known.into_iter().enumerate() {
            let Some(known) = known else { continue };
            if announced.get(row).copied().flatten().is_some_and(|announced| announced > known) {
                self.add("known", "versions are known before they were announced", row, &columns)?;
            }
            if tradable.get(row).copied().flatten().is_some_and(|tradable| tradable <= known) {
                self.add("known", "versions can be traded on before they are known", row, &columns)?;
            }
        }
        Ok(())
    }

    /// Checks that events lie in their partition and on sessions.
    fn days(&mut self, partition: Partition, calendar: &Calendar) -> Result<()> {
        let Some(event) = self.table.event else { return Ok(()) };
        let name = self.name(event).to_owned();
        let Some(days) = self.rows.days(&name) else { return Ok(()) };
        let is_by_session = self.table.sources.iter().all(|source| source.contract.ask.axis == Axis::Session);
        for (row, day) in days.into_iter().enumerate() {
            if !day.is_some_and(|day| partition.holds(day)) && partition != Partition::Whole {
                self.add("partition", &format!("rows are not in the partition of their `{name}`"), row, &[&name])?;
            }
            let is_closed = |day: &NaiveDate| calendar.knows(*day) && calendar.sessions(*day, *day).is_empty();
            if is_by_session && day.as_ref().is_some_and(is_closed) {
                self.add("calendar", "rows lie on days on which the market was closed", row, &[&name])?;
            }
        }
        Ok(())
    }
}

/// Columns encoded so that they compare like the rows; `None` without columns.
fn sortable(rows: &Rows, names: &[&str]) -> Result<Option<SortableRows>> {
    let columns: Vec<ArrayRef> = names.iter().filter_map(|name| rows.batch.column_by_name(name).cloned()).collect();
    if columns.is_empty() {
        return Ok(None);
    }
    let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
    Ok(Some(RowConverter::new(fields)?.convert_columns(&columns)?))
}
