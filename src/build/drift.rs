//! How a build changes the past: figures that differ from what readers of the former files saw. Which rows count is
//! decided elsewhere.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::{Date32Type, Int32Type};
use arrow::row::{OwnedRow, RowConverter, SortField};
use chrono::NaiveDate;

use crate::normalise::{Finished, Partition, RULES};
use crate::report::Drift;
use crate::silver;
use crate::spec::Table;
use crate::store::{Entry, Store};

/// The past as readers of a published partition see it.
pub(super) enum Former {
    /// Keys, revisions and withdrawals of versions.
    Versions(RecordBatch),
    /// Keys and spans of the states in the companion, if there is one.
    States(Option<RecordBatch>),
}

impl Former {
    /// Reads the partition that is about to be replaced. `None` if it is not published, was built by other rules, or is
    /// damaged.
    pub(super) async fn read(store: &Store, table: &Arc<Table>, partition: Partition) -> Option<Self> {
        published(store, table, partition).await.unwrap_or_else(|error| {
            let path = silver::path(table, partition);
            tracing::warn!("changes of `{path}` are not counted, because the previous file cannot be read: {error:#}");
            None
        })
    }

    /// How `built` differs from the partition it is about to replace. No drift if the key has new columns.
    pub(super) fn drift(&self, table: &Table, built: &Finished<'_>) -> Drift {
        let drift = match (self, &built.companion) {
            (Self::Versions(before), _) => revised(table, before, built),
            (Self::States(before), Some(states)) => superseded(table, before.as_ref(), (states, built)),
            (Self::States(_), None) => Ok(Drift::default()),
        };
        drift.unwrap_or_else(|error| {
            tracing::warn!("changes of `{}` are not counted: its previous file has {error:#}", table.name);
            Drift::default()
        })
    }
}

async fn published(store: &Store, table: &Arc<Table>, partition: Partition) -> Result<Option<Former>> {
    let has_versions = table.versions.is_some();
    if !has_versions && table.companion().is_none() {
        return Ok(None);
    }
    let of = |files: Vec<silver::SilverFile>| files.into_iter().find(|file| file.partition == Some(partition));
    let Some(former) = of(silver::list(store, table).await?) else { return Ok(None) };
    if silver::footer(store, table, &former.entry).await?.rules != RULES {
        return Ok(None);
    }
    let read = async |entry: &Entry, names: &[&str]| {
        silver::rows(store, table, entry, names.iter().map(|name| (*name).to_owned()).collect()).await
    };
    if has_versions {
        let names = [key(table), vec!["revision", "withdrawn_on"]].concat();
        return Ok(Some(Former::Versions(read(&former.entry, &names).await?)));
    }
    let names = [key(table), STATE.to_vec()].concat();
    Ok(Some(Former::States(match of(silver::companions(store, table).await?) {
        Some(companion) => Some(read(&companion.entry, &names).await?),
        None => None,
    })))
}

/// Columns that identify a state of a key.
const STATE: [&str; 3] = ["known_on", "superseded_on", "why"];

/// Columns that identify a row, apart from version and state.
fn key(table: &Table) -> Vec<&str> {
    let key = table.key.iter().map(|column| table.columns[*column].name.as_str());
    key.chain(table.occurrence.then_some("occurrence")).chain(["vendor"]).collect()
}

/// New versions of known rows, and versions withdrawn without a successor.
fn revised(table: &Table, before: &RecordBatch, built: &Finished<'_>) -> Result<Drift> {
    let names = [key(table), vec!["revision"]].concat();
    let now = built.columns(&[key(table), vec!["revision", "withdrawn_on"]].concat())?;
    let mut ids = Ids::new(&now, &names)?;
    let former: HashMap<OwnedRow, usize> = ids.of(before, &names)?.into_iter().zip(0..).collect();
    let [was_withdrawn, is_withdrawn] = [column(before, "withdrawn_on")?, column(&now, "withdrawn_on")?];
    let now_ids = ids.of(&now, &names)?;
    let revision = column(&now, "revision")?.as_primitive::<Int32Type>();
    let (mut changed, mut withdrawn) = (Vec::new(), Vec::new());
    for (row, id) in now_ids.iter().enumerate() {
        match former.get(id) {
            None if revision.value(row) > 1 => changed.push((row - 1, row)),
            Some(at) if is_withdrawn.is_valid(row) && !was_withdrawn.is_valid(*at) => {
                let is_replaced = now_ids.get(row + 1).is_some_and(|next| !former.contains_key(next));
                if !is_replaced || revision.value(row + 1) == 1 {
                    withdrawn.push(row);
                }
            }
            _ => {}
        }
    }
    let rows = |index| built.column(index, 0..built.num_rows());
    let changed = changes(table, &changed, (rows, rows));
    let about = changed.iter().map(|change| change.now).chain(withdrawn.iter().copied());
    Ok(Drift {
        rows: changed.len(),
        figures: changed.iter().map(|change| change.figures).sum(),
        withdrawn: withdrawn.len(),
        days: days(table, about.collect(), rows),
    })
}

