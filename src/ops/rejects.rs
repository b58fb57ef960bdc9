//! `rejects`: lists rejected rows, and takes them in if the contracts allow it by now. Why a row is rejected is decided
//! in `normalise`, not here.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead as _;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::bronze;
use crate::plan::Work;
use crate::report::{Exit, Failed};
use crate::run;
use crate::silver;
use crate::spec::Table;
use crate::store::Store;
use crate::world::World;

/// A rejected row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rejected {
    /// The table.
    #[serde(default)]
    pub table: String,
    /// The partition it would be in.
    #[serde(default)]
    pub partition: String,
    /// Why it was rejected.
    pub reason: String,
    /// The bronze file.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// The line, unchanged.
    pub row: String,
}

/// Partition, file, line and text of a row.
type Place<'a> = (&'a str, &'a str, usize, &'a str);

impl Rejected {
    fn place(&self) -> Place<'_> {
        (&self.partition, &self.file, self.line, &self.row)
    }
}

/// Rows rejected for the same reason.
#[derive(Debug, Clone, Serialize)]
pub struct SetAside {
    /// The reason, as given for the first of them.
    pub reason: String,
    /// How many there are.
    pub rows: usize,
    /// Line number of the first, from 1.
    pub row: usize,
    /// The first, as stored.
    pub example: String,
}

/// What became of a table's rejected rows.
#[derive(Debug, Clone, Serialize)]
pub struct Replayed {
    /// The table.
    pub table: String,
    /// Partitions that were rebuilt.
    pub built: Vec<String>,
    /// Number of rows that are no longer rejected.
    pub came_back: usize,
    /// Rows still rejected, by reason.
    pub set_aside: Vec<SetAside>,
    /// Partitions that were not published.
    pub failed: Vec<Failed>,
    /// Remarks for the user.
    pub notes: BTreeSet<String>,
}

/// All rejected rows of a table.
///
/// # Errors
/// When the lake cannot be listed. Files that cannot be read are skipped and reported.
pub async fn rejects(world: &World, table: &Table) -> Result<Vec<Rejected>> {
    let folder = format!("rejects/{}", table.name);
    let mut all = Vec::new();
    for path in &silver::rejected(&world.store, table).await? {
        let inner = path.strip_prefix(&folder).and_then(|path| path.strip_prefix('/'));
        let Some(partition) = inner.and_then(|path| path.strip_suffix(".jsonl.gz")) else { continue };
        match listed(&world.store, path).await {
            Ok(rows) => all.extend(rows.into_iter().map(|row| Rejected {
                table: table.name.clone(),
                partition: partition.to_owned(),
                ..row
            })),
            Err(error) => {
                let reason = format!("{error:#}; run `pitlake normalize {} --full`", table.name);
                world.store.pass_over(path, &reason);
            }
        }
    }
    Ok(all)
}

/// Reads a file of rejected rows.
async fn listed(store: &Store, path: &str) -> Result<Vec<Rejected>> {
    let mut text = Vec::new();
    bronze::inflate(&store.read(path).await?, &mut text)?;
    text.lines().map(|line| serde_json::from_str(&line?).context("it has an invalid line")).collect()
}

/// Rebuilds partitions with rejected rows, and judges damaged answers again, with the present contracts. Returns what
/// became of each table, and the exit code, which is 3 if rows are still rejected.
///
/// # Errors
/// When a lease is held, or the lake cannot be read or written.
pub async fn replay(world: &World, work: &Work) -> Result<(Vec<Replayed>, Exit)> {
    let before = by_table(world, &work.tables).await?;
    let mut report = run::run(world, work).await?;
    let mut exits = BTreeSet::from([report.exit_code()]);
    let after = by_table(world, &work.tables).await?;
    let mut all = Vec::new();
    for (table, left) in after {
        let same: BTreeSet<Place<'_>> = left.iter().map(Rejected::place).collect();
        let came_back = before.get(&table).into_iter().flatten().filter(|row| !same.contains(&row.place())).count();
        let reported = report.tables.remove(&table).unwrap_or_default();
        let left = left.into_iter().map(|row| (row.reason, row.line, row.row));
        let set_aside = grouped(left);
        if !set_aside.is_empty() {
            exits.insert(Exit::Incomplete);
        }
        let (built, failed, notes) = (reported.built, reported.failed, reported.notes);
        let replayed = Replayed { table, built, came_back, set_aside, failed, notes };
        if !replayed.is_idle() {
            all.push(replayed);
        }
    }
    Ok((all, Exit::worst(exits)))
}

impl Replayed {
    /// Whether nothing was rejected and nothing was done.
    fn is_idle(&self) -> bool {
        self.built.is_empty() && self.set_aside.is_empty() && self.failed.is_empty() && self.notes.is_empty()
    }
}

/// The rejected rows of some tables.
async fn by_table(world: &World, tables: &[Arc<Table>]) -> Result<BTreeMap<String, Vec<Rejected>>> {
    let world = &World { store: world.store.glance(), ..world.clone() };
    let mut all = BTreeMap::new();
    for table in tables {
        all.insert(table.name.clone(), rejects(world, table).await?);
    }
    Ok(all)
}

/// Groups rejects (reason, line, row) by reason, ignoring the values in it. The most frequent comes first.
#[must_use]
pub fn grouped(rejects: impl IntoIterator<Item = (String, usize, String)>) -> Vec<SetAside> {
    let mut groups: BTreeMap<String, SetAside> = BTreeMap::new();
    for (reason, line, row) in rejects {
        // The first quoted name is the field; later ones are values.
        let kind = reason.split('`').enumerate().filter(|(part, _)| part % 2 == 0 || *part == 1);
        let kind = kind.map(|(_, text)| text).collect();
        let group = groups.entry(kind).or_insert_with(|| SetAside { reason, rows: 0, row: line, example: row });
        group.rows += 1;
    }
    let mut all: Vec<SetAside> = groups.into_values().collect();
    all.sort_by_key(|group| (std::cmp::Reverse(group.rows), group.row));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_that_differ_in_the_value_alone_are_one() {
        let reject = |line: usize, reason: &str| (reason.to_owned(), line, format!("row {line}"));
        let groups = grouped([
            reject(1, "`vol`: invalid number `x`: expected digits"),
            reject(2, "`close`: invalid number `y`: expected digits"),
            reject(3, "`close`: invalid number `z`: expected digits"),
        ]);
        let shown: Vec<(usize, usize, &str)> =
            groups.iter().map(|group| (group.rows, group.row, group.reason.as_str())).collect();
        assert_eq!(
            shown,
            [
                (2, 2, "`close`: invalid number `y`: expected digits"),
                (1, 1, "`vol`: invalid number `x`: expected digits")
            ]
        );
        assert_eq!(groups[0].example, "row 2");
    }
}
