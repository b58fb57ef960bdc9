//! The findings in a table, grouped by check. How they are found is up to `rules`.

use anyhow::Result;
use serde::Serialize;

use super::rows::Shown;
use crate::spec::Table;

/// How many rows of a finding to show.
const SHOWN: usize = 5;

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The table breaks a promise.
    Error,
    /// The arithmetic of single rows is off, as in some rows of old history.
    Warning,
}

/// A finding of one check in one table.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// The table.
    pub table: String,
    /// Name of the check.
    pub check: &'static str,
    /// What it means.
    pub level: Level,
    /// What is wrong.
    pub problem: String,
    /// How many rows, days or files it concerns.
    pub count: usize,
    /// The first of them.
    pub rows: Vec<Shown>,
}

/// Collects a table's findings by check.
pub(super) struct Findings {
    table: String,
    pub(super) found: Vec<Finding>,
}

impl Findings {
    pub(super) fn of(table: &Table) -> Self {
        Self { table: table.name.clone(), found: Vec::new() }
    }

    /// Counts a row, day or file. The first few are shown.
    pub(super) fn add(
        &mut self,
        check: &'static str,
        level: Level,
        problem: String,
        row: impl FnOnce() -> Result<Shown>,
    ) -> Result<()> {
        let place = self.found.iter().position(|finding| finding.check == check && finding.problem == problem);
        let finding = match place {
            Some(place) => &mut self.found[place],
            None => {
                let table = self.table.clone();
                self.found.push(Finding { table, check, level, problem, count: 0, rows: Vec::new() });
                let last = self.found.len() - 1;
                &mut self.found[last]
            }
        };
        finding.count += 1;
        if finding.rows.len() < SHOWN {
            finding.rows.push(row()?);
        }
        Ok(())
    }

    pub(super) fn join(&mut self, other: Self) {
        for theirs in other.found {
            let same = |ours: &&mut Finding| ours.check == theirs.check && ours.problem == theirs.problem;
            match self.found.iter_mut().find(same) {
                Some(ours) => {
                    ours.count += theirs.count;
                    ours.rows.extend(theirs.rows.into_iter().take(SHOWN - ours.rows.len()));
                }
                None => self.found.push(theirs),
            }
        }
    }
}
