//! The universe: which securities should have a row on a day. An answer with fewer rows is incomplete. Answers
//! themselves are judged elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::Date32Type;
use chrono::NaiveDate;

use crate::normalise::Partition;
use crate::spec::{Axis, Contract, Covered, Table};

/// The prefix of the codes that the Beijing exchange has assigned since 2024, and the suffix of all its codes.
const FORMER: (&str, &str) = ("92", ".BJ");

/// The most days between the last trade of a security and its delisting. If rows are missing before that, they are
/// reported.
const AFTER_LAST_TRADE: i64 = 60;

/// A security in the newest snapshot.
#[derive(Debug, Clone)]
struct Security {
    code: String,
    exchange: Option<String>,
    listed: Option<NaiveDate>,
    delisted: Option<NaiveDate>,
    /// Its listing was suspended on an unknown day, so it may have a row or not.
    is_doubtful: bool,
}

/// The securities of the market, as far as bronze knows them.
#[derive(Debug, Clone, Default)]
pub struct Universe {
    securities: Vec<Security>,
    /// Securities suspended for the whole day, for the days with known suspensions.
    suspended: BTreeMap<NaiveDate, BTreeSet<String>>,
    /// Current codes by former codes.
    renumbered: BTreeMap<String, String>,
    /// The companies that have reported, by period.
    reported: BTreeMap<NaiveDate, BTreeSet<String>>,
    /// Bronze has securities that cannot be read, or they were requested in vain.
    is_unreadable: bool,
    /// Days whose suspensions cannot be read, or were requested in vain.
    unreadable: BTreeSet<NaiveDate>,
}

/// Which securities an answer for a day has, compared with those it should have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cover {
    /// How many it should have, if known.
    pub expected: Option<usize>,
    /// Those it should have but does not.
    pub lacking: Vec<String>,
    /// Those it has but the universe does not know.
    pub unknown: Vec<String>,
}

/// How many rows a day should have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expected {
    /// With fewer, the day is incomplete.
    pub least: Option<usize>,
    /// There cannot be more.
    pub most: Option<usize>,
}

impl Universe {
    /// The securities in a snapshot.
    ///
    /// # Errors
    /// When a column is missing.
    pub fn of(batch: &RecordBatch) -> Result<Self> {
        Ok(Self { securities: securities(batch)?, ..Self::default() })
    }

    /// A universe that is in bronze but cannot be read, or that was requested in vain.
    #[must_use]
    pub fn unreadable() -> Self {
        Self { is_unreadable: true, ..Self::default() }
    }

    /// Whether the data needed to judge answers for a day cannot be read, or were requested in vain.
    #[must_use]
    pub fn cannot_judge(&self, contract: &Contract, day: NaiveDate) -> bool {
        let is_unreadable = match contract.publication.covers {
            Some(Covered::Traded) => {
                self.is_unreadable || (self.unreadable.contains(&day) && !self.suspended.contains_key(&day))
            }
            Some(Covered::Listed) => self.is_unreadable,
            Some(Covered::Reporting) | None => false,
        };
        is_unreadable && contract.ask.axis == Axis::Session
    }

    /// Records days with known suspensions. The suspensions are added later.
    pub fn hold_suspensions(&mut self, days: impl IntoIterator<Item = NaiveDate>) {
        self.suspended.extend(days.into_iter().map(|day| (day, BTreeSet::new())));
    }

    /// The partitions of the days with known suspensions.
    #[must_use]
    pub fn suspension_partitions(&self, table: &Table) -> BTreeSet<Partition> {
        self.suspended.keys().map(|day| Partition::of(table, *day)).collect()
    }

    /// Forgets the suspensions of a partition that cannot be read.
    pub fn forget_suspensions(&mut self, table: &Table, partition: Partition) {
        let forgotten = self.suspended.extract_if(.., |day, _| Partition::of(table, *day) == partition);
        self.unreadable.extend(forgotten.map(|(day, _)| day));
    }

    /// Records days whose suspensions were requested in vain. Their answers can be judged later.
    #[must_use]
    pub fn without_suspensions(self, days: impl IntoIterator<Item = NaiveDate>) -> Self {
        let mut unreadable = self.unreadable;
        unreadable.extend(days);
        Self { unreadable, ..self }
    }

