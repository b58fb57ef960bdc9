//! What bronze holds of a table: files by the interface that gave them, and the slices they answer.
//! Never what their rows say.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};

use crate::bronze::{self, BronzeFile, Provenance};
use crate::plan::Slice;
use crate::spec::{Axis, Contract, Table};
use crate::store::Store;

/// Every bronze file of a table with its source, oldest first. Interfaces that say the same share a
/// folder: a file belongs to the one it is named after, else to the first of that folder.
pub(super) async fn files(store: &Store, table: &Table) -> Result<Vec<(usize, BronzeFile)>> {
    let mut all: Vec<(usize, BronzeFile)> = Vec::new();
    for first in 0..table.sources.len() {
        let sharing: Vec<usize> = table.sharing(first).collect();
        if sharing[0] != first {
            continue;
        }
        for file in bronze::list(store, &table.sources[first].contract).await? {
            let named = |index: &&usize| file.is_named_like(&table.sources[**index].contract);
            all.push((*sharing.iter().find(named).unwrap_or(&first), file));
        }
    }
    all.sort_by(|a, b| a.1.by_age(&b.1));
    Ok(all)
}

/// Of [`files`], those of the folder of one source.
pub(super) fn beside<'a>(
    table: &'a Table,
    files: &'a [(usize, BronzeFile)],
    source: usize,
) -> impl Iterator<Item = &'a BronzeFile> {
    let sharing: Vec<usize> = table.sharing(source).collect();
    files.iter().filter(move |(index, _)| sharing.contains(index)).map(|(_, file)| file)
}

/// The slices an interface holds, with the time of the newest answer where a name tells it. An import
/// makes nothing held, nor does an interface that the table likes less. `values` are those asked one by one
/// where a job names others than the contract: then an answer must have been asked for all of them.
pub(super) async fn slices<'a>(
    store: &Store,
    table: &Table,
    source: usize,
    files: impl Iterator<Item = &'a BronzeFile>,
    values: &[String],
) -> BTreeMap<Slice, Option<DateTime<Utc>>> {
    let contract = &table.sources[source].contract;
    let is_less = |file: &BronzeFile| {
        let mut less = table.sharing(source).filter(|other| *other > source);
        less.any(|other| file.is_named_like(&table.sources[other].contract))
    };
    let mut held = BTreeMap::new();
    for file in files {
        let is_ours = file.is_named_like(contract);
        match &contract.ask.axis {
            Axis::Security { param, .. } if file.span && is_ours => {
                let Some(said) = bronze::proof(store, file).await.filter(|said| covers(contract, said, values)) else {
                    continue;
                };
                for code in asked(&said, param) {
                    held.insert(Slice::Security(code.to_owned()), file.fetched_at);
                }
            }
            Axis::Security { .. } => {}
            _ if file.span => {}
            Axis::Session { .. } if is_less(file) => {}
            Axis::Session { .. } => {
                held.insert(Slice::Session(file.day), file.fetched_at);
            }
            Axis::Period { .. } => {
                let is_whole = values.is_empty()
                    || bronze::proof(store, file).await.is_none_or(|said| covers(contract, &said, values));
                if is_whole {
                    held.insert(Slice::Period(file.day), file.fetched_at);
                }
            }
            // The snapshots of other programs may be of anything: only our own count.
            Axis::Snapshot if is_ours => {
                held.insert(Slice::Snapshot(file.day), file.fetched_at);
            }
            Axis::Snapshot => {}
        }
    }
    held
}

/// The values of a parameter over all calls of an answer.
pub(super) fn asked<'a>(said: &'a Provenance, param: &str) -> BTreeSet<&'a str> {
    said.params.iter().flatten().filter(|(name, _)| name == param).map(|(_, value)| value.as_str()).collect()
}

fn covers(contract: &Contract, said: &Provenance, values: &[String]) -> bool {
    let Some((name, _)) = &contract.ask.each else { return true };
    let asked = asked(said, name);
    values.iter().all(|value| asked.contains(value.as_str()))
}

/// The newest answer of ours to a day's slice, to compare with, where its rows are still there.
pub(super) async fn newest(
    store: &Store,
    table: &Table,
    source: usize,
    files: &[BronzeFile],
    day: NaiveDate,
) -> Option<(String, Provenance)> {
    let of_day: Vec<&BronzeFile> = files.iter().filter(|file| file.day == day && !file.span).collect();
    for file in of_day.iter().rev() {
        if !table.sharing(source).any(|other| file.is_named_like(&table.sources[other].contract)) {
            continue;
        }
        if let Some(provenance) = bronze::proof(store, file).await {
            // An answer whose rows are gone says nothing that a new one could be the same as.
            let rows = provenance.same_as.clone().unwrap_or_else(|| file.name().to_owned());
            let there = of_day.iter().any(|held| held.name() == rows);
            return there.then(|| (file.path.clone(), provenance));
        }
    }
    None
}

/// The newest answer of ours to the same securities, whose rows are still there.
pub(super) async fn newest_batch(
    store: &Store,
    contract: &Contract,
    files: &[BronzeFile],
    codes: &BTreeSet<&str>,
) -> Option<(String, Provenance)> {
    let (param, _) = contract.ask.axis.names()?;
    for file in files.iter().rev().filter(|file| file.span && file.is_named_like(contract)) {
        let Some(said) = bronze::proof(store, file).await else { continue };
        if asked(&said, param) != *codes {
            continue;
        }
        let rows = said.same_as.clone().unwrap_or_else(|| file.name().to_owned());
        return files.iter().any(|held| held.name() == rows).then(|| (file.path.clone(), said));
    }
    None
}
