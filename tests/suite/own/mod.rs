//! Interfaces and vendors unknown to the project, added with TOML files beside jobs.toml and nothing else. The sandbox
//! serves them from the same files.

mod interface;
mod vendor;

use std::collections::BTreeMap;
use std::fs;

use pitlake::spec::{Catalog, SpecFile};
use pitlake_sandbox::Settings;

use crate::documented::Documented;
use crate::support::{Place, Row, Vendor, silver};

fn file(name: &str, text: &str) -> SpecFile {
    SpecFile { name: name.into(), text: text.into() }
}

/// A sandbox that serves the contracts among some files.
fn serving(files: &[SpecFile], settings: &Settings) -> Vendor {
    let own = files.iter().filter(|file| file.name.starts_with("schemas/")).cloned().collect();
    Vendor::start(Settings { own, ..settings.clone() })
}

/// A place with these files beside jobs.toml.
fn place(vendor: &Vendor, accounts: &[String], files: &[SpecFile]) -> Place {
    let place = Place::of(vendor, accounts);
    for file in files {
        let path = place.path(&file.name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &file.text).unwrap();
    }
    place
}

/// What silver must hold for an interface defined in these files; `units` are the units of its fields.
fn expected(vendor: &Vendor, files: &[SpecFile], table: &str, units: &[(&str, &str)]) -> Vec<Row> {
    let (catalog, _) = Catalog::load(files, None).unwrap_or_else(|problems| panic!("{problems}"));
    let table = catalog.table(table).unwrap();
    let source = &table.sources[0];
    let id = &source.contract.id;
    let name = if id.vendor == "tushare" { id.name.clone() } else { id.to_string() };
    let units: BTreeMap<&str, &str> = units.iter().copied().collect();
    let mut rows = Documented { table, source, name, units }.rows(&vendor.market, None);
    rows.sort();
    rows
}

fn sorted(place: &Place, table: &str) -> Vec<Row> {
    let mut rows = silver(place, table);
    rows.sort();
    rows
}
