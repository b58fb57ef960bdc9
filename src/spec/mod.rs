//! The project's TOML, read strictly and validated once: tables (`pipelines/`) and jobs (`jobs.toml`), bound to the
//! contracts of [`pitlake_contract`]. Pure: text in; validated types or all problems at once out.
//!
//! Reading folders, the clock and vendors' data are not handled here.

mod account;
mod bind;
mod fetching;
mod job;
mod lake;
mod notify;
mod pipeline;
mod schedule;
mod table;
mod units;
mod values;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use account::{Account, is_url, without_secrets};
pub use fetching::Fetching;
pub use job::{Job, Jobs, LOOKBACK};
pub use lake::Lake;
pub use notify::{Event, Form, Notify, WEBHOOK};
pub use pitlake_contract::{
    Ask, Axis, Contract, Contracts, Covered, DateRange, Dimension, Empty, Field, FieldType, InterfaceId, Limit, Paging,
    Problem, Problems, Publication, SpecFile, TokenIn, Unit, UnitMismatch, Values, Vendor, WireFormat, nearest,
};
pub use schedule::{Fields, Schedule};
pub use table::{
    AnnouncedBy, Column, ColumnType, Example, FieldPlan, FilledLater, History, Known, PartitionBy, Table, TableSource,
    Versions,
};
pub use units::UnitRatio;

/// The files of `pipelines/`, compiled in: (name, text).
const SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// All tables, contracts and vendors.
#[derive(Debug, Clone)]
pub struct Catalog {
    tables: BTreeMap<String, Arc<Table>>,
    contracts: Contracts,
}

impl Catalog {
    /// Reads the shipped files, with those in `own` added or replacing them, and `jobs`, and binds them.
    ///
    /// # Errors
    /// All problems of all files.
    pub fn load(own: &[SpecFile], jobs: Option<&SpecFile>) -> Result<(Self, Jobs), Problems> {
        let (contracts, mut problems) = Contracts::load(own);
        let mut files: BTreeMap<&str, &str> = SHIPPED.iter().copied().collect();
        let own = own.iter().filter(|file| !file.name.starts_with("schemas/"));
        files.extend(own.map(|file| (file.name.as_str(), file.text.as_str())));
        let mut pipelines = Vec::new();
        for (&name, &text) in &files {
            match pipeline::read(name, text) {
                Ok(pipeline) => pipelines.push(pipeline),
                Err(found) => problems.extend(found),
            }
        }
        let mut tables: BTreeMap<String, Table> = BTreeMap::new();
        let names: Vec<String> = pipelines.iter().map(|p| p.table.clone()).collect();
        // A problem in a contract must not raise another in each of its pipelines.
        if problems.is_empty() {
            for pipeline in &pipelines {
                match bind::bind(pipeline, contracts.as_slice()) {
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
        let vendors: Vec<&str> = contracts.vendor_names().collect();
        let names = job::Names { vendors: &vendors, tables: &names, bound: &tables };
        let jobs = match jobs.map(|file| job::read(&file.name, &file.text, &names)) {
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
        Ok((Self { tables, contracts }, jobs))
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

    /// The contract of an interface.
    #[must_use]
    pub fn contract(&self, id: &InterfaceId) -> Option<&Arc<Contract>> {
        self.contracts.get(id)
    }

    /// All contracts.
    pub fn contracts(&self) -> impl Iterator<Item = &Arc<Contract>> {
        self.contracts.iter()
    }

    /// The vendor of that name. Every contract and every account has one.
    #[must_use]
    pub fn vendor(&self, name: &str) -> Option<&Vendor> {
        self.contracts.vendor(name)
    }

    /// All vendors by name.
    pub fn vendors(&self) -> impl Iterator<Item = &Vendor> {
        self.contracts.vendors()
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
    fn a_companion_has_a_name_of_its_own() {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        let companion = |name: &str| catalog.table(name).unwrap().companion();
        for (table, expected) in [
            ("stock_daily_cn", Some("stock_daily_cn_superseded")),
            ("margin_cn", Some("margin_cn_superseded")),
            ("stock_basic_cn", Some("stock_basic_history_cn")),
            ("trade_cal", Some("trade_cal_history")),
            ("income_cn", None),
        ] {
            assert_eq!(companion(table).as_deref(), expected);
        }
        assert!(catalog.tables().filter_map(|table| table.companion()).all(|name| catalog.table(&name).is_none()));
    }

    #[test]
    fn the_shipped_files_load() {
        if let Err(problems) = Catalog::load(&[], None) {
            panic!("{problems}");
        }
    }
}