/// States that ended since the last build.
fn superseded(
    table: &Table,
    before: Option<&RecordBatch>,
    (states, built): (&RecordBatch, &Finished<'_>),
) -> Result<Drift> {
    let fresh = fresh(table, before, states)?;
    let key: Vec<&str> = key(table).into_iter().filter(|name| *name != "vendor").collect();
    let mut keys = Ids::new(states, &key)?;
    let why = column(states, "why")?.as_string::<i32>();
    let ended = |row: &usize| fresh.contains(row);
    let why = |row: usize| why.is_valid(row).then(|| why.value(row));
    let [changed, withdrawn] = ["changed", "withdrawn"]
        .map(|end| (0..states.num_rows()).filter(|row| why(*row) == Some(end)).filter(ended).collect::<Vec<usize>>());
    let of_key = keys.of(states, &key)?;
    let [known, end] = ["known_on", "superseded_on"].map(|name| column(states, name));
    let (known, end) = (known?.as_primitive::<Date32Type>(), end?.as_primitive::<Date32Type>());
    // The next state is among the former ones too, or it is the current row.
    let (mut by_state, mut by_row) = (Vec::new(), Vec::new());
    for &row in &changed {
        let follows = |next: &usize| of_key[*next] == of_key[row] && known.value(*next) == end.value(row);
        let next = (row + 1..states.num_rows()).take_while(|next| of_key[*next] == of_key[row]).find(follows);
        match next {
            Some(next) => by_state.push((row, next)),
            None => by_row.push(row),
        }
    }
    let mut standing = Vec::new();
    if !by_row.is_empty() {
        let places: HashMap<OwnedRow, usize> = keys.of(&built.columns(&key)?, &key)?.into_iter().zip(0..).collect();
        standing.extend(by_row.iter().filter_map(|row| Some((*row, *places.get(&of_key[*row])?))));
    }
    let of_states = |index: usize| states.column(index).clone();
    let of_rows = |index| built.column(index, 0..built.num_rows());
    let mut changed = changes(table, &by_state, (of_states, of_states));
    changed.extend(changes(table, &standing, (of_states, of_rows)));
    let about = changed.iter().map(|change| change.before).chain(withdrawn.iter().copied());
    Ok(Drift {
        rows: changed.len(),
        figures: changed.iter().map(|change| change.figures).sum(),
        withdrawn: withdrawn.len(),
        days: days(table, about.collect(), of_states),
    })
}

/// Rows of states that were not there before. One whose begin or end was merely moved by another look is not new.
fn fresh(table: &Table, before: Option<&RecordBatch>, states: &RecordBatch) -> Result<HashSet<usize>> {
    let mut fresh: HashSet<usize> = (0..states.num_rows()).collect();
    let Some(before) = before else { return Ok(fresh) };
    let mut gone: HashSet<usize> = (0..before.num_rows()).collect();
    let [known, superseded, why] = STATE;
    for names in [STATE.to_vec(), vec![known, why], vec![superseded, why]] {
        let names = [key(table), names].concat();
        let mut ids = Ids::new(states, &names)?;
        let (former, now) = (ids.of(before, &names)?, ids.of(states, &names)?);
        let mut places: HashMap<&OwnedRow, Vec<usize>> = HashMap::new();
        for row in (0..former.len()).filter(|row| gone.contains(row)) {
            places.entry(&former[row]).or_default().push(row);
        }
        // Each former state accounts for one present state.
        for (row, id) in now.iter().enumerate() {
            if fresh.contains(&row)
                && let Some(found) = places.get_mut(id).and_then(Vec::pop)
            {
                fresh.remove(&row);
                gone.remove(&found);
            }
        }
    }
    Ok(fresh)
}

/// A row whose figures differ from those before.
struct Change {
    before: usize,
    now: usize,
    figures: usize,
}

/// The pairs of rows that differ, and in how many of the vendors' columns. Works column by column.
fn changes(
    table: &Table,
    pairs: &[(usize, usize)],
    (before, now): (impl Fn(usize) -> ArrayRef, impl Fn(usize) -> ArrayRef),
) -> Vec<Change> {
    let mut changes: Vec<Change> =
        pairs.iter().map(|(before, now)| Change { before: *before, now: *now, figures: 0 }).collect();
    if changes.is_empty() {
        return changes;
    }
    for index in 0..table.columns.len() {
        let (before, now) = (before(index), now(index));
        for change in &mut changes {
            let differs = before.slice(change.before, 1).as_ref() != now.slice(change.now, 1).as_ref();
            change.figures += usize::from(differs);
        }
    }
    // A state may end although no figure changed, because states follow the order in which answers were seen.
    changes.retain(|change| change.figures > 0);
    changes
}

/// The event days of some rows.
fn days(table: &Table, rows: Vec<usize>, columns: impl Fn(usize) -> ArrayRef) -> BTreeSet<NaiveDate> {
    let Some(event) = table.event.filter(|_| !rows.is_empty()) else { return BTreeSet::new() };
    let days = columns(event);
    let Some(days) = days.as_primitive_opt::<Date32Type>() else { return BTreeSet::new() };
    let valid = rows.into_iter().filter(|row| days.is_valid(*row));
    valid.filter_map(|row| NaiveDate::from_epoch_days(days.value(row))).collect()
}

fn column<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b ArrayRef> {
    batch.column_by_name(name).with_context(|| format!("no column `{name}`"))
}

/// Identifies rows by some of their columns.
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

/// Adds the drift of one partition to the total.
pub(super) fn add(all: &mut Drift, more: Drift) {
    all.rows += more.rows;
    all.figures += more.figures;
    all.withdrawn += more.withdrawn;
    all.days.extend(more.days);
}
