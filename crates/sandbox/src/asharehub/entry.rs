//! What the sandbox adds to the contracts of AShareHub (`market/asharehub.toml`).

use pitlake_contract::toml::{TomlFile, TomlTable};
use std::collections::BTreeMap;

/// An entry; all keys but the first may be missing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    /// The interface of Tushare, or the name of rows of its own.
    pub(super) from: String,
    pub(super) with: Vec<(String, String)>,
    /// Fields and what Tushare calls them.
    pub(super) renamed: Vec<(String, String)>,
    /// Ends of the names of whole numbers.
    pub(super) whole: Vec<String>,
    /// Parameters required on /v1 only.
    pub(super) optional_v2: Vec<String>,
    pub(super) left_out: Vec<String>,
    /// Most codes that a call may name, where that is more than one.
    pub(crate) basket: Option<usize>,
}

/// All entries by the names of their contracts. The file is compiled in: any problem with it is a panic.
pub(super) fn entries() -> BTreeMap<String, Entry> {
    let file = TomlFile::new("market/asharehub.toml", include_str!("../../market/asharehub.toml"));
    let read = file.parse(|root| {
        let names = root.keys().into_iter();
        names.map(|name| Some((name.value.clone(), entry(&root.table(&name.value)?)?))).collect()
    });
    read.unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn entry(table: &TomlTable<'_>) -> Option<Entry> {
    let texts =
        |key: &str| table.entries(key).into_iter().map(|(name, values)| (name.value, values.concat())).collect();
    let entry = Entry {
        from: table.need("from", table.text("from"))?.value,
        with: texts("with"),
        renamed: texts("renamed"),
        whole: table.strings("whole").unwrap_or_default(),
        optional_v2: table.strings("optional_v2").unwrap_or_default(),
        left_out: table.strings("left_out").unwrap_or_default(),
        basket: table.number("basket").and_then(|at| usize::try_from(at.value).ok()),
    };
    table.close();
    Some(entry)
}
