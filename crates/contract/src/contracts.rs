//! All contracts: the files of `schemas/`, compiled in, and those of a person beside or instead of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::contract::{self, Contract, InterfaceId, VendorFacts};
use crate::problem::Problem;

/// The files of `schemas/`: (name, text).
const SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// A TOML file of the project: its name as a person would open it, and its text.
#[derive(Debug, Clone)]
pub struct SpecFile {
    /// `schemas/tushare/daily.toml`, `pipelines/stock_daily_cn.toml`, `jobs.toml`.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// Everything that vendors say.
#[derive(Debug, Clone, Default)]
pub struct Contracts {
    contracts: Vec<Arc<Contract>>,
    vendors: Vec<VendorFacts>,
}

impl Contracts {
    /// Reads the shipped files, and those of `own` below `schemas/` added or in their place. A contract with a problem
    /// is left out.
    #[must_use]
    pub fn load(own: &[SpecFile]) -> (Self, Vec<Problem>) {
        let mut files: BTreeMap<&str, &str> = SHIPPED.iter().copied().collect();
        let own = own.iter().filter(|file| file.name.starts_with("schemas/"));
        files.extend(own.map(|file| (file.name.as_str(), file.text.as_str())));
        let mut problems = Vec::new();
        let mut all = Self::default();
        for (&name, &text) in &files {
            match name.split('/').collect::<Vec<_>>()[..] {
                [_, _, _] => match contract::read(name, text, &|other| files.get(other).copied()) {
                    Ok(contract) => all.contracts.push(Arc::new(contract)),
                    Err(found) => problems.extend(found),
                },
                [_, _] => match contract::read_vendor(name, text) {
                    Ok(vendor) => all.vendors.push(vendor),
                    Err(found) => problems.extend(found),
                },
                _ => problems.push(Problem {
                    file: name.to_owned(),
                    line: 0,
                    message: "a file in an unexpected place".into(),
                    hint: Some("schemas/<vendor>.toml or schemas/<vendor>/<interface>.toml".into()),
                }),
            }
        }
        for contract in &all.contracts {
            if all.vendor(&contract.id.vendor).is_none() {
                let file = format!("schemas/{}.toml", contract.id.vendor);
                let message = format!("missing: `{}` belongs to a vendor nothing is said of", contract.id);
                problems.push(Problem { file, line: 0, message, hint: None });
            }
        }
        (all, problems)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Contract>> {
        self.contracts.iter()
    }

    /// All of them.
    #[must_use]
    pub fn as_slice(&self) -> &[Arc<Contract>] {
        &self.contracts
    }

    /// The contract of an interface.
    #[must_use]
    pub fn get(&self, id: &InterfaceId) -> Option<&Arc<Contract>> {
        self.contracts.iter().find(|contract| contract.id == *id)
    }

    /// What a vendor says of itself; loading proved that it is there.
    #[must_use]
    pub fn vendor(&self, name: &str) -> Option<&VendorFacts> {
        self.vendors.iter().find(|vendor| vendor.vendor == name)
    }

    /// What all vendors say of themselves.
    pub fn vendors(&self) -> impl Iterator<Item = &VendorFacts> {
        self.vendors.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_contracts_load() {
        let (contracts, problems) = Contracts::load(&[]);
        assert!(problems.is_empty(), "{problems:#?}");
        assert!(contracts.iter().count() > 100);
    }
}
