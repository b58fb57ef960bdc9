//! Lists the lake's imports and withdraws them. How a file is imported is up to `import`.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};

use crate::bronze::{self, BronzeFile, Provenance};
use crate::spec::{DateRange, InterfaceId};
use crate::world::{Misuse, World};

/// An import.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Import {
    /// The id that `import --withdraw` takes.
    pub id: String,
    /// The interface that its rows came from.
    pub interface: String,
    /// The imported file, without its folder.
    pub file: String,
    /// When it was imported.
    pub imported_at: DateTime<Utc>,
    /// The day on which the vendor showed its rows, if it was given.
    pub captured_on: Option<NaiveDate>,
    /// Number of rows.
    pub rows: usize,
    /// First and last event day.
    pub days: Option<DateRange>,
    /// The bronze file.
    pub bronze: String,
}

/// A withdrawn import.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Withdrawn {
    /// The import.
    #[serde(flatten)]
    pub import: Import,
    /// Where its file is now.
    pub withdrawn: String,
    /// The table it fed.
    pub table: String,
}

/// All imports in the lake, or those of one interface, oldest first.
///
/// # Errors
/// When the lake cannot be listed.
pub async fn list(world: &World, interface: Option<&str>) -> Result<Vec<Import>> {
    let mut folders = BTreeSet::new();
    let mut all = Vec::new();
    let store = world.store.glance();
    for contract in world.catalog.contracts() {
        if folders.insert((&contract.id.vendor, &contract.kind)) {
            let mut files = bronze::list(&store, contract).await?;
            files.retain(|file| file.span);
            let headers = bronze::provenances(&store, &files).await;
            for (file, header) in files.into_iter().zip(headers) {
                match header {
                    Ok(provenance) => all.extend(provenance.and_then(|provenance| import(file, provenance))),
                    Err(error) => {
                        let table = world.catalog.fed_by(&contract.id).map_or(&contract.id.name, |table| &table.name);
                        world.store.pass_over(&file.path, &bronze::no_proof(&error, table, &file.path));
                    }
                }
            }
        }
    }
    all.retain(|import| interface.is_none_or(|interface| import.interface == interface));
    all.sort_by(|a, b| (a.imported_at, &a.bronze).cmp(&(b.imported_at, &b.bronze)));
    Ok(all)
}

/// The import in a file, if it is one.
fn import(file: BronzeFile, provenance: Provenance) -> Option<Import> {
    provenance.is_import().then(|| Import {
        id: format!("{}/{}", provenance.vendor, file.stem()),
        interface: format!("{}/{}", provenance.vendor, provenance.interface),
        file: provenance.slice,
        imported_at: provenance.fetched_at,
        captured_on: provenance.captured_on,
        rows: provenance.rows,
        days: provenance.first.zip(provenance.last).map(DateRange::from),
        bronze: file.path,
    })
}

/// Withdraws an import: its file moves to `withdrawn/`, and the partitions it fed become stale.
///
/// # Errors
/// [`Misuse`] when there is no such import, or when the lake cannot be written.
pub async fn withdraw(world: &World, id: &str) -> Result<Withdrawn> {
    let found = list(world, None).await?.into_iter().find(|import| import.id == id || import.bronze == id);
    let import = found.ok_or_else(|| {
        Misuse(format!("no import `{id}` in the lake {}: run `pitlake import --list`", world.store.name()))
    })?;
    // Copy before deleting. If killed in between, the same command finishes the job.
    let body = world.store.read(&import.bronze).await?;
    let former = format!("withdrawn/{}", import.bronze);
    let mut withdrawn = former.clone();
    for number in 1.. {
        if world.store.create(&withdrawn, body.clone()).await? || world.store.read(&withdrawn).await? == body {
            break;
        }
        // Another import once had this name.
        withdrawn = format!("{former}.{number}");
    }
    world.store.delete(&import.bronze).await?;
    let table = InterfaceId::parse(&import.interface).and_then(|id| world.catalog.fed_by(&id));
    let table = table.map_or_else(String::new, |table| table.name.clone());
    Ok(Withdrawn { import, withdrawn, table })
}
