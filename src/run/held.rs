//! What bronze holds of a table: files by the interface that gave them, and the slices they answer.
//! Never what their rows say.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};

use crate::bronze::{self, BronzeFile, Provenance};
use crate::plan::{Chosen, Slice};
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
/// makes nothing held, nor does an interface that the table likes less. An answer must have been asked for all
/// of `wanted`, the values that a job may name.
pub(super) async fn slices<'a>(
    store: &Store,
    table: &Table,
    source: usize,
    files: impl Iterator<Item = &'a BronzeFile>,
    wanted: &[Chosen],
) -> BTreeMap<Slice, Option<DateTime<Utc>>> {
    let contract = &table.sources[source].contract;
    let is_less = |file: &BronzeFile| {
        let mut less = table.sharing(source).filter(|other| *other > source);
        less.any(|other| file.is_named_like(&table.sources[other].contract))
    };
    // An interface that cuts its answers along another axis answers other slices.
    let is_other = |file: &BronzeFile| {
        let mut others = table.sharing(source).map(|other| &table.sources[other].contract);
        others.any(|other| other.ask.axis != contract.ask.axis && file.is_named_like(other))
    };
    let mut held = BTreeMap::new();
    for file in files {
        let is_ours = file.is_named_like(contract);
        match contract.ask.axis {
            Axis::Security | Axis::SecurityMonth | Axis::Month if file.span && is_ours => {
                let Some(said) = bronze::proof(store, file).await else { continue };
                let is_whole = covers(&said, wanted);
                for slice in spanned(contract, &said) {
                    if is_whole {
                        held.insert(slice, file.fetched_at);
                    } else if contract.ask.axis == Axis::Month {
                        // The newest answer to a month speaks alone, and it lacks some of them.
                        held.remove(&slice);
                    }
                }
            }
            // The snapshots of other programs may be of anything: only our own count.
            Axis::Snapshot if is_ours => {
                held.insert(Slice::Snapshot(file.day), file.fetched_at);
            }
            Axis::Security | Axis::SecurityMonth | Axis::Month | Axis::Snapshot => {}
            _ if file.span || is_other(file) => {}
            Axis::Session if is_less(file) => {}
            axis => {
                let is_whole =
                    wanted.is_empty() || bronze::proof(store, file).await.is_none_or(|said| covers(&said, wanted));
                if is_whole {
                    let slice = match axis {
                        Axis::Period => Slice::Period(file.day),
                        Axis::Day => Slice::Day(file.day),
                        _ => Slice::Session(file.day),
                    };
                    held.insert(slice, file.fetched_at);
                }
            }
        }
    }
    held
}

/// The slices that a file over many days answers.
fn spanned(contract: &Contract, said: &Provenance) -> Vec<Slice> {
    let month = said.slice.get(..7).and_then(|text| format!("{text}-01").parse::<NaiveDate>().ok());
    let codes = || codes(contract, said).into_iter();
    match (contract.ask.axis, month) {
        (Axis::Month, Some(month)) => vec![Slice::Month(month)],
        (Axis::SecurityMonth, Some(month)) => codes().map(|code| Slice::SecurityMonth(code, month)).collect(),
        (Axis::Security, _) => codes().map(Slice::Security).collect(),
        _ => Vec::new(),
    }
}

/// The securities that a file answers for, in our own spelling.
pub(super) fn codes(contract: &Contract, said: &Provenance) -> BTreeSet<String> {
    let Some((param, template)) = contract.ask.send.iter().find(|(_, template)| template.contains("{code")) else {
        return BTreeSet::new();
    };
    let ours = |code: &str| match code.split_once('.') {
        Some((exchange, number)) if template.contains("{code:prefix}") => format!("{number}.{exchange}"),
        _ => code.to_owned(),
    };
    asked(said, param).into_iter().flat_map(|codes| codes.split(',')).map(ours).collect()
}

/// The values of a parameter over all calls of an answer.
pub(super) fn asked<'a>(said: &'a Provenance, param: &str) -> BTreeSet<&'a str> {
    said.params.iter().flatten().filter(|(name, _)| name == param).map(|(_, value)| value.as_str()).collect()
}

fn covers(said: &Provenance, wanted: &[Chosen]) -> bool {
    wanted.iter().all(|(name, values)| {
        let asked = asked(said, name);
        values.iter().all(|value| asked.contains(value.as_str()))
    })
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

/// The newest answer of ours to the same securities, or to the same month, whose rows are still there.
pub(super) async fn newest_span(
    store: &Store,
    contract: &Contract,
    files: &[BronzeFile],
    slice: &Slice,
    all: &BTreeSet<String>,
) -> Option<(String, Provenance)> {
    for file in files.iter().rev().filter(|file| file.span && file.is_named_like(contract)) {
        let Some(said) = bronze::proof(store, file).await else { continue };
        let month = slice.month();
        if codes(contract, &said) != *all || month.is_some_and(|month| !said.slice.starts_with(&month)) {
            continue;
        }
        let rows = said.same_as.clone().unwrap_or_else(|| file.name().to_owned());
        return files.iter().any(|held| held.name() == rows).then(|| (file.path.clone(), said));
    }
    None
}
