//! All available interfaces, each built from its contract and its entry, and the scene that replies are made from.
//!
//! Entries (`market/tushare.toml`) are what the sandbox adds to a contract: who has rows, how badly they are published,
//! and the columns that do not follow from their name, type and unit.

use super::served::{Content, Flaws, Served};
use super::sessions::column::MadeColumn;
use super::sessions::populations::POPULATIONS;
use super::{instruments, records, reports};
use crate::market::{Market, Moment};
use pitlake_contract::toml::{At, TomlFile, TomlTable};
use pitlake_contract::{Contract, Contracts, Field, SpecFile, WireFormat};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

/// All available interfaces, by vendor and name: `tushare/daily`.
pub(crate) struct Catalog {
    /// What vendors document about their interfaces.
    pub(crate) contracts: Contracts,
    interfaces: BTreeMap<String, Served>,
}

/// The shipped interfaces.
static SHIPPED: LazyLock<Arc<Catalog>> = LazyLock::new(|| Arc::new(Catalog::load(&[])));

impl Catalog {
    /// The shipped interfaces, with those of contracts below `schemas/` added or replacing them.
    pub(crate) fn with(own: &[SpecFile]) -> Arc<Self> {
        if own.is_empty() { Arc::clone(&SHIPPED) } else { Arc::new(Self::load(own)) }
    }

    /// Contracts with problems are left out: the lake reports the problems when it reads them.
    fn load(own: &[SpecFile]) -> Self {
        let entries = entries();
        let (contracts, _) = Contracts::load(own);
        let named = |contract: &Arc<Contract>| {
            let id = contract.id.to_string();
            // A gateway with Tushare's wire has Tushare's rows for the same names.
            let vendor = contracts.vendor(&contract.id.vendor);
            let is_alike = vendor.is_some_and(|vendor| vendor.wire == WireFormat::Tushare);
            // Both interfaces of a report have the same rows.
            let entry = entries.get(contract.id.name.trim_end_matches("_vip")).filter(|_| is_alike);
            let is_own = own.iter().any(|file| file.name == format!("schemas/{id}.toml"));
            (entry.is_some() || is_own).then(|| (id, interface(contract, entry)))
        };
        let interfaces = contracts.iter().filter_map(named).collect();
        Self { contracts, interfaces }
    }

    /// The interface with a name, which is Tushare's if no vendor is given.
    pub(crate) fn find(&self, name: &str) -> Option<&Served> {
        if name.contains('/') { self.interfaces.get(name) } else { self.interfaces.get(&format!("tushare/{name}")) }
    }
}

/// What a reply is made from: a market, the available interfaces, and the time of the call.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) market: &'a Market,
    pub(crate) catalog: &'a Catalog,
    /// `None` means long after everything.
    pub(crate) at: Option<Moment>,
}

/// An interface built from its contract and its entry, if it has one.
fn interface(contract: &Arc<Contract>, entry: Option<&Entry>) -> Served {
    let fields: Vec<Field> = contract.fields.iter().filter(|field| field.param.is_none()).cloned().collect();
    let maker = |field: &Field| entry.and_then(|entry| entry.makers.get(&field.name)).map(String::as_str);
    let columns = fields.iter().map(|field| MadeColumn::new(contract, field, maker(field))).collect();
    let rows = entry.map_or_else(|| records::of_axis(contract.ask.axis), |entry| entry.rows.as_str());
    Served {
        contract: Arc::clone(contract),
        fields,
        columns,
        content: content(rows),
        flaws: entry.map(|entry| entry.flaws).unwrap_or_default(),
        comma_list: entry.is_some_and(|entry| entry.comma_list),
    }
}

/// The rows named by an entry.
///
/// # Panics
/// When there are none with that name. Entries are compiled in, and every test reads them.
fn content(rows: &str) -> Content {
    if let Some(population) = POPULATIONS.iter().find(|population| population.name == rows) {
        return Content::Sessions(population);
    }
    if let Some((_, records)) = reports::ROWS.iter().chain(&records::ROWS).find(|(name, _)| *name == rows) {
        return Content::Records(*records);
    }
    match records::SNAPSHOTS.iter().chain(&instruments::SNAPSHOTS).find(|(name, _)| *name == rows) {
        Some((_, lines)) => Content::Snapshot(*lines),
        None => panic!("unknown rows `{rows}` in market/tushare.toml"),
    }
}

/// How the rows of an interface are generated.
#[derive(Clone, Debug, Default)]
struct Entry {
    /// Name of the population or function that has the rows.
    rows: String,
    flaws: Flaws,
    /// Whether a call may name several codes if it needs one.
    comma_list: bool,
    /// Columns, and the names of their makers.
    makers: BTreeMap<String, String>,
}

/// All entries by interface.
fn entries() -> BTreeMap<String, Entry> {
    read_entries("market/tushare.toml", include_str!("../../market/tushare.toml"), entry)
}

/// The tables in a file, by name.
///
/// # Panics
/// When one is invalid. Files are compiled in, and every test reads them.
pub(crate) fn read_entries<T>(file: &str, text: &str, entry: fn(&TomlTable<'_>) -> Option<T>) -> BTreeMap<String, T> {
    let entries = TomlFile::new(file, text).parse(|root| {
        let names = root.keys().into_iter();
        names.map(|name| Some((name.value.clone(), entry(&root.table(&name.value)?)?))).collect()
    });
    entries.unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn entry(table: &TomlTable<'_>) -> Option<Entry> {
    let rows = table.need("rows", table.text("rows"));
    let is = |flaw: &str| table.flag(flaw).is_some_and(|at| at.value);
    let flaws = Flaws { late: is("late"), halved: is("halved"), drafts: is("drafts") };
    let named = |(maker, columns): (At<String>, Vec<String>)| {
        columns.into_iter().map(move |column| (column, maker.value.clone()))
    };
    let makers = table.entries("makers").into_iter().flat_map(named).collect();
    let comma_list = is("comma_list");
    table.close();
    Some(Entry { rows: rows?.value, flaws, comma_list, makers })
}
