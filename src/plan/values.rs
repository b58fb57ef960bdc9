//! The values of parameters that take one call per value: from the contract, a job, or a column of another table. Which
//! slices are requested is not decided here.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::Date32Type;
use chrono::NaiveDate;
use pitlake_contract::Slice;

use super::Chosen;
use crate::normalise::Partition;
use crate::spec::{self, Contract, DateRange, Jobs, Table};

/// The values to request from an interface, by parameter.
#[derive(Debug, Default)]
pub struct ParamValues {
    all: Vec<(String, SliceValues)>,
}

/// The values of a parameter.
#[derive(Debug)]
pub enum SliceValues {
    /// The same for every slice.
    Always(Vec<String>),
    /// Different each day.
    ByDay(BTreeMap<NaiveDate, Vec<String>>),
}

/// The parameters whose values a job may name, and the wanted values, all of which an answer must cover.
#[must_use]
pub fn named_values(jobs: &Jobs, table: &Table, contract: &Contract) -> Vec<Chosen> {
    let wanted = |(name, values): &(String, spec::Values)| match values {
        spec::Values::ReportTypes(_) => {
            let types = jobs.report_types(&table.name);
            (!types.is_empty()).then(|| (name.clone(), types))
        }
        spec::Values::Symbols(all) => Some((name.clone(), symbols(jobs, table, all))),
        spec::Values::Fixed(_) | spec::Values::Column { .. } => None,
    };
    contract.ask.each.iter().filter_map(wanted).collect()
}

/// The tables from whose columns an interface takes values.
pub fn tables_of(contract: &Contract) -> impl Iterator<Item = &str> {
    contract.ask.each.iter().filter_map(|(_, values)| match values {
        spec::Values::Column { table, .. } => Some(table.as_str()),
        _ => None,
    })
}

fn symbols(jobs: &Jobs, table: &Table, all: &[String]) -> Vec<String> {
    jobs.symbols(&table.name).map_or_else(|| all.to_vec(), |symbols| symbols.into_iter().collect())
}

impl SliceValues {
    /// The values named by the contract or the jobs; `None` if they are in a column of another table.
    #[must_use]
    pub fn named(jobs: &Jobs, table: &Table, values: &spec::Values) -> Option<Self> {
        Some(Self::Always(match values {
            spec::Values::Fixed(values) => values.clone(),
            spec::Values::ReportTypes(values) => {
                let types = jobs.report_types(&table.name);
                if types.is_empty() { values.clone() } else { types }
            }
            spec::Values::Symbols(values) => symbols(jobs, table, values),
            spec::Values::Column { .. } => return None,
        }))
    }

    /// The values of a column in rows that pass a filter on columns; by day if a day column is given.
    ///
    /// # Errors
    /// When a column is missing.
    pub fn of_rows(
        batches: &[RecordBatch],
        column: &str,
        filter: &[(String, String)],
        of_day: Option<&str>,
    ) -> Result<Self> {
        let mut always = BTreeSet::new();
        let mut by_day: BTreeMap<NaiveDate, BTreeSet<String>> = BTreeMap::new();
        for batch in batches {
            let get = |column: &str| batch.column_by_name(column).with_context(|| format!("no column `{column}`"));
            // Validated on loading: they are texts, and the day is a date.
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
            None => Self::Always(always.into_iter().collect()),
            Some(_) => {
                Self::ByDay(by_day.into_iter().map(|(day, values)| (day, values.into_iter().collect())).collect())
            }
        })
    }
}

impl ParamValues {
    /// Values by parameter.
    #[must_use]
    pub fn new(all: Vec<(String, SliceValues)>) -> Self {
        Self { all }
    }

    /// The partitions of a table with the values for a range of days.
    #[must_use]
    pub fn partitions(table: &Table, range: DateRange) -> BTreeSet<Partition> {
        if table.event.is_none() {
            return BTreeSet::from([Partition::Whole]);
        }
        range.days().map(|day| Partition::of(table, day)).collect()
    }

    /// The values to request for a slice; `None` if unknown.
    #[must_use]
    pub fn at(&self, slice: &Slice) -> Option<Vec<Chosen>> {
        let one = |(name, values): &(String, SliceValues)| {
            let values = match values {
                SliceValues::Always(values) => Some(values),
                SliceValues::ByDay(days) => slice.day().and_then(|day| days.get(&day)),
            };
            values.filter(|values| !values.is_empty()).map(|values| (name.clone(), values.clone()))
        };
        self.all.iter().map(one).collect()
    }

    /// The number of calls for a slice, not counting pages.
    #[must_use]
    pub fn calls(&self, slice: &Slice) -> usize {
        self.at(slice).map_or(1, |all| all.iter().map(|(_, values)| values.len()).product())
    }
}
