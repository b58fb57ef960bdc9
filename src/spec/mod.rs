//! The project's TOML, read strictly and proven once: contracts (`schemas/`), tables (`pipelines/`)
//! and jobs (`jobs.toml`). Pure: text in, proven types or every problem at once out.
//!
//! Never here: reading folders, the clock, or anything a vendor sends.

mod bind;
mod contract;
mod job;
mod pipeline;
mod problem;
mod reader;
mod table;
mod unit;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use contract::{
    Ask, Axis, Contract, Covered, Empty, Field, InterfaceId, Limit, Paging, Publication, Values, VendorFacts, Wire,
};
pub use job::{Account, Job, Jobs, LOOKBACK, VENDORS};
pub use pipeline::{ColumnType, Example, Known, PartitionBy};
pub use problem::{Problem, Problems, nearest};
pub use table::{AnnouncedBy, Column, FieldPlan, Table, TableSource, UnitRatio, Versions};
pub use unit::{Dimension, Unit, UnitMismatch};

/// The files compiled into the binary: (name, text).
const SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// A TOML file of the project: its name as a person would open it, and its text.
#[derive(Debug, Clone)]
pub struct SpecFile {
    /// `schemas/tushare/daily.toml`, `pipelines/stock_daily_cn.toml`, `jobs.toml`.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// Everything the program knows of vendors and tables.
#[derive(Debug)]
pub struct Catalog {
    tables: BTreeMap<String, Arc<Table>>,
    contracts: Vec<Arc<Contract>>,
    vendors: Vec<VendorFacts>,
}

impl Catalog {
    /// Reads and binds the shipped files, those of `own` added or in their place, and `jobs`.
    ///
    /// # Errors
    /// Every problem of every file at once.
    pub fn load(own: &[SpecFile], jobs: Option<&SpecFile>) -> Result<(Self, Jobs), Problems> {
        let mut files: BTreeMap<&str, &str> = SHIPPED.iter().copied().collect();
        files.extend(own.iter().map(|file| (file.name.as_str(), file.text.as_str())));
        let mut problems = Vec::new();
        let mut contracts: Vec<Arc<Contract>> = Vec::new();
        let mut vendors = Vec::new();
        let mut pipelines = Vec::new();
        for (&name, &text) in &files {
            let parts: Vec<&str> = name.split('/').collect();
            match parts[..] {
                ["schemas", _, _] => match contract::read(name, text, &|other| files.get(other).copied()) {
                    Ok(contract) => contracts.push(Arc::new(contract)),
                    Err(found) => problems.extend(found),
                },
                ["schemas", _] => match contract::read_vendor(name, text) {
                    Ok(vendor) => vendors.push(vendor),
                    Err(found) => problems.extend(found),
                },
                ["pipelines", _] => match pipeline::read(name, text) {
                    Ok(pipeline) => pipelines.push(pipeline),
                    Err(found) => problems.extend(found),
                },
                _ => problems.push(Problem {
                    file: name.to_owned(),
                    line: 0,
                    message: "a file in an unexpected place".into(),
                    hint: Some("schemas/<vendor>/<interface>.toml or pipelines/<table>.toml".into()),
                }),
            }
        }
        for contract in &contracts {
            if !vendors.iter().any(|v: &VendorFacts| v.vendor == contract.id.vendor) {
                let file = format!("schemas/{}.toml", contract.id.vendor);
                let message = format!("missing: `{}` belongs to a vendor nothing is said of", contract.id);
                problems.push(Problem { file, line: 0, message, hint: None });
            }
        }
        let mut tables: BTreeMap<String, Table> = BTreeMap::new();
        let names: Vec<String> = pipelines.iter().map(|p| p.table.clone()).collect();
        // A contract that did not load must not raise a second complaint in every pipeline of it.
        if problems.is_empty() {
            for pipeline in &pipelines {
                match bind::bind(pipeline, &contracts) {
                    Ok(table) => {
                        tables.insert(table.name.clone(), table);
                    }
                    Err(found) => problems.extend(found),
                }
            }
        }
        if problems.is_empty() {
            problems.extend(contracts.iter().flat_map(|contract| values::problems(contract, &tables)));
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let jobs = match jobs.map(|file| job::read(&file.name, &file.text, &names, &tables)) {
            None => Jobs::default(),
            Some(Ok(jobs)) => jobs,
            Some(Err(found)) => {
                problems.extend(found);
                Jobs::default()
            }
        };
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        for (name, order) in &jobs.preferences {
            if let Some(table) = tables.get_mut(name) {
                table.prefer(order);
            }
        }
        let tables = tables.into_iter().map(|(name, table)| (name, Arc::new(table))).collect();
        Ok((Self { tables, contracts, vendors }, jobs))
    }

    /// All tables by name.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        self.tables.values()
    }

    /// The table of that name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Arc<Table>> {
        self.tables.get(name)
    }

    /// The contract of that interface.
    #[must_use]
    pub fn contract(&self, id: &InterfaceId) -> Option<&Arc<Contract>> {
        self.contracts.iter().find(|contract| contract.id == *id)
    }

    /// All contracts.
    pub fn contracts(&self) -> impl Iterator<Item = &Arc<Contract>> {
        self.contracts.iter()
    }

    /// What a vendor says of itself; loading proved that it is there.
    #[must_use]
    pub fn vendor(&self, name: &str) -> Option<&VendorFacts> {
        self.vendors.iter().find(|vendor| vendor.vendor == name)
    }

    /// The table an interface feeds.
    #[must_use]
    pub fn fed_by(&self, id: &InterfaceId) -> Option<&Arc<Table>> {
        self.tables.values().find(|table| table.source(id).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_files_load() {
        if let Err(problems) = Catalog::load(&[], None) {
            panic!("{problems}");
        }
    }
}
