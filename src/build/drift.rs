//! What a build changes of the past: figures that readers of the former files saw otherwise. Never which rows count.

use std::collections::{HashMap, HashSet};

use anyhow::{Context as _, Result};
use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::{Date32Type, Int32Type};
use arrow::row::{OwnedRow, RowConverter, SortField};
use chrono::NaiveDate;

use crate::normalise::{Partition, RULES};
use crate::report::Drift;
use crate::silver;
use crate::spec::Table;
use crate::store::{Entry, Store};

/// A partition that tells what was before.
pub(super) struct Batches {
    pub(super) rows: RecordBatch,
    pub(super) companion: Option<RecordBatch>,
}

/// Compares a partition with the files that it is about to replace. None where there are none, none of these rules, or
/// damaged ones, which tell nothing.
pub(super) async fn drift(store: &Store, table: &Table, partition: Partition, built: &Batches) -> Drift {
    compared(store, table, partition, built).await.unwrap_or_else(|error| {
        tracing::debug!("cannot compare `{}` with what was published: {error:#}", silver::path(table, partition));
        Drift::default()
    })
}

async fn compared(store: &Store, table: &Table, partition: Partition, built: &Batches) -> Result<Drift> {
    let of = |files: Vec<silver::SilverFile>| files.into_iter().find(|file| file.partition == Some(partition));
    let Some(former) = of(silver::list(store, table).await?) else { return Ok(Drift::default()) };
    let footer = silver::footer(store, table, &former.entry).await;
    if footer.is_ok_and(|footer| footer.rules == RULES) {
        let read = async |entry: &Entry, names: &[&str]| {
            silver::rows(store, entry, names.iter().map(|name| (*name).to_owned()).collect()).await
        };
        if table.versions.is_some() {
            let names = [key(table), vec!["revision", "withdrawn_on"]].concat();
            return revised(table, &read(&former.entry, &names).await?, &built.rows);
        }
        if let Some(states) = &built.companion {
            let names = [key(table), STATE.to_vec()].concat();
            let before = match of(silver::companions(store, table).await?) {
                Some(companion) => Some(read(&companion.entry, &names).await?),
                None => None,
            };
            return superseded(table, before.as_ref(), (states, &built.rows));
        }
    }
    Ok(Drift::default())
}

/// The columns that tell one state of a key from the others.
const STATE: [&str; 3] = ["known_on", "superseded_on", "why"];

/// The columns that tell rows apart, versions and states aside.
fn key(table: &Table) -> Vec<&str> {
    let key = table.key.iter().map(|column| table.columns[*column].name.as_str());
    key.chain(table.occurrence.then_some("occurrence")).chain(["vendor"]).collect()
}

/// Versions that are new beside older ones, and versions that are gone without one.
fn revised(table: &Table, before: &RecordBatch, now: &RecordBatch) -> Result<Drift> {
    let names = [key(table), vec!["revision"]].concat();
    let mut ids = Ids::new(now, &names)?;
    let former: HashMap<OwnedRow, usize> = ids.of(before, &names)?.into_iter().zip(0..).collect();
    let withdrawn = |batch: &RecordBatch, row: usize| column(batch, "withdrawn_on").map(|days| days.is_valid(row));
    let now_ids = ids.of(now, &names)?;
    let revision = column(now, "revision")?.as_primitive::<Int32Type>().clone();
    let mut drift = Drift::default();
    for (row, id) in now_ids.iter().enumerate() {
        match former.get(id) {
            None if revision.value(row) > 1 => {
                drift.rows += 1;
                drift.figures += figures(table, (now, row - 1), (now, row))?;
                drift.days.extend(event(table, now, row)?);
            }
            Some(at) if withdrawn(now, row)? && !withdrawn(before, *at)? => {
                let is_replaced = now_ids.get(row + 1).is_some_and(|next| !former.contains_key(next));
                if !is_replaced || revision.value(row + 1) == 1 {
                    drift.withdrawn += 1;
                    drift.days.extend(event(table, now, row)?);
                }
            }
            _ => {}
        }
    }
    Ok(drift)
}

