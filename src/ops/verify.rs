//! `verify`: whether the bytes of silver and bronze are still those written. Reads files completely, writes nothing.
//! Whether the figures are right is up to `check`.

mod files;
mod rebuild;
mod verified;

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;
use futures::StreamExt as _;
use pitlake_contract::counted;

use crate::bronze;
use crate::ledger::{LedgerFile, Ledgers};
use crate::reference;
use crate::silver::{self, Inspection, SilverFile};
use crate::spec::Table;
use crate::world::World;
use verified::{at_once, build_again};

pub use verified::{Counts, Damage, Verified};

/// Reads all silver and bronze of some tables. A share of the current partitions is rebuilt and compared: the same ones
/// for the same day of the clock, others on other days.
///
/// # Errors
/// When the lake cannot be read.
pub async fn verify(world: &World, tables: &[Arc<Table>], rebuild: f64) -> Result<Vec<Verified>> {
    let ledgers = Ledgers::new(&world.store);
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    let mut current = Vec::new();
    let bar = world.progress.steps("verify", "tables", tables.len());
    for table in tables {
        let mut verified = Verified { table: table.name.clone(), ..Verified::default() };
        let silver::Listing { files, strays } = silver::listing(&world.store, table).await?;
        let companions = silver::companion_listing(&world.store, table).await?;
        silver_files(world, table, &files, &mut verified).await;
        silver_files(world, table, &companions.files, &mut verified).await;
        verified.notes.extend(strays.iter().chain(&companions.strays).map(|path| silver::stray(path)));
        unproven(&mut verified);
        rejects(world, table, &mut verified).await?;
        let ledger = ledgers.of(table).await?;
        // Tables may share an interface's folder.
        let unseen = ledger.files().iter().filter(|file| seen.insert(file.file.path.clone()));
        let unseen: Vec<&Arc<LedgerFile>> = unseen.collect();
        files::bronze(world, &ledger, &unseen, &mut verified).await?;
        if rebuild > 0.0 {
            let is_whole = |file: &SilverFile| verified.damaged.iter().all(|damage| damage.file != file.entry.path);
            current.push((all.len(), files.into_iter().filter(is_whole).collect::<Vec<_>>()));
        }
        all.push(verified);
        bar.advance();
    }
    if rebuild > 0.0 {
        let calendar = Arc::new(reference::readable_calendar(world, &ledgers).await);
        let mut partitions = Vec::new();
        for (place, files) in current {
            let ledger = ledgers.of(&tables[place]).await?;
            partitions
                .extend(rebuild::built(world, &ledger, &calendar, files).await?.into_iter().map(|one| (place, one)));
        }
        for (place, (partition, file)) in rebuild::sample(world, partitions, rebuild) {
            let ledger = ledgers.of(&tables[place]).await?;
            all[place].rebuilt += 1;
            if let Some(problem) = rebuild::difference(world, &ledger, &calendar, (partition, &file)).await? {
                all[place].damaged.push(Damage {
                    remedy: build_again(&tables[place], Some(partition)),
                    file: file.entry.path,
                    problem,
                });
            }
        }
    }
    Ok(all)
}

async fn silver_files(world: &World, table: &Arc<Table>, files: &[SilverFile], verified: &mut Verified) {
    let inspected = futures::stream::iter(files)
        .map(|file| async move { (file, silver::inspect(&world.store, table, &file.entry).await) });
    let inspected: Vec<(&SilverFile, Inspection)> = inspected.buffered(at_once()).collect().await;
    for (file, Inspection { damage, has_checksums, rows }) in inspected {
        verified.silver.files += 1;
        verified.silver.rows += rows;
        verified.silver.unproven += usize::from(!has_checksums);
        if !damage.is_empty() {
            verified.damaged.push(Damage {
                file: file.entry.path.clone(),
                problem: damage.join("; "),
                remedy: build_again(table, file.partition),
            });
        }
    }
}

/// Reports files of former versions.
fn unproven(verified: &mut Verified) {
    if verified.silver.unproven > 0 {
        let files = counted(verified.silver.unproven, "silver file");
        verified.notes.push(format!(
            "{files} without checksums, written by an earlier version of pitlake: checked only by decoding them, and \
             replaced by the next build"
        ));
    }
}

async fn rejects(world: &World, table: &Table, verified: &mut Verified) -> Result<()> {
    for file in silver::rejected(&world.store, table).await? {
        let read = world.store.read(&file).await;
        if let Err(error) = read.and_then(|body| bronze::inflate(&body, &mut Vec::new())) {
            let remedy = build_again(table, None);
            verified.damaged.push(Damage { file, problem: format!("{error:#}"), remedy });
        }
    }
    Ok(())
}
