//! All contracts and vendors: the files of `schemas/`, compiled in, with the user's own files added or replacing them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::contract::{self, Contract, InterfaceId, Vendor};
use crate::problem::Problem;

/// The files of `schemas/`: (name, text).
const SHIPPED: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// A TOML file of the project.
#[derive(Debug, Clone)]
pub struct SpecFile {
    /// Its path in the project's folder: `schemas/tushare/daily.toml`, `jobs.toml`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The contracts of all interfaces and their vendors.
#[derive(Debug, Clone, Default)]
pub struct Contracts {
    interfaces: Vec<Arc<Contract>>,
    vendors: Vec<Vendor>,
    /// The vendors that have a file, even one with problems.
    vendor_names: BTreeSet<String>,
}

impl Contracts {
    /// Reads the shipped files, with those in `own` below `schemas/` added or replacing them. Files with problems are
    /// left out.
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
                    Ok(contract) => all.interfaces.push(Arc::new(contract)),
                    Err(found) => problems.extend(found),
                },
                [_, file] => {
                    all.vendor_names.insert(file.trim_end_matches(".toml").to_owned());
                    match contract::read_vendor(name, text) {
                        Ok(vendor) => all.vendors.push(vendor),
                        Err(found) => problems.extend(found),
                    }
                }
                _ => problems.push(Problem {
                    file: name.to_owned(),
                    line: 0,
                    message: "unexpected file".into(),
                    hint: Some("expected schemas/<vendor>.toml or schemas/<vendor>/<interface>.toml".into()),
                }),
            }
        }
        let vendors: BTreeSet<&str> = all.interfaces.iter().map(|contract| contract.id.vendor.as_str()).collect();
        for vendor in vendors.into_iter().filter(|vendor| !all.vendor_names.contains(*vendor)) {
            let message = format!("missing file: schemas/{vendor} has contracts of this vendor");
            problems.push(Problem { file: format!("schemas/{vendor}.toml"), line: 0, message, hint: None });
        }
        (all, problems)
    }

    /// All contracts, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Contract>> {
        self.interfaces.iter()
    }

    /// All contracts, by name.
    #[must_use]
    pub fn as_slice(&self) -> &[Arc<Contract>] {
        &self.interfaces
    }

    /// The contract of an interface.
    #[must_use]
    pub fn get(&self, id: &InterfaceId) -> Option<&Arc<Contract>> {
        self.interfaces.iter().find(|contract| contract.id == *id)
    }

    /// The vendor with a name. If there are no problems, every contract has one.
    #[must_use]
    pub fn vendor(&self, name: &str) -> Option<&Vendor> {
        self.vendors.iter().find(|vendor| vendor.name == name)
    }

    /// All vendors, by name.
    pub fn vendors(&self) -> impl Iterator<Item = &Vendor> {
        self.vendors.iter()
    }

    /// The names of all vendors, including those with problems.
    pub fn vendor_names(&self) -> impl Iterator<Item = &str> {
        self.vendor_names.iter().map(String::as_str)
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

    fn own(name: &str, text: &str) -> SpecFile {
        SpecFile { name: name.into(), text: text.into() }
    }

    const GATEWAY: &str = "version = 1\nvendor = \"gateway\"\nwire = \"tushare\"\ntoken_in = \"body\"\n";

    const DAILY: &str = "version = 1\ninterface = \"gateway/daily\"\ntype = \"stock_daily_cn\"\ntitle = \"Daily bars\"\n\
        checked = \"2026-11-21\"\nfields_of = \"tushare/daily\"\n[ask]\nby = \"session\"\nparam = \"trade_date\"\n\
        page_rows = 6000\n[publication]\nhour = \"17:00\"\nempty = \"unpublished\"\nhistory_from = \"1990-12-19\"\n";

    #[test]
    fn a_vendor_is_added_by_its_files_alone() {
        let files = [own("schemas/gateway.toml", GATEWAY), own("schemas/gateway/daily.toml", DAILY)];
        let (contracts, problems) = Contracts::load(&files);
        assert!(problems.is_empty(), "{problems:#?}");
        let contract = contracts.get(&InterfaceId::parse("gateway/daily").unwrap()).unwrap();
        let tushare = contracts.get(&InterfaceId::parse("tushare/daily").unwrap()).unwrap();
        assert_eq!(contract.field_list(), tushare.field_list());
        assert_eq!(contracts.vendor("gateway").unwrap().token_env, "GATEWAY_TOKEN");
    }

    #[test]
    fn a_vendor_without_its_file_is_reported_once() {
        let second = DAILY.replace("gateway/daily", "gateway/weekly");
        let files = [own("schemas/gateway/daily.toml", DAILY), own("schemas/gateway/weekly.toml", &second)];
        let (_, problems) = Contracts::load(&files);
        let found: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["schemas/gateway.toml: missing file: schemas/gateway has contracts of this vendor"]);
        // A file with a problem is not reported as missing.
        let broken = GATEWAY.replace("\"body\"", "\"cookie\"");
        let (contracts, problems) = Contracts::load(&[&files[..], &[own("schemas/gateway.toml", &broken)]].concat());
        assert_eq!(problems.len(), 1, "{problems:#?}");
        assert!(contracts.vendor_names().any(|name| name == "gateway"));
    }
}
