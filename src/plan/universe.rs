//! The universe: who should have a row on a day. An answer with fewer rows is a part of a day. Never who has one.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::Date32Type;
use chrono::NaiveDate;
use pitlake_contract::spelling::symbol;

use crate::normalise::Partition;
use crate::spec::{Axis, Contract, Covered, Table};

/// A security as the newest snapshot shows it.
#[derive(Debug)]
struct Security {
    code: String,
    exchange: Option<String>,
    listed: Option<NaiveDate>,
    delisted: Option<NaiveDate>,
    /// Suspended from listing since an unknown day: it may have a row or none.
    is_doubtful: bool,
}

/// The securities of the market, as far as bronze holds them.
#[derive(Debug, Default)]
pub struct Universe {
    securities: Vec<Security>,
    /// Securities suspended for the whole day, for the days whose suspensions are held.
    suspended: BTreeMap<NaiveDate, BTreeSet<String>>,
}

/// How many rows a day should have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expected {
    /// Fewer are a part of the day.
    pub least: Option<usize>,
    /// There are no more.
    pub most: Option<usize>,
}

impl Universe {
    /// The securities that a snapshot shows.
    ///
    /// # Errors
    /// When a column is not there.
    pub fn of(batch: &RecordBatch) -> Result<Self> {
        Ok(Self { securities: securities(batch)?, suspended: BTreeMap::new() })
    }

    /// Days whose suspensions are held; who was suspended is still to be read.
    pub fn hold_suspensions(&mut self, days: impl IntoIterator<Item = NaiveDate>) {
        self.suspended.extend(days.into_iter().map(|day| (day, BTreeSet::new())));
    }

    /// The partitions of the days whose suspensions are held.
    #[must_use]
    pub fn suspension_partitions(&self, table: &Table) -> BTreeSet<Partition> {
        self.suspended.keys().map(|day| Partition::of(table, *day)).collect()
    }

    /// Forgets the suspensions of a partition that cannot be read.
    pub fn forget_suspensions(&mut self, table: &Table, partition: Partition) {
        self.suspended.retain(|day, _| Partition::of(table, *day) != partition);
    }

    /// Whether bronze holds no universe.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.securities.is_empty()
    }

    /// The codes among `codes` that are listed as securities of a mainland exchange nowhere in it, each with the code of
    /// the same number that is; none where it is empty.
    #[must_use]
    pub fn unknown<'a>(&self, codes: impl IntoIterator<Item = &'a String>) -> Vec<(String, Option<String>)> {
        if self.is_empty() {
            return Vec::new();
        }
        let known: BTreeSet<&str> = self.securities.iter().map(|security| security.code.as_str()).collect();
        let unknown =
            codes.into_iter().filter(|code| symbol::is_mainland_security(code) && !known.contains(code.as_str()));
        let number = |code: &str| code.split('.').next().unwrap_or_default().to_owned();
        let other = |code: &str| known.iter().find(|other| number(other) == number(code)).map(|&code| code.to_owned());
        unknown.map(|code| (code.clone(), other(code))).collect()
    }

    /// Adds the suspensions of some rows, for the days that are held.
    ///
    /// # Errors
    /// When a column is not there.
    pub fn suspend(&mut self, batch: &RecordBatch) -> Result<()> {
        let codes = column(batch, "ts_code")?.as_string::<i32>();
        let days = column(batch, "trade_date")?.as_primitive::<Date32Type>();
        let kinds = column(batch, "suspend_type")?.as_string::<i32>();
        let timings = column(batch, "suspend_timing")?;
        for row in 0..batch.num_rows() {
            // With a time it is an interruption: there is a bar.
            if kinds.value(row) == "S"
                && timings.is_null(row)
                && let Some(day) = days.value_as_date(row)
                && let Some(suspended) = self.suspended.get_mut(&day)
            {
                suspended.insert(codes.value(row).to_owned());
            }
        }
        Ok(())
    }

    /// The securities of the exchanges that an interface covers which may have reported on periods from `start`
    /// on, by code. Those listed later published the years before.
    #[must_use]
    pub fn reporting(&self, contract: &Contract, start: NaiveDate) -> Vec<String> {
        let exchanges = &contract.publication.exchanges;
        let is_covered = |security: &Security| {
            exchanges.is_empty() || security.exchange.as_ref().is_some_and(|exchange| exchanges.contains(exchange))
        };
        let lived = |security: &&Security| {
            security.listed.is_some() && security.delisted.is_none_or(|day| day >= start) && is_covered(security)
        };
        self.securities.iter().filter(lived).map(|security| security.code.clone()).collect()
    }

    /// How many rows an interface should have on a day, as far as the universe and the suspensions tell.
    #[must_use]
    pub fn expected(&self, contract: &Contract, day: NaiveDate) -> Expected {
        let publication = &contract.publication;
        let Some(covered) = publication.covers else { return Expected::default() };
        if self.securities.is_empty() || contract.ask.axis != Axis::Session {
            return Expected::default();
        }
        let listed = self.securities.iter().filter(|security| {
            let is_there = security.listed.is_some_and(|listed| listed <= day)
                && security.delisted.is_none_or(|delisted| day < delisted);
            let exchange = security.exchange.as_deref().unwrap_or_default();
            let is_covered =
                publication.exchanges.is_empty() || publication.exchanges.iter().any(|known| known == exchange);
            is_there && is_covered && !security.is_doubtful
        });
        let suspended = self.suspended.get(&day);
        match (covered, suspended) {
            (Covered::Listed, _) => {
                let all = listed.count();
                Expected { least: Some(all), most: Some(all) }
            }
            (Covered::Traded, Some(suspended)) => {
                let all = listed.filter(|security| !suspended.contains(&security.code)).count();
                Expected { least: Some(all), most: Some(all) }
            }
            // How many were suspended is unknown: only the whole market proves itself.
            (Covered::Traded, None) => Expected { least: None, most: Some(listed.count()) },
        }
    }
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a dyn arrow::array::Array> {
    let column = batch.column_by_name(name).with_context(|| format!("no column `{name}`"))?;
    Ok(column.as_ref())
}

fn securities(batch: &RecordBatch) -> Result<Vec<Security>> {
    let [codes, exchanges, statuses] = ["ts_code", "exchange", "list_status"].map(|name| column(batch, name));
    let [listed, delisted] = ["list_date", "delist_date"].map(|name| column(batch, name));
    let (codes, exchanges, statuses) =
        (codes?.as_string::<i32>(), exchanges?.as_string::<i32>(), statuses?.as_string::<i32>());
    let (listed, delisted) = (listed?.as_primitive::<Date32Type>(), delisted?.as_primitive::<Date32Type>());
    let text =
        |column: &arrow::array::StringArray, row: usize| column.is_valid(row).then(|| column.value(row).to_owned());
    let day = |column: &arrow::array::Date32Array, row: usize| {
        column.is_valid(row).then(|| column.value_as_date(row)).flatten()
    };
    let one = |row: usize| Security {
        code: codes.value(row).to_owned(),
        exchange: text(exchanges, row),
        listed: day(listed, row),
        delisted: day(delisted, row),
        is_doubtful: text(statuses, row).as_deref() == Some("P"),
    };
    Ok((0..batch.num_rows()).map(one).collect())
}