/// States that ended since.
fn superseded(
    table: &Table,
    before: Option<&RecordBatch>,
    (states, rows): (&RecordBatch, &RecordBatch),
) -> Result<Drift> {
    let names = [key(table), STATE.to_vec()].concat();
    let key: Vec<&str> = key(table).into_iter().filter(|name| *name != "vendor").collect();
    let (mut ids, mut keys) = (Ids::new(states, &names)?, Ids::new(states, &key)?);
    let former: HashSet<OwnedRow> = match before {
        Some(before) => ids.of(before, &names)?.into_iter().collect(),
        None => HashSet::new(),
    };
    let why = column(states, "why")?.as_string::<i32>();
    let ended: Vec<usize> = ids
        .of(states, &names)?
        .iter()
        .enumerate()
        .filter(|(_, id)| !former.contains(*id))
        .map(|(row, _)| row)
        .collect();
    let mut drift = Drift::default();
    let of_key = keys.of(states, &key)?;
    let mut standing: Option<HashMap<OwnedRow, usize>> = None;
    let [known, end] = ["known_on", "superseded_on"].map(|name| column(states, name));
    let (known, end) = (known?.as_primitive::<Date32Type>(), end?.as_primitive::<Date32Type>());
    for row in ended {
        match why.is_valid(row).then(|| why.value(row)) {
            Some("withdrawn") => drift.withdrawn += 1,
            Some("changed") => {
                let follows = |next: &usize| of_key[*next] == of_key[row] && known.value(*next) == end.value(row);
                let next = (row + 1..states.num_rows()).take_while(|next| of_key[*next] == of_key[row]).find(follows);
                drift.rows += 1;
                drift.figures += match next {
                    Some(next) => figures(table, (states, row), (states, next))?,
                    None => {
                        if standing.is_none() {
                            standing = Some(keys.of(rows, &key)?.into_iter().zip(0..).collect());
                        }
                        let next = standing.as_ref().and_then(|standing| standing.get(&of_key[row]));
                        next.map_or(Ok(0), |next| figures(table, (states, row), (rows, *next)))?
                    }
                };
            }
            _ => continue,
        }
        drift.days.extend(event(table, states, row)?);
    }
    Ok(drift)
}

/// How many of the vendors' columns differ between two rows.
fn figures(table: &Table, (before, at): (&RecordBatch, usize), (now, row): (&RecordBatch, usize)) -> Result<usize> {
    let mut count = 0;
    for name in table.columns.iter().map(|column| column.name.as_str()) {
        count += usize::from(column(before, name)?.slice(at, 1).as_ref() != column(now, name)?.slice(row, 1).as_ref());
    }
    Ok(count)
}

/// The day that a row is about.
fn event(table: &Table, batch: &RecordBatch, row: usize) -> Result<Option<NaiveDate>> {
    let Some(event) = table.event else { return Ok(None) };
    let days = column(batch, &table.columns[event].name)?;
    let days = days.as_primitive_opt::<Date32Type>();
    Ok(days.filter(|days| days.is_valid(row)).and_then(|days| NaiveDate::from_epoch_days(days.value(row))))
}

fn column<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b ArrayRef> {
    batch.column_by_name(name).with_context(|| format!("no column `{name}`"))
}

/// Rows by some of their columns.
struct Ids(RowConverter);

impl Ids {
    fn new(like: &RecordBatch, names: &[&str]) -> Result<Self> {
        let fields = names.iter().map(|name| Ok(SortField::new(column(like, name)?.data_type().clone())));
        Ok(Self(RowConverter::new(fields.collect::<Result<_>>()?)?))
    }

    fn of(&mut self, batch: &RecordBatch, names: &[&str]) -> Result<Vec<OwnedRow>> {
        let columns: Vec<ArrayRef> = names.iter().map(|name| column(batch, name).cloned()).collect::<Result<_>>()?;
        Ok(self.0.convert_columns(&columns)?.iter().map(|row| row.owned()).collect())
    }
}

/// Adds what one partition changes to what the others do.
pub(super) fn add(all: &mut Drift, more: Drift) {
    all.rows += more.rows;
    all.figures += more.figures;
    all.withdrawn += more.withdrawn;
    all.days.extend(more.days);
}
