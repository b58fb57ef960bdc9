//! `verify`: whether the bytes of silver and bronze are still those that were written. Reads files completely, writes
//! nothing. Never whether the figures are right: that is `check`.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;
use futures::{StreamExt as _, TryStreamExt as _};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::bronze::{self, BronzeFile};
use crate::build::{self, Task};
use crate::ledger::{Ledger, LedgerFile, Ledgers};
use crate::normalise::Partition;
use crate::plan::Calendar;
use crate::reference;
use crate::silver::{self, Inspection, SilverFile};
use crate::spec::Table;
use crate::world::World;

/// What was verified of a table.
#[derive(Debug, Default, Serialize)]
pub struct Verified {
    /// The table.
    pub table: String,
    /// Files of silver.
    pub silver: Counts,
    /// Files of bronze.
    pub bronze: Counts,
    /// Partitions that were built again.
    pub rebuilt: usize,
    /// Files that are damaged.
    pub damaged: Vec<Damage>,
    /// What a user should know.
    pub notes: Vec<String>,
}

/// Files, and the rows they hold.
#[derive(Debug, Default, Serialize)]
pub struct Counts {
    /// Files.
    pub files: usize,
    /// Rows.
    pub rows: u64,
    /// Files without checksum or digest: of former versions, or of other programs.
    pub unproven: usize,
}

/// A file that is damaged.
#[derive(Debug, Serialize)]
pub struct Damage {
    /// Its path in the lake.
    pub file: String,
    /// What is wrong with it.
    pub problem: String,
    /// What to do.
    pub remedy: String,
}

