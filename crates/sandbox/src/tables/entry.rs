//! The sandbox's own words on an interface (`market/*.toml`): who has rows, how badly they are published, and the
//! columns that do not follow from their contract's name, type and unit.
//!
//! Everything else of an interface stands in its contract.

use pitlake_contract::toml::{At, TomlFile, TomlTable};
use std::collections::BTreeMap;

/// The files, compiled in.
const FILES: [(&str, &str); 3] = [
    ("market/sessions.toml", include_str!("../../market/sessions.toml")),
    ("market/records.toml", include_str!("../../market/records.toml")),
    ("market/snapshots.toml", include_str!("../../market/snapshots.toml")),
];

/// How an interface publishes its sessions worse than its contract says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flaws {
    pub(crate) late: bool,
    pub(crate) halved: bool,
    pub(crate) drafts: bool,
}

/// How the rows of an interface come about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Name of the population or of the function that has the rows.
    pub(crate) rows: String,
    pub(crate) flaws: Flaws,
    /// Whether a call may name several codes where one is needed.
    pub(crate) comma_list: bool,
    /// Columns and the names of their makers.
    pub(crate) makers: BTreeMap<String, String>,
}

/// All entries by interface.
///
/// # Panics
/// When a file is not as this reader expects it.
pub(crate) fn entries() -> BTreeMap<String, Entry> {
    let read = |(name, text)| {
        let entries = TomlFile::new(name, text).parse(|root| {
            let names = root.keys().into_iter();
            names.map(|name| Some((name.value.clone(), entry(&root.table(&name.value)?)?))).collect::<Option<Vec<_>>>()
        });
        entries.unwrap_or_else(|problems| panic!("{problems:?}"))
    };
    FILES.into_iter().flat_map(read).collect()
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
