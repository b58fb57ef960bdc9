//! The values of parameters that are asked value by value: those of the contract, of a job, or of a column
//! of another table. Never which slices are asked for.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::Date32Type;
use chrono::NaiveDate;

use super::{World, rows};
use crate::normalise::Partition;
use crate::plan::{Chosen, Slice};
use crate::spec::{Contract, Table, Values};

/// The values of an errand.
#[derive(Debug, Default)]
pub(super) struct Choices {
    all: Vec<(String, Choice)>,
}

#[derive(Debug)]
enum Choice {
    Always(Vec<String>),
    /// Other ones each day.
    ByDay(BTreeMap<NaiveDate, Vec<String>>),
}

/// The parameters whose values a job may name, with those that are wanted: an answer must have been asked for
/// all of them.
pub(super) fn named(world: &World, table: &Table, contract: &Contract) -> Vec<Chosen> {
    let wanted = |(name, values): &(String, Values)| match values {
        Values::ReportTypes(_) => {
            let types = world.jobs.report_types(&table.name);
            (!types.is_empty()).then(|| (name.clone(), types))
        }
        Values::Symbols(all) => Some((name.clone(), symbols(world, table, all))),
        Values::Fixed(_) | Values::Column { .. } => None,
    };
    contract.ask.each.iter().filter_map(wanted).collect()
}

fn symbols(world: &World, table: &Table, all: &[String]) -> Vec<String> {
    world.jobs.symbols(&table.name).map_or_else(|| all.to_vec(), |symbols| symbols.into_iter().collect())
}

impl Choices {
    /// The values for the days of a range.
    pub(super) async fn of(
        world: &World,
        table: &Table,
        contract: &Contract,
        range: (NaiveDate, NaiveDate),
    ) -> Result<Self> {
        let mut all = Vec::new();
        for (name, values) in &contract.ask.each {
            let choice = match values {
                Values::Fixed(values) => Choice::Always(values.clone()),
                Values::ReportTypes(values) => {
                    let types = world.jobs.report_types(&table.name);
                    Choice::Always(if types.is_empty() { values.clone() } else { types })
                }
                Values::Symbols(values) => Choice::Always(symbols(world, table, values)),
                Values::Column { table, column, filter, of_day } => {
                    column_values(world, (table, column), filter, of_day.as_deref(), range).await?
                }
            };
            all.push((name.clone(), choice));
        }
        Ok(Self { all })
    }

    /// The values that a slice is asked for; `None` where nobody knows them.
    pub(super) fn at(&self, slice: &Slice) -> Option<Vec<Chosen>> {
        let one = |(name, choice): &(String, Choice)| {
            let values = match choice {
                Choice::Always(values) => Some(values),
                Choice::ByDay(days) => slice.day().and_then(|day| days.get(&day)),
            };
            values.filter(|values| !values.is_empty()).map(|values| (name.clone(), values.clone()))
        };
        self.all.iter().map(one).collect()
    }

    /// Calls that one slice takes, pages aside.
    pub(super) fn calls(&self, slice: &Slice) -> usize {
        self.at(slice).map_or(1, |all| all.iter().map(|(_, values)| values.len()).product())
    }
}

/// The tables whose columns an interface takes values from.
pub(super) fn wants(contract: &Contract) -> impl Iterator<Item = &str> {
    contract.ask.each.iter().filter_map(|(_, values)| match values {
        Values::Column { table, .. } => Some(table.as_str()),
        _ => None,
    })
}

async fn column_values(
    world: &World,
    (name, column): (&str, &str),
    filter: &[(String, String)],
    of_day: Option<&str>,
    (start, end): (NaiveDate, NaiveDate),
) -> Result<Choice> {
    let table = world.catalog.table(name).with_context(|| format!("no table `{name}` to take values from"))?;
    let mut always = BTreeSet::new();
    let mut by_day: BTreeMap<NaiveDate, BTreeSet<String>> = BTreeMap::new();
    for partition in partitions(table, start, end) {
        let Some(batch) = rows::reference(world, name, partition).await? else { continue };
        let get = |column: &str| batch.column_by_name(column).with_context(|| format!("`{name}` has no `{column}`"));
        // Loading proved that they are texts, and the day a day.
        let texts = |column: &str| get(column).map(|array| array.as_string::<i32>().clone());
        let values = texts(column)?;
        let filters: Vec<_> =
            filter.iter().map(|(column, wanted)| Ok((texts(column)?, wanted))).collect::<Result<_>>()?;
        let days =
            of_day.map(|column| get(column).map(|array| array.as_primitive::<Date32Type>().clone())).transpose()?;
        for row in 0..batch.num_rows() {
            let passes =
                filters.iter().all(|(column, wanted)| column.is_valid(row) && column.value(row) == wanted.as_str());
            if !passes || values.is_null(row) {
                continue;
            }
            let value = values.value(row).to_owned();
            match &days {
                None => {
                    always.insert(value);
                }
                Some(days) => {
                    let day = days.is_valid(row).then(|| days.value_as_date(row)).flatten();
                    by_day.entry(day.context("a day out of range")?).or_default().insert(value);
                }
            }
        }
    }
    Ok(match of_day {
        None => Choice::Always(always.into_iter().collect()),
        Some(_) => Choice::ByDay(by_day.into_iter().map(|(day, values)| (day, values.into_iter().collect())).collect()),
    })
}

fn partitions(table: &Table, start: NaiveDate, end: NaiveDate) -> BTreeSet<Partition> {
    if table.event.is_none() {
        return BTreeSet::from([Partition::Whole]);
    }
    start.iter_days().take_while(|day| *day <= end).map(|day| Partition::of(table, day)).collect()
}
