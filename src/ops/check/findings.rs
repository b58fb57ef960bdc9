//! What was found in a table, by check. Never how it is found.

use anyhow::Result;
use serde::Serialize;

use super::rows::Shown;
use crate::spec::Table;

/// Most rows of a finding that are shown.
const SHOWN: usize = 5;

/// What a finding means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The table breaks a promise.
    Error,
    /// Arithmetic of single rows, which some rows of old history break.
    Warning,
}

/// What a check found in a table.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// The table.
    pub table: String,
    /// The check.
    pub check: &'static str,
    /// What it means.
    pub level: Level,
    /// What is wrong.
    pub problem: String,
    /// How many rows, days or files are concerned.
    pub count: usize,
    /// The first of them.
    pub rows: Vec<Shown>,
}

/// What was found in a table, by check.
pub(super) struct Findings {
    table: String,
    pub(super) found: Vec<Finding>,
}

impl Findings {
    pub(super) fn of(table: &Table) -> Self {
        Self { table: table.name.clone(), found: Vec::new() }
    }

    /// Counts a row, day or file; the first ones are shown.
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
