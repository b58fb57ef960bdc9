//! Every interface on offer, each made from its contract and its entry.

use super::entry::{Entry, entries};
use super::served::{Content, Served};
use super::sessions::column::MadeColumn;
use super::sessions::populations::POPULATIONS;
use super::{instruments, records, reports};
use pitlake_contract::{Contract, Contracts, Field, SpecFile, WireFormat};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// Every interface on offer, by vendor and name: `tushare/daily`.
pub(crate) struct Catalog {
    /// What vendors say of all their interfaces.
    pub(crate) contracts: Contracts,
    interfaces: BTreeMap<String, Served>,
}

/// Those that are shipped.
static SHIPPED: LazyLock<Arc<Catalog>> = LazyLock::new(|| Arc::new(Catalog::load(&[])));

/// The shipped interface of that name.
#[cfg(test)]
pub(crate) fn find_shipped(name: &str) -> Option<&'static Served> {
    SHIPPED.find(name)
}

impl Catalog {
    /// Those that are shipped, and those of contracts below `schemas/` added or in their place.
    pub(crate) fn with(own: &[SpecFile]) -> Arc<Self> {
        if own.is_empty() { Arc::clone(&SHIPPED) } else { Arc::new(Self::load(own)) }
    }

    /// A contract with a problem is left out: whoever reads it for the lake names the problem.
    fn load(own: &[SpecFile]) -> Self {
        let entries = entries();
        let (contracts, _) = Contracts::load(own);
        let named = |contract: &Arc<Contract>| {
            let id = contract.id.to_string();
            // A gateway with Tushare's wire has Tushare's rows under Tushare's names.
            let vendor = contracts.vendor(&contract.id.vendor);
            let is_alike = vendor.is_some_and(|vendor| vendor.wire == WireFormat::Tushare);
            // Both interfaces of a report say the same.
            let entry = entries.get(contract.id.name.trim_end_matches("_vip")).filter(|_| is_alike);
            let is_own = own.iter().any(|file| file.name == format!("schemas/{id}.toml"));
            (entry.is_some() || is_own).then(|| (id, interface(contract, entry)))
        };
        let interfaces = contracts.iter().filter_map(named).collect();
        Self { contracts, interfaces }
    }

    /// The interface of that name, one of Tushare's where no vendor is named.
    pub(crate) fn find(&self, name: &str) -> Option<&Served> {
        if name.contains('/') { self.interfaces.get(name) } else { self.interfaces.get(&format!("tushare/{name}")) }
    }
}

/// An interface as its entry has it, or as follows from its contract alone.
fn interface(contract: &Arc<Contract>, entry: Option<&Entry>) -> Served {
    let fields: Vec<Field> = contract.fields.iter().filter(|field| field.param.is_none()).cloned().collect();
    let maker = |field: &Field| entry.and_then(|entry| entry.makers.get(&field.name)).map(String::as_str);
    let columns = fields.iter().map(|field| MadeColumn::new(contract, field, maker(field))).collect();
    let rows = entry.map_or_else(|| records::of_axis(contract.ask.axis), |entry| entry.rows.as_str());
    Served {
        contract: Arc::clone(contract),
        fields,
        content: content(rows, columns),
        flaws: entry.map(|entry| entry.flaws).unwrap_or_default(),
        comma_list: entry.is_some_and(|entry| entry.comma_list),
    }
}

/// The rows that an entry names.
///
/// # Panics
/// When there are none of that name: entries are compiled in, and every test reads them.
fn content(rows: &str, columns: Vec<MadeColumn>) -> Content {
    if let Some(population) = POPULATIONS.iter().find(|population| population.name == rows) {
        return Content::Sessions(population, columns);
    }
    if let Some((_, records)) = reports::ROWS.iter().chain(&records::ROWS).find(|(name, _)| *name == rows) {
        return Content::Records(*records, columns);
    }
    match records::SNAPSHOTS.iter().chain(&instruments::SNAPSHOTS).find(|(name, _)| *name == rows) {
        Some((_, lines)) => Content::Snapshot(*lines, columns),
        None => panic!("unknown rows `{rows}` in market/*.toml"),
    }
}
