//! Rebuilds partitions in memory to compare them with what is published. Writes nothing.

use std::sync::Arc;

use anyhow::Result;
use sha2::{Digest as _, Sha256};

use crate::build::{self, Task};
use crate::ledger::Ledger;
use crate::normalise::Partition;
use crate::parallel::Threads;
use crate::plan::Calendar;
use crate::silver::{self, SilverFile};
use crate::world::World;

/// The partitions of a table that were built from the present bronze.
pub(super) async fn built(
    world: &World,
    ledger: &Ledger,
    calendar: &Calendar,
    files: Vec<SilverFile>,
) -> Result<Vec<(Partition, SilverFile)>> {
    let table = ledger.table();
    // Headers tell which answers only repeat another.
    ledger.read(&world.store, |_| true).await;
    let inputs = ledger.inputs().partitions;
    let mut built = Vec::new();
    for file in files {
        let Some(fed) = file.partition.and_then(|partition| Some((partition, inputs.get(&partition)?))) else {
            continue;
        };
        let footer = silver::footer(&world.store, table, &file.entry).await?;
        if footer.origin == build::origin(ledger, fed.0, fed.1, calendar) {
            built.push((fed.0, file));
        }
    }
    Ok(built)
}

/// Index of a table among those verified, with one of its partitions and its file.
pub(super) type Place = (usize, (Partition, SilverFile));

/// A share of the partitions, but at least one.
pub(super) fn sample(world: &World, mut partitions: Vec<Place>, share: f64) -> Vec<Place> {
    let day = world.clock.today();
    partitions.sort_by_cached_key(|(_, (_, file))| Sha256::digest(format!("{day} {}", file.entry.path)));
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let wanted = (partitions.len() as f64 * share).ceil() as usize;
    partitions.truncate(wanted);
    partitions
}

/// Rebuilds a partition and compares the bytes.
pub(super) async fn difference(
    world: &World,
    ledger: &Ledger,
    calendar: &Arc<Calendar>,
    (partition, file): (Partition, &SilverFile),
) -> Result<Option<String>> {
    let table = ledger.table();
    let files = ledger.inputs().partitions.remove(&partition).unwrap_or_default();
    let task = Task::new(&world.store, ledger, (partition, &files), calendar).await;
    let encoded = match task {
        Ok(task) => task.encoded(&world.store, (&world.catalog, calendar), Threads::available()).await,
        Err(error) => Err(error),
    };
    let encoded = match encoded {
        Ok(encoded) => encoded,
        Err(error) => return Ok(Some(format!("it cannot be built again: {error:#}"))),
    };
    if world.store.read(&file.entry.path).await? != encoded.rows {
        return Ok(Some("it differs from a rebuild from bronze".into()));
    }
    if let Some(path) = silver::companion_path(table, partition) {
        let companions = silver::companions(&world.store, table).await?;
        let is_there = companions.iter().any(|file| file.entry.path == path);
        let companion = if is_there { Some(world.store.read(&path).await?) } else { None };
        if companion != encoded.companion {
            return Ok(Some(format!("the former states in `{path}` differ from a rebuild from bronze")));
        }
    }
    let path = silver::rejects_path(table, partition);
    let is_there = silver::rejected(&world.store, table).await?.contains(&path);
    let rejects = if is_there { Some(world.store.read(&path).await?) } else { None };
    Ok((rejects != encoded.rejects).then(|| format!("the rejected rows in `{path}` differ from a rebuild from bronze")))
}
