//! The order in which tables are fetched, so that each finds what it needs. Which slices are fetched is not decided
//! here.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{CALENDAR, DISCLOSURES, SUSPENSIONS, UNIVERSE, tables_of};
use crate::spec::{Catalog, Covered, Jobs, Table};

/// The tables of a run, in fetch order.
#[derive(Debug)]
pub struct Phases {
    /// The calendar and universe if a table is requested slice by slice, and every snapshot that was named or is
    /// needed.
    pub reference: Vec<Arc<Table>>,
    /// The others. Suspensions tell how many rows other tables should have, and some tables are requested for values
    /// that others hold.
    pub rest: Vec<Vec<Arc<Table>>>,
}

impl Phases {
    /// The phases of some tables.
    #[must_use]
    pub fn of(catalog: &Catalog, jobs: &Jobs, tables: &[Arc<Table>]) -> Self {
        let reference = reference(catalog, jobs, tables);
        let is_reference = |table: &Table| reference.iter().any(|other| other.name == table.name);
        let mut rest: Vec<Vec<Arc<Table>>> =
            vec![tables.iter().filter(|table| !is_reference(table)).cloned().collect()];
        loop {
            let wanted = wanted_by(jobs, &rest[0]);
            let (mut before, after): (Vec<Arc<Table>>, Vec<Arc<Table>>) =
                rest[0].iter().cloned().partition(|table| is_aid(table) || wanted.contains(&table.name));
            let aid =
                catalog.table(SUSPENSIONS).filter(|table| needs_suspensions(jobs, &rest[0]) && is_open(jobs, table));
            for table in wanted.iter().filter_map(|name| catalog.table(name)).chain(aid) {
                let is_planned = rest[1..].iter().flatten().chain(&before).any(|other| other.name == table.name);
                if !is_reference(table) && !is_planned {
                    before.push(Arc::clone(table));
                }
            }
            if before.is_empty() || after.is_empty() {
                return Self { reference, rest };
            }
            rest[0] = after;
            rest.insert(0, before);
        }
    }

    /// Every table, in order.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.rest.iter().flatten().chain(&self.reference)
    }
}

/// The tables from which configured vendors take parameter values for some tables.
#[must_use]
pub fn wanted_by(jobs: &Jobs, tables: &[Arc<Table>]) -> BTreeSet<String> {
    let sources = tables.iter().flat_map(|table| &table.sources);
    let asked = sources.filter(|source| jobs.accounts.contains_key(&source.contract.id.vendor));
    asked.flat_map(|source| tables_of(&source.contract)).map(str::to_owned).collect()
}

fn reference(catalog: &Catalog, jobs: &Jobs, tables: &[Arc<Table>]) -> Vec<Arc<Table>> {
    let mut reference: Vec<Arc<Table>> = Vec::new();
    if tables.iter().any(|table| !table.is_snapshot()) {
        reference.extend([CALENDAR, UNIVERSE].iter().filter_map(|name| catalog.table(name).cloned()));
    }
    // Tables that are requested for values of another table come after it.
    let plain = |table: &&Arc<Table>| table.is_snapshot() && wanted_by(jobs, std::slice::from_ref(*table)).is_empty();
    let wanted = wanted_by(jobs, tables);
    let named = tables.iter().filter(plain).cloned();
    let more = wanted.iter().filter_map(|name| catalog.table(name)).filter(plain).cloned();
    for table in named.chain(more) {
        if !reference.iter().any(|other| other.name == table.name) {
            reference.push(table);
        }
    }
    reference
}

/// Whether other tables are judged by what it holds.
fn is_aid(table: &Table) -> bool {
    table.name == SUSPENSIONS || table.name == DISCLOSURES
}

/// Whether any of the tables covers a market whose answers are judged by suspensions.
fn needs_suspensions(jobs: &Jobs, tables: &[Arc<Table>]) -> bool {
    let sources = tables.iter().flat_map(|table| &table.sources);
    let mut asked = sources.filter(|source| jobs.accounts.contains_key(&source.contract.id.vendor));
    asked.any(|source| source.contract.publication.covers == Some(Covered::Traded))
}

/// Whether any account's points give access to a table.
fn is_open(jobs: &Jobs, table: &Table) -> bool {
    table.sources.iter().any(|source| {
        let account = jobs.accounts.get(&source.contract.id.vendor);
        account.is_some_and(|account| account.points >= source.contract.points)
    })
}