    /// Whether bronze has no universe.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.securities.is_empty()
    }

    /// Those of `codes` that it does not list, each with a listed code of the same number. None if the universe is
    /// empty.
    #[must_use]
    pub fn unknown<'a>(&self, codes: impl IntoIterator<Item = &'a String>) -> Vec<(String, Option<String>)> {
        if self.is_empty() {
            return Vec::new();
        }
        let known: BTreeSet<&str> = self.securities.iter().map(|security| security.code.as_str()).collect();
        let unknown = codes.into_iter().filter(|code| !known.contains(code.as_str()));
        let number = |code: &str| code.split('.').next().unwrap_or_default().to_owned();
        let other = |code: &str| known.iter().find(|other| number(other) == number(code)).map(|&code| code.to_owned());
        unknown.map(|code| (code.clone(), other(code))).collect()
    }

    /// Adds suspensions from some rows, for the days recorded.
    ///
    /// # Errors
    /// When a column is missing.
    pub fn suspend(&mut self, batch: &RecordBatch) -> Result<()> {
        let codes = column(batch, "ts_code")?.as_string::<i32>();
        let days = column(batch, "trade_date")?.as_primitive::<Date32Type>();
        let kinds = column(batch, "suspend_type")?.as_string::<i32>();
        let timings = column(batch, "suspend_timing")?;
        for row in 0..batch.num_rows() {
            // With a time it is only an interruption, and there is a bar.
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

    /// Whether it lists this code.
    #[must_use]
    pub fn has(&self, code: &str) -> bool {
        self.securities.iter().any(|security| security.code == code)
    }

    /// The securities, by code, on the exchanges that an interface covers that may have reported on periods from
    /// `start` on. Those listed later published earlier years as well.
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

    /// Adds changed codes from a table with `o_code` and `n_code`.
    ///
    /// # Errors
    /// When a column is missing.
    pub fn renumber(&mut self, batch: &RecordBatch) -> Result<()> {
        let (former, present) = (column(batch, "o_code")?.as_string::<i32>(), column(batch, "n_code")?);
        let present = present.as_string::<i32>();
        for row in 0..batch.num_rows() {
            if former.is_valid(row) && present.is_valid(row) {
                self.renumbered.insert(former.value(row).to_owned(), present.value(row).to_owned());
            }
        }
        Ok(())
    }

    /// The current codes of securities, without those it does not list. All of them if the universe is empty.
    #[must_use]
    pub fn present(&self, codes: &BTreeSet<String>) -> BTreeSet<String> {
        let present = codes.iter().map(|code| self.renumbered.get(code).unwrap_or(code));
        if self.is_empty() {
            return present.cloned().collect();
        }
        let known: BTreeSet<&str> = self.securities.iter().map(|security| security.code.as_str()).collect();
        present.filter(|code| known.contains(code.as_str())).cloned().collect()
    }

    /// Those of `codes` that it lists.
    #[must_use]
    pub fn known(&self, codes: &BTreeSet<String>) -> BTreeSet<String> {
        let all = self.securities.iter().map(|security| &security.code);
        all.filter(|code| codes.contains(*code)).cloned().collect()
    }

    /// Whether a security was delisted so soon after a day that its last trade may have been before.
    #[must_use]
    pub fn is_ending(&self, code: &str, day: NaiveDate) -> bool {
        let ends = |delisted: NaiveDate| (delisted - day).num_days() <= AFTER_LAST_TRADE;
        self.securities.iter().any(|security| security.code == code && security.delisted.is_some_and(ends))
    }

    /// Whether any security was listed by a day.
    #[must_use]
    pub fn was_there(&self, day: NaiveDate) -> bool {
        self.securities.iter().any(|security| security.listed.is_some_and(|listed| listed <= day))
    }

    /// The companies that have reported on a period, by the disclosure plan.
    #[must_use]
    pub fn reported(&self, period: NaiveDate) -> Option<&BTreeSet<String>> {
        self.reported.get(&period)
    }

    /// Adds reports from rows of the disclosure plan, if they were published before a day.
    ///
    /// # Errors
    /// When a column is missing.
    pub fn report(&mut self, batch: &RecordBatch, before: NaiveDate) -> Result<()> {
        let codes = column(batch, "ts_code")?.as_string::<i32>();
        let [periods, days] = ["end_date", "actual_date"].map(|name| column(batch, name));
        let (periods, days) = (periods?.as_primitive::<Date32Type>(), days?.as_primitive::<Date32Type>());
        for row in 0..batch.num_rows() {
            let out = days.is_valid(row).then(|| days.value_as_date(row)).flatten().filter(|day| *day < before);
            if let (Some(_), Some(period)) = (out, periods.value_as_date(row)) {
                self.reported.entry(period).or_default().insert(codes.value(row).to_owned());
            }
        }
        Ok(())
    }

    /// The securities that an answer for a day has, compared with those it should have.
    #[must_use]
    pub fn cover(&self, contract: &Contract, day: NaiveDate, codes: &BTreeSet<String>) -> Cover {
        let is_judged = contract.publication.covers.is_some() && contract.ask.axis == Axis::Session;
        if self.securities.is_empty() || !is_judged {
            return Cover::default();
        }
        let known: BTreeSet<&str> = self.securities.iter().map(|security| security.code.as_str()).collect();
        let shown: BTreeSet<&str> =
            codes.iter().map(|code| self.renumbered.get(code).unwrap_or(code).as_str()).collect();
        let unknown = shown.iter().filter(|code| !known.contains(*code)).map(|code| (*code).to_owned());
        let unknown: Vec<String> = unknown.collect();
        let Some(due) = self.due(contract, day) else { return Cover { unknown, ..Cover::default() } };
        let mut lacking: Vec<String> =
            due.iter().filter(|code| !shown.contains(**code)).map(|code| (*code).to_owned()).collect();
        // Without the table of changed codes: the Beijing exchange replaced all its codes, one for one.
        let former = unknown.iter().filter(|code| code.ends_with(FORMER.1) && !code.starts_with(FORMER.0)).count();
        let renumbered = |code: &String| code.ends_with(FORMER.1) && code.starts_with(FORMER.0);
        let mut excused = former.min(lacking.iter().filter(|code| renumbered(code)).count());
        lacking.retain(|code| {
            let keeps = excused == 0 || !renumbered(code);
            excused -= usize::from(!keeps);
            keeps
        });
        Cover { expected: Some(due.len()), lacking, unknown }
    }

    /// The securities that must have a row on a day; `None` if unknown.
    fn due(&self, contract: &Contract, day: NaiveDate) -> Option<BTreeSet<&str>> {
        let listed = self.listed(contract, day).map(|security| security.code.as_str());
        match (contract.publication.covers?, self.suspended.get(&day)) {
            (Covered::Listed, _) => Some(listed.collect()),
            (Covered::Traded, Some(suspended)) => Some(listed.filter(|code| !suspended.contains(*code)).collect()),
            // Suspensions are unknown.
            (Covered::Traded, None) | (Covered::Reporting, _) => None,
        }
    }

    /// The securities on the exchanges that an interface covers that were listed on a day.
    fn listed(&self, contract: &Contract, day: NaiveDate) -> impl Iterator<Item = &Security> {
        let exchanges = &contract.publication.exchanges;
        self.securities.iter().filter(move |security| {
            let is_there = security.listed.is_some_and(|listed| listed <= day)
                && security.delisted.is_none_or(|delisted| day < delisted);
            let exchange = security.exchange.as_deref().unwrap_or_default();
            let is_covered = exchanges.is_empty() || exchanges.iter().any(|known| known == exchange);
            is_there && is_covered && !security.is_doubtful
        })
    }

    /// How many rows an interface should have for a day, as far as the universe and the suspensions tell.
    #[must_use]
    pub fn expected(&self, contract: &Contract, day: NaiveDate) -> Expected {
        let is_judged = contract.publication.covers.is_some() && contract.ask.axis == Axis::Session;
        if self.securities.is_empty() || !is_judged {
            return Expected::default();
        }
        match self.due(contract, day) {
            Some(due) => Expected { least: Some(due.len()), most: Some(due.len()) },
            // Without knowing the suspensions, only an answer with every listed security is provably complete.
            None => Expected { least: None, most: Some(self.listed(contract, day).count()) },
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