/// Reads all silver and bronze of some tables. Of the partitions that are current, a share is built again and compared: the
/// same ones for the same day of the clock, others on other days.
///
/// # Errors
/// When the lake cannot be read.
pub async fn verify(world: &World, tables: &[Arc<Table>], rebuild: f64) -> Result<Vec<Verified>> {
    let ledgers = Ledgers::new(&world.store);
    let mut all = Vec::new();
    let mut seen = BTreeSet::new();
    let mut current = Vec::new();
    let bar = world.progress.bar("tables", tables.len());
    for table in tables {
        let mut verified = Verified { table: table.name.clone(), ..Verified::default() };
        let files = silver::list(&world.store, table).await?;
        silver_files(world, table, &files, &mut verified).await?;
        rejects(world, table, &mut verified).await?;
        let ledger = ledgers.of(table).await?;
        // Tables may share the folder of an interface.
        let unseen = ledger.files().iter().filter(|file| seen.insert(file.file.path.clone()));
        let unseen: Vec<&Arc<LedgerFile>> = unseen.collect();
        bronze_files(world, &ledger, &unseen, &mut verified).await?;
        if rebuild > 0.0 {
            let is_whole = |file: &SilverFile| verified.damaged.iter().all(|damage| damage.file != file.entry.path);
            current.push((all.len(), files.into_iter().filter(is_whole).collect::<Vec<_>>()));
        }
        all.push(verified);
        bar.advance();
    }
    if rebuild > 0.0 {
        let calendar = Arc::new(reference::calendar(world, &ledgers).await?);
        let mut partitions = Vec::new();
        for (place, files) in current {
            let ledger = ledgers.of(&tables[place]).await?;
            partitions.extend(built(world, &ledger, &calendar, files).await?.into_iter().map(|one| (place, one)));
        }
        for (place, (partition, file)) in sample(world, partitions, rebuild) {
            let ledger = ledgers.of(&tables[place]).await?;
            all[place].rebuilt += 1;
            if let Some(problem) = difference(world, &ledger, &calendar, (partition, &file)).await? {
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

/// Files read at the same time.
fn at_once() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

async fn silver_files(world: &World, table: &Table, files: &[SilverFile], verified: &mut Verified) -> Result<()> {
    let inspected = futures::stream::iter(files).map(|file| async move {
        silver::inspect(&world.store, &file.entry).await.map(|inspection| (file, inspection))
    });
    let inspected: Vec<(&SilverFile, Inspection)> = inspected.buffered(at_once()).try_collect().await?;
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
    if verified.silver.unproven > 0 {
        let n = verified.silver.unproven;
        verified.notes.push(format!(
            "{n} silver files of a former version have no checksums and were only decoded: the next build replaces them"
        ));
    }
    Ok(())
}

async fn rejects(world: &World, table: &Table, verified: &mut Verified) -> Result<()> {
    for entry in world.store.list(&format!("rejects/{}", table.name)).await? {
        let mut text = Vec::new();
        if let Err(error) = bronze::inflate(&world.store.read(&entry.path).await?, &mut text) {
            let remedy = build_again(table, None);
            verified.damaged.push(Damage { file: entry.path, problem: format!("{error:#}"), remedy });
        }
    }
    Ok(())
}

async fn bronze_files(
    world: &World,
    ledger: &Ledger,
    files: &[&Arc<LedgerFile>],
    verified: &mut Verified,
) -> Result<()> {
    let names: Arc<BTreeSet<String>> =
        Arc::new(ledger.files().iter().map(|file| file.file.name().to_owned()).collect());
    let read = futures::stream::iter(files).map(|file| {
        let (path, names) = (file.file.path.clone(), Arc::clone(&names));
        async move {
            let body = world.store.read(&path).await?;
            let body = tokio::task::spawn_blocking(move || bronze_file(&path, &body, &names)).await?;
            Ok::<_, anyhow::Error>((*file, body))
        }
    });
    let read: Vec<(&Arc<LedgerFile>, Body)> = read.buffered(at_once()).try_collect().await?;
    for (file, body) in read {
        verified.bronze.files += 1;
        match body {
            Body::Proven(rows) => verified.bronze.rows += rows,
            Body::Unproven(rows) => {
                verified.bronze.rows += rows;
                verified.bronze.unproven += 1;
            }
            Body::Orphan(same_as) => {
                let path = &file.file.path;
                verified.notes.push(format!("`{path}` refers to `{same_as}`, which no longer exists"));
            }
            Body::Damaged(problem) => {
                let remedy = fetch_again(ledger.table(), &file.file);
                verified.damaged.push(Damage { file: file.file.path.clone(), problem, remedy });
            }
        }
    }
    Ok(())
}

/// A bronze file that was read completely.
enum Body {
    /// Its rows are those of its digest.
    Proven(u64),
    /// It has no digest.
    Unproven(u64),
    /// It repeats a file that is gone.
    Orphan(String),
    /// Why it is not what was written.
    Damaged(String),
}

fn bronze_file(path: &str, body: &[u8], names: &BTreeSet<String>) -> Body {
    let mut text = Vec::new();
    let read = bronze::provenance_of(path, body).and_then(|header| Ok((header, bronze::inflate(body, &mut text)?)));
    let provenance = match read {
        Ok((Some(provenance), ())) => provenance,
        Ok((None, ())) => return Body::Unproven(memchr::memchr_iter(b'\n', &text).count() as u64),
        Err(error) => return Body::Damaged(format!("{error:#}")),
    };
    let rows = memchr::memchr_iter(b'\n', &text).count();
    let folder = format!("bronze/{}/", provenance.vendor);
    if !path.starts_with(&folder) || !bronze::file_name(path).starts_with(&provenance.interface) {
        let of = format!("{}/{}", provenance.vendor, provenance.interface);
        return Body::Damaged(format!("its header is of `{of}`, its path of another interface"));
    }
    match provenance.same_as {
        Some(_) if !text.is_empty() => Body::Damaged("it holds rows, and its header says that it holds none".into()),
        Some(same_as) if !names.contains(&same_as) => Body::Orphan(same_as),
        Some(_) => Body::Proven(0),
        None if rows != provenance.rows => {
            Body::Damaged(format!("it holds {rows} rows, and its header says {}", provenance.rows))
        }
        None if bronze::digest(&text) != provenance.digest => {
            Body::Damaged("its rows differ from the digest in its header".into())
        }
        None => Body::Proven(rows as u64),
    }
}

/// The partitions of a table that are made from the bronze of now.
async fn built(
    world: &World,
    ledger: &Ledger,
    calendar: &Calendar,
    files: Vec<SilverFile>,
) -> Result<Vec<(Partition, SilverFile)>> {
    let table = ledger.table();
    // Headers tell which answers only repeat another one.
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

type Place = (usize, (Partition, SilverFile));

/// A share of some partitions, at least one.
fn sample(world: &World, mut partitions: Vec<Place>, share: f64) -> Vec<Place> {
    let day = world.clock.today();
    partitions.sort_by_cached_key(|(_, (_, file))| Sha256::digest(format!("{day} {}", file.entry.path)));
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let wanted = (partitions.len() as f64 * share).ceil() as usize;
    partitions.truncate(wanted);
    partitions
}

/// Builds a partition again, and compares its bytes.
async fn difference(
    world: &World,
    ledger: &Ledger,
    calendar: &Arc<Calendar>,
    (partition, file): (Partition, &SilverFile),
) -> Result<Option<String>> {
    let table = ledger.table();
    let files = ledger.inputs().partitions.remove(&partition).unwrap_or_default();
    let task = Task::new(&world.store, ledger, (partition, &files), calendar).await;
    let encoded = match task {
        Ok(task) => task.encoded(&world.store, &world.catalog, calendar).await,
        Err(error) => Err(error),
    };
    let encoded = match encoded {
        Ok(encoded) => encoded,
        Err(error) => return Ok(Some(format!("it cannot be built again: {error:#}"))),
    };
    if world.store.read(&file.entry.path).await? != encoded.rows {
        return Ok(Some("it differs from what its bronze gives now".into()));
    }
    let path = silver::rejects_path(table, partition);
    let listed = world.store.list(&format!("rejects/{}", table.name)).await?;
    let is_there = listed.iter().any(|entry| entry.path == path);
    let rejects = if is_there { Some(world.store.read(&path).await?) } else { None };
    Ok((rejects != encoded.rejects)
        .then(|| format!("the rejected rows in `{path}` differ from what its bronze gives now")))
}

fn build_again(table: &Table, partition: Option<Partition>) -> String {
    let days = partition.and_then(Partition::days);
    let range = days.map_or_else(String::new, |days| format!(" --start {} --end {}", days.first, days.last));
    format!("run `pitlake normalize {}{range} --full`", table.name)
}

fn fetch_again(table: &Table, file: &BronzeFile) -> String {
    let (name, day) = (&table.name, file.day);
    if file.span {
        return format!("remove it, then run `pitlake backfill {name}` over its days, or import it again");
    }
    format!("remove it, then run `pitlake backfill {name} --start {day} --end {day}`")
}
